from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libchat.errors import PinMismatch, StoreError
from libchat.security.known_servers import (
    Announced,
    KnownServer,
    KnownServers,
    Verdict,
    format_servers,
    format_string,
    parse_servers,
)
from libchat.security.words import words_of

NOW = datetime(2026, 11, 22, 16, 41, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
A, B = "sha256:" + "aa" * 32, "sha256:" + "bb" * 32

on_posix = pytest.mark.skipif(os.name != "posix", reason="Windows has access lists instead of mode bits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Say where the file will be: in a folder that is not there yet."""
    return tmp_path / "config" / "known_servers.toml"


@pytest.fixture
def known(path: Path) -> KnownServers:
    """Make a client that knows no server yet."""
    return KnownServers(path)


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_nothing_is_known_at_first(known: KnownServers, path: Path) -> None:
    """Without a file every server is new, and asking makes no file."""
    assert known.check("10.0.0.1:8080", A, NOW) is Verdict.NEW
    assert known.servers() == ()
    assert not known.forget("10.0.0.1:8080")
    assert not path.parent.exists()


def test_a_remembered_server_is_known(known: KnownServers) -> None:
    """A server is known at the address at which it was remembered."""
    known.remember("10.0.0.1:8080", A, NOW)
    assert known.check("10.0.0.1:8080", A, NOW) is Verdict.KNOWN
    assert known.servers() == (KnownServer(A, ("10.0.0.1:8080",), NOW),)


def test_a_known_key_at_a_new_address_has_moved(known: KnownServers) -> None:
    """A known key at an address that nobody had is the same server, moved, and is known there once remembered."""
    known.remember("10.0.0.1:8080", A, NOW)
    assert known.check("10.0.0.2:8080", A, NOW) is Verdict.MOVED
    known.remember("10.0.0.2:8080", A, LATER)
    assert known.check("10.0.0.2:8080", A, NOW) is Verdict.KNOWN
    assert known.check("10.0.0.1:8080", A, NOW) is Verdict.KNOWN
    assert known.servers() == (KnownServer(A, ("10.0.0.1:8080", "10.0.0.2:8080"), NOW),)


def test_the_address_used_last_stands_last(known: KnownServers) -> None:
    """Coming back to an older address makes it the last one."""
    for address in ("a:1", "b:1", "a:1"):
        known.remember(address, A, NOW)
    assert known.servers()[0].addresses == ("b:1", "a:1")
    assert known.servers()[0].last_address == "a:1"


def test_another_new_key_at_a_known_address_is_a_hard_stop(known: KnownServers) -> None:
    """A key that was never seen, at an address of a known server, raises PinMismatch with one command as its remedy."""
    known.remember("10.0.0.1:8080", A, NOW)
    with pytest.raises(PinMismatch) as caught:
        known.check("10.0.0.1:8080", B, NOW)
    error = caught.value
    assert (error.address, error.expected, error.seen) == ("10.0.0.1:8080", A, B)
    assert error.remedy.endswith("libchat forget 10.0.0.1:8080")
    assert error.remedy in str(error)


@pytest.mark.parametrize("remembered", [("one:1", "two:1"), ("two:1", "one:1")])
def test_another_known_key_at_a_known_address_is_a_hard_stop_too(
    known: KnownServers, remembered: tuple[str, str]
) -> None:
    """Two known servers that swapped addresses are told, whichever is listed first: one may pose as the other."""
    pins = {"one:1": A, "two:1": B}
    for address in remembered:
        known.remember(address, pins[address], NOW)
    with pytest.raises(PinMismatch) as caught:
        known.check("one:1", B, NOW)
    assert (caught.value.expected, caught.value.seen) == (A, B)


def test_a_mismatch_is_not_remembered_away(known: KnownServers) -> None:
    """Remembering another key for a known address raises PinMismatch and changes nothing."""
    known.remember("one:1", A, NOW)
    known.remember("two:1", B, NOW)
    before = known.servers()
    with pytest.raises(PinMismatch):
        known.remember("one:1", B, LATER)
    assert known.servers() == before


def test_forgetting_an_address_is_the_remedy(known: KnownServers) -> None:
    """After `forget` the address is open to a new key, and a server with other addresses stays known there."""
    known.remember("one:1", A, NOW)
    known.remember("two:1", A, NOW)
    assert known.forget("one:1")
    assert known.check("one:1", B, NOW) is Verdict.NEW
    assert known.check("two:1", A, NOW) is Verdict.KNOWN
    assert not known.forget("one:1")


def test_a_server_without_addresses_is_forgotten(known: KnownServers) -> None:
    """Forgetting its only address forgets the server."""
    known.remember("one:1", A, NOW)
    assert known.forget("one:1")
    assert known.servers() == ()
    assert known.check("two:1", A, NOW) is Verdict.NEW


def test_addresses_ignore_case_and_pins_are_read_as_people_write_them(known: KnownServers) -> None:
    """Host names in other case, and pins with colons or in upper case, are the same ones."""
    known.remember(" Chat.Example:8080", ":".join(["AA"] * 32), NOW)
    assert known.check("chat.example:8080", A, NOW) is Verdict.KNOWN
    with pytest.raises(PinMismatch):
        known.check("CHAT.EXAMPLE:8080", B, NOW)
    assert known.forget("CHAT.example:8080")


@pytest.mark.parametrize("address", ["", " ", "two words", "line\nbreak", "\x1b[31m:1", "\ud800:1", "a\u202eb:1"])
def test_an_address_that_is_none_is_refused(known: KnownServers, address: str) -> None:
    """What cannot be an address raises ValueError, so that it reaches neither the file nor a screen."""
    for refused in (
        lambda: known.check(address, A, NOW),
        lambda: known.remember(address, A, NOW),
        lambda: known.forget(address),
    ):
        with pytest.raises(ValueError, match="is no address"):
            refused()


def test_a_pin_that_is_none_is_refused(known: KnownServers) -> None:
    """What is no pin raises ValueError."""
    with pytest.raises(ValueError, match="is no pin"):
        known.check("one:1", "sha256:1234", NOW)
    with pytest.raises(ValueError, match="is no pin"):
        known.remember("one:1", "", NOW)


def test_the_remedy_is_safe_to_paste(known: KnownServers) -> None:
    """An address that a shell would take for more is quoted in the remedy."""
    known.remember("x;rm:1", A, NOW)
    with pytest.raises(PinMismatch) as caught:
        known.check("x;rm:1", B, NOW)
    assert caught.value.remedy.endswith("libchat forget 'x;rm:1'")


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_file_is_what_people_read(known: KnownServers, path: Path) -> None:
    """The file is plain TOML with pins as keys, in the order in which the servers were first seen."""
    known.remember("10.0.0.2:8080", B, NOW.astimezone(timezone(timedelta(hours=2))))
    known.remember("10.0.0.1:8080", A, NOW + timedelta(microseconds=1))
    known.remember("[::1]:8080", B, LATER)
    assert path.read_text(encoding="utf-8") == (
        "# The servers that libchat knows, by the pin of their key; the address used last stands last.\n"
        "version = 2\n"
        f'\n[servers."{B}"]\nfirst_seen = 2026-11-22T16:41:00+00:00\naddresses = ["10.0.0.2:8080", "[::1]:8080"]\n'
        f'\n[servers."{A}"]\nfirst_seen = 2026-11-22T16:41:00+00:00\naddresses = ["10.0.0.1:8080"]\n'
    )


def test_a_time_without_zone_is_refused(known: KnownServers) -> None:
    """A `now` without its zone raises ValueError."""
    with pytest.raises(ValueError, match="time zone"):
        known.remember("one:1", A, NOW.replace(tzinfo=None))


@on_posix
def test_nobody_else_can_read_the_file(known: KnownServers, path: Path) -> None:
    """The file has mode 0600 and its new folder 0700; the next write keeps that."""
    known.remember("one:1", A, NOW)
    path.chmod(0o644)
    known.remember("two:1", B, NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_does_not_change_is_not_written(known: KnownServers, path: Path) -> None:
    """Connecting again to the address used last leaves the file alone."""
    known.remember("one:1", A, NOW)
    before = path.stat().st_ino, path.stat().st_mtime_ns
    known.remember("one:1", A, LATER)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


@example('\x7f\x00"\\')
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_escaping(text: str) -> None:
    """TOML reads back the very text that was escaped."""
    assert tomllib.loads(f"text = {format_string(text)}") == {"text": text}


addresses = st.text(min_size=1).map(str.lower).filter(lambda text: text.isprintable() and " " not in text)
pins = st.binary(min_size=32, max_size=32).map(lambda digest: "sha256:" + digest.hex())
times = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (Hypothesis adds the zone)


@st.composite
def server_lists(draw: st.DrawFn) -> tuple[KnownServer, ...]:
    """Make servers with different pins, that share no address."""
    pool = draw(st.lists(addresses, unique=True, min_size=1, max_size=9))
    keys = draw(st.lists(pins, unique=True, max_size=len(pool)))
    groups = [tuple(pool[start :: len(keys)]) for start in range(len(keys))]
    seen = [draw(times).replace(microsecond=0) for _ in keys]
    next_keys = [
        draw(st.none() | st.builds(Announced, pins, times.map(lambda time: time.replace(microsecond=0)))) for _ in keys
    ]
    return tuple(KnownServer(*entry) for entry in zip(keys, groups, seen, next_keys))


@given(server_lists())
def test_what_is_formatted_parses_to_itself(servers: tuple[KnownServer, ...]) -> None:
    """A file that was written is read as the same servers in the same order."""
    assert parse_servers(format_servers(servers)) == servers


def entry(pin: str, *addresses: str) -> str:
    """Return what the file holds for one server."""
    return format_servers([KnownServer(pin, addresses, NOW)]).partition("version = 2\n")[2]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "version"),
        ("version = 1\n[servers", "Expected"),
        ("version = 'one'", "version"),
        ("version = 3", "newer libchat"),
        ("version = 1\nextra = 1", "extra"),
        ("version = 1\nservers = 3", "servers"),
        ("version = 1" + entry("sha256:12", "a:1"), "is no pin"),
        ("version = 1" + entry(A), "addresses"),
        ("version = 1" + entry(A, "a b"), "is no address"),
        ("version = 1" + entry(A, "a:1") + "colour = 1\n", "colour"),
        ("version = 2" + entry(A, "a:1") + f'next_pin = "{B}"\n', "belong together"),
        ("version = 2" + entry(A, "a:1") + "next_since = 2026-11-22T16:41:00Z\n", "belong together"),
        ("version = 2" + entry(A, "a:1") + 'next_pin = "x"\nnext_since = 2026-11-22T16:41:00Z\n', "is no pin"),
        ("version = 1" + entry(A, "a:1").replace("+00:00", ""), "first_seen"),
        ("version = 1" + entry(A, "a:1").replace("first_seen", "seen"), "seen"),
        ("version = 1" + entry(A, "a:1") + entry(B, "A:1"), "the address a:1 is listed twice"),
        ("version = 1" + entry(A, "a:1", "a:1"), "the address a:1 is listed twice"),
        ("version = 1" + entry(A, "a:1") + entry(A.upper(), "b:1"), "is listed twice"),
    ],
)
def test_a_damaged_file_is_told_and_left_alone(known: KnownServers, path: Path, text: str, complaint: str) -> None:
    """A file that cannot be understood raises StoreError with its remedy, for every method, and is not overwritten."""
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    for use in (
        known.servers,
        lambda: known.check("a:1", A, NOW),
        lambda: known.remember("a:1", A, NOW),
        lambda: known.forget("a:1"),
    ):
        with pytest.raises(StoreError, match=rf"(?s)known_servers\.toml is damaged: .*{complaint}.*; mend it, or move"):
            use()
    assert path.read_text(encoding="utf-8") == text


