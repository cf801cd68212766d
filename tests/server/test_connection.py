"""A connection without a socket: how much of what came is done in one turn, and what becomes of what waits."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from libchat import messages as m
from libchat.limits import LINE_BYTES
from libchat.server.connection import LINES_AT_ONCE, Connection, Dialects
from libchat.transport.fanout import Fanout
from libchat.transport.pump import PlainPump
from libchat.wire.classic import Classic
from libchat.wire.native import Native, format_command


def _connection(outbox_bytes: int = 1_000_000) -> Connection:
    dialects = Dialects(native=Native(), classic=Classic())
    return Connection(Fanout(), PlainPump(), dialects, "peer", outbox_bytes=outbox_bytes)


def _turn(connection: Connection) -> list[m.Command | m.Rejected]:
    return list(connection.commands())


def _drain(connection: Connection) -> bytes:
    """Send all that waits, seven bytes at a time, and return it."""
    sent = b""
    while data := connection.data_to_send():
        connection.sent(len(data[:7]))
        sent += data[:7]
    return sent


def _entry(text: str) -> m.Entry:
    return m.Entry("Bob", 1, "Alice", 0, text)


def test_more_lines_than_fit_into_a_turn_wait_for_the_next() -> None:
    """A turn carries out `LINES_AT_ONCE` lines, the next one those after them, until none is left."""
    connection = _connection()
    assert connection.receive_data(b"who\n" * (2 * LINES_AT_ONCE) + b"join pub\n")
    for _ in range(2):
        assert _turn(connection) == [m.Who()] * LINES_AT_ONCE
        assert connection.has_input
    assert _turn(connection) == [m.Join("pub")]
    assert not connection.has_input


def test_nothing_follows_a_page_of_history_in_the_same_turn() -> None:
    """Each page is asked for in a turn of its own: together they may be larger than any outbox."""
    connection = _connection()
    ask = m.History("#tea")
    connection.receive_data((format_command(m.Ping()) + format_command(ask) + format_command(ask)) * 2)
    assert _turn(connection) == [m.Ping(), ask]
    assert _turn(connection) == [ask]
    assert _turn(connection) == [m.Ping(), ask]
    assert _turn(connection) == [ask]
    assert not connection.has_input


def test_lines_wait_unread_while_the_accounts_are_asked() -> None:
    """What follows a command on which they decide is parsed when they have answered; so is the end of the stream."""
    connection = _connection()
    connection.receive_data(b"server:register Ana secret\njoin pub\nwho\n")
    connection.receive_end()
    turn = connection.commands()
    assert next(turn) == m.Register("Ana", password="secret")
    connection.is_waiting = True
    assert list(turn) == []
    assert connection.has_input
    assert _turn(connection) == []
    connection.is_waiting = False
    assert _turn(connection) == [m.Join("pub"), m.Who(), m.Exit("connection lost")]


@pytest.mark.parametrize(
    ("peer", "address"),
    [("192.0.2.1:4000", "192.0.2.1"), ("::ffff:192.0.2.1:4000", "192.0.2.1"), ("fe80::1:4000", "fe80::1")],
)
def test_address_is_that_of_the_machine(peer: str, address: str) -> None:
    """Without the port; an IPv4 address is one, also on a socket for both (RFC 4291, section 2.5.5.2)."""
    dialects = Dialects(native=Native(), classic=Classic())
    assert Connection(Fanout(), PlainPump(), dialects, peer, pin="p").address == address


def test_the_end_of_the_stream_is_an_exit_behind_the_last_line() -> None:
    """Who sends nothing more has said exit, once, when all lines are carried out; half a line counts for nothing."""
    connection = _connection()
    connection.receive_data(b"who\n" * LINES_AT_ONCE + b"who\njoin")
    assert connection.receive_end()
    assert _turn(connection) == [m.Who()] * LINES_AT_ONCE
    assert _turn(connection) == [m.Who(), m.Exit("connection lost")]
    assert not connection.has_input
    assert _turn(connection) == []


def test_a_line_over_the_limit_is_a_refusal_and_an_exit_behind_the_last_line() -> None:
    """What came before the line is carried out first, then it is refused, and nothing after it is read."""
    connection = _connection()
    assert connection.receive_data(b"who\n" + b"x" * (LINE_BYTES + 1) + b"\nwho\n")
    who, rejected, leave = _turn(connection)
    assert who == m.Who()
    assert isinstance(rejected, m.Rejected)
    assert rejected.code == "line-too-long"
    assert leave == m.Exit(rejected.reason)
    assert not connection.receive_data(b"who\n")
    assert _turn(connection) == []


def test_a_reader_without_room_is_closed_with_the_reason_alone() -> None:
    """When there is no room, what waits is dropped for a goodbye, and nothing counts as delivered."""
    connection = _connection(outbox_bytes=100)
    connection.receive_data(b"server:register Bob\n")
    connection.send_items([_entry("x")])  # on its way
    connection.send_items([_entry("y" * 200)])  # into an empty outbox all fits
    connection.send_items([_entry("z")])
    assert connection.is_finished
    sent = _drain(connection)
    assert sent.endswith(b": x\nserver: bye (you read too slowly)\n")
    assert b"y" * 200 not in sent
    assert not connection.is_drained


def test_what_a_slow_reader_does_without_takes_no_room() -> None:
    """An event that a congested reader is not sent anyway does not cost it its connection."""
    connection = _connection(outbox_bytes=100)
    connection.receive_data(b'{"type":"ping"}\n')
    connection.send_items([_entry("x")])
    connection.send_items([_entry("x" * 200)])
    connection.send_items([m.IsTyping("Alice", "Bob")])
    assert not connection.is_finished


def test_what_comes_behind_the_goodbye_counts_as_not_delivered() -> None:
    """An event for a connection that has ended is not sent, and the connection never counts as drained."""
    connection = _connection()
    connection.send_items([_entry("x")])
    connection.finish("enough")
    assert _drain(connection) == b"Alice: x\nserver: bye (enough)\n"
    assert connection.is_drained
    connection.send_items([_entry("y")])
    assert _drain(connection) == b""
    assert not connection.is_drained


def test_there_is_always_room_for_a_goodbye() -> None:
    """A full outbox takes the last line too."""
    connection = _connection(outbox_bytes=10)
    connection.send_items([_entry("x" * 20)])
    connection.finish("enough")
    assert _drain(connection).endswith(b"server: bye (enough)\n")


@pytest.mark.parametrize(
    ("items", "dialect"),
    [([m.Pong("c"), m.Done()], b'{"type":"ping"}\n'), ([m.Online(()), m.Bye()], b"who\n")],
)
def test_the_first_line_chooses_how_all_is_said(items: Sequence[m.Event], dialect: bytes) -> None:
    """Events are formatted in the dialect in which the peer began, and a goodbye ends the connection."""
    connection = _connection()
    connection.receive_data(dialect)
    connection.send_items(items)
    lines = _drain(connection).decode().splitlines()
    if dialect.startswith(b"{"):
        assert [json.loads(line)["type"] for line in lines] == ["pong", "done"]
    else:
        assert lines == ["server: online (0): ", "server: bye"]
    assert connection.is_finished == isinstance(items[-1], m.Bye)


def test_what_is_foreign_is_refused_before_it_is_read() -> None:
    """A connection that begins as another protocol is told so in plain words, and no line of it is carried out."""
    connection = _connection()
    assert not connection.receive_data(b"GET / HTTP/1.1\r\nwho\r\n")
    assert connection.is_finished
    assert _turn(connection) == []
    assert b"it does not speak HTTP" in _drain(connection)
