"""Links that outlive their program: what the next run does with what the last one has saved."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.client.link import OWN, Link
from libchat.errors import Code, Refused
from support.links import entry, greet, lines, make_live, sent, tell
from support.memories import Notebook


def again(memory: Notebook) -> tuple[Link, Notebook]:
    """Return the link of the next run, without a connection, and its memory."""
    memory = memory.reopened()
    return Link("ana", memory.device, memory=memory), memory


def test_unanswered_entries_go_out_first_and_in_order() -> None:
    """What an earlier run was not answered is sent before anything else, and what it was answered is not sent."""
    memory = Notebook()
    link = make_live(memory)
    entries = [
        m.Send("bo", "one", "1"),
        m.Send("bo", "two", "2"),
        m.Edit("bo", 1, "won", "3"),
        m.Delete("bo", 1, "4"),
        m.React("bo", 1, "!", "5"),
        m.Unreact("bo", 1, "!", "6"),
        m.Topic("#x", "tea", "7"),
    ]
    tell(link, m.Entered("#x", ("ana",), cid="0"))
    for command in (*entries, m.Who("", "8"), m.Topic("#x", None, "9"), m.Ping("10")):
        link.submit(command)
    tell(link, m.Accepted("bo", 1, 1, "2"))
    memory.save()
    link, _ = again(memory)
    link.submit(m.Send("bo", "new", "11"))
    greet(link)
    assert sent(link) == [m.Join("#x", OWN, 0), entries[0], *entries[2:], m.Send("bo", "new", "11")]


def test_unanswered_words_to_a_room_follow_its_members() -> None:
    """Who was in a room, and has something to say there still, enters it again before, and misses nothing."""
    memory = Notebook()
    link = make_live(memory)
    tell(link, m.Entered("#x", ("ana",), cid="1", seq=5), m.Entered("#y", ("ana",), cid="2", seq=1))
    link.submit(m.Send("#X", "hi", "3"))
    link.submit(m.Topic("#new", "tea", "4"))
    memory.save()
    link, _ = again(memory)
    greet(link)
    assert sent(link) == [
        m.Join("#X", OWN, 5),
        m.Join("#new", OWN),
        m.Send("#X", "hi", "3"),
        m.Topic("#new", "tea", "4"),
    ]


def test_program_enters_a_room_where_it_was() -> None:
    """A room is entered behind what the last run has taken, not behind what it was only handed."""
    memory = Notebook()
    link = make_live(memory)
    tell(link, m.Entered("#x", ("ana",), cid="1", seq=5), entry(6, target="#x"), entry(7, target="#x"))
    link.consumed(entry(6, target="#x"))
    memory.save()
    link, memory = again(memory)
    greet(link)
    assert sent(link) == []  # the program says where it wants to be
    link.submit(m.Join("x", "1"))
    assert sent(link) == [m.Join("x", "1", 6)]
    tell(link, m.Entered("#x", ("ana",), cid="1", seq=9))
    assert tell(link, entry(6, target="#x"), entry(7, target="#x")) == [entry(7, target="#x")]


def test_left_room_is_left_in_the_next_run() -> None:
    """A room that was left is a new one in the next run."""
    memory = Notebook()
    link = make_live(memory)
    tell(link, m.Entered("#x", ("ana",), cid="1", seq=5), m.Exited("#x", "2"))
    memory.save()
    link, _ = again(memory)
    link.submit(m.Join("#x", "1"))
    greet(link)
    assert sent(link) == [m.Join("#x", "1")]


def test_private_entry_that_was_taken_does_not_come_again() -> None:
    """What the last run has taken, and could not acknowledge any more, is acknowledged and not handed over."""
    memory = Notebook()
    link = make_live(memory)
    tell(link, entry(1), entry(2), entry(3))
    link.consumed(entry(2))
    memory.save()
    link, _ = again(memory)
    greet(link)
    assert tell(link, entry(1), entry(2), entry(3)) == [entry(3)]
    assert sent(link) == [m.Ack("bo", 2)]


def test_another_log_in_the_next_run() -> None:
    """Positions of another log mean nothing in the next run; what is unanswered is said to it all the same."""
    memory = Notebook()
    link = make_live(memory)
    tell(link, entry(5), m.Entered("#x", ("ana",), cid="1", seq=5))
    link.consumed(entry(5))
    link.submit(m.Send("bo", "hi", "2"))
    memory.save()
    link, memory = again(memory)
    greet(link, log="log-2")
    assert sent(link) == [m.Send("bo", "hi", "2")]
    assert tell(link, entry(1)) == [entry(1)]
    memory.save()
    link, _ = again(memory)
    greet(link, log="log-2")
    assert tell(link, entry(1)) == [entry(1)]
    link.submit(m.Join("#x", "3"))
    assert sent(link)[-1] == m.Join("#x", "3")


def test_program_that_repeats_itself_shares_the_command() -> None:
    """A program may say again, with the same cid, what it does not know to be answered; not something else."""
    memory = Notebook()
    link = make_live(memory)
    link.submit(m.Send("bo", "hi", "order-17"))
    memory.save()
    link, _ = again(memory)
    link.submit(m.Send("bo", "hi", "order-17"))
    with pytest.raises(Refused) as refused:
        link.submit(m.Send("bo", "ho", "order-17"))
    assert refused.value.code == Code.CID_REUSED
    greet(link)
    assert sent(link) == [m.Send("bo", "hi", "order-17")]


def test_refusal_of_what_an_earlier_run_said_is_told() -> None:
    """Nobody waits for the answer of an earlier run, but that something was not said must not go unnoticed."""
    memory = Notebook()
    link = make_live(memory)
    for cid in ("-run-1", "-run-2", "mine"):
        link.submit(m.Send("bo", "hi", cid))
    memory.save()
    link, _ = again(memory)
    greet(link)
    refused = [m.Failed(Code.NO_SUCH_NAME, "nobody", "bo", cid) for cid in ("-run-1", "mine")]
    assert tell(link, *refused) == [m.Failed(Code.NO_SUCH_NAME, "nobody", "bo"), refused[1]]
    accepted = m.Accepted("bo", 1, 1, "-run-2")
    assert tell(link, accepted) == [accepted]  # whoever drops answers for which nobody waits


def test_what_is_sent_was_noted_before() -> None:
    """When bytes are handed out, all of what is in them has been noted, so that it can be saved before."""
    memory = Notebook()
    link = make_live(memory)
    link.submit(m.Send("bo", "hi", "1"))
    data = link.data_to_send()
    memory.save()
    link, _ = again(memory)
    greet(link)
    assert link.data_to_send() == data


def test_where_a_room_stood_is_noted_with_its_answer() -> None:
    """The place of a room is known as soon as its entering was read, before the program hears of it."""
    memory = Notebook()
    link = make_live(memory)
    link.receive_data(lines([m.Entered("#x", ("ana",), cid="1", seq=5)]))
    memory.save()
    assert memory.reopened().positions == {"#x": 5}
