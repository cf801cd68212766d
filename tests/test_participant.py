"""What all participants share, with one whose commands and events are carried by the test."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import pytest

import libchat
from libchat import messages as m
from libchat.errors import Code


class Puppet(libchat.Participant):
    """A participant that writes down what it submits, and gets what the test delivers."""

    def __init__(self, *, inbox: int = 10) -> None:
        super().__init__("ana", inbox=inbox)
        self.submitted: list[m.Command] = []
        self.refusal: Exception | None = None
        self.endless: m.Event | None = None
        """What is delivered anew whenever an event is taken."""
        self.answer: Callable[[m.History], m.Event] | None = None

    def _submit(self, command: m.Command) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.submitted.append(command)
        if self.answer is not None and isinstance(command, m.History):
            self._deliver(self.answer(command))

    def _leave_chat(self) -> None:
        return

    def _consumed(self, event: m.Event) -> None:
        if self.endless is not None:
            self._deliver(self.endless)
        self._call_back()


TYPING = m.IsTyping("bo", "ana")
ENTRY = m.Entry("ana", 1, "bo", 1, "hi")


def test_other_events_do_not_prolong_the_wait() -> None:
    """A timeout is for the message, however many other events come before it."""
    puppet = Puppet()
    puppet.endless = TYPING
    puppet._deliver(TYPING)
    with pytest.raises(TimeoutError):
        puppet.receive(0.05)


def test_command_that_cannot_be_submitted() -> None:
    """What the link says against a command is raised by its receipt; what is no refusal is raised at once."""
    puppet = Puppet()
    puppet.refusal = libchat.Refused(Code.QUEUE_FULL, "too many")
    receipt = puppet.send("bo", "hi")
    assert receipt.is_answered
    with pytest.raises(libchat.Refused):
        receipt.accepted()
    puppet.refusal = LookupError()
    with pytest.raises(LookupError):
        puppet.send("bo", "hi", cid="1")
    puppet.refusal = None
    assert not puppet.send("bo", "hello", cid="1").is_answered  # nothing of the first one is left


def test_second_send_with_a_cid_shares_the_answer() -> None:
    """A message that is sent again before it is answered is one message, and has one receipt."""
    puppet = Puppet()
    first, again = puppet.send("bo", "hi", cid="1"), puppet.send("bo", "hi", cid="1")
    other = puppet.send("bo", "ho", cid="1")
    assert puppet.submitted == [m.Send("bo", "hi", "1")]
    with pytest.raises(libchat.Refused) as refused:
        other.accepted(0)
    assert refused.value.code == Code.CID_REUSED
    accepted = m.Accepted("bo", 1, 1, "1")
    puppet._deliver(accepted)
    assert first.accepted(0) == again.accepted(0) == accepted


def test_late_answer_is_for_nobody() -> None:
    """The answer to a command for which nobody waits any more is not mistaken for an event."""
    puppet = Puppet()
    assert puppet._deliver(m.Pong("-1"))
    with pytest.raises(TimeoutError):
        puppet.receive_event(0)


def test_event_without_cid_answers_nothing() -> None:
    """What happens in the chat is never taken for the answer to a command."""
    puppet = Puppet()
    receipt = puppet.send("bo", "hi")
    puppet._deliver(ENTRY)
    puppet._deliver(m.Pong(""))
    assert not receipt.is_answered


def test_full_inbox_refuses_once_it_was_read() -> None:
    """Before it is read the oldest events make room; from then on nothing is dropped."""
    puppet = Puppet(inbox=2)
    events = [m.Joined("#x", str(number)) for number in range(4)]
    for event in events:
        assert puppet._deliver(event)
    assert puppet.receive_event(0) == events[2]
    assert puppet._deliver(ENTRY)
    assert not puppet._deliver(TYPING)
    assert [puppet.receive_event(0), puppet.receive_event(0)] == [events[3], ENTRY]
    assert puppet._deliver(TYPING)


def test_callbacks_have_their_own_room() -> None:
    """Events for callbacks and events for the inbox are not in each other's way."""
    puppet = Puppet(inbox=1)
    puppet.on(m.Entry, lambda entry: None)
    assert puppet._deliver(ENTRY)
    assert not puppet._deliver(ENTRY)
    assert puppet._deliver(TYPING)
    puppet._call_back()
    assert puppet._deliver(ENTRY)


def test_interrupted_callback_is_not_the_last_one() -> None:
    """A callback that the user interrupts does not switch off all others."""
    puppet = Puppet()
    called: list[m.Entry] = []

    def interrupt(entry: m.Entry) -> None:
        called.append(entry)
        if len(called) == 1:
            raise KeyboardInterrupt

    puppet.on(m.Entry, interrupt)
    puppet._deliver(ENTRY)
    puppet._deliver(ENTRY)
    with pytest.raises(KeyboardInterrupt):
        puppet._call_back()
    puppet._call_back()
    assert len(called) == 2


def test_many_callbacks_are_not_nested() -> None:
    """Callbacks that lead to callbacks are called one after the other, not one inside the other."""
    puppet = Puppet(inbox=5000)
    called: list[m.Entry] = []
    puppet.on(m.Entry, called.append)
    for _ in range(5000):
        puppet._deliver(ENTRY)
    puppet._call_back()
    assert len(called) == 5000


