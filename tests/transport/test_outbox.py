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


def test_no_more_is_taken_than_is_asked_for() -> None:
    """`take` returns whole lines, of as many pieces as it takes, and no more bytes than it was asked for."""
    outbox = Outbox()
    for piece in (b"aaa\n", b"bb\nb\ncc\n", b"ddd\n"):
        outbox.put(piece)
    assert outbox.take(8) == b"aaa\nbb\n"
    assert outbox.take(5) == b"b\ncc\n"
    assert outbox.take(100) == b"ddd\n"
    assert outbox.take(100) == b""


def test_a_line_is_never_cut() -> None:
    """A line that is longer than what is asked for is taken whole, and alone."""
    outbox = Outbox()
    outbox.put(b"a\n" + b"b" * 50 + b"\nc\n")
    assert outbox.take(10) == b"a\n"
    assert outbox.take(10) == b"b" * 50 + b"\n"
    outbox.clear()
    outbox.put_last(b"bye\n")
    assert outbox.take(10) == b"bye\n"


@given(st.lists(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), min_size=1), max_size=9))
def test_lines_leave_whole(pieces: list[list[bytes]]) -> None:
    """However lines are put together into pieces, each `take` ends with a line."""
    outbox = Outbox()
    for piece in pieces:
        outbox.put(b"".join(line + b"\n" for line in piece))
    left = []
    while taken := outbox.take(8):
        assert taken.endswith(b"\n")
        assert len(taken) <= 8 or taken.count(b"\n") == 1
        left += taken.split(b"\n")[:-1]
    assert left == [line for piece in pieces for line in piece]


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
