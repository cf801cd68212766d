"""What a typed line means.

Outside of rooms the words of the classic dialect are understood, as people of the original client type them (`message`,
`who`, `join ROOM`, `leave`, `exit`, `NAME:TEXT`). In a conversation everything is said, but `leave`, lines that begin
with `server:`, and commands, which begin with a slash. To say what begins with a slash, put another before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, TypeAlias

from libchat.errors import InvalidName
from libchat.names import parse_name, parse_room
from libchat.near import did_you_mean, near_words, question
from libchat_shell.sanitise import clip, safe_line


@dataclass(frozen=True, slots=True)
class Say:
    """Say a text to a conversation: `Desk.say`."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Run a command line, which begins with a slash and a command that there is."""

    line: str


@dataclass(frozen=True, slots=True)
class Question:
    """Ask for recipient and text of a private message: the word `message` alone."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave the chat."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to do."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It can mean nothing: tell the person why, and what to do. What was typed should stay in the input."""

    text: str


_LIKENESS: Final = 0.75
"""How like a word must be to one that is understood, where it may as well be the first word of something said."""

Meaning: TypeAlias = Say | Run | Question | Quit | Nothing | Wrong

WORDS_AT_HOME: Final = (
    ("message", "", "write to somebody: asks for recipient and text"),
    ("who", "", "who is online"),
    ("join", " ", "enter a room: join ROOM"),
    ("leave", "", "leave a room; outside of rooms it does nothing"),
    ("exit", "", "leave the chat"),
)
"""Words that are understood outside of rooms, what stands behind each, and what it does."""

_LOST: Final = (
    "nobody reads this: you are in no room. "
    "Enter one (join ROOM), write to somebody (NAME:TEXT), or ask for help (/help)"
)
_SHOWN: Final = 32
"""How much of a wrong word is repeated."""

_COMMAND: Final = re.compile(r"/(\S*)")


def interpret(text: str, target: str, commands: Collection[str]) -> Meaning:
    """Return what was meant by a typed text in a conversation ("" for home).

    `commands` are the names and aliases that there are, without a slash. What is to be run may hold newlines.
    """
    text = text.strip("\n")
    if not text.strip():
        return Nothing()
    if text.startswith("//"):
        return Say(target, text[1:]) if target else Wrong(_LOST)
    if text.startswith("/"):
        return _command(text, commands)
    if text.startswith("server:"):
        return _server(text[7:], target, commands)
    if target:
        return Run("/leave") if text.strip() == "leave" else Say(target, text)
    return _outside(text, commands)


def _command(text: str, commands: Collection[str]) -> Meaning:
    match = _COMMAND.match(text)
    word = match.group(1) if match else ""
    if word in commands:
        return Run(text)
    if word.casefold() in commands:
        return Run(f"/{word.casefold()}{text[len(word) + 1 :]}")
    if not word:
        return Wrong("write a command behind the slash; /help shows them all")
    hint = did_you_mean(word, commands, "/{}", most=3) or "/help shows all commands."
    return Wrong(f"there is no command /{_cut(word)}; {hint} To say it, write // at its beginning")


# --- outside of rooms -----------------------------------------------------------------------------------------------


def _outside(text: str, commands: Collection[str]) -> Meaning:
    name, colon, said = text.partition(":")
    if colon:
        return _private(name.strip(), said.removeprefix(" "))
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if word == "message" and not rest:
        return Question()
    if word in _AT_HOME:
        return _WORDS[word](rest, "", commands)
    near = near_words(word, [each for each, _, _ in WORDS_AT_HOME], likeness=_LIKENESS)
    return Wrong(f"{question(near, '`{}`')} {_LOST}" if near and word.casefold() != near[0] else _LOST)


def _private(name: str, text: str) -> Meaning:
    """Return what NAME:TEXT means."""
    if name.startswith("#"):
        return Wrong(f"to write to a room, enter it first: join {_cut(name[1:])}")
    if not text.strip():
        return Wrong(f"write a text behind the colon: {_cut(name)}: TEXT")
    try:
        return Say(parse_name(name).display, text)
    except InvalidName as error:
        return Wrong(f"{error}. {_LOST}" if " " not in name else _LOST)


# --- words of the original client -----------------------------------------------------------------------------------


def _server(text: str, target: str, commands: Collection[str]) -> Meaning:
    """Return what a line means that begins with `server:`, which works everywhere."""
    word, _, rest = text.strip().partition(" ")
    if word in _WORDS:
        return _WORDS[word](rest.strip(), target, commands)
    if word in commands:
        return Run(f"/{word} {rest}".rstrip())
    if not word:
        return Wrong("write a command behind `server:`, as `server:who`; /help shows what there is")
    hint = did_you_mean(word, [*_WORDS, *commands], "server:{}") or "/help shows what there is"
    return Wrong(f"there is no server:{_cut(word)}; {hint}")


def _who(rest: str, target: str, commands: Collection[str]) -> Meaning:
    if rest:
        return _in_room("who", rest)
    return Run("/who --everybody" if target else "/who")


def _join(rest: str, target: str, commands: Collection[str]) -> Meaning:
    if not rest:
        return Wrong("write which room: join ROOM")
    if " " in rest:
        return Wrong("write the room alone: join ROOM. If it has a password, you are asked for it")
    return _in_room("join", rest)


def _in_room(command: str, room: str) -> Meaning:
    try:
        return Run(f"/{command} {parse_room(room).target}")
    except InvalidName as error:
        return Wrong(str(error))


def _leave_word(rest: str, target: str, commands: Collection[str]) -> Meaning:
    return Run("/leave") if target else Nothing()


def _exit(rest: str, target: str, commands: Collection[str]) -> Meaning:
    return Quit()


def _register(rest: str, target: str, commands: Collection[str]) -> Meaning:
    name, _, password = rest.partition(" ")
    if not name or password:
        return Wrong("write the name alone: server:register NAME. If it has a password, you are asked for it")
    return Run(f"/nick {name}")


def _password(rest: str, target: str, commands: Collection[str]) -> Meaning:
    return Wrong("write /password alone: you are asked for it, and nobody sees it") if rest else Run("/password")


def _ban_address(rest: str, target: str, commands: Collection[str]) -> Meaning:
    return Run(f"/ban --address {rest}".rstrip())


_WORDS: Final[dict[str, Callable[[str, str, Collection[str]], Meaning]]] = {
    "who": _who,
    "join": _join,
    "leave": _leave_word,
    "exit": _exit,
    "register": _register,
    "password": _password,
    "ban-address": _ban_address,
}


_AT_HOME: Final = frozenset(("who", "join", "leave", "exit"))


def _cut(word: str) -> str:
    return clip(safe_line(word), _SHOWN)
