"""The classic dialect: the one that people type by hand.

    server:register NAME           take a name             server: welcome NAME
    server:register NAME PASSWORD  ... that is an account, or becomes one
    server:password NEW [OLD]      set one's password      server: the password of NAME is set
    server:who         who         who is online           server: online (2): Alice, Bob
    server:join ROOM   join ROOM   enter a room            server: joined ROOM
    server:leave       leave       back out of it          server: left ROOM
    server:kick NAME [REASON]      in a room, and so on    server: NAME was kicked from ROOM by OP (REASON)
    server:exit        exit        goodbye                 server: bye
    NAME:TEXT                      a private message

In a room every line is said to the room, but for `leave` and what begins with `server:`. One is in one room at a time.
Whatever the server says of its own begins with `server: `, which nobody can be called; every line of a peer's text
begins with that peer's name. Programs read these lines: they do not change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from libchat import messages as m
from libchat.errors import Code, InvalidName
from libchat.limits import MASK_CHARACTERS, MEMORY_ENTRIES, PASSWORD_CHARACTERS
from libchat.names import RoomName, parse_room

Parsed = tuple[m.Command | m.Rejected, ...]
Clock = Callable[[float], datetime]
"""Turns seconds since 1970 into the date and time that a clock on the wall shows."""

OUTSIDE: Final = "write NAME:TEXT, `who`, `join ROOM` or `exit`"


def utc(seconds: float) -> datetime:
    """Return the date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


class Classic:
    """Both what people type and what they see."""

    wants_receipts = False
    has_acks = False

    def __init__(self, clock: Clock = utc) -> None:
        self._clock = clock
        self._formats: dict[type[m.Event], Callable[..., str]] = {
            m.Entry: self._entry,
            m.Page: self._page,
            m.Found: self._page,
            **_FORMATS,
        }

    def parse_line(self, line: bytes, room: RoomName | None) -> Parsed:
        """Return what a typed line means, inside `room` or outside of any."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return (m.Rejected(Code.BAD_LINE, "the line is not UTF-8"),)
        if text.startswith("server:"):
            return _command(text[7:], room)
        if room is not None:
            return _in_room(text, room)
        return _outside(text)

    def format_event(self, event: m.Event) -> bytes:
        """Return the lines that a person sees of an event."""
        return self._formats[type(event)](event).encode()

    def _entry(self, entry: m.Entry) -> str:
        text = entry.text
        if entry.is_queued or entry.kind != "message" or "\n" in text:
            return _lines(_place(entry, self._sent(entry) if entry.is_queued else ""), entry)
        if entry.target[:1] == "#":
            return f"{entry.sender} (in {entry.target[1:]}): {text}\n"
        return f"{entry.sender}: {text}\n"

    def _page(self, page: m.Page | m.Found) -> str:
        return "".join(_lines(_place(entry, self._sent(entry)), entry) for entry in page.entries)

    def _sent(self, entry: m.Entry) -> str:
        return f"sent {self._clock(entry.time / 1000):%Y-%m-%d %H:%M}"


# --- what people type -----------------------------------------------------------------------------------------------


def _in_room(text: str, room: RoomName) -> Parsed:
    if text == "leave":
        return (m.Leave(str(room)),)
    return (m.Send(str(room), text),) if text.strip() else ()


def _outside(text: str) -> Parsed:
    name, colon, said = text.partition(":")
    if colon:
        name = name.strip()
        if name[:1] == "#":
            return (m.Rejected(Code.NOT_IN_ROOM, f"to write to a room, join it: `join {name[1:33]}`"),)
        return (m.Send(name, said.removeprefix(" ")),)
    word, _, rest = text.strip().partition(" ")
    if not word:
        return ()
    if word in ("who", "join", "leave", "exit"):
        return _command(f"{word} {rest}", None)
    return (m.Rejected(Code.UNKNOWN_COMMAND, f"{OUTSIDE}; in a room, every line is said to it", word[:32]),)


def _command(text: str, room: RoomName | None) -> Parsed:
    word, _, rest = text.strip().partition(" ")
    parse = _COMMANDS.get(word)
    if parse is None:
        known = ", ".join(f"server:{known}" for known in sorted(_COMMANDS))
        return (m.Rejected(Code.UNKNOWN_COMMAND, f"there are {known}", word[:32]),)
    return parse(rest.strip(), room)


def _register(rest: str, room: RoomName | None) -> Parsed:
    name, _, password = rest.partition(" ")
    return (m.Register(name, password=password.strip()),)


def _password(rest: str, room: RoomName | None) -> Parsed:
    words = rest.split()
    if len(words) not in (1, 2):  # a sentence would be taken for a password of one word, and an old one
        return (m.Rejected(Code.BAD_VALUE, "write `server:password NEW` or `server:password NEW OLD`, each one word"),)
    return (m.Password(*words),)


def _who(rest: str, room: RoomName | None) -> Parsed:
    return (m.Who(rest),)


def _join(rest: str, room: RoomName | None) -> Parsed:
    if not rest:
        return (m.Rejected(Code.BAD_NAME, "write which room: `join ROOM`"),)
    name, _, password = rest.partition(" ")
    join = m.Join(name, password=password.strip()[:PASSWORD_CHARACTERS])
    return (m.Leave(str(room)), join) if room is not None and _is_elsewhere(name, room) else (join,)


def _is_elsewhere(text: str, room: RoomName) -> bool:
    """Return whether a text is another room. What cannot be one is not: nobody leaves a room for a slip of the pen."""
    try:
        return parse_room(text) != room
    except InvalidName:
        return False


def _leave(rest: str, room: RoomName | None) -> Parsed:
    return (m.Leave(str(room)),) if room is not None else ()


def _exit(rest: str, room: RoomName | None) -> Parsed:
    return (m.Exit(rest),)


def _rooms(rest: str, room: RoomName | None) -> Parsed:
    return (m.Rooms(),)


def _topic(rest: str, room: RoomName | None) -> Parsed:
    if room is None:
        return (m.Rejected(Code.NOT_IN_ROOM, "the topic is a room's; join one first: `join ROOM`"),)
    return (m.Topic(str(room), rest or None),)


def _away(rest: str, room: RoomName | None) -> Parsed:
    return (m.Away(rest),)


# --- order in rooms: all of it is about the room that one is in


def _in_own_room(parse: Callable[[list[str], str], Parsed], usage: str) -> Callable[[str, RoomName | None], Parsed]:
    """Return what parses a command about one's room: a list of words, of which there must be one at least."""

    def parse_rest(rest: str, room: RoomName | None) -> Parsed:
        words = rest.split()
        if not words:
            return (m.Rejected(Code.BAD_VALUE, f"write `server:{usage}`"),)
        if room is None:
            return (m.Rejected(Code.NOT_IN_ROOM, "that is about a room; join one first: `join ROOM`"),)
        return parse(words, str(room))

    return parse_rest


