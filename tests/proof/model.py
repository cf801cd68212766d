"""The chat as plain dictionaries: what everybody must be told, and what the log must hold.

How it works. `route` is given every command that reaches the hub, in that order. What is certain at once is changed at
once; what depends on the log is a step, and the steps of one append are carried out when the log has stored it
(`take_steps`), or when the hub has been told so, too (`take_answers`). So a crash, which takes the unfinished steps
away, is the same here as there.
"""

from __future__ import annotations

from msgspec.structs import replace

from libchat import messages as m
from libchat.errors import Code
from libchat.records import AskPage, AskSearch, Question
from proof.parts import ACCOUNT, NAMES, ROOMS, Person, Room, Said, Seat, Slot, Step, Told, conversation_of


class Model:
    """All that the chat must know."""

    def __init__(self) -> None:
        self.said: dict[str, list[Said]] = {}
        self.first: dict[tuple[str, str], Said] = {}
        self.refused: set[tuple[str, str]] = set()
        """What was refused at one time or another: said again, it may be stored behind what was said later."""
        self.topics: dict[str, str] = {}
        self.known: set[str] = set()
        self.kept: dict[str, bool] = {}
        """The rooms of the account that the log knows, and whether it is an operator there."""
        self.joined: dict[str, int] = {}
        """Where the account stood when it became a member, by room."""
        self.place = 0
        self.crash()

    def crash(self) -> None:
        """Forget what the log does not know."""
        self.people: dict[str, Person] = {}
        self.rooms: dict[str, Room] = {}
        self._steps: list[Step] = []
        self._answers: list[Step] = []
        self._leaving: list[str] = []
        """The rooms that the account has left, as often as the hub does not know yet that the log knows."""
        self._asked: list[tuple[Seat, m.History | m.Search, tuple[str, ...]]] = []
        if ACCOUNT in self.known:
            self.people[ACCOUNT] = Person(rooms=[room for room in ROOMS if room in self.kept])
            for room in self.people[ACCOUNT].rooms:
                self.rooms[room] = Room([ACCOUNT], {ACCOUNT} if self.kept[room] else set())

    def entries(self, conversation: str) -> list[Said]:
        """Return all that was said in a conversation: the one with the number n stands at n - 1."""
        return self.said.setdefault(conversation, [])

    # --- what the log tells -----------------------------------------------------------------------------------------

    def take_steps(self) -> list[Step]:
        """Remove and return what follows when what was routed since the last time is stored."""
        steps, self._steps = self._steps, []
        return steps

    def take_answers(self) -> list[Step]:
        """Remove and return what follows when the hub knows that this is stored."""
        answers, self._answers = self._answers, []
        return answers

    def asked(self, question: Question) -> Step:
        """Take notice of a question, and return what follows when the log looks it up."""
        if not isinstance(question, AskPage | AskSearch):
            return lambda: None
        seat, command, rooms = self._asked.pop(0)
        name = seat.name

        def step() -> None:
            answer = self._page(name, command) if isinstance(command, m.History) else self._find(name, command, rooms)
            seat.found.setdefault(command.cid, []).append(answer)

        return step

    # --- what reaches the hub ---------------------------------------------------------------------------------------

    def route(self, seat: Seat, command: object, now: int) -> None:
        """Take a command of somebody, at a time in milliseconds."""
        if seat.is_over:
            return
        match command:
            case m.Hello():
                self._tell(seat, (m.Welcome,))
            case m.Register():
                self._register(seat, command)
            case m.Send():
                self._say(seat, command.target, command.text, command.cid, now, "message", command.ref)
            case m.Edit() | m.React() | m.Unreact():
                kind = type(command).__name__.lower()
                self._say(seat, command.target, command.text, command.cid, now, kind, command.seq)
            case m.Delete():
                self._say(seat, command.target, "", command.cid, now, "delete", command.seq)
            case m.Topic():
                assert command.text is not None
                self._say(seat, command.room, command.text, command.cid, now, "topic", 0)
            case m.Join():
                self._join(seat, command)
            case m.Leave():
                self._leave(seat, command)
            case m.History() | m.Search():
                self._ask(seat, command)
            case m.Exit():
                self.depart(seat)
                self._tell(seat, (m.Bye, True))
            case _:
                assert isinstance(command, m.Ack | m.Read), command

    def depart(self, seat: Seat) -> None:
        """End a connection. A guest leaves the rooms with the last one."""
        seat.is_over = True
        seat.rooms.clear()
        person = self.people.get(seat.name)
        if person is None or seat not in person.seats:
            return
        person.seats.remove(seat)
        if person.seats or seat.name == ACCOUNT:
            return
        for room in list(person.rooms):
            self._end_membership(seat.name, room)
        del self.people[seat.name]

    def _tell(self, seat: Seat, what: Told | None = None) -> Slot:
        slot = Slot(what)
        seat.slots.append(slot)
        return slot

    def _tell_room(self, room: str, what: Told) -> None:
        if room in self.rooms:
            for name in self.rooms[room].members:
                for seat in self.people[name].seats:
                    if name == ACCOUNT or room in seat.rooms:
                        self._tell(seat, what)

    def _register(self, seat: Seat, command: m.Register) -> None:
        person = self.people.setdefault(command.name, Person())
        ghosts = [other for other in person.seats if other.device == command.device]
        if any(ghost.attempt > command.attempt for ghost in ghosts):
            self._tell(seat, (m.Failed, Code.NAME_TAKEN, command.cid))
            return
        seat.name, seat.device, seat.attempt = command.name, command.device, command.attempt
        person.seats.append(seat)
        for ghost in ghosts:
            self.depart(ghost)
        self._steps.append(lambda: self.known.add(command.name))
        self._tell(seat, (m.Registered, command.name, command.cid, command.name == ACCOUNT))
        if command.name == ACCOUNT:
            for room in person.rooms:
                self._enter(seat, room, "", None)

    # --- rooms ------------------------------------------------------------------------------------------------------

    def _enter(self, seat: Seat, room: str, cid: str, after: int | None, *, is_new: bool = False) -> None:
        slot = self._tell(seat)
        members = tuple(sorted(self.rooms[room].members))
        is_operator = seat.name in self.rooms[room].operators
        name = seat.name

        def step() -> None:
            last = len(self.entries(room))
            slot.told = (m.Entered, room, members, self.topics.get(room, ""), cid, last)
            if name != ACCOUNT or is_new:
                slot.start = min(last, after) if after is not None else last
            if name == ACCOUNT and is_new:
                self.kept[room], self.joined[room] = is_operator, last

        self._steps.append(step)

    def _join(self, seat: Seat, command: m.Join) -> None:
        room = command.room
        person = self.people[seat.name]
        is_new = room not in person.rooms
        if is_new:
            self._tell_room(room, (m.Joined, room, seat.name))
            if room not in self.rooms:
                self.rooms[room] = Room(operators={seat.name})
            self.rooms[room].members.append(seat.name)
            person.rooms.append(room)
        if room not in seat.rooms:
            seat.rooms.append(room)
        self._enter(seat, room, command.cid, command.after, is_new=is_new)
        if is_new and seat.name == ACCOUNT:
            for other in self._other_seats(seat):
                self._enter(other, room, "", None, is_new=True)

    def _other_seats(self, seat: Seat) -> list[Seat]:
        return [other for other in self.people[seat.name].seats if other is not seat]

    def _leave(self, seat: Seat, command: m.Leave) -> None:
        room, name = command.room, seat.name
        if room not in self.people[name].rooms:
            is_busy = name == ACCOUNT and room in self._leaving
            self._tell(seat, (m.Failed, Code.BUSY if is_busy else Code.NOT_IN_ROOM, command.cid))
            return
        for own in self.people[name].seats:
            if room in own.rooms:
                own.rooms.remove(room)
        self._end_membership(name, room)
        if name == ACCOUNT:
            self._steps.append(lambda: self.kept.__delitem__(room) if room in self.kept else None)
            self._leaving.append(room)
            self._answers.append(lambda: self._leaving.remove(room))
            for other in self._other_seats(seat):
                self._tell(other, (m.Exited, room, ""))
        self._tell(seat, (m.Exited, room, command.cid))

    def _end_membership(self, name: str, room: str) -> None:
        self.rooms[room].members.remove(name)
        self.rooms[room].operators.discard(name)
        self.people[name].rooms.remove(room)
        if not self.rooms[room].members:
            del self.rooms[room]
        self._tell_room(room, (m.Left, room, name))

    # --- entries ----------------------------------------------------------------------------------------------------

    def _say(self, seat: Seat, target: str, text: str, cid: str, now: int, kind: str, ref: int) -> None:
        name, conversation = seat.name, conversation_of(seat.name, target)
        refusal = self._refusal(name, target)
        is_room = target.startswith("#")
        other = self.people.get(target)
        is_queued = not is_room and not (other is not None and other.seats)
        room = self.rooms.get(target)
        is_operator = room is not None and name in room.operators
        members = frozenset(room.members if room is not None else (name, target))
        owner = name if name == ACCOUNT else f"{name} {seat.device}"
        draft = Said(
            conversation, m.Entry(target, 0, name, now, text, kind, ref), seat.device, owner, 0, members, text, {text}
        )
        slot = self._tell(seat)

        def step() -> None:
            found = self._store(draft, cid, refusal, is_operator=is_operator)
            if isinstance(found, Said):
                slot.told = (m.Accepted, found.came.target, found.came.seq, found.came.time, cid, is_queued)
            else:
                slot.told = (m.Failed, found, cid)
                self.refused.add((draft.device, cid))

        self._steps.append(step)

    def _refusal(self, name: str, target: str) -> Code | None:
        if target.startswith("#"):
            return None if target in self.people[name].rooms else Code.NOT_IN_ROOM
        if target == name:
            return Code.TO_YOURSELF
        return None if target in NAMES else Code.NO_SUCH_NAME

    def _store(self, draft: Said, cid: str, refusal: Code | None, *, is_operator: bool) -> Said | Code:
        """Return what becomes of what was said: the first time of it, or why it is not stored."""
        came = draft.came
        first = self.first.get((draft.device, cid))
        if first is not None:
            is_same = (first.conversation, first.came.kind, first.came.ref) == (draft.conversation, came.kind, came.ref)
            return first if is_same and (first.is_deleted or first.came.text == came.text) else Code.CID_REUSED
        if refusal is not None:
            return refusal
        entries = self.entries(draft.conversation)
        original = entries[came.ref - 1] if 0 < came.ref <= len(entries) else None
        unfit = _unfit(draft, original, is_operator=is_operator)
        if unfit is not None:
            return unfit
        self.place += 1
        draft.place = self.place
        draft.came = m.Entry(came.target, len(entries) + 1, came.sender, came.time, came.text, came.kind, came.ref)
        entries.append(draft)
        self.first[draft.device, cid] = draft
        if came.kind == "topic":
            self.topics[came.target] = came.text
        elif original is not None:
            _change(original, draft)
        return draft

    # --- what is read -----------------------------------------------------------------------------------------------

    def _ask(self, seat: Seat, command: m.History | m.Search) -> None:
        if command.target.startswith("#") and command.target not in self.people[seat.name].rooms:
            self._tell(seat, (m.Failed, Code.NOT_IN_ROOM, command.cid))
        else:
            self._asked.append((seat, command, tuple(self.people[seat.name].rooms)))

    def _page(self, name: str, asked: m.History) -> m.Page:
        """Return a page; how far the other has come is not for the model to say."""
        entries = [said.as_now() for said in self.entries(conversation_of(name, asked.target))]
        last = len(entries)
        if asked.after is not None:
            begin = min(asked.after, last)
            end = min(begin + asked.limit, last)
        elif asked.around is not None:
            at = min(max(asked.around - 1, 0), last)
            begin = max(at - asked.limit // 2, 0)
            end = min(begin + asked.limit, last)
        else:
            end = last if asked.before is None else min(max(asked.before - 1, 0), last)
            begin = max(end - asked.limit, 0)
        return m.Page(asked.target, tuple(entries[begin:end]), begin > 0, asked.cid, end < last)

    def _find(self, name: str, asked: m.Search, rooms: tuple[str, ...]) -> m.Found:
        """Return what is found; where it goes on is the log's own affair, but for whether it does."""
        keys = {key for key in self.said if key in rooms or name in key.split()}
        if asked.target:
            keys &= {conversation_of(name, asked.target)}
        found = [said for key in keys for said in self.said[key] if said.came.kind == "message"]
        found = [said for said in found if not said.is_deleted and asked.text in said.text.split()]
        found.sort(key=lambda said: -said.place)
        kept = [replace(said.as_now(), reactions=()) for said in found[: asked.limit]]
        return m.Found(tuple(kept), 1 if len(found) > asked.limit else None, asked.cid)


def _unfit(draft: Said, original: Said | None, *, is_operator: bool) -> Code | None:
    kind = draft.came.kind
    if not draft.came.ref and kind in ("message", "topic"):
        return None
    if original is None or original.came.kind != "message" or original.is_deleted:
        return Code.NO_SUCH_ENTRY
    is_own = draft.owner == original.owner
    if (kind == "edit" and not is_own) or (kind == "delete" and not (is_own or is_operator)):
        return Code.NOT_YOURS
    return None


def _change(original: Said, draft: Said) -> None:
    reaction = (draft.came.text, draft.came.sender)
    match draft.came.kind:
        case "edit":
            original.text, original.is_edited = draft.came.text, True
            original.texts.add(draft.came.text)
            original.edits.append(draft)
        case "delete":
            for each in (original, *original.edits):
                each.take_away()
            original.reactions.clear()
        case "react":
            original.reactions.setdefault(reaction)
        case "unreact":
            original.reactions.pop(reaction, None)
