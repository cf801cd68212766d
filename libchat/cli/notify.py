"""Telling the service manager how the program is (sd_notify(3)): a few lines in one datagram, so no library for it.

Without $NOTIFY_SOCKET nobody wants to know. What cannot be told is not worth ending for: it is passed over.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


def notify(*lines: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send lines as READY=1 to the service manager, and return whether it took them."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux's abstract name space, unix(7)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(address)
            sock.sendall("\n".join(lines).encode())
    except OSError:
        return False
    return True


def ready(status: str) -> None:
    """Tell that the program serves, also after it has reloaded."""
    notify("READY=1", f"STATUS={status}")


def reloading() -> None:
    """Tell that the program reads its settings anew; the time tells this reload from others."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping(status: str) -> None:
    """Tell that the program is about to end."""
    notify("STOPPING=1", f"STATUS={status}")
