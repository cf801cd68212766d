"""The native dialect: one JSON object a line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat import messages as m
from libchat.errors import Code, ProtocolError
from libchat.limits import CID_BYTES, LINE_BYTES
from libchat.plugins.types import Ref, Room, Text
from libchat.wire.native import COMMAND_TYPES, EVENT_TYPES, Native, format_command, parse_event
from support.values import COMMAND_TYPES as COMMANDS
from support.values import EVENT_TYPES as EVENTS
from support.values import structs

NATIVE = Native()


def rejected(line: bytes) -> m.Rejected:
    """Return why a line is rejected."""
    (parsed,) = NATIVE.parse_line(line, None)
    assert isinstance(parsed, m.Rejected)
    return parsed


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: str(kind.__name__))
@given(st.data())
def test_commands_come_out_as_they_went_in(kind: type[m.Command], data: st.DataObject) -> None:
    """Every command, with any values, is one line, and the line is read as the same command."""
    command = data.draw(structs(kind))
    line = format_command(command)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert NATIVE.parse_line(line[:-1], None) == (command,)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: str(kind.__name__))
@given(st.data())
def test_events_come_out_as_they_went_in(kind: type[m.Event], data: st.DataObject) -> None:
    """Every event, with any values, is one line, and the line is read as the same event."""
    event = data.draw(structs(kind))
    line = NATIVE.format_event(event)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert parse_event(line[:-1]) == event


def test_every_command_and_event_can_travel() -> None:
    """All subclasses of Command have a type on the wire; of Event, all but those that are the client's own."""
    assert set(COMMANDS) == set(m.Command.__subclasses__())
    assert set(m.Event.__subclasses__()) - set(EVENTS) == {m.Interrupted, m.Resumed}
    assert len(COMMAND_TYPES) == len(COMMANDS)
    assert len(EVENT_TYPES) == len(EVENTS)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            m.Entry("#red", 1, "Bo", 5, "hi", is_queued=True),
            {"type": "entry", "target": "#red", "seq": 1, "sender": "Bo", "time": 5, "text": "hi", "queued": True},
        ),
        (m.Failed("bad-name", "words", "x", "1"), {"type": "error", "code": "bad-name", "text": "words"}),
        (m.TopicIs("#red", "t"), {"type": "topic", "room": "#red", "text": "t"}),
        (m.IsTyping("Bo", "#red"), {"type": "typing", "name": "Bo", "target": "#red"}),
        (m.RoomList(()), {"type": "rooms", "rooms": []}),
        (m.Page("#red", (), has_more=True), {"type": "page", "target": "#red", "entries": [], "more": True}),
        (m.Bye(is_final=True), {"type": "bye", "final": True}),
    ],
)
def test_names_on_the_wire(event: m.Event, line: dict[str, object]) -> None:
    """Types and fields have the names that clients in other languages rely on."""
    formatted = json.loads(NATIVE.format_event(event))
    assert {key: formatted[key] for key in line} == line


def test_types_of_plugins_are_plain_on_the_wire() -> None:
    """What a command was given as `Room`, `Ref` and `Text` is sent as the texts and the number that they are."""
    command = m.Edit(Room("#tea"), Ref(7), Text("milk"), cid="1")
    assert format_command(command) == format_command(m.Edit("#tea", 7, "milk", cid="1"))
    with pytest.raises(TypeError, match="a complex cannot be sent"):
        format_command(m.Edit("#tea", 7, 1j, cid="1"))  # type: ignore[arg-type]


def test_unknown_fields_are_ignored() -> None:
    """A newer peer may say more than one knows."""
    assert NATIVE.parse_line(b'{"type":"ping","cid":"1","new":{"a":[1]}}', None) == (m.Ping("1"),)
    assert parse_event(b'{"type":"pong","cid":"1","new":null}') == m.Pong("1")


