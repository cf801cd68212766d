"""The contract of a log. `tests/contracts/` holds every implementation to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from libchat.messages import Draft, Entry, Forget, Outcome


class Log(Protocol):
    """Entries in order, numbered for each conversation.

    1. What one `append` brings is stored all or not at all, after everything that was appended before.
    2. Numbers of a conversation begin at 1, have no gaps, and never come twice, also after `Forget`.
    3. A draft with a `cid` that its `device` has used before is not stored again: the outcome is the first entry
       (`Repeat`), or `Conflict` if conversation, kind or text differ. This holds as long as the first entry is kept.
       Without a device or without a cid, every draft is new.
    4. The outcomes are as many as the drafts, in their order. They are returned if the log is done at once; otherwise
       `append` returns None and calls `committed` with them later, once, from a thread of the log's own, without
       holding any lock, and in the order of the appends. `append` never blocks.
    5. An entry can be read as soon as its outcome is known.
    6. `append` is called by one thread at a time; reading may happen at any time, from any thread.
    """

    def append(
        self, drafts: Sequence[Draft | Forget], committed: Callable[[list[Outcome]], None]
    ) -> list[Outcome] | None:
        """Store drafts, and forget conversations, in this order."""
        ...

    def read(self, conversation: str, after: int, until: int) -> Sequence[Entry]:
        """Return what is kept of the entries with `after < seq <= until`, in order."""
        ...

    def page(self, conversation: str, *, before: int | None, limit: int, since: int) -> tuple[Sequence[Entry], bool]:
        """Return the newest `limit` entries with `seq < before` and `time >= since`, in order; and if there are older.

        `before` None means from the newest on.
        """
        ...

    def close(self) -> None:
        """Finish what was appended, and release everything. Further calls are not allowed."""
        ...
