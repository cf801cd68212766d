"""How order is kept in rooms: who is let in, and what owners and operators decide.

How it works. A decision is checked, noted in the room as under way, and sent to the log with a line of the audit, all
of it or nothing (`fx.Decide`). When the log has it, it counts, and everybody is told; if the log cannot store it,
nothing has changed. What the room is meanwhile, `libchat.core.moderation` says. Who was put out hears nothing more of
the room, not even what was said to them before and is under way (`Room.deaf`), until they enter it again.

Of guests the log learns no roles: they end with the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, TypeVar

from msgspec.structs import replace

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core import moderation
from libchat.core.entries import own_room, person_of
from libchat.core.members import Members
from libchat.core.moderation import Change, Invitation, fits, is_network, is_over, mask_of, parse_mask
from libchat.core.offline import OfflineQueue
from libchat.core.registry import Person, Registry, Session
from libchat.core.roles import ROLES, Action, Rank, check_may, effective, may_grant, rank_of
from libchat.core.rooms import Room, Rooms
from libchat.errors import Code, Refused
from libchat.limits import BAN_SECONDS, INVITATION_SECONDS, PASSWORD_CHARACTERS, ROOM_BANS, ROOM_MUTES
from libchat.names import Name, RoomName, parse_name, parse_room
from libchat.records import Audit, Fact, Failure, Member, Outcome, RoomBan, RoomEnd, RoomMute, RoomSettings
from libchat.text import check_note

Out = list[fx.Effect]
Ruling = TypeVar("Ruling", RoomBan, RoomMute)
_STORED: Final = (RoomSettings, RoomBan, RoomMute)


class Warden(Protocol):
    """What the router does for it."""

    def put_out(self, person: Person, room: Room) -> list[fx.Effect]:
        """Take a person out of a room, without anybody being told."""
        ...

    def membership(self, person: Person, room: Room) -> Member:
        """Return what the log has to know of an account in a room."""
        ...


class Order:
    """Decide who is let into rooms, and what is changed in them. `new_salt` returns another random text each time."""

    def __init__(
        self,
        registry: Registry,
        rooms: Rooms,
        offline: OfflineQueue,
        members: Members,
        warden: Warden,
        new_salt: Callable[[], str],
    ) -> None:
        self._registry = registry
        self._rooms = rooms
        self._offline = offline
        self._members = members
        self._warden = warden
        self._new_salt = new_salt
        self._unended: set[str] = set()
        """The conversations of rooms that have ended, which the log could not be told."""

    # --- coming and going -------------------------------------------------------------------------------------------

    def admit(self, session: Session, room: Room, password: str, now: int) -> None:
        """Raise `Refused` unless somebody may enter a room that there is. An invitation is used up by that."""
        name = person_of(session).name
        if name.key in room.members:
            if name.key in room.ahead.leaving:
                raise Refused(Code.BUSY, f"you are just being put out of {room.name}; try again", str(room.name))
            return
        may_return = bool(session.device) and room.returning.get(name.key) == session.device
        is_invited = may_return or room.invited.get(name.key, 0) > now
        for rules in (room.rules, room.ahead):
            moderation.check_entry(rules, str(room.name), name, session.address, password, now, is_invited=is_invited)
        room.invited.pop(name.key, None)
        room.returning.pop(name.key, None)

    def is_hidden(self, room: Room, person: Person) -> bool:
        """Return whether somebody is not to know of a room."""
        is_secret = room.rules.settings.secret or room.ahead.settings.secret
        return is_secret and person.name.key not in room.members

    def lost(self, person: Person, room: Room, device: str) -> None:
        """Notice that a guest's connection is lost in a room: they may come back to it."""
        if device and person.name.key not in room.ahead.leaving:
            room.let_return(person.name.key, device)

    def begun(self, room: RoomName) -> list[fx.Effect]:
        """Return what has to be done because a room is made: nothing of an earlier one may be left."""
        conversation = "#" + room.key
        if conversation not in self._unended:
            return []
        self._unended.discard(conversation)
        return [fx.EndRoom(RoomEnd(conversation))]

    def ended(self, room: Room) -> list[fx.Effect]:
        """Return what has to be done because somebody has left a room, and it may have ended with that."""
        if not room.is_ruled or self._rooms.get(room.name) is room:
            return []
        return [fx.EndRoom(RoomEnd(room.conversation))]

    def not_ended(self, end: fx.EndRoom) -> None:
        """Notice that the log could not be told that a room has ended."""
        self._unended.add(end.fact.conversation)

    # --- from the log -----------------------------------------------------------------------------------------------

    def decided(self, decide: fx.Decide, outcomes: Sequence[Outcome], out: Out) -> None:
        """Append to `out` what follows from the log's answer to a decision."""
        room = decide.room
        failure = next((outcome for outcome in outcomes if isinstance(outcome, Failure)), None)
        counting = room.settle(decide.changes, is_stored=failure is None)
        if failure is not None:
            reason = f"nothing was changed: {failure.reason}"
            failed = m.Failed(Code.UNAVAILABLE, reason, str(room.name), decide.cid)
            out.append(fx.Reply(decide.session, failed))
            return
        for fact in decide.facts:
            if isinstance(fact, Member):
                self._members.stored(fact)
        for change in counting:
            if isinstance(change, Member):
                self._change_member(room, change, decide.facts, out)
            elif isinstance(change, Invitation):
                room.invite(change.name, change.until)
        out += decide.told

    def _change_member(self, room: Room, change: Member, stored: tuple[Fact, ...], out: Out) -> None:
        person = room.members[change.name]
        if not change.is_in:
            room.returning.pop(change.name, None)
            room.invited.pop(change.name, None)
            sessions = person.audience
            room.deaf.update(sessions)
            out += self._warden.put_out(person, room)
            out.append(fx.Hear(room, sessions))
        if person.is_account and not any(change is fact for fact in stored):  # a guest has set a password meanwhile
            out.append(fx.Note(self._warden.membership(person, room)))

    # --- decisions --------------------------------------------------------------------------------------------------

    def kick(self, session: Session, command: m.Kick, now: int, out: Out) -> None:
        """Put somebody out."""
        person, room = self._place(session, command.room)
        other = self._member(room, command.name)
        self._check("kick", person, room, other)
        reason, name = check_note(command.reason), other.name.display
        kicked = m.Kicked(str(room.name), name, person.name.display, reason)
        told = [fx.Deliver(room.audience, kicked, session)]
        audit = self._audit(now, person, room, "kick", name, reason)
        self._decide(session, room, [_out(room, other)], audit, told, f"{name} is put out of {room.name}", command, out)

    def ban(self, session: Session, command: m.Ban, now: int, out: Out) -> None:
        """Keep somebody out, and put out who fits."""
        person, room = self._place(session, command.room)
        self._check("ban", person, room)
        until, reason = _until(command.seconds, now), check_note(command.reason)
        masks = self._masks(command)
        changes: list[Change] = [_taken_back(ban) for ban in room.ahead.bans.values() if is_over(ban.until, now)]
        if len(room.ahead.bans) - len(changes) + len(set(masks) - set(room.ahead.bans)) > ROOM_BANS:
            raise Refused(Code.TOO_MANY, f"{room.name} has {ROOM_BANS} bans already; take one back", str(room.name))
        by = person.name.display
        banned = [RoomBan(room.conversation, str(room.name), mask, by, now, until, reason) for mask in masks]
        gone = self._fitting(person, room, masks)
        told = [
            fx.Deliver(room.audience, m.Kicked(str(room.name), other.name.display, by, reason or "banned"), session)
            for other in gone
        ]
        changes += [*banned, *(_out(room, other) for other in gone)]
        shown = ", ".join(masks)
        audit = self._audit(now, person, room, "ban", shown, _lasting(command.seconds, reason))
        self._decide(session, room, changes, audit, told, f"{shown} is banned from {room.name}", command, out)

    def unban(self, session: Session, command: m.Unban, now: int, out: Out) -> None:
        """Take a ban back."""
        person, room = self._place(session, command.room)
        self._check("ban", person, room)
        mask = parse_mask(command.mask)
        ban = room.ahead.bans.get(mask)
        if ban is None:
            raise Refused(Code.NO_SUCH_NAME, f"{mask} is not banned from {room.name}; list the bans", mask)
        audit = self._audit(now, person, room, "unban", mask)
        words = f"{mask} may enter {room.name} again"
        self._decide(session, room, [_taken_back(ban)], audit, [], words, command, out)

    def list_bans(self, session: Session, command: m.Bans, now: int, out: Out) -> None:
        """Tell who is banned and muted: when the answer comes, what is under way now is through."""
        person, room = self._place(session, command.room)
        self._check("list", person, room)
        bans = tuple(
            m.BanInfo(mask, ban.by, ban.made, ban.until, ban.reason)
            for mask, ban in sorted(room.ahead.bans.items())
            if not is_over(ban.until, now)
        )
        mutes = tuple(
            m.BanInfo(name, mute.by, mute.made, mute.until, mute.reason)
            for name, mute in sorted(room.ahead.mutes.items())
            if not is_over(mute.until, now)
        )
        out.append(fx.Reply(session, m.BanList(str(room.name), bans, mutes, command.cid)))

    def mute(self, session: Session, command: m.Mute, now: int, out: Out) -> None:
        """Have somebody not speak. They need not be here."""
        person, room = self._place(session, command.room)
        name = parse_name(command.name)
        self._check("mute", person, room, name)
        until, reason = _until(command.seconds, now), check_note(command.reason)
        changes: list[Change] = [_taken_back(mute) for mute in room.ahead.mutes.values() if is_over(mute.until, now)]
        if len(room.ahead.mutes) - len(changes) + (name.key not in room.ahead.mutes) > ROOM_MUTES:
            raise Refused(Code.TOO_MANY, f"{ROOM_MUTES} are muted in {room.name} already; unmute one", str(room.name))
        by, shown = person.name.display, str(room.name)
        changes.append(RoomMute(room.conversation, shown, name.key, by, now, until, reason))
        told = [fx.Deliver(room.audience, m.Muted(shown, name.display, by, until, reason), session)]
        audit = self._audit(now, person, room, "mute", name.display, _lasting(command.seconds, reason))
        self._decide(session, room, changes, audit, told, f"{name} is muted in {room.name}", command, out)

    def unmute(self, session: Session, command: m.Unmute, now: int, out: Out) -> None:
        """Have somebody speak again."""
        person, room = self._place(session, command.room)
        name = parse_name(command.name)
        self._check("mute", person, room, name)
        mute = room.ahead.mutes.get(name.key)
        if mute is None:
            raise Refused(Code.NO_SUCH_NAME, f"{name} is not muted in {room.name}", name.display)
        told = [fx.Deliver(room.audience, m.Unmuted(str(room.name), name.display, person.name.display), session)]
        audit = self._audit(now, person, room, "unmute", name.display)
        words = f"{name} may speak in {room.name} again"
        self._decide(session, room, [_taken_back(mute)], audit, told, words, command, out)

    def grant(self, session: Session, command: m.Grant, now: int, out: Out) -> None:
        """Give a member a role, or take it."""
        person, room = self._place(session, command.room)
        if command.role not in ROLES:
            raise Refused(
                Code.BAD_VALUE, "a role is `owner`, `operator`, `voice`, or empty for none", command.role[:32]
            )
        other, role = self._member(room, command.name), rank_of(command.role)
        is_self = other is person
        theirs = room.rank(other.name.key) if is_self else _highest(room, other.name.key)
        is_only = theirs is Rank.OWNER and len(room.ahead.owners()) <= 1
        if not may_grant(_acting(room, person), theirs, role, is_self=is_self, is_only_owner=is_only):
            raise Refused(Code.NOT_PERMITTED, _why_not(room, is_self=is_self, is_only=is_only), str(room.name))
        name, by = other.name.display, person.name.display
        change = Member(room.conversation, str(room.name), other.name.key, command.role)
        told = [fx.Deliver(room.audience, m.Granted(str(room.name), name, command.role, by), session)]
        audit = self._audit(now, person, room, "grant", name, command.role or "member")
        words = f"{name} is {_called(command.role)} of {room.name}"
        self._decide(session, room, [change], audit, told, words, command, out)

    def set_room(self, session: Session, command: m.SetRoom, now: int, out: Out) -> None:
        """Set how a room is."""
        person, room = self._place(session, command.room)
        self._check("set", person, room)
        password = command.password
        if password is not None and len(password) > PASSWORD_CHARACTERS:
            raise Refused(Code.BAD_VALUE, f"a password has {PASSWORD_CHARACTERS} characters at most")
        fact = RoomSettings(
            room.conversation,
            str(room.name),
            command.invite_only,
            moderation.hash_password(password, self._new_salt()) if password is not None else None,
            command.moderated,
            command.secret,
            command.open_topic,
        )
        words = _settings_in_words(fact)
        if not words:
            raise Refused(Code.BAD_VALUE, "say what to set: invite_only, password, moderated, secret or open_topic")
        now_so = moderation.changed(room.ahead, fact).settings
        told = [fx.Deliver(room.audience, _room_is(room, now_so, person.name.display), session)]
        audit = self._audit(now, person, room, "set", "", words)
        self._decide(session, room, [fact], audit, told, f"{room.name}: {words}", command, out)

    def invite(self, session: Session, command: m.Invite, now: int, out: Out) -> None:
        """Have somebody enter once, and tell them."""
        person, room = self._place(session, command.room)
        settings = (room.rules.settings, room.ahead.settings)
        is_shut = any(each.invite_only or each.password for each in settings)
        self._check("set" if is_shut else "invite", person, room)
        name = parse_name(command.name)
        other = self._registry.people.get(name.key)
        if name.key in room.members:
            raise Refused(Code.NAME_TAKEN, f"{name} is in {room.name} already", name.display)
        if other is None and self._offline.find(name) is None:
            raise Refused(Code.NO_SUCH_NAME, f"nobody here was ever called {name}; `who` lists who is", name.display)
        if any(fits(ban.mask, name, ()) for ban in room.ahead.bans.values() if not is_over(ban.until, now)):
            raise Refused(Code.BANNED, f"{name} is banned from {room.name}; take the ban back first", name.display)
        told = []
        if other is not None and other.audience:
            told.append(fx.Deliver(other.audience, m.Invited(str(room.name), person.name.display)))
        audit = self._audit(now, person, room, "invite", name.display)
        changes = [Invitation(name.key, now + INVITATION_SECONDS * 1000)]
        self._decide(session, room, changes, audit, told, f"{name} is invited to {room.name}", command, out)

    # --- what they share --------------------------------------------------------------------------------------------

    def _place(self, session: Session, room: str) -> tuple[Person, Room]:
        """Return who decides, and the room. Raises `Refused` if they are not in it."""
        person = person_of(session)
        own = own_room(person, parse_room(room))
        if person.name.key in own.ahead.leaving:
            raise Refused(Code.NOT_IN_ROOM, f"you are not in {own.name} any more; join it again", str(own.name))
        return person, own

    def _member(self, room: Room, name: str) -> Person:
        parsed = parse_name(name)
        person = room.members.get(parsed.key)
        if person is None:
            raise Refused(Code.NO_SUCH_NAME, f"{parsed} is not in {room.name}", parsed.display)
        return person

    def _check(self, action: Action, person: Person, room: Room, other: Person | Name | None = None) -> None:
        """Raise `Refused` unless somebody may do something, to another one who is not themselves."""
        rank, shown = _acting(room, person), str(room.name)
        if other is None:
            check_may(action, rank, shown)
            return
        name = other.name if isinstance(other, Person) else other
        check_may(action, rank, shown)
        if name.key == person.name.key:
            raise Refused(Code.TO_YOURSELF, "you cannot do that to yourself; `leave` takes you out", name.display)
        check_may(action, rank, shown, name.display, _highest(room, name.key))

    def _masks(self, command: m.Ban) -> list[str]:
        if not command.by_address:
            return [parse_mask(command.mask)]
        name = parse_name(command.mask)
        person = self._registry.people.get(name.key)
        masks = {mask_of(session.address) for session in (person.audience if person is not None else ())} - {""}
        if not masks:
            raise Refused(Code.NO_SUCH_NAME, f"{name} comes from no address now; ban the name", name.display)
        return sorted(masks)

    def _fitting(self, person: Person, room: Room, masks: Iterable[str]) -> list[Person]:
        """Return the members whom masks put out. An address puts out those of lower roles only."""
        rank, found = _acting(room, person), []
        for other in list(room.members.values()):
            addresses = [session.address for session in other.audience]
            fitting = [mask for mask in masks if fits(mask, other.name, addresses)]
            if not fitting:
                continue
            if rank > _highest(room, other.name.key) and other is not person:
                found.append(other)
            elif not all(map(is_network, fitting)):
                self._check("ban", person, room, other)
        return found

    def _audit(self, now: int, person: Person, room: Room, action: str, subject: str = "", reason: str = "") -> Audit:
        return Audit(now, person.name.display, action, str(room.name), subject, reason)

    def _decide(
        self,
        session: Session,
        room: Room,
        changes: Sequence[Change],
        audit: Audit,
        told: Sequence[fx.Delivery],
        words: str,
        command: m.Command,
        out: Out,
    ) -> None:
        """Have something decided. Of guests, the log need not know."""
        people = self._registry.people
        facts = [
            change
            for change in changes
            if isinstance(change, _STORED) or (isinstance(change, Member) and people[change.name].is_account)
        ]
        room.expect(changes)
        room.is_ruled = room.is_ruled or any(isinstance(fact, _STORED) for fact in facts)
        cid: str = getattr(command, "cid", "")
        done = fx.Reply(session, m.Done(cid, words))
        out.append(fx.Decide(session, room, tuple(changes), (*facts, audit), cid, (*told, done)))


