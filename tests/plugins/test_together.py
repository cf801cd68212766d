"""The coming plugins in a bot and on a server: people meet them over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import libchat
from libchat.server.bounds import Bounds
from libchat.server.server import Server, serve
from libchat.testing.plugin import Chat
from support.coming import plugin


@pytest.fixture
def bot(chat_server: Server, tmp_path: Path) -> Iterator[libchat.Bot]:
    """Give a bot in #team, with what it keeps in a folder of the test."""
    with libchat.Bot("helper", data=tmp_path) as helper:
        for name in ("dice", "polls", "reminders", "statistics"):
            helper.load(plugin(name))
        helper.load(plugin("welcome"), text="Hello {name}.", rules=["Be kind."])
        helper.start(chat_server.address, pin=chat_server.pin, rooms=["#team"])
        yield helper


def test_people_play_with_a_bot(bot: libchat.Bot, chat: Chat) -> None:
    """Newcomers are welcomed, dice fall, and a poll is asked, voted on and ended."""
    ana, bo = chat("ana"), chat("bo")
    ana.join("#team")
    assert ana.receive(timeout=5).text == "Hello ana."
    bo.join("#team")
    assert bo.receive(timeout=5).text == "Hello bo."

    ana.send("#team", "!roll 2d1")
    assert ana.receive(timeout=5).text == "2d1: [1 1] = 2"
    ana.send("helper", "rules")
    assert ana.receive(timeout=5).text == "1. Be kind."

    ana.send("#team", '!poll "Lunch?" pizza soup')
    assert ana.receive(timeout=5).text.startswith("poll 1, ana asks: Lunch?")
    voted = bo.send("#team", "vote 2").accepted(timeout=5)
    assert next(_reactions(bo, voted.seq)) == "✓"
    ana.send("#team", "!endpoll")
    assert ana.receive(timeout=5).text == "vote 2"
    assert ana.receive(timeout=5).text.startswith("poll 1: Lunch? (1 vote, closed)")
    assert list(bot.plugins.errors()) == []


def _reactions(client: libchat.Client, seq: int) -> Iterator[str]:
    """Yield reactions to a message as they come."""
    while True:
        event = client.receive_event(timeout=5)
        if isinstance(event, libchat.Entry) and event.kind == "react" and event.ref == seq:
            yield event.text


@pytest.fixture(params=["private", "room"])
def where(request: pytest.FixtureRequest) -> str:
    """Give each of the places where people are welcomed."""
    return str(request.param)


@pytest.fixture
def server(tmp_path: Path, where: str) -> Iterator[Server]:
    """Give a server that welcomes people, and keeps words out."""
    settings = {
        "welcome": {"text": "Hello {name}, this is {room}.", "where": where, "rules": ["Be kind."]},
        "word_filter": {"words": ["idiot"], "reason": "no '{word}' here"},
    }
    plugins = [plugin(name) for name in settings]
    bounds = Bounds(message_rate=0)
    with serve(port=0, data=tmp_path, plugins=plugins, plugin_settings=settings, bounds=bounds) as running:
        yield running


def test_a_server_welcomes_and_filters(server: Server, where: str) -> None:
    """Whoever comes is greeted once; bad words are refused with their reason, but for the room's owner."""
    with ExitStack() as people:
        ana, bo = (
            people.enter_context(libchat.connect(server.address, name, pin=server.pin)) for name in ("ana", "bo")
        )
        ana.join("#team")
        assert ana.receive(timeout=5).text == "Hello ana, this is #team."
        bo.join("#team")
        assert bo.receive(timeout=5).text == "Hello bo, this is #team."
        if where == "room":
            assert ana.receive(timeout=5).text == "Hello bo, this is #team."

        with pytest.raises(libchat.Refused, match="no 'idiot' here"):
            bo.send("#team", "an 1d1ot").accepted(timeout=5)
        said = bo.send("#team", "a friend").accepted(timeout=5)
        assert ana.receive(timeout=5).text == "a friend"
        with pytest.raises(libchat.Refused, match="no 'idiot' here"):
            bo.edit("#team", said.seq, "an idiot").accepted(timeout=5)
        ana.send("#team", "idiot is a word").accepted(timeout=5)
        assert bo.receive(timeout=5).text == "idiot is a word"
