"""The contract of `libchat.transport.pump.Pump`, rule by rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libchat.errors import ProtocolError
from libchat.transport.pump import Pump

Pumps = tuple[Pump, Pump]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Yield the data in pieces."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def pass_on(sender: Pump, receiver: Pump) -> bytes:
    """Carry what one pump has for the other, and return what comes out there."""
    return receiver.receive_data(sender.data_to_send())


class PumpContract(ABC):
    """What every pump does. Subclass it as `Test...`, and give it both ends of a connection, ready to speak."""

    says_eof: bool
    """Whether the pump itself tells the peer that nothing more comes."""

    @abstractmethod
    def pair(self) -> Pumps:
        """Return both ends of a connection, with nothing under way."""

    # 2. After every call, `data_to_send` returns what must go to the peer, once.

    @settings(suppress_health_check=[HealthCheck.differing_executors], max_examples=30)
    @given(st.lists(st.binary(max_size=100) | st.integers(0, 70_000).map(bytes), max_size=4), st.integers(1, 5_000))
    def test_what_is_written_comes_out_at_the_other_end(self, written: list[bytes], size: int) -> None:
        """In both directions, in pieces of any size, all bytes arrive in order."""
        one, other = self.pair()
        for sender, receiver in ((one, other), (other, one)):
            for data in written:
                sender.write(data)
            received = b"".join(receiver.receive_data(piece) for piece in pieces(sender.data_to_send(), size))
            assert received == b"".join(written)

    def test_byte_by_byte(self) -> None:
        """Bytes may arrive one at a time."""
        one, other = self.pair()
        one.write(b"hello\n")
        assert b"".join(map(other.receive_data, pieces(one.data_to_send(), 1))) == b"hello\n"

    def test_what_is_sent_is_returned_once(self) -> None:
        """A second look finds nothing, until more is written."""
        one, other = self.pair()
        one.write(b"one")
        assert pass_on(one, other) == b"one"
        assert one.data_to_send() == b""
        one.write(b"two")
        assert pass_on(one, other) == b"two"

    def test_bytes_come_from_a_buffer(self) -> None:
        """What is received may lie in a buffer that is used again: nothing of it is kept."""
        one, other = self.pair()
        received = b""
        buffer = bytearray(7)
        one.write(b"the quick brown fox")
        for piece in pieces(one.data_to_send(), len(buffer)):
            buffer[: len(piece)] = piece
            received += other.receive_data(memoryview(buffer)[: len(piece)])
            buffer[:] = bytes(len(buffer))
        assert received == b"the quick brown fox"

    def test_nothing_is_no_data(self) -> None:
        """Writing nothing sends nothing, and receiving nothing gives nothing and is no end."""
        one, other = self.pair()
        one.write(b"")
        assert one.data_to_send() == b""
        assert other.receive_data(b"") == b""
        assert not other.is_eof

    def test_both_ends_of_a_large_exchange(self) -> None:
        """Both sides may have much under way at once."""
        one, other = self.pair()
        data = bytes(range(256)) * 4_000
        one.write(data)
        other.write(data)
        to_other, to_one = one.data_to_send(), other.data_to_send()
        assert b"".join(map(other.receive_data, pieces(to_other, 65_536))) == data
        assert b"".join(map(one.receive_data, pieces(to_one, 65_536))) == data

    def test_closing_tells_the_peer_once(self) -> None:
        """After `close` the peer knows, if the encryption has words for it, that nothing more comes."""
        one, other = self.pair()
        one.write(b"bye")
        one.close()
        assert pass_on(one, other) == b"bye"
        assert other.is_eof is self.says_eof
        assert one.data_to_send() == b""
        assert not one.is_eof

    def test_closing_twice_is_harmless(self) -> None:
        """Both sides may close, also twice."""
        one, other = self.pair()
        one.close()
        pass_on(one, other)
        other.close()
        pass_on(other, one)
        one.close()
        other.close()
        assert one.is_eof is self.says_eof

    # 3. `receive_data` and `write` raise `ProtocolError` if the peer has broken the rules.

    @settings(suppress_health_check=[HealthCheck.differing_executors])
    @given(st.lists(st.binary(max_size=300), max_size=5))
    def test_any_bytes_are_taken_or_refused(self, received: list[bytes]) -> None:
        """Whatever comes, the only thing that is raised is ProtocolError."""
        one, _ = self.pair()
        try:
            for data in islice(received, 10):
                one.receive_data(data)
        except ProtocolError:
            pass