def test_bytes_that_are_no_text_are_told(known: KnownServers, path: Path) -> None:
    """A file that is not UTF-8 raises StoreError."""
    path.parent.mkdir()
    path.write_bytes(b"version = 1\n# \xff\n")
    with pytest.raises(StoreError, match="is damaged"):
        known.servers()


def test_a_file_that_notepad_saved_is_read(known: KnownServers, path: Path) -> None:
    """A UTF-8 signature and CRLF line ends do no harm."""
    known.remember("one:1", A, NOW)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert known.check("one:1", A, NOW) is Verdict.KNOWN


def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A folder in the place of the file, or a file in the place of its folder, raises StoreError."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be read"):
        KnownServers(tmp_path).servers()
    with pytest.raises(StoreError, match="cannot be made"):
        KnownServers(tmp_path / "file" / "known_servers.toml").remember("a:1", A, NOW)


REMEMBER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from libchat.security.known_servers import KnownServers
known, number = KnownServers(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for each in range(10):
    known.remember(f"host-{number}-{each}:1", f"{number * 10 + each:064x}", datetime(2026, 11, 22, tzinfo=UTC))
"""


def test_programs_that_write_at_once_lose_nothing(known: KnownServers, path: Path) -> None:
    """Several processes that remember servers at the same time leave all of them in the file."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", REMEMBER, str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for number in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=30)
        assert writer.returncode == 0
    assert {server.pin for server in known.servers()} == {f"sha256:{number:064x}" for number in range(40)}
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name, path.name + ".lock"]


