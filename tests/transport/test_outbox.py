"""What waits for one reader: bounded, and not copied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat.transport.outbox import Outbox


@given(st.lists(st.binary(max_size=20) | st.integers(1, 12), max_size=30))
def test_bytes_leave_in_order_and_are_counted(script: list[bytes | int]) -> None:
    """Putting pieces and taking some: nothing is lost, nothing is doubled, and the size is what waits."""
    outbox, waiting = Outbox(64), b""
    for step in script:
        if isinstance(step, int):
            taken = outbox.take(step)
            assert waiting.startswith(taken)
            assert bool(taken) is bool(waiting)
            waiting = waiting[len(taken) :]
        elif outbox.put(step):
            waiting += step
        else:
            assert waiting
            assert len(waiting) + len(step) > 64
        assert outbox.size == len(waiting)
    rest = b""
    while piece := outbox.take(7):
        rest += piece
    assert rest == waiting


def test_about_as_much_is_taken_as_is_asked_for() -> None:
    """`take` returns whole pieces until it has enough, and at least one."""
    outbox = Outbox()
    for piece in (b"aaaa", b"bbbb", b"cccc", b"dddd"):
        outbox.put(piece)
    assert outbox.take(1) == b"aaaa"
    assert outbox.take(5) == b"bbbbcccc"
    assert outbox.take(100) == b"dddd"
    assert outbox.take(100) == b""


def test_one_piece_is_not_copied() -> None:
    """What is shared with other outboxes stays the same object until it leaves."""
    outbox, piece = Outbox(), bytes(1000)
    outbox.put(piece)
    assert outbox.take(10_000) is piece
    outbox.put(piece)
    outbox.put(b"more")
    assert outbox.take(10) is piece


def test_it_is_bounded() -> None:
    """A piece that does not fit is refused, and what waits stays."""
    outbox = Outbox(10)
    assert outbox.put(b"x" * 6)
    assert outbox.put(b"y" * 4)
    assert not outbox.put(b"z")
    assert outbox.size == 10
    assert outbox.take(100) == b"x" * 6 + b"y" * 4
    assert outbox.put(b"z")


def test_an_empty_one_takes_any_piece() -> None:
    """What is larger than the limit can leave, one piece at a time."""
    outbox = Outbox(10)
    assert outbox.put(b"x" * 100)
    assert not outbox.put(b"y")
    assert outbox.take(1) == b"x" * 100


def test_it_is_congested_when_more_than_half_is_taken() -> None:
    """The reader does without what it can do without from half of the limit on."""
    outbox = Outbox(10)
    congested = []
    for piece in (b"x" * 5, b"x"):
        outbox.put(piece)
        congested.append(outbox.is_congested)
    outbox.take(100)
    assert [*congested, outbox.is_congested] == [False, True, False]


def test_there_is_always_room_for_a_goodbye() -> None:
    """The last piece is taken beyond the limit, behind what waits."""
    outbox = Outbox(4)
    outbox.put(b"xxxx")
    outbox.put_last(b"bye")
    assert outbox.size == 7
    assert outbox.take(100) == b"xxxxbye"


def test_clearing_drops_everything() -> None:
    """After `clear` there is nothing, and room for all."""
    outbox = Outbox(4)
    outbox.put(b"xxxx")
    outbox.clear()
    assert (outbox.size, outbox.take(9)) == (0, b"")
    assert outbox.put(b"yyyy")
