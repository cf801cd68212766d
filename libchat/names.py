"""Names of people and rooms: the only place where they are checked and compared.

A name has three forms:

* `display`, how a person typed it, in the PRECIS profile UsernameCasePreserved (RFC 8265): fullwidth letters become
  ordinary ones, and letters with accents are composed (NFC). This is what others see.
* `key`, the canonical form, UsernameCaseMapped of the display: in small letters. Names are equal when their keys are.
  Both profiles are idempotent here, so a key or a display that is parsed again gives the same name.
* `skeleton(name)`, what the display looks like (UTS #39, section 4). Two names with one skeleton are hard to tell
  apart, so only one of them may be in use. Skeletons belong to the display, which is what can mislead: `bill` and
  `BILL` have one key, and two skeletons (`BILL` looks like `BlLL`). They also belong to one version of Unicode's table,
  so they are computed when they are needed and never stored.

A skeleton is made in four steps: decompose (NFD), drop what is invisible, put each character's prototype for it, fold
case. Prototypes are put in a second time after folding, because those of capital and small letters differ: without it
`M` would not look like `rn`, as `m` does.

Nearly all names are plain ASCII. For these the three forms are a pattern, `str.lower` and one `str.translate`, with the
same results; precis_i18n and the table of confusable characters are imported when the first other name shows up.
The table is `_confusables.py`, 20 kB cut out of Unicode's: the packages that carry it whole are old, unkept or
far larger. Where the running Python knows an older Unicode than the table, PRECIS refuses the characters
that it does not know, and their lines in the table wait for a newer Python.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from libchat.errors import InvalidName
from libchat.limits import NAME_CHARACTERS

if TYPE_CHECKING:
    from precis_i18n.profile import Profile

__all__ = ["RESERVED", "Name", "RoomName", "Target", "parse_name", "parse_room", "parse_target", "look_of", "skeleton"]

RESERVED: Final = frozenset(
    (
        # The voice of the chat itself: the classic dialect prints its own lines behind `server: `.
        *("server", "system", "libchat"),
        # People who would be obeyed. `root` is not one of them: on many machines it is simply the login name.
        *("admin", "administrator", "moderator", "operator"),
        # What people write to when they mean all who are there; whoever held the name would read it alone.
        "everyone",
        # IRC clients send passwords to these two by themselves.
        *("nickserv", "chanserv"),
    )
)
"""Words that no person may be called, nor anything that looks like one of them. Rooms may."""

PARSED: Final = 8192
"""Names, and as many rooms, that stay parsed: more than are written to within a minute on a busy server. About 4 MB."""

_PLAIN: Final = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{NAME_CHARACTERS - 1}}}")
_ASCII_SIGNS: Final = frozenset("_-.")
_JOINERS: Final = frozenset("\u200c\u200d")
_ADVICE: Final = "use letters, digits, '_', '-' and '.'"

_PRECIS_FAULTS: Final = {
    "bidi_rule": "it mixes left-to-right and right-to-left writing; use one of them, and end with a letter or digit",
    "not_idempotent": "it has no stable spelling; write it with other letters",
}
"""Reasons for what precis_i18n finds in a whole name. For what it finds in one character, the character is enough."""

_PLAIN_LOOKS: Final = str.maketrans(
    {char: char.lower() for char in ascii_uppercase} | {"I": "l", "1": "l", "0": "o", "m": "rn", "M": "rn"}
)
"""The skeleton of each ASCII character that a name may have, as `_full_skeleton` makes it."""


class _Canonical(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What names of people and rooms share: how they are compared."""

    display: str
    key: str

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a name of the same kind with the same key."""
        if isinstance(other, _Canonical):
            return type(other) is type(self) and other.key == self.key
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        """Return the contrary. Python would do so by itself, but for what `Struct` brings along."""
        return not self == other

    def __hash__(self) -> int:
        """Return the hash of the key, which Python remembers in the string."""
        return hash(self.key)


class Name(_Canonical, frozen=True, eq=False, gc=False):
    """What a person is called: shown by `display`, equal by `key`. Made by `parse_name`."""

    def __str__(self) -> str:
        """Return the display form."""
        return self.display


class RoomName(_Canonical, frozen=True, eq=False, gc=False):
    """What a room is called: `display` and `key` have no `#`. Made by `parse_room`."""

    @property
    def target(self) -> str:
        """Return the display form behind a `#`: what one writes to reach the room."""
        return "#" + self.display

    def __str__(self) -> str:
        """Return the display form behind a `#`."""
        return "#" + self.display


Target: TypeAlias = Name | RoomName
"""Where a message goes."""


def parse_name(text: str) -> Name:
    """Return the name that somebody typed.

    Raises `InvalidName`, whose reason says what to do, for a text that cannot be a name or is reserved.
    """
    return _parse_name(text)


def parse_room(text: str) -> RoomName:
    """Return the room name that somebody typed, with or without a `#` before it.

    Raises `InvalidName`, whose reason says what to do, for a text that cannot be a room name.
    """
    return _parse_room(text)


def parse_target(text: str) -> Target:
    """Return the room for a text that begins with `#`, and the name for any other.

    Raises `InvalidName` as `parse_name` and `parse_room` do.
    """
    return _parse_room(text) if text[:1] == "#" else _parse_name(text)


def target_key(text: str) -> str:
    """Return the canonical form of a name or `#room`; of one that a newer server knows better than we do, itself."""
    try:
        target = parse_target(text)
    except InvalidName:
        return text
    return target.key if isinstance(target, Name) else "#" + target.key


def skeleton(name: Target) -> str:
    """Return what the name looks like: names with one skeleton are hard to tell apart (UTS #39, section 4).

    Compare skeletons of names as they are shown. Do not store them: a newer Unicode may change them.
    """
    return _skeleton(name.display)


def look_of(text: str) -> str:
    """Return what any text looks like, as `skeleton` does for a name; also of characters that no name may have."""
    return _full_skeleton(text)


# lru_cache remembers results and no exceptions, so that refused texts push no name out.


@lru_cache(PARSED)
def _parse_name(text: str) -> Name:
    display, key = _canonical_forms(text, text)
    if _looks_reserved(key) or _looks_reserved(display):
        raise InvalidName(text, "it is reserved, or looks like a word that is; choose another one")
    return Name(display, key)


@lru_cache(PARSED)
def _parse_room(text: str) -> RoomName:
    return RoomName(*_canonical_forms(text, text.removeprefix("#")))


def _canonical_forms(text: str, body: str) -> tuple[str, str]:
    """Return display and key of a name. `text` is what was typed, `body` the same without a room's `#`."""
    if _PLAIN.fullmatch(body):
        return body, body.lower()
    _refuse(text, _length_fault(body))
    display = body if body.isascii() else _enforce(text, body, "UsernameCasePreserved")
    _refuse(text, _length_fault(display) or _character_fault(display) or _beginning_fault(display))
    key = _enforce(text, display, "UsernameCaseMapped")
    _refuse(text, _length_fault(key))
    return display, key


def _refuse(text: str, fault: str) -> None:
    """Raise `InvalidName` if there is a fault. Only the beginning of a long text goes into the exception."""
    if fault:
        shown = text if len(text) <= 2 * NAME_CHARACTERS else text[: 2 * NAME_CHARACTERS] + "..."
        raise InvalidName(shown, fault)


def _length_fault(form: str) -> str:
    if not form:
        return "it is empty; type at least one letter or digit"
    if len(form) > NAME_CHARACTERS:
        return f"it has {len(form)} characters, and {NAME_CHARACTERS} are allowed; choose a shorter one"
    return ""


def _character_fault(display: str) -> str:
    for char in display:
        if not _is_allowed(char):
            return _fault_of(char)
    return ""


def _is_allowed(char: str) -> bool:
    """Return whether we allow what PRECIS allowed: no other signs than ours, where it knows a few exceptions."""
    if char.isascii():
        return char.isalnum() or char in _ASCII_SIGNS
    return unicodedata.category(char)[0] in "LMN" or char in _JOINERS


def _beginning_fault(display: str) -> str:
    first = display[0]
    if first == "_" or first.isalnum():
        return ""
    return f"it begins with {_spell(first)}; begin with a letter, a digit or '_'"


def _fault_of(char: str) -> str:
    return f"{_spell(char)} is not allowed; {_ADVICE}"


def _spell(char: str) -> str:
    """Return the character so that every screen shows it, and shows nothing else."""
    if char == " ":
        return "a space"
    if char.isascii() and char.isprintable():
        return f"'{char}'"
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def _enforce(text: str, value: str, profile: str) -> str:
    """Return the value as the PRECIS profile wants it (RFC 8264, section 7)."""
    try:
        return _profile(profile).enforce(value)
    except UnicodeEncodeError as error:
        kind = error.reason.partition("/")[2]
        reason = _PRECIS_FAULTS.get(kind) or _fault_of(error.object[error.start])
        raise InvalidName(text, reason) from error


@cache
def _profile(name: str) -> Profile:
    from precis_i18n import get_profile

    return get_profile(name)


def _looks_reserved(form: str) -> bool:
    return _caseless_look(form) in _reserved_looks()


@cache
def _reserved_looks() -> frozenset[str]:
    return frozenset(map(_caseless_look, RESERVED))


def _caseless_look(form: str) -> str:
    """Return a skeleton that is the same in capital and small letters: of the ASCII letters only i has two."""
    return _skeleton(form).replace("i", "l")


def _skeleton(display: str) -> str:
    return display.translate(_PLAIN_LOOKS) if display.isascii() else _full_skeleton(display)


def _full_skeleton(display: str) -> str:
    return _with_prototypes(_with_prototypes(display).casefold()).casefold()


def _with_prototypes(text: str) -> str:
    """Return the skeleton of UTS #39, which knows nothing of case."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).translate(_prototypes()))


@cache
def _prototypes() -> dict[int, str]:
    """Return the prototype of each character that has one; invisible ones that a name may have have none at all."""
    from libchat._confusables import TABLE

    table = dict.fromkeys(map(ord, _JOINERS), "")
    for line in TABLE.splitlines():
        prototype, _, sources = line.partition(": ")
        text = "".join(chr(int(code, 16)) for code in prototype.split("+"))
        table.update((int(code, 16), text) for code in sources.split())
    return table