def _granting(role: str) -> Callable[[list[str], str], Parsed]:
    return lambda words, room: (m.Grant(room, words[0], role),)


def _kick(words: list[str], room: str) -> Parsed:
    return (m.Kick(room, words[0], " ".join(words[1:])),)


def _ban(words: list[str], room: str) -> Parsed:
    seconds, reason = _duration(words[1:])
    return (m.Ban(room, words[0][:MASK_CHARACTERS], seconds, reason),)


def _ban_address(words: list[str], room: str) -> Parsed:
    seconds, reason = _duration(words[1:])
    return (m.Ban(room, words[0][:MASK_CHARACTERS], seconds, reason, by_address=True),)


def _mute(words: list[str], room: str) -> Parsed:
    seconds, reason = _duration(words[1:])
    return (m.Mute(room, words[0], seconds, reason),)


def _duration(words: list[str]) -> tuple[int, str]:
    """Return for how many seconds, if the first word says so (`90s`, `10m`, `2h`, `7d`), and the other words."""
    first = words[0] if words else ""
    number, unit = first[:-1], first[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit() and len(number) <= 8):
        return 0, " ".join(words)
    return int(number) * _UNITS[unit], " ".join(words[1:])


_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

SETTINGS: Final = ("invite-only", "moderated", "secret", "open-topic")


def _room(words: list[str], room: str) -> Parsed:
    match words:
        case [("invite-only" | "moderated" | "secret" | "open-topic") as setting, ("on" | "off") as value]:
            return (replace(m.SetRoom(room), **{setting.replace("-", "_"): value == "on"}),)
        case ["password", password]:
            return (m.SetRoom(room, password=password[:PASSWORD_CHARACTERS]),)
        case ["no-password"]:
            return (m.SetRoom(room, password=""),)
        case _:
            known = ", ".join(f"`{setting} on|off`" for setting in SETTINGS)
            return (m.Rejected(Code.BAD_VALUE, f"after `server:room` comes {known}, `password WORD` or `no-password`"),)


