"""Rooms of a link across connections: where it resumes, and what it tells the server."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from libchat import messages as m
from libchat.client.link import OWN, Link
from libchat.errors import Code, ProtocolError
from libchat.limits import ROOM_ACK_ENTRIES
from libchat.wire.native import format_command
from support.links import entry, greet, make_live, sent, tell
from support.memories import Notebook


def said(seq: int) -> m.Entry:
    """Return what bo has said in a room."""
    return entry(seq, target="#x")


def enter(link: Link, seq: int, *, cid: str = "1") -> None:
    """Have the program enter a room whose newest entry has this number. What was sent is forgotten."""
    link.submit(m.Join("#x", cid))
    tell(link, m.Entered("#x", ("ana", "bo"), cid=cid, seq=seq))
    link.data_to_send()


def reconnect(link: Link, *, log: str = "log-1", is_account: bool = False) -> list[m.Command]:
    """Lose the connection, make another one, and return what the link sends on it once it has its name."""
    link.lost("cut")
    greet(link, log=log, is_account=is_account)
    return sent(link)


def test_room_is_resumed_behind_what_was_handed_over() -> None:
    """A new connection asks for what was said since the newest entry that the program was handed, taken or not."""
    link = make_live()
    enter(link, 5)
    assert tell(link, said(6), said(8)) == [said(6), said(8)]
    link.consumed(said(6))
    assert reconnect(link) == [m.Join("#x", OWN, 8)]


def test_cut_right_after_entering_loses_nothing() -> None:
    """Where the room stood when it was entered is where it is resumed, if nothing has come since."""
    link = make_live()
    enter(link, 5)
    assert reconnect(link) == [m.Join("#x", OWN, 5)]
    tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=9))  # 6 to 9 are still on their way
    assert reconnect(link) == [m.Join("#x", OWN, 5)]
    tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=9))
    assert tell(link, said(6)) == [said(6)]


def test_entries_that_come_twice_in_a_room_are_dropped() -> None:
    """What comes again in a room is not handed over again."""
    link = make_live()
    enter(link, 5)
    assert tell(link, said(6), said(6), said(5), said(7), said(6)) == [said(6), said(7)]


def test_left_room_is_forgotten() -> None:
    """A room that was left begins anew when it is entered again."""
    link = make_live()
    enter(link, 5)
    tell(link, said(6), m.Exited("#X", "2"))
    assert not link.consumed(said(6))
    link.submit(m.Join("#x", "3"))
    assert sent(link) == [m.Join("#x", "3")]
    tell(link, m.Entered("#x", ("ana",), cid="3", seq=9))
    assert reconnect(link) == [m.Join("#x", OWN, 9)]


def test_room_of_another_log_begins_anew() -> None:
    """Numbers of another log say nothing about where a room stands, also those in commands that wait."""
    link = make_live()
    enter(link, 5)
    link.submit(m.Join("#y", "2", after=3))
    assert reconnect(link, log="log-2") == [m.Join("#x", OWN), m.Join("#y", "2")]
    tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=2))
    assert tell(link, said(3)) == [said(3)]


def test_program_may_ask_for_what_came_before() -> None:
    """A program that says after which number it enters gets what came since then, once."""
    link = make_live()
    link.submit(m.Join("#x", "1", after=3))
    assert sent(link) == [m.Join("#x", "1", 3)]
    heard = tell(link, m.Entered("#x", ("ana",), cid="1", seq=9), said(4), said(5))
    assert heard[1:] == [said(4), said(5)]
    assert reconnect(link) == [m.Join("#x", OWN, 5)]
    tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=9))
    link.submit(m.Join("#x", "2", after=3))  # in it already: nothing is repeated
    tell(link, m.Entered("#x", ("ana",), cid="2", seq=9))
    assert tell(link, said(4), said(5), said(6)) == [said(6)]


def test_room_that_the_server_tells_of_is_resumed_by_it() -> None:
    """An account is in its rooms without entering them, and gets what came while it was away."""
    link = make_live(is_account=True)
    tell(link, m.Entered("#x", ("ana",), seq=9))
    assert tell(link, said(6), said(7)) == [said(6), said(7)]
    link.submit(m.Join("#x", "1"))
    tell(link, m.Entered("#x", ("ana",), cid="1", seq=9))
    assert tell(link, said(8)) == [said(8)]
    assert reconnect(link, is_account=True) == []  # the server knows
    tell(link, m.Entered("#x", ("ana",), seq=9))
    assert tell(link, said(7), said(8), said(9)) == [said(9)]


def test_entering_a_room_that_the_server_resumes_hides_nothing() -> None:
    """An account that enters a room in which it is still gets what it missed there, older than the answer."""
    link = make_live(is_account=True)
    link.submit(m.Join("#x", "1"))
    tell(link, m.Entered("#x", ("ana",), seq=9), m.Entered("#x", ("ana",), cid="1", seq=9))
    assert tell(link, said(6), said(7)) == [said(6), said(7)]


def test_account_enters_its_rooms_again_on_another_log() -> None:
    """A server that has lost everything is told what the rooms were."""
    link = make_live(is_account=True)
    tell(link, m.Entered("#x", ("ana",), seq=9))
    link.lost("the server was restarted")
    link.connected()
    tell(link, m.Welcome("test/1", "log-2", cid=OWN))
    link.lost("and once more, before the name was given")
    greet(link, log="log-2", is_account=True)
    assert sent(link) == [m.Join("#x", OWN)]


def test_room_that_another_device_left_is_not_entered_again() -> None:
    """What the server does not tell an account of is no room of it any more."""
    link = make_live(is_account=True)
    enter(link, 5)
    assert reconnect(link, is_account=True) == []
    assert reconnect(link, log="log-2", is_account=True) == []


def test_room_that_a_lost_connection_was_in_is_resumed() -> None:
    """Who takes over from a lost connection is in its rooms at once; what comes too early comes again."""
    link = make_live()
    enter(link, 5)
    link.lost("cut")
    greet(link)
    tell(link, m.Entered("#x", ("ana",), seq=7))
    assert tell(link, said(8)) == []
    assert sent(link) == [m.Join("#x", OWN, 5)]
    heard = tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=8), said(6), said(7), said(8), said(9))
    assert heard == [said(6), said(7), said(8), said(9)]


def test_room_of_an_earlier_run_that_nobody_has_left_is_resumed() -> None:
    """A program that is back before its lost connection was noticed is in its rooms, and misses nothing."""
    memory = Notebook()
    link = make_live(memory)
    enter(link, 5)
    memory.save()
    link = Link("ana", "secret", memory=memory.reopened())
    greet(link)
    tell(link, m.Entered("#x", ("ana",), seq=7), m.Entered("#new", ("ana",), seq=7))
    assert tell(link, said(8)) == []
    assert sent(link) == [m.Join("#x", OWN, 5)]
    tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=8))
    assert tell(link, said(6), entry(8, target="#new")) == [said(6), entry(8, target="#new")]
    assert reconnect(link) == [m.Join("#x", OWN, 6), m.Join("#new", OWN, 8)]


def test_room_that_cannot_be_resumed_just_now_ends_the_connection() -> None:
    """Rather than go on with a gap, the link gives the connection up: on the next one it may work."""
    link = make_live()
    enter(link, 5)
    reconnect(link)
    assert tell(link, m.Failed(Code.UNAVAILABLE, "the disk is full", "#x", OWN), said(9)) == []
    assert isinstance(link.error, ProtocolError)
    assert reconnect(link) == [m.Join("#x", OWN, 5)]


def test_guests_do_not_acknowledge_rooms() -> None:
    """Nothing of a room waits for a guest."""
    link = make_live()
    enter(link, 0)
    for seq in range(1, 2 * ROOM_ACK_ENTRIES):
        tell(link, said(seq))
        assert not link.consumed(said(seq))
    link.leave()
    assert sent(link) == [m.Exit()]


def test_accounts_acknowledge_rooms_now_and_then() -> None:
    """A room of an account is acknowledged once for many entries that were taken, and when one leaves the chat."""
    link = make_live(is_account=True)
    enter(link, 0)
    told = []
    for seq in range(1, 2 * ROOM_ACK_ENTRIES + 6):
        tell(link, said(seq))
        link.consumed(said(seq))
        told += sent(link)
    assert told == [m.Ack("#x", ROOM_ACK_ENTRIES), m.Ack("#x", 2 * ROOM_ACK_ENTRIES)]
    link.leave()
    assert sent(link) == [m.Ack("#x", 2 * ROOM_ACK_ENTRIES + 5), m.Exit()]


def test_acknowledgements_go_before_the_exit() -> None:
    """What was taken last is told before one leaves: behind that, nobody reads."""
    link = make_live()
    tell(link, entry(1))
    link.consumed(entry(1))
    link.leave()
    assert sent(link) == [m.Ack("bo", 1), m.Exit()]


def test_skipped_entries_are_not_waited_for() -> None:
    """What will not come is told once, and passed by in the room and in the private conversation."""
    link = make_live()
    enter(link, 5)
    gone = [m.Skipped("#x", 8), m.Skipped("Bo", 3)]
    assert tell(link, *gone, *gone) == gone
    assert tell(link, said(8), said(9), entry(3), entry(4)) == [said(9), entry(4)]
    assert reconnect(link) == [m.Join("#x", OWN, 9)]


def test_own_messages_hide_nobody_elses() -> None:
    """The number of an own message moves nothing: what others said before it may still be on its way."""
    link = make_live()
    enter(link, 5)
    link.submit(m.Send("#x", "hi", "2"))
    link.submit(m.Send("bo", "hi", "3"))
    tell(link, m.Accepted("#x", 7, 1, "2"), m.Accepted("bo", 3, 1, "3"))
    assert tell(link, said(6), entry(2)) == [said(6), entry(2)]


def test_reading_is_told_once_and_survives_a_cut() -> None:
    """What a person has read is told when there is a connection, the newest number of each conversation."""
    link = make_live()
    link.submit(m.Read("bo", 1))
    assert sent(link) == [m.Read("bo", 1)]
    link.lost("cut")
    for seq in (3, 2):
        link.submit(m.Read("bo", seq))
    link.submit(m.Read("#x", 9))
    greet(link)
    assert sent(link) == [m.Read("bo", 3), m.Read("#x", 9)]


def test_entering_again_says_nothing_about_a_place() -> None:
    """Who is in a room already, and enters it, asks for nothing that was said."""
    link = make_live()
    enter(link, 5)
    link.submit(m.Join("x", "2"))
    assert sent(link) == [m.Join("x", "2")]
    tell(link, m.Entered("#x", ("ana",), cid="2", seq=9))
    assert tell(link, said(6)) == [said(6)]


def test_command_that_waits_is_not_sent_again() -> None:
    """A command is sent once on a connection, and its cid belongs to it until it is answered."""
    link = make_live()
    link.submit(m.Send("bo", "hi", "1"))
    link.submit(m.Send("bo", "hi", "1"))
    assert sent(link) == [m.Send("bo", "hi", "1")]


def test_who_was_put_out_stays_out() -> None:
    """A link does not enter a room again from which its name was kicked; others' kicks mean nothing to it."""
    link = make_live()
    enter(link, 5)
    tell(link, m.Kicked("#X", "bo", "cy"))
    assert reconnect(link) == [m.Join("#x", OWN, 5)]
    tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=5))
    kicked = m.Kicked("#X", "ANA", "cy", "why")
    assert tell(link, kicked) == [kicked]
    assert reconnect(link) == []


