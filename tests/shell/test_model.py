"""What the shell knows, and what it prints."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from libchat import messages as m
from libchat_shell.conversations import BACKLOG, ENTRIES, SPEAKERS
from libchat_shell.folding import HOLD_MS
from support.screens import DAY, NOON, bare, look, model, said, status, texts


def test_active_conversation_is_printed() -> None:
    """What is said in the conversation on the screen is printed at once, and nothing is unread."""
    made = model("#team")
    assert bare(made.take(said(1, "bo", "hello"), NOON)) == ["hello"]
    assert made.conversations.active.unread == 0


def test_other_conversations_are_unread() -> None:
    """What is said elsewhere is counted, and printed when one goes there."""
    made = model("#team", "#dev")
    assert made.take(said(1, "bo", "hello"), NOON) == []
    assert "1:#team(1)" in status(made)
    assert texts(made.switch("#team", NOON)) == ["── #team ── 3 here ── 1 new ──", "12:00         bo │ hello"]
    assert "#team(" not in status(made)


def test_mentions_elsewhere_are_previewed() -> None:
    """A mention elsewhere is told of in a line, which says how one gets there; the person is called."""
    made = model("#team", "#dev")
    assert bare(made.take(said(1, "bo", "ana, look"), NOON)) == ["bo mentions you in #team (Alt-1): “ana, look”"]
    assert "1:#team(1!)" in status(made)
    assert [call.title for call in made.wanted()] == ["bo in #team"]
    assert made.wanted() == []


def test_answers_elsewhere_are_mentions() -> None:
    """A reply to an own message is for oneself, also if it does not say the name."""
    made = model("#team", "#dev")
    made.take(said(1, "ana", "who comes?"), NOON)
    assert bare(made.take(said(2, "bo", "me", ref=1), NOON)) == ["bo answers you in #team (Alt-1): “me”"]
    assert [call.kind for call in made.wanted()] == ["mention"]
    assert made.take(said(3, "cy", "and me", ref=2), NOON) == []


def test_private_messages_come_before_rooms() -> None:
    """Where a person is waited for comes before any other, and a mention before what is just said."""
    made = model("#a", "#b", "#c")
    made.take(said(1, "bo", "hi", "#a"), NOON)
    assert made.next_active() == "#a"
    made.take(said(1, "bo", "psst", "ana"), NOON)
    assert made.next_active() == "bo"
    made.switch("bo", NOON)
    made.take(said(1, "bo", "ana!", "#b"), NOON)
    assert made.next_active() == "#b"


def test_private_messages_elsewhere_are_previewed() -> None:
    """A private message opens a conversation, is told of in a line, and is urgent."""
    made = model("#team")
    assert bare(made.take(said(1, "bo", "psst", "ana"), NOON)) == ["bo writes to you (Alt-2): “psst”"]
    assert made.next_active() == "bo"
    assert bare(made.switch("bo", NOON)) == ["── bo ── 1 new ──", "psst"]


def test_previews_can_be_off() -> None:
    """Without previews, what is said elsewhere is only counted."""
    made = model("#team", has_previews=False)
    assert made.take(said(1, "bo", "psst", "ana"), NOON) == []
    assert "2:bo(1!)" in status(made)


def test_private_messages_at_home() -> None:
    """At home private messages are printed, with whom they go to, and are not unread."""
    made = model()
    assert texts(made.take(said(1, "bo", "psst", "ana"), NOON)) == ["12:00     bo→ana │ psst"]
    assert made.next_active() is None
    assert made.reads() == [("bo", 1)]


def test_seen_messages_come_back_with_their_conversation() -> None:
    """When a conversation comes back, the last that was seen stands above what is new."""
    made = model("#dev", "#team", context=2)
    for seq in range(1, 5):
        made.take(said(seq, "bo", f"old {seq}"), NOON)
    made.switch("#dev", NOON)
    made.take(said(5, "bo", "fresh"), NOON)
    assert bare(made.switch("#team", NOON))[1:] == ["old 3", "old 4", "── 1 new ──", "fresh"]


def test_too_much_unread() -> None:
    """Of a flood elsewhere the end is shown, and told how much is not."""
    made = model("#team", "#dev")
    for seq in range(1, BACKLOG + 38):
        made.take(said(seq, "bo", f"text {seq}"), NOON)
    lines = bare(made.switch("#team", NOON))
    assert lines[1] == "37 earlier lines are not shown: /history"
    assert (lines[2], lines[-1]) == ("text 38", f"text {BACKLOG + 37}")


def test_deleted_before_it_was_seen() -> None:
    """What was deleted before one came is not shown, nor is it told of; what was edited is shown as it is by now."""
    made = model("#team", "#dev")
    made.take(said(1, "bo", "secret"), NOON)
    made.take(said(2, "bo", "tpyo"), NOON)
    made.take(said(3, "bo", "", kind="delete", ref=1), NOON)
    made.take(said(4, "bo", "typo", kind="edit", ref=2), NOON)
    assert bare(made.switch("#team", NOON))[1:] == ["(deleted)", "typo (edited)"]


def test_amendments_of_what_was_seen() -> None:
    """What happens to a message that was shown is told in a line that quotes how it was."""
    made = model("#team")
    made.take(said(1, "bo", "helo"), NOON)
    assert bare(made.take(said(2, "bo", "hello", kind="edit", ref=1), NOON)) == ["bo edited “helo”: hello"]
    assert bare(made.take(said(3, "cy", "👍", kind="react", ref=1), NOON)) == ["cy reacted 👍 to bo's “hello”"]
    entry = made.entry("#team", 1)
    assert entry is not None
    assert (entry.text, entry.is_edited, entry.reactions) == ("hello", True, (m.Reaction("👍", ("cy",)),))
    made.take(said(4, "cy", "👍", kind="unreact", ref=1), NOON)
    assert made.entry("#team", 1) == replace(entry, reactions=())


# --- one's own


def test_own_message() -> None:
    """An own message is shown at once, and known by its number when it is accepted."""
    made = model("#team")
    assert texts(made.sent("#team", "hello", "c1", NOON)) == ["12:00        ana │ hello"]
    assert "pending" not in status(made)
    assert "… 1 pending" in status(made, NOON + 500)
    assert made.take(m.Accepted("#team", 7, NOON, "c1"), NOON) == []
    assert "✓ accepted" in status(made, NOON + 500)
    assert made.entry("#team", 7) is not None
    assert made.last("#team", own=True) == made.entry("#team", 7)


def test_receipts_of_a_private_message() -> None:
    """A private message is accepted, delivered, and read, which the status line tells, with the time."""
    made = model()
    made.switch("bo", NOON)
    made.sent("bo", "hello", "c1", NOON)
    made.take(m.Accepted("bo", 1, NOON, "c1"), NOON)
    assert "✓ accepted" in status(made)
    made.take(m.Delivered("bo", 1), NOON)
    assert "✓✓ delivered" in status(made)
    made.take(m.IsRead("bo", "bo", 1), NOON + 60_000)
    assert "✓✓ read by bo 12:01" in status(made)
    made.sent("bo", "again", "c2", NOON)
    made.take(m.Accepted("bo", 2, NOON, "c2"), NOON)
    assert "✓ accepted" in status(made)


def test_changed_message() -> None:
    """If the server has changed an own message, one is told what the others see, and that is what is known of it."""
    made = model("#team", width=120)
    made.sent("#team", "damn", "c1", NOON)
    lines = made.take(m.Accepted("#team", 1, NOON, "c1", text="d***"), NOON)
    assert bare(lines) == ["the server has changed your message; the others see: “d***”"]
    found = made.last("#team", own=True)
    assert found is not None
    assert found.text == "d***"


def test_own_message_is_answered_by_the_room() -> None:
    """When somebody has spoken after an own message in a room, everybody sees that it was accepted."""
    made = model("#team")
    made.sent("#team", "hello", "c1", NOON)
    made.take(m.Accepted("#team", 1, NOON, "c1"), NOON)
    made.take(said(2, "bo", "hi"), NOON)
    assert "accepted" not in status(made)


def test_message_without_a_connection() -> None:
    """What is written without a connection is marked, counted, and told of when it went out."""
    made = model("#team")
    lines = made.take(m.Interrupted("timed out"), NOON)
    assert bare(lines)[0].startswith("connection lost (timed out); trying again.")
    assert made.take(m.Interrupted("timed out"), NOON) == []
    assert bare(made.sent("#team", "one", "c1", NOON)) == ["one …"]
    made.sent("#team", "two", "c2", NOON)
    assert status(made).startswith("not connected, trying again · 1:#team (3) · … 2 pending")
    assert bare(made.take(m.Resumed(), NOON)) == ["connected again"]
    assert made.take(m.Accepted("#team", 1, NOON, "c1"), NOON) == []
    lines = made.take(m.Accepted("#team", 2, NOON, "c2"), NOON)
    assert bare(lines) == ["the 2 messages that waited for the connection are sent"]


def test_message_that_came_back_before_its_answer() -> None:
    """An own message that is replayed after a lost connection is not shown twice."""
    made = model("#team")
    made.sent("#team", "hello", "c1", NOON)
    echo = said(3, "ana", "hello")
    assert made.take(echo, NOON) == []
    assert made.take(m.Accepted("#team", 3, echo.time, "c1"), NOON) == []
    assert made.entry("#team", 3) is not None
    assert "pending" not in status(made, NOON + 10_000)


def test_own_message_of_another_device() -> None:
    """What one says on another device is shown as one's own, and calls nobody."""
    made = model("#team")
    (line,) = made.take(said(1, "ana", "from my telephone"), NOON)
    assert (line.kind, made.wanted()) == ("own", [])


