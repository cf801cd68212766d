"""What is said: messages of others and of oneself, what refers to them, and what became of one's own."""

from __future__ import annotations

from collections.abc import Set

from libchat import Entry
from libchat import messages as m
from libchat.names import target_key
from libchat.text import clean_text
from libchat_shell import notifications, wording
from libchat_shell.conversations import Conversation
from libchat_shell.lines import Line
from libchat_shell.mentions import find_mentions
from libchat_shell.recall import Recall
from libchat_shell.receipts import Pending
from libchat_shell.sanitise import shown
from libchat_shell.state import State


class Speech:
    """Takes entries and receipts."""

    def __init__(self, state: State, recall: Recall) -> None:
        self._state = state
        self._recall = recall

    # --- of others

    def entry(self, entry: Entry, now: int) -> list[Line]:
        """Take an entry, and return what is printed of it at once."""
        state = self._state
        place = self._recall.place(entry)
        key = target_key(place)
        cids = state.receipts.unanswered(key) if entry.kind == "message" and state.is_me(entry.sender) else frozenset()
        if cids or state.order.is_busy(key):
            state.order.put(key, lambda cids, now: self._entry(place, entry, cids, now), now, seq=entry.seq, cids=cids)
            return []
        return self._entry(place, entry, cids, now)

    def _entry(self, place: str, entry: Entry, cids: Set[str], now: int) -> list[Line]:
        """Take an entry whose turn it is. It may be one of these own messages, if they are still not answered."""
        conversation = self._state.conversations.open(place)
        if not conversation.is_new(entry):
            return []
        conversation.know(entry)
        if self._state.is_shown(conversation):
            conversation.note_seen(entry.seq)
        if entry.kind == "message":
            return self._message(conversation, entry, cids, now)
        if entry.kind == "topic":
            return self._topic(conversation, entry, now)
        return self._amendment(conversation, entry, now)

    def _message(self, conversation: Conversation, entry: Entry, cids: Set[str], now: int) -> list[Line]:
        state = self._state
        is_own = state.is_me(entry.sender)
        if is_own:
            echoed = state.receipts.echoed(cids, clean_text(entry.text))
            if echoed is not None:
                state.receipts.answered(echoed.cid)
                return self._accepted(conversation, entry, now)
        elif state.is_ignored(entry.sender):
            return []
        conversation.remember(entry)
        if is_own:
            state.receipts.accepted(conversation.key, entry.seq, is_queued=entry.is_queued)
            return self._show(conversation, entry, now)
        conversation.spoke(entry.sender)
        if conversation.is_room:
            state.receipts.forget(conversation.key)
        return [*self._show(conversation, entry, now), *self._call(conversation, entry, now)]

    def _show(self, conversation: Conversation, entry: Entry, now: int) -> list[Line]:
        is_active = conversation is self._state.conversations.active
        to = "" if is_active or not self._state.is_shown(conversation) else entry.target
        return self._state.show(conversation, lambda: self._recall.message(conversation, entry, to=to), now)

    def _call(self, conversation: Conversation, entry: Entry, now: int) -> list[Line]:
        """Count a message of somebody else, call the person if they want it, and return a preview if it is for them."""
        state = self._state
        is_answer = self._is_answer(conversation, entry)
        is_mention = conversation.is_room and (is_answer or bool(find_mentions(entry.text, state.render.me)))
        level = state.levels.get(conversation.key) or state.notify
        call = notifications.decide(conversation.target, entry.sender, entry.text, is_mention=is_mention, level=level)
        state.wanted += [call] if call else []
        if state.is_shown(conversation):
            return []
        conversation.unread += 1
        conversation.mentions += is_mention
        if not (state.render.look.has_previews and (is_mention or conversation.is_private)):
            return []
        return state.dated(self._preview(conversation, entry, is_answer=is_answer), now)

    def _is_answer(self, conversation: Conversation, entry: Entry) -> bool:
        """Return whether somebody replies to an own message: that is as if they had named the person."""
        replied = conversation.recent.get(entry.ref) if entry.ref else None
        return replied is not None and self._state.is_me(replied.sender)

    def _preview(self, conversation: Conversation, entry: Entry, *, is_answer: bool) -> list[Line]:
        """Return a line that tells of a message elsewhere, and how one gets there."""
        state = self._state
        does = "answers" if is_answer else "mentions"
        where = f"{does} you in {shown(conversation.target)}" if conversation.is_room else "writes to you"
        number = state.conversations.number(conversation)
        key = f" (Alt-{number})" if number <= 9 else " (Alt-A)"
        words = f"{shown(entry.sender)} {where}{key}: {state.render.quote(entry)}"
        return state.render.note(words, entry.time, kind="preview")

    # --- what refers to them

    def _topic(self, conversation: Conversation, entry: Entry, now: int) -> list[Line]:
        conversation.topic = entry.text
        words = wording.topic_set(entry, self._state.render.me)
        return self._state.show(conversation, lambda: self._state.render.note(words, entry.time, kind="topic"), now)

    def _amendment(self, conversation: Conversation, entry: Entry, now: int) -> list[Line]:
        """Change a message, and tell of it in a line, unless the message itself is still to be shown."""
        before = conversation.amend(entry)
        state = self._state
        if state.is_ignored(entry.sender) or (before is not None and state.is_ignored(before.sender)):
            return []
        if before is not None and not state.is_shown(conversation) and before.seq > conversation.seen:
            return []
        return state.show(conversation, lambda: state.render.amendment(entry, before), now)

    # --- one's own

    def receipt(self, event: m.Accepted | m.Delivered | m.IsRead, now: int) -> list[Line]:
        """Take what became of an own message."""
        if isinstance(event, m.Accepted):
            message = self._state.receipts.answered(event.cid)
            return [] if message is None else self._behind(message, self._answered(message, event, now), now)
        if isinstance(event, m.IsRead) and self._state.is_me(event.name):
            self._read_elsewhere(event)
            return []
        is_room = isinstance(event, m.IsRead) and event.target.startswith("#")
        other = None if is_room else self._state.conversations.find(event.name)
        if other is not None and other.is_private:
            other.reach(event.seq, now, is_read=isinstance(event, m.IsRead))
        return []

    def _read_elsewhere(self, event: m.IsRead) -> None:
        """Notice that one has read something on another device."""
        found = self._state.conversations.find(event.target)
        if found is not None and event.seq >= found.newest:
            found.clear_unread()
            found.note_seen(event.seq)

    def _answered(self, message: Pending, event: m.Accepted, now: int) -> list[Line]:
        conversation = self._state.conversations.open(message.target)
        me = self._state.render.me
        entry = Entry(
            conversation.target,
            event.seq,
            me,
            event.time,
            event.text or message.text,
            ref=message.reply_to,
            is_queued=event.is_queued,
        )
        lines = [*self._accepted(conversation, entry, now), *self._absence(conversation, event, now)]
        if event.text and event.text != message.text:
            words = f"the server has changed your message; the others see: {self._state.render.quoted(event.text)}"
            lines += self._state.dated(self._state.render.note(words, now, kind="receipt"), now)
        return lines

    def _accepted(self, conversation: Conversation, entry: Entry, now: int) -> list[Line]:
        """Have an own message be known by its number. It was shown when it was sent."""
        state = self._state
        conversation.remember(entry)
        conversation.know(entry)
        if state.is_shown(conversation) or not conversation.unread:
            conversation.note_seen(entry.seq)
        state.receipts.accepted(conversation.key, entry.seq, is_queued=entry.is_queued)
        late = state.receipts.late()
        if not late:
            return []
        words = (
            "the message that waited for the connection is sent"
            if late == 1
            else f"the {late} messages that waited for the connection are sent"
        )
        return state.dated(state.render.note(words, now, kind="receipt"), now)

    def _absence(self, conversation: Conversation, event: m.Accepted, now: int) -> list[Line]:
        """Tell once that somebody is not there, or has left a note."""
        name, note = shown(conversation.target), shown(event.away)
        words = (
            f"{name} is away: {note}" if note else f"{name} is not here, and gets it later" if event.is_queued else ""
        )
        is_told, conversation.absence = words == conversation.absence, words
        if is_told or not words:
            return []
        return self._state.dated(self._state.render.note(words, now, kind="receipt"), now)

    def failed(self, event: m.Failed, now: int) -> list[Line] | None:
        """Tell that an own message was refused, which quotes it. Returns None for the refusal of something else."""
        message = self._state.receipts.answered(event.cid)
        if message is None:
            return None
        render = self._state.render
        reason = shown(event.text) or shown(event.code)
        words = f"not sent to {shown(message.target)}: {render.quoted(message.text)}: {reason}"
        self._state.receipts.late()
        return self._behind(
            message, self._state.dated(render.note(words, now, style="error", kind="refused"), now), now
        )

    def _behind(self, message: Pending, lines: list[Line], now: int) -> list[Line]:
        """Return what is told of an own message, unless that waits to be shown itself: then this waits, too."""
        key = target_key(message.target)
        if not lines or not self._state.order.has_page(key):
            return lines
        self._state.order.put(key, lambda cids, now: lines, now)
        return []
