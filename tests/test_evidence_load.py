"""Captures, the log of kills and the plots: what looks for faults finds them, and what is committed is what it says."""

from __future__ import annotations

import random
import re
import socket
import ssl
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from selectors import DefaultSelector
from xml.etree import ElementTree

import msgspec
import pytest

import libchat
from evidence import captures, crowd, killing, plots
from evidence.crowd import Crowd, Fault, Person, Room, text_of
from evidence.make import FOLDER
from evidence.missing import Missing
from libchat.server.bounds import Bounds
from support.wire import Wire, client_hello, open_tls

WORD = "Straßenbahn"


# --- captures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hidden",
    [
        WORD.encode(),
        WORD.encode("utf-16-le"),
        WORD.encode("utf-16-be"),
        WORD.encode().hex().encode(),
        WORD.encode().hex().upper().encode(),
        *(b64encode(bytes(range(before)) + WORD.encode() + b"and so on") for before in range(3)),
    ],
)
def test_a_word_is_found_in_each_form(hidden: bytes) -> None:
    """Whatever form a word has, and whatever stands around it, it is found; and no other word is."""
    noise = random.Random(1).randbytes(20_000)
    assert captures.found([WORD, "ferry"], noise, noise + hidden + noise) == [WORD]
    assert captures.found([WORD, "ferry"], noise) == []


def test_everything_that_is_said_is_looked_for() -> None:
    """Sentences, names, passwords and the room are looked for, and of the sentences each word that is long enough."""
    words = captures.words()
    assert {"Alice", "harbour", "suitcase", *captures.PEOPLE.values(), *(text for _, _, text in captures.SAID)} <= {
        *words
    }
    assert min(map(len, words)) == captures.LETTERS


def test_what_is_no_tls_is_found() -> None:
    """One direction of a connection is TLS from its first byte to the last, or an error says where it is not."""
    hello = client_hello()
    assert captures.tls_records(hello + hello) == [(captures.HELLOS, len(hello) - 5)] * 2
    with pytest.raises(AssertionError, match=f"no TLS record at byte {len(hello)}"):
        captures.tls_records(hello + b'{"type":"send"}\n')
    with pytest.raises(AssertionError, match="cut off"):
        captures.tls_records(hello[:-1])


def test_a_capture_is_read_and_judged(tmp_path: Path) -> None:
    """A chat without TLS is recorded as a whole, with every word in it; as one over TLS it would not pass."""
    keys = tmp_path / "keys"
    try:
        capture = captures.record(tmp_path, plaintext=True, keys=keys)
    except Missing as missing:
        pytest.skip(str(missing))
    assert f"\n{len(captures.words())} of {len(captures.words())} words found\n" in captures.plaintext_report(capture)
    with pytest.raises(AssertionError, match=r"the capture over TLS has \['Alice', 'harbour', 'The ferry"):
        captures.tls_report(capture, keys)


def test_a_capture_over_tls_does_not_pass_as_one_without() -> None:
    """What is not found in the clear is an error where it should be found."""
    shown = (FOLDER / "capture-tls.txt").read_text("utf-8")
    port = re.search(r"'tcp port (\d+)'", shown)
    assert port is not None
    capture = captures.Capture(FOLDER / "capture-tls.pcapng", int(port[1]), is_tls=True)
    try:
        captures.need_tshark()
    except Missing as missing:
        pytest.skip(str(missing))
    with pytest.raises(AssertionError, match=r"the capture without TLS lacks .*ferry"):
        captures.plaintext_report(capture)


def test_without_tshark_nothing_is_captured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tshark is missing, or may not record, that is said, and nothing is written."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="tshark is missing: apt-get install tshark"):
        captures.make(tmp_path)
    program = tmp_path / "tshark"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('you have no permission')\n")
    program.chmod(0o755)
    with pytest.raises(Missing, match="cannot record on loopback here: you have no permission"):
        captures.make(tmp_path)
    assert list(tmp_path.iterdir()) == [program]


