"""Rooms: entering and leaving them, who is in them, what was said in them."""

from __future__ import annotations

from typing import Annotated, Final

from libchat import Code, Entered, Entry, Present, Refused
from libchat import messages as m
from libchat.limits import HISTORY_ENTRIES, INVITE_USES
from libchat.plugins import Arg, Member, Ref, Room, Text, UsageError
from libchat.tables import format_table
from libchat_shell.commands.builtin import NOTHING, ask_secret, builtin, count, hear_own, indented, milliseconds
from libchat_shell.commands.kinds import CountKind, LedKind, RoomKind, SpanKind, TargetKind, lead_of
from libchat_shell.context import ShellContext
from libchat_shell.times import ago, until

DAY: Final = 24 * 3600
ROWS: Final = 100
"""Rows of a table: nobody reads more, and a room may have thousands of members."""
ROLES: Final = ("", "voice", "operator", "owner")
InRoom = Annotated[Room, Arg(help="the room (default: the one you are in)")]
Place = Annotated[str, TargetKind(), Arg(help="a #room or a name")]


@builtin(aliases=("j",))
def join(ctx: ShellContext, room: Annotated[Room, Arg(help="the room; it is made if there is none")]) -> None:
    """Enter a room and go there.

    If it has a password, you are asked for it.

    Example: /join #team
    """
    entered = _enter(ctx, room)
    ctx.shell.heard(entered)
    ctx.shell.switch(entered.room)


def _enter(ctx: ShellContext, room: str) -> Entered:
    try:
        return ctx.chat.join(room)
    except Refused as refused:
        if refused.code != Code.ROOM_PASSWORD:
            raise
    return ctx.chat.join(room, password=ask_secret(ctx, f"password of {room}: "))


@builtin(aliases=("part",))
def leave(ctx: ShellContext, place: Place | None = None) -> None:
    """Leave a room, or close a private conversation.

    Example: /leave
    Example: /leave #team
    """
    target = place or ctx.need_target()
    if target.startswith("#"):
        ctx.chat.leave(target)
        ctx.shell.heard(m.Exited(target))
    ctx.shell.close(target)


@builtin()
def rooms(ctx: ShellContext) -> str:
    """List the rooms, and what they are about.

    Your own come first, and are marked with a star; then the large ones.

    Example: /rooms
    """
    found = ctx.chat.rooms()
    if not found:
        return "there are no rooms yet; /join #NAME makes one"
    own = set(ctx.shell.conversations)
    shown = sorted(found, key=lambda each: (each.room not in own, -each.members))[:ROWS]
    rows = [("*" if each.room in own else "", each.room, str(each.members), each.topic) for each in shown]
    more = _more(len(found) - len(shown), "/join enters one whose name you know")
    return "\n".join([*format_table([("", "ROOM", "PEOPLE", "TOPIC"), *rows]), *more])


@builtin()
def topic(
    ctx: ShellContext,
    text: Annotated[Text, LedKind(RoomKind(), "TOPIC")] = NOTHING,
    *,
    clear: Annotated[bool, Arg(help="have none")] = False,
) -> str | None:
    """Show what a room is about, or say it.

    Example: /topic
    Example: /topic releases, and what they need
    """
    named, said = lead_of(text), str(text)
    room = ctx.need_room(str(named) if named else None)
    if said or clear:
        if said and clear:
            raise UsageError("give a topic, or --clear, not both")
        hear_own(ctx, room, ctx.chat.set_topic(room, said), "topic", said)
        return None
    now = ctx.chat.topic(room)
    return f"{room} is about: {now}" if now else f"{room} has no topic; /topic TEXT sets one"


# --- people ---------------------------------------------------------------------------------------------------------


@builtin(aliases=("names", "w"))
def who(
    ctx: ShellContext,
    room: InRoom | None = None,
    *,
    everybody: Annotated[bool, Arg(help="all who are online, wherever they are")] = False,
) -> str:
    """List who is in the room, or who is online.

    Example: /who
    Example: /who --everybody
    """
    place = "" if everybody else room or ctx.room
    people = ctx.chat.who(place)
    title = f"{count(len(people), 'person', 'people')} {'in ' + place if place else 'online'}"
    shown = sorted(people, key=lambda each: -ROLES.index(each.role) if each.role in ROLES else 0)[:ROWS]
    rows: list[tuple[str, ...]] = [(each.name, each.role, _state(each, ctx.me)) for each in shown]
    heading: tuple[str, ...] = ("NAME", "ROLE", "STATE")
    if not place:
        heading, rows = ("NAME", "STATE"), [(name, state) for name, _, state in rows]
    more = _more(len(people) - len(shown), "/whois NAME looks for somebody")
    return "\n".join([f"{title}:", *format_table([heading, *rows]), *more])


def _more(number: int, hint: str) -> list[str]:
    """Return the line that tells of what is not shown."""
    return [f"and {number} more; {hint}"] if number else []


