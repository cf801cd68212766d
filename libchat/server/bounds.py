"""What a server puts up with."""

from __future__ import annotations

from dataclasses import dataclass

from libchat import limits


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one server. The defaults, and where the numbers come from, are in `libchat.limits`.

    Rates and numbers of which 0 means no limit: `message_rate`, `connections_by_address`, `handshakes_by_address`,
    `registrations`, `rooms_by_name`, `members_by_room`. With `connections` 0, the process's limit on open files counts.
    """

    message_rate: int = limits.MESSAGE_RATE
    message_burst: int = limits.MESSAGE_BURST
    message_patience: int = limits.MESSAGE_PATIENCE
    connections: int = limits.CONNECTIONS
    connections_by_address: int = limits.CONNECTIONS_BY_ADDRESS
    handshakes: int = limits.HANDSHAKES
    handshakes_by_address: int = limits.HANDSHAKES_BY_ADDRESS
    registrations: int = limits.REGISTRATIONS
    limit_loopback: bool = limits.LIMIT_LOOPBACK
    rooms_by_name: int = limits.ROOMS_BY_NAME
    members_by_room: int = limits.MEMBERS_BY_ROOM
    handshake_seconds: float = limits.HANDSHAKE_SECONDS
    register_seconds: float = limits.REGISTER_SECONDS
    linger_seconds: float = limits.LINGER_SECONDS
    stop_seconds: float = limits.STOP_SECONDS
    plugin_seconds: float = limits.PLUGIN_SECONDS
    outbox_bytes: int = limits.OUTBOX_BYTES
    inbox_bytes: int = limits.RECEIVE_BYTES