def test_the_captures_that_are_shown_are_what_they_say() -> None:
    """The capture over TLS that is committed has no word in it, and the one without TLS has all of them."""
    words = captures.words()
    assert captures.found(words, (FOLDER / "capture-tls.pcapng").read_bytes()) == []
    assert captures.found(words, (FOLDER / "capture-plaintext.pcapng").read_bytes()) == words
    for name, count in (("tls", 0), ("plaintext", len(words))):
        assert f"\n{count} of {len(words)} words found\n" in (FOLDER / f"capture-{name}.txt").read_text("utf-8")


# --- kills ----------------------------------------------------------------------------------------------------------


def test_kills_are_written_down(tmp_path: Path) -> None:
    """A run says when it killed, what came of it, and which of the mistakes that are planted afterwards it finds."""
    killing.make(tmp_path, kills=2)
    text = (tmp_path / "kill.txt").read_text("utf-8")
    assert len(re.findall(r"^ +\d+ +\d+ +[\d,]+ +\d+ +\d+$", text, re.MULTILINE)) == 2
    assert re.search(r"delivered +[\d,]+\n  lost +0\n  doubled +0\n  out of order +0\n", text)
    assert re.search(r"libchat verify chat.db\n  chat.db is right: [\d,]+ entries", text)
    assert "taken away: lost 1, doubled 0, out of order 0\n      ed was never shown #" in text
    assert re.search(r"doubled: lost 0, doubled 1, out of order 0\n      ed was shown #\d+ of #soak twice", text)
    assert re.search(r"exchanged: lost 0, doubled 0, out of order [12]\n      ed was shown #\d+ of #soak after", text)
    assert "altered: lost 0, doubled 0, out of order 0\n      two readers were shown different things" in text
    assert "libchat verify changed.db\n  #soak: the hash chain breaks at entry" in text


# --- the crowd ------------------------------------------------------------------------------------------------------


@contextmanager
def a_room() -> Iterator[Room]:
    """Lend a room of four, of whom two have said three lines each."""
    with ExitStack() as opened:
        selector = opened.enter_context(DefaultSelector())
        people = []
        for number in range(4):
            ours, theirs = map(opened.enter_context, socket.socketpair())
            ours.setblocking(False)
            people.append(Person(ours, b"p%05d" % number, selector))
            assert theirs.fileno() >= 0
        room = Room(b"r0000", people)
        for speaker in room.speakers:
            speaker.say(3)
        yield room


def line(speaker: int, number: int) -> bytes:
    """Return what others hear of a line."""
    return b"p%05d (in r0000): " % speaker + text_of(number)


RIGHT = [line(0, 0), line(1, 0), line(1, 1), line(0, 1), line(0, 2), line(1, 2)]
MISTAKES = {
    "doubled": [*RIGHT[:3], RIGHT[2], *RIGHT[3:]],
    "lost": [*RIGHT[:3], *RIGHT[4:]],
    "exchanged": [*RIGHT[:3], RIGHT[4], RIGHT[3], RIGHT[5]],
    "altered": [*RIGHT[:3], RIGHT[3].replace(b"xxxx\n", b"xxxy\n"), *RIGHT[4:]],
    "made up": [*RIGHT[:3], b"server: NAME left r0000\n", *RIGHT[3:]],
}


def test_what_is_right_is_counted() -> None:
    """Heard in pieces of any size, lines are counted as they come to their end, and then nothing is missing."""
    with a_room() as room:
        heard = b"".join(RIGHT)
        assert room.missing == 2 * 6 + 2 * 3
        for listener in room.listeners:
            pieces = [heard[start : start + 77] for start in range(0, len(heard), 77)]
            assert sum(room.hear(listener, piece) for piece in pieces) == 6
        assert [room.hear(room.people[0], b"".join(line(1, number) for number in range(3)))] == [3]
        assert room.missing == 3
        assert room.hear(room.people[1], b"".join(line(0, number) for number in range(3))) == 3
        assert room.missing == 0
        assert room.heard_by_all == room.said


