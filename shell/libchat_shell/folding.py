"""Joins and leaves, folded: "ana, bo and 3 others joined; cy left".

They are held back for a moment, so that a crowd that comes or goes (a network that failed, a server that restarted)
takes a line, and not a screen. What somebody says who has just come is not shown before they are told to have come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from libchat.names import target_key
from libchat_shell.sanitise import shown

HOLD_MS: Final = 1_000
"""For how long they are held back: nobody waits for them, and a crowd comes within about so much."""

NAMED: Final = 5
"""How many are called by name."""


class Fold:
    """Who came and went in the conversation on the screen since the last line about it."""

    def __init__(self) -> None:
        self._since = 0
        self._came: dict[str, str] = {}
        self._went: dict[str, tuple[str, str]] = {}
        """Names and reasons."""
        self._passed: dict[str, str] = {}
        """Who came and is gone again."""
        self._returned: dict[str, str] = {}
        """Who went and is here again."""

    def joined(self, name: str, now: int) -> None:
        """Notice that somebody came."""
        self._begin(now)
        key = target_key(name)
        if self._went.pop(key, None) is not None:
            self._returned[key] = name
        elif key not in self._returned:
            self._passed.pop(key, None)
            self._came[key] = name

    def left(self, name: str, reason: str, now: int) -> None:
        """Notice that somebody went."""
        self._begin(now)
        key = target_key(name)
        if self._came.pop(key, None) is not None:
            self._passed[key] = name
        elif key not in self._passed:
            self._returned.pop(key, None)
            self._went[key] = (name, reason)

    def is_due(self, now: int) -> bool:
        """Return whether what is held back was held back long enough."""
        return bool(self) and not 0 <= now - self._since < HOLD_MS

    def holds(self, name: str) -> bool:
        """Return whether something is held back about somebody."""
        key = target_key(name)
        return any(key in held for held in self._all())

    def __bool__(self) -> bool:
        return any(self._all())

    def take(self) -> str:
        """Return what is held back, in words, and hold it back no longer."""
        parts = []
        if self._came:
            parts.append(f"{listed(list(self._came.values()))} joined")
        if self._went:
            parts.append(f"{listed([name for name, _ in self._went.values()])} left{self._reason()}")
        if self._passed:
            parts.append(f"{listed(list(self._passed.values()))} came and went")
        if self._returned:
            parts.append(f"{listed(list(self._returned.values()))} left and came back")
        for held in self._all():
            held.clear()
        return "; ".join(parts)

    def _all(self) -> tuple[dict[str, str], dict[str, tuple[str, str]], dict[str, str], dict[str, str]]:
        return self._came, self._went, self._passed, self._returned

    def _reason(self) -> str:
        reasons = {reason for _, reason in self._went.values()}
        reason = shown(reasons.pop()) if len(reasons) == 1 else ""
        return f" ({reason})" if reason else ""

    def _begin(self, now: int) -> None:
        if not self:
            self._since = now


def listed(names: Sequence[str], limit: int = NAMED) -> str:
    """Return names in words: "ana, bo and 3 others". They are foreign, and made safe here."""
    if len(names) <= limit:
        safe = [shown(name) for name in names]
        return safe[0] if len(safe) == 1 else f"{', '.join(safe[:-1])} and {safe[-1]}"
    named = [shown(name) for name in names[: limit - 1]]
    return f"{', '.join(named)} and {len(names) - len(named)} others"
