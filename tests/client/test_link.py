from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.client.link import EVENT_BYTES, OWN, Link, State
from libchat.errors import Code, Disconnected, NameTaken, ProtocolError, Refused
from libchat.limits import CID_BYTES, LINE_BYTES, PENDING_SENDS, TEXT_BYTES
from libchat.wire.native import format_command
from support.links import WELCOME, entry, greet, lines, make_live, sent, tell

# --- greeting -------------------------------------------------------------------------------------------------------


def test_greeting_asks_for_version_and_name() -> None:
    """The first bytes of a connection are a greeting; its answer is answered with the name and the device."""
    link = Link("ana", "secret", agent="test/1")
    link.connected()
    assert link.state is State.GREETING
    assert sent(link) == [m.Hello(m.VERSION, "test/1", OWN)]
    assert tell(link, WELCOME) == []
    assert sent(link) == [m.Register("ana", "secret", OWN, 1)]


def test_registration_makes_it_live_under_the_servers_spelling() -> None:
    """The name is what the server says, and the program hears of it once."""
    link = Link("ANA", "secret")
    assert greet(link, name="Ana") == [m.Registered("Ana", OWN)]
    assert link.state is State.LIVE
    assert link.name == "Ana"
    assert link.has_registered


def test_refusal_of_the_name_ends_it() -> None:
    """A refused name ends the link with the refusal, and the program hears of the error."""
    link = Link("ana", "secret")
    link.connected()
    failed = m.Failed(Code.NAME_TAKEN, "ana is taken", "ana", OWN)
    assert tell(link, WELCOME, failed) == [failed]
    assert isinstance(link.end, NameTaken)
    assert link.end.subject == "ana"
    assert not link.has_registered


@pytest.mark.parametrize(("code", "cid"), [(Code.BUSY, ""), (Code.RATE_LIMITED, OWN)])
def test_who_had_the_name_before_comes_again_when_there_is_room(code: Code, cid: str) -> None:
    """A server that has no room just now ends the first try of a link; one that was in before only this connection."""
    new, old = Link("ana", "secret"), make_live()
    failed = m.Failed(code, "try again later", "", cid)
    new.connected()
    tell(new, failed)
    assert isinstance(new.end, Refused)
    assert new.end.code == code
    old.lost("gone")
    old.connected()
    tell(old, failed)
    assert old.end is None
    assert isinstance(old.error, ProtocolError)
    assert old.may_return(old.error)


def test_older_server_is_refused() -> None:
    """A server that speaks an older version is of no use."""
    link = Link("ana", "secret")
    link.connected()
    assert tell(link, m.Welcome("test/0", "log-1", version=0, cid=OWN)) == []
    assert isinstance(link.error, ProtocolError)
    assert "version 0" in str(link.error)


@pytest.mark.parametrize("device", ["", "d" * (CID_BYTES + 1), "a\nb"])
def test_device_that_no_server_takes_is_refused(device: str) -> None:
    """A device that is empty, too long or not printable is a mistake of the caller."""
    with pytest.raises(ValueError, match="device"):
        Link("ana", device)


def test_name_that_cannot_be_sent_is_refused() -> None:
    """A name with half a character is refused at once, not in the middle of a greeting."""
    with pytest.raises(Refused):
        Link("\ud800", "secret")


# --- reading --------------------------------------------------------------------------------------------------------

STORY: tuple[m.Event, ...] = (
    WELCOME,
    m.Registered("ana", OWN),
    m.Entered("#x", ("ana", "bo"), "a topic", "1"),
    entry(1),
    entry(1, target="#x"),
    m.Joined("#x", "Äöß"),
    m.Online((m.Present("ana"),), cid="2"),
    m.Bye("the server is stopping"),
)


def test_byte_by_byte_is_as_good_as_whole() -> None:
    """However the bytes are cut, the program hears the same."""
    whole, bytewise = Link("ana", "secret"), Link("ana", "secret")
    whole.connected()
    bytewise.connected()
    data = lines(STORY)
    heard = [event for index in range(len(data)) for event in bytewise.receive_data(data[index : index + 1])]
    assert heard == whole.receive_data(data) == list(STORY[1:])


def test_line_that_is_cut_off_is_forgotten_with_its_connection() -> None:
    """Half a line of a lost connection does not spoil the first line of the next one."""
    link = make_live()
    link.receive_data(b'{"type":"joi')
    link.lost("cut")
    assert greet(link) == [m.Resumed()]


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request", b"{}", b'{"type":"entry"}', b"\xff\xfe", b"[1]", b"null"]
)
def test_garbage_is_an_error_behind_what_came_before(garbage: bytes) -> None:
    """A line that is no event ends the connection, but what came before it in the same bytes is not lost."""
    link = make_live()
    assert link.receive_data(lines([entry(1)]) + garbage + b"\n" + lines([entry(2)])) == [entry(1)]
    assert isinstance(link.error, ProtocolError)
    assert tell(link, entry(3)) == []  # nothing more is read