def test_refused_message() -> None:
    """A refusal quotes the message, says why, and the message is pending no longer."""
    made = model("#team")
    made.sent("bo", "you fool " * 20, "c1", NOON)
    (first, *_) = made.take(m.Failed("muted", "you may not speak", "", "c1"), NOON)
    assert first.text.startswith("12:00         -- │ not sent to bo: “you fool you")
    assert first.kind == "refused"
    assert "pending" not in status(made, NOON + 10_000)


def test_absence_is_told_once() -> None:
    """That somebody is not here, or away, is told once, until it changes."""
    made = model()
    made.switch("bo", NOON)
    told = []
    for seq, (is_queued, away) in enumerate(
        ((True, ""), (True, ""), (False, "lunch"), (False, "lunch"), (False, "")), 1
    ):
        made.sent("bo", "hello", f"c{seq}", NOON)
        told += bare(made.take(m.Accepted("bo", seq, NOON, f"c{seq}", is_queued, away), NOON))
    assert told == ["bo is not here, and gets it later", "bo is away: lunch"]


def test_waiting_message_is_told_in_the_status() -> None:
    """A message that waits for somebody is not just accepted."""
    made = model()
    made.switch("bo", NOON)
    made.sent("bo", "hello", "c1", NOON)
    made.take(m.Accepted("bo", 1, NOON, "c1", is_queued=True), NOON)
    assert "✓ waits for bo" in status(made)


