"""What happens in rooms, in words. Whatever a peer chose is made safe here; the words around it are ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from libchat import messages as m
from libchat.names import target_key
from libchat_shell.folding import listed
from libchat_shell.sanitise import shown

Clock = Callable[[float], datetime]

_ROLES: Final = {"owner": "an owner", "operator": "an operator", "voice": "a voice"}

_FLAGS: Final = (
    ("invite_only", "one needs an invitation to enter", "anybody may enter without an invitation"),
    ("has_password", "one needs a password to enter", "no password is needed to enter"),
    ("moderated", "only voices and operators may speak", "everybody may speak"),
    ("secret", "it is not in the list of rooms", "it is in the list of rooms"),
    ("open_topic", "everybody may set the topic", "only operators may set the topic"),
)


def kicked(event: m.Kicked, me: str) -> str:
    """Return who put whom out of a room, and why."""
    room = shown(event.room)
    whom = f"you out of {room}" if _is(event.name, me) else f"{shown(event.name)} out"
    return f"{_who(event.by, me)} put {whom}{_because(event.reason)}"


def granted(event: m.Granted, me: str) -> str:
    """Return who has which role from now on."""
    who = "you are" if _is(event.name, me) else f"{shown(event.name)} is"
    role = _ROLES.get(event.role) or (shown(event.role) if event.role else "without a role")
    return f"{who} {role} now (by {_who(event.by, me)})"


def muted(event: m.Muted, me: str, clock: Clock) -> str:
    """Return who may not speak, until when, and why."""
    who = "you" if _is(event.name, me) else shown(event.name)
    until = f" until {moment(event.until, clock)}" if event.until else ""
    return f"{who} may not speak{until}: muted by {_who(event.by, me)}{_because(event.reason)}"


def unmuted(event: m.Unmuted, me: str) -> str:
    """Return who may speak again."""
    who = "you" if _is(event.name, me) else shown(event.name)
    return f"{who} may speak again (by {_who(event.by, me)})"


def room_is(event: m.RoomIs, before: m.RoomIs | None, me: str) -> str:
    """Return what is new about how a room is; "" if nothing is. Of an unknown one, what is not as usual."""
    usual = before or m.RoomIs(event.room)
    changes = [
        on if getattr(event, name) else off for name, on, off in _FLAGS if getattr(event, name) != getattr(usual, name)
    ]
    if not changes:
        return ""
    by = f" (by {_who(event.by, me)})" if event.by else ""
    return f"from now on {'; '.join(changes)}{by}" if before or event.by else "; ".join(changes)


def entered(event: m.Entered, me: str) -> str:
    """Return that one is in a room, and with whom."""
    others = [name for name in event.members if not _is(name, me)]
    return (
        f"you are in {shown(event.room)} with {listed(others)}" if others else f"you are in {shown(event.room)}, alone"
    )


def topic(text: str) -> str:
    """Return what a topic is."""
    text = shown(text)
    return f"the topic is: {text}" if text else "there is no topic"


def topic_set(entry: m.Entry, me: str) -> str:
    """Return who has set which topic."""
    who, text = _who(entry.sender, me), shown(entry.text)
    return f"{who} set the topic: {text}" if text else f"{who} took the topic away"


def moment(milliseconds: int, clock: Clock) -> str:
    """Return a moment: the time of day, with the day."""
    try:
        return f"{clock(milliseconds / 1000):%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError, OSError):  # a date that no calendar here knows
        return "some day"


def _is(name: str, me: str) -> bool:
    return target_key(name) == target_key(me)


def _who(name: str, me: str) -> str:
    return "you" if _is(name, me) else shown(name) or "the server"


def _because(reason: str) -> str:
    reason = shown(reason)
    return f": {reason}" if reason else ""
