"""The checks of histories: they find what is wrong, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from libchat.testing import (
    History,
    Sent,
    Shown,
    assert_accepted_delivered,
    assert_consistent,
    assert_exactly_once,
    assert_fifo,
    assert_gap_free,
    assert_in_order,
)

READERS = ("ana", "bo", "cy")
Events = list[Sent | Shown]
CHECKS = (assert_exactly_once, assert_in_order, assert_gap_free, assert_fifo, assert_accepted_delivered)


@dataclass(frozen=True)
class Said:
    """What becomes of one message: refused, stored without an answer, or accepted."""

    sender: str
    conversation: str
    fate: str


said = st.builds(
    Said,
    st.sampled_from(READERS),
    st.sampled_from(("#red", "#blue")),
    st.sampled_from(("accepted", "accepted", "accepted", "unanswered", "refused")),
)
conversations = st.lists(said, max_size=14)
busy = conversations.map(lambda messages: [*messages, *[Said("ana", "#red", "accepted")] * 2])
"""Conversations in which there are two messages to do something wrong with."""


def good(messages: list[Said]) -> Events:
    """Return what happens when everything goes well, with a text of its own for each message."""
    counts: dict[str, int] = {}
    events: Events = []
    for number, message in enumerate(messages):
        seq = counts.get(message.conversation, 0) + 1
        is_accepted = message.fate == "accepted"
        text = f"text {number}"
        events.append(Sent(message.sender, message.conversation, f"c{number}", text, seq if is_accepted else None))
        if message.fate == "refused":
            continue
        counts[message.conversation] = seq
        others = [reader for reader in READERS if reader != message.sender]
        events += [Shown(reader, message.conversation, seq, message.sender, text) for reader in others]
    return events


def history(events: Events) -> History:
    """Return a history in which everybody should be shown everything."""
    return History(events, {"#red": READERS, "#blue": READERS})


def fault(check: Callable[[History], None], events: Events) -> str:
    """Return what a check finds to be wrong, "" if it is nothing."""
    try:
        check(history(events))
    except AssertionError as error:
        return str(error)
    return ""


def failing(events: Events) -> list[Callable[[History], None]]:
    """Return the checks that fail, and assert that they show a line, and that the check of all fails if one does."""
    faults = {check: fault(check, events) for check in CHECKS}
    assert all("\n->" in words for words in faults.values() if words)
    assert bool(fault(assert_consistent, events)) == any(faults.values())
    return [check for check, words in faults.items() if words]


def places_of(events: Events) -> list[int]:
    """Return where an accepted message is shown."""
    accepted = {(event.conversation, event.seq) for event in events if isinstance(event, Sent)}
    return [
        place
        for place, event in enumerate(events)
        if isinstance(event, Shown) and (event.conversation, event.seq) in accepted
    ]


def is_order(events: Events, one: int, other: int) -> bool:
    """Return whether the order of two events is that of one reader, or of one sender, in one conversation."""
    first, second = events[one], events[other]
    if isinstance(first, Shown) and isinstance(second, Shown):
        return (first.reader, first.conversation) == (second.reader, second.conversation)
    return isinstance(second, Sent) and (first.sender, first.conversation) == (second.sender, second.conversation)


def pick(data: st.DataObject, events: Events) -> tuple[int, Shown]:
    """Return one of the places where an accepted message is shown, and what is shown there."""
    place = data.draw(st.sampled_from(places_of(events)))
    shown = events[place]
    assert isinstance(shown, Shown)
    return place, shown


@given(conversations)
def test_a_good_history_passes(messages: list[Said]) -> None:
    """Nothing is wrong with a chat in which everybody is shown everything once, in order."""
    assert_consistent(history(good(messages)))
    assert_consistent(History(good(messages), {"#red": (), "#blue": ()}))


@given(conversations, st.data())
def test_how_readers_interleave_is_no_matter(messages: list[Said], data: st.DataObject) -> None:
    """Participants see things at different times: only each one's own order counts."""
    events = good(messages)
    order = data.draw(st.permutations((*READERS, "sent")))
    events.sort(key=lambda event: order.index(event.reader if isinstance(event, Shown) else "sent"))
    assert_consistent(history(events))


@given(busy, st.data())
def test_a_lost_message_is_found(messages: list[Said], data: st.DataObject) -> None:
    """A reader who was not shown an accepted message is found."""
    events = good(messages)
    place, _ = pick(data, events)
    del events[place]
    assert assert_accepted_delivered in failing(events)


