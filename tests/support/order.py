"""Rooms with an owner and people in them, over a log that may be slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libchat import messages as m
from libchat.core.rooms import Room
from libchat.names import parse_room
from libchat.records import (
    Audit,
    Member,
    Outcome,
    Record,
    RoomBan,
    RoomEnd,
    RoomMute,
    RoomSettings,
)
from libchat.store.memory import MemoryLog
from support.chat import Chat, Listener, SlowLog, hush


class SlowerLog(SlowLog):
    """A log that is never done at once."""

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Have records wait, whatever they are."""
        self._waiting.append((records, committed))
        return None


class Diary(MemoryLog):
    """A log that writes down the facts of each append."""

    def __init__(self) -> None:
        super().__init__()
        self.appends: list[list[Record]] = []

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome]:
        """Store records, and write them down."""
        self.appends.append(list(records))
        return super().append(records, committed)

    def rules(self) -> list[list[Record]]:
        """Return what was appended, as far as it is about order in rooms."""
        kinds = (RoomSettings, RoomBan, RoomMute, RoomEnd, Audit, Member)
        ruled: list[list[Record]] = [[record for record in each if isinstance(record, kinds)] for each in self.appends]
        return [records for records in ruled if records]


def room_of(chat: Chat, name: str = "#red") -> Room:
    """Return a room."""
    room = chat.hub._router.rooms.get(parse_room(name))
    assert room is not None
    return room


def meet(chat: Chat, *names: str, account: bool = False) -> list[Listener]:
    """Return people in #red, the first of whom is its owner; nobody has heard anything yet."""
    people = [chat.enter(name, "#red", device=f"device of {name}", account=account) for name in names]
    hush(people)
    return people


def slow_meet(*names: str, account: bool = False) -> tuple[Chat, SlowerLog, list[Listener]]:
    """Return the same over a log that is never done at once, but has everything so far."""
    log = SlowerLog()
    chat = Chat(log)
    people = []
    for name in names:
        listener = Listener(account=name if account else "")
        chat.do(listener, m.Register(name, f"device of {name}"), m.Join("#red"))
        people.append(listener)
    commit_all(log)
    hush(people)
    return chat, log, people


def commit_all(log: SlowLog) -> None:
    """Have everything stored, and everything looked up."""
    while len(log):
        log.commit()
    while log.look_up():
        pass
