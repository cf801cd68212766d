"""Whether servers can be announced and found here."""

from __future__ import annotations

import socket


def can_multicast() -> bool:
    """Return whether this machine's loopback interface passes multicast on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            sock.sendto(b"", ("224.0.0.251", 9))
        except OSError:
            return False
    return True
