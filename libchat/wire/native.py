"""The native dialect: one JSON object a line, both directions.

The types are those of `libchat.messages`; `docs/reference/wire.md` describes them field by field. Fields that a reader
does not know are ignored, and types that the server does not know are answered with an error, so either side may be
newer than the other.
"""

from __future__ import annotations

from typing import Final

import msgspec

from libchat import messages as m
from libchat.errors import Code, ProtocolError
from libchat.limits import CID_BYTES
from libchat.names import RoomName

AnyCommand = (
    m.Hello
    | m.Register
    | m.Password
    | m.Devices
    | m.Revoke
    | m.MakeInvite
    | m.Send
    | m.Edit
    | m.Delete
    | m.React
    | m.Unreact
    | m.Ack
    | m.Read
    | m.Join
    | m.Leave
    | m.Topic
    | m.Kick
    | m.Ban
    | m.Unban
    | m.Bans
    | m.Mute
    | m.Unmute
    | m.Grant
    | m.SetRoom
    | m.Invite
    | m.Who
    | m.Rooms
    | m.Away
    | m.Typing
    | m.History
    | m.Search
    | m.Ping
    | m.Exit
)
AnyEvent = (
    m.Welcome
    | m.Registered
    | m.Entry
    | m.Accepted
    | m.Delivered
    | m.IsRead
    | m.Skipped
    | m.Entered
    | m.Exited
    | m.Joined
    | m.Left
    | m.Kicked
    | m.Granted
    | m.Muted
    | m.Unmuted
    | m.RoomIs
    | m.Invited
    | m.BanList
    | m.TopicIs
    | m.Online
    | m.RoomList
    | m.IsTyping
    | m.Page
    | m.Found
    | m.DeviceList
    | m.InviteMade
    | m.Done
    | m.Pong
    | m.Slowed
    | m.Failed
    | m.Bye
)


class _Head(msgspec.Struct):
    """What can be read of an object whose type is not known, or whose other fields are wrong."""

    type: str = ""
    cid: str = ""


def _as_plain(value: object) -> str | int:
    """Return a text or number of a program's own type, such as a plugin's `Room` or `Ref`, as one that JSON knows."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent")


_encode: Final = msgspec.json.Encoder(enc_hook=_as_plain).encode
_decode_command: Final = msgspec.json.Decoder(AnyCommand).decode
_decode_event: Final = msgspec.json.Decoder(AnyEvent).decode
_decode_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

COMMAND_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in AnyCommand.__args__)
EVENT_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in AnyEvent.__args__)


class Native:
    """The server's side."""

    wants_receipts = True
    has_acks = True

    def parse_line(self, line: bytes, room: RoomName | None) -> tuple[m.Command | m.Rejected, ...]:
        """Return the command that a line holds; `room` plays no part. An empty line means nothing."""
        try:
            return (_decode_command(line),)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return (_reject(line, error),) if line.strip() else ()

    def format_event(self, event: m.Event) -> bytes:
        """Return the line that holds an event."""
        return _encode(event) + b"\n"


def format_command(command: m.Command) -> bytes:
    """Return the line that holds a command."""
    return _encode(command) + b"\n"


def parse_event(line: bytes) -> m.Event | None:
    """Return the event that a line holds, None for one of a type that a newer server may know.

    Raises `ProtocolError` if the line is not an object with the fields of its type.
    """
    try:
        event: m.Event = _decode_event(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        head = _head(line)
        if head is not None and head.type and head.type not in EVENT_TYPES:
            return None
        raise ProtocolError(Code.BAD_LINE, f"the server sent what is no event: {error}") from error
    return event


def _reject(line: bytes, error: Exception) -> m.Rejected:
    head = _head(line)
    if head is None:
        return m.Rejected(Code.BAD_LINE, f"a line must be a JSON object in UTF-8, not nested deeply: {error}")
    if head.type not in COMMAND_TYPES:
        known = ", ".join(sorted(COMMAND_TYPES))
        return m.Rejected(Code.UNKNOWN_COMMAND, f"`type` must be one of {known}", head.type[:32], head.cid)
    return m.Rejected(Code.BAD_VALUE, str(error), head.type, head.cid)


def _head(line: bytes) -> _Head | None:
    """Return type and cid of an object, as far as they are strings; or None if the line is no object."""
    try:
        line.decode()  # a value that is left raw may be no UTF-8
        fields = _decode_fields(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    kind, cid = (_string(fields.get(key)) for key in ("type", "cid"))
    return _Head(kind, cid[:CID_BYTES])


def _string(raw: msgspec.Raw | None) -> str:
    """Return a value, if it is a string, and "" for any other."""
    try:
        return msgspec.json.decode(raw, type=str) if raw is not None else ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
