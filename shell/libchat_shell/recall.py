"""What is shown again, or late: a conversation that comes on the screen, pages of history and of a search."""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import islice

from libchat import Entry
from libchat import messages as m
from libchat.names import target_key
from libchat.text import clean_text
from libchat_shell import wording
from libchat_shell.conversations import Conversation
from libchat_shell.lines import Line
from libchat_shell.sanitise import safe_line, shown
from libchat_shell.state import State


class Recall:
    """Shows what was not shown when it happened."""

    def __init__(self, state: State) -> None:
        self._state = state

    def opened(self, conversation: Conversation, now: int) -> list[Line]:
        """Return the heading of a conversation, the end of what was seen of it, and all that was not."""
        state = self._state
        lines = [state.render.rule(self._heading(conversation), now), *self._about(conversation, now)]
        context = self._context(conversation)
        news = [line for later in conversation.backlog for line in later()]
        if context and news:
            news.insert(0, state.render.rule([f"{conversation.unread} new"], now, kind="new"))
        if conversation.missed:
            words = f"{conversation.missed} earlier lines are not shown: /history"
            news[:0] = state.render.note(words, now)
        conversation.clear_unread()
        conversation.note_seen(conversation.newest)
        return lines + state.dated([*context, *news], now, is_past=True)

    def _heading(self, conversation: Conversation) -> list[str]:
        if conversation is self._state.conversations.home:
            return [f"{shown(self._state.render.me)}, in no room"]
        parts = [shown(conversation.target)]
        if conversation.is_room and conversation.is_joined:
            parts.append(f"{len(conversation.members)} here")
        if conversation.unread:
            parts.append(f"{conversation.unread} new")
        return parts

    def _about(self, conversation: Conversation, now: int) -> list[Line]:
        if not conversation.is_room:
            return []
        if not conversation.is_joined:
            name = shown(conversation.target)
            return self._state.render.note(f"you are not in {name}; to enter it: /join {name}", now)
        return self._state.render.note(wording.topic(conversation.topic), now) if conversation.topic else []

    def _context(self, conversation: Conversation) -> list[Line]:
        """Return the last messages that were seen."""
        count = self._state.render.look.context
        seen = (entry for entry in reversed(conversation.recent.values()) if entry.seq <= conversation.seen)
        entries = [entry for entry in islice(seen, max(count, 0)) if not self._state.is_ignored(entry.sender)]
        return [line for entry in reversed(entries) for line in self.message(conversation, entry)]

    def message(self, conversation: Conversation, entry: Entry, *, to: str = "") -> list[Line]:
        """Return a message, as it is by now."""
        entry = conversation.recent.get(entry.seq, entry)
        quoted = conversation.recent.get(entry.ref) if entry.ref else None
        return self._state.render.message(entry, to=to, quoted=quoted)

    # --- history, search

    def entries(self, title: str, entries: Sequence[Entry], now: int, more: str) -> list[Line]:
        """Return entries under a title, and make the messages known."""
        render = self._state.render
        lines = [line for entry in entries for line in self._entry(entry, entries)]
        heading = [render.rule([shown(title)], now, kind="history")] if title else []
        footing = render.note(shown(more), now) if more else []
        end = [render.rule([f"end of {shown(title)}"], now, kind="history")] if title else []
        return [*heading, *self._state.dated(lines, now, is_past=True), *footing, *end]

    def fetched(self, page: m.Page, now: int) -> list[Line]:
        """Take a page of a conversation that was just entered; return what is shown by that."""
        order = self._state.order
        is_timely = order.put_page(
            target_key(page.target),
            lambda cids, now: self._page(page, cids, now, title="" if is_timely else "said before"),
            now,
        )
        return order.due(now)

    def _page(self, page: m.Page, cids: Set[str], now: int, *, title: str) -> list[Line]:
        """Return what of a page is new, if it is on the screen. Own messages in it may be these, not answered."""
        conversation = self._state.conversations.find(page.target)
        if conversation is None:
            return []
        conversation.reach(page.read, now, is_read=True)
        conversation.reach(page.delivered, now, is_read=False)
        is_shown = conversation is self._state.conversations.active
        live = self._state.order.first(conversation.key)  # what is newer is shown in its turn, and as news
        unknown = [entry for entry in page.entries if entry.seq not in conversation.known]
        unknown = [entry for entry in unknown if live is None or entry.seq < live]
        if not is_shown:  # what is newer is on its way as an event, and must be unread by then
            for entry in unknown:
                if entry.seq <= conversation.newest and entry.kind == "message":
                    conversation.recall(entry)
            return []
        echoes = self._echoes(unknown, cids)
        for entry in unknown:
            conversation.know(entry)
            if entry.kind == "message":
                conversation.recall(entry)
        conversation.note_seen(conversation.newest)
        unknown = [entry for entry in unknown if entry.seq not in echoes]
        lines = self.entries(title, unknown, now, "") if unknown else []
        return lines + self._state.order.overtake(conversation.key, page.entries[-1].seq if page.entries else 0, now)

    def _echoes(self, entries: Sequence[Entry], cids: Set[str]) -> Set[int]:
        """Return the numbers of those entries, newest first, that say what own messages say which have no answer."""
        echoes = set()
        for entry in reversed(entries):
            if cids and entry.kind == "message" and self._state.is_me(entry.sender):
                echoed = self._state.receipts.echoed(cids, clean_text(entry.text))
                if echoed is not None:
                    cids = cids - {echoed.cid}
                    echoes.add(entry.seq)
        return echoes

    def _entry(self, entry: Entry, entries: Sequence[Entry]) -> list[Line]:
        state = self._state
        if state.is_ignored(entry.sender):
            return []
        conversation = state.conversations.find(self.place(entry))
        if entry.kind == "message":
            if conversation is not None:
                conversation.recall(entry)
            around = {each.seq: each for each in entries if self.place(each) == self.place(entry)}
            known = conversation.recent.get(entry.ref) if conversation else None
            is_here = conversation is state.conversations.active
            place = "" if is_here or len({self.place(each) for each in entries}) == 1 else self.place(entry)
            return state.render.message(entry, place=place, quoted=around.get(entry.ref) or known)
        if entry.kind == "topic":
            return state.render.note(wording.topic_set(entry, state.render.me), entry.time, kind="topic")
        before = conversation.recent.get(entry.ref) if conversation else None
        return state.render.amendment(entry, before or next((each for each in entries if each.seq == entry.ref), None))

    def place(self, entry: Entry) -> str:
        """Return the conversation of an entry."""
        if entry.target.startswith("#"):
            return safe_line(entry.target)
        return entry.target if self._state.is_me(entry.sender) else entry.sender
