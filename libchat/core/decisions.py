"""What owners and operators decide about their rooms: kicks, bans, mutes, roles, settings and invitations.

How it works. A decision is checked (`libchat.core.authority`), noted in the room as under way, and sent to the log with
a line of the audit, all of it or nothing (`fx.Decide`). When the log has it, it counts, and everybody is told; if the
log cannot store it, nothing has changed. What the room is meanwhile, `libchat.core.moderation` says. Who was put out
hears nothing more of the room, not even what was said to them before and is under way (`Room.deaf`), until they enter
it again.

Of guests the log learns no roles: they end with the session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core import moderation
from libchat.core.authority import (
    acting,
    audit_of,
    called,
    check,
    fitting,
    going,
    highest,
    lasting,
    member_of,
    place,
    room_is,
    settings_in_words,
    taken_back,
    until_of,
    why_not,
)
from libchat.core.happenings import Happenings
from libchat.core.members import Members
from libchat.core.memberships import Memberships
from libchat.core.moderation import Change, Invitation, fits, is_over, mask_of, parse_mask
from libchat.core.offline import OfflineQueue
from libchat.core.registry import Person, Registry, Session
from libchat.core.roles import ROLES, Rank, may_grant, rank_of
from libchat.core.rooms import Room
from libchat.errors import Code, Refused
from libchat.limits import INVITATION_SECONDS, PASSWORD_CHARACTERS, ROOM_BANS, ROOM_MUTES
from libchat.names import parse_name
from libchat.records import Audit, Failure, Member, Outcome, RoomBan, RoomMute, RoomSettings
from libchat.text import check_note

Out = list[fx.Effect]
_STORED: Final = (RoomSettings, RoomBan, RoomMute)


class Decisions:
    """Decide what is changed in rooms. `new_salt` returns another random text each time."""

    def __init__(
        self,
        registry: Registry,
        offline: OfflineQueue,
        members: Members,
        memberships: Memberships,
        new_salt: Callable[[], str],
        happenings: Happenings,
    ) -> None:
        self._registry = registry
        self._offline = offline
        self._members = members
        self._memberships = memberships
        self._new_salt = new_salt
        self._happenings = happenings

    @property
    def handlers(self) -> fx.Handlers:
        """What carries out each command of this file."""
        return {
            m.Kick: self.kick,
            m.Ban: self.ban,
            m.Unban: self.unban,
            m.Bans: self.list_bans,
            m.Mute: self.mute,
            m.Unmute: self.unmute,
            m.Grant: self.grant,
            m.SetRoom: self.set_room,
            m.Invite: self.invite,
        }

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
                self._change_member(room, change, decide, out)
            elif isinstance(change, Invitation):
                room.invite(change.name, change.until)
        gone = {change.name for change in counting if isinstance(change, Member) and not change.is_in}
        for delivery in decide.told:
            if isinstance(delivery, fx.Deliver) and isinstance(delivery.event, m.Kicked):
                if parse_name(delivery.event.name).key not in gone:
                    continue  # they have left by themselves meanwhile, and hear all that was said until then
                self._happenings.note(delivery.event)
            out.append(delivery)

    def _change_member(self, room: Room, change: Member, decide: fx.Decide, out: Out) -> None:
        person = room.members[change.name]
        if not change.is_in:
            for told in decide.told:
                if not isinstance(told, fx.Deliver) or not isinstance(told.event, m.Kicked):
                    continue
                if told.event.name == person.name.display:
                    self._tell_late(person, room, told, told.event, out)
            room.returning.pop(change.name, None)
            room.invited.pop(change.name, None)
            sessions = person.audience
            room.deaf.update(sessions)
            out += self._memberships.put_out(person, room)
            out.append(fx.Hear(room, sessions))
        if person.is_account and not any(
            change is fact for fact in decide.facts
        ):  # a guest has set a password meanwhile
            out.append(fx.Note(self._memberships.fact_of(person, room)))

    def _tell_late(self, person: Person, room: Room, told: fx.Deliver, kicked: m.Kicked, out: Out) -> None:
        """Have those hear of a kick who came while it was under way: devices of an account when they sign in."""
        if person.is_account:
            person.was_kicked(room.conversation, kicked)
        else:  # a connection that has taken over from a lost one
            out += [fx.Reply(each, kicked) for each in person.audience if each not in told.recipients]

    # --- decisions --------------------------------------------------------------------------------------------------

    def kick(self, session: Session, command: m.Kick, now: int, out: Out) -> None:
        """Put somebody out."""
        person, room = place(session, command.room)
        other = member_of(room, command.name)
        check("kick", person, room, other)
        reason, name = check_note(command.reason), other.name.display
        kicked = m.Kicked(str(room.name), name, person.name.display, reason)
        told = [fx.Deliver(room.audience, kicked, session)]
        audit = audit_of(now, person, room, "kick", name, reason)
        self._decide(
            session, room, [going(room, other)], audit, told, f"{name} is put out of {room.name}", command, out
        )

    def ban(self, session: Session, command: m.Ban, now: int, out: Out) -> None:
        """Keep somebody out, and put out who fits."""
        person, room = place(session, command.room)
        check("ban", person, room)
        until, reason = until_of(command.seconds, now), check_note(command.reason)
        masks = self._masks(command)
        changes: list[Change] = [taken_back(ban) for ban in room.ahead.bans.values() if is_over(ban.until, now)]
        if len(room.ahead.bans) - len(changes) + len(set(masks) - set(room.ahead.bans)) > ROOM_BANS:
            raise Refused(Code.TOO_MANY, f"{room.name} has {ROOM_BANS} bans already; take one back", str(room.name))
        by = person.name.display
        banned = [RoomBan(room.conversation, str(room.name), mask, by, now, until, reason) for mask in masks]
        gone = fitting(person, room, masks)
        told = [
            fx.Deliver(room.audience, m.Kicked(str(room.name), other.name.display, by, reason or "banned"), session)
            for other in gone
        ]
        changes += [*banned, *(going(room, other) for other in gone)]
        shown = ", ".join(masks)
        audit = audit_of(now, person, room, "ban", shown, lasting(command.seconds, reason))
        self._decide(session, room, changes, audit, told, f"{shown} is banned from {room.name}", command, out)

    def unban(self, session: Session, command: m.Unban, now: int, out: Out) -> None:
        """Take a ban back."""
        person, room = place(session, command.room)
        check("ban", person, room)
        mask = parse_mask(command.mask)
        ban = room.ahead.bans.get(mask)
        if ban is None:
            raise Refused(Code.NO_SUCH_NAME, f"{mask} is not banned from {room.name}; list the bans", mask)
        audit = audit_of(now, person, room, "unban", mask)
        words = f"{mask} may enter {room.name} again"
        self._decide(session, room, [taken_back(ban)], audit, [], words, command, out)

    def list_bans(self, session: Session, command: m.Bans, now: int, out: Out) -> None:
        """Tell who is banned and muted: when the answer comes, what is under way now is through."""
        person, room = place(session, command.room)
        check("list", person, room)
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
        person, room = place(session, command.room)
        name = parse_name(command.name)
        check("mute", person, room, name)
        until, reason = until_of(command.seconds, now), check_note(command.reason)
        changes: list[Change] = [taken_back(mute) for mute in room.ahead.mutes.values() if is_over(mute.until, now)]
        if len(room.ahead.mutes) - len(changes) + (name.key not in room.ahead.mutes) > ROOM_MUTES:
            raise Refused(Code.TOO_MANY, f"{ROOM_MUTES} are muted in {room.name} already; unmute one", str(room.name))
        by, shown = person.name.display, str(room.name)
        changes.append(RoomMute(room.conversation, shown, name.key, by, now, until, reason))
        told = [fx.Deliver(room.audience, m.Muted(shown, name.display, by, until, reason), session)]
        audit = audit_of(now, person, room, "mute", name.display, lasting(command.seconds, reason))
        self._decide(session, room, changes, audit, told, f"{name} is muted in {room.name}", command, out)

    def unmute(self, session: Session, command: m.Unmute, now: int, out: Out) -> None:
        """Have somebody speak again."""
        person, room = place(session, command.room)
        name = parse_name(command.name)
        check("mute", person, room, name)
        mute = room.ahead.mutes.get(name.key)
        if mute is None:
            raise Refused(Code.NO_SUCH_NAME, f"{name} is not muted in {room.name}", name.display)
        told = [fx.Deliver(room.audience, m.Unmuted(str(room.name), name.display, person.name.display), session)]
        audit = audit_of(now, person, room, "unmute", name.display)
        words = f"{name} may speak in {room.name} again"
        self._decide(session, room, [taken_back(mute)], audit, told, words, command, out)

    def grant(self, session: Session, command: m.Grant, now: int, out: Out) -> None:
        """Give a member a role, or take it."""
        person, room = place(session, command.room)
        if command.role not in ROLES:
            raise Refused(
                Code.BAD_VALUE, "a role is `owner`, `operator`, `voice`, or empty for none", command.role[:32]
            )
        other, role = member_of(room, command.name), rank_of(command.role)
        is_self = other is person
        theirs = room.rank(other.name.key) if is_self else highest(room, other.name.key)
        is_only = theirs is Rank.OWNER and len(room.ahead.owners()) <= 1
        if not may_grant(acting(room, person), theirs, role, is_self=is_self, is_only_owner=is_only):
            raise Refused(Code.NOT_PERMITTED, why_not(room, is_self=is_self, is_only=is_only), str(room.name))
        name, by = other.name.display, person.name.display
        change = Member(room.conversation, str(room.name), other.name.key, command.role)
        told = [fx.Deliver(room.audience, m.Granted(str(room.name), name, command.role, by), session)]
        audit = audit_of(now, person, room, "grant", name, command.role or "member")
        words = f"{name} is {called(command.role)} of {room.name}"
        self._decide(session, room, [change], audit, told, words, command, out)

    def set_room(self, session: Session, command: m.SetRoom, now: int, out: Out) -> None:
        """Set how a room is, or tell how it is."""
        person, room = place(session, command.room)
        password = command.password
        flags = (command.invite_only, command.moderated, command.secret, command.open_topic)
        if password is None and all(flag is None for flag in flags):
            out.append(fx.Reply(session, room_is(room, room.rules.settings, "", command.cid)))
            return
        check("set", person, room)
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
        words = settings_in_words(fact)
        now_so = moderation.changed(room.ahead, fact).settings
        told = [fx.Deliver(room.audience, room_is(room, now_so, person.name.display), session)]
        audit = audit_of(now, person, room, "set", "", words)
        self._decide(session, room, [fact], audit, told, f"{room.name}: {words}", command, out)

    def invite(self, session: Session, command: m.Invite, now: int, out: Out) -> None:
        """Have somebody enter once, and tell them."""
        person, room = place(session, command.room)
        settings = (room.rules.settings, room.ahead.settings)
        is_shut = any(each.invite_only or each.password for each in settings)
        check("set" if is_shut else "invite", person, room)
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
        audit = audit_of(now, person, room, "invite", name.display)
        changes = [Invitation(name.key, now + INVITATION_SECONDS * 1000)]
        self._decide(session, room, changes, audit, told, f"{name} is invited to {room.name}", command, out)

    # --- what they share --------------------------------------------------------------------------------------------

    def _masks(self, command: m.Ban) -> list[str]:
        if not command.by_address:
            return [parse_mask(command.mask)]
        name = parse_name(command.mask)
        person = self._registry.people.get(name.key)
        masks = {mask_of(session.address) for session in (person.audience if person is not None else ())} - {""}
        if not masks:
            raise Refused(Code.NO_SUCH_NAME, f"{name} comes from no address now; ban the name", name.display)
        return sorted(masks)

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
