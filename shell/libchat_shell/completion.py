"""What could stand at the cursor: a pure function of the text and of what the shell knows.

How it works. The text up to the cursor says what is being typed: the name of a command, a word of a command (its
grammar knows of which kind), or a word of a message, which may be a name or a `#room`. What begins as typed comes first
and in the order in which it is known (of names: who spoke last, then the alphabet, oneself last). Only where nothing
begins so, what has the same letters in the same order is looked for: the closer together, the better. Nothing here
waits: what may be slow (files, words of plugins) comes from `Known.slow`, which answers with what it has by now.

In a message, names are suggested from the first letter on, `#` alone suggests rooms, and `@` alone names. Without any
letter nothing is suggested: a menu that opens by itself at each space is in the way.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import accumulate
from typing import Final

from libchat.plugins.declare import Command
from libchat.plugins.grammar import Slot
from libchat.plugins.kinds import RestOfLine, SlowKind, Somebody
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate
from libchat.plugins.words import quote
from libchat_shell.input import WORDS_AT_HOME
from libchat_shell.sanitise import clip, safe_line

LIMIT: Final = 100
"""Suggestions at most: nobody reads more, and typing one more letter leaves fewer."""

LIVE_LETTERS: Final = 2
"""Letters of a word of a message that open the menu by themselves."""

NOTE_COLUMNS: Final = 60
"""How much of a note is shown: what 80 columns have room for."""

_COMMAND: Final = re.compile(r"/([^\s/]*)")
_MESSAGE_WORD: Final = re.compile(r"[^\s\"'(\[{<,;:!?]*$")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to be put in place of what stands from `start` (an index of the text) to the cursor."""

    text: str
    start: int
    display: str
    note: str = ""