@pytest.mark.parametrize("lines", MISTAKES.values(), ids=list(MISTAKES))
@pytest.mark.parametrize("others_are_first", [False, True])
def test_what_is_wrong_is_found(lines: list[bytes], others_are_first: bool) -> None:
    """Lines that are lost, doubled, exchanged, altered or made up are found, also if only one listener hears them."""
    with a_room() as room:
        first, second = room.listeners
        if others_are_first:
            room.hear(first, b"".join(RIGHT))
        with pytest.raises(Fault):
            room.hear(second, b"".join(lines))


def test_what_all_have_heard_is_forgotten() -> None:
    """Who is behind is compared with what others have heard, also when the beginning of that is forgotten."""
    with a_room() as room:
        first, second = room.listeners
        heard = b"".join(line(0, number) for number in range(1_500))
        room.hear(first, heard)
        room.hear(second, heard[:100_000])
        room.forget()
        assert room.hear(second, heard[100_000:150_000]) == 150_000 // room.line_bytes - 100_000 // room.line_bytes
        with pytest.raises(Fault, match="others have heard"):
            room.hear(second, heard[150_001:])


def test_another_order_is_found() -> None:
    """Lines of two speakers may come in any order, but it has to be the same one for all listeners."""
    with a_room() as room:
        first, second = room.listeners
        room.hear(first, line(0, 0) + line(1, 0))
        with pytest.raises(Fault, match="others have heard"):
            room.hear(second, line(1, 0) + line(0, 0))


def test_what_a_speaker_should_not_hear_is_found() -> None:
    """Nobody hears what they have said themselves."""
    with a_room() as room, pytest.raises(Fault, match="number -1 was due"):
        room.hear(room.speakers[0], line(0, 0))


@contextmanager
def a_crowd() -> Iterator[tuple[Crowd, libchat.Server]]:
    """Lend twenty people in two rooms of a server."""
    unlimited = Bounds(message_rate=0, registrations=0)
    with libchat.serve(port=0, bounds=unlimited) as server, Crowd(server.address) as people:
        people.come(20)
        people.enter_rooms()
        yield people, server


def intrude(server: libchat.Server) -> Wire:
    """Have somebody come into a room of the crowd who is none of it."""
    wire = open_tls(server)
    wire.send("server:register eve", "server:join r0001")
    wire.expect("server: welcome eve", "server: joined r0001")
    return wire


def test_a_crowd_measures_and_finds_nothing_wrong() -> None:
    """Twenty people hear each other, paced and without a pause, and every delivery is counted."""
    with a_crowd() as (people, _):
        took = people.pace(0.3, 200)
        assert len(took) == people.checked == sum(room.said for room in people.rooms) * 9
        assert 0 < took[0] <= took[-1] < crowd.SECONDS
        carried = people.saturate(0.3, time.process_time, warm_up=0.1)
        assert 0 < carried.deliveries < people.checked
        assert people.checked == sum(room.said for room in people.rooms) * 9
        assert 0.3 <= carried.seconds < crowd.SECONDS
        assert carried.cpu_seconds > 0
        people.leave()


def test_a_crowd_finds_what_somebody_else_says() -> None:
    """What nobody of the crowd has said is found while it talks."""
    with a_crowd() as (people, server), intrude(server), pytest.raises(Fault, match="eve joined"):
        people.pace(0.3, 200)


def test_a_crowd_finds_what_comes_too_late() -> None:
    """What comes when everything was said is found at the goodbye."""
    with a_crowd() as (people, server), intrude(server) as eve:
        eve.send("once more", "server:leave")
        eve.expect("server: left r0001")
        with pytest.raises(Fault, match=r"has heard all, and then \[b'eve \(in r0001\): once more'"):
            people.leave()


# --- the plots ------------------------------------------------------------------------------------------------------


def figures() -> plots.Figures:
    """Return figures to be drawn."""
    points = tuple(plots.Point(people, people * 100, people * 200, 0.5, 0, 0.3, 1.5, 9) for people in (10, 300, 5_000))
    memory = tuple(plots.Memory(count, 20_000 + 20 * count) for count in (0, 2_500, 5_000))
    machine = plots.Machine("Linux", "a processor", 2, 8, "3.11", "OpenSSL 3", 0.1)
    return plots.Figures(
        machine=machine,
        plan=plots.Plan(),
        room={},
        load=dict.fromkeys(plots.MODES, points),
        memory=dict.fromkeys(plots.MODES, memory),
        kib_per_connection=dict.fromkeys(plots.MODES, 20.0),
    )


