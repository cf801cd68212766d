"""A log comes out as lines and back again as the same log, or not at all."""

from __future__ import annotations

import io
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from contracts.log_facts import CONVERSATIONS, appends
from contracts.log_tools import entries, find_texts, say, store, unread
from libchat.errors import StoreError
from libchat.messages import Entry
from libchat.records import Cursor, Known, Look, Mark, Record, Repeat, Retention, Stored
from libchat.store.export import export_log
from libchat.store.importing import import_log
from libchat.store.lines import LINE_BYTES
from libchat.store.sqlite import SqliteLog
from libchat.store.verify import Figures
from support.logfile import change, findings, make_log


def exported(path: Path) -> bytes:
    """Return a log as lines."""
    stream = io.BytesIO()
    assert export_log(path, stream) == stream.getvalue().count(b"\n")
    return stream.getvalue()


def sealed(lines: Sequence[bytes]) -> bytes:
    """Return lines with a last line that fits them, whatever they are."""
    data = b"".join(lines)
    end = {"line": "end", "lines": len(lines), "sha256": sha256(data).hexdigest()}
    return data + json.dumps(end).encode() + b"\n"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an exported log with something of everything."""
    path = tmp_path_factory.mktemp("sample") / "chat.db"
    make_log(path)
    return exported(path)


def test_the_lines(sample: bytes) -> None:
    """There is one JSON object a line; the kinds of lines come in their order, with nothing missing."""
    kinds = [json.loads(line)["line"] for line in sample.splitlines()]
    expected = ["header", "name", "device", "conversation", "entry", "reaction", "sent"]
    expected += ["cursor", "mark", "member", "room", "ban", "mute", "audit", "end"]
    assert list(dict.fromkeys(kinds)) == expected
    assert kinds == sorted(kinds, key=expected.index)
    assert kinds.count("entry") == 17
    assert json.loads(sample.splitlines()[-1]) == {
        "line": "end",
        "lines": len(kinds) - 1,
        "sha256": sha256(b"".join(sample.splitlines(keepends=True)[:-1])).hexdigest(),
    }


def test_erased_texts_stay_erased(sample: bytes) -> None:
    """What was deleted is not exported."""
    assert b"three plums" not in sample
    assert b"three melons" not in sample
    assert b"one apple" in sample


def test_there_and_back(sample: bytes, tmp_path: Path) -> None:
    """An imported log is right, private, gives the same lines again, and goes on as the same log."""
    path = tmp_path / "chat.db"
    assert import_log(io.BytesIO(sample), path) == Figures(0, 17, 3, 3)
    assert os.listdir(tmp_path) == ["chat.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert exported(path) == sample
    log = SqliteLog(path)
    assert log.id == json.loads(sample.splitlines()[0])["id"]
    log.load()
    assert find_texts(log, "\u00e4pfel") == ["one \u00e4pfel"]
    assert find_texts(log, "apple") == find_texts(log, "melons") == []
    assert unread(log, "bo", "d2") == {("ana bo", 1, 2), ("#red", 0, 14)}
    assert unread(log, "ana", "d1") == {("ana bo", 1, 2), ("#red", 4, 14)}
    assert unread(log, "ana", "d8") == {("ana bo", 0, 2), ("#red", 4, 14)}
    (again, new) = store(log, say("one apple", device="d1", cid="c1"), say("on we go"))
    assert isinstance(again, Repeat)
    assert isinstance(new, Entry)
    assert (again.entry.seq, new.seq) == (1, 15)
    log.close()
    assert findings(path) == []


def test_an_export_of_version_1(sample: bytes, tmp_path: Path) -> None:
    """What was exported before devices were exported has those that its cursors tell of, and is exported with them."""
    kinds = (b"device", b"sent", b"room", b"ban", b"mute", b"audit")
    since = [b'"line":"' + kind + b'"' for kind in kinds]
    kept = [line for line in sample.splitlines(keepends=True)[:-1] if not any(kind in line for kind in since)]
    kept[0] = kept[0].replace(b'"version":4', b'"version":1')
    kept = [line.replace(b'"role":"owner"', b'"is_operator":true') for line in kept]
    told = [line for line in kept if b'"device":"d8"' not in line or b'"line":"cursor"' not in line]
    paths = [tmp_path / "one.db", tmp_path / "other.db"]
    import_log(io.BytesIO(sealed(told)), paths[0])
    again = exported(paths[0])
    assert b'"version":4' in again.splitlines()[0]
    assert b'{"line":"member","conversation":"#red","name":"ana","role":"owner"}' in again.splitlines()
    assert [line for line in again.splitlines() if b'"line":"device"' in line] == [
        b'{"line":"device","name":"ana","device":"d1"}'
    ]
    assert findings(paths[0]) == []
    import_log(io.BytesIO(again), paths[1])
    assert exported(paths[1]) == again
    with closing(SqliteLog(paths[1])) as log:
        assert unread(log, "ana", "d1") == {("ana bo", 1, 2), ("#red", 4, 14)}


def within(log: SqliteLog, record: Record) -> Record:
    """Return a record as the chat makes it: a cursor or mark not beyond what there is, a name shown as itself."""
    if isinstance(record, Known):
        return replace(record, display=record.name.title())
    if isinstance(record, Cursor | Mark):
        (newest,) = store(log, Look(record.conversation))
        assert isinstance(newest, Stored)
        return replace(record, seq=min(record.seq, newest.seq))
    return record


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30, deadline=None)
@given(appends)
def test_whatever_was_said_comes_back(batches: list[list[Record]]) -> None:
    """Whatever was appended: a log and its import give the same lines, and know and answer the same."""
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder, "one.db"), Path(folder, "other.db")
        log = SqliteLog(one, durability="normal")
        for batch in batches:
            for record in batch:
                store(log, within(log, record))
        before = exported(one)
        log.close()
        assert findings(one) == []
        assert exported(one) == before
        import_log(io.BytesIO(before), other)
        assert exported(other) == before
        first, second = SqliteLog(one), SqliteLog(other)
        try:
            assert first.id == second.id
            assert first.load() == second.load()
            for conversation in CONVERSATIONS:
                assert entries(first, conversation) == entries(second, conversation)
        finally:
            first.close()
            second.close()


def test_a_log_that_has_let_go_of_entries(tmp_path: Path) -> None:
    """A log whose oldest entries are gone comes back with the numbers that it had."""
    log = SqliteLog(tmp_path / "one.db", retention=Retention(entries=2))
    for _ in range(1_000):
        store(log, say("text"))
        if len(kept := entries(log, "#red")) == 2 and kept[0].seq > 1:
            break
    else:
        pytest.fail("nothing was taken away")
    log.close()
    data = exported(tmp_path / "one.db")
    import_log(io.BytesIO(data), tmp_path / "other.db")
    assert exported(tmp_path / "other.db") == data


def test_one_moment_of_a_log_that_writes(tmp_path: Path) -> None:
    """What is stored while a log is exported is not in it, and the log can store meanwhile."""
    path = tmp_path / "chat.db"
    log = SqliteLog(path, durability="normal")
    store(log, *(say(f"text {number}") for number in range(2_500)))
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        store(log, say("meanwhile"))
        seen.append((done, total))

    stream = io.BytesIO()
    export_log(path, stream, progress)
    log.close()
    assert seen == [(1_000, 2_501), (2_000, 2_501)]
    assert b"meanwhile" not in stream.getvalue()
    assert import_log(io.BytesIO(stream.getvalue()), tmp_path / "other.db").entries == 2_500


Spoil = Callable[[list[bytes]], bytes]


def _other(lines: list[bytes], number: int, old: bytes, new: bytes) -> list[bytes]:
    assert old in lines[number - 1]
    return [*lines[: number - 1], lines[number - 1].replace(old, new), *lines[number:]]


WRONG: dict[str, tuple[Spoil, str]] = {
    "nothing": (lambda lines: b"", "line 1: the file ends too early"),
    "no last line": (
        lambda lines: b"".join(lines[:-1]),
        r"line \d+: the file ends too early, its last line is missing",
    ),
    "cut within a line": (lambda lines: b"".join(lines)[:-9], "the file ends too early, within a line"),
    "cut early": (lambda lines: b"".join(lines)[:300], r"line 5: the file ends too early"),
    "something after": (lambda lines: b"".join(lines) + b"\n", "something follows the last line"),
    "a line lost": (lambda lines: b"".join(lines[:11] + lines[12:]), "do not add up"),
    "a letter": (lambda lines: b"".join(lines).replace(b"one apple", b"one apply"), "do not add up"),
    "another file": (lambda lines: b"PK\x03\x04\n", "line 1: this is no line of an exported log"),
    "another JSON": (lambda lines: b'{"line":"end","lines":0,"sha256":""}\n', "line 1: this is no exported log"),
    "another format": (
        lambda lines: sealed(_other(lines, 1, b"libchat-log", b"libcat-log")),
        "this is no exported log",
    ),
    "newer": (
        lambda lines: sealed(_other(lines, 1, b'"version":4', b'"version":5')),
        "line 1: it was written by a newer libchat",
    ),
    "two headers": (lambda lines: sealed([lines[0], *lines[:-1]]), r"line 2: a line of this kind \(header\)"),
    "no header": (lambda lines: sealed(lines[1:-1]), "line 1: this is no exported log"),
    "unknown field": (lambda lines: sealed(_other(lines[:-1], 2, b'"since"', b'"sinc"')), "line 2: this is no line"),
    "wrong type": (
        lambda lines: sealed(_other(lines[:-1], 2, b'"since":1', b'"since":"1"')),
        "line 2: this is no line",
    ),
    "not UTF-8": (lambda lines: sealed(_other(lines[:-1], 2, b"Ana", b"\xff")), "line 2: this is no line"),
    "too large": (
        lambda lines: sealed(_other(lines[:-1], 2, b'"since":1', b'"since":9223372036854775808')),
        "line 2: this is no line",
    ),
    "short hash": (
        lambda lines: sealed(_other(lines[:-1], 7, b'"base":"AAAA', b'"base":"')),
        "line 7: this is no line",
    ),
    "unknown kind": (lambda lines: sealed(_other(lines[:-1], 2, b'"name"', b'"nome"')), "line 2: this is no line"),
    "empty line": (lambda lines: sealed([lines[0], b"\n", *lines[1:-1]]), "line 2: this is no line"),
    "twice": (lambda lines: sealed([*lines[:2], *lines[1:-1]]), "line 3: it says again what stands"),
    "out of order": (
        lambda lines: sealed([lines[0], lines[4], lines[1], *lines[2:4], *lines[5:-1]]),
        r"line 3: a line of this kind \(name\)",
    ),
    "no conversation": (
        lambda lines: sealed(
            [line for line in lines[:-1] if not line.startswith(b'{"line":"conversation","key":"#red"')]
        ),
        "the conversation '#red' did not come before",
    ),
    "reaction to nothing": (
        lambda lines: sealed(
            [line.replace(b'"seq":1,', b'"seq":99,') if b'"line":"reaction"' in line else line for line in lines[:-1]]
        ),
        "the entry 99 of '#red' did not come before",
    ),
    "long line": (
        lambda lines: sealed([lines[0], b'{"line":"name","name":"' + b"x" * LINE_BYTES + b'"}\n']),
        "line 2: the line is too long",
    ),
    "another text, sealed again": (
        lambda lines: sealed([line.replace(b"one apple", b"one apply") for line in lines[:-1]]),
        "not right, nothing was imported: #red: the hash chain breaks at entry 1",
    ),
    "an entry left out, sealed again": (
        lambda lines: sealed([line for line in lines[:-1] if b"hello ana" not in line]),
        r"not right, nothing was imported: ana bo: entry 2 is missing.*\(and 2 more findings\)",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in which nothing must be left behind."""
    yield tmp_path
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("spoil", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_lines_are_refused(sample: bytes, folder: Path, spoil: Spoil, expected: str) -> None:
    """What is no whole export of a log is refused, with the number of the line and what is wrong; nothing is left."""
    with pytest.raises(StoreError, match=expected):
        import_log(io.BytesIO(spoil(sample.splitlines(keepends=True))), folder / "chat.db")


def test_an_interruption_leaves_nothing(sample: bytes, folder: Path) -> None:
    """Ctrl-C in the middle of an import leaves nothing behind."""

    class Interrupted(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 2_000:
                raise KeyboardInterrupt
            return super().readline(size)

    with pytest.raises(KeyboardInterrupt):
        import_log(Interrupted(sample), folder / "chat.db")


def test_nothing_is_replaced(sample: bytes, tmp_path: Path) -> None:
    """A log that is there stays; so does what is left of one, which would be read into the new one."""
    path = tmp_path / "chat.db"
    path.write_bytes(b"precious")
    with pytest.raises(StoreError, match=r"chat\.db is there already"):
        import_log(io.BytesIO(sample), path)
    assert path.read_bytes() == b"precious"
    path.rename(tmp_path / "chat.db-wal")
    with pytest.raises(StoreError, match=r"chat\.db-wal is there, a part of a log that is not"):
        import_log(io.BytesIO(sample), path)
    assert os.listdir(tmp_path) == ["chat.db-wal"]


def test_a_file_that_comes_meanwhile_is_not_replaced(sample: bytes, tmp_path: Path) -> None:
    """A log that somebody makes during an import stays."""
    path = tmp_path / "chat.db"

    class Slow(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            path.write_bytes(b"precious")
            return super().readline(size)

    with pytest.raises(StoreError, match=r"chat\.db is there already"):
        import_log(Slow(sample), path)
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["chat.db"]


def test_no_folder(sample: bytes, tmp_path: Path) -> None:
    """A folder that is not there is told."""
    with pytest.raises(StoreError, match="choose a folder that is there"):
        import_log(io.BytesIO(sample), tmp_path / "nowhere" / "chat.db")


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    """What is missing in a file ends its export in words."""
    path = tmp_path / "chat.db"
    make_log(path)
    change(path, "DROP TABLE reactions")
    with pytest.raises(StoreError, match=r"cannot be exported: .*; 'libchat verify' tells more"):
        exported(path)
