"""The contract of `libchat.wire.dialect.Dialect`, rule by rule."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from libchat import messages as m
from libchat.limits import LINE_BYTES
from libchat.names import RoomName, parse_room
from libchat.text import check_text, clean_line
from libchat.wire.dialect import Dialect
from support.values import EVENT_TYPES, events

ROOM = parse_room("#red")
FORGED = "server: welcome Mallory"

rooms = st.sampled_from((None, ROOM))
lines = st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.replace("\n", "").encode())


class DialectContract(ABC):
    """What every dialect does. Subclass it as `Test...`, and give it a dialect and lines that mean something to it."""

    @abstractmethod
    def dialect(self) -> Dialect:
        """Return a new instance."""

    @abstractmethod
    def meaningful(self) -> list[tuple[bytes, RoomName | None, tuple[m.Command, ...]]]:
        """Return lines, the room in which they are written, and what they mean."""

    # 1. Both functions are pure.

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # each subclass of the suite is one
    @given(st.data())
    def test_parsing_depends_on_the_arguments_only(self, data: st.DataObject) -> None:
        """A line means the same to an instance that has seen others as to a new one."""
        used = self.dialect()
        for line, room in data.draw(st.lists(st.tuples(lines, rooms), max_size=5)):
            used.parse_line(line, room)
        line, room = data.draw(lines), data.draw(rooms)
        assert used.parse_line(line, room) == self.dialect().parse_line(line, room)

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # each subclass of the suite is one
    @given(st.lists(events(), max_size=5), events())
    def test_formatting_depends_on_the_event_only(self, before: list[m.Event], event: m.Event) -> None:
        """An event looks the same from an instance that has formatted others as from a new one."""
        used = self.dialect()
        for other in before:
            used.format_event(other)
        assert used.format_event(event) == self.dialect().format_event(event)

    # 2. `parse_line` never raises.

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # each subclass of the suite is one
    @given(lines, rooms)
    def test_every_line_is_read_or_rejected(self, line: bytes, room: RoomName | None) -> None:
        """Whatever a line holds, it becomes commands or a reason why not."""
        for parsed in self.dialect().parse_line(line, room):
            assert isinstance(parsed, m.Command | m.Rejected)
            if isinstance(parsed, m.Rejected):
                assert parsed.code
                assert parsed.reason

    @pytest.mark.parametrize(
        "line",
        [
            b"\xff\xfe",
            b"\xed\xa0\x80",
            b"\x00",
            b"\r",
            b"[" * LINE_BYTES,
            b'{"a":' * (LINE_BYTES // 5),
            b"#" * 100,
            b":",
        ],
        ids=["no UTF-8", "a lone surrogate", "NUL", "CR", "deep list", "deep object", "signs", "colon"],
    )
    def test_strange_lines_are_read_or_rejected(self, line: bytes) -> None:
        """Lines that broke other readers do not break this one."""
        for room in (None, ROOM):
            assert all(isinstance(each, m.Command | m.Rejected) for each in self.dialect().parse_line(line, room))

    @pytest.mark.parametrize("line", [b"", b" ", b"\t"])
    def test_blank_lines_mean_nothing(self, line: bytes) -> None:
        """A line without a word is no command and no mistake."""
        assert self.dialect().parse_line(line, None) == ()
        assert self.dialect().parse_line(line, ROOM) == ()

    def test_lines_mean_what_they_should(self) -> None:
        """Each line of the list means what stands beside it."""
        for line, room, parsed in self.meaningful():
            assert self.dialect().parse_line(line, room) == parsed

    # 3. Names and texts travel as they are: see `meaningful`, which holds names that nobody may have.

    def test_texts_are_not_cleaned(self) -> None:
        """The list of lines has one with a text that the router will clean, and it is still as it was."""
        texts = [each.text for _, _, parsed in self.meaningful() for each in parsed if isinstance(each, m.Send)]
        assert any(clean_line(text) != text for text in texts)

    # 4. `format_event` takes every event.

    @pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: str(kind.__name__))
    def test_every_event_becomes_whole_lines_or_nothing(self, kind: type[m.Event]) -> None:
        """Every type of event is taken; what comes of it ends with a line feed."""
        for event in EXAMPLES[kind]:
            formatted = self.dialect().format_event(event)
            assert formatted == b"" or formatted.endswith(b"\n")

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # each subclass of the suite is one
    @given(events())
    def test_events_with_any_text_become_whole_lines_or_nothing(self, event: m.Event) -> None:
        """No text breaks the form."""
        formatted = self.dialect().format_event(event)
        assert formatted == b"" or formatted.endswith(b"\n")

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
    def test_no_text_of_a_peer_begins_a_line(self, end: str) -> None:
        """Whatever ends a line to some reader, what a peer wrote behind it does not stand at the beginning of one."""
        hostile = f"hello{end}{FORGED}"
        text = check_text(hostile, 4096)
        shown: list[m.Event] = [replace(event, text=text) for event in EXAMPLES[m.Entry] if isinstance(event, m.Entry)]
        shown.append(m.Page("#red", (m.Entry("#red", 1, "Bo", 5, text),)))
        note = clean_line(hostile)
        shown += [
            m.TopicIs("#red", note),
            m.Kicked("#red", "bo", "ana", note),
            m.Muted("#red", "bo", "ana", 0, note),
            m.Accepted("Bo", 1, 5, away=note),
            m.Entry("#red", 1, "Bo", 5, note, "topic"),
        ]
        shown += [
            m.Entered("#red", ("Bo",), note),
            m.RoomList((m.RoomInfo("#red", 1, note),)),
            m.Left("#r", "Bo", note),
            m.DeviceList((m.DeviceInfo("0123456789abcdef", note, 5, 6),)),
        ]
        for event in shown:
            lines = self.dialect().format_event(event).decode().splitlines()
            assert not any(line.startswith(FORGED) for line in lines)


ENTRY = m.Entry("Ana", 1, "Bo", 1_700_000_000_000, "hi")

EXAMPLES: dict[type[m.Event], list[m.Event]] = {
    m.Welcome: [m.Welcome("libchat/1", "log")],
    m.Registered: [m.Registered("Ana")],
    m.Entry: [
        ENTRY,
        replace(ENTRY, is_queued=True),
        replace(ENTRY, target="#red"),
        replace(ENTRY, target="#red", is_queued=True),
        replace(ENTRY, target="#red", kind="topic"),
        replace(ENTRY, target="#red", kind="topic", text=""),
        *(
            replace(ENTRY, target=target, kind=kind, ref=1)
            for target in ("Ana", "#red")
            for kind in ("message", "edit", "delete", "react", "unreact")
        ),
        replace(ENTRY, is_edited=True, is_queued=True),
        replace(ENTRY, text="", is_deleted=True, is_queued=True),
    ],
    m.Accepted: [
        m.Accepted("Bo", 1, 5),
        m.Accepted("Bo", 1, 5, is_queued=True),
        m.Accepted("Bo", 1, 5, away="lunch"),
    ],
    m.Delivered: [m.Delivered("Bo", 5)],
    m.IsRead: [m.IsRead("Bo", "Bo", 5), m.IsRead("Ana", "#red", 5)],
    m.Skipped: [m.Skipped("bo", 5), m.Skipped("#red", 5)],
    m.Entered: [
        m.Entered("#red", ("Ana", "Bo"), "topic"),
        m.Entered("#red", ("Ana", "Bo"), keep_seconds=86_400, keep_entries=100),
    ],
    m.Exited: [m.Exited("#red")],
    m.Joined: [m.Joined("#red", "Bo")],
    m.Left: [m.Left("#red", "Bo"), m.Left("#red", "Bo", "connection lost")],
    m.Kicked: [m.Kicked("#red", "bo", "ana"), m.Kicked("#red", "bo", "ana", "reason")],
    m.Granted: [m.Granted("#red", "bo", role, "ana") for role in ("", "voice", "operator", "owner")],
    m.Muted: [m.Muted("#red", "bo", "ana"), m.Muted("#red", "bo", "ana", 9, "reason")],
    m.Unmuted: [m.Unmuted("#red", "bo", "ana")],
    m.RoomIs: [m.RoomIs("#red"), m.RoomIs("#red", True, True, True, True, False, "ana")],
    m.Invited: [m.Invited("#red", "ana")],
    m.BanList: [m.BanList("#red", ()), m.BanList("#red", (m.BanInfo("bo", "ana", 1),), (m.BanInfo("cy", "ana", 1),))],
    m.TopicIs: [m.TopicIs("#red", ""), m.TopicIs("#red", "topic")],
    m.Online: [m.Online(()), m.Online((m.Present("Ana"), m.Present("Bo", "lunch")), "#red")],
    m.RoomList: [m.RoomList(()), m.RoomList((m.RoomInfo("#red", 2, "topic"),))],
    m.IsTyping: [m.IsTyping("Bo", "#red")],
    m.Page: [m.Page("#red", ()), m.Page("Bo", (ENTRY, ENTRY), has_more=True)],
    m.Found: [m.Found(()), m.Found((ENTRY, replace(ENTRY, target="#red")), 7)],
    m.Done: [m.Done(), m.Done(text="the password of Ana is set")],
    m.DeviceList: [
        m.DeviceList(()),
        m.DeviceList((m.DeviceInfo("0123456789abcdef", "laptop", 5, 6, is_current=True),)),
    ],
    m.InviteMade: [m.InviteMade("token", "", 1, 5), m.InviteMade("token", "#red", 2, 5)],
    m.Pong: [m.Pong("1")],
    m.Slowed: [m.Slowed(10)],
    m.Failed: [m.Failed("name-taken", "words", "Ana"), m.Failed("bad-line", "words")],
    m.Bye: [m.Bye(), m.Bye("reason", is_final=True)],
}
