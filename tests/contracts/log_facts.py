"""Facts, and everything together, against the model: the rest of the contract of logs."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.log_model import LogModel
from contracts.log_tools import LogSuite, entries, look_up, page, say, store
from libchat.records import (
    AskFirst,
    AskPage,
    AskSearch,
    AskUnread,
    AskWaiting,
    Audit,
    Conflict,
    Cursor,
    Draft,
    Known,
    Look,
    Mark,
    Member,
    Outcome,
    Question,
    Record,
    Repeat,
    RoomBan,
    RoomEnd,
    RoomMute,
    RoomSettings,
    SearchFound,
    Span,
    Stored,
    Unfit,
    UnreadFound,
    WaitingFound,
)
from libchat.store.base import Log

CONVERSATIONS = ("#red", "#blue", "ana bo", "bo cy")
NAMES = ("ana", "bo", "cy")
WORDS = ("apple", "Pear", "\u00e4pfel", "")

names = st.sampled_from(NAMES)
conversations = st.sampled_from(CONVERSATIONS)
devices = st.sampled_from(("", "d1", "d2"))
numbers = st.integers(0, 8)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Return a draft of any kind, by somebody who is of the conversation."""
    conversation = draw(conversations)
    people = conversation.split() if " " in conversation else NAMES
    sender = draw(st.sampled_from(people))
    kind = draw(st.sampled_from(("message", "message", "message", "topic", "edit", "delete", "react", "unreact")))
    is_referring = kind in ("edit", "delete", "react", "unreact")
    draft = say(
        draw(st.sampled_from(("+1", "ha"))) if kind in ("react", "unreact") else draw(texts),
        conversation,
        draw(st.sampled_from((sender, sender.title()))),
        kind="message" if kind == "topic" and " " in conversation else kind,
        device=draw(devices),
        cid=draw(st.sampled_from(("", "", "c1", "c2", "c3"))),
        ref=draw(st.integers(1, 6)) if is_referring else draw(st.sampled_from((0, 0, 1))),
        is_operator=draw(st.booleans()),
    )
    is_conditional = conversation.startswith("#") and draw(st.integers(0, 3)) == 0
    draft = replace(draft, sent=draw(st.none() | st.none() | texts))
    return replace(draft, member=sender) if is_conditional else draft


@st.composite
def members(draw: st.DrawFn) -> Member:
    """Return that somebody enters or leaves a room."""
    room = draw(st.sampled_from(("#red", "#blue")))
    return Member(room, room, draw(names), draw(st.sampled_from(("", "voice", "owner"))), draw(st.booleans()))


@st.composite
def rules(draw: st.DrawFn) -> Record:
    """Return something that is decided in a room, or that the room has ended."""
    room = draw(st.sampled_from(("#red", "#blue")))
    flag = st.none() | st.booleans()
    by, made, until, reason, is_on = draw(names), draw(numbers), draw(numbers), draw(texts), draw(st.booleans())
    match draw(st.integers(0, 4)):
        case 0:
            password = draw(st.sampled_from((None, "", "salt$hash")))
            return RoomSettings(room, room, draw(flag), password, draw(flag), draw(flag), draw(flag))
        case 1:
            return RoomBan(room, room, draw(st.sampled_from(("cy", "10.0.0.0/8"))), by, made, until, reason, is_on)
        case 2:
            return RoomMute(room, room, draw(names), by, made, until, reason, is_on)
        case 3:
            return RoomEnd(room)
        case _:
            return Audit(made, by, "kick", room, draw(names), reason)


records = st.one_of(
    drafts(),
    drafts(),
    drafts(),
    members(),
    rules(),
    st.builds(Known, names, names.map(str.title), numbers, devices, st.booleans()),
    st.builds(Cursor, names, devices, conversations, numbers),
    st.builds(Mark, names, conversations, numbers),
    st.builds(Look, conversations),
)
appends = st.lists(st.lists(records, min_size=1, max_size=6), max_size=8)
rooms = st.sets(st.sampled_from(("#red", "#blue"))).map(tuple)
words = st.lists(st.sampled_from(("apple", "pear", "APFEL", "p*", "apple pear", "\u00e4*")), min_size=1, max_size=2)
questions = st.one_of(
    st.builds(
        AskPage, conversations, numbers, st.sampled_from(("before", "after", "around")), st.integers(1, 9),
        other=st.sampled_from(("", *NAMES)),
    ),
    st.builds(AskUnread, names, devices),
    st.builds(
        AskFirst, st.lists(st.tuples(devices, st.sampled_from(("", "c1", "c2", "c3"))), max_size=4).map(tuple)
    ),
    st.builds(
        AskWaiting,
        st.lists(st.builds(Span, conversations, numbers, numbers), max_size=4, unique_by=lambda span: span.conversation)
        .map(tuple),
        names,
        devices,
        st.integers(1, 9),
    ),
    st.builds(
        AskSearch, words.map(tuple), rooms, names, only=st.sampled_from(("", *CONVERSATIONS)), limit=st.integers(1, 5)
    ),
)  # fmt: skip


