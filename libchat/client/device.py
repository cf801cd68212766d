"""The secret by which a server knows a client again."""

from __future__ import annotations

import os

from libchat.limits import CID_BYTES


def check_device(device: str) -> None:
    """Raise ValueError for a device that no server takes."""
    if not (0 < len(device) <= CID_BYTES and device.isprintable()):
        raise ValueError(f"a device has 1 to {CID_BYTES} characters, all of them visible")


def new_device() -> str:
    """Return a secret for a client that keeps none."""
    return os.urandom(16).hex()
