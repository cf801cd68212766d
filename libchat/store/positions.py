"""How far somebody has come in conversations: cursors and marks, which never go back."""

from __future__ import annotations


class Positions:
    """Numbers by conversation, name and device. Of more than `limit`, those that moved longest ago are forgotten."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._numbers: dict[str, int] = {}
        """By `_key`, those that moved last at the end. The garbage collector does not track it: see `memory`."""

    def advance(self, conversation: str, name: str, device: str, seq: int) -> None:
        """Move a position on to a number, unless it is there already."""
        key = _key(conversation, name, device)
        last = self._numbers.pop(key, 0)
        self._numbers[key] = max(last, seq)
        if len(self._numbers) > self._limit:
            del self._numbers[next(iter(self._numbers))]

    def find(self, conversation: str, name: str, device: str = "") -> int | None:
        """Return where somebody is, None if nothing is known."""
        return self._numbers.get(_key(conversation, name, device))

    def drop(self, conversation: str, name: str, device: str) -> None:
        """Forget where somebody is, if it is known."""
        self._numbers.pop(_key(conversation, name, device), None)

    def clear(self) -> None:
        """Forget everything."""
        self._numbers.clear()


def _key(conversation: str, name: str, device: str) -> str:
    """Return the three, none of which has a line feed, as one string."""
    return f"{conversation}\n{name}\n{device}"
