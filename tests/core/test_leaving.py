"""Rooms that are left, or entered again, while the log looks up what was missed in them; and rooms after a restart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libchat import messages as m
from libchat.records import Answer, Known, Outcome, Question, Record, RoomState, State
from libchat.store.memory import MemoryLog
from support.chat import Chat, Listener, SlowLog


def begin() -> tuple[Chat, SlowLog, Listener, Listener]:
    """Return a chat, its log, and two people in a room in which one has said three things."""
    log = SlowLog(answers_at_once=False)
    chat = Chat(log)
    ana, bo = chat.enter("ana", "#red"), chat.enter("bo", "#red")
    for number in range(1, 4):
        chat.do(ana, m.Send("#red", f"text {number}"))
        log.commit()
    bo.take()
    return chat, log, ana, bo


def look_up_all(chat: Chat, log: SlowLog, listener: Listener) -> None:
    """Have the log answer everything that is asked, and the answers leave."""
    while log.look_up():
        chat.drain(listener)


def test_who_leaves_gets_nothing_that_is_still_looked_up() -> None:
    """Behind the answer to `leave`, nothing of the room comes, whatever was asked for before."""
    chat, log, _, bo = begin()
    chat.do(bo, m.Join("#red", after=1), m.Leave("#red"))
    look_up_all(chat, log, bo)
    assert bo.entries() == []
    assert not bo.is_replaying


def test_who_leaves_hears_nothing_that_is_said_then() -> None:
    """What is said after somebody has left is not theirs, though they were catching up when they left."""
    chat, log, ana, bo = begin()
    chat.do(bo, m.Join("#red", after=3), m.Join("#red", after=1), m.Leave("#red"))
    chat.do(ana, m.Send("#red", "secret"))
    log.commit()
    look_up_all(chat, log, bo)
    assert bo.texts() == []


def test_entered_again_further_back_while_a_page_is_looked_up() -> None:
    """Who enters again behind an older entry misses nothing, though a page from a later one was asked for before."""
    chat, log, _, bo = begin()
    chat.do(bo, m.Join("#red", after=2), m.Leave("#red"), m.Join("#red", after=0))
    look_up_all(chat, log, bo)
    assert bo.texts() == ["text 1", "text 2", "text 3"]


def test_account_that_leaves_before_the_log_knows_what_it_has_missed() -> None:
    """An account that leaves a room before the log has said where something waits gets nothing of that room."""
    log = LateLog()
    chat = Chat(log)
    ana, bo = chat.enter("ana", "#red", account=True, device="d1"), chat.enter("bo", "#red")
    log.give()
    chat.depart(ana)
    chat.do(bo, m.Send("#red", "text"))
    again = chat.enter("ana", account=True, device="d1")
    chat.do(again, m.Leave("#red"))
    while log.give():
        chat.drain(again)
    assert again.texts() == []


class LateLog(MemoryLog):
    """A log that looks up at once, and answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Callable[[], None]] = []

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer:
        answer = super().ask(question, answered)
        self._found.append(lambda: answered(answer))
        return None  # type: ignore[return-value]  # as logs may that answer later

    def give(self) -> bool:
        """Answer everything so far, and return whether there was anything."""
        found, self._found = self._found, []
        for give in found:
            give()
        return bool(found)


class KnownRoom(MemoryLog):
    """A log that knows a room from before, with two accounts, of which only the second is an operator."""

    def load(self) -> State:
        names = tuple(Known(name, name, 0, is_account=True) for name in ("ana", "bo"))
        return State(names, (), (RoomState("#red", "#red", "", (("ana", ""), ("bo", "operator"))),))


def test_operators_after_a_restart() -> None:
    """Who was no operator of a room is none after a restart, in whatever order the members are read."""
    chat = Chat(KnownRoom())
    roles = chat.hub._router.rooms.listed()[0].rules.roles
    assert roles == {"bo": "operator"}


