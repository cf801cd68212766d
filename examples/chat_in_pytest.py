"""Tests of a program that chats, with the fixtures that libchat brings for pytest.

    python -m pytest chat_in_pytest.py

`hub` is a chat in process: nothing to wait for. `chat` connects over TLS to a server of the test's own, so what is said
takes its time: wait for it with a `timeout`. Everything is closed at the end, and no test sees another's chat.
"""

from collections.abc import Callable

import pytest

import libchat
from libchat.testing import History, Sent, Shown, assert_consistent


def greet(chat: libchat.Participant, room: str) -> libchat.Receipt:
    """Greet everybody in a room by name: the program under test."""
    others = [name for name in chat.join(room).members if name != chat.name]
    return chat.send(room, f"Hello {', '.join(others)}!")


def test_everybody_is_greeted(hub: libchat.Hub) -> None:
    """Whoever is in the room is greeted by name."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    for person in (ana, bo):
        person.join("#tea")
    greet(hub.connect("host"), "#tea")
    assert [person.receive(timeout=0).text for person in (ana, bo)] == ["Hello ana, bo!"] * 2


def test_a_ban_is_noticed(hub: libchat.Hub) -> None:
    """Who is not let in hears why."""
    ana = hub.connect("ana")
    ana.join("#tea")
    ana.ban("#tea", "host", reason="too loud")
    with pytest.raises(libchat.Refused) as refused:
        greet(hub.connect("host"), "#tea")
    assert refused.value.code == libchat.Code.BANNED


def test_over_the_network(chat: Callable[[str], libchat.Client]) -> None:
    """The same program at a real server; and nothing is lost, doubled or out of order."""
    ana, host, history = chat("ana"), chat("host"), History()
    ana.join("#tea")
    for number in range(3):
        accepted = greet(host, "#tea").accepted(timeout=5)
        history.add(Sent("host", "#tea", str(number), "Hello ana!", seq=accepted.seq))
        message = ana.receive(timeout=5)
        history.add(Shown("ana", "#tea", message.seq, message.sender, message.text))
    assert_consistent(history)
