"""What the participants of a simulation said, were answered, and were shown: written down as it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from libchat.messages import Accepted, Entry, Failed
from libchat.names import target_key
from libchat.testing.history import Sent, Shown


class Said:
    """Something that a program had sent once, and what came of it."""

    __slots__ = ("answers", "cid", "conversation", "earlier", "is_abandoned", "kind", "ref", "text")

    def __init__(self, conversation: str, cid: str, text: str, kind: str, ref: int) -> None:
        self.conversation = conversation
        self.cid = cid
        self.text = text
        self.kind = kind
        self.ref = ref
        self.answers: list[Accepted | Failed] = []
        self.earlier: list[Accepted | Failed] = []
        """The answers that a crash has made it forget."""
        self.is_abandoned = False
        """Whether the program that waited for the answer is gone."""


class Stay:
    """What one reader was shown of a conversation without a break: everything behind `start`, or so it should be."""

    __slots__ = ("is_open", "latest", "shown", "start")

    def __init__(self, start: int | None, latest: int = 0) -> None:
        self.start = start
        """The number of the last entry before; None if the server decides."""
        self.latest = latest
        """The number of the entry behind which it begins at the latest."""
        self.shown: list[Entry] = []
        self.is_open = True

    @property
    def last(self) -> int:
        """The number of the newest entry that was shown."""
        return self.shown[-1].seq if self.shown else self.start or self.latest


class Reader:
    """One device of a name, from its first connection on. A client that keeps nothing is another one each time."""

    def __init__(self, name: str, device: str, *, is_account: bool) -> None:
        self.name = name
        self.device = device
        self.is_account = is_account
        self.is_gone = False
        """Whether it never comes back."""
        self.said: dict[str, Said] = {}
        """By client id, in the order of sending."""
        self.stays: dict[str, list[Stay]] = {}
        """By conversation. A private one has one stay, a room one for each time that it was entered."""
        self.faults: list[str] = []
        """What was wrong already when it came."""

    def show(self, entry: Entry) -> None:
        """Write down that an entry was shown."""
        conversation = self.conversation(entry.target, entry.sender)
        is_private = not conversation.startswith("#")
        stays = self.stays.setdefault(conversation, [Stay(None)] if is_private or self.is_account else [])
        if stays and stays[-1].is_open:
            stays[-1].shown.append(entry)
        else:
            self.faults.append(f"was shown #{entry.seq} of {conversation}, and is not there")

    def enter(self, room: str, seq: int | None) -> None:
        """Write down that a room was entered behind an entry (None: any), unless it was never left."""
        stays = self.stays.setdefault(target_key(room), [])
        if not (stays and stays[-1].is_open):
            stays.append(Stay(None if self.is_account else seq, seq or 0))
        elif stays[-1].start is None and not stays[-1].shown:
            stays[-1].latest = stays[-1].latest or seq or 0

    def leave(self, room: str) -> None:
        """Write down that a room was left."""
        stays = self.stays.get(target_key(room))
        if stays:
            stays[-1].is_open = False

    def answer(self, answer: Accepted | Failed) -> None:
        """Write down what came of something that was said, if it was."""
        said = self.said.get(answer.cid)
        if said is not None:
            said.answers.append(answer)

    def conversation(self, target: str, sender: str = "") -> str:
        """Return the key of the conversation in which something for `target` is said, by this reader or by a sender."""
        if target.startswith("#"):
            return target_key(target)
        return " ".join(sorted((target_key(target), target_key(sender or self.name))))

    def events(self, texts: Mapping[tuple[str, int], str]) -> Iterator[Sent | Shown]:
        """Yield everything as events of a `History`: each stay is a reader of its own, `texts` are those first said."""
        for said in self.said.values():
            seqs = [answer.seq for answer in [*said.earlier, *said.answers] if isinstance(answer, Accepted)]
            yield Sent(str(self), said.conversation, said.cid, said.text, seqs[-1] if seqs else None, self.name)
        for conversation, stays in self.stays.items():
            for number, stay in enumerate(stays):
                for entry in stay.shown:
                    text = texts.get((conversation, entry.seq), entry.text)
                    yield Shown(f"{self} {number}", conversation, entry.seq, target_key(entry.sender), text)

    def __str__(self) -> str:
        return f"{self.name} ({self.device})"