def test_end_is_raised_anew_each_time() -> None:
    """Each one who is told of the end gets an exception of their own, and what was received comes first."""
    puppet = Puppet()
    receipt = puppet.send("bo", "hi")
    puppet._deliver(ENTRY)
    puppet._disconnect("over")
    puppet._disconnect("over again")
    assert puppet.receive(0) == ENTRY
    errors = []
    for _ in range(2):
        with pytest.raises(libchat.Disconnected, match=r"over$") as error:
            puppet.receive(0)
        errors.append(error.value)
    assert errors[0] is not errors[1]
    with pytest.raises(libchat.Disconnected):
        receipt.accepted(0)
    with pytest.raises(libchat.Disconnected):
        puppet.typing("bo")


def test_leaving_drops_what_was_not_taken() -> None:
    """After leaving nothing is received, delivered or called any more, and open receipts are closed."""
    puppet = Puppet()
    called: list[m.Joined] = []
    puppet.on(m.Joined, called.append)
    receipt = puppet.send("bo", "hi")
    puppet._deliver(ENTRY)
    puppet._deliver(m.Joined("#x", "bo"))
    with puppet:
        pass
    assert puppet._deliver(ENTRY)
    puppet._call_back()
    assert called == []
    for call in (lambda: puppet.receive(0), lambda: receipt.accepted(0), lambda: puppet.send("bo", "hi")):
        with pytest.raises(libchat.Closed):
            call()
    assert list(puppet.events()) == []


# --- delivered and read ---------------------------------------------------------------------------------------------


def accepted(puppet: Puppet, seq: int = 5) -> libchat.Receipt:
    """Return the receipt of an entry that the log has."""
    receipt = puppet.send("Bo", "hi", cid=f"cid {seq}")
    puppet._deliver(m.Accepted("Bo", seq, 1, f"cid {seq}"))
    return receipt


def test_receipt_knows_what_came_before_it_was_asked() -> None:
    """Who waits for something that has happened already returns at once, and what is read was delivered."""
    puppet = Puppet()
    receipt = accepted(puppet)
    puppet._deliver(m.Delivered("bo", 4))
    with pytest.raises(TimeoutError):
        receipt.delivered(0)
    puppet._deliver(m.Delivered("bo", 6))
    receipt.delivered(0)
    with pytest.raises(TimeoutError):
        receipt.read(0)
    later = accepted(puppet, 9)
    puppet._deliver(m.IsRead("bo", "bo", 9))
    receipt.read(0)
    later.read(0)
    later.delivered(0)


def test_receipts_are_events_too() -> None:
    """What is delivered and read is told to the program like everything else."""
    puppet = Puppet()
    accepted(puppet)
    events = [m.Delivered("bo", 5), m.IsRead("bo", "bo", 5), m.Skipped("#x", 7)]
    for event in events:
        puppet._deliver(event)
    assert [puppet.receive_event(0) for _ in events] == events


def test_receipt_is_woken() -> None:
    """Who waits is woken by the event, however full the inbox is."""
    puppet = Puppet(inbox=1)
    receipt = accepted(puppet)
    puppet._deliver(TYPING)
    puppet.receive_event(0)
    puppet._deliver(TYPING)
    is_read = threading.Event()

    def wait() -> None:
        receipt.read(20)
        is_read.set()

    thread = threading.Thread(target=wait)
    thread.start()
    with puppet._condition:
        assert puppet._condition.wait_for(lambda: puppet._waiting == 1, 20)
    assert puppet._deliver(m.Delivered("bo", 5))
    assert not is_read.is_set()
    assert puppet._deliver(m.IsRead("bo", "ana", 5))
    thread.join(20)
    assert is_read.is_set()


def test_receipt_of_a_room_is_only_accepted() -> None:
    """In a room nobody is told who has read what."""
    puppet = Puppet()
    receipt = puppet.send("#x", "hi")
    for wait in (receipt.delivered, receipt.read):
        with pytest.raises(ValueError, match="room"):
            wait(0)


def test_receipt_of_somebody_else_is_not_moved() -> None:
    """What another one has, or oneself has read in a room, says nothing about an entry."""
    puppet = Puppet()
    receipt = accepted(puppet)
    puppet._deliver(m.Delivered("cleo", 9))
    puppet._deliver(m.IsRead("bo", "#x", 9))
    with pytest.raises(TimeoutError):
        receipt.delivered(0)


def test_refusal_and_end_reach_who_waits_for_delivery() -> None:
    """What was refused is never delivered, and after the end nothing is."""
    puppet = Puppet()
    refused = puppet.send("bo", "hi", cid="1")
    puppet._deliver(m.Failed(Code.NO_SUCH_NAME, "nobody", "bo", "1"))
    with pytest.raises(libchat.Refused):
        refused.delivered(0)
    receipt = accepted(puppet)
    puppet._disconnect("over")
    with pytest.raises(libchat.Disconnected):
        receipt.read(0)


def test_receipt_asks_after_an_interruption() -> None:
    """What happened while the connection was gone was told to nobody, so that it is asked for when it is back."""
    puppet = Puppet()
    receipt = accepted(puppet)
    puppet._deliver(m.Interrupted("cut"))
    puppet._deliver(m.Resumed())
    puppet.answer = lambda history: m.Page(history.target, (), cid=history.cid, delivered=7, read=5)
    receipt.read(20)
    asked = puppet.submitted[-1]
    assert isinstance(asked, m.History)
    assert (asked.target, asked.limit) == ("Bo", 1)
    receipt.delivered(0)
    assert puppet.submitted[-1] is asked  # once


def test_nothing_is_remembered_for_receipts_that_are_gone() -> None:
    """How far others have come is known as long as a receipt wants to know, and one conversation is known once."""
    puppet = Puppet()
    receipts = [accepted(puppet, seq) for seq in range(1, 4)]
    assert len(puppet._marks) == 1
    del receipts
    gc.collect()
    assert len(puppet._marks) == 0