def comparable(answer: object) -> object:
    """Return what two logs must agree about: the places of a search are each log's own, spans have no order.

    Reactions are left out of what waits and what is found: only pages have them for certain.
    """
    if isinstance(answer, SearchFound):
        return [replace(entry, reactions=()) for entry in answer.entries], answer.next is None
    if isinstance(answer, WaitingFound):
        return [(key, replace(entry, reactions=())) for key, entry in answer.entries], answer.has_more
    if isinstance(answer, UnreadFound):
        return sorted((span.conversation, span.after, span.until) for span in answer.spans)
    return answer


def outcome_of(outcome: Outcome) -> object:
    """Return what two logs must agree about of an outcome: reasons are for people, only some numbers are told."""
    if isinstance(outcome, Unfit):
        return outcome.code
    if isinstance(outcome, Repeat):
        return replace(outcome.entry, reactions=())
    return Conflict if isinstance(outcome, Conflict) else outcome


PLAIN = (Known, Cursor, Mark, RoomSettings, RoomBan, RoomMute, RoomEnd, Audit)
"""Facts whose outcome tells no number."""


def outcomes_of(log: Log, batch: list[Record]) -> list[object]:
    """Append a batch, and return what two logs must agree about."""
    pairs = zip(batch, store(log, *batch), strict=True)
    return [
        Stored if isinstance(record, PLAIN) and isinstance(outcome, Stored) else outcome_of(outcome)
        for record, outcome in pairs
    ]


class LogFacts(LogSuite):
    """Facts, and all records and questions together."""

    def test_facts_are_stored(self, log: Log) -> None:
        """Each fact has its outcome, in its place between the drafts, and takes no number."""
        facts: list[Record] = [Known("ana", "Ana", 1), Cursor("ana", "d", "#red", 1), Mark("ana", "#red", 1)]
        outcomes = store(log, say("one"), *facts, Member("#red", "#red", "ana"), say("two"))
        assert [isinstance(outcome, Stored) for outcome in outcomes] == [False, True, True, True, True, False]
        assert [entry.seq for entry in entries(log, "#red")] == [1, 2]

    def test_marks_never_go_back(self, log: Log) -> None:
        """Who has read something has read it."""
        store(log, *(say("a", "ana bo") for _ in range(9)), Mark("bo", "ana bo", 6), Mark("bo", "ana bo", 2))
        assert page(log, AskPage("ana bo", other="bo")).read == 6
        store(log, Mark("bo", "ana bo", 7))
        assert page(log, AskPage("ana bo", other="bo")).read == 7

    def test_receipts_never_go_back(self, log: Log) -> None:
        """What was delivered to one device was delivered, wherever the other devices are."""
        store(
            log, *(say("a", "ana bo") for _ in range(9)), Cursor("bo", "d", "ana bo", 6), Cursor("bo", "e", "ana bo", 2)
        )
        assert page(log, AskPage("ana bo", other="bo")).delivered == 6

    def test_nobody_is_further_than_the_newest_entry(self, log: Log) -> None:
        """What is said to be read or received before it was sent has still to come; elsewhere it means nothing."""
        store(log, say("one", "ana bo"), Cursor("bo", "d", "ana bo", 99), Mark("bo", "ana bo", 99))
        store(log, Cursor("bo", "d", "bo cy", 9), Mark("bo", "bo cy", 9), say("two", "ana bo"), say("hi", "bo cy"))
        found = page(log, AskPage("ana bo", other="bo"))
        assert (found.delivered, found.read) == (1, 1)
        found = page(log, AskPage("bo cy", other="bo"))
        assert (found.delivered, found.read) == (0, 0)
        unread = look_up(log, AskUnread("bo", "d"))
        assert unread == UnreadFound((Span("ana bo", 1, 2), Span("bo cy", 0, 1)))

    @settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow])
    @given(appends, st.lists(questions, min_size=1, max_size=8))
    def test_the_log_does_what_the_model_does(self, batches: list[list[Record]], asked: list[Question]) -> None:
        """Whatever is appended and asked, plain lists and dictionaries give the same."""
        log, model = self.open(), LogModel()
        log.load()
        for batch in batches:
            assert outcomes_of(log, batch) == outcomes_of(model, batch)
        for question in asked:
            assert comparable(look_up(log, question)) == comparable(look_up(model, question)), question
        for conversation in CONVERSATIONS:
            assert entries(log, conversation) == entries(model, conversation)
        log.close()