def _nothing(slot: Slot, command: Command) -> Iterable[Candidate]:
    return ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known to whoever completes."""

    scope: Scope
    """Names, rooms and messages of the conversation on the screen."""
    commands: Mapping[str, Command]
    """By name and alias, without the slash."""
    slow: Callable[[Slot, Command], Iterable[Candidate]] = _nothing
    """What a `SlowKind` has offered by now for a slot. Returns at once."""


def suggest(text: str, cursor: int, known: Known, *, is_live: bool = False, limit: int = LIMIT) -> list[Suggestion]:
    """Return what may stand at the cursor, best first, `limit` at most.

    `is_live`: nobody has asked, the menu opens by itself. Then a word of a message is only completed if names begin
    with it and it has two letters, since most words are no names.
    """
    head = text[:cursor]
    if head.startswith("/") and not head.startswith("//"):
        match = _COMMAND.match(head)
        assert match is not None
        if match.end() == len(head):
            return _commands(match.group(1), known, limit)
        return _arguments(head, match.group(1), known, limit)
    return _words(head, known, limit, is_live=is_live)


# --- commands -------------------------------------------------------------------------------------------------------


def _commands(begun: str, known: Known, limit: int) -> list[Suggestion]:
    """Return commands by name; an alias only when it is what was typed."""
    names = [name for name, command in known.commands.items() if name == command.name]
    found = best(sorted(names), begun, limit)
    exact = known.commands.get(begun)
    if exact is not None and begun != exact.name:
        found = [begun, *found]
    return [_command(name, known.commands[name]) for name in found[:limit]]


def _command(name: str, command: Command) -> Suggestion:
    space = " " if command.grammar.parameters else ""
    return Suggestion(f"/{name}{space}", 0, f"/{name}", _note(command.summary))


def _arguments(head: str, name: str, known: Known, limit: int) -> list[Suggestion]:
    command = known.commands.get(name) or known.commands.get(name.casefold())
    if command is None:
        return []
    begin = len(name) + 1
    slot = command.grammar.slot(head[begin:], len(head) - begin)
    if slot is None:
        return []
    if _is_rest(slot):
        return _words(head, known, limit, begin=begin + slot.start, is_line=False)
    start = begin + slot.start
    return [_argument(found, start, slot) for found in _candidates(slot, command, known, limit)]


def _is_rest(slot: Slot) -> bool:
    """Return whether a slot is in a text without further meaning: there words are as in a message."""
    return slot.parameter is not None and isinstance(slot.kind, RestOfLine)


def _argument(found: Candidate, start: int, slot: Slot) -> Suggestion:
    """Return a candidate as it is to be typed: in quotes if it must be, with a space unless more of it may follow."""
    is_text = slot.parameter is not None and slot.parameter.shape == "text"
    is_flag = slot.parameter is None
    word = found.text if is_text or is_flag else quote(found.text)
    space = "" if is_text or isinstance(slot.kind, SlowKind) else " "
    return Suggestion(word + space, start, safe_line(found.text), _note(found.note))


def _candidates(slot: Slot, command: Command, known: Known, limit: int) -> Sequence[Candidate]:
    """Return what a word may become: what begins as typed, else what is like it."""
    if isinstance(slot.kind, SlowKind):
        return _first(known.slow(slot, command), limit)
    if isinstance(slot.kind, Somebody):
        return [Candidate(name) for name in best(_people(known), slot.prefix.removeprefix("@"), limit)]
    found = _first(slot.kind.complete(slot.prefix, known.scope), limit)
    if found or not slot.prefix:
        return found
    every = {candidate.text: candidate for candidate in slot.kind.complete("", known.scope)}
    return [every[text] for text in fuzzy(list(every), slot.prefix, limit)]


def _first(candidates: Iterable[Candidate], limit: int) -> list[Candidate]:
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.text, candidate)
        if len(found) >= limit:
            break
    return list(found.values())


# --- messages -------------------------------------------------------------------------------------------------------


def _words(
    head: str, known: Known, limit: int, *, begin: int = 0, is_line: bool = True, is_live: bool = False
) -> list[Suggestion]:
    """Return names and rooms for the word before the cursor; at home also the words that are understood there."""
    match = _MESSAGE_WORD.search(head, begin)
    begun = match.group() if match else ""
    start = len(head) - len(begun)
    if not begun:
        return []
    if begun.startswith("#"):
        return [Suggestion(f"{room} ", start, safe_line(room)) for room in best(known.scope.rooms(), begun, limit)]
    words = _home_words(begun) if is_line and start == 0 and not known.scope.target else []
    if is_live and len(begun) < LIVE_LETTERS and not begun.startswith("@"):
        return words
    is_first = is_line and not head[:start].strip()
    return [*words, *_names(begun, start, known, limit, is_first=is_first, has_fuzzy=not (is_live or words))][:limit]


def _names(begun: str, start: int, known: Known, limit: int, *, is_first: bool, has_fuzzy: bool) -> list[Suggestion]:
    """Return names: with a colon where somebody is spoken to, at the beginning of a line."""
    at, letters = ("@", begun[1:]) if begun.startswith("@") else ("", begun)
    names = best(_people(known), letters, limit, has_fuzzy=has_fuzzy)
    behind = ": " if is_first else " "
    return [Suggestion(at + name + behind, start, safe_line(name)) for name in names]


def _home_words(begun: str) -> list[Suggestion]:
    return [Suggestion(word + space, 0, word, note) for word, space, note in WORDS_AT_HOME if word.startswith(begun)]


def _people(known: Known) -> Iterable[str]:
    return known.scope.members()


# --- order ----------------------------------------------------------------------------------------------------------


def best(words: Iterable[str], begun: str, limit: int, *, has_fuzzy: bool = True) -> list[str]:
    """Return the words that begin so, whatever the case, in their order; if none does, those that are like it."""
    words = words if isinstance(words, Sequence) else list(words)
    folded = begun.casefold()
    found = [word for word, form in zip(words, _forms(words), strict=True) if form.startswith(folded)]
    return found[:limit] or (fuzzy(words, begun, limit) if has_fuzzy else [])


def fuzzy(words: Sequence[str], begun: str, limit: int) -> list[str]:
    """Return words that have the letters of another in the same order, those first that have them closest together."""
    letters = begun.casefold().lstrip("#@")
    if not letters:
        return []
    forms = _forms(words)
    ends = list(accumulate(len(form) + 1 for form in forms))
    found: dict[int, tuple[int, int, int]] = {}
    for match in _pattern(letters).finditer("\n".join(forms)):
        number = bisect_right(ends, match.start())
        begin = match.start() - (ends[number - 1] if number else 0)
        found.setdefault(number, (match.end() - match.start(), begin, number))
    return [words[number] for *_, number in nsmallest(limit, found.values())]


def _forms(words: Sequence[str]) -> list[str]:
    """Return how words are compared. All at once, since there may be thousands at each key."""
    forms = "\n".join(words).casefold().split("\n")
    return forms if len(forms) == len(words) else [word.replace("\n", " ").casefold() for word in words]


def _pattern(letters: str) -> re.Pattern[str]:
    """Return what finds letters in this order in a line. It never tries a second way, so it takes no time to fail."""
    first, *rest = map(re.escape, letters)
    return re.compile(first + "".join(f"[^{letter}\n]*{letter}" for letter in rest))


def _note(text: str) -> str:
    return clip(safe_line(text), NOTE_COLUMNS)
