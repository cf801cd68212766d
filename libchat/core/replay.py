"""What a session has missed: read from the log page by page, with no gap and no repeat before what is live.

How it works. A session has a backlog: for each conversation of which it misses something, the number after which. As
long as it has one, new entries of these conversations, and all private ones, are not delivered to it: the log has them,
and a later page will. So what is private keeps its order across conversations, too.
A page is asked for when the one before has left for the session. When a page is the last one and nothing was held back
since it was asked for, the session has everything, and what comes from now on is live. But the log may have found more
than the hub was told of: what is on a page, and is committed for the hub only after it, is not delivered once more. So
the backlog is kept until all that was under way is through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from libchat import messages as m
from libchat.core import effects as fx
from libchat.limits import QUEUE_SECONDS
from libchat.records import AskUnread, AskWaiting, Cursor, Span, UnreadFound, WaitingFound

if TYPE_CHECKING:
    from libchat.core.registry import Session

END = 2**53 - 1
"""Beyond every number."""

Out = list[fx.Effect]


class Backlog:
    """What one session misses, and how far handing it out has come."""

    __slots__ = (
        "after",
        "asked",
        "device",
        "has_held",
        "is_asking",
        "is_settling",
        "is_unknown",
        "left",
        "turn",
    )

    def __init__(self, device: str, *, is_unknown: bool) -> None:
        self.device = device
        """The account's device that misses it; "" for a guest, for whom what the name has said is their own."""
        self.after: dict[str, int] = {}
        """By conversation, the number after which something is missing."""
        self.asked: dict[str, int] = {}
        """What `after` was when the page was asked for. A room left or entered again since then is asked for anew."""
        self.is_unknown = is_unknown
        """Whether the log was not asked yet in which conversations; until then, it may be any."""
        self.left: set[str] = set()
        """The rooms that it has left since the log was asked in which conversations."""
        self.is_asking = False
        self.has_held = False
        """Whether something was held back since the last question."""
        self.is_settling = False
        """Whether everything was handed out, and only what is under way is waited for."""
        self.turn = 0
        """How often it was waited for what is under way."""

    def miss(self, conversation: str, after: int) -> None:
        """Notice that what lies after a number is missing."""
        self.after[conversation] = min(after, self.after.get(conversation, END))