def test_message_to_elsewhere() -> None:
    """A private message that is written in a room tells whom it goes to."""
    made = model("#team")
    assert texts(made.sent("bo", "psst", "c1", NOON)) == ["12:00     ana→bo │ psst"]


def test_read_on_another_device() -> None:
    """What one has read on another device is not unread here."""
    made = model("#team", "#dev")
    made.take(said(1, "bo", "hello"), NOON)
    made.take(said(2, "bo", "you"), NOON)
    made.take(m.IsRead("ana", "#team", 1), NOON)
    assert made.next_active() == "#team"
    made.take(m.IsRead("ana", "#team", 2), NOON)
    assert made.next_active() is None


def test_reads() -> None:
    """What is shown is to be told as read, once; what is only counted is not."""
    made = model("#team", "#dev")
    made.take(said(1, "bo", "hello"), NOON)
    assert made.reads() == []
    made.switch("#team", NOON)
    assert made.reads() == [("#team", 1)]
    assert made.reads() == []


# --- rooms and people


def test_entering() -> None:
    """Entering a room that is on the screen tells with whom one is, and what the topic is."""
    made = model()
    made.switch("#team", NOON)
    assert bare(made.take(m.Entered("#team", ("ana", "bo"), "fun"), NOON)) == [
        "you are in #team with bo",
        "the topic is: fun",
    ]
    assert made.take(m.Entered("#team", ("ana", "bo"), "fun"), NOON) == []


def test_switching_tells_of_the_room() -> None:
    """A room that comes on the screen has a heading with how many are there, and its topic."""
    made = model()
    made.take(m.Entered("#team", ("ana", "bo"), "fun"), NOON)
    assert bare(made.switch("#team", NOON)) == ["── #team ── 2 here ──", "the topic is: fun"]


def test_joins_are_folded() -> None:
    """Who comes and goes is told after a while, together, and who speaks was told of before."""
    made = model("#team")
    for name in ("dora", "emil"):
        assert made.take(m.Joined("#team", name), NOON) == []
    assert made.flush(NOON) == []
    assert bare(made.flush(NOON + HOLD_MS)) == ["dora and emil joined"]
    made.take(m.Joined("#team", "fay"), NOON)
    assert bare(made.take(said(1, "bo", "hi"), NOON)) == ["hi"]
    assert bare(made.take(said(2, "fay", "hi"), NOON)) == ["fay joined", "hi"]