def _bans(rest: str, room: RoomName | None) -> Parsed:
    if room is None:
        return (m.Rejected(Code.NOT_IN_ROOM, "bans are a room's; join one first: `join ROOM`"),)
    return (m.Bans(str(room)),)


_COMMANDS: Final[dict[str, Callable[[str, RoomName | None], Parsed]]] = {
    "register": _register,
    "password": _password,
    "who": _who,
    "join": _join,
    "leave": _leave,
    "exit": _exit,
    "rooms": _rooms,
    "topic": _topic,
    "away": _away,
    "kick": _in_own_room(_kick, "kick NAME [REASON]"),
    "ban": _in_own_room(_ban, "ban NAME|ADDRESS [DURATION] [REASON]"),
    "ban-address": _in_own_room(_ban_address, "ban-address NAME [DURATION] [REASON]"),
    "unban": _in_own_room(lambda words, room: (m.Unban(room, words[0][:MASK_CHARACTERS]),), "unban NAME|ADDRESS"),
    "bans": _bans,
    "mute": _in_own_room(_mute, "mute NAME [DURATION] [REASON]"),
    "unmute": _in_own_room(lambda words, room: (m.Unmute(room, words[0]),), "unmute NAME"),
    "owner": _in_own_room(_granting("owner"), "owner NAME"),
    "op": _in_own_room(_granting("operator"), "op NAME"),
    "deop": _in_own_room(_granting(""), "deop NAME"),
    "voice": _in_own_room(_granting("voice"), "voice NAME"),
    "devoice": _in_own_room(_granting(""), "devoice NAME"),
    "invite": _in_own_room(lambda words, room: (m.Invite(room, words[0]),), "invite NAME"),
    "room": _in_own_room(_room, "room SETTING on|off"),
}


# --- what people see ------------------------------------------------------------------------------------------------


def _place(entry: m.Entry, sent: str = "") -> str:
    """Return who said something, where, and when: the beginning of its lines."""
    if entry.target.startswith("#"):
        place = f"in {entry.target[1:]}, {sent}" if sent else f"in {entry.target[1:]}"
        return f"{entry.sender} ({place})"
    return f"{entry.sender} ({sent})" if sent else entry.sender


def _lines(place: str, entry: m.Entry) -> str:
    if entry.is_deleted:
        return ""  # the deletion follows
    if entry.kind != "message":
        return f"server: {place} {_change(entry)}\n"
    if "\n" not in entry.text:
        return f"{place}: {entry.text}\n"
    return "".join(f"{place}: {line}\n" for line in entry.text.split("\n"))


def _change(entry: m.Entry) -> str:
    """Return what somebody did, in words. Lines have no numbers, so which message it was about cannot be said."""
    text = entry.text.replace("\n", " ")
    if entry.kind == "topic":
        return f"set the topic to: {text}" if text else "cleared the topic"
    if entry.kind == "edit":
        return f"changed a message to: {text}"
    if entry.kind == "delete":
        return "deleted a message"
    return f"reacted with: {text}" if entry.kind == "react" else f"took back: {text}"


def _entered(event: m.Entered) -> str:
    kept = []
    if event.keep_seconds:
        days, rest = divmod(event.keep_seconds, 24 * 3600)
        kept.append(f"for {days} days" if not rest else f"for {event.keep_seconds / 3600:.4g} hours")
    if 0 < event.keep_entries < MEMORY_ENTRIES:  # nobody who types by hand looks further back
        kept.append(f"up to {event.keep_entries} of them")
    told = f"server: messages are kept {', '.join(kept)}\n" if kept else ""
    return f"server: joined {event.room[1:]}\n{told}"


def _skipped(event: m.Skipped) -> str:
    return f"server: older messages of {event.target.lstrip('#')} have waited too long and do not come\n"


def _failed(event: m.Failed) -> str:
    if event.code == Code.NAME_TAKEN:
        return f"server: {event.subject} is taken, choose another name\n"
    if event.code == Code.PASSWORD_NEEDED:
        name = event.subject
        return f"server: error {event.code}: {name} is an account, write `server:register {name} PASSWORD`\n"
    return f"server: error {event.code}: {event.text}\n"


