"""The rooms of one link, across its connections: in which it is, and how it comes into them again.

A guest's rooms are entered anew on each connection, behind the newest entry of each that was handed to the program. An
account stays in its rooms on the server, which tells, by itself, in which ones it goes on; those that it does not name
are left. Either way one may be put out of a room, or want to leave it, while there is no connection.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from libchat import messages as m
from libchat.client.positions import Positions
from libchat.errors import Code
from libchat.names import target_key
from libchat.wire.native import format_command


class Rooms:
    """The rooms of one link, by canonical name. Not thread-safe.

    `own` is the cid of the commands that a link gives by itself. `shown` are the rooms to be in from the start.
    `unanswered` are the lines of all commands that wait for an answer: those of them that enter a room are kept right.
    """

    def __init__(self, positions: Positions, own: str, shown: dict[str, str], unanswered: dict[str, bytes]) -> None:
        self.resuming: dict[str, int] = {}
        """How many answers are owed, on this connection, to the link's own commands to resume in a room."""
        self._positions = positions
        self._own = own
        self._shown = shown
        """The rooms to be in, as they are written."""
        self._unanswered = unanswered
        self._joins: dict[str, m.Join] = {}
        """The unanswered commands to enter a room, by cid."""
        self._leaves: dict[str, str] = {}
        """The rooms that are to be left, by the cid of the unanswered command."""
        self._passwords: dict[str, str] = {}
        """The passwords of rooms that have one, to enter them again."""
        self._resumed: set[str] = set()
        """The rooms of an account in which the server resumes by itself, on this connection."""

    def __contains__(self, room: str) -> bool:
        """Return whether a room, by its canonical name, is one to be in."""
        return room in self._shown

    # --- commands ---------------------------------------------------------------------------------------------------

    def placed(self, join: m.Join) -> m.Join:
        """Return the command to enter a room behind what the program has taken of it, if it is not in it."""
        room = _key(join.room)
        if room in self._leaves.values():
            return join  # what comes before it is of no interest by then
        return join if room in self._shown else replace(join, after=self._positions.taken(room))

    def joining(self, join: m.Join) -> None:
        """Notice that a command to enter a room waits for its answer."""
        self._joins[join.cid] = join

    def leaving(self, leave: m.Leave) -> None:
        """Notice that a command to leave a room waits for its answer."""
        self._leaves[leave.cid] = _key(leave.room)

    def answered(self, event: m.Event, cid: str) -> None:
        """Notice the answer to a command, whatever it was about."""
        join = self._joins.pop(cid, None)
        if join is not None and isinstance(event, m.Failed) and event.code == Code.BANNED:
            self.exit(event.subject)  # what is said there meanwhile is of no interest, if one may come back some day
        left = self._leaves.pop(cid, None)
        if left is not None and left not in self._shown:
            self._positions.leave(left)  # also if the server says that one was not in it: one does not want to be

    # --- connections ------------------------------------------------------------------------------------------------

    def connected(self) -> None:
        """Notice a new connection."""
        self._resumed.clear()
        self.resuming.clear()

    def enter_again(self) -> list[m.Join]:
        """Return the commands that enter all rooms again."""
        return [self._again(key, room) for key, room in self._shown.items()]

    def resume(self, registered: m.Registered, *, was_in: bool) -> list[m.Event]:
        """Be in the rooms in which the account is, and return what the program should hear of those where it is not.

        `was_in` is whether this link was in its rooms before; else they are only to be entered.
        """
        ended = self._ended(registered, was_in=was_in)
        present = {target_key(room) for room in registered.rooms or ()}  # it resumes there, and tells, by itself
        self._shown = {room: shown for room, shown in self._shown.items() if room in present}
        return ended

    def forget_numbers(self) -> None:
        """Take the numbers out of what waits: the server counts anew."""
        self._begin_anew(self._joins)

    def _again(self, key: str, room: str) -> m.Join:
        seen = self._positions.seen(key)
        if seen is not None:
            self.resuming[key] = self.resuming.get(key, 0) + 1
        return m.Join(room, self._own, seen, self._passwords.get(key, ""))

    def _ended(self, registered: m.Registered, *, was_in: bool) -> list[m.Event]:
        if registered.rooms is None:
            return []
        known = {**{room: room for room in self._positions.rooms()}, **(self._shown if was_in else {})}
        present = {target_key(room) for room in registered.rooms}
        kicks: dict[str, m.Event] = {target_key(kicked.room): kicked for kicked in registered.kicks}
        leaving = set(self._leaves.values())  # these are answered
        ended: list[m.Event] = []
        for room, shown in known.items():
            if room not in present and room not in leaving:
                self.put_out(room)
                ended.append(kicks.get(room) or m.Exited(shown))
        return ended

    # --- events -----------------------------------------------------------------------------------------------------

    def entered(self, event: m.Entered) -> list[m.Join]:
        """Be in a room, and return the commands that have to follow.

        There is one if a lost connection of this device was in it until now, and nobody has left it: to resume there.
        """
        room = target_key(event.room)
        join = self._joins.get(event.cid)
        again: list[m.Join] = []
        if event.cid == self._own:
            self.has_resumed(room)
        if not event.cid and self._positions.is_account:
            self._resumed.add(room)
        elif not event.cid and room not in self.resuming:
            again = self._resume(room, event)
        elif join is not None and join.after is not None and room not in self._shown and not self._positions.is_account:
            self._positions.start_at(room, join.after)
        elif room not in self._resumed:
            self._positions.enter(room, event.seq)
        self._shown[room] = event.room
        if join is not None and join.password:
            self._passwords[room] = join.password
        return again

    def _resume(self, room: str, event: m.Entered) -> list[m.Join]:
        if self._positions.seen(room) is not None:
            return [self._again(room, event.room)]
        self._positions.enter(room, event.seq)
        return []

    def has_resumed(self, room: str) -> None:
        """Notice the answer to one of the link's own commands to enter a room."""
        owed = self.resuming.pop(room, 0)
        if owed > 1:
            self.resuming[room] = owed - 1

    def exit(self, name: str) -> None:
        """Be out of a room, and stay out: one has left it, was put out of it, or may not enter it any more."""
        room = target_key(name)
        self._shown.pop(room, None)
        self._passwords.pop(room, None)
        self._resumed.discard(room)
        self._positions.leave(room)

    def put_out(self, name: str) -> None:
        """Be out of a room. Who wants to enter it again by now begins anew."""
        self.exit(name)
        room = target_key(name)
        self._begin_anew(cid for cid, join in self._joins.items() if _key(join.room) == room)

    def _begin_anew(self, cids: Iterable[str]) -> None:
        """Have rooms entered that are to be, but without what was said there before."""
        for cid in list(cids):
            self._joins[cid] = replace(self._joins[cid], after=None)
            self._unanswered[cid] = format_command(self._joins[cid])


def _key(room: str) -> str:
    """Return the canonical form of a room's name, which may have been written without `#`."""
    return target_key(room if room.startswith("#") else "#" + room)