def test_joins_elsewhere_are_not_told() -> None:
    """Who comes and goes elsewhere is known, and not told."""
    made = model("#team", "#dev")
    made.take(m.Joined("#team", "dora"), NOON)
    made.take(m.Left("#team", "bo"), NOON)
    assert made.flush(NOON + HOLD_MS) == []
    assert set(made.members("#team")) == {"ana", "cy", "dora"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (m.Kicked("#team", "bo", "cy", "spam"), "cy put bo out: spam"),
        (m.Kicked("#team", "ana", "cy", "spam"), "cy put you out of #team: spam"),
        (m.Granted("#team", "bo", "operator", "cy"), "bo is an operator now (by cy)"),
        (m.Granted("#team", "ana", "", "cy"), "you are without a role now (by cy)"),
        (m.Muted("#team", "bo", "cy", NOON, "noise"), "bo may not speak until 2026-11-23 12:00: muted by cy: noise"),
        (m.Muted("#team", "ana", "cy"), "you may not speak: muted by cy"),
        (m.Unmuted("#team", "bo", "ana"), "bo may speak again (by you)"),
        (
            m.RoomIs("#team", invite_only=True, moderated=True, by="cy"),
            "from now on one needs an invitation to enter; only voices and operators may speak (by cy)",
        ),
        (
            m.Skipped("#team", 4),
            "what was said here before waited too long for you, and did not come; /history may have it",
        ),
        (said(1, "bo", "fun", kind="topic"), "bo set the topic: fun"),
        (said(1, "ana", "", kind="topic"), "you took the topic away"),
        (m.Exited("#team"), "you have left #team"),
        (m.Invited("#fun", "bo"), "bo invites you to #fun; to enter it: /join #fun"),
        (m.Slowed(3), "you write faster than the server takes it: it goes out in 3 seconds; nothing is lost"),
        (m.Bye("shutting down"), "the server has closed the connection: shutting down"),
        (m.Registered("Ana2"), "you are Ana2 now"),
        (m.Failed("busy", "try later"), "try later"),
        (m.Done("", "it is done"), "it is done"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_happens_is_told_in_words(event: m.Event, words: str) -> None:
    """Everything that happens in a room, or to the connection, is told in a sentence."""
    made = model("#team", width=200)
    assert bare(made.take(event, NOON)) == [words]


def test_settings_of_a_room_are_told_as_changes() -> None:
    """Of a room that is known, only what has changed is told."""
    made = model("#team")
    made.take(m.RoomIs("#team", secret=True), NOON)
    lines = made.take(m.RoomIs("#team", secret=True, open_topic=False, by="bo"), NOON)
    assert bare(lines) == ["from now on only operators may set the topic (by bo)"]
    assert made.take(m.RoomIs("#team", secret=True, open_topic=False, by="bo"), NOON) == []


def test_out_of_a_room() -> None:
    """Who was put out of a room is told wherever they are, and is not in it any more."""
    made = model("#team", "#dev")
    assert bare(made.take(m.Kicked("#team", "ana", "bo"), NOON)) == ["bo put you out of #team"]
    assert bare(made.switch("#team", NOON)) == ["── #team ──", "you are not in #team; to enter it: /join #team"]
    assert "(not in it)" in status(made)


def test_refused_room_is_left() -> None:
    """A refusal about a room, as after a lost connection, tells that one is not in it."""
    made = model("#team")
    made.take(m.Failed("banned", "you are banned", "#team"), NOON)
    assert "(not in it)" in status(made)


def test_slowness_is_told_once_in_a_while() -> None:
    """That the server takes messages slowly is not told every second."""
    made = model("#team")
    told = [bool(made.take(m.Slowed(1), NOON + second * 1000)) for second in range(12)]
    assert told == [True] + [False] * 9 + [True, False]


def test_ignored() -> None:
    """Of who is ignored nothing is shown, counted or called for; when they are not any more, it is."""
    made = model("#team")
    made.ignore("BO", is_ignored=True)
    assert list(made.ignored) == ["BO"]
    for event in (said(1, "bo", "ana!"), said(2, "bo", "psst", "ana"), m.Joined("#team", "bo"), m.Invited("#x", "bo")):
        assert made.take(event, NOON) == []
    made.take(m.IsTyping("bo", "#team"), NOON)
    assert "typing" not in status(made)
    assert made.flush(NOON + HOLD_MS) == []
    assert (made.wanted(), made.next_active()) == ([], None)
    made.ignore("bo", is_ignored=False)
    assert bare(made.take(said(3, "bo", "hello"), NOON)) == ["hello"]


def test_days() -> None:
    """A new day is told before its first line, once, and slow clocks do not turn it back."""
    made = model("#team")
    made.take(said(1, "bo", "hello"), NOON)
    late = replace(said(2, "bo", "good morning"), time=NOON + DAY)
    assert bare(made.take(late, NOON + DAY)) == ["── Tuesday, 24 November 2026 ──", "good morning"]
    assert bare(made.take(replace(late, seq=3, time=NOON), NOON + DAY)) == ["good morning"]
    assert bare(made.take(replace(late, seq=4), NOON + DAY)) == ["good morning"]


def test_typing() -> None:
    """Who is typing is told for a while, until they have said it."""
    made = model("#team")
    made.take(m.IsTyping("bo", "#team"), NOON)
    assert "bo is typing" in status(made)
    assert "typing" not in status(made, NOON + 10_000)
    made.take(m.IsTyping("cy", "#team"), NOON)
    assert "bo and cy are typing" in status(made)
    made.take(said(1, "bo", "hi"), NOON)
    assert "cy is typing" in status(made)


# --- history


def test_history() -> None:
    """A page stands between two rules, with its days, and can be referred to."""
    made = model("#team")
    entries = [replace(said(1, "bo", "hello"), time=NOON - DAY), said(2, "cy", "hi", ref=1)]
    assert bare(made.entries("#team", entries, NOON, more="more: /history 30")) == [
        "── #team ──",
        "── Sunday, 22 November 2026 ──",
        "hello",
        "── Monday, 23 November 2026 ──",
        "╭ bo: hello",
        "hi",
        "more: /history 30",
        "── end of #team ──",
    ]
    assert made.entry("#team", 1) == entries[0]


def test_found_messages_tell_their_place() -> None:
    """Messages of several conversations tell where they were said, but for those of the one on the screen."""
    made = model("#team")
    found = [said(1, "bo", "one"), said(1, "bo", "two", "#dev"), said(1, "bo", "three", "ana")]
    assert bare(made.entries("", found, NOON)) == ["one", "two  [#dev]", "three  [bo]"]


def test_fetched_history() -> None:
    """The page that is fetched on entering shows what was not shown yet, once, and only while one is there."""
    made = model("#dev", "#team")
    made.expect("#team", NOON)
    assert made.take(said(3, "bo", "live"), NOON) == []
    page = m.Page("#team", (said(1, "bo", "one"), said(2, "bo", "two"), said(3, "bo", "live")))
    assert bare(made.fetched(page, NOON)) == ["one", "two", "live"]
    assert made.fetched(page, NOON) == []
    other = m.Page("#dev", (said(1, "bo", "elsewhere", "#dev"),))
    assert made.fetched(other, NOON) == []
    assert [seq for seq, _, _ in made.messages("#team")] == [3, 2, 1]


def test_fetched_history_takes_nothing_from_the_unread() -> None:
    """What is in a page of a conversation that is not on the screen, and still on its way, is unread when it comes."""
    made = model("#team", "#dev")
    made.fetched(m.Page("#team", (said(1, "bo", "hello"),)), NOON)
    made.take(said(1, "bo", "hello"), NOON)
    assert "hello" in bare(made.switch("#team", NOON))


def test_fetched_receipts() -> None:
    """The page of a private conversation tells how far the other one has come."""
    made = model()
    made.switch("bo", NOON)
    made.sent("bo", "hi", "c1", NOON)
    made.take(m.Accepted("bo", 4, NOON, "c1"), NOON)
    made.fetched(m.Page("bo", (), delivered=4), NOON)
    assert "delivered" in status(made)


def test_counting_anew() -> None:
    """A server that has lost its log counts anew: its entries are shown, though their numbers are known."""
    made = model("#team")
    made.take(said(1, "bo", "hello"), NOON)
    made.reads()
    assert made.take(said(1, "bo", "hello"), NOON) == []
    other = replace(said(1, "cy", "a new beginning"), time=NOON + DAY)
    assert "a new beginning" in bare(made.take(other, NOON + DAY))
    assert made.reads() == [("#team", 1)]


# --- where one is


def test_numbers_of_conversations() -> None:
    """Conversations have numbers in the order in which they were opened; home has 0."""
    made = model("#a", "#b")
    assert [made.nth(number) for number in range(-1, 4)] == [None, "", "#a", "#b", None]
    assert list(made.targets()) == ["", "#a", "#b"]


def test_closing() -> None:
    """When a conversation is closed, the one before comes back; what is said there opens it again."""
    made = model("#a", "#b")
    assert bare(made.close("#b", NOON))[0] == "── #a ── 3 here ──"
    assert made.active == "#a"
    assert made.close("#nowhere", NOON) == []
    made.take(said(1, "bo", "hi", "#b"), NOON)
    assert made.next_active() == "#b"
    assert made.close("", NOON) == []


def test_closing_forgets_receipts() -> None:
    """What became of the last message of a closed conversation is not told when it is opened again."""
    made = model()
    made.switch("bo", NOON)
    made.sent("bo", "hi", "c1", NOON)
    made.take(m.Accepted("bo", 1, NOON, "c1"), NOON)
    made.close("bo", NOON)
    made.switch("bo", NOON)
    assert "accepted" not in status(made)


def test_drafts() -> None:
    """What is typed stays with its conversation."""
    made = model("#a", "#b")
    made.keep_draft("#a", "half a sen")
    assert (made.draft("#a"), made.draft("#b"), made.draft("#c")) == ("half a sen", "", "")


def test_who_may_be_meant() -> None:
    """Names come by who has spoken last, then by alphabet, oneself last; gone ones do not come."""
    made = model()
    made.take(m.Entered("#team", ("Zoe", "ana", "bo", "cy", "Dora")), NOON)
    made.switch("#team", NOON)
    for seq, name in enumerate(("cy", "Zoe", "ana", "cy"), 1):
        made.take(said(seq, name, "hi"), NOON)
    assert list(made.members("#team")) == ["cy", "Zoe", "bo", "Dora", "ana"]
    made.take(m.Left("#team", "cy"), NOON)
    assert list(made.members("#team")) == ["Zoe", "bo", "Dora", "ana"]
    assert list(made.members("bo")) == ["Zoe", "bo", "Dora", "ana"]  # not open: everybody
    made.switch("bo", NOON)
    assert list(made.members("bo")) == ["bo", "ana"]
    assert list(made.members("")) == ["bo", "Zoe", "Dora", "ana"]


def test_speakers_are_bounded() -> None:
    """A room where thousands come, speak and go does not fill the memory."""
    made = model("#team")
    for seq in range(1, SPEAKERS + 100):
        made.take(said(seq, f"guest{seq}", "hi"), NOON)
    active = made.conversations.active
    assert (len(active.spoken), len(active.recent)) == (SPEAKERS, ENTRIES)


def test_known_rooms() -> None:
    """Rooms that one is in come first, then those that were heard of."""
    made = model("#team")
    made.take(m.RoomList((m.RoomInfo("#team", 3), m.RoomInfo("#fun", 2))), NOON)
    made.take(m.Invited("#secret", "bo"), NOON)
    assert list(made.rooms()) == ["#team", "#fun", "#secret"]


def test_last_messages() -> None:
    """The newest message of the others, of somebody, or one's own is found, unless it was deleted."""
    made = model("#team")
    for seq, name in enumerate(("bo", "cy", "ana", "bo"), 1):
        made.take(said(seq, name, f"text {seq}"), NOON)
    made.take(said(5, "bo", "", kind="delete", ref=4), NOON)
    found = (made.last("#team"), made.last("#team", own=True), made.last("#team", of="BO"), made.last("#x"))
    assert [entry.seq if entry else None for entry in found] == [2, 3, 1, None]


def test_levels() -> None:
    """What calls a person is set for all, and for a conversation, also one that is not open."""
    made = model("#team")
    made.set_level("#TEAM", "none")
    made.take(said(1, "bo", "ana!"), NOON)
    assert made.wanted() == []
    made.set_level("#team", "")
    made.notify = "all"
    made.take(said(2, "bo", "hello"), NOON)
    assert [call.kind for call in made.wanted()] == ["message"]
    assert (made.level("#team"), list(made.targets())) == ("", ["", "#team"])


def test_wider_screen() -> None:
    """What was not shown yet is made for the screen as it is when it is shown."""
    made = model("#team", "#dev", width=50)
    made.take(said(1, "bo", "word " * 10), NOON)
    made.look = look(width=120)
    assert len(made.switch("#team", NOON)) == 2
