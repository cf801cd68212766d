"""What operators and owners decide: who is put out, who may speak, who has which role, how the room is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

from libchat import Participant
from libchat import messages as m
from libchat.durations import format_duration
from libchat.names import target_key
from libchat.plugins import Arg, Member, Room, Text, UsageError
from libchat.tables import format_table
from libchat_shell.commands.builtin import NOTHING, ask_secret, builtin, count, indented, milliseconds
from libchat_shell.commands.kinds import LedKind, MaskKind, SeenKind, SpanKind, lead_of
from libchat_shell.context import ShellContext
from libchat_shell.times import ago, until

InRoom = Annotated[Room, Arg(help="the room (default: the one you are in)")]
Somebody = Annotated[Member, Arg(help="who")]
Why = Annotated[Text, Arg(help="why; everybody sees it")]
ForAWhile = Annotated[Text, LedKind(SpanKind(), "REASON"), Arg(help="for how long, as 24h, and why")]


@builtin()
def kick(ctx: ShellContext, name: Somebody, reason: Why = NOTHING, *, room: InRoom | None = None) -> None:
    """Put somebody out of a room.

    They may come back; /ban keeps them out.

    Example: /kick bo please read the rules
    """
    place = ctx.need_room(room)
    ctx.chat.kick(place, name, reason)
    ctx.shell.heard(m.Kicked(place, name, ctx.me, reason))


@builtin()
def ban(
    ctx: ShellContext,
    name: Annotated[str, MaskKind(), Arg(help="a name, an address, or a network as 192.168.1.0/24")],
    reason: ForAWhile = NOTHING,
    *,
    address: Annotated[bool, Arg(help="ban the addresses from which NAME comes")] = False,
    room: InRoom | None = None,
) -> str:
    """Put somebody out of a room, and keep them out.

    Example: /ban bo 24h advertising
    Example: /ban 192.168.1.0/24 7d
    """
    seconds, why = _span(reason)
    place = ctx.need_room(room)
    members = {target_key(each.name): each.name for each in ctx.chat.who(place)}
    ctx.chat.ban(place, name, seconds, why, by_address=address)
    left = members.keys() - {target_key(each.name) for each in ctx.chat.who(place)}
    for key in sorted(left):
        ctx.shell.heard(m.Kicked(place, members[key], ctx.me, why or "banned"))
    _remember_bans(ctx, place)
    return f"{'the addresses of ' if address else ''}{name} may not enter {place}{_for(seconds)}; /unban takes it back"


@builtin()
def unban(
    ctx: ShellContext,
    name: Annotated[str, SeenKind("bans", "NAME|ADDRESS", is_of_room=True), Arg(help="as /bans lists it")],
    *,
    room: InRoom | None = None,
) -> str:
    """Let somebody enter a room again.

    Example: /unban bo
    """
    place = ctx.need_room(room)
    ctx.chat.unban(place, name)
    _remember_bans(ctx, place)
    return f"{name} may enter {place} again"


@builtin()
def bans(ctx: ShellContext, *, room: InRoom | None = None) -> str:
    """List who is banned from a room, or muted in it.

    With by whom, since when, for how long, and why.

    Example: /bans
    """
    place = ctx.need_room(room)
    found = _remember_bans(ctx, place)
    if not (found.bans or found.mutes):
        return f"nobody is banned from {place}, or muted in it"
    now = milliseconds(ctx)
    rows = [
        (what, each.mask, each.by, ago(each.made, now), until(each.until, now), each.reason)
        for what, listed in (("ban", found.bans), ("mute", found.mutes))
        for each in listed
    ]
    return "\n".join(format_table([("", "WHO", "BY", "SINCE", "HOLDS", "WHY"), *rows]))


@builtin()
def mute(ctx: ShellContext, name: Somebody, reason: ForAWhile = NOTHING, *, room: InRoom | None = None) -> None:
    """Have somebody not speak in a room; they hear it still.

    It lasts as long as you say, or until /unmute.

    Example: /mute bo 10m calm down
    """
    seconds, why = _span(reason)
    place = ctx.need_room(room)
    ctx.chat.mute(place, name, seconds, why)
    ends = milliseconds(ctx) + seconds * 1000 if seconds else 0
    ctx.shell.heard(m.Muted(place, name, ctx.me, ends, why))
    _add(ctx, f"mutes {place}", name)


@builtin()
def unmute(
    ctx: ShellContext,
    name: Annotated[str, SeenKind("mutes", "NAME", is_of_room=True), Arg(help="who is muted")],
    *,
    room: InRoom | None = None,
) -> None:
    """Let somebody speak again who was muted.

    Example: /unmute bo
    """
    place = ctx.need_room(room)
    ctx.chat.unmute(place, name)
    what = f"mutes {place}"
    ctx.shell.remember(what, [each for each in ctx.shell.remembered(what) if each != name])
    ctx.shell.heard(m.Unmuted(place, name, ctx.me))


# --- roles ----------------------------------------------------------------------------------------------------------


@builtin()
def op(ctx: ShellContext, name: Somebody, *, room: InRoom | None = None) -> None:
    """Make somebody an operator of a room.

    Operators kick, ban, mute, give a voice, and change the settings.

    Example: /op bo
    """
    _grant(ctx, name, "operator", room, above=("owner",))


@builtin()
def deop(ctx: ShellContext, name: Somebody, *, room: InRoom | None = None) -> None:
    """Take the role of operator from somebody, or your own.

    Owners can only give it up themselves.

    Example: /deop bo
    """
    _take(ctx, name, ("operator", "owner"), room)


@builtin()
def voice(ctx: ShellContext, name: Somebody, *, room: InRoom | None = None) -> None:
    """Let somebody speak in a room that is moderated.

    Example: /voice bo
    """
    _grant(ctx, name, "voice", room, above=("operator", "owner"))


@builtin()
def devoice(ctx: ShellContext, name: Somebody, *, room: InRoom | None = None) -> None:
    """Take somebody's voice in a room that is moderated.

    Example: /devoice bo
    """
    _take(ctx, name, ("voice",), room)


@builtin()
def owner(ctx: ShellContext, name: Somebody, *, room: InRoom | None = None) -> None:
    """Make somebody an owner of a room, beside you.

    Only they can give that up; /deop with your own name gives up yours.

    Example: /owner bo
    """
    _grant(ctx, name, "owner", room)


def _grant(ctx: ShellContext, name: str, role: str, room: str | None, above: tuple[str, ...] = ()) -> None:
    """Give somebody a role, unless they have one that is above it: to take that is another command."""
    place = ctx.need_room(room)
    now = _role(ctx, place, name)
    if now == role or now in above:
        raise UsageError(f"{name} is {_called(now)} of {place}{' already' if now == role else '; /deop takes it'}")
    _set_role(ctx, place, name, role)


def _take(ctx: ShellContext, name: str, roles: tuple[str, ...], room: str | None) -> None:
    place = ctx.need_room(room)
    now = _role(ctx, place, name)
    if now not in roles:
        is_what = f"is {_called(now)}" if now else "has no role"
        raise UsageError(f"{name} {is_what} in {place}; /who shows who has which")
    _set_role(ctx, place, name, "")


def _set_role(ctx: ShellContext, room: str, name: str, role: str) -> None:
    ctx.chat.grant(room, name, role)
    ctx.shell.heard(m.Granted(room, name, role, ctx.me))


def _role(ctx: ShellContext, room: str, name: str) -> str:
    """Return the role of somebody. Who is no member has none: the chat says so in its own words."""
    return next((each.role for each in ctx.chat.who(room) if target_key(each.name) == target_key(name)), "")


def _called(role: str) -> str:
    return {"owner": "an owner", "operator": "an operator", "voice": "somebody with a voice"}.get(role, "no member")


# --- settings -------------------------------------------------------------------------------------------------------

_SETTERS: Final[Mapping[str, Callable[[Participant, str, bool], None]]] = {
    "invite-only": lambda chat, place, is_on: chat.set_room(place, invite_only=is_on),
    "moderated": lambda chat, place, is_on: chat.set_room(place, moderated=is_on),
    "secret": lambda chat, place, is_on: chat.set_room(place, secret=is_on),
    "open-topic": lambda chat, place, is_on: chat.set_room(place, open_topic=is_on),
}


@builtin()
def room(
    ctx: ShellContext,
    setting: Annotated[
        Literal["invite-only", "password", "moderated", "secret", "open-topic"] | None, Arg(help="what to change")
    ] = None,
    value: Annotated[Literal["on", "off"], Arg(help="how it is to be")] = "on",
    *,
    room: InRoom | None = None,
) -> str | None:
    """Tell about a room, or change how it is.

    invite-only: one enters by /invite only. password: one enters with it only; it is asked for, and not shown.
    moderated: only those with a role speak. secret: only members find it. open-topic: every member sets the topic.

    Example: /room moderated on
    Example: /room password off
    """
    place = ctx.need_room(room)
    if setting is None:
        return _about(ctx, place)
    if setting == "password":
        word = _new_password(ctx, place) if value == "on" else ""
        ctx.chat.set_room(place, password=word)
        return (
            f"{place} has a password now; /invite lets somebody in without it" if word else f"{place} has no password"
        )
    _SETTERS[setting](ctx.chat, place, value == "on")
    return f"{place}: {setting} is {value}"


def _new_password(ctx: ShellContext, place: str) -> str:
    word = ask_secret(ctx, f"new password of {place}: ")
    if ask_secret(ctx, "the same again: ") != word:
        raise UsageError("the two were not the same; nothing was changed")
    return word


def _about(ctx: ShellContext, place: str) -> str:
    people = ctx.chat.who(place)
    mine = next((each.role for each in people if each.name == ctx.me), "") or "member"
    leaders = ", ".join(each.name for each in people if each.role in ("owner", "operator"))
    so = ctx.chat.room_settings(place)
    flags = {
        "invite-only": so.invite_only,
        "password": so.has_password,
        "moderated": so.moderated,
        "secret": so.secret,
        "open-topic": so.open_topic,
    }
    rows = [
        ("topic", ctx.chat.topic(place) or "none"),
        ("people", count(len(people), "person", "people")),
        ("run by", leaders or "nobody"),
        ("you are", mine),
        *((flag, "on" if is_on else "off") for flag, is_on in flags.items()),
    ]
    return "\n".join([f"{place}:", *indented(rows), f"/room SETTING on|off changes: {', '.join(_SETTERS)}, password"])


# --- what they share ------------------------------------------------------------------------------------------------


def _span(reason: Text) -> tuple[int, str]:
    """Return for how many seconds (0: for good) and why."""
    seconds = lead_of(reason)
    return seconds if isinstance(seconds, int) else 0, str(reason)


def _for(seconds: int) -> str:
    return f" for {format_duration(seconds)}" if seconds else ""


def _remember_bans(ctx: ShellContext, place: str) -> m.BanList:
    """Look up bans and mutes, and keep them for completion."""
    found = ctx.chat.bans(place)
    ctx.shell.remember(f"bans {place}", [each.mask for each in found.bans])
    ctx.shell.remember(f"mutes {place}", [each.mask for each in found.mutes])
    return found


def _add(ctx: ShellContext, what: str, word: str) -> None:
    ctx.shell.remember(what, list(dict.fromkeys([*ctx.shell.remembered(what), word])))