def test_a_lost_message_leaves_a_gap() -> None:
    """A number that is missing between others is found, also if nobody knows what it was."""
    events: Events = [Shown("bo", "#red", seq, "ana", str(seq)) for seq in (3, 4, 6)]
    assert failing(events) == [assert_gap_free]
    own = Sent("bo", "#red", "c", "mine", 5)
    assert failing([*events, own]) == [assert_accepted_delivered]
    assert failing([*events[:2], Sent("bo", "#red", "c", "mine", 6)]) == [assert_gap_free, assert_accepted_delivered]


@given(busy, st.data())
def test_a_message_that_nobody_is_shown_is_found(messages: list[Said], data: st.DataObject) -> None:
    """An accepted message that was never shown to anybody is found."""
    events = good(messages)
    _, lost = pick(data, events)
    left = [
        event
        for event in events
        if not (isinstance(event, Shown) and (event.conversation, event.seq) == (lost.conversation, lost.seq))
    ]
    assert assert_accepted_delivered in failing(left)


@given(busy, st.data())
def test_a_doubled_message_is_found(messages: list[Said], data: st.DataObject) -> None:
    """A message that was shown twice is found, at once or later."""
    events = good(messages)
    place, shown = pick(data, events)
    events.insert(data.draw(st.integers(place, len(events))), shown)
    assert assert_exactly_once in failing(events)


@given(busy, st.data())
def test_swapped_messages_are_found(messages: list[Said], data: st.DataObject) -> None:
    """Two messages that a reader was shown in the wrong order are found."""
    events = good(messages)
    one, other = data.draw(
        st.sampled_from([pair for pair in combinations(places_of(events), 2) if is_order(events, *pair)])
    )
    first, second = events[one], events[other]
    events[one], events[other] = second, first
    failed = failing(events)
    assert assert_in_order in failed
    if first.sender == second.sender:
        assert assert_fifo in failed


@given(busy, st.data())
def test_a_renumbered_message_is_found(messages: list[Said], data: st.DataObject) -> None:
    """A message that a reader was shown under another number than the others is found."""
    events = good(messages)
    place, shown = pick(data, events)
    events[place] = replace(shown, seq=data.draw(st.integers(1, 20).filter(lambda seq: seq != shown.seq)))
    assert assert_accepted_delivered in failing(events)


@given(busy, st.data(), st.sampled_from(({"text": "something else"}, {"sender": "eve"})))
def test_an_altered_message_is_found(messages: list[Said], data: st.DataObject, altered: dict[str, str]) -> None:
    """A message that a reader was shown with another text or sender is found."""
    events = good(messages)
    place, shown = pick(data, events)
    events[place] = replace(shown, **altered)
    assert assert_exactly_once in failing(events)


@given(busy, st.data())
def test_messages_accepted_in_another_order_are_found(messages: list[Said], data: st.DataObject) -> None:
    """A sender whose messages were numbered in another order than that in which they were sent is found."""
    events = good(messages)
    sent = [place for place, event in enumerate(events) if isinstance(event, Sent) and event.seq is not None]
    one, other = data.draw(st.sampled_from([pair for pair in combinations(sent, 2) if is_order(events, *pair)]))
    first, second = events[one], events[other]
    events[one], events[other] = second, first
    assert assert_fifo in failing(events)


def test_what_nobody_sent_is_found() -> None:
    """A message of somebody who never sent it, or not so often, is found; of somebody unknown nothing is."""
    assert failing([Shown("bo", "#red", 1, "ana", "hi")]) == []
    sent = Sent("ana", "#red", "c", "hi")
    assert failing([sent, Shown("bo", "#red", 1, "ana", "hi")]) == []
    assert assert_exactly_once in failing([sent, Shown("bo", "#red", 1, "ana", "ho")])
    twice: Events = [sent, Shown("bo", "#red", 1, "ana", "hi"), Shown("bo", "#red", 2, "ana", "hi")]
    assert assert_exactly_once in failing(twice)


def test_what_two_readers_see_is_compared() -> None:
    """Readers who were shown different things under one number are found, also if nobody knows who is right."""
    events: Events = [Shown("bo", "#red", 1, "ana", "hi"), Shown("cy", "#red", 1, "ana", "ho")]
    assert failing(events) == [assert_exactly_once]


def test_own_messages_are_not_shown() -> None:
    """Somebody who was shown what they sent is found."""
    events: Events = [Sent("ana", "#red", "c", "hi", 1), Shown("ana", "#red", 1, "ana", "hi")]
    assert assert_exactly_once in failing(events)


