"""The inbox of a program."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat.inbox import Inbox
from libchat.messages import Entry, Event, Joined, Left

EVENTS = st.sampled_from(["#room", "bo", "joined"])


def made(kind: str, number: int) -> Event:
    """Return an event that tells its number."""
    return Joined("#room", str(number)) if kind == "joined" else Entry(kind, number, "ana", 0, str(number))


def is_private(event: Event) -> bool:
    """Return whether an event is a private entry."""
    return isinstance(event, Entry) and event.target == "bo"


@given(st.integers(1, 6), st.lists(EVENTS | st.none(), max_size=40))
def test_private_entries_are_never_dropped_and_nothing_is_once_it_is_read(limit: int, steps: list[str | None]) -> None:
    """Whatever comes, what is taken is a part of what was put, in order: all that is private, and all after a look."""
    inbox, unread = Inbox(limit), 0
    put: list[Event] = []
    taken: list[Event] = []
    for number, kind in enumerate(steps):
        if kind is None:
            unread = len(put) if not inbox.is_read else unread
            inbox.is_read = True
            taken += [inbox.take()] if len(inbox) else []
        elif inbox.has_room():
            event = made(kind, number)
            inbox.put(event)
            put.append(event)
        assert len(inbox) <= limit
    taken += [inbox.take() for _ in range(len(inbox))]
    assert [event for event in put if event in taken] == taken
    assert [event for event in put if is_private(event)] == [event for event in taken if is_private(event)]
    if inbox.is_read:
        assert taken[len(taken) - len(put[unread:]) :] == put[unread:]


def test_an_inbox_that_is_full_has_no_room() -> None:
    """There is room as long as something may be dropped, and beyond the limit only if that is asked for."""
    inbox = Inbox(2)
    inbox.put(made("bo", 1))
    inbox.put(made("joined", 2))
    assert inbox.has_room()
    inbox.is_read = True
    assert not inbox.has_room()
    assert inbox.has_room(beyond=1)
    inbox = Inbox(1)
    inbox.put(made("bo", 1))
    assert not inbox.has_room()


def test_events_of_one_type_can_be_taken_out() -> None:
    """They come in order, and the others stay in order."""
    inbox = Inbox(9)
    events = [Joined("#x", "a"), Left("#x", "a"), Joined("#x", "b"), Left("#x", "b")]
    for event in events:
        inbox.put(event)
    assert inbox.remove(Joined) == [events[0], events[2]]
    assert list(inbox) == [events[1], events[3]]