LABELS = {
    "throughput": {"people connected", "thousand deliveries each second", "10", "300", "5,000"},
    "latency": {"people connected", "milliseconds", "10", "300", "5,000"},
    "memory": {"connections", "MiB", "0", "5,000"},
}


def test_plots_are_drawn_from_the_figures(tmp_path: Path) -> None:
    """The figures alone make three pictures with all labels, and the same ones each time."""
    pytest.importorskip("matplotlib", reason="it comes with the extra `evidence`")
    source = tmp_path / "load.json"
    source.write_bytes(msgspec.json.encode(figures()))
    (tmp_path / "again").mkdir()
    plots.draw(source, tmp_path)
    plots.draw(source, tmp_path / "again")
    for name, labels in LABELS.items():
        picture = (tmp_path / f"{name}.svg").read_bytes()
        assert picture == (tmp_path / "again" / f"{name}.svg").read_bytes()
        assert len(picture) < 60_000
        texts = {"".join(text.itertext()).strip() for text in ElementTree.fromstring(picture).iterfind(".//{*}text")}
        assert labels <= texts
        assert all(any(words in text for text in texts) for words in plots.WORDS.values())


def test_memory_a_connection_is_the_slope() -> None:
    """What the server takes without connections is no part of what one takes."""
    assert plots.slope([plots.Memory(count, 30_000 + 17 * count) for count in (0, 10, 50)]) == pytest.approx(17)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="it is measured with /proc")
def test_a_server_is_measured() -> None:
    """Load and memory are measured at servers of their own, for both ways to keep messages."""
    measured = plots.measure(plots.Plan(people=(10,), seconds=0.5, rate=100, idle=(0, 20)))
    for mode in plots.MODES:
        (point,) = measured.load[mode]
        assert point.deliveries_checked > point.deliveries_per_second * 0.5 > 0
        assert point.deliveries_per_cpu_second > 0
        assert 0 < point.p50_ms <= point.p99_ms
        empty, crowded = measured.memory[mode]
        assert 1_000 < empty.kib < crowded.kib
        assert measured.kib_per_connection[mode] == pytest.approx((crowded.kib - empty.kib) / 20, abs=0.1)
    assert measured.machine.openssl == ssl.OPENSSL_VERSION


def test_the_figures_that_are_shown_are_complete() -> None:
    """load.json has every point of the plan, and its plots have the slope that it says."""
    shown = msgspec.json.decode((FOLDER / "load.json").read_bytes(), type=plots.Figures)
    assert shown.plan == plots.Plan()
    for mode in plots.MODES:
        assert tuple(point.people for point in shown.load[mode]) == shown.plan.people
        assert tuple(point.connections for point in shown.memory[mode]) == shown.plan.idle
        each = shown.kib_per_connection[mode]
        assert each == round(plots.slope(shown.memory[mode]), 1)
        assert f"{plots.WORDS[mode]}: {each:.1f} KiB a connection" in (FOLDER / "memory.svg").read_text("utf-8")


def test_the_figures_of_the_readme_are_measured() -> None:
    """What the readme tells of how long a delivery takes is what was measured."""
    figures = msgspec.json.decode((FOLDER / "load.json").read_bytes(), type=plots.Figures)
    readme = (FOLDER.parent.parent / "README.md").read_text(encoding="utf-8")
    told = re.search(r"half of the deliveries take at most ([\d.]+) ms, and 99\sof 100 at most ([\d.]+) ms", readme)
    assert told
    p50, p99 = map(float, told.groups())
    durable = figures.load["durable"]
    assert p50 == round(max(point.p50_ms for point in durable), 1)
    assert p99 == round(max(point.p99_ms for point in durable), 1)
