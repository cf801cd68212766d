"""Whether what was promised was kept: the ledger of a simulation against what is on its disk.

1. The numbers of each conversation begin at 1 and have no gap.
2. What was accepted is in the log once, as it was said, under the number that was told. What was refused is not in
   it; what could not be stored, or was never answered, is in it once at most.
3. Everything that was said is answered, once, unless the program that said it is gone.
4. What a device has said is in the order in which it said it. (What was refused at first may come later.)
5. Who is shown a conversation is shown all of it, from some entry on, each entry once, in order, without their own.
6. That entry is the next one after they entered the room. In private, nothing was shown to nobody of a name. For a
   device of an account, it is the next one after what the account had when the device was known, or entered.
7. Who has left a room, or was kicked, is shown nothing of it until they enter it again.
8. When all is quiet, everybody was shown everything.
9. Behind a ban, nothing of who is banned is in the log of the room, nor that they enter it, until it is over. Behind
   the end of an account's membership, nothing of it is there until the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from libchat.errors import Code
from libchat.messages import Accepted, Entry, Failed
from libchat.names import target_key
from libchat.records import device_id
from libchat.testing.disk import Disk, Written
from libchat.testing.ledger import Reader, Said, Stay

_AROUND = 3
"""Entries that are shown before and behind the one that is wrong."""


class Verdict:
    """Compare what `readers` have heard with what is on a disk. Each check raises `AssertionError`."""

    def __init__(self, readers: Sequence[Reader], disk: Disk) -> None:
        self._readers = readers
        self._disk = disk
        self._entries: dict[str, list[Written]] = {}
        """By conversation, in order."""
        self._texts: dict[tuple[str, int], set[str]] = {}
        """All that an entry may say by now."""
        self._by_cid: dict[tuple[str, str], list[Written]] = {}
        for written in disk.written:
            self._enter(written)

    def check(self) -> None:
        """Check everything that holds at any time."""
        self._check_numbers()
        if self._disk.faults:
            raise AssertionError(self._disk.faults[0])
        for reader in self._readers:
            if reader.faults:
                raise AssertionError(f"{reader} {reader.faults[0]}")
            for said in reader.said.values():
                self._check_said(reader, said)
            for conversation, stays in reader.stays.items():
                for stay in stays:
                    self._check_stay(reader, conversation, stay)
        self._check_order()

    def check_quiet(self, rooms: Iterable[tuple[Reader, Iterable[str]]]) -> None:
        """Check what holds when all is quiet. `rooms`: who is here, and where they want to be."""
        for reader, theirs in rooms:
            for said in reader.said.values():
                if not (said.answers or said.is_abandoned):
                    raise AssertionError(f"{reader} never got an answer to {said.cid}: {said.text!r}")
            for conversation in theirs:
                stays = reader.stays.get(conversation)
                if not (stays and stays[-1].is_open):
                    raise AssertionError(f"{reader} wants to be in {conversation}, and is not")
                self._check_complete(reader, conversation, stays[-1])
            for conversation in self._private(reader.name):
                self._check_private(reader, conversation)

    # --- what was said ----------------------------------------------------------------------------------------------

    def _enter(self, written: Written) -> None:
        entry, conversation = written.entry, written.conversation
        self._entries.setdefault(conversation, []).append(written)
        self._by_cid.setdefault((written.device, written.cid), []).append(written)
        self._texts[conversation, entry.seq] = {entry.text}
        if entry.kind == "edit":
            self._texts[conversation, entry.ref].add(entry.text)
        elif entry.kind == "delete":
            for each in self._entries[conversation]:
                if each.entry.seq == entry.ref or (each.entry.kind == "edit" and each.entry.ref == entry.ref):
                    self._texts[conversation, each.entry.seq].add("")

    def _check_numbers(self) -> None:
        for conversation, entries in self._entries.items():
            seqs = [written.entry.seq for written in entries]
            if seqs != list(range(1, len(seqs) + 1)):
                raise AssertionError(f"the numbers of {conversation} have gaps: {seqs}")

    def _check_order(self) -> None:
        places = {
            (device_id(reader.device), said.cid): place
            for reader in self._readers
            for place, said in enumerate(reader.said.values())
        }
        last: dict[str, Written] = {}
        for written in self._disk.written:
            key = (written.device, written.cid)
            if key in self._disk.refused or key not in places:
                continue
            before = last.get(written.device)
            if before is not None and places[before.device, before.cid] > places[key]:
                raise AssertionError(f"{written.cid} was said before {before.cid}, and is behind it: {written.entry}")
            last[written.device] = written

    def _check_said(self, reader: Reader, said: Said) -> None:
        stored = self._by_cid.get((device_id(reader.device), said.cid), [])
        what = f"{said.cid} of {reader}, {said.kind} {said.text!r} to {said.conversation},"
        if len(stored) > 1:
            raise AssertionError(f"{what} is in the log {len(stored)} times")
        if len(said.answers) > 1:
            raise AssertionError(f"{what} was answered {len(said.answers)} times: {said.answers}")
        accepted = [answer for answer in said.earlier if isinstance(answer, Accepted)]  # a refusal was forgotten
        for answer in [*accepted, *said.answers]:
            self._check_answer(what, answer, stored)
        for written in stored:
            entry = written.entry
            if (written.conversation, entry.kind, written.sent, entry.ref) != (
                said.conversation,
                said.kind,
                said.text,
                said.ref,
            ):
                raise AssertionError(f"{what} is in the log as {entry}")

    def _check_answer(self, what: str, answer: Accepted | Failed, stored: list[Written]) -> None:
        if isinstance(answer, Failed):
            if stored and answer.code != Code.UNAVAILABLE:
                raise AssertionError(f"{what} was refused ({answer.code}), and is in the log: {stored[0].entry}")
        elif not stored:
            raise AssertionError(f"{what} was accepted as #{answer.seq}, and is lost")
        elif stored[0].entry.seq != answer.seq:
            raise AssertionError(f"{what} was accepted as #{answer.seq}, and is in the log as {stored[0].entry}")

    # --- what was shown ---------------------------------------------------------------------------------------------

    def _check_stay(self, reader: Reader, conversation: str, stay: Stay) -> None:
        """Check that what was shown is a run of what should have been, from the right place on."""
        seqs = [written.entry.seq for written in self._expected(reader, conversation)]
        if reader.is_account:
            self._check_account(reader, conversation, stay, seqs)
            return
        place = next((place for place, seq in enumerate(seqs) if seq > (stay.start or 0)), len(seqs))
        if stay.start is None and stay.shown and stay.shown[0].seq in seqs:
            place = seqs.index(stay.shown[0].seq)
        for index, entry in enumerate(stay.shown):
            if place + index >= len(seqs) or entry.seq != seqs[place + index]:
                wanted = f"#{seqs[place + index]}" if place + index < len(seqs) else "nothing"
                raise _fault(f"{reader} was shown #{entry.seq} of {conversation} instead of {wanted}", stay, index)
            self._check_entry(reader, conversation, stay, index)

    def _check_account(self, reader: Reader, conversation: str, stay: Stay, seqs: list[int]) -> None:
        """Check that what a device was shown is what follows, from one of the places on where it began.

        It need not have heard that another device has left a room and come back.
        """
        starts = self._starts(reader, conversation)
        wanted = {seq for start in starts if (seq := next((seq for seq in seqs if seq > start), 0))}
        following = dict(zip(seqs, [*seqs, 0][1:], strict=True))
        following_now = 0
        for index, entry in enumerate(stay.shown):
            if entry.seq != following_now and entry.seq not in wanted:
                what = f"#{following_now}" if following_now else "nothing"
                raise _fault(f"{reader} was shown #{entry.seq} of {conversation} instead of {what}", stay, index)
            following_now = following[entry.seq]
            self._check_entry(reader, conversation, stay, index)

    def _check_entry(self, reader: Reader, conversation: str, stay: Stay, index: int) -> None:
        shown = stay.shown[index]
        stored = self._entries[conversation][shown.seq - 1].entry
        is_same = (shown.sender, shown.kind, shown.ref) == (stored.sender, stored.kind, stored.ref)
        if not is_same or shown.text not in self._texts[conversation, shown.seq]:
            raise _fault(f"{reader} was shown #{shown.seq} of {conversation} as what it is not: {stored}", stay, index)

    def _check_complete(self, reader: Reader, conversation: str, stay: Stay) -> None:
        start = self._starts(reader, conversation)[-1] if reader.is_account else 0
        expected = [each for each in self._expected(reader, conversation) if each.entry.seq > start]
        if expected and expected[-1].entry.seq > stay.last:
            missing = expected[-1].entry
            raise _fault(f"{reader} was never shown #{missing.seq} of {conversation}: {missing}", stay, len(stay.shown))

    def _check_private(self, reader: Reader, conversation: str) -> None:
        """Check that a private conversation was shown to the end, and all of it to somebody of the name."""
        expected = self._expected(reader, conversation)
        if not expected:
            return
        stay = reader.stays.get(conversation, [Stay(None)])[0]
        same_name = [other for other in self._readers if other.name == reader.name]
        seen = {entry.seq for other in same_name for each in other.stays.get(conversation, []) for entry in each.shown}
        said = {written.entry.seq for written in expected if target_key(written.entry.sender) == reader.name}
        for written in expected:
            if written.entry.seq not in seen and written.entry.seq not in said:
                raise _fault(f"nobody called {reader.name} was ever shown {written.entry}", stay, len(stay.shown))
        if stay.shown or reader.is_account:
            self._check_complete(reader, conversation, stay)

    def _starts(self, reader: Reader, conversation: str) -> list[int]:
        """Return the numbers behind which a device of an account has begun in a conversation."""
        return self._disk.starts.get((reader.name, device_id(reader.device)), {}).get(conversation, [0])

    def _private(self, name: str) -> list[str]:
        return [key for key in self._entries if not key.startswith("#") and name in key.split(" ")]

    def _expected(self, reader: Reader, conversation: str) -> list[Written]:
        """Return what a reader should be shown of a conversation: not what the device has said, nor a guest's name."""
        device = device_id(reader.device)
        return [
            written
            for written in self._entries.get(conversation, [])
            if written.device != device and (reader.is_account or target_key(written.entry.sender) != reader.name)
        ]


def _fault(what: str, stay: Stay, place: int) -> AssertionError:
    """Return an error that says what is wrong, with what was shown around it."""
    first = max(place - _AROUND, 0)
    lines = [_line(entry, is_it=index == place) for index, entry in enumerate(stay.shown)]
    return AssertionError("\n".join([what, f"   (begins behind #{stay.start})", *lines[first : place + _AROUND + 1]]))


def _line(entry: Entry, *, is_it: bool) -> str:
    return f"{'->' if is_it else '  '} #{entry.seq} {entry.sender}: {entry.kind} {entry.text!r}"
