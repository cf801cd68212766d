"""A memory without a disk, for links whose program a test kills."""

from __future__ import annotations

from collections.abc import Callable

from libchat.client.memory import Memory
from libchat.security.known_servers import Announced


class Notebook(Memory):
    """Keeps what was saved. `reopened` is what the next run finds, whatever has become of this one."""

    def __init__(self) -> None:
        self.device = "secret"
        self.positions: dict[str, int] = {}
        self.unanswered: dict[str, bytes] = {}
        self.successors: dict[str, Announced] = {}
        self._notes: list[Callable[[Notebook], object]] = []
        self._kept: Notebook | None = None

    def reopened(self) -> Notebook:
        """Return a notebook with what was saved."""
        kept, notebook = self._kept or self, Notebook()
        notebook.device, notebook.log, notebook.positions = self.device, kept.log, dict(kept.positions)
        notebook.unanswered, notebook.successors = dict(kept.unanswered), dict(kept.successors)
        return notebook

    def keep(self, cid: str, line: bytes) -> None:
        self._notes.append(lambda kept: kept.unanswered.setdefault(cid, line))

    def answered(self, cid: str) -> None:
        self._notes.append(lambda kept: kept.unanswered.pop(cid, None))

    def announced(self, pin: str, successor: Announced) -> None:
        self._notes.append(lambda kept: kept.successors.update({pin: successor}))

    def log_is(self, log: str) -> None:
        def change(kept: Notebook) -> None:
            kept.log = log
            kept.positions.clear()

        self._notes.append(change)

    def entered(self, room: str, seq: int) -> None:
        self._notes.append(lambda kept: kept.positions.update({room: seq}))

    def left(self, room: str) -> None:
        self._notes.append(lambda kept: kept.positions.pop(room, None))

    def taken(self, conversation: str, seq: int) -> None:
        self._notes.append(lambda kept: kept.positions.update({conversation: seq}))

    def save(self) -> None:
        self._kept = self._kept or self.reopened()
        for note in self._notes:
            note(self._kept)
        self._notes.clear()