def test_error_ends_with_its_connection() -> None:
    """A new connection is read again."""
    link = make_live()
    link.receive_data(b"garbage\n")
    link.lost("garbage")
    greet(link)
    assert link.error is None
    assert tell(link, entry(1)) == [entry(1)]


def test_line_without_end_is_an_error() -> None:
    """A line that never ends is given up before it fills the memory."""
    link = make_live()
    assert link.receive_data(lines([entry(1)]) + b"x" * (EVENT_BYTES + 2)) == [entry(1)]
    assert isinstance(link.error, ProtocolError)


def test_unknown_event_types_are_ignored() -> None:
    """A newer server may tell what we do not know."""
    link = make_live()
    assert link.receive_data(b'{"type":"poll","options":["a","b"]}\n' + lines([entry(1)])) == [entry(1)]
    assert link.error is None


def test_names_that_we_could_not_have_are_compared_as_they_are() -> None:
    """A server with other rules for names does not bring the link down."""
    link = make_live()
    strange = entry(1, sender="no such name!")
    assert tell(link, strange, strange, entry(1)) == [strange, entry(1)]
    link.consumed(strange)
    assert sent(link) == [m.Ack("no such name!", 1)]


# --- commands, across connections -----------------------------------------------------------------------------------


def test_unanswered_commands_are_sent_again_in_order() -> None:
    """After a new connection everything unanswered goes out again, in order, and nothing else."""
    link = make_live()
    commands = [m.Send("bo", f"text {number}", str(number)) for number in range(5)]
    for command in commands:
        link.submit(command)
    assert sent(link) == commands
    tell(link, m.Accepted("bo", 1, 1, "0"), m.Failed(Code.NO_SUCH_NAME, "nobody", "bo", "2"))
    assert link.lost("cut") == [m.Interrupted("cut")]
    assert greet(link) == [m.Resumed()]
    assert sent(link) == [commands[1], commands[3], commands[4]]
    tell(link, *(m.Accepted("bo", 2, 1, cid) for cid in ("1", "3", "4")))
    link.lost("cut")
    greet(link)
    assert sent(link) == []


def test_what_is_submitted_offline_goes_out_when_it_is_live() -> None:
    """Commands without a connection wait for it, and do not go out before the name is given."""
    link = Link("ana", "secret")
    offline, greeting = m.Send("bo", "one", "1"), m.Send("bo", "two", "2")
    link.submit(offline)
    link.connected()
    link.submit(greeting)
    assert [type(command) for command in sent(link)] == [m.Hello]
    tell(link, WELCOME)
    assert [type(command) for command in sent(link)] == [m.Register]
    tell(link, m.Registered("ana", OWN))
    assert sent(link) == [offline, greeting]


def test_typing_is_dropped_without_a_connection() -> None:
    """What is never answered is not kept: it says how things are just now."""
    link = Link("ana", "secret")
    link.submit(m.Typing("bo"))
    greet(link)
    assert sent(link) == []
    link.submit(m.Typing("bo"))
    assert sent(link) == [m.Typing("bo")]


def test_typing_does_not_pile_up() -> None:
    """A server that does not read makes nothing grow without bound."""
    link = make_live()
    for _ in range(PENDING_SENDS + 10):
        link.submit(m.Typing("bo"))
    assert len(sent(link)) == PENDING_SENDS


def test_too_many_unanswered_commands_are_refused() -> None:
    """The number of commands that wait for an answer has a limit; one more fits when one is answered."""
    link = Link("ana", "secret")
    for number in range(PENDING_SENDS):
        link.submit(m.Send("bo", "text", str(number)))
    with pytest.raises(Refused) as refused:
        link.submit(m.Send("bo", "text", "more"))
    assert refused.value.code == Code.QUEUE_FULL
    link.submit(m.Send("bo", "text", "0"))  # it waits already
    greet(link)
    assert len(sent(link)) == PENDING_SENDS
    tell(link, m.Accepted("bo", 1, 1, "0"))
    link.submit(m.Send("bo", "text", "more"))


def test_line_that_a_server_would_not_read_is_refused() -> None:
    """A command over the server's limit is refused at once: sent, it would end each connection anew."""
    link = make_live()
    with pytest.raises(Refused) as refused:
        link.submit(m.Send("bo", "x" * LINE_BYTES, "1"))
    assert refused.value.code == Code.TEXT_TOO_LONG
    overhead = len(format_command(m.Send("bo", "", "1"))) - 1
    link.submit(m.Send("bo", "x" * (LINE_BYTES - overhead), "1"))
    assert len(sent(link)) == 1
    link.lost("cut")
    greet(link)
    assert len(sent(link)) == 1