# --- successors -----------------------------------------------------------------------------------------------------

NEXT = Announced(B, LATER)
C = "sha256:" + "cc" * 32


@pytest.fixture
def announced(known: KnownServers) -> KnownServers:
    """Make a client that knows a server at two addresses, and its next key."""
    known.remember("one:1", A, NOW)
    known.remember("two:1", A, NOW)
    known.note_successor(A, NEXT)
    return known


def test_a_successor_is_kept(announced: KnownServers, path: Path) -> None:
    """The next key and its time are in the file, and change nothing yet."""
    assert announced.servers() == (KnownServer(A, ("one:1", "two:1"), NOW, NEXT),)
    assert announced.successor_of(A) == NEXT
    assert announced.successor_of(B) is None
    assert f'next_pin = "{B}"\nnext_since = 2026-11-23T16:41:00+00:00\n' in path.read_text()
    assert announced.check("one:1", A, LATER) is Verdict.KNOWN


def test_a_successor_is_followed(announced: KnownServers) -> None:
    """When its time has come the next key takes the place of the old one, at all addresses, and the old one is out."""
    assert announced.check("one:1", B, LATER) is Verdict.FOLLOWED
    announced.remember("one:1", B, LATER)
    assert announced.servers() == (KnownServer(B, ("two:1", "one:1"), NOW),)
    assert announced.check("two:1", B, LATER) is Verdict.KNOWN
    with pytest.raises(PinMismatch):
        announced.check("two:1", A, LATER)