def test_who_was_put_out_while_coming_back_is_told_to_be_in_again() -> None:
    """The kick was for the lost connection, and the command to enter the room again was on its way by then."""
    link = make_live()
    enter(link, 5)
    assert reconnect(link) == [m.Join("#x", OWN, 5)]
    kicked = m.Kicked("#x", "ana", "bo")
    assert tell(link, kicked) == [kicked]
    entered = m.Entered("#x", ("ana", "bo"), cid=OWN, seq=8)
    assert tell(link, entered) == [replace(entered, cid="")]
    assert tell(link, said(7), said(9)) == [said(9)]
    assert reconnect(link) == [m.Join("#x", OWN, 9)]


def test_who_is_put_out_before_entering_begins_anew() -> None:
    """Behind a kick, what an earlier run had of the room is of no interest, though one had asked to go on there."""
    link = Link("ana", "secret", memory=remembering())
    link.submit(m.Join("#x", "3"))
    greet(link)
    assert sent(link) == [m.Join("#x", "3", 5)]
    tell(link, m.Kicked("#x", "ana", "bo"))
    tell(link, m.Entered("#x", ("ana", "bo"), cid="3", seq=8))
    assert tell(link, said(7), said(9)) == [said(9)]


def test_a_room_that_lets_nobody_back_is_given_up() -> None:
    """Who is banned by now, or does not know the new password, is told once, and not with each connection."""
    for code in (Code.BANNED, Code.INVITE_ONLY, Code.ROOM_PASSWORD):
        link = make_live()
        enter(link, 5)
        assert reconnect(link) == [m.Join("#x", OWN, 5)]
        failed = m.Failed(code, "no", "#x", OWN)
        assert tell(link, failed) == [failed]
        assert reconnect(link) == []


