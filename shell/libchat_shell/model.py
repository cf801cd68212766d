"""What the shell knows: conversations, what is on the screen, what is pending. Pure: time is an argument.

Owned by one thread, the user interface's. All times (`now`) are milliseconds since 1970. What a method returns is to be
printed above the prompt, at once and in order.

How it works. What is printed scrolls away and cannot be changed, so every event that is shown becomes lines once: those
of the conversation on the screen at once, those of others when it comes on the screen (`Conversation.backlog`). What
refers to something that was shown (an edit, a deletion, a reaction) is a line of its own, which quotes it. What events
do to the conversations is in `libchat_shell.hearing`; here is what the person does, and what is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from libchat import Entry
from libchat import messages as m
from libchat.names import target_key
from libchat_shell.hearing import Hearing
from libchat_shell.lines import Fragment, Line
from libchat_shell.look import Look
from libchat_shell.notifications import Notification
from libchat_shell.recall import Recall
from libchat_shell.receipts import Pending
from libchat_shell.rendering import Renderer
from libchat_shell.sanitise import safe_line, shown
from libchat_shell.speech import Speech
from libchat_shell.state import State
from libchat_shell.status import StatusLine

__all__ = ["Model"]


class Model:
    """The state of the shell."""

    def __init__(
        self, me: str, look: Look | None = None, *, ignored: Iterable[str] = (), notify: str = "mentions"
    ) -> None:
        self._state = State(Renderer(me, look or Look()), ignored, notify)
        self._recall = Recall(self._state)
        self._hearing = Hearing(self._state, Speech(self._state, self._recall))
        self.conversations = self._state.conversations
        self._receipts = self._state.receipts
        self._status = StatusLine(self.conversations, self._receipts)

    # --- how it is shown

    @property
    def me(self) -> str:
        """Return the own name."""
        return self._render.me

    @me.setter
    def me(self, name: str) -> None:
        self._state.render = Renderer(name, self.look)

    @property
    def look(self) -> Look:
        """Return how lines look; set it when the screen's width changes, or a setting."""
        return self._render.look

    @look.setter
    def look(self, look: Look) -> None:
        self._state.render = Renderer(self.me, look)

    @property
    def notify(self) -> str:
        """Return for what the person wants to be called where nothing else is set: one of `notifications.LEVELS`."""
        return self._state.notify

    @notify.setter
    def notify(self, level: str) -> None:
        self._state.notify = level

    def level(self, target: str) -> str:
        """Return for what of a conversation the person wants to be called, "" for as is set for all."""
        return self._state.levels.get(target_key(target), "")

    def set_level(self, target: str, level: str) -> None:
        """Set for what of a conversation the person wants to be called; "" is as is set for all."""
        self._state.levels[target_key(target)] = level

    # --- what is heard

    def take(self, event: m.Event, now: int) -> list[Line]:
        """Take an event, and return what is printed of it.

        Answers that a blocking call got (`Entered` of `chat.join`, `Exited` of `chat.leave`) and own edits, deletions,
        reactions and topics, once accepted, as an `Entry` with the own name as sender, come this way, too: the chat
        tells them to the other sessions only. `Accepted` and `Failed` are known by their `cid`. What is of no interest
        here changes nothing.
        """
        return self._hearing.take(event, now)

    def flush(self, now: int) -> list[Line]:
        """Return what was held back to be folded, if its time has come. Called about once a second."""
        return self._hearing.flush(now)

    @property
    def is_connected(self) -> bool:
        """Return whether there is a connection, as far as events have told."""
        return self._state.connection.is_up

    # --- what the person does

    def sent(self, target: str, text: str, cid: str, now: int, *, reply_to: int = 0) -> list[Line]:
        """Notice an own message, which is submitted with this `cid`, and return how it is shown. It is pending."""
        conversation = self.conversations.open(target)
        is_offline = not self.is_connected
        self._receipts.sent(Pending(cid, target, text, now, reply_to, is_offline))
        key, order = conversation.key, self._state.order

        def show(cids: Set[str], now: int) -> list[Line]:
            return self._sent(target, text, now, reply_to, is_offline=is_offline)

        if order.has_page(key):
            order.put(key, show, now)
            return []
        return show(frozenset(), now)

    def _sent(self, target: str, text: str, now: int, reply_to: int, *, is_offline: bool) -> list[Line]:
        conversation = self.conversations.open(target)
        entry = Entry(conversation.target, 0, self.me, now, text, ref=reply_to)
        to = "" if conversation is self.conversations.active else conversation.target
        lines = self._render.message(
            entry, to=to, quoted=conversation.recent.get(reply_to) if reply_to else None, is_pending=is_offline
        )
        return self._state.dated(lines, now)

    def switch(self, target: str, now: int) -> list[Line]:
        """Have a conversation on the screen, opened if it was not; return its heading and what is unread."""
        lines = self._hearing.unfold(now)
        conversation = self.conversations.switch(target)
        return [*lines, *self._recall.opened(conversation, now)]

    def close(self, target: str, now: int) -> list[Line]:
        """Take a conversation off the list. If it was on the screen, the one before is, and its heading is returned."""
        before = self.conversations.active
        lines = self._hearing.unfold(now) if self.conversations.find(target) is before else []
        closed = self.conversations.close(target)
        if closed is not None:
            self._receipts.forget(closed.key)
        if self.conversations.active is before:
            return lines
        return [*lines, *self._recall.opened(self.conversations.active, now)]

    def told(self, text: str, now: int, *, is_error: bool = False) -> list[Line]:
        """Return lines of the shell's own, or of a command: cleaned, marked so that no peer could have written them."""
        return self._render.told(text, now, is_error=is_error)

    def entries(self, title: str, entries: Sequence[Entry], now: int, *, more: str = "") -> list[Line]:
        """Return entries of history or of a search, under a title; with their places, if they are of several.

        Messages of conversations that are open are known from here on, so that one can reply to them.
        """
        return self._recall.entries(title, entries, now, more)

    def expect(self, target: str, now: int) -> None:
        """Have what is said in a conversation wait for its newest page, which was just asked for; not for long."""
        if self.is_connected:
            self._state.order.expect(target_key(target), now)

    def fetched(self, page: m.Page, now: int) -> list[Line]:
        """Take the newest page of a conversation that was just entered, and return what is shown by that.

        That is what was not shown yet, and then what has waited for the page; an empty page ends the waiting, too. If
        own messages are not answered yet, the page waits until they are: it may hold them. Nothing of it is shown if
        the conversation is no longer on the screen: it is shown when it comes back.
        """
        return self._recall.fetched(page, now)

    def ignore(self, name: str, *, is_ignored: bool) -> None:
        """Show nothing that somebody says, or show it again."""
        if is_ignored:
            self._state.ignored[target_key(name)] = name
        else:
            self._state.ignored.pop(target_key(name), None)

    @property
    def ignored(self) -> Sequence[str]:
        """Return who is ignored, by alphabet."""
        return [name for _, name in sorted(self._state.ignored.items())]

    # --- where one is

    @property
    def active(self) -> str:
        """Return the conversation that is on the screen, "" for home."""
        return self.conversations.active.target

    def targets(self) -> Sequence[str]:
        """Return the conversations in the order of their numbers; the first is home, ""."""
        return [each.target for each in self.conversations]

    def topic(self, target: str) -> str:
        """Return the topic of a room, "" if there is none, or it is not known."""
        found = self.conversations.find(target)
        return found.topic if found else ""

    def draft(self, target: str) -> str:
        """Return what was being typed in a conversation when it left the screen."""
        found = self.conversations.find(target)
        return found.draft if found else ""

    def keep_draft(self, target: str, text: str) -> None:
        """Keep what is being typed in a conversation that leaves the screen."""
        found = self.conversations.find(target)
        if found is not None:
            found.draft = text

    def next_active(self) -> str | None:
        """Return the conversation that wants attention most: a mention or private message, then any unread; or None."""
        found = self.conversations.next_active()
        return found.target if found else None

    def nth(self, number: int) -> str | None:
        """Return a conversation by its number in the status line: from 1; 0 is home."""
        found = self.conversations.nth(number)
        return found.target if found else None

    def status(self, now: int) -> list[Fragment]:
        """Return the line above the input: where one is, what is unread elsewhere, the connection, receipts, typing."""
        return self._status.fragments(self._render, self._state.connection, now)

    def prompt(self) -> str:
        """Return what stands before the input: the room or name, and `> `."""
        return f"{shown(self.active)}> "

    # --- what is to be done

    def wanted(self) -> list[Notification]:
        """Return what a person wants to be called for since the last time this was asked."""
        wanted, self._state.wanted = self._state.wanted, []
        return wanted

    def reads(self) -> list[tuple[str, int]]:
        """Return, for `chat.read`, up to which number conversations were shown since the last time this was asked."""
        reads = []
        for each in self.conversations:
            if each.seen > each.told:
                each.told = each.seen
                reads.append((each.target, each.seen))
        return reads

    # --- what completion and commands look up

    def entry(self, target: str, seq: int) -> Entry | None:
        """Return an entry of a conversation that was shown a while ago at most."""
        found = self.conversations.find(target)
        return found.recent.get(seq) if found else None

    def last(self, target: str, *, own: bool = False, of: str = "") -> Entry | None:
        """Return the newest message of a conversation: an own one, somebody's, or one of anybody but oneself."""
        found = self.conversations.find(target)
        wanted = target_key(of) if of else ""
        for entry in reversed(found.recent.values()) if found else ():
            sender = target_key(entry.sender)
            is_own = self._render.is_me(entry.sender)
            if not entry.is_deleted and (sender == wanted if wanted else is_own == own):
                return entry
        return None

    def members(self, target: str) -> Sequence[str]:
        """Return who may be meant in a conversation: most recently spoken first, then by alphabet, oneself last."""
        found = self.conversations.find(target)
        if found is None or found is self.conversations.home:
            return self._everybody()
        return found.names(self.me)

    def _everybody(self) -> list[str]:
        """Return everybody who is known, those with whom there is a conversation first."""
        known: dict[str, str] = {}
        others = [each for each in self.conversations if each is not self.conversations.home]
        for each in sorted(others, key=lambda each: not each.is_private):
            for name in each.names(self.me):
                known.setdefault(target_key(name), name)
        known.pop(target_key(self.me), None)
        return [*known.values(), self.me]

    def rooms(self) -> Sequence[str]:
        """Return rooms that are known: those that one is in first, then others of the list, of invites and topics."""
        own = [each.target for each in self.conversations if each.is_room]
        keys = {target_key(room) for room in own}
        return [*own, *(room for key, room in self._state.rooms.items() if key not in keys)]

    def messages(self, target: str) -> Sequence[tuple[int, str, str]]:
        """Return recent messages, newest first: number, sender, text."""
        found = self.conversations.find(target)
        recent = reversed(found.recent.values()) if found else ()
        return [(entry.seq, entry.sender, safe_line(entry.text)) for entry in recent if not entry.is_deleted]

    @property
    def _render(self) -> Renderer:
        return self._state.render
