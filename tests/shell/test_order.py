"""A line of a conversation is shown once, and in its place, in whatever order its parts arrive."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libchat import Entry
from libchat import messages as m
from libchat_shell.lines import Line
from libchat_shell.model import Model
from libchat_shell.order import PATIENCE_MS, Order
from libchat_shell.receipts import Receipts
from support.screens import NOON, bare, look, model, said, status

TARGETS = ("bo", "#team")


class Course:
    """One course of events between a shell that has just entered a conversation, and a server.

    What the server sends is on the wire, where it is lost with the connection, and then waits for the interface, where
    nothing is lost. The page of history goes its own way.
    """

    def __init__(self, target: str, before: int) -> None:
        self.target = target
        self.model = Model("ana", look())
        self.model.take(m.Entered("#team", ("ana", "bo")), NOON)
        self.model.switch(target, NOON)
        self.printed: list[Line] = []
        self.log: list[Entry] = []
        self.answers: dict[str, int] = {}
        self.unanswered: dict[str, str] = {}
        """What the shell has sent, and not seen answered, by cid: it is sent again."""
        self.requests: deque[str] = deque()
        """The cids that are on their way to the server."""
        self.sent: list[str] = []
        self.wire: deque[m.Event] = deque()
        self.waiting: deque[m.Event] = deque()
        self.page: m.Page | None = None
        self.is_up = True
        for number in range(before):
            self.append("ana" if number % 2 else "bo", "again" if number % 2 else f"old {number}")
        self.cursor = before
        """How far the connection has handed over."""
        self.model.expect(target, NOON)

    # --- the server

    def append(self, sender: str, text: str) -> Entry:
        to = "ana" if self.target == "bo" and sender == "bo" else self.target
        self.log.append(said(len(self.log) + 1, sender, text, to))
        return self.log[-1]

    def other_says(self) -> None:
        """Have somebody else say something."""
        self.tell(self.append("bo", f"new {len(self.log)}"))

    def elsewhere(self) -> None:
        """Have the person say something on another device, which may be the same words."""
        self.tell(self.append("ana", "again"))

    def tell(self, entry: Entry) -> None:
        if self.is_up:
            self.wire.append(entry)

    def serve(self) -> None:
        """Have the server take the next message of the shell, if it has not taken it already, and answer."""
        if not (self.requests and self.is_up):
            return
        cid = self.requests.popleft()
        if cid not in self.answers:
            self.answers[cid] = self.append("ana", self.unanswered[cid]).seq
        entry = self.log[self.answers[cid] - 1]
        self.wire.append(m.Accepted(self.target, entry.seq, entry.time, cid))

    def look_up(self) -> None:
        """Have the server look the page up."""
        if self.page is None:
            self.page = m.Page(self.target, tuple(self.log))

    # --- the connection

    def arrive(self) -> None:
        """Have something arrive from the wire."""
        if not (self.wire and self.is_up):
            return
        event = self.wire.popleft()
        if isinstance(event, m.Accepted):
            self.unanswered.pop(event.cid, None)
        elif isinstance(event, Entry):
            if event.seq <= self.cursor:
                return
            self.cursor = event.seq
        self.waiting.append(event)

    def lose(self) -> None:
        """Lose the connection, with all that is on the wire."""
        if self.is_up:
            self.is_up = False
            self.wire.clear()
            self.requests.clear()
            self.waiting.append(m.Interrupted("lost"))

    def return_(self) -> None:
        """Connect again: what was missed comes, own messages with it, and all is sent again."""
        if not self.is_up:
            self.is_up = True
            self.waiting.append(m.Resumed())
            self.wire.extend(self.log[self.cursor :])
            self.requests.extend(self.unanswered)

    # --- the person

    def say(self) -> None:
        """Have the person say something: the same every other time."""
        cid = f"c{len(self.sent)}"
        text = "again" if len(self.sent) % 2 else f"own {cid}"
        self.sent.append(text)
        self.unanswered[cid] = text
        self.printed += self.model.sent(self.target, text, cid, NOON)
        if self.is_up:
            self.requests.append(cid)

    def hear(self) -> None:
        """Have the interface take the next event."""
        if self.waiting:
            self.printed += self.model.take(self.waiting.popleft(), NOON)

    def turn(self) -> None:
        """Have the interface take the page."""
        if self.page is not None and self.page.target:
            self.printed += self.model.fetched(self.page, NOON)
            self.page = m.Page("", ())

    def finish(self, *, is_page_first: bool) -> list[str]:
        """Have all arrive, and return the messages that were printed."""
        self.return_()
        self.look_up()
        if is_page_first:
            self.turn()
        while self.requests or self.wire or self.waiting:
            self.serve()
            self.arrive()
            self.hear()
        self.turn()
        return [line.text.partition("│ ")[2].split(" …")[0] for line in self.printed if line.kind in ("message", "own")]


STEPS: tuple[Callable[[Course], None], ...] = (
    Course.other_says,
    Course.elsewhere,
    Course.say,
    Course.say,
    Course.serve,
    Course.serve,
    Course.look_up,
    Course.arrive,
    Course.hear,
    Course.turn,
    Course.lose,
    Course.return_,
)


@settings(max_examples=max(300, settings().max_examples))
@given(
    target=st.sampled_from(TARGETS),
    before=st.integers(0, 3),
    steps=st.lists(st.sampled_from(STEPS), min_size=4, max_size=40),
    is_page_first=st.booleans(),
)
def test_each_line_once_and_in_order(
    target: str, before: int, steps: list[Callable[[Course], None]], is_page_first: bool
) -> None:
    """Whatever comes first, of page, own messages, answers, echoes and news: each line once, and in its place."""
    course = Course(target, before)
    for step in steps:
        step(course)
    printed = course.finish(is_page_first=is_page_first)
    assert Counter(printed) == Counter(entry.text for entry in course.log)
    others = [text for text in printed if text.startswith(("old", "new"))]
    assert others == [entry.text for entry in course.log if entry.sender == "bo"]
    own = [text for text in printed if text.startswith("own")]
    assert own == [text for text in course.sent if text.startswith("own")]
    assert "pending" not in status(course.model, NOON + 60_000)


def test_answered_while_history_is_on_its_way() -> None:
    """What is said right after a conversation is entered stands below its history, though that holds it, too."""
    made = model()
    made.switch("bo", NOON)
    made.expect("bo", NOON)
    assert made.sent("bo", "hello", "c1", NOON) == []
    old, new = said(1, "bo", "old", "ana"), said(2, "ana", "hello", "bo")
    assert made.fetched(m.Page("bo", (old, new)), NOON) == []
    lines = made.take(m.Accepted("bo", 2, new.time, "c1", is_queued=True), NOON)
    assert bare(lines) == ["old", "hello", "bo is not here, and gets it later"]
    assert made.take(new, NOON) == []


def test_refused_while_history_is_on_its_way() -> None:
    """A refusal stands below what is refused."""
    made = model()
    made.switch("bo", NOON)
    made.expect("bo", NOON)
    made.sent("bo", "hello", "c1", NOON)
    assert made.take(m.Failed("muted", "you may not speak", "", "c1"), NOON) == []
    lines = made.fetched(m.Page("bo", ()), NOON)
    assert bare(lines)[0] == "hello"
    assert bare(lines)[1].startswith("not sent to bo: “hello”")


def test_history_that_does_not_come() -> None:
    """What waits for a page is shown after a while all the same; the page is shown under a title then."""
    made = model()
    made.switch("bo", NOON)
    made.expect("bo", NOON)
    made.sent("bo", "hello", "c1", NOON)
    assert made.flush(NOON + PATIENCE_MS - 1) == []
    assert bare(made.flush(NOON + PATIENCE_MS)) == ["hello"]
    page = m.Page("bo", (said(1, "bo", "old", "ana"), said(2, "ana", "hello", "bo")))
    assert made.fetched(page, NOON + PATIENCE_MS) == []
    lines = made.take(m.Accepted("bo", 2, page.entries[1].time, "c1"), NOON + PATIENCE_MS)
    assert bare(lines) == ["── said before ──", "old", "── end of said before ──"]


def test_answer_that_does_not_come() -> None:
    """After a while the newest entry that says what an unanswered message says is taken for it, and no other."""
    made = model()
    made.switch("bo", NOON)
    made.expect("bo", NOON)
    made.sent("bo", "hello", "c1", NOON)
    mine = [said(seq, "ana", "hello", "bo") for seq in (1, 2)]
    assert made.fetched(m.Page("bo", tuple(mine)), NOON) == []
    assert bare(made.flush(NOON + PATIENCE_MS)) == ["hello", "hello"]
    made.sent("bo", "bye", "c2", NOON)
    assert made.take(said(3, "ana", "bye", "bo"), NOON) == []
    assert made.take(said(4, "bo", "what?", "ana"), NOON) == []
    assert bare(made.flush(NOON + PATIENCE_MS)) == ["what?"]


def test_nothing_waits_without_a_connection() -> None:
    """What is said while there is no connection is shown at once: no page will come soon."""
    made = model()
    made.take(m.Interrupted("lost"), NOON)
    made.switch("bo", NOON)
    made.expect("bo", NOON)
    assert len(made.sent("bo", "hello", "c1", NOON)) == 1


@pytest.mark.parametrize("kind", ["topic", "edit", "react"])
def test_what_is_no_message_comes_once(kind: str) -> None:
    """A topic, an edit or a reaction that is in the page already is not told again when it comes by itself."""
    made = model("#team")
    made.expect("#team", NOON)
    entry = said(2, "bo", "fun", kind=kind, ref=0 if kind == "topic" else 1)
    assert len(bare(made.fetched(m.Page("#team", (said(1, "bo", "one"), entry)), NOON))) == 2
    assert made.take(entry, NOON) == []


def test_news_are_news_although_a_page_holds_them() -> None:
    """A message that waits behind the page is shown in its turn, and calls the person."""
    made = model("#team")
    made.expect("#team", NOON)
    news = said(2, "bo", "ana, look")
    assert made.take(news, NOON) == []
    assert made.wanted() == []
    assert bare(made.fetched(m.Page("#team", (said(1, "cy", "one"), news)), NOON)) == ["one", "ana, look"]
    assert [call.title for call in made.wanted()] == ["bo in #team"]


def test_nothing_waits_when_the_last_was_overtaken() -> None:
    """When all that waited was shown early, the conversation is as if nothing had waited."""
    order = Order(Receipts())
    order.put("#team", lambda cids, now: [], NOON, seq=3)
    order.overtake("#team", 3, NOON)
    assert not order.is_busy("#team")
    assert not order.has_page("#team")