class Replays:
    """Hand out backlogs. Not thread-safe: the hub calls it under its lock."""

    def __init__(self) -> None:
        self.count = 0
        """How many sessions have a backlog. Nearly always none, and then nobody is asked."""

    def begin(self, session: Session) -> None:
        """Have a session that has just registered miss what waits in its mailbox, or what the log knows of its device.

        Also with an empty mailbox: what was routed before may not be committed, and so not be in it yet.
        """
        is_account = session.person is not None and session.person.is_account
        session.backlog = Backlog(session.device if is_account else "", is_unknown=is_account)
        self.count += 1

    def resume(self, session: Session, conversation: str, after: int, out: Out) -> None:
        """Have a session miss what lies after a number in a room that it has entered again."""
        if session.is_over:
            return
        if session.backlog is None:
            is_account = session.person is not None and session.person.is_account
            session.backlog = Backlog(session.device if is_account else "", is_unknown=False)
            self.count += 1
        session.backlog.miss(conversation, after)
        session.backlog.has_held = True
        session.backlog.is_settling = False
        self.go_on(session, out)

    def is_held(self, session: Session, conversation: str, seq: int) -> bool:
        """Return whether a new entry is not for a session now: older ones wait, or a page had it already."""
        backlog = session.backlog
        if backlog is None:
            return False
        if seq <= backlog.after.get(conversation, 0):
            return True  # handed out by a page: the log had it before the hub was told
        if backlog.is_settling:
            return False
        if conversation.startswith("#") and not (backlog.is_unknown or conversation in backlog.after):
            return False
        backlog.miss(conversation, seq - 1)
        backlog.has_held = True
        return True

    def go_on(self, session: Session, out: Out) -> None:
        """Ask for the next page of what a session misses, unless that is under way, or it misses nothing."""
        backlog = session.backlog
        if backlog is None or backlog.is_asking or backlog.is_settling or session.mailbox is None:
            return
        name = session.mailbox.name.key
        if backlog.is_unknown:
            backlog.is_asking = True
            backlog.left.clear()
            out.append(fx.Ask(session, AskUnread(name, backlog.device)))
            return
        for conversation, waiting in session.mailbox.spans.items():
            if session.unacked.get(conversation, 0) < waiting.newest:
                backlog.after.setdefault(conversation, max(waiting.cursor, session.unacked.get(conversation, 0)))
        if not backlog.after:
            self.stop(session)
            return
        backlog.is_asking = True
        backlog.has_held = False
        backlog.asked = dict(backlog.after)
        spans = tuple(Span(conversation, after, END) for conversation, after in backlog.after.items())
        out.append(fx.Ask(session, AskWaiting(spans, name, backlog.device, session.replay_entries)))

    def learned(self, session: Session, found: UnreadFound, out: Out, *, is_ahead: bool) -> None:
        """Take what the log knows of a device, and begin to hand it out.

        If the log may be ahead of what the session was told of its rooms, it is asked again when that is through: what
        was said there before could not be told from what the device has.
        """
        backlog = session.backlog
        if backlog is None:
            return
        if is_ahead:
            self._settle(session, backlog, out)
            return
        backlog.is_asking = backlog.is_unknown = False
        for span in found.spans:
            if span.conversation not in backlog.left:
                backlog.miss(span.conversation, span.after)
        self.go_on(session, out)

    def found(self, session: Session, found: WaitingFound, now: int, out: Out) -> None:
        """Hand out a page, without what has waited too long: of that it is told."""
        backlog = session.backlog
        if backlog is None:
            return
        backlog.is_asking = False
        oldest = now - QUEUE_SECONDS * 1000
        entries = [each for each in found.entries if backlog.after.get(each[0]) == backlog.asked[each[0]]]
        too_old = {conversation: entry.seq for conversation, entry in entries if entry.time < oldest}
        for conversation, seq in too_old.items():
            _skip(session, conversation, seq, out)
        for conversation, entry in entries:
            backlog.after[conversation] = session.unacked[conversation] = entry.seq
            if entry.time >= oldest:
                out.append(fx.Reply(session, replace(entry, is_queued=True)))
        if not (found.has_more or backlog.has_held):
            self._finish(session, out)
        elif all(entry.time < oldest for _, entry in entries):
            self.go_on(session, out)  # nothing was handed out whose leaving could be noticed

    def _finish(self, session: Session, out: Out) -> None:
        """Let go of what waits and is no longer there, and stop."""
        if session.mailbox is not None:
            gone = {
                conversation: waiting.newest
                for conversation, waiting in session.mailbox.spans.items()
                if session.unacked.get(conversation, 0) < waiting.newest
            }
            for conversation, seq in gone.items():
                _skip(session, conversation, seq, out)
        if session.backlog is not None:
            session.backlog.is_settling = True
            self._settle(session, session.backlog, out)

    def _settle(self, session: Session, backlog: Backlog, out: Out) -> None:
        backlog.turn += 1
        out.append(fx.Settle(session, backlog.turn))

    def settled(self, session: Session, turn: int, out: Out) -> None:
        """Notice that all is through that was under way when everything was handed out, or the log was ahead."""
        backlog = session.backlog
        if backlog is None or backlog.turn != turn:
            return
        if backlog.is_unknown:
            backlog.is_asking = False
            self.go_on(session, out)
        elif backlog.is_settling:
            self.stop(session)

    def end(self, session: Session, conversation: str) -> None:
        """Notice that a session has ended; or, with a conversation, that it has left it: it misses nothing there."""
        backlog = session.backlog
        if not conversation:
            self.stop(session)
        elif backlog is not None:
            backlog.after.pop(conversation, None)
            if backlog.is_unknown:
                backlog.left.add(conversation)

    def stop(self, session: Session) -> None:
        """Notice that a session misses nothing more, or has ended. Harmless when called twice."""
        if session.backlog is not None:
            session.backlog = None
            self.count -= 1


def _skip(session: Session, conversation: str, seq: int, out: Out) -> None:
    """Tell a session that what it misses of a conversation does not come, up to a number, and move the cursor there."""
    if session.mailbox is None:
        return
    name = session.mailbox.name.key
    session.mailbox.acknowledge(conversation, seq)
    device = session.backlog.device if session.backlog is not None else ""
    out.append(fx.Note(Cursor(name, device, conversation, seq)))
    target = conversation
    if not conversation.startswith("#"):
        one, other = conversation.split()
        target = other if one == name else one
    out.append(fx.Reply(session, m.Skipped(target, seq)))
