"""What waits for whom: spans of numbers, and the mailboxes of those who are away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.core.offline import Mailbox, OfflineQueue
from libchat.errors import Code, Refused
from libchat.names import parse_name

ANA = parse_name("ana")


def spans(mailbox: Mailbox) -> dict[str, tuple[int, int]]:
    """Return cursor and newest number of each conversation."""
    return {conversation: (span.cursor, span.newest) for conversation, span in mailbox.spans.items()}


def test_entries_wait_until_they_are_acknowledged() -> None:
    """Adding makes the span longer, acknowledging makes it shorter, and with its last number it is gone."""
    mailbox = Mailbox(ANA)
    for seq in (4, 5, 7):
        mailbox.add("ana bo", seq)
    assert spans(mailbox) == {"ana bo": (3, 7)}
    assert len(mailbox) == 4
    assert mailbox.acknowledge("ana bo", 5) == 5
    assert spans(mailbox) == {"ana bo": (5, 7)}
    assert mailbox.acknowledge("ana bo", 99) == 7
    assert spans(mailbox) == {}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12))))
def test_a_cursor_only_grows(script: list[tuple[bool, int]]) -> None:
    """Whatever is acknowledged, the cursor never goes back nor past the newest, and other conversations stay."""
    mailbox, newest = Mailbox(ANA), 0
    mailbox.add("ana cy", 1)
    for is_entry, number in script:
        before = mailbox.spans["ana bo"].cursor if "ana bo" in mailbox.spans else newest
        if is_entry:
            newest += 1
            mailbox.add("ana bo", newest)
        else:
            mailbox.acknowledge("ana bo", number)
            before = max(before, min(number, newest))
        waiting = spans(mailbox).get("ana bo", (newest, newest))
        assert waiting == (before, newest)
        assert ("ana bo" in mailbox.spans) is (before < newest)
        assert spans(mailbox)["ana cy"] == (0, 1)


def test_acknowledging_what_does_not_wait_is_harmless() -> None:
    """An acknowledgement that comes twice, or for an unknown conversation, changes nothing."""
    mailbox = Mailbox(ANA)
    assert mailbox.acknowledge("ana bo", 5) == 0
    mailbox.add("ana bo", 9)
    assert mailbox.acknowledge("ana bo", 3) == 0
    assert spans(mailbox) == {"ana bo": (8, 9)}


def test_a_mailbox_is_the_names() -> None:
    """Closing keeps it for the name, opening takes it out: there is one mailbox of a name, also an empty one."""
    queue = OfflineQueue()
    mailbox = queue.open(ANA)
    assert queue.find(ANA) is None
    queue.close(mailbox)
    assert queue.find(parse_name("ANA")) is mailbox
    assert queue.open(parse_name("ANA")) is mailbox
    assert mailbox.name.display == "ANA"
    assert queue.find(ANA) is None


def test_no_more_than_so_much_waits() -> None:
    """A mailbox with as many entries as are allowed takes no more; the refusal names whose it is."""
    queue, mailbox = OfflineQueue(entries=2), Mailbox(ANA)
    mailbox.add("ana bo", 1)
    queue.check_room(mailbox)
    mailbox.add("ana cy", 1)
    with pytest.raises(Refused) as caught:
        queue.check_room(mailbox)
    assert (caught.value.code, caught.value.subject) == (Code.QUEUE_FULL, "ana")


def test_the_name_that_left_first_is_forgotten_first() -> None:
    """Beyond the limit of names, the one that left longest ago is forgotten, but none for which something waits."""
    queue = OfflineQueue(names=2)
    mailboxes = [Mailbox(parse_name(name)) for name in ("full", "filled", "first", "second", "third")]
    full, filled, first, second, third = mailboxes
    full.add("full x", 1)
    for mailbox in mailboxes:
        queue.close(mailbox)
        filled.add("filled x", 1)  # while it is away
    for mailbox in (full, filled, second, third):
        assert queue.find(mailbox.name) is mailbox
        assert not mailbox.is_forgotten
    assert queue.find(first.name) is None
    assert first.is_forgotten


def test_as_many_names_may_have_something_waiting_as_are_known() -> None:
    """Beyond that, nothing is taken for one more name, but what waits already may grow."""
    queue = OfflineQueue(names=1)
    full, empty = Mailbox(parse_name("full")), Mailbox(parse_name("empty"))
    full.add("full x", 1)
    queue.close(full)
    queue.close(empty)
    queue.check_room(full)
    with pytest.raises(Refused) as refused:
        queue.check_room(empty)
    assert refused.value.code == "queue-full"


def test_a_name_is_the_same_persons_by_the_device() -> None:
    """Who brings the device of the last time has the name since then; anybody else has it from now on."""
    mailbox = Mailbox(ANA)
    for device, now, since in (("d", 5, 5), ("d", 6, 5), ("e", 7, 7), ("", 8, 8), ("", 9, 9), ("e", 10, 10)):
        mailbox.claim(device, now)
        assert (mailbox.device, mailbox.since) == (device, since)
