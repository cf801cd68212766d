"""A chat that a program can import.

    hub = libchat.Hub()                          a whole chat in process, without sockets or threads
    libchat.serve(port=0)                        a server for others, in the background of any program
    libchat.connect("HOST:PORT", name="ana")     a client of a server
    libchat.Bot("ops")                           a participant that answers commands, see also `libchat.plugins`

What a program sees is the same in process and over the network: `Participant`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from libchat._version import __version__
from libchat.errors import (
    ChatError,
    Closed,
    Code,
    Disconnected,
    InvalidMessage,
    InvalidName,
    LineTooLong,
    NameTaken,
    PasswordNeeded,
    PinMismatch,
    PluginError,
    ProtocolError,
    Refused,
    StoreError,
    TrustError,
    Unavailable,
    UsageError,
    WrongPassword,
)
from libchat.messages import (
    Accepted,
    BanInfo,
    BanList,
    Bye,
    Delivered,
    DeviceInfo,
    Entered,
    Entry,
    Event,
    Exited,
    Failed,
    Found,
    Granted,
    Interrupted,
    Invited,
    InviteMade,
    IsRead,
    IsTyping,
    Joined,
    Kicked,
    Left,
    Muted,
    Online,
    Page,
    Present,
    Reaction,
    Resumed,
    RoomInfo,
    RoomIs,
    Skipped,
    Slowed,
    Unmuted,
)
from libchat.participant import Participant
from libchat.receipt import Receipt

if TYPE_CHECKING:
    from libchat.bot import Bot
    from libchat.client.client import Client, connect
    from libchat.hub import Hub
    from libchat.server.server import Server, serve

__all__ = [
    "__version__",
    # a chat
    "Hub",
    "serve",
    "Server",
    "connect",
    "Client",
    "Participant",
    "Receipt",
    "Bot",
    # what one hears
    "Event",
    "Entry",
    "Reaction",
    "Accepted",
    "Delivered",
    "IsRead",
    "Skipped",
    "Entered",
    "Exited",
    "Joined",
    "Left",
    "Kicked",
    "Granted",
    "Muted",
    "Unmuted",
    "RoomIs",
    "Invited",
    "IsTyping",
    "Page",
    "Found",
    "Online",
    "Present",
    "RoomInfo",
    "BanList",
    "BanInfo",
    "DeviceInfo",
    "InviteMade",
    "Slowed",
    "Failed",
    "Interrupted",
    "Resumed",
    "Bye",
    # what can go wrong
    "ChatError",
    "InvalidName",
    "InvalidMessage",
    "Closed",
    "Refused",
    "NameTaken",
    "PasswordNeeded",
    "WrongPassword",
    "Unavailable",
    "Disconnected",
    "TrustError",
    "PinMismatch",
    "ProtocolError",
    "LineTooLong",
    "StoreError",
    "PluginError",
    "UsageError",
    "Code",
]

_LAZY = {
    "Hub": "libchat.hub",
    "Bot": "libchat.bot",
    "serve": "libchat.server.server",
    "Server": "libchat.server.server",
    "connect": "libchat.client.client",
    "Client": "libchat.client.client",
    "aio": "",
}
"""What is imported when it is first used, because it brings much along: the whole chat, or sockets and TLS."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'libchat' has no attribute {name!r}")
    from importlib import import_module

    value: object = import_module("libchat.aio") if name == "aio" else getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
