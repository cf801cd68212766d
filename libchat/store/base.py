"""The contracts of what a server keeps: the log, and the accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from libchat.claims import Added, Admit, Change, Request
from libchat.claims import Answer as Reply
from libchat.records import Answer, Outcome, Question, Record, Retention, State


class Log(Protocol):
    """Entries in order, numbered for each conversation, and what is known beside them.

    `tests/contracts/` holds every implementation to it.

    1. What one `append` brings is stored all or not at all, after everything that was appended before.
    2. Numbers of a conversation begin at 1, have no gaps, and never come twice, whatever is no longer kept.
    3. A draft with a `cid` that its `device` has used before is not stored again: the outcome is the first entry as it
       is now (`Repeat`), or `Conflict` if conversation, kind, text or reference differ from what came then. A text that
       was changed on its way is compared as it was `sent`. This holds as long as the first entry is kept (of a deleted
       one the text is not compared any more), and comes before rule 4. Without a device or without a cid, every draft
       is new.
    4. A draft that rule 3 does not know, and that has a `refusal`, a `member` who is none of its conversation
       (`no_member`), or a reference that `check_reference` refuses, is not stored: the outcome is that `Unfit`.
    5. The outcomes are as many as the records, in their order. They are returned if the log is done at once; otherwise
       `append` returns None and calls `committed` with them later, once, from a thread of the log's own, without
       holding any lock, and in the order of the appends. `append` never blocks.
    6. If the log cannot store, each record's outcome is `Failure` (but for `Look`, drafts that rule 3 knows or that
       have a `refusal`, and a `Known` that says nothing new), and nothing of that `append` is ever seen. If the log is
       closed before it knows, nobody is told anything.
    7. `ask` answers at once, or returns None and calls `answered` later, once, in the same way, in any order. What is
       found includes everything whose outcome was known when it was asked. What cannot be read, or takes too long, is
       `Unanswered`. `ask` never blocks.
    8. Entries are read as they are now: an edited message has the newest text and `is_edited`; a deleted one has no
       text and `is_deleted`, and neither it nor its edits can be read any more; a page's messages have their reactions.
    9. `append` is called by one thread at a time; asking may happen at any time, from any thread.
    """

    @property
    def id(self) -> str:
        """What tells this log from others: numbers of another log mean nothing."""
        ...

    @property
    def retention(self) -> Retention:
        """How long entries are kept."""
        ...

    def load(self) -> State:
        """Return what is known. Called once, before everything else; it may block."""
        ...

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Store records, in this order."""
        ...

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer | None:
        """Look something up."""
        ...

    def close(self) -> None:
        """Finish what was appended, answer what was asked, and release everything. Harmless when called twice.

        What takes long to look up is not waited for: it is `Unanswered`.
        """
        ...


class Accounts(Protocol):
    """The contract of accounts, devices' keys and invites. `tests/contracts/` holds every implementation to it.

    1. `ask` never blocks. It calls `answered` once, later, from a thread of the accounts' own and without holding a
       lock; or at once, from within, with `Denied`: `busy` if too much waits already, `unavailable` once it is closed.
       Answers may come in any order.
    2. A wrong password, and a name that is no account where the asker may not make one, are told apart neither by the
       answer nor by the time it takes.
    3. Nobody can keep another out: who fails again and again waits, by the address and by the pair of address and
       name; a right password from elsewhere, or a device's proof, passes without waiting.
    4. What is answered is on the disk, if there is one: a use of an invite is counted once, however it ends.
    5. Passwords and tokens are kept as hashes only, and appear in no message and no log.
    """

    @property
    def admit(self) -> Admit:
        """Whom the server takes."""
        ...

    def load(self) -> tuple[Added, ...]:
        """Return the accounts there are. Called once, before everything else; it may block."""
        ...

    def watch(self, changed: Callable[[Change], None]) -> None:
        """Have `changed` called, from a thread of the accounts' own, with what another program does to them."""
        ...

    def ask(self, request: Request, answered: Callable[[Reply], None]) -> None:
        """Have something checked, looked up or changed."""
        ...

    def close(self) -> None:
        """Finish what was asked, and release everything. Harmless when called twice."""
        ...
