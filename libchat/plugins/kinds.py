"""What a word of a command can be: a small class for each type of parameter.

A type of one's own is `Annotated[T, K()]`, where `K()` fulfils `Kind`.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from libchat.names import parse_name, parse_room
from libchat.near import did_you_mean
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate, Member, Ref, Room, Text

OFFERED: Final = 500
"""Files of a folder that are offered at most: nobody reads more, and a folder may have a million."""

NOTE_CHARACTERS: Final = 40
"""Characters of a message that are shown beside its number: what a menu has room for in 80 columns."""


@runtime_checkable
class Kind(Protocol):
    """How words of one type are read and completed."""

    @property
    def placeholder(self) -> str:
        """What stands for a word of it in usage lines."""
        ...

    def parse(self, word: str, scope: Scope) -> object:
        """Return the value of a word. Raises ValueError, which says what would be right."""
        ...

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        """Return what a word may become, best first. Never blocks, unless it is a `SlowKind`."""
        ...


class SlowKind:
    """A kind whose `complete` may block: it asks the disk, or is somebody else's. The host runs it in a thread."""


class Word:
    """Any word."""

    placeholder = "TEXT"

    def parse(self, word: str, scope: Scope) -> object:
        return word

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return ()


class RestOfLine(Word):
    """The rest of the line."""

    def parse(self, word: str, scope: Scope) -> object:
        return Text(word)


class Whole(Word):
    """A whole number."""

    placeholder = "N"

    def parse(self, word: str, scope: Scope) -> object:
        try:
            return int(word)
        except ValueError:
            raise ValueError(f"{shown(word)} is not a whole number; write one such as 5") from None


class Real(Word):
    """A number."""

    placeholder = "N"

    def parse(self, word: str, scope: Scope) -> object:
        try:
            number = float(word)
        except ValueError:
            raise ValueError(f"{shown(word)} is not a number; write one such as 2.5") from None
        if not math.isfinite(number):
            raise ValueError(f"{shown(word)} is no number to count with; write one such as 2.5")
        return number


class Choice:
    """One of a few words, whatever its case, each with its value."""

    def __init__(self, values: dict[str, object]) -> None:
        self._values = {word.casefold(): value for word, value in values.items()}
        self._words = tuple(values)
        self.placeholder = "|".join(self._words)

    def parse(self, word: str, scope: Scope) -> object:
        if word.casefold() in self._values:
            return self._values[word.casefold()]
        hint = did_you_mean(word, self._values)
        raise ValueError(f"{shown(word)} is not one of {', '.join(self._words)}" + (f"; {hint}" if hint else ""))

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return offer(self._words, prefix)


class Switch(Choice):
    """Yes or no, in the words that people use for it."""

    def __init__(self) -> None:
        super().__init__({"on": True, "off": False, "yes": True, "no": False, "true": True, "false": False})
        self._words = ("on", "off")
        self.placeholder = "on|off"


class Somebody:
    """A name: canonical, and as it is shown if it is somebody of the conversation."""

    placeholder = "NAME"

    def parse(self, word: str, scope: Scope) -> object:
        name = parse_name(word.removeprefix("@"))
        known = next((other for other in scope.members() if _key(other) == name.key), None)
        return Member(known or name.display)

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return offer(scope.members(), prefix.removeprefix("@"))


class SomeRoom:
    """A room, with or without its `#`."""

    placeholder = "#ROOM"

    def parse(self, word: str, scope: Scope) -> object:
        return Room(parse_room(word).target)

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return offer(scope.rooms(), prefix if prefix.startswith("#") or not prefix else f"#{prefix}")


class Reference:
    """The number of a message."""

    placeholder = "NUMBER"

    def parse(self, word: str, scope: Scope) -> object:
        digits = word.removeprefix("#")
        if digits.isascii() and digits.isdigit() and len(digits) <= 18 and int(digits):
            return Ref(digits)
        raise ValueError(f"{shown(word)} is not the number of a message; they count from 1")

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        digits = prefix.removeprefix("#")
        for seq, sender, text in scope.messages():
            if str(seq).startswith(digits):
                first = " ".join(text[: 2 * NOTE_CHARACTERS].split())
                yield Candidate(str(seq), f"{sender}: {first[:NOTE_CHARACTERS]}")


class File(SlowKind):
    """A path, relative to where the program was started; `~` is the own home."""

    placeholder = "PATH"

    def parse(self, word: str, scope: Scope) -> object:
        if not word or "\0" in word:
            raise ValueError(f"{shown(word)} is not a path")
        try:
            return scope.cwd / Path(word).expanduser()
        except RuntimeError:
            raise ValueError(f"{shown(word)}: nobody has this home folder") from None

    def complete(self, prefix: str, scope: Scope) -> Iterator[Candidate]:
        head, slash, begun = prefix.rpartition("/")
        folder = scope.cwd / Path(head + slash).expanduser()
        try:
            found = list(islice(folder.iterdir(), OFFERED))
        except OSError:
            return
        for path in sorted(found):
            if path.name.startswith(begun) and (begun or not path.name.startswith(".")):
                yield Candidate(head + slash + path.name + ("/" if path.is_dir() else ""))


class Completed(SlowKind):
    """Another kind, whose words come from a function of the author."""

    def __init__(self, base: Kind, function: Callable[[str], Iterable[str | Candidate]]) -> None:
        self._base = base
        self._function = function
        self.placeholder = base.placeholder

    def parse(self, word: str, scope: Scope) -> object:
        return self._base.parse(word, scope)

    def complete(self, prefix: str, scope: Scope) -> Iterator[Candidate]:
        for word in islice(self._function(prefix), OFFERED):
            yield word if isinstance(word, Candidate) else Candidate(str(word))


class Names:
    """Words that are known beforehand: of options, of commands."""

    placeholder = ""

    def __init__(self, words: Sequence[tuple[str, str]]) -> None:
        self._words = words

    def parse(self, word: str, scope: Scope) -> object:
        return word

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return [Candidate(word, note) for word, note in self._words if word.startswith(prefix)]


def choices_of(kind: type[enum.Enum]) -> Choice:
    """Return the kind for an enumeration: its members by name, in small letters."""
    return Choice({name.lower().replace("_", "-"): member for name, member in kind.__members__.items()})


def offer(words: Iterable[str], prefix: str) -> Iterator[Candidate]:
    """Yield the words that begin so, whatever the case, in their order."""
    folded = prefix.casefold()
    return (Candidate(word) for word in words if word.casefold().startswith(folded))


def shown(word: str) -> str:
    """Return a word that somebody typed as a message quotes it: not all of a long one."""
    return repr(word if len(word) <= NOTE_CHARACTERS else word[:NOTE_CHARACTERS] + "...")


def _key(name: str) -> str:
    try:
        return parse_name(name).key
    except ValueError:
        return ""  # the chat's own voice, which is no name
