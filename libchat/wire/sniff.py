"""The first bytes of a connection choose its dialect."""

from __future__ import annotations

from typing import Final

from libchat.errors import Code
from libchat.messages import Rejected
from libchat.wire.dialect import Dialect

FOREIGN: Final = {
    b"GET ": "HTTP",
    b"POST ": "HTTP",
    b"HEAD ": "HTTP",
    b"PUT ": "HTTP",
    b"OPTIONS ": "HTTP",
    b"PRI * HTTP/2": "HTTP/2",
    b"SSH-": "SSH",
    b"CAP ": "IRC",
    b"NICK ": "IRC",
    b"PASS ": "IRC",
    b"USER ": "IRC",
    b"EHLO ": "SMTP",
    b"HELO ": "SMTP",
    b"\x16\x03": "TLS here",  # to a plaintext port, or within TLS
}
"""How protocols begin that people point at a port by mistake, and that are not spoken here."""

_LONGEST: Final = max(map(len, FOREIGN))


def sniff(data: bytes, *, native: Dialect, classic: Dialect) -> Dialect | Rejected | None:
    """Return the dialect that a connection begins with, None if more bytes are needed, or why it is refused.

    `{` begins native; everything else is classic, the one for people, unless it is known to be something foreign.
    """
    start = data.lstrip(b"\r\n \t")
    if start.startswith(b"{"):
        return native
    for prefix, protocol in FOREIGN.items():
        if start.startswith(prefix):
            return Rejected(Code.BAD_LINE, f"this is a libchat server, it does not speak {protocol}")
    if len(start) >= _LONGEST or b"\n" in start:
        return classic
    return None