def _accepted(event: m.Accepted) -> str:
    if event.is_queued:
        return f"server: {event.target} is away, your message is queued\n"
    return f"server: {event.target} is away: {event.away}\n" if event.away else ""


def _online(event: m.Online) -> str:
    what = f"in {event.room[1:]}" if event.room else "online"
    return f"server: {what} ({len(event.people)}): {', '.join(person.name for person in event.people)}\n"


def _room_list(event: m.RoomList) -> str:
    rooms = ", ".join(f"{info.room[1:]} ({info.members})" for info in event.rooms)
    return f"server: rooms ({len(event.rooms)}): {rooms}\n"


def _devices(event: m.DeviceList) -> str:
    devices = ", ".join(f"{device.label or 'no name'} ({device.id})" for device in event.devices)
    return f"server: devices ({len(event.devices)}): {devices}\n"


def _invite(event: m.InviteMade) -> str:
    where = f" to {event.room[1:]}" if event.room else ""
    return f"server: invite{where}: {event.token}\n"


def _slowed(event: m.Slowed) -> str:
    return f"server: slow down, what you write waits at least {event.seconds} s; nothing of it is lost\n"


def _kicked(event: m.Kicked) -> str:
    return f"server: {event.name} was kicked from {event.room[1:]} by {event.by}{_why(event.reason)}\n"


def _granted(event: m.Granted) -> str:
    what = {"": "a plain member", "voice": "a voice"}.get(event.role, f"an {event.role}")
    return f"server: {event.name} is {what} of {event.room[1:]} now, by {event.by}\n"


def _muted(event: m.Muted) -> str:
    return f"server: {event.name} was muted in {event.room[1:]} by {event.by}{_why(event.reason)}\n"


def _room_is(event: m.RoomIs) -> str:
    said = {
        "invite-only": event.invite_only,
        "password": event.has_password,
        "moderated": event.moderated,
        "secret": event.secret,
        "topic by operators": not event.open_topic,
    }
    what = ", ".join(word for word, holds in said.items() if holds) or "open"
    return f"server: {event.room[1:]} is {what}{f' now, by {event.by}' if event.by else ''}\n"


def _ban_list(event: m.BanList) -> str:
    bans, mutes = (", ".join(f"{each.mask} (by {each.by})" for each in some) for some in (event.bans, event.mutes))
    banned = f"server: banned from {event.room[1:]} ({len(event.bans)}): {bans}\n"
    return f"{banned}server: muted in {event.room[1:]} ({len(event.mutes)}): {mutes}\n"


def _why(reason: str) -> str:
    return f" ({reason.replace(chr(10), ' ')})" if reason else ""


def _nothing(event: m.Event) -> str:
    return ""


_FORMATS: Final[dict[type[m.Event], Callable[..., str]]] = {
    m.Registered: lambda event: f"server: welcome {event.name}\n",
    m.Entered: _entered,
    m.Exited: lambda event: f"server: left {event.room[1:]}\n",
    m.Joined: lambda event: f"server: {event.name} joined {event.room[1:]}\n",
    m.Left: lambda event: f"server: {event.name} left {event.room[1:]}\n",
    m.TopicIs: lambda event: f"server: topic of {event.room[1:]}: {event.text}\n",
    m.Bye: lambda event: f"server: bye ({event.reason})\n" if event.reason else "server: bye\n",
    m.Failed: _failed,
    m.Accepted: _accepted,
    m.Online: _online,
    m.RoomList: _room_list,
    m.Skipped: _skipped,
    m.DeviceList: _devices,
    m.InviteMade: _invite,
    m.Slowed: _slowed,
    m.Kicked: _kicked,
    m.Granted: _granted,
    m.Muted: _muted,
    m.Unmuted: lambda event: f"server: {event.name} may speak in {event.room[1:]} again, by {event.by}\n",
    m.RoomIs: _room_is,
    m.Invited: lambda event: f"server: {event.name} invites you to {event.room[1:]}, `join {event.room[1:]}`\n",
    m.BanList: _ban_list,
    m.Welcome: _nothing,
    m.Delivered: _nothing,
    m.IsRead: _nothing,
    m.IsTyping: _nothing,
    m.Done: lambda event: f"server: {event.text}\n" if event.text else "",
    m.Pong: _nothing,
}
