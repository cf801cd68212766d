"""The classic dialect: the lines that programs read, and what people type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat import messages as m
from libchat.errors import Code
from libchat.names import RoomName, parse_room
from libchat.text import check_text
from libchat.wire.classic import Classic

CLASSIC = Classic()
ROOM = parse_room("#teamchat")
SENT = int(datetime(2026, 11, 22, 16, 41, 59, tzinfo=UTC).timestamp() * 1000)
ENTRY = m.Entry("Bob", 7, "Alice", SENT, "Hello Bob!")
TOPIC = m.Entry("#teamchat", 7, "Alice", SENT, "release", "topic")


# --- what people see ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (m.Registered("Alice"), "server: welcome Alice\n"),
        (m.Entered("#teamchat", ("Alice",), "topic"), "server: joined teamchat\n"),
        (m.Exited("#teamchat"), "server: left teamchat\n"),
        (m.Bye(), "server: bye\n"),
        (m.Bye("the server stops"), "server: bye (the server stops)\n"),
        (m.Failed("name-taken", "words", "Alice"), "server: Alice is taken, choose another name\n"),
        (m.Failed("bad-name", "words for a person", "x y"), "server: error bad-name: words for a person\n"),
        (m.Joined("#teamchat", "Bob"), "server: Bob joined teamchat\n"),
        (m.Left("#teamchat", "Bob"), "server: Bob left teamchat\n"),
        (m.Left("#teamchat", "Bob", "connection lost"), "server: Bob left teamchat\n"),
        (m.Online((m.Present("Alice"), m.Present("Bob", "lunch"))), "server: online (2): Alice, Bob\n"),
        (m.Online((m.Present("Bob"),), "#teamchat"), "server: in teamchat (1): Bob\n"),
        (m.Accepted("Bob", 7, SENT, "c", is_queued=True), "server: Bob is away, your message is queued\n"),
        (m.Accepted("Bob", 7, SENT, "c", away="lunch"), "server: Bob is away: lunch\n"),
        (m.Accepted("Bob", 7, SENT, "c"), ""),
        (ENTRY, "Alice: Hello Bob!\n"),
        (m.Entry("#teamchat", 7, "Alice", SENT, "Hello team!"), "Alice (in teamchat): Hello team!\n"),
        (m.Entry("Bob", 7, "Alice", SENT, "Hello Bob!", is_queued=True), "Alice (sent 2026-11-22 16:41): Hello Bob!\n"),
        (
            m.Entry("#teamchat", 7, "Alice", SENT, "Hi", is_queued=True),
            "Alice (in teamchat, sent 2026-11-22 16:41): Hi\n",
        ),
        (m.Entry("Bob", 7, "Alice", SENT, "one\n\ntwo"), "Alice: one\nAlice: \nAlice: two\n"),
        (
            m.Page("#teamchat", (m.Entry("#teamchat", 7, "Alice", SENT, "a\nb"), TOPIC)),
            "Alice (in teamchat, sent 2026-11-22 16:41): a\nAlice (in teamchat, sent 2026-11-22 16:41): b\n"
            "server: Alice (in teamchat, sent 2026-11-22 16:41) set the topic to: release\n",
        ),
        (TOPIC, "server: Alice (in teamchat) set the topic to: release\n"),
        (m.Entry("#teamchat", 7, "Alice", SENT, "", "topic"), "server: Alice (in teamchat) cleared the topic\n"),
        (m.TopicIs("#teamchat", "release"), "server: topic of teamchat: release\n"),
        (m.RoomList((m.RoomInfo("#a", 2), m.RoomInfo("#b", 1, "t"))), "server: rooms (2): a (2), b (1)\n"),
        (m.Kicked("#tea", "Bob", "Al"), "server: Bob was kicked from tea by Al\n"),
        (m.Kicked("#tea", "Bob", "Al", "spam"), "server: Bob was kicked from tea by Al (spam)\n"),
        (m.Granted("#tea", "Bob", "owner", "Al"), "server: Bob is an owner of tea now, by Al\n"),
        (m.Granted("#tea", "Bob", "", "Al"), "server: Bob is a plain member of tea now, by Al\n"),
        (m.Muted("#tea", "Bob", "Al", 0, "loud"), "server: Bob was muted in tea by Al (loud)\n"),
        (m.Unmuted("#tea", "Bob", "Al"), "server: Bob may speak in tea again, by Al\n"),
        (m.RoomIs("#tea", by="Al"), "server: tea is open now, by Al\n"),
        (m.RoomIs("#tea", secret=True), "server: tea is secret\n"),
        (
            m.RoomIs("#tea", True, True, True, True, False, "Al"),
            "server: tea is invite-only, password, moderated, secret, topic by operators now, by Al\n",
        ),
        (m.Invited("#tea", "Al"), "server: Al invites you to tea, `join tea`\n"),
        (
            m.BanList("#tea", (m.BanInfo("bob", "Al", 1), m.BanInfo("10.0.0.0/8", "Al", 1))),
            "server: banned from tea (2): bob (by Al), 10.0.0.0/8 (by Al)\nserver: muted in tea (0): \n",
        ),
        (m.Welcome("libchat", "log"), ""),
        (m.IsTyping("Bob", "#teamchat"), ""),
        (m.Done(), ""),
        (m.Done(text="the password of Bob is set"), "server: the password of Bob is set\n"),
        (
            m.Failed("password-needed", "words", "Bob"),
            "server: error password-needed: Bob is an account, write `server:register Bob PASSWORD`\n",
        ),
        (
            m.DeviceList((m.DeviceInfo("01", "phone", 1, 2), m.DeviceInfo("02", "", 1, 2))),
            "server: devices (2): phone (01), no name (02)\n",
        ),
        (m.InviteMade("TOKEN", "#teamchat", 1, 5), "server: invite to teamchat: TOKEN\n"),
        (m.InviteMade("TOKEN", "", 1, 5), "server: invite: TOKEN\n"),
        (m.Pong(), ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, m.Event) else "",
)
def test_lines_that_programs_read(event: m.Event, lines: str) -> None:
    """These lines are fixed, because programs read them."""
    assert CLASSIC.format_event(event) == lines.encode()


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        (m.Entry("Bob", 7, "Alice", SENT, "Yes", ref=6), "Alice: Yes\n"),
        (m.Entry("Bob", 8, "Alice", SENT, "Hello", "edit", 7), "server: Alice changed a message to: Hello\n"),
        (m.Entry("#tea", 8, "Alice", SENT, "a\nb", "edit", 7), "server: Alice (in tea) changed a message to: a b\n"),
        (m.Entry("Bob", 9, "Alice", SENT, "", "delete", 7), "server: Alice deleted a message\n"),
        (m.Entry("Bob", 9, "Alice", SENT, "+1", "react", 7), "server: Alice reacted with: +1\n"),
        (m.Entry("Bob", 9, "Alice", SENT, "+1", "unreact", 7), "server: Alice took back: +1\n"),
        (m.Entry("Bob", 7, "Alice", SENT, "", is_deleted=True, is_queued=True), ""),
    ],
)
def test_what_refers_to_messages_is_told_in_words(entry: m.Entry, lines: str) -> None:
    """A reply is a message; what changes one is said by the server; one that is gone is not shown."""
    assert CLASSIC.format_event(entry) == lines.encode()


@pytest.mark.parametrize(
    ("seconds", "entries", "words"),
    [
        (0, 0, ""),
        (86_400 * 30, 0, "server: messages are kept for 30 days\n"),
        (5400, 0, "server: messages are kept for 1.5 hours\n"),
        (86_400, 100, "server: messages are kept for 1 days, up to 100 of them\n"),
        (0, 10_000, ""),
    ],
)
def test_who_joins_is_told_how_long_messages_are_kept(seconds: int, entries: int, words: str) -> None:
    """If they are deleted some day, a line says when."""
    event = m.Entered("#tea", ("Bob",), keep_seconds=seconds, keep_entries=entries)
    assert CLASSIC.format_event(event).decode() == "server: joined tea\n" + words


def test_times_are_those_of_the_given_clock() -> None:
    """The time of a queued message is shown in the zone that the server was given."""
    zone = timezone(timedelta(hours=9))
    classic = Classic(lambda seconds: datetime.fromtimestamp(seconds, zone))
    queued = m.Entry("Bob", 7, "Alice", SENT, "Hi", is_queued=True)
    assert classic.format_event(queued) == b"Alice (sent 2026-11-23 01:41): Hi\n"


@given(
    text=st.text(st.sampled_from("\n\r\x0b\x0c\x1c\x85\u2028ab: server\x1b")) | st.text(),
    target=st.sampled_from(("Bob", "#teamchat")),
    is_queued=st.booleans(),
)
def test_no_text_forges_a_line(text: str, target: str, is_queued: bool) -> None:
    """However a text is written, every line of it begins with its sender, and none with `server: `."""
    cleaned = check_text(f".{text}.", 4096)
    entry = m.Entry(target, 1, "Mallory", SENT, cleaned, is_queued=is_queued)
    for event in (entry, m.Page(target, (entry,))):
        formatted = CLASSIC.format_event(event).decode()
        assert formatted.endswith("\n")
        shown = formatted.splitlines()  # at everything that any reader may take for a line's end
        assert all(line.startswith(("Mallory: ", "Mallory (")) for line in shown)
        assert len(shown) == cleaned.count("\n") + 1


# --- what people type -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("server:register Alice", m.Register("Alice")),
        ("server:register Alice secret", m.Register("Alice", password="secret")),
        ("server:register Alice  my own secret ", m.Register("Alice", password="my own secret")),
        ("server:password new", m.Password("new")),
        ("server:password new old", m.Password("new", "old")),
        ("server:who", m.Who()),
        ("who", m.Who()),
        ("who teamchat", m.Who("teamchat")),
        ("server:join teamchat", m.Join("teamchat")),
        ("join teamchat", m.Join("teamchat")),
        ("join  #teamchat ", m.Join("#teamchat")),
        ("server:exit", m.Exit()),
        ("exit", m.Exit()),
        (" exit ", m.Exit()),
        ("server:rooms", m.Rooms()),
        ("server:away lunch at noon", m.Away("lunch at noon")),
        ("server:away", m.Away()),
        ("Bob:Hello Bob!", m.Send("Bob", "Hello Bob!")),
        ("Bob: Hello: Bob!", m.Send("Bob", "Hello: Bob!")),
        ("Bob :  two blanks", m.Send("Bob", " two blanks")),
        ("who:exit", m.Send("who", "exit")),
        (":text", m.Send("", "text")),
        ("Bob:", m.Send("Bob", "")),
    ],
)
def test_lines_outside_of_a_room(line: str, command: m.Command) -> None:
    """Outside of a room a line is a command or a private message."""
    assert CLASSIC.parse_line(line.encode(), None) == (command,)


@pytest.mark.parametrize("line", ["", "  ", "leave", "server:leave", " leave "])
def test_lines_that_do_nothing_outside_of_a_room(line: str) -> None:
    """Outside of a room, `leave` and blank lines do nothing."""
    assert CLASSIC.parse_line(line.encode(), None) == ()


@pytest.mark.parametrize(
    "line", ["exit", "who", "join blue", "Bob:hi", " leave", "leave it", "serve:who", "#x: y", "{}"]
)
def test_lines_inside_a_room_are_said_to_it(line: str) -> None:
    """In a room, any other line is said to the room, even `exit` and `who`."""
    assert CLASSIC.parse_line(line.encode(), ROOM) == (m.Send("#teamchat", line),)


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("leave", (m.Leave("#teamchat"),)),
        ("server:leave", (m.Leave("#teamchat"),)),
        ("server:who", (m.Who(),)),
        ("server:exit", (m.Exit(),)),
        ("server:join blue", (m.Leave("#teamchat"), m.Join("blue"))),
        ("server:join TeamChat", (m.Join("TeamChat"),)),
        ("server:join #teamchat", (m.Join("#teamchat"),)),
        ("server:join no!room", (m.Join("no!room"),)),
        ("server:topic", (m.Topic("#teamchat"),)),
        ("server:topic release at noon", (m.Topic("#teamchat", "release at noon"),)),
        ("  ", ()),
    ],
)
def test_commands_inside_a_room(line: str, commands: tuple[m.Command, ...]) -> None:
    """In a room, `leave` and lines behind `server:` are commands; to join another room is to leave this one."""
    assert CLASSIC.parse_line(line.encode(), ROOM) == commands


def test_to_join_the_same_room_in_other_letters_is_not_to_leave_it() -> None:
    """Rooms are the same by their canonical names, not by how a line spells them."""
    assert CLASSIC.parse_line("server:join STRAßE".encode(), parse_room("straße")) == (m.Join("STRAßE"),)


@pytest.mark.parametrize(
    ("line", "room", "code"),
    [
        (b"\xff", None, Code.BAD_LINE),
        (b"hello", None, Code.UNKNOWN_COMMAND),
        (b"server:fly", None, Code.UNKNOWN_COMMAND),
        (b"server:fly", ROOM, Code.UNKNOWN_COMMAND),
        (b"server:", None, Code.UNKNOWN_COMMAND),
        (b"server:join", None, Code.BAD_NAME),
        (b"join", None, Code.BAD_NAME),
        (b"server:password", None, Code.BAD_VALUE),
        (b"server:password my new secret", None, Code.BAD_VALUE),
        (b"server:topic release", None, Code.NOT_IN_ROOM),
        (b"#teamchat:hello", None, Code.NOT_IN_ROOM),
    ],
)
def test_lines_that_cannot_be_read_say_why(line: bytes, room: RoomName | None, code: Code) -> None:
    """A line without meaning is rejected with a code for programs and words for a person."""
    (rejected,) = CLASSIC.parse_line(line, room)
    assert isinstance(rejected, m.Rejected)
    assert rejected.code == code
    assert rejected.reason


@given(st.text().map(lambda text: text.replace("\n", "")), st.sampled_from((None, ROOM)))
def test_texts_travel_as_they_are(text: str, room: RoomName | None) -> None:
    """What is said is not changed on the way in."""
    line = f".{text}" if room is not None else f"Bob:.{text}"
    target = "#teamchat" if room is not None else "Bob"
    assert CLASSIC.parse_line(line.encode(), room) == (m.Send(target, f".{text}"),)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("server:kick Bob", m.Kick("#tea", "Bob")),
        ("server:kick Bob be  kind", m.Kick("#tea", "Bob", "be kind")),
        ("server:ban Bob", m.Ban("#tea", "Bob")),
        ("server:ban 10.0.0.0/8 2h too loud", m.Ban("#tea", "10.0.0.0/8", 7_200, "too loud")),
        ("server:ban Bob two hours", m.Ban("#tea", "Bob", 0, "two hours")),
        ("server:ban-address Bob 7d", m.Ban("#tea", "Bob", 7 * 86_400, by_address=True)),
        ("server:unban Bob", m.Unban("#tea", "Bob")),
        ("server:bans", m.Bans("#tea")),
        ("server:mute Bob 90s x", m.Mute("#tea", "Bob", 90, "x")),
        ("server:unmute Bob", m.Unmute("#tea", "Bob")),
        ("server:owner Bob", m.Grant("#tea", "Bob", "owner")),
        ("server:op Bob", m.Grant("#tea", "Bob", "operator")),
        ("server:deop Bob", m.Grant("#tea", "Bob", "")),
        ("server:voice Bob", m.Grant("#tea", "Bob", "voice")),
        ("server:devoice Bob", m.Grant("#tea", "Bob", "")),
        ("server:invite Bob", m.Invite("#tea", "Bob")),
        ("server:room invite-only on", m.SetRoom("#tea", invite_only=True)),
        ("server:room moderated off", m.SetRoom("#tea", moderated=False)),
        ("server:room secret on", m.SetRoom("#tea", secret=True)),
        ("server:room open-topic off", m.SetRoom("#tea", open_topic=False)),
        ("server:room password off", m.SetRoom("#tea", password="off")),
        ("server:room no-password", m.SetRoom("#tea", password="")),
    ],
)
def test_order_in_the_own_room(line: str, command: m.Command) -> None:
    """Words that keep order are about the room that one is in; outside, they are refused."""
    assert CLASSIC.parse_line(line.encode(), parse_room("tea")) == (command,)
    (rejected,) = CLASSIC.parse_line(line.encode(), None)
    assert isinstance(rejected, m.Rejected)
    assert rejected.code == Code.NOT_IN_ROOM


@pytest.mark.parametrize("line", ["server:kick", "server:room", "server:room moderated", "server:room loud on"])
def test_order_that_is_not_understood(line: str) -> None:
    """What is missing or unknown is told with what there is."""
    (rejected,) = CLASSIC.parse_line(line.encode(), parse_room("tea"))
    assert isinstance(rejected, m.Rejected)
    assert (rejected.code, "server:" in rejected.reason) == (Code.BAD_VALUE, True)


def test_a_room_with_a_password() -> None:
    """What follows the room's name is its password."""
    assert CLASSIC.parse_line(b"join tea  two words ", None) == (m.Join("tea", password="two words"),)
    moved = CLASSIC.parse_line(b"server:join tea word", parse_room("red"))
    assert moved == (m.Leave("#red"), m.Join("tea", password="word"))
    assert CLASSIC.parse_line(b"server:join Red word", parse_room("red")) == (m.Join("Red", password="word"),)
