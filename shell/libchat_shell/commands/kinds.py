"""What the words of the shell's own commands can be, beside what plugins have: spans, emoji, messages, settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self, runtime_checkable

from libchat.durations import UNITS, parse_duration
from libchat.names import RoomName, parse_target, target_key
from libchat.near import did_you_mean
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate, Text
from libchat.text import clean_line
from libchat_shell.desk import Desk
from libchat_shell.emoji import emoji_of, find_shortcodes

SPANS: Final = ("10m", "1h", "24h", "7d", "30d")
"""What is offered before anything is typed."""
NOTE_CHARACTERS: Final = 40
"""What of a message stands beside its number."""


@runtime_checkable
class HasDesk(Protocol):
    """A scope of the shell."""

    @property
    def desk(self) -> Desk:
        """The shell."""
        ...


def desk_of(scope: Scope) -> Desk:
    """Return the shell to which a scope belongs."""
    assert isinstance(scope, HasDesk), "the shell's own commands are understood in scopes of the shell"
    return scope.desk


def beginning(prefix: str, words: Iterable[str], note: str = "") -> Iterator[Candidate]:
    """Yield the words that begin like a prefix, whatever their case; each once."""
    wanted = prefix.casefold()
    return (Candidate(word, note) for word in dict.fromkeys(words) if word.casefold().startswith(wanted))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the known words which are near, with a space before it; "" if none are."""
    hint = did_you_mean(word, known, "{}", most=3)
    return f" {hint[0].upper()}{hint[1:]}" if hint else ""


class SpanKind:
    """A span of time as `24h`: seconds."""

    placeholder = "SPAN"

    def parse(self, word: str, scope: Scope) -> int:
        return parse_duration(word)

    def claims(self, word: str) -> bool:
        return word[:1].isdigit()  # "10 minutes" would be a reason otherwise, and the ban for good

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        if prefix.isdecimal() and prefix.isascii():
            return [Candidate(prefix + unit) for unit in UNITS]
        return beginning(prefix, SPANS)


@dataclass(frozen=True, slots=True)
class CountKind:
    """A number from 1 to `most`; some are offered."""

    most: int
    offered: tuple[int, ...]
    placeholder: str = "N"

    def parse(self, word: str, scope: Scope) -> int:
        if not (word.isascii() and word.isdecimal() and len(word) < 10 and 1 <= int(word) <= self.most):
            raise ValueError(f"'{clean_line(word)}' does not do: write a number from 1 to {self.most}")
        return int(word)

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return beginning(prefix, map(str, self.offered))


class EmojiKind:
    """A reaction: an emoji, its shortcode, or any short text."""

    placeholder = "EMOJI"

    def parse(self, word: str, scope: Scope) -> str:
        return emoji_of(word)

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return [Candidate(code, emoji) for code, emoji in find_shortcodes(prefix)]


@dataclass(frozen=True, slots=True)
class MessageKind:
    """The number of a message in the conversation, with or without a `#` before it; of an own one, if that is asked."""

    is_own: bool = False
    placeholder: str = "N"

    def parse(self, word: str, scope: Scope) -> int:
        digits = word.removeprefix("#")
        if not (digits.isascii() and digits.isdecimal() and 0 < len(digits) < 16 and int(digits)):
            raise ValueError(f"'{clean_line(word)}' is not the number of a message; /history shows them")
        return int(digits)

    def claims(self, word: str) -> bool:
        return False

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        wanted = prefix.removeprefix("#")
        me = target_key(scope.me)
        return [
            Candidate(str(seq), _note(sender, text))
            for seq, sender, text in scope.messages()
            if str(seq).startswith(wanted) and (not self.is_own or target_key(sender) == me)
        ]


class AnswerKind:
    """A message by its number, or by who has said it: that one's last."""

    placeholder = "NAME|N"

    def parse(self, word: str, scope: Scope) -> int | str:
        known = {target_key(sender) for _, sender, _ in scope.messages()}
        known.update(map(target_key, scope.members()))
        name = word.removesuffix(":").removeprefix("@")
        return name if target_key(name) in known else MessageKind().parse(word, scope)

    def claims(self, word: str) -> bool:
        return False

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        yield from beginning(prefix, (name for name in scope.members() if name != scope.me))
        yield from MessageKind().complete(prefix, scope)


class TargetKind:
    """A conversation: a `#room` or a name."""

    placeholder = "NAME|#ROOM"

    def parse(self, word: str, scope: Scope) -> str:
        target = parse_target(word)
        return target.target if isinstance(target, RoomName) else target.display

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        opened = filter(None, desk_of(scope).conversations)
        people = (name for name in scope.members() if name != scope.me)
        return beginning(prefix, (*opened, *people, *scope.rooms()))


class RoomKind:
    """A room that has to have its `#`, so that it is not taken for the first word of a text."""

    placeholder = "#ROOM"

    def parse(self, word: str, scope: Scope) -> str:
        if not word.startswith("#"):
            raise ValueError(f"'{clean_line(word)}' is no room: write #NAME")
        return str(parse_target(word))

    def claims(self, word: str) -> bool:
        return word.startswith("#")

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return beginning(prefix, scope.rooms())


