"""What happened in a chat, as its participants saw it: what they sent, and what they were shown.

A reader is whoever is shown entries: a name, or one device of it if these are looked at one by one. What somebody sends
is recorded under the same word, because nobody is shown what they sent themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Sent(Struct, frozen=True):
    """Somebody sent something, and the chat accepted it under the number `seq`; None if it was never accepted.

    It is recorded once, however often it was sent again until there was an answer, in the order of sending.

    `sender` is who sent it as a reader, `name` what others see of them if that is something else. `conversation` is
    the same word for all who are in it, such as a `#room`. `cid` is the client id, or any other mark by which a sender
    tells one message from the next.
    """

    sender: str
    conversation: str
    cid: str
    text: str
    seq: int | None = None
    name: str = ""

    @property
    def shown_name(self) -> str:
        """What others see of the sender."""
        return self.name or self.sender

    def __str__(self) -> str:
        number = "not accepted" if self.seq is None else f"#{self.seq}"
        return f"{self.sender} sent {self.text!r} (cid {self.cid}) to {self.conversation}: {number}"


class Shown(Struct, frozen=True):
    """A reader was shown the entry `seq` of a conversation."""

    reader: str
    conversation: str
    seq: int
    sender: str
    text: str

    def __str__(self) -> str:
        return f"{self.reader} was shown #{self.seq} of {self.conversation}: {self.sender}: {self.text!r}"


class History:
    """What happened, in the order in which each participant saw it. How participants interleave is no matter.

    `audience` says who should be shown what is accepted in a conversation: each of these readers, except for what they
    sent themselves. Conversations that it does not name should be shown to everybody who sent or was shown something
    there. One history is filled by one thread at a time: let each thread fill its own, and `merge` them.
    """

    def __init__(self, events: Iterable[Sent | Shown] = (), audience: dict[str, Iterable[str]] | None = None) -> None:
        self._events = list(events)
        self._audience = {conversation: tuple(readers) for conversation, readers in (audience or {}).items()}

    @property
    def events(self) -> tuple[Sent | Shown, ...]:
        """Everything, in the order in which it was added."""
        return tuple(self._events)

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent."""
        return tuple(event for event in self._events if isinstance(event, Sent))

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What was shown."""
        return tuple(event for event in self._events if isinstance(event, Shown))

    def add(self, event: Sent | Shown) -> None:
        """Add what happened next."""
        self._events.append(event)

    def merge(self, other: History) -> None:
        """Add everything that another history has."""
        self._events.extend(other.events)
        self._audience.update(other._audience)

    def audience(self, conversation: str) -> tuple[str, ...]:
        """Return who should be shown what is accepted in a conversation."""
        if conversation in self._audience:
            return self._audience[conversation]
        return tuple(dict.fromkeys(_who(event) for event in self._events if event.conversation == conversation))

    def by_reader(self) -> dict[tuple[str, str], list[Shown]]:
        """Return what each reader was shown of each conversation, in order."""
        found: dict[tuple[str, str], list[Shown]] = {}
        for shown in self.shown:
            found.setdefault((shown.reader, shown.conversation), []).append(shown)
        return found


def _who(event: Sent | Shown) -> str:
    return event.sender if isinstance(event, Sent) else event.reader