def _taken_back(fact: Ruling) -> Ruling:
    """Return that a ban or a mute is over."""
    return replace(fact, is_on=False)


def _out(room: Room, person: Person) -> Member:
    return Member(room.conversation, str(room.name), person.name.key, is_in=False)


def _acting(room: Room, person: Person) -> Rank:
    """Return as what somebody acts in a room."""
    has_owner = bool(room.rules.owners() or room.ahead.owners())
    return effective(room.rank(person.name.key), has_owner=has_owner)


def _highest(room: Room, name: str) -> Rank:
    """Return the rank of a canonical name, as which it is protected: the higher one, if it is just being changed."""
    return max(room.rules.rank(name), room.ahead.rank(name))


def _until(seconds: int, now: int) -> int:
    if not 0 <= seconds <= BAN_SECONDS:
        raise Refused(Code.BAD_VALUE, f"it lasts {BAN_SECONDS} seconds at most, or, with 0, until it is taken back")
    return now + seconds * 1000 if seconds else 0


def _lasting(seconds: int, reason: str) -> str:
    return ": ".join(filter(None, (f"for {seconds} s" if seconds else "", reason)))


def _called(role: str) -> str:
    return {"": "a plain member", "voice": "a voice"}.get(role, f"an {role}")


def _why_not(room: Room, *, is_self: bool, is_only: bool) -> str:
    if is_self and is_only:
        return f"you are the only owner of {room.name}: name another one first"
    if is_self:
        return f"one gives oneself no role; ask an owner of {room.name}"
    return f"in {room.name} owners make operators and owners, operators give a voice, each to those of lower roles"


def _settings_in_words(fact: RoomSettings) -> str:
    said = []
    for key in ("invite_only", "moderated", "secret", "open_topic"):
        value = getattr(fact, key)
        if value is not None:
            said.append(f"{key.replace('_', '-')} {'on' if value else 'off'}")
    if fact.password is not None:
        said.append("password set" if fact.password else "no password")
    return ", ".join(said)


def _room_is(room: Room, settings: moderation.Settings, by: str) -> m.RoomIs:
    return m.RoomIs(
        str(room.name),
        settings.invite_only,
        bool(settings.password),
        settings.moderated,
        settings.secret,
        settings.open_topic,
        by,
    )


HANDLERS: Final[dict[type[m.Command], Callable[..., None]]] = {  # each takes the command of its own type
    m.Kick: Order.kick,
    m.Ban: Order.ban,
    m.Unban: Order.unban,
    m.Bans: Order.list_bans,
    m.Mute: Order.mute,
    m.Unmute: Order.unmute,
    m.Grant: Order.grant,
    m.SetRoom: Order.set_room,
    m.Invite: Order.invite,
}