def test_limit_is_what_the_server_says() -> None:
    """The server's own limit of a line counts."""
    link = Link("ana", "secret")
    link.connected()
    tell(link, m.Welcome("test/1", "log-1", limits=m.Limits(line_bytes=100), cid=OWN), m.Registered("ana", OWN))
    with pytest.raises(Refused):
        link.submit(m.Send("bo", "x" * 100, "1"))


def test_half_a_character_is_refused_and_forgotten() -> None:
    """A text that has no UTF-8 is refused at once, and poisons no later connection."""
    link = make_live()
    with pytest.raises(Refused):
        link.submit(m.Send("bo", "\ud800", "1"))
    link.lost("cut")
    greet(link)
    assert sent(link) == []


def test_longest_text_fits_a_line() -> None:
    """A text as long as a text may be is never refused for its line, whatever JSON makes of it."""
    link = make_live()
    link.submit(m.Send("b" * 32, "\n" * TEXT_BYTES, "c" * CID_BYTES))
    link.submit(m.Send("b" * 32, "\U0001f600" * (TEXT_BYTES // 4), "d" * CID_BYTES))
    assert len(sent(link)) == 2


# --- rooms ----------------------------------------------------------------------------------------------------------


def test_rooms_are_entered_again_before_anything_is_sent() -> None:
    """A new connection enters the rooms that were entered and not left, and only then sends what waits."""
    link = make_live()
    tell(link, m.Entered("#x", ("ana",), cid="1"), m.Entered("#y", ("ana",), cid="2"), m.Exited("#x", "3"))
    tell(link, m.Entered("#Zed", ("ana",), cid="4"))
    link.submit(m.Send("#y", "hi", "5"))
    link.lost("cut")
    greet(link)
    assert sent(link) == [m.Join("#y", OWN, 0), m.Join("#Zed", OWN, 0), m.Send("#y", "hi", "5")]


def test_room_is_one_room_however_it_is_written() -> None:
    """A room that another one made anew, with other capitals, is left when it is left."""
    link = make_live()
    tell(link, m.Entered("#x", ("ana",), cid="1"), m.Entered("#X", ("ana",), cid=OWN), m.Exited("#X", "2"))
    link.lost("cut")
    greet(link)
    assert sent(link) == []


def test_answers_to_own_commands_are_for_nobody() -> None:
    """The program hears nothing of what the link does by itself."""
    link = make_live()
    tell(link, m.Entered("#x", ("ana",), cid="1"))
    assert tell(link, WELCOME, m.Entered("#x", ("ana",), cid=OWN), m.Pong(OWN)) == []


def test_errors_of_own_commands_are_for_the_program() -> None:
    """A room that cannot be entered again is something that the program must hear of; the link lives on."""
    link = make_live()
    failed = m.Failed(Code.BAD_NAME, "no", "#x", OWN)
    assert tell(link, failed) == [failed]
    assert link.end is None


# --- entries and acknowledgements -----------------------------------------------------------------------------------


def test_entries_that_come_twice_are_dropped() -> None:
    """Each conversation counts for itself; a number that was seen is not handed over again."""
    link = make_live()
    first = [entry(1), entry(2), entry(1, sender="cleo"), entry(7, target="#x")]
    assert tell(link, *first) == first
    link.lost("cut")
    greet(link)
    again = [entry(1), entry(2), entry(3), entry(1, sender="cleo"), entry(7, target="#x"), entry(8, target="#x")]
    assert tell(link, *again) == [entry(3), entry(8, target="#x")]


def test_conversation_is_the_same_in_both_directions() -> None:
    """What this name has said from elsewhere is in the conversation with its recipient."""
    link = make_live()
    mine = entry(2, sender="ANA", target="Bo")
    assert tell(link, entry(1), mine, entry(2)) == [entry(1), mine]
    link.consumed(mine)
    assert sent(link) == [m.Ack("bo", 2)]


def test_acks_are_cumulative_and_coalesced() -> None:
    """What was taken since the last time is acknowledged with one number for each conversation, once."""
    link = make_live()
    tell(link, *(entry(seq) for seq in range(1, 6)), entry(1, sender="cleo"))
    for seq in (1, 2, 4, 3):  # two threads may be in each other's way
        assert link.consumed(entry(seq))
    link.consumed(entry(1, sender="cleo"))
    assert sent(link) == [m.Ack("bo", 4), m.Ack("cleo", 1)]
    assert sent(link) == []


def test_ack_waits_for_the_connection() -> None:
    """What is taken while there is no connection is acknowledged on the next one."""
    link = make_live()
    tell(link, entry(1))
    link.lost("cut")
    link.consumed(entry(1))
    assert sent(link) == []
    link.connected()
    assert [type(command) for command in sent(link)] == [m.Hello]
    tell(link, WELCOME)
    assert [type(command) for command in sent(link)] == [m.Register]
    tell(link, m.Registered("ana", OWN))
    assert sent(link) == [m.Ack("bo", 1)]


def test_lost_ack_is_repeated_when_the_entry_comes_again() -> None:
    """A server that hands out again what was taken is told so again."""
    link = make_live()
    tell(link, entry(1), entry(2))
    link.consumed(entry(2))
    link.data_to_send()
    link.lost("cut")
    greet(link)
    assert tell(link, entry(1), entry(2)) == []
    assert sent(link) == [m.Ack("bo", 2)]


def test_what_the_program_has_not_taken_is_not_acknowledged() -> None:
    """An entry that comes again while it still waits in the inbox is neither doubled nor acknowledged."""
    link = make_live()
    tell(link, entry(1), entry(2))
    link.consumed(entry(1))
    link.data_to_send()
    link.lost("cut")
    greet(link)
    assert tell(link, entry(2)) == []
    assert sent(link) == []
    link.consumed(entry(2))
    assert sent(link) == [m.Ack("bo", 2)]


def test_numbers_of_another_log_mean_nothing() -> None:
    """A server that comes back with an empty log counts from 1 again, and all of it is new."""
    link = make_live()
    tell(link, entry(1), entry(2))
    link.consumed(entry(1))
    link.lost("the server was restarted")
    greet(link, log="log-2")
    assert sent(link) == []  # the old numbers would acknowledge what nobody has seen
    assert tell(link, entry(1), entry(2)) == [entry(1), entry(2)]
    assert not link.consumed(entry(2))  # of the old log, from the inbox
    assert sent(link) == []
    assert link.consumed(entry(1))
    assert sent(link) == [m.Ack("bo", 1)]


# --- silence and the end --------------------------------------------------------------------------------------------


def test_silence_is_asked_about_once() -> None:
    """The first silence brings a ping, the second one means that the server is gone."""
    link = make_live()
    assert not link.quiet()
    assert sent(link) == [m.Ping(OWN)]
    assert link.quiet()


def test_anything_heard_ends_the_silence() -> None:
    """Half a line is a sign of life, too."""
    link = make_live()
    link.quiet()
    link.receive_data(b"{")
    assert not link.quiet()


def test_new_connection_is_not_quiet() -> None:
    """The silence of the last connection says nothing about the next one."""
    link = make_live()
    link.quiet()
    link.lost("cut")
    link.connected()
    assert not link.quiet()


def test_lost_before_it_was_live_is_told_to_nobody() -> None:
    """The program hears of one interruption, however often connecting fails."""
    link = make_live()
    assert link.lost("cut") == [m.Interrupted("cut")]
    link.connected()
    assert link.lost("cut again") == []


def test_final_goodbye_ends_it() -> None:
    """A final goodbye says that it is of no use to connect again; the program hears both reasons."""
    link = make_live()
    assert tell(link, m.Bye("taken over", is_final=True)) == [m.Bye("taken over", is_final=True)]
    assert isinstance(link.end, Disconnected)
    assert link.end.reason == "taken over"
    assert link.lost("closed") == []


def test_goodbye_that_is_not_final_is_an_interruption() -> None:
    """A server that stops may be back."""
    link = make_live()
    assert tell(link, m.Bye("stopping")) == [m.Bye("stopping")]
    assert link.end is None
    assert link.lost("closed") == [m.Interrupted("closed")]


def test_leaving_sends_what_waits_first() -> None:
    """Who leaves has said everything before."""
    link = make_live()
    link.submit(m.Send("bo", "one", "1"))
    link.leave()
    assert sent(link) == [m.Send("bo", "one", "1"), m.Exit()]


def test_leaving_during_the_greeting_waits_for_it() -> None:
    """Who leaves while the connection is being made leaves when it is, behind what waits."""
    link = Link("ana", "secret")
    link.submit(m.Send("bo", "one", "1"))
    link.connected()
    link.leave()
    assert [type(command) for command in sent(link)] == [m.Hello]
    tell(link, WELCOME)
    assert [type(command) for command in sent(link)] == [m.Register]
    tell(link, m.Registered("ana", OWN))
    assert sent(link) == [m.Send("bo", "one", "1"), m.Exit()]


def test_second_registration_is_ignored() -> None:
    """A server that repeats itself does not make the link repeat itself."""
    link = make_live()
    link.submit(m.Send("bo", "one", "1"))
    link.data_to_send()
    assert tell(link, m.Registered("ana", OWN)) == []
    assert sent(link) == []
