"""Colours: one for each name, the same on every machine and in every run; and what each class of style looks like.

The colours of a theme were chosen by their contrast (WCAG 2): "dark" has at least 7:1 on black, "light" at least 5.5:1
on white. Nobody can ask all terminals for their background, so the default "auto" has at least 3.9:1 on both.
All are of the 256 that nearly every terminal has (xterm's).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final
from zlib import crc32

from libchat.names import target_key
from libchat_shell.lines import Line

NAMES: Final = 12
"""Colours for names in each theme."""

_NAME_COLOURS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "auto": (131, 130, 64, 28, 30, 31, 27, 62, 98, 129, 163, 161),
        "dark": (203, 209, 214, 178, 112, 35, 43, 39, 111, 141, 207, 211),
        "light": (124, 94, 58, 22, 23, 24, 26, 57, 92, 128, 126, 125),
    }
)
_GREY: Final = MappingProxyType({"auto": 243, "dark": 247, "light": 241})
_RED: Final = MappingProxyType({"auto": 161, "dark": 203, "light": 124})
_GREEN: Final = MappingProxyType({"auto": 28, "dark": 112, "light": 22})
_BLUE: Final = MappingProxyType({"auto": 31, "dark": 39, "light": 24})

THEMES: Final = ("auto", "dark", "light", "none")
"""What a person may choose. With `NO_COLOR` set, "none" it is (https://no-color.org)."""

CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "time": "grey",
        "bar": "grey",
        "dim": "grey",
        "number": "grey",
        "own": "bold",
        "info": "",
        "error": "red",
        "rule": "bold",
        "mention": "bold reverse",
        "link": "underline",
        "edited": "grey",
        "pending": "grey",
        "accepted": "grey",
        "delivered": "grey",
        "read": "green",
        "private": "italic",
        "status": "grey",
        "place": "bold",
        "unread": "blue",
        "urgent": "bold red",
    }
)
"""Every class but `nick0` to `nick11`, and how it looks, in words that themes know."""

_SGR: Final = MappingProxyType({"bold": "1", "italic": "3", "underline": "4", "reverse": "7"})


def nick_class(name: str) -> str:
    """Return the class for a name: equal names (RFC 8265) have the same."""
    return f"nick{crc32(target_key(name).encode(errors='surrogatepass')) % NAMES}"


def theme(setting: str, *, no_color: bool) -> str:
    """Return the theme to use: what is set, "auto" for what is none, and "none" if the environment has `NO_COLOR`."""
    if no_color:
        return "none"
    return setting if setting in THEMES else "auto"


@cache
def styles(theme: str) -> Mapping[str, str]:
    """Return each class and its style as prompt_toolkit writes it, for `Style.from_dict`."""
    return MappingProxyType(
        {name: " ".join(_for_toolkit(word, theme) for word in _words(name, theme)) for name in _all_classes()}
    )


@cache
def sequences(theme: str) -> Mapping[str, str]:
    """Return each class and the parameters of its escape sequence (SGR, ECMA-48); "" has none."""
    return MappingProxyType(
        {name: ";".join(_for_terminal(word, theme) for word in _words(name, theme)) for name in _all_classes()}
    )


def paint(line: Line, theme: str) -> str:
    """Return a line with escape sequences, for a terminal. The only place where text gets any."""
    known = sequences(theme)
    return "".join(_painted(text, style, known) for style, text in line.fragments)


def _painted(text: str, style: str, known: Mapping[str, str]) -> str:
    codes = ";".join(code for name in style.split() if (code := known.get(name)))
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


def _all_classes() -> tuple[str, ...]:
    return (*CLASSES, *(f"nick{number}" for number in range(NAMES)))


def _words(name: str, theme: str) -> list[str]:
    """Return how a class looks in a theme: attributes, and colours by number. Without colours attributes stay."""
    words = [f"colour {_NAME_COLOURS.get(theme, ())[int(name[4:])]}"] if _is_nick(name, theme) else []
    tables = {"grey": _GREY, "red": _RED, "green": _GREEN, "blue": _BLUE}
    for word in CLASSES.get(name, "").split():
        if word not in tables:
            words.append(word)
        elif theme in tables[word]:
            words.append(f"colour {tables[word][theme]}")
    return words


def _is_nick(name: str, theme: str) -> bool:
    return name.startswith("nick") and theme in _NAME_COLOURS


def _for_toolkit(word: str, theme: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb(int(word[7:]))) if word.startswith("colour ") else word


def _for_terminal(word: str, theme: str) -> str:
    return f"38;5;{word[7:]}" if word.startswith("colour ") else _SGR[word]


def rgb(number: int) -> tuple[int, int, int]:
    """Return red, green and blue of one of xterm's 256 colours, from 16 on."""
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return grey, grey, grey
    steps = (0, 95, 135, 175, 215, 255)
    red, rest = divmod(number - 16, 36)
    return steps[red], steps[rest // 6], steps[rest % 6]
