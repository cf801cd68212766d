"""The devices of an account, as people see them."""

from __future__ import annotations

from libchat import limits
from libchat.claims import Device
from libchat.security.device_keys import key_id
from libchat.store.accounts import AccountBook


def devices_of(book: AccountBook, name: str, current: str = "") -> tuple[Device, ...]:
    """Return the devices of an account, oldest first."""
    return tuple(
        Device(key_id(known.key), known.label, known.added, known.seen, known.key == current)
        for known in book.keys(name)
    )


def clean_label(label: str) -> str:
    """Return what a device is called, as far as it can be shown: no control characters, and not too long."""
    return "".join(character for character in label if character.isprintable())[: limits.LABEL_CHARACTERS].strip()
