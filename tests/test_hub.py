"""A whole chat in process: what programs do with it, and what transports may rely on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from support.chat import Listener, ListenerSink, SlowLog

from libchat import messages as m
from libchat.core.effects import Delivery
from libchat.errors import ChatError, Closed, Code, Disconnected, InvalidName, NameTaken, Refused, Unavailable
from libchat.hub import Hub, LocalParticipant
from libchat.limits import REPLAY_ENTRIES, TEXT_BYTES

SECONDS = 10.0
"""How long anything here may take that another thread does."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a hub, and close it in the end."""
    with Hub() as hub:
        yield hub


def waiting(participant: LocalParticipant) -> list[str]:
    """Return the texts of the messages that wait in an inbox."""
    texts = []
    while True:
        try:
            texts.append(participant.receive(timeout=0).text)
        except TimeoutError:
            return texts


class Later:
    """A call in a thread of its own."""

    def __init__(self, call: threading.Thread) -> None:
        self._thread = call


# --- talking --------------------------------------------------------------------------------------------------------


def test_send_and_receive(hub: Hub) -> None:
    """What one says to another is received there, and accepted."""
    ana, bo = hub.connect("Ana"), hub.connect("Bo")
    receipt = ana.send("bo", "hi")
    assert receipt.is_answered
    accepted = receipt.accepted()
    entry = bo.receive(timeout=0)
    assert entry == m.Entry("Bo", 1, "Ana", accepted.time, "hi")
    assert (accepted.target, accepted.seq, accepted.is_queued) == ("Bo", 1, False)


def test_rooms(hub: Hub) -> None:
    """One enters a room, talks there, sees who and what it is about, and leaves it."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    assert ana.join("#red") == m.Entered("#red", ("ana",), cid=ana.join("red").cid[:0] or "-2")
    ana.set_topic("#red", "lunch").accepted()
    assert bo.join("#red").topic == "lunch"
    assert bo.topic("#red") == "lunch"
    assert [present.name for present in bo.who("#red")] == ["ana", "bo"]
    assert bo.rooms() == (m.RoomInfo("#red", 2, "lunch"),)
    bo.send("#red", "hi")
    assert ana.receive(timeout=0).text == "hi"
    assert [entry.text for entry in bo.history("#red").entries] == ["lunch", "hi"]
    assert bo.history("#red", before=2, limit=1).entries[0].text == "lunch"
    bo.leave("#red")
    ana.send("#red", "alone")
    assert waiting(bo) == []