def test_a_successor_at_a_new_address(announced: KnownServers) -> None:
    """A server that has moved and changed its key is still followed."""
    assert announced.check("three:1", B, LATER) is Verdict.FOLLOWED
    announced.remember("three:1", B, LATER)
    assert announced.servers() == (KnownServer(B, ("one:1", "two:1", "three:1"), NOW),)


def test_a_successor_that_is_known_already(announced: KnownServers) -> None:
    """Who has met the next key elsewhere, by an invite, has one server afterwards and not two."""
    announced.remember("three:1", C, NOW)
    announced.note_successor(A, Announced(C, LATER))
    announced.note_successor(C, Announced(B, LATER))
    announced.remember("one:1", C, LATER)
    assert announced.servers() == (KnownServer(C, ("two:1", "three:1", "one:1"), NOW, Announced(B, LATER)),)


def test_a_successor_before_its_time(announced: KnownServers) -> None:
    """Before its time the next key is another key, and the remedy says when it is due; an hour early is in time."""
    with pytest.raises(PinMismatch, match=r"from 2026-11-23 16:41 UTC on.*libchat forget one:1"):
        announced.check("one:1", B, LATER - timedelta(hours=1, seconds=1))
    assert announced.check("three:1", B, NOW) is Verdict.NEW
    assert announced.check("one:1", B, LATER - timedelta(hours=1)) is Verdict.FOLLOWED


def test_a_third_key_is_a_hard_stop(announced: KnownServers) -> None:
    """An announced change is no excuse for any other key."""
    with pytest.raises(PinMismatch, match="somebody is in between"):
        announced.check("one:1", C, LATER)


def test_a_later_statement_replaces_an_earlier_one(announced: KnownServers) -> None:
    """The last statement that came over a trusted connection counts."""
    announced.note_successor(A, Announced(C, LATER))
    assert announced.successor_of(A) == Announced(C, LATER)


def test_nothing_is_noted_of_a_stranger(known: KnownServers, path: Path) -> None:
    """Of a server that is not known, nothing is kept."""
    known.note_successor(A, NEXT)
    assert not path.exists()


def test_what_is_noted_already_is_not_written(announced: KnownServers, path: Path) -> None:
    """A server announces its next key at each connection, and the file is written once."""
    before = path.stat().st_ino, path.stat().st_mtime_ns
    announced.note_successor(
        A, Announced(B, LATER.astimezone(timezone(timedelta(hours=2))) + timedelta(microseconds=1))
    )
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


def test_a_file_of_version_1(known: KnownServers, path: Path) -> None:
    """A file that an older libchat has written is read, and written as version 2 when something changes."""
    path.parent.mkdir()
    path.write_text(f'version = 1\n[servers."{A}"]\nfirst_seen = 2026-11-22T16:41:00+00:00\naddresses = ["one:1"]\n')
    assert known.check("one:1", A, NOW) is Verdict.KNOWN
    known.note_successor(A, NEXT)
    assert "version = 2\n" in path.read_text()
    assert known.servers() == (KnownServer(A, ("one:1",), NOW, NEXT),)


def test_the_mismatch_has_the_words_of_both_keys(known: KnownServers) -> None:
    """People compare words."""
    known.remember("one:1", A, NOW)
    with pytest.raises(PinMismatch) as caught:
        known.check("one:1", B, NOW)
    assert (caught.value.expected_words, caught.value.seen_words) == (words_of(A), words_of(B))
    assert words_of(A) in str(caught.value)
    assert words_of(B) in str(caught.value)
