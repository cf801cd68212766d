"""What waits for whom: a view over cursors, never a second copy of an entry.

Every name that was ever here has a mailbox. It knows, for each conversation in which something waits, the span
of sequence numbers between the name's cursor and the newest entry meant for it. Handing entries over does not move the
cursor; acknowledging them does. A span whose cursor has reached its end is dropped, so a mailbox is as large as what
waits in it, and it is empty for somebody who reads along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from libchat.errors import Code, Refused
from libchat.limits import KNOWN_NAMES, QUEUE_ENTRIES

if TYPE_CHECKING:
    from libchat.names import Name


class Waiting:
    """The numbers after the cursor, up to the newest that is meant for the name: `cursor < seq <= newest`."""

    __slots__ = ("cursor", "newest")

    def __init__(self, cursor: int, newest: int) -> None:
        self.cursor = cursor
        self.newest = newest


class Mailbox:
    """What waits for one name."""

    __slots__ = ("device", "is_forgotten", "is_noted", "name", "since", "spans")

    def __init__(self, name: Name) -> None:
        self.name = name
        self.since = 0
        """When the name was taken by those who have it now, in milliseconds since 1970."""
        self.device = ""
        """The device that took it."""
        self.is_forgotten = False
        """Whether the name is no longer known. Something for it may still be on its way."""
        self.is_noted = False
        """Whether the log is known to know the name."""
        self.spans: dict[str, Waiting] = {}

    def __len__(self) -> int:
        """Return how many entries wait at most: a pair's numbers count both sides' entries."""
        return sum(span.newest - span.cursor for span in self.spans.values())

    def claim(self, device: str, now: int) -> None:
        """Notice that the name was taken: by the same as the last time, if the device is the same."""
        if not device or device != self.device:
            self.since = now
        self.device = device

    def add(self, conversation: str, seq: int) -> None:
        """Let an entry wait."""
        span = self.spans.get(conversation)
        if span is None:
            self.spans[conversation] = Waiting(seq - 1, seq)
        else:
            span.newest = seq

    def acknowledge(self, conversation: str, seq: int) -> int:
        """Move the cursor of a conversation to `seq`, but not past the newest entry, nor back.

        Return where it is then, or 0 if it has not moved.
        """
        span = self.spans.get(conversation)
        if span is None or seq <= span.cursor:
            return 0
        if seq >= span.newest:
            del self.spans[conversation]
            return span.newest
        span.cursor = seq
        return seq


class OfflineQueue:
    """The mailboxes of names that were here and are away. Whoever is here has theirs (`Person.mailbox`).

    At most `names` of them are empty: beyond, the name that left longest ago is forgotten. At most as many others have
    something in them: beyond, nothing more is taken for a name for which nothing waits yet.
    """

    def __init__(self, *, names: int = KNOWN_NAMES, entries: int = QUEUE_ENTRIES) -> None:
        self._names = names
        self._entries = entries
        self._empty: dict[str, Mailbox] = {}
        """Those that were empty when they came, longest away first."""
        self._filled: dict[str, Mailbox] = {}

    def open(self, name: Name) -> Mailbox:
        """Remove and return the mailbox of somebody who is here now; an empty one if they are new."""
        mailbox = self._empty.pop(name.key, None)
        if mailbox is None:
            mailbox = self._filled.pop(name.key, None)
        if mailbox is None:
            return Mailbox(name)
        mailbox.name = name
        return mailbox

    def close(self, mailbox: Mailbox) -> None:
        """Take the mailbox of somebody who is away now."""
        mailbox.is_forgotten = False
        if mailbox.spans:
            self._filled[mailbox.name.key] = mailbox
            return
        self._empty[mailbox.name.key] = mailbox
        if len(self._empty) > self._names:
            self._forget_one()

    def find(self, name: Name) -> Mailbox | None:
        """Return the mailbox of a name that is away, if somebody ever had it."""
        mailbox = self._empty.get(name.key)
        return mailbox if mailbox is not None else self._filled.get(name.key)

    def check_room(self, mailbox: Mailbox) -> None:
        """Raise `Refused` with `queue-full` if nothing more may wait for a name."""
        if len(mailbox) >= self._entries:
            reason = f"{self._entries} messages wait for {mailbox.name} already; try again when they are back"
            raise Refused(Code.QUEUE_FULL, reason, mailbox.name.display)
        if not mailbox.spans and len(self._filled) >= self._names:
            reason = f"messages wait for {self._names} names already; try again when {mailbox.name} is back"
            raise Refused(Code.QUEUE_FULL, reason, mailbox.name.display)

    def _forget_one(self) -> None:
        """Forget the name that left longest ago, unless something has come for it since."""
        key = next(iter(self._empty))
        mailbox = self._empty.pop(key)
        if mailbox.spans:
            self._filled[key] = mailbox
        else:
            mailbox.is_forgotten = True
