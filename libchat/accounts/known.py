"""What this program knows of the accounts, so that it can tell what another one did to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from libchat.claims import Added, Change, KeyRevoked, Removed


class Entry(NamedTuple):
    """An account: how it is shown, when it was made, and its keys."""

    display: str
    made: int
    keys: frozenset[str] = frozenset()


class Known:
    """The accounts and their keys, as this program left or found them.

    Own changes are noted while they are written, and count when they are committed: changes of others are then what
    is different in the file.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._pending: list[Callable[[], None]] = []

    def add(self, name: str, display: str, made: int) -> None:
        """Note a new account."""
        self._pending.append(lambda: self._entries.update({name: Entry(display, made)}))

    def change_keys(self, name: str, added: Iterable[str] = (), removed: Iterable[str] = ()) -> None:
        """Note new keys of an account, and some that are gone."""
        more, less = frozenset(added), frozenset(removed)
        self._pending.append(lambda: self._change_keys(name, more, less))

    def commit(self) -> None:
        """Take everything for true that was noted."""
        for change in self._pending:
            change()
        self._pending.clear()

    def roll_back(self) -> None:
        """Forget what was noted and is not committed."""
        self._pending.clear()

    def update(self, entries: Mapping[str, Entry]) -> list[Change]:
        """Take what the file holds for true, and return what is different: what is gone first."""
        before, self._entries = self._entries, dict(entries)
        gone: list[Change] = []
        for name, old in before.items():
            new = entries.get(name)
            if new is None or new.made != old.made:
                gone.append(Removed(name))
            else:
                gone += [KeyRevoked(name, key) for key in sorted(old.keys - new.keys)]
        made = [
            Added(name, new.display)
            for name, new in entries.items()
            if name not in before or before[name].made != new.made
        ]
        return gone + made

    def _change_keys(self, name: str, added: frozenset[str], removed: frozenset[str]) -> None:
        entry = self._entries.get(name)
        if entry is not None:  # it may have been removed by another program, which is told later
            self._entries[name] = entry._replace(keys=(entry.keys | added) - removed)
