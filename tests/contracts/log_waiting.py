"""What waits for somebody: `AskWaiting` and `AskUnread` in the contract of logs."""

from __future__ import annotations

from contracts.log_tools import LogSuite, say, store, unread, waiting
from libchat.limits import DEVICES
from libchat.records import Cursor, Known, Look, Member, Span, Stored, WaitingFound
from libchat.store.base import Log


def found_texts(found: WaitingFound) -> list[tuple[str, str]]:
    """Return the conversations and texts of what waits."""
    return [(conversation, entry.text) for conversation, entry in found.entries]


def device(name: str, device: str) -> Known:
    """Return that an account has registered with a device."""
    return Known(name, name.title(), 1, device, is_account=True)


class LogWaiting(LogSuite):
    """What a device has not acknowledged."""

    def test_spans_are_read_in_the_order_of_appending(self, log: Log) -> None:
        """Entries of several conversations come as they were appended, whatever their times are."""
        store(log, say("a", time=30), say("b", "ana bo", time=20), say("c", time=10))
        store(log, say("x", "#blue"), say("d", "ana bo", time=5))
        found = waiting(log, Span("ana bo", 0, 9), Span("#red", 0, 9), name="bo")
        assert found_texts(found) == [("#red", "a"), ("ana bo", "b"), ("#red", "c"), ("ana bo", "d")]
        assert not found.has_more

    def test_spans_have_two_ends(self, log: Log) -> None:
        """What lies after the one number and up to the other is there, and nothing else."""
        store(log, *(say(str(number)) for number in range(1, 6)))
        assert found_texts(waiting(log, Span("#red", 1, 3), name="bo")) == [("#red", "2"), ("#red", "3")]
        assert found_texts(waiting(log, Span("#red", 3, 3), Span("#blue", 0, 9), name="bo")) == []
        assert found_texts(waiting(log, name="bo")) == []

    def test_all_kinds_of_entries_wait(self, log: Log) -> None:
        """Topics, edits and reactions wait as messages do, with all fields."""
        drafts = [say(), say("t", kind="topic"), say("e", kind="edit", ref=1), say("+1", kind="react", ref=1)]
        store(log, *drafts)
        found = [entry for _, entry in waiting(log, Span("#red", 0, 9), name="bo").entries]
        assert [(entry.kind, entry.ref, entry.seq) for entry in found] == [
            ("message", 0, 1),
            ("topic", 0, 2),
            ("edit", 1, 3),
            ("react", 1, 4),
        ]

    def test_a_device_does_not_get_what_came_from_it(self, log: Log) -> None:
        """A device gets what other devices of its name said, and what came without any."""
        store(
            log, say("one", device="d1"), say("two", device="d2"), say("three"), say("bo's", sender="bo", device="d3")
        )
        found = waiting(log, Span("#red", 0, 9), name="ana", device="d1")
        assert [text for _, text in found_texts(found)] == ["two", "three", "bo's"]

    def test_without_a_device_nobody_gets_their_own(self, log: Log) -> None:
        """Whoever has no device gets nothing that their name has sent, in any case, from any device."""
        store(log, say("one", device="d1"), say("two", sender="Ana"), say("bo's", sender="Bo"))
        found = waiting(log, Span("#red", 0, 9), name="ana")
        assert [text for _, text in found_texts(found)] == ["bo's"]

    def test_what_waits_is_limited(self, log: Log) -> None:
        """The first ones are given; there are further ones only if some are not the asker's own."""
        store(log, *(say(str(number), sender="bo" if number % 2 else "ana") for number in range(6)))
        found = waiting(log, Span("#red", 0, 9), name="ana", limit=2)
        assert ([text for _, text in found_texts(found)], found.has_more) == (["1", "3"], True)
        found = waiting(log, Span("#red", 0, 9), name="bo", limit=3)
        assert ([text for _, text in found_texts(found)], found.has_more) == (["0", "2", "4"], False)
        found = waiting(log, Span("#red", 0, 4), Span("#blue", 0, 4), name="bo", limit=2)
        assert ([text for _, text in found_texts(found)], found.has_more) == (["0", "2"], False)

    # What is unread

    def test_private_conversations_are_unread(self, log: Log) -> None:
        """All of one's private conversations are told, and nobody else's, and no room that one is not a member of."""
        store(log, say("a", "ana bo"), say("b", "ana bo"), say("c", "bo cy", "cy"), say("d", "ana cy"), say("e"))
        assert unread(log, "bo") == {("ana bo", 0, 2), ("bo cy", 0, 1)}
        assert unread(log, "cy", "device") == {("bo cy", 0, 1), ("ana cy", 0, 1)}
        assert unread(log, "an") == unread(log, "#red") == unread(log, "") == set()

    def test_what_is_acknowledged_is_read(self, log: Log) -> None:
        """A cursor moves the beginning of a span, and at the end there is none; new entries bring it back."""
        store(log, *(say("a", "ana bo") for _ in range(4)), Cursor("bo", "", "ana bo", 3))
        assert unread(log, "bo") == {("ana bo", 3, 4)}
        store(log, Cursor("bo", "", "ana bo", 4))
        assert unread(log, "bo") == set()
        store(log, say("b", "ana bo"))
        assert unread(log, "bo") == {("ana bo", 4, 5)}

    def test_each_device_has_its_cursor(self, log: Log) -> None:
        """A device that acknowledged something is where it is; one that the log does not know is where its name is."""
        store(log, *(say("a", "ana bo") for _ in range(9)), *(say("a", "bo cy", "cy") for _ in range(9)))
        store(log, Cursor("bo", "d1", "ana bo", 3), Cursor("bo", "d2", "ana bo", 5), Cursor("bo", "", "ana bo", 7))
        assert unread(log, "bo", "d1") == {("ana bo", 3, 9), ("bo cy", 0, 9)}
        assert unread(log, "bo", "d2") == {("ana bo", 5, 9), ("bo cy", 0, 9)}
        assert unread(log, "bo", "d3") == unread(log, "bo") == {("ana bo", 7, 9), ("bo cy", 0, 9)}
        assert unread(log, "cy", "d1") == {("bo cy", 0, 9)}

    def test_a_new_device_begins_where_its_name_is(self, log: Log) -> None:
        """A device that is known from now on begins where the name is then, in every conversation."""
        store(log, *(say("a", "ana bo") for _ in range(9)), say("a", "bo cy", "cy"), device("bo", "d1"))
        store(log, Member("#red", "#red", "bo"), say("x"), Cursor("bo", "d1", "ana bo", 3))
        store(log, Cursor("bo", "d1", "#red", 1), say("y"), device("bo", "d2"))
        assert unread(log, "bo", "d2") == unread(log, "bo") == {("ana bo", 3, 9), ("bo cy", 0, 1), ("#red", 1, 2)}

    def test_what_another_device_takes_is_not_taken_from_a_known_one(self, log: Log) -> None:
        """A device that was given entries and acknowledged none gets them again, however far its name has come."""
        store(log, Member("#red", "#red", "bo"), *(say("a", "ana bo") for _ in range(3)), say("x"))
        store(log, device("bo", "d1"), Cursor("bo", "d1", "ana bo", 1), device("bo", "d2"))
        store(log, Cursor("bo", "d1", "ana bo", 3), Cursor("bo", "d1", "#red", 1))
        assert unread(log, "bo", "d1") == unread(log, "bo") == set()
        assert unread(log, "bo", "d2") == {("ana bo", 1, 3), ("#red", 0, 1)}
        store(log, device("bo", "d2"))
        assert unread(log, "bo", "d2") == {("ana bo", 1, 3), ("#red", 0, 1)}

    def test_a_conversation_that_begins_later_is_all_new_to_a_known_device(self, log: Log) -> None:
        """Of what began after it was known, a device has what it acknowledged, which may be nothing."""
        store(log, device("bo", "d1"), device("bo", "d2"), *(say("a", "ana bo") for _ in range(3)))
        store(
            log, Cursor("bo", "d1", "ana bo", 3), Member("#red", "#red", "bo"), say("x"), Cursor("bo", "d1", "#red", 1)
        )
        assert unread(log, "bo", "d2") == {("ana bo", 0, 3), ("#red", 0, 1)}
        assert unread(log, "bo", "d3") == unread(log, "bo", "d1") == set()

    def test_known_devices_begin_with_the_membership(self, log: Log) -> None:
        """Whoever becomes a member has nothing of the room to catch up with, on any device that is known."""
        store(log, device("bo", "d1"), device("bo", "d2"), say("one"), Member("#red", "#red", "bo"), say("two"))
        assert unread(log, "bo", "d1") == unread(log, "bo", "d2") == {("#red", 1, 2)}
        store(log, Cursor("bo", "d1", "#red", 2), Member("#red", "#red", "bo", is_in=False), say("three"))
        store(log, Member("#red", "#red", "bo"), say("four"))
        assert unread(log, "bo", "d1") == unread(log, "bo", "d2") == {("#red", 3, 4)}

    def test_only_accounts_have_devices(self, log: Log) -> None:
        """A guest is where the name is, whatever the device; so is a device of another name."""
        store(
            log, Known("bo", "Bo", 1, "d"), device("cy", "d"), device("bo", ""), *(say("a", "ana bo") for _ in range(3))
        )
        store(log, Cursor("bo", "", "ana bo", 2))
        assert unread(log, "bo", "d") == unread(log, "bo") == {("ana bo", 2, 3)}

    def test_the_device_that_was_here_longest_ago_is_forgotten(self, log: Log) -> None:
        """A name has so many devices; beyond, one is where its name is, as if it were new."""
        store(log, say("a", "ana bo"), *(device("bo", f"d{number}") for number in range(DEVICES)))
        store(log, Cursor("bo", "d0", "ana bo", 1), device("bo", "d0"), device("cy", "d1"), device("bo", "more"))
        assert unread(log, "bo", "d1") == set()
        assert unread(log, "bo", "d2") == {("ana bo", 0, 1)}
        store(log, say("b", "ana bo"), device("bo", "d1"))
        assert unread(log, "bo", "d1") == {("ana bo", 1, 2)}
        assert unread(log, "bo", "d2") == {("ana bo", 1, 2)}

    def test_cursors_never_go_back(self, log: Log) -> None:
        """An older acknowledgement changes nothing, of a device or of its name."""
        store(
            log, *(say("a", "ana bo") for _ in range(9)), Cursor("bo", "d", "ana bo", 6), Cursor("bo", "d", "ana bo", 2)
        )
        assert unread(log, "bo", "d") == {("ana bo", 6, 9)}
        store(log, Cursor("bo", "", "ana bo", 4), Cursor("bo", "e", "ana bo", 1))
        assert unread(log, "bo") == {("ana bo", 6, 9)}

    def test_rooms_of_members_are_unread(self, log: Log) -> None:
        """A room is told to its members, from where they became members on, until they leave it."""
        store(log, say("before"), say("x", "#blue"))
        assert store(log, Member("#red", "#red", "bo"), Member("#blue", "#blue", "cy")) == [Stored(1), Stored(1)]
        assert unread(log, "bo", "d") == set()
        store(log, say("one"), say("two"), Cursor("bo", "d", "#red", 2))
        assert unread(log, "bo", "d") == {("#red", 2, 3)}
        store(log, Member("#red", "#red", "bo", is_in=False))
        assert unread(log, "bo", "d") == set()

    def test_a_member_who_comes_back_has_nothing_to_catch_up(self, log: Log) -> None:
        """The cursors of all devices begin at the newest entry, as those of the name do."""
        store(log, Member("#red", "#red", "bo"), say("one"), Cursor("bo", "d", "#red", 1))
        store(log, Member("#red", "#red", "bo", is_in=False), say("two"))
        assert store(log, Member("#red", "#red", "bo")) == [Stored(2)]
        assert unread(log, "bo", "d") == unread(log, "bo") == set()
        store(log, say("three"))
        assert unread(log, "bo", "d") == unread(log, "bo") == {("#red", 2, 3)}

    def test_a_member_who_becomes_an_operator_misses_nothing(self, log: Log) -> None:
        """Who is a member already keeps their cursors."""
        store(log, Member("#red", "#red", "bo"), say("one"), Member("#red", "#red", "bo", role="owner"))
        assert unread(log, "bo", "d") == {("#red", 0, 1)}

    def test_a_look_tells_the_newest_number(self, log: Log) -> None:
        """Between drafts, it says where the conversation is by then, and stores nothing."""
        outcomes = store(log, Look("#red"), say("one"), Look("#red"), say("x", "#blue"), say("two"), Look("#red"))
        assert [outcome for outcome in outcomes if isinstance(outcome, Stored)] == [Stored(0), Stored(1), Stored(2)]
