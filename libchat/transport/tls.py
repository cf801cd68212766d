"""TLS without a socket: a pump around OpenSSL's memory buffers.

Whatever OpenSSL is asked to do, it may want to send something (a handshake message, an alert, a key update), so the
outgoing buffer is drained after every call. An `SSLObject` is not thread-safe: a pump is used by one thread at a time.
"""

from __future__ import annotations

import ssl
from typing import Final

from libchat.errors import Code, ProtocolError

RECORD_BYTES: Final = 16_384
"""The most that one record holds (RFC 8446, section 5.1)."""


class TlsPump:
    """TLS for one connection, on either side (`libchat.transport.pump.Pump`)."""

    __slots__ = ("_in", "_out", "_tls", "is_eof")

    def __init__(self, context: ssl.SSLContext, *, is_server: bool, server_name: str | None = None) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=is_server, server_hostname=server_name)
        self.is_eof = False

    def handshake(self, data: bytes | memoryview = b"") -> bool:
        """Take bytes from the peer, and return whether the handshake is done.

        Raises `ProtocolError` if it has failed; what is to be sent then tells the peer why.
        """
        self._in.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise _protocol_error(error) from error
        return True

    @property
    def peer_certificate(self) -> bytes | None:
        """The peer's certificate in DER, once the handshake is done."""
        return self._tls.getpeercert(binary_form=True)

    def receive_data(self, data: bytes | memoryview) -> bytes:
        """Take bytes from the peer, and return the plain ones in them."""
        if data:
            self._in.write(data)
        tls, waiting = self._tls, self._in.pending
        pieces: list[bytes] = []
        try:
            # Room for all that may come out of what is there: OpenSSL's buffers are not worth a larger one each time.
            while piece := tls.read(waiting or RECORD_BYTES):
                pieces.append(piece)
                waiting = self._in.pending
                # A record that has come in part lies inside OpenSSL already: asking for it would only raise.
                if not waiting and not tls.pending():
                    break
            else:
                self.is_eof = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_eof = True
        except ssl.SSLError as error:
            raise _protocol_error(error) from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, data: bytes) -> None:
        """Have plain bytes sent to the peer. Raises `ProtocolError` if the connection has failed."""
        if data:
            try:
                self._tls.write(data)
            except ssl.SSLError as error:
                raise _protocol_error(error) from error

    def data_to_send(self) -> bytes:
        """Remove and return the encrypted bytes that must go to the peer."""
        return self._out.read()

    def close(self) -> None:
        """Have the peer told that nothing more comes (RFC 8446, section 6.1: `close_notify`)."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # the peer has not said the same yet, or is gone: our own alert is in the buffer either way


def _protocol_error(error: ssl.SSLError) -> ProtocolError:
    reason = (error.reason or str(error)).lower().replace("_", " ")
    return ProtocolError(Code.BAD_LINE, f"TLS failed: {reason}")
