"""Framing: lines come out the same, however their bytes come in, and never more than one line is held."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat.errors import LineTooLong
from libchat.limits import LINE_BYTES
from libchat.wire.lines import LineBuffer

LIMIT = 8

streams = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"x" * (LIMIT - 1), b"x" * LIMIT, b"x" * (LIMIT + 1)]))


def split(stream: bytes, *cuts: int) -> tuple[list[bytes], bool]:
    """Return the lines of a stream that comes in pieces, and whether one was too long."""
    buffer = LineBuffer(LIMIT)
    lines: list[bytes] = []
    for start, stop in zip((0, *cuts), (*cuts, len(stream)), strict=True):
        lines += buffer.receive_data(stream[start:stop])
    return lines, buffer.error is not None


def test_whole() -> None:
    """A stream that comes at once is split at its line feeds, and carriage returns before them go."""
    assert LineBuffer().receive_data(b"one\ntwo\r\n\nthree\r\r\n") == [b"one", b"two", b"", b"three\r"]


def test_byte_by_byte() -> None:
    """A line is returned with the byte that ends it, and not before."""
    buffer = LineBuffer()
    received = [buffer.receive_data(bytes([byte])) for byte in b"ab\r\nc\n"]
    assert received == [[], [], [], [b"ab"], [], [b"c"]]


def test_trailing_bytes_wait() -> None:
    """What follows the last line feed belongs to the next line, also a carriage return inside it."""
    buffer = LineBuffer()
    assert buffer.receive_data(b"one\ntw") == [b"one"]
    assert buffer.receive_data(b"o\r") == []
    assert buffer.receive_data(b"x\nthr") == [b"two\rx"]
    assert buffer.error is None


def test_a_line_may_be_as_long_as_the_limit() -> None:
    """The limit counts the bytes of a line without its end, of either kind."""
    for end in (b"\n", b"\r\n"):
        buffer = LineBuffer()
        assert buffer.receive_data(b"x" * LINE_BYTES) == []
        assert buffer.receive_data(end) == [b"x" * LINE_BYTES]
        assert buffer.error is None


def test_a_longer_line_is_an_error_after_the_lines_before_it() -> None:
    """The lines before are returned, the long one and what follows are not, and the error says the limit."""
    buffer = LineBuffer(LIMIT)
    assert buffer.receive_data(b"one\n" + b"x" * (LIMIT + 1) + b"\ntwo\n") == [b"one"]
    assert isinstance(buffer.error, LineTooLong)
    assert buffer.error.limit == LIMIT
    assert buffer.receive_data(b"three\n") == []


def test_a_line_without_end_is_refused_before_it_is_held() -> None:
    """The error comes as soon as the line is certainly too long, not with its end."""
    buffer = LineBuffer(LIMIT)
    assert buffer.receive_data(b"x" * (LIMIT + 2)) == []
    assert buffer.error is not None


@given(streams.map(b"".join), st.data())
def test_pieces_make_no_difference(stream: bytes, data: st.DataObject) -> None:
    """In whatever pieces a stream comes, the lines and the error are those of the whole."""
    cuts = data.draw(st.lists(st.integers(0, len(stream))).map(sorted))
    whole = split(stream)
    assert split(stream, *range(1, len(stream))) == whole if stream else True
    assert split(stream, *cuts) == whole


@given(st.lists(st.binary(max_size=LIMIT).filter(lambda line: b"\n" not in line and not line.endswith(b"\r"))))
def test_lines_come_out_as_they_went_in(lines: list[bytes]) -> None:
    """Lines within the limit survive the stream, with both kinds of end."""
    for end in (b"\n", b"\r\n"):
        assert split(b"".join(line + end for line in lines)) == (lines, False)