def test_what_was_sent_is_compared_with_what_is_shown() -> None:
    """A message that its only reader was shown with another text is found."""
    events: Events = [Sent("ana", "#red", "c", "hi", 1), Shown("bo", "#red", 1, "ana", "ho")]
    assert failing([*events, Shown("cy", "#red", 1, "ana", "ho")]) == [assert_exactly_once]


def test_numbers_follow_the_order_of_sending() -> None:
    """Messages of one sender that were numbered in another order are found, also if nobody was shown them."""
    with pytest.raises(AssertionError, match="was sent after #2"):
        assert_fifo(History([Sent("ana", "#red", "c1", "hi", 2), Sent("ana", "#red", "c2", "ho", 1)]))


def test_numbers_and_cids_are_given_once() -> None:
    """Two messages under one number, and one message under two, are found."""
    one, two = Sent("ana", "#red", "c1", "hi", 1), Sent("bo", "#red", "c2", "ho", 1)
    assert assert_exactly_once in failing([one, two])
    assert assert_exactly_once in failing([one, replace(one, seq=2)])
    assert assert_exactly_once not in failing([one, replace(one, seq=2, cid="c2")])


def test_the_audience_is_who_is_there() -> None:
    """Without an audience, it is everybody who sent or was shown something in the conversation."""
    events: Events = [
        Sent("ana", "#red", "1", "hi", 1),
        Shown("bo", "#red", 1, "ana", "hi"),
        Sent("cy", "#blue", "1", "x", 1),
    ]
    assert History(events).audience("#red") == ("ana", "bo")
    assert_consistent(History(events))
    with pytest.raises(AssertionError, match="bo was never shown what was accepted"):
        assert_accepted_delivered(History([*events, Sent("ana", "#red", "2", "ho", 2)]))


def test_devices_are_readers_with_a_name() -> None:
    """Two devices of a name are shown what the other sent under the name."""
    events: Events = [Sent("ana/1", "#red", "1", "hi", 1, name="ana"), Shown("ana/2", "#red", 1, "ana", "hi")]
    assert_consistent(History(events))


def test_histories_are_merged() -> None:
    """What several threads have seen is put together, with who should be shown what."""
    whole = History([Sent("ana", "#red", "1", "hi", 1)])
    whole.merge(History([Shown("bo", "#red", 1, "ana", "hi")], {"#red": ("bo", "cy")}))
    assert whole.audience("#red") == ("bo", "cy")
    assert len(whole.sent) == len(whole.shown) == 1
    with pytest.raises(AssertionError, match="cy was never shown"):
        assert_consistent(whole)


def test_an_error_shows_what_happened() -> None:
    """The message names what is wrong, and shows the lines around it with a mark."""
    shown = [Shown("bo", "#red", seq, "ana", f"text {seq}") for seq in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11)]
    with pytest.raises(AssertionError) as caught:
        assert_gap_free(History(shown))
    assert str(caught.value).splitlines() == [
        "bo was never shown #6 of #red",
        "      3  bo was shown #3 of #red: ana: 'text 3'",
        "      4  bo was shown #4 of #red: ana: 'text 4'",
        "      5  bo was shown #5 of #red: ana: 'text 5'",
        "->    6  bo was shown #7 of #red: ana: 'text 7'",
        "      7  bo was shown #8 of #red: ana: 'text 8'",
        "      8  bo was shown #9 of #red: ana: 'text 9'",
        "      9  bo was shown #10 of #red: ana: 'text 10'",
    ]


def test_an_error_shows_where_something_should_be() -> None:
    """What is missing behind the last line is marked there."""
    events: Events = [Sent("ana", "#red", "1", "hi", 1), Shown("bo", "#red", 1, "ana", "hi")]
    with pytest.raises(AssertionError) as caught:
        assert_accepted_delivered(
            history([*events, Sent("ana", "#red", "2", "ho", 2), Shown("cy", "#red", 1, "ana", "hi")])
        )
    assert str(caught.value).splitlines() == [
        "bo was never shown what was accepted: ana sent 'ho' (cid 2) to #red: #2",
        "      1  bo was shown #1 of #red: ana: 'hi'",
        "->       (nothing more)",
    ]


def test_it_does_not_need_pytest() -> None:
    """The checks can be imported by people who test with something else."""
    program = "import sys, libchat.testing; print('pytest' in sys.modules, 'hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