def test_a_room_with_a_password_is_entered_again_with_it() -> None:
    """The link remembers it until the room is left."""
    link = make_live()
    link.submit(m.Join("#x", "1", password="tea"))
    tell(link, m.Entered("#x", ("ana",), cid="1", seq=5))
    link.data_to_send()
    assert reconnect(link) == [m.Join("#x", OWN, 5, "tea")]
    tell(link, m.Entered("#x", ("ana",), cid=OWN, seq=5), m.Kicked("#x", "ana", "bo"))
    enter(link, 7, cid="2")
    assert reconnect(link) == [m.Join("#x", OWN, 7)]


KICKED = m.Kicked("#x", "ana", "bo", "be kind")


@pytest.mark.parametrize(("kicks", "told"), [((KICKED,), KICKED), ((), m.Exited("#x"))])
def test_account_that_was_put_out_meanwhile_hears_it(kicks: tuple[m.Kicked, ...], told: m.Event) -> None:
    """When the connection is back, the program hears that it is out of a room, and why if that is known.

    It is out then: it does not go back there by itself, and what it had of the room counts no more.
    """
    notebook = Notebook()
    link = make_live(notebook, is_account=True)
    enter(link, 5)
    link.lost("cut")
    assert greet(link, is_account=True, rooms=("#y",), kicks=kicks) == [m.Resumed(), told]
    assert sent(link) == []
    link.submit(m.Join("#x", "2"))
    assert sent(link) == [m.Join("#x", "2")]
    link.lost("cut")
    assert greet(link, is_account=True, rooms=(), kicks=kicks) == [m.Resumed()]  # not again
    notebook.save()
    assert notebook.reopened().positions == {}


