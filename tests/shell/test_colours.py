"""Colours of names and styles."""

from __future__ import annotations

import pytest

from libchat_shell.colours import _NAME_COLOURS as NAME_COLOURS
from libchat_shell.colours import CLASSES, NAMES, nick_class, paint, rgb, sequences, styles, theme
from libchat_shell.lines import Line


def luminance(number: int) -> float:
    """Return the relative luminance of a colour (WCAG 2)."""

    def linear(value: int) -> float:
        part = value / 255
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, rgb(number))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def on_black(number: int) -> float:
    """Return the contrast on black."""
    return (luminance(number) + 0.05) / 0.05


def on_white(number: int) -> float:
    """Return the contrast on white."""
    return 1.05 / (luminance(number) + 0.05)


def test_the_same_colour_everywhere() -> None:
    """A name has the same colour in every run and on every machine: these were computed once and for all."""
    assert [nick_class(name) for name in ("ana", "bo", "Carla", "שלום")] == ["nick6", "nick11", "nick1", "nick9"]


def test_equal_names_have_one_colour() -> None:
    """A name in capital letters is the same name."""
    assert nick_class("ANA") == nick_class("ana")


def test_names_spread_over_all_colours() -> None:
    """A hundred names use every colour."""
    assert len({nick_class(f"user{number}") for number in range(100)}) == NAMES


def test_contrast() -> None:
    """Every colour of a name is well readable on the background that its theme is for; "auto" on both."""
    assert min(map(on_black, NAME_COLOURS["dark"])) >= 7
    assert min(map(on_white, NAME_COLOURS["light"])) >= 5.5
    assert min(min(on_black(each), on_white(each)) for each in NAME_COLOURS["auto"]) >= 3.9
    assert all(len(set(colours)) == NAMES for colours in NAME_COLOURS.values())


@pytest.mark.parametrize(
    ("setting", "no_color", "expected"),
    [("dark", False, "dark"), ("dark", True, "none"), ("nonsense", False, "auto"), ("none", False, "none")],
)
def test_theme(setting: str, no_color: bool, expected: str) -> None:
    """NO_COLOR wins over the setting, and what is no theme is the default."""
    assert theme(setting, no_color=no_color) == expected


def test_without_colours() -> None:
    """The theme without colours has none, in neither form, but keeps what is bold."""
    line = Line((("nick3", "ana"), ("bar", " | "), ("own", "me"), ("", "x")))
    assert paint(line, "none") == "ana | \x1b[1mme\x1b[0mx"
    assert not any("#" in style for style in styles("none").values())
    assert not any("38;5" in codes for codes in sequences("none").values())


def test_painted_line() -> None:
    """Classes become escape sequences, several of them one, and unknown ones nothing."""
    assert paint(Line((("time", "16:41"), ("nick0 mention", "bo"), ("what", "?"))), "auto") == (
        "\x1b[38;5;243m16:41\x1b[0m\x1b[38;5;131;1;7mbo\x1b[0m?"
    )


def test_all_classes_have_styles() -> None:
    """prompt_toolkit understands the style of every class of every theme."""
    from prompt_toolkit.styles import Style

    for name in ("auto", "dark", "light", "none"):
        known = styles(name)
        assert set(known) == {*CLASSES, *(f"nick{number}" for number in range(NAMES))}
        Style.from_dict(dict(known))
