"""What a typed line means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat_shell.input import Meaning, Nothing, Question, Quit, Run, Say, Wrong, interpret

COMMANDS = {"join": 1, "j": 1, "leave": 1, "who": 1, "me": 1, "msg": 1, "kick": 1, "ban": 1, "rooms": 1, "help": 1}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("message", Question()),
        ("who", Run("/who")),
        ("who team", Run("/who #team")),
        ("join team", Run("/join #team")),
        ("join #team", Run("/join #team")),
        ("leave", Nothing()),
        ("exit", Quit()),
        ("", Nothing()),
        ("  \n ", Nothing()),
        ("bo:hello", Say("bo", "hello")),
        ("Bo: hello: you", Say("Bo", "hello: you")),
        (" bo :hello", Say("bo", "hello")),
        ("bo:/me waves", Say("bo", "/me waves")),
        ("server:who", Run("/who")),
        ("server:exit", Quit()),
        ("server:leave", Nothing()),
        ("server:join team", Run("/join #team")),
        ("server:register cy", Run("/nick cy")),
        ("server:rooms", Run("/rooms")),
        ("/rooms", Run("/rooms")),
        ("/JOIN #team", Run("/join #team")),
        ("/j team", Run("/j team")),
        ("/me two\nlines", Run("/me two\nlines")),
    ],
)
def test_outside_of_rooms(text: str, meaning: Meaning) -> None:
    """Outside of rooms the words of the original client are understood, and commands."""
    assert interpret(text, "", COMMANDS) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("hello", Say("#team", "hello")),
        ("exit", Say("#team", "exit")),
        ("who", Say("#team", "who")),
        ("join team", Say("#team", "join team")),
        ("message", Say("#team", "message")),
        ("bo:hello", Say("#team", "bo:hello")),
        ("  indented", Say("#team", "  indented")),
        ("two\nlines\n", Say("#team", "two\nlines")),
        ("leave", Run("/leave")),
        ("leave now", Say("#team", "leave now")),
        ("server:leave", Run("/leave")),
        ("server:who", Run("/who --everybody")),
        ("server:exit", Quit()),
        ("server:kick bo spam", Run("/kick bo spam")),
        ("server:ban-address bo 1h", Run("/ban --address bo 1h")),
        ("/kick bo", Run("/kick bo")),
        ("//kick bo", Say("#team", "/kick bo")),
        ("//", Say("#team", "/")),
        ("https://example.org", Say("#team", "https://example.org")),
        ("", Nothing()),
        (" \n", Nothing()),
    ],
)
def test_in_a_room(text: str, meaning: Meaning) -> None:
    """In a room everything is said, but `leave`, lines for the server, and commands; a second slash says the first."""
    assert interpret(text, "#team", COMMANDS) == meaning


def test_in_a_private_conversation() -> None:
    """A private conversation is as a room."""
    assert interpret("exit", "bo", COMMANDS) == Say("bo", "exit")
    assert interpret("leave", "bo", COMMANDS) == Run("/leave")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("/jion team", "#team", "did you mean /join?"),
        ("/kik bo", "#team", "did you mean /kick?"),
        (
            "/etc/passwd is a file",
            "#team",
            "there is no command /etc/passwd; /help shows all commands. To say it, write",
        ),
        ("/", "#team", "/help shows them all"),
        ("hello", "", "you are in no room"),
        ("//hello", "", "you are in no room"),
        ("jion team", "", "did you mean `join`?"),
        ("join", "", "write which room: join ROOM"),
        ("join team secret", "", "you are asked for it"),
        ("join !!", "", "cannot be a name"),
        ("bo:", "", "bo: TEXT"),
        ("#team: hello", "", "join team"),
        ("no name this: hello", "", "you are in no room"),
        ("b!: hello", "", "'b!' cannot be a name"),
        ("server:", "#team", "as `server:who`"),
        ("server:quti", "#team", "there is no server:quti"),
        ("server:jion x", "#team", "did you mean server:join?"),
        ("server:register", "", "server:register NAME"),
        ("server:register ana secret", "", "you are asked for it"),
        ("server:password secret", "", "/password alone"),
    ],
)
def test_what_can_mean_nothing(text: str, where: str, words: str) -> None:
    """What can mean nothing is not said, and the person is told what was wrong, and what to do."""
    meaning = interpret(text, where, COMMANDS)
    assert isinstance(meaning, Wrong)
    assert words in meaning.text


@given(st.text(), st.sampled_from(["", "#team", "bo"]))
def test_any_text_has_a_meaning(text: str, where: str) -> None:
    """Whatever is typed, something is meant; only what was typed is said, and only commands that there are run."""
    meaning = interpret(text, where, COMMANDS)
    if isinstance(meaning, Say):
        assert meaning.text in text
        assert meaning.target == where or not where
    elif isinstance(meaning, Run):
        assert meaning.line[1:].split()[0] in {*COMMANDS, "nick", "password"}


@given(st.text(alphabet="abc /:#\n", min_size=1))
def test_text_in_a_room_is_said_as_typed(text: str) -> None:
    """In a room nothing is taken off what is said but newlines around it, and the slash that was put before another."""
    meaning = interpret(text, "#team", {})
    if isinstance(meaning, Say):
        assert meaning.text in (text.strip("\n"), text.strip("\n")[1:])