def test_kick_of_a_room_in_which_the_device_was_not_is_not_told() -> None:
    """What has happened to other devices of the account, in rooms of which this one never knew, is not told to it."""
    link = make_live(is_account=True)
    enter(link, 5)
    link.lost("cut")
    kicks = (m.Kicked("#z", "ana", "bo"), KICKED)
    assert greet(link, is_account=True, rooms=("#X",), kicks=kicks) == [m.Resumed()]


def test_room_that_was_entered_by_another_device_is_missed_too() -> None:
    """A room counts as entered when the server has said so, whoever of the account has gone there."""
    link = make_live(is_account=True)
    tell(link, m.Entered("#Tea", ("ana",), seq=9))
    link.lost("cut")
    assert greet(link, is_account=True, rooms=()) == [m.Resumed(), m.Exited("#Tea")]


def test_room_is_known_though_the_connection_is_lost_before_the_server_tells_of_it() -> None:
    """Nothing was ever said in it: the link knows of it by having been told, and remembers that."""
    link = make_live(is_account=True)
    tell(link, m.Entered("#x", ("ana",)))
    link.lost("cut")
    assert greet(link, is_account=True, rooms=("#x",)) == [m.Resumed()]
    assert sent(link) == []
    link.lost("cut")
    assert greet(link, is_account=True, rooms=()) == [m.Resumed(), m.Exited("#x")]