def _state(person: Present, me: str) -> str:
    you = "you" if person.name == me else ""
    away = f"away: {person.away}" if person.away else ""
    return ", ".join(filter(None, (you, away)))


@builtin()
def whois(ctx: ShellContext, name: Annotated[Member, Arg(help="whom you want to know of")]) -> str:
    """Tell what is known of somebody.

    That is whether they are here, in which of your rooms, and as what.

    Example: /whois bo
    """
    online = {each.name: each for each in ctx.chat.who()}
    rows = [("here", _presence(online.get(name)))]
    for room in filter(None, ctx.shell.conversations):
        found = _member(ctx, room, name) if room.startswith("#") else None
        if found is not None:
            rows.append((room, found.role or "member"))
            rows += _last_said(ctx, room, name)
    if ctx.shell.ignored and name in ctx.shell.ignored:
        rows.append(("ignored", "yes; /unignore shows again what they say"))
    return "\n".join([f"{name}:", *indented(rows)])


def _presence(person: Present | None) -> str:
    if person is None:
        return "no; what you send waits for them, if there is such a person"
    return f"away: {person.away}" if person.away else "yes"


def _member(ctx: ShellContext, room: str, name: str) -> Present | None:
    return next((each for each in ctx.chat.who(room) if each.name == name), None)


def _last_said(ctx: ShellContext, room: str, name: str) -> list[tuple[str, str]]:
    entry = ctx.shell.last(room, of=name)
    return [("", f"said something {ago(entry.time, milliseconds(ctx))}")] if entry is not None else []


@builtin()
def invite(
    ctx: ShellContext,
    name: Annotated[Member, Arg(help="who is invited (default: a newcomer, by a link)")] | None = None,
    *,
    room: InRoom | None = None,
    uses: Annotated[
        int, CountKind(INVITE_USES, (1, 5, 25)), Arg(help="how many may come in by the link (default: 1)")
    ] = 1,
    expires: Annotated[int, SpanKind(), Arg(help="how long the link is good (default: 24h)")] = DAY,
) -> str:
    """Invite somebody to a room, or a newcomer by a link.

    Without a name, it makes a link by which a newcomer can come in. Who is invited by name may enter once, also a room
    that is for the invited only, or has a password.

    Example: /invite bo
    Example: /invite --uses 5 --expires 7d
    """
    place = room or ctx.room
    if name is not None:
        ctx.chat.invite_to(ctx.need_room(room), name)
        return f"{name} is invited to {place}"
    made = ctx.chat.make_invite(place, uses, expires)
    link = ctx.shell.link(made)
    good = f"good for {count(made.uses, 'person', 'people')}, {until(made.expires, milliseconds(ctx))}"
    if not link:
        return f"the invite is {made.token}\n{good}"
    return f"{link}\n{good}; send it in a way that you trust. They say: libchat join"


# --- what was said --------------------------------------------------------------------------------------------------


@builtin(aliases=("hist",))
def history(
    ctx: ShellContext,
    lines: Annotated[int, CountKind(HISTORY_ENTRIES, (30, 100, 200)), Arg(help="how many")] = 30,
    *,
    in_: Place | None = None,
    before: Annotated[Ref, Arg(help="older than this number")] | None = None,
    after: Annotated[Ref, Arg(help="newer than this number")] | None = None,
    around: Annotated[Ref, Arg(help="about this number")] | None = None,
) -> str | None:
    """Show what was said, with the numbers of the messages.

    Example: /history 100
    Example: /history --in bo --before 120
    """
    target = in_ or ctx.need_target()
    if sum(number is not None for number in (before, after, around)) > 1:
        raise UsageError("give one of --before, --after and --around")
    page = ctx.chat.history(target, before=before, after=after, around=around, limit=lines)
    if not page.entries:
        return f"nothing was said in {target}" + (" there" if before or after or around else " yet")
    more = f"older: /history {lines} --in {target} --before {page.entries[0].seq}" if page.has_more else ""
    ctx.shell.show_entries(f"history of {target}", page.entries, more)
    return None


@builtin(aliases=("find",))
def search(
    ctx: ShellContext,
    words: Annotated[Text, Arg(help='words; "two words" next to each other, begin* for beginnings')],
    *,
    in_: Place | None = None,
    before: Annotated[int, Arg(help="older ones, as an earlier answer says")] | None = None,
) -> str | None:
    """Find messages that have all of the words.

    It looks wherever you may read, and shows the newest last.

    Example: /search release notes
    Example: /search --in #team "release notes"
    """
    found = ctx.chat.search(words, target=in_ or "", before=before)
    if not found.entries:
        return f"nothing was found for {words}" + (f" in {in_}" if in_ else "")
    entries: tuple[Entry, ...] = found.entries[::-1]
    place = f"--in {in_} " if in_ else ""
    more = f"older: /search {place}--before {found.next} {words}" if found.next is not None else ""
    ctx.shell.show_entries(f"found for {words}", entries, more)
    return None