def test_account_that_enters_gets_nothing_of_before() -> None:
    """Where the device of an account says that it was is of no interest: others of it may have left since."""
    chat = Chat()
    bo = chat.enter("bo", "#red")
    chat.do(bo, m.Send("#red", "one"), m.Send("#red", "two"))
    ana = chat.enter("ana", account=True, device="d1")
    chat.drain(ana)
    chat.do(ana, m.Join("#red", after=1))
    chat.drain(ana)
    assert ana.entries() == []


class AheadLog(SlowLog):
    """A log that stores at once, and tells so when it is told to: what it looks up is ahead of that."""

    def __init__(self) -> None:
        super().__init__(answers_at_once=False)
        self.is_ahead = False
        self._untold: list[Callable[[], None]] = []

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Store records."""
        outcomes = self._log.append(records, committed)
        if not self.is_ahead:
            return outcomes
        self._untold.append(lambda: committed(outcomes))
        return None

    def tell(self) -> None:
        """Tell everything, and be ahead no more."""
        self.is_ahead = False
        for tell in self._untold:
            tell()


def test_room_that_another_device_enters_meanwhile_is_told_first() -> None:
    """What the log has of a room already, of which the hub was not told yet, does not come before the news of it."""
    log = AheadLog()
    chat = Chat(log)
    bo, one = chat.enter("bo", "#red"), chat.enter("ana", account=True, device="1")
    look_up_all(chat, log, one)
    two = chat.enter("ana", account=True, device="2")
    log.is_ahead = True
    chat.do(one, m.Join("#red"))
    chat.do(bo, m.Send("#red", "hi"))
    look_up_all(chat, log, two)
    assert two.heard == []
    log.tell()
    look_up_all(chat, log, two)
    assert [type(event) for event in two.heard] == [m.Entered, m.Entry]


def begin_ahead() -> tuple[Chat, AheadLog, Listener, Listener, Listener]:
    """Return a chat, its log, which is ahead, and three in a room: bo, and devices of ana.

    The second device was away while something was said, and the log was asked what it has missed.
    """
    log = AheadLog()
    chat = Chat(log)
    bo = chat.enter("bo", "#red")
    one = chat.enter("ana", "#red", account=True, device="1")
    chat.depart(chat.enter("ana", account=True, device="2"))
    look_up_all(chat, log, one)
    chat.do(bo, m.Send("#red", "missed"))
    two = chat.enter("ana", account=True, device="2")
    two.take()
    log.is_ahead = True
    return chat, log, bo, one, two


def test_room_that_another_device_leaves_meanwhile_has_no_gap() -> None:
    """Of a room that the log has no more, a device that comes back hears not what was said last without the rest."""
    chat, log, bo, one, two = begin_ahead()
    chat.do(bo, m.Send("#red", "last"))
    chat.do(one, m.Leave("#red"))
    look_up_all(chat, log, two)
    log.tell()
    look_up_all(chat, log, two)
    assert two.heard == [m.Exited("#red")]
    assert not two.is_replaying


def test_room_of_which_an_account_is_put_out_meanwhile_has_no_gap() -> None:
    """So it is if somebody puts the account out of the room."""
    chat, log, bo, _, two = begin_ahead()
    chat.do(bo, m.Send("#red", "last"), m.Kick("#red", "ana"))
    look_up_all(chat, log, two)
    log.tell()
    look_up_all(chat, log, two)
    assert two.heard == [m.Kicked("#red", "ana", "bo")]


def test_room_that_is_left_and_entered_again_meanwhile_begins_there() -> None:
    """A device that comes back then is told of both, and gets what was said behind that."""
    chat, log, bo, one, two = begin_ahead()
    chat.do(bo, m.Send("#red", "last"))
    chat.do(one, m.Leave("#red"), m.Join("#red"))
    chat.do(bo, m.Send("#red", "new"))
    look_up_all(chat, log, two)
    log.tell()
    look_up_all(chat, log, two)
    assert [type(event) for event in two.heard] == [m.Exited, m.Entered, m.Entry]
    assert two.texts() == ["new"]
