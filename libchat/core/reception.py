"""What has to do with accounts: what they are asked, and what follows from their answers.

How it works. A command that the accounts must decide becomes a `Verify`, and its session waits: nothing that it says
later is looked at before. What the accounts answer comes back in any order (`answered`), and perhaps to nobody, when
the session is over by then. An account that was made is there all the same: the accounts are the truth about who is
one. So is what is done to them from elsewhere (`changed`).

A name that is asked for is reserved meanwhile, so that nobody has an account made for a name and cannot have it then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from libchat import messages as m
from libchat.claims import (
    Added,
    Admit,
    Answer,
    AskDevices,
    Change,
    Changed,
    Claim,
    Denied,
    Device,
    DevicesFound,
    Granted,
    Invited,
    KeyRevoked,
    NewInvite,
    Removed,
    Request,
    Revoked,
    RevokeDevice,
    SetPassword,
)
from libchat.core import effects as fx
from libchat.core.entries import known_as, person_of
from libchat.core.memberships import Memberships
from libchat.core.registry import Person, Registry, Session
from libchat.errors import Code, Refused
from libchat.limits import INVITE_SECONDS, INVITE_USES, LABEL_CHARACTERS, PASSWORD_CHARACTERS
from libchat.names import Name, parse_name, parse_room
from libchat.records import device_id
from libchat.text import clean_line

Out = list[fx.Effect]


class Door(Protocol):
    """What the router does for it: how sessions come and go."""

    def seat(
        self, session: Session, name: Name, command: m.Register, now: int, out: Out, granted: Granted | None = None
    ) -> None:
        """Give a name to a session. Raises `Refused`."""
        ...

    def depart(self, session: Session, reason: str, out: Out) -> None:
        """End a session."""
        ...


class Reception:
    """Ask the accounts, and carry on with what they say. `admit` is whom the server takes, None if it keeps none."""

    def __init__(self, registry: Registry, door: Door, memberships: Memberships, admit: Admit | None) -> None:
        self._registry = registry
        self._door = door
        self._memberships = memberships
        self._admit = admit
        self._known: set[str] = set()
        """The canonical names of all accounts that are kept; a program may hold names as accounts beside them."""

    @property
    def handlers(self) -> fx.Handlers:
        """What carries out each command of this file."""
        return {
            m.Password: self.set_password,
            m.Devices: self.list_devices,
            m.Revoke: self.revoke,
            m.MakeInvite: self.make_invite,
        }

    @property
    def admit(self) -> Admit:
        """Whom the server takes."""
        return self._admit or "open"

    @property
    def has_accounts(self) -> bool:
        """Whether accounts are kept."""
        return self._admit is not None

    def begin(self, accounts: Iterable[Added]) -> None:
        """Hold the names of the accounts that there are, if they are not held yet."""
        for added in accounts:
            self._known.add(added.name)
            if added.name not in self._registry.people:
                self._registry.hold(parse_name(added.display), is_account=True, is_reserved=True)

    def is_known(self, name: str) -> bool:
        """Return whether a canonical name is an account that is kept."""
        return name in self._known

    def check_free(self, name: Name) -> None:
        """Raise `Refused` if a name is an account that is kept."""
        if name.key in self._known:
            raise Refused(Code.NAME_TAKEN, f"{name} is an account, choose another name", name.display)

    # --- what is asked ----------------------------------------------------------------------------------------------

    def must_ask(self, session: Session, name: Name, command: m.Register) -> bool:
        """Return whether the accounts decide who may have a name. Nobody asks about a program's own participants.

        Raises `Refused` for a password that nobody would look at.
        """
        if self._admit is None:
            if command.password:
                raise Refused(Code.BAD_VALUE, "this server keeps no passwords; take the name without one")
            return False
        if not session.address:
            return False
        _check_password(command.password)
        has_proof = command.password or command.key or command.token
        return bool(has_proof) or self._admit != "open" or name.key in self._known

    def claim(self, session: Session, name: Name, command: m.Register, out: Out) -> None:
        """Ask whether a session may have a name. Raises `Refused` if nobody may, because somebody has it."""
        is_reserved = name.key not in self._known
        if is_reserved:
            self._registry.reserve(name, device_id(command.device))
        session.label = clean_line(command.label)[:LABEL_CHARACTERS]
        claim = Claim(
            name.key,
            name.display,
            command.password,
            command.key,
            command.proof,
            session.nonce,
            session.pin,
            command.device,
            command.token,
            session.label,
            session.address,
        )
        self._ask(session, claim, command, name, out, is_reserved=is_reserved)

    def set_password(self, session: Session, command: m.Password, now: int, out: Out) -> None:
        """Ask for a password to be set. Raises `Refused`."""
        self._check_kept()
        _check_password(command.new)
        name = person_of(session).name
        is_known = name.key in self._known
        if not command.new:
            raise Refused(Code.BAD_VALUE, "the password is empty; think of a longer one")
        if command.old and not is_known:  # or somebody has written a sentence, and its first word is taken
            raise Refused(Code.BAD_VALUE, "you have no password yet: give the new one only")
        has_proven = is_known and (session.has_proven or not session.address) and not command.old
        key, label, address = session.key, session.label, session.address
        request = SetPassword(name.key, name.display, command.new, command.old, has_proven, key, label, address)
        self._ask(session, request, command, name, out)

    def list_devices(self, session: Session, command: m.Devices, now: int, out: Out) -> None:
        """Ask which devices are signed in. Raises `Refused`."""
        name = self._own_account(session)
        self._ask(session, AskDevices(name.key, session.key), command, name, out)

    def revoke(self, session: Session, command: m.Revoke, now: int, out: Out) -> None:
        """Ask for a device to be signed out. Raises `Refused`."""
        name = self._own_account(session)
        self._ask(session, RevokeDevice(name.key, command.device), command, name, out)

    def make_invite(self, session: Session, command: m.MakeInvite, now: int, out: Out) -> None:
        """Ask for an invite. Raises `Refused`."""
        self._check_kept()
        person = person_of(session)
        if not (person.is_account or self._admit == "open"):
            raise Refused(Code.NOT_PERMITTED, "guests cannot invite others here; set a password first")
        if not (1 <= command.uses <= INVITE_USES and 1 <= command.seconds <= INVITE_SECONDS):
            most = f"{INVITE_USES} times and for {INVITE_SECONDS} seconds"
            raise Refused(Code.BAD_VALUE, f"an invite may be used at least once, and at most {most}")
        room = str(parse_room(command.room)) if command.room else ""
        request = NewInvite(person.name.key, room, command.uses, command.seconds)
        self._ask(session, request, command, person.name, out)

    def _ask(
        self, session: Session, request: Request, command: m.Command, name: Name, out: Out, *, is_reserved: bool = False
    ) -> None:
        session.is_waiting = True
        out.append(fx.Verify(session, request, command, name, is_reserved))

    def _check_kept(self) -> None:
        if self._admit is None:
            raise Refused(Code.NOT_PERMITTED, "this server keeps no accounts")

    def _own_account(self, session: Session) -> Name:
        self._check_kept()
        person = person_of(session)
        if not person.is_account:
            raise Refused(Code.NOT_PERMITTED, "a guest has no devices; set a password first")
        return person.name

    # --- what is answered -------------------------------------------------------------------------------------------

    def answered(self, verify: fx.Verify, answer: Answer, now: int, out: Out) -> None:
        """Append to `out` what follows from an answer. Raises `Refused` if it was a refusal."""
        session, name = verify.session, verify.name
        session.is_waiting = False
        if verify.is_reserved:
            self._registry.unreserve(name)
        cid: str = getattr(verify.command, "cid", "")
        match answer:
            case Denied():
                raise Refused(answer.code, answer.reason, name.display)
            case Granted():
                self._grant(verify, answer, now, out)
            case Changed():
                self._set(session, name, now, out)
                out.append(fx.Reply(session, m.Done(cid, f"the password of {name} is set")))
            case DevicesFound():
                out.append(fx.Reply(session, m.DeviceList(tuple(map(_told, answer.devices)), cid)))
            case Revoked():
                out.append(fx.Reply(session, m.Done(cid, "the device is signed out")))
                self._end_key(name.key, answer.key, out)
            case Invited():
                made = m.InviteMade(answer.token, answer.room, answer.uses, answer.expires, cid)
                out.append(fx.Reply(session, made))

    def _grant(self, verify: fx.Verify, granted: Granted, now: int, out: Out) -> None:
        session, name, command = verify.session, verify.name, verify.command
        assert isinstance(command, m.Register)
        device = device_id(command.device)
        if granted.is_account:
            self._hold(name, device, now, out)
        if session.is_over:
            return
        if not granted.is_account and name.key in self._known:
            raise Refused(Code.PASSWORD_NEEDED, f"{name} has become an account: give its password", name.display)
        session.account = name.key if granted.is_account else ""
        try:
            self._door.seat(session, name, command, now, out, granted)
        except Refused:
            session.account = ""
            raise
        session.key, session.has_proven = granted.key, granted.has_proven

    def _hold(self, name: Name, device: str, now: int, out: Out) -> None:
        """Have a name held as an account. A guest who has it is sent away, unless it is the same device."""
        self._known.add(name.key)
        person = self._registry.people.get(name.key)
        if person is not None and not person.is_account:
            if device and any(each.device == device for each in person.audience):
                self._promote(person, out)
                return
            for session in person.audience:
                self._end(session, f"{name} is an account now: come back with its password, or by another name", out)
            person = None
        if person is None:
            person = self._registry.hold(name, is_account=True, is_reserved=True)
            person.mailbox.claim(device, now)
            out.append(fx.Note(known_as(person.mailbox, device, is_account=True)))

    def _set(self, session: Session, name: Name, now: int, out: Out) -> None:
        """Make a guest an account, if it is none; a guest who has left by now, too."""
        person = session.person
        if person is None:
            self._hold(name, session.device, now, out)
            return
        self._known.add(name.key)
        session.has_proven = True
        if not person.is_account:
            self._promote(person, out)

    def _promote(self, person: Person, out: Out) -> None:
        """Make a guest an account: it keeps its rooms, and what waits for it."""
        person.is_account = True
        for device in {each.device: None for each in person.audience} or {"": None}:
            out.append(fx.Note(known_as(person.mailbox, device, is_account=True)))
        for room in person.rooms.values():
            room.refresh()
            out.append(fx.Note(self._memberships.fact_of(person, room)))
        for each in person.audience:
            each.account = person.name.key
            if each.has_acks:
                out.append(fx.Reply(each, m.Registered(person.name.display, is_account=True)))

    # --- what happened elsewhere ------------------------------------------------------------------------------------

    def changed(self, change: Change, now: int, out: Out) -> None:
        """Append to `out` what follows from what another program did to the accounts."""
        match change:
            case Added():
                self._hold(parse_name(change.display), "", now, out)
            case Removed():
                self._remove(change.name, out)
            case KeyRevoked():
                self._end_key(change.name, change.key, out)

    def _remove(self, name: str, out: Out) -> None:
        self._known.discard(name)
        person = self._registry.people.get(name)
        if person is None or not person.is_account:
            return
        person.is_account = False
        out.append(fx.Note(known_as(person.mailbox, "", is_account=False)))
        for room in list(person.rooms.values()):
            out += self._memberships.end(person, room, "")
            out.append(fx.Note(self._memberships.fact_of(person, room)))
        for session in person.audience:
            self._end(session, f"the account {person.name} was removed", out)
        if self._registry.people.get(name) is person:
            self._registry.release(person)

    def _end_key(self, name: str, key: str, out: Out) -> None:
        """End the sessions of an account that have come with a key."""
        person = self._registry.people.get(name)
        for session in person.audience if person is not None else ():
            if key and session.key == key:
                self._end(session, "this device was signed out", out)

    def _end(self, session: Session, reason: str, out: Out) -> None:
        self._door.depart(session, "", out)
        out.append(fx.Close(session, m.Bye(reason, is_final=True)))


def _check_password(password: str) -> None:
    if len(password) > PASSWORD_CHARACTERS:
        raise Refused(Code.BAD_VALUE, f"a password has {PASSWORD_CHARACTERS} characters at most")


def _told(device: Device) -> m.DeviceInfo:
    return m.DeviceInfo(device.id, device.label, device.added, device.seen, device.is_current)