class PlaceKind:
    """A conversation that is open, by its number, its name, or the beginning of that; "" is home."""

    placeholder = "PLACE"

    def parse(self, word: str, scope: Scope) -> str:
        opened = list(desk_of(scope).conversations)
        if word.isascii() and word.isdecimal():
            if int(word[:4]) < len(opened):
                return opened[int(word[:4])]
            raise ValueError(f"there is no conversation number {word[:9]}; there are 0 to {len(opened) - 1}")
        return "" if word.lower() == "home" else _opened(word, opened)

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        opened = [target or "home" for target in desk_of(scope).conversations]
        yield from beginning(prefix, opened)
        yield from (Candidate(str(number), target) for number, target in enumerate(opened) if str(number) == prefix)


def _opened(word: str, opened: Sequence[str]) -> str:
    """Return the only conversation that a word can mean. Raises ValueError."""
    key = target_key(word)
    exact = [target for target in opened if target and target_key(target) in (key, f"#{key}")]
    begun = [
        target for target in opened if target and target.casefold().lstrip("#").startswith(word.casefold().lstrip("#"))
    ]
    found = exact or begun
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"'{clean_line(word)}' may be {' or '.join(found)}: type more of it")
    raise ValueError(f"'{clean_line(word)}' is not open; /query NAME opens a conversation, /join ROOM enters a room")


class MaskKind:
    """Who is banned: a name, an address or a network."""

    placeholder = "NAME|ADDRESS"

    def parse(self, word: str, scope: Scope) -> str:
        return word

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return beginning(prefix, (name for name in scope.members() if name != scope.me))


@dataclass(frozen=True, slots=True)
class SeenKind:
    """A word that an answer has had: a device, a ban. `what` is the heading; for rooms, the room is added to it."""

    what: str
    placeholder: str
    is_of_room: bool = False

    def parse(self, word: str, scope: Scope) -> str:
        return word

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        what = f"{self.what} {scope.target}" if self.is_of_room else self.what
        return beginning(prefix, desk_of(scope).remembered(what))


class IgnoredKind:
    """Somebody who is ignored."""

    placeholder = "NAME"

    def parse(self, word: str, scope: Scope) -> str:
        ignored = desk_of(scope).ignored
        found = next((name for name in ignored if target_key(name) == target_key(word)), None)
        if found is None:
            listed = f"only {', '.join(ignored)}" if ignored else "nobody is"
            raise ValueError(f"'{clean_line(word)}' is not ignored; {listed}")
        return found

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return beginning(prefix, desk_of(scope).ignored)


class SettingKind:
    """A setting of the shell, by its name."""

    placeholder = "NAME"

    def parse(self, word: str, scope: Scope) -> str:
        names = [setting.name for setting in desk_of(scope).settings]
        name = word.lower().replace("-", "_")
        if name not in names:
            raise ValueError(f"there is no setting '{clean_line(word)}'.{suggestion(name, names)} /set lists them")
        return name

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        wanted = prefix.lower().replace("-", "_")
        return [
            Candidate(setting.name, f"{setting.value}: {setting.help}")
            for setting in desk_of(scope).settings
            if setting.name.startswith(wanted)
        ]


class SettingTextKind:
    """A setting, which leads its value. Both may be missing."""

    placeholder = "NAME [VALUE]"

    def parse(self, rest: str, scope: Scope) -> Led:
        word, value = split_word(rest)
        return Led(SettingKind().parse(word, scope), value.strip()) if word else Led(None, "")

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        word, gap, begun = prefix.partition(" ")
        if not gap:
            return SettingKind().complete(prefix, scope)
        choices = next((each.choices for each in desk_of(scope).settings if each.name == word), ())
        return [Candidate(f"{word} {each.text}", each.note) for each in beginning(begun.lstrip(), choices)]


class Led(Text):
    """A text, and the value of the word that stood before it: None if none did."""

    __slots__ = ("lead",)

    lead: int | str | None

    def __new__(cls, lead: int | str | None, text: str) -> Self:
        """Return such a text."""
        made = super().__new__(cls, text)
        made.lead = lead
        return made


def lead_of(text: Text) -> int | str | None:
    """Return the value of the word that stood before a text, None if none did."""
    return text.lead if isinstance(text, Led) else None


class Leading(Protocol):
    """A kind whose words may lead a text."""

    @property
    def placeholder(self) -> str:
        """What stands for a word of it in usage lines."""
        ...

    def parse(self, word: str, scope: Scope) -> int | str:
        """Return the value of a word. Raises ValueError."""
        ...

    def claims(self, word: str) -> bool:
        """Return whether a word that cannot be parsed is a mistake, and not the beginning of the text."""
        ...

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        """Return what a word may become."""
        ...


class LedKind:
    """A text that may begin with a word of another kind: `/edit 12 TEXT`. What does not fit is text already."""

    def __init__(self, kind: Leading, rest: str = "TEXT") -> None:
        self._kind = kind
        self.placeholder = f"[{kind.placeholder}] {rest}"

    def parse(self, rest: str, scope: Scope) -> Led:
        word, text = split_word(rest)
        try:
            return Led(self._kind.parse(word, scope), text) if word else Led(None, "")
        except ValueError:
            if self._kind.claims(word):
                raise
            return Led(None, rest.strip(" "))

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return () if " " in prefix else self._kind.complete(prefix, scope)


def split_word(rest: str) -> tuple[str, str]:
    """Return the first word of a text, and what stands behind it as it was typed."""
    word, _, text = rest.strip(" ").partition(" ")
    return word, text.lstrip(" ")


def _note(sender: str, text: str) -> str:
    shown = clean_line(text)
    return f"{sender}: {shown if len(shown) <= NOTE_CHARACTERS else shown[: NOTE_CHARACTERS - 1] + '…'}"