def test_missing_fields_have_their_defaults() -> None:
    """What may be left out has the default of its type."""
    assert NATIVE.parse_line(b'{"type":"history","target":"bo"}', None) == (m.History("bo"),)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"who", Code.BAD_LINE),
        (b'{"type":"ping"', Code.BAD_LINE),
        (b'{"type":"ping"} {"type":"ping"}', Code.BAD_LINE),
        (b"[]", Code.BAD_LINE),
        (b"1e999", Code.BAD_LINE),
        (b'"ping"', Code.BAD_LINE),
        (b"\xff", Code.BAD_LINE),
        (b'{"type":"send","target":"bo","text":"\\ud800"}', Code.BAD_LINE),
        (b'{"type":"send","target":"bo","text":"\\udc00"}', Code.BAD_LINE),
        (b"{}", Code.UNKNOWN_COMMAND),
        (b'{"type":"fly"}', Code.UNKNOWN_COMMAND),
        (b'{"type":"entry"}', Code.UNKNOWN_COMMAND),
        (b'{"type":null}', Code.UNKNOWN_COMMAND),
        (b'{"type":"send"}', Code.BAD_VALUE),
        (b'{"type":"send","target":"bo","text":5}', Code.BAD_VALUE),
        (b'{"type":"send","target":"bo","text":null}', Code.BAD_VALUE),
        (b'{"type":"send","target":"bo","text":"\xff"}', Code.BAD_LINE),
        (b'{"type":"send","target":"bo","text":"\xed\xa0\x80"}', Code.BAD_LINE),
        (b'{"type":"ack","target":"bo","seq":1e999}', Code.BAD_VALUE),
        (b'{"type":"ack","target":"bo","seq":1.5}', Code.BAD_VALUE),
        (b'{"type":"ack","target":"bo","seq":-1}', Code.BAD_VALUE),
        (b'{"type":"ack","target":"bo","seq":9007199254740992}', Code.BAD_VALUE),
        (b'{"type":"ack","target":"bo","seq":' + b"9" * 5_000 + b"}", Code.BAD_VALUE),
        (b'{"type":"ack","target":"bo","seq":true}', Code.BAD_VALUE),
        (b'{"type":"ack","target":"bo","seq":"1"}', Code.BAD_VALUE),
        (b'{"type":"history","target":"bo","limit":0}', Code.BAD_VALUE),
        (b'{"type":"history","target":"bo","limit":201}', Code.BAD_VALUE),
        (b'{"type":"ping","cid":"' + b"x" * (CID_BYTES + 1) + b'"}', Code.BAD_VALUE),
        (b'{"type":"register","name":"bo","device":"' + b"x" * (CID_BYTES + 1) + b'"}', Code.BAD_VALUE),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_lines_that_cannot_be_read_say_why(line: bytes, code: Code) -> None:
    """Each kind of mistake has its code, and words for whoever writes the client."""
    why = rejected(line)
    assert (why.code, bool(why.reason)) == (code, True)


@pytest.mark.parametrize("opening", [b"[", b'{"x":', b'{"type":"ping","x":[', b'{"type":"ping","cid":['])
def test_deep_nesting_is_rejected(opening: bytes) -> None:
    """A line that is all brackets is rejected, and exhausts nothing."""
    rejected(opening * (LINE_BYTES // len(opening)))
    with pytest.raises(ProtocolError):
        parse_event(b'{"type":"pong","x":' + opening * (LINE_BYTES // len(opening)))


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"fly","cid":"17"}',
        b'{"type":"send","target":5,"cid":"17"}',
        b'{"cid":"17"}',
        b'{"cid":"17","type":"ack","target":"bo","seq":1e999}',
    ],
)
def test_rejections_repeat_the_cid(line: bytes) -> None:
    """A client that sent a cid learns which of its commands was wrong."""
    assert rejected(line).cid == "17"


def test_rejections_repeat_no_more_than_a_cid() -> None:
    """What is too long for a cid, or for the name of a command, comes back cut."""
    assert rejected(b'{"type":"ping","cid":"' + b"x" * 1_000 + b'"}').cid == "x" * CID_BYTES
    assert len(rejected(b'{"type":"' + b"x" * 1_000 + b'"}').subject) <= CID_BYTES


@given(st.binary())
def test_events_are_read_ignored_or_refused(line: bytes) -> None:
    """A client that reads anything gets an event, None, or ProtocolError."""
    try:
        assert parse_event(line) is None or isinstance(parse_event(line), m.Event)
    except ProtocolError:
        pass


def test_events_of_a_newer_server_are_passed_over() -> None:
    """A type that this client does not know is None, not a mistake."""
    assert parse_event(b'{"type":"reaction","emoji":"+1"}') is None


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"pong", b'{"type":"pong"', b'{"type":"entry"}', b'{"type":5}', b"\xff"]
)
def test_nonsense_of_a_server_is_a_protocol_error(line: bytes) -> None:
    """What is no event at all ends the trust in the other side."""
    with pytest.raises(ProtocolError) as caught:
        parse_event(line)
    assert caught.value.code == Code.BAD_LINE