def test_program_that_starts_again_hears_that_it_was_put_out() -> None:
    """What an earlier run has taken of a room tells where it was."""
    link = Link("ana", "secret", memory=remembering(kept(m.Send("#z", "hi", "a-1"))))
    registered = m.Registered("ana", OWN, is_account=True, rooms=(), kicks=(KICKED,))
    link.connected()
    tell(link, m.Welcome("test/1", "log-1", cid=OWN))
    assert tell(link, registered) == [registered, KICKED]


def test_join_and_leave_that_wait_are_not_told_twice() -> None:
    """A room that one was just leaving is answered; and one that is entered again begins anew."""
    link = make_live(is_account=True)
    enter(link, 5)
    link.lost("cut")
    link.submit(m.Leave("#x", "2"))
    assert greet(link, is_account=True, rooms=()) == [m.Resumed()]
    assert sent(link) == [m.Leave("#x", "2")]
    again = Link("ana", "secret", memory=remembering())
    again.submit(m.Join("#x", "3"))
    greet(again, is_account=True, rooms=())
    assert sent(again) == [m.Join("#x", "3")]


def test_server_that_tells_of_no_rooms_ends_no_stay() -> None:
    """An older server says nothing of the rooms that an account is in: then nobody knows."""
    link = make_live(is_account=True)
    enter(link, 5)
    link.lost("cut")
    assert greet(link, is_account=True) == [m.Resumed()]


def test_account_that_enters_anew_begins_where_the_server_says() -> None:
    """Another device left the room after this one had asked to enter it behind what it has: that counts no more."""
    link = Link("ana", "secret", memory=remembering())
    link.submit(m.Join("#x", "3"))
    greet(link, is_account=True, rooms=("#x",))
    tell(link, m.Entered("#x", ("ana",), seq=9), m.Exited("#x"), m.Entered("#x", ("ana",), cid="3", seq=9))
    assert tell(link, said(7), said(10)) == [said(10)]


def test_position_in_a_room_from_which_one_is_banned_is_forgotten() -> None:
    """Who may come back some day begins anew, and not behind what the earlier run had."""
    link = Link("ana", "secret", memory=remembering())
    link.submit(m.Join("#x", "3"))
    greet(link)
    assert sent(link) == [m.Join("#x", "3", 5)]
    tell(link, m.Failed(Code.BANNED, "no", "#x", "3"))
    link.submit(m.Join("#x", "4"))
    assert sent(link) == [m.Join("#x", "4")]


def remembering(unanswered: dict[str, bytes] | None = None) -> Notebook:
    """Return what an earlier run has left that was in #x."""
    notebook = Notebook()
    notebook.log, notebook.positions, notebook.unanswered = "log-1", {"#x": 5, "bo": 3}, unanswered or {}
    return notebook


def kept(command: m.Send) -> dict[str, bytes]:
    """Return a command as a memory keeps it."""
    return {command.cid: format_command(command)}
