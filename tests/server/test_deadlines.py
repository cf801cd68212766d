"""Who is waited for, and who goes on when: the poller's queues, without a thread."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import inf

import pytest

from libchat.core.pace import Pace
from libchat.server.arrears import Arrears
from libchat.server.connection import Dialects
from libchat.server.deadlines import Deadlines
from libchat.server.peer import Peer
from libchat.transport.fanout import Fanout
from libchat.transport.pump import PlainPump
from libchat.wire.classic import Classic
from libchat.wire.native import Native

Make = Callable[[], Peer]


@pytest.fixture
def make() -> Iterator[Make]:
    """Return a function that makes a peer who may send one line a second."""
    dialects = Dialects(native=Native(), classic=Classic())
    with ExitStack() as opened:

        def make() -> Peer:
            sock = opened.enter_context(socket.socket())
            arrival = (sock, PlainPump(), "192.0.2.1:9", "")
            return Peer(Fanout(), dialects, arrival, outbox_bytes=1_000, pace=Pace(1, 1, 10, 0))

        yield make


def _hold(peer: Peer) -> None:
    """Have a peer send more than it may."""
    peer.receive_data(b"who\nwho\nwho\n")
    assert len(list(peer.commands(0))) == 1
    assert peer.is_held


def test_the_soonest_are_due_first(make: Make) -> None:
    """Those whose time has come are taken in its order, once; who is waited for already does not get more time."""
    first, second, third = make(), make(), make()
    waiting = Deadlines()
    assert (bool(waiting), waiting.soonest, waiting.take_due(9.0)) == (False, inf, [])
    for peer, time in ((first, 1.0), (second, 2.0), (first, 3.0), (third, 3.0)):
        waiting.add(peer, time)
    assert waiting.soonest == 1.0
    assert waiting.take_due(0.9) == []
    assert waiting.take_due(2.0) == [first, second]
    waiting.discard(third)
    waiting.discard(third)
    assert not waiting


def test_who_has_sent_more_than_fits_goes_on_with_the_next_turn(make: Make) -> None:
    """Each of them once, and not again unless there is still more."""
    arrears, one, other = Arrears(lambda: 0.0), make(), make()
    arrears.add(one)
    arrears.put_back([other, one])
    assert arrears.is_due
    assert arrears.take() == [one, other]
    assert (arrears.is_due, arrears.take()) == (False, [])


def test_who_has_sent_too_much_goes_on_later(make: Make) -> None:
    """When the time comes, if it is still there and has something."""
    now = 0.0
    arrears, held, gone, emptied = Arrears(lambda: now), make(), make(), make()
    for peer in (held, gone, emptied):
        _hold(peer)
        arrears.add(peer)
    assert (arrears.is_due, arrears.soonest, arrears.take()) == (False, 1.0, [])
    arrears.discard(gone)
    emptied.finish("gone")
    now = 1.0
    assert arrears.take() == [held]
    assert arrears.soonest == inf
