"""Whether a log's file is right: everything that must be true of it is looked at, and nothing is changed.

SQLite finds pages that are damaged; the tables are held against each other (`checks`); the hash chain of each
conversation is made anew (`walk`), so that an entry that is not what was stored is found, however it came about; and
the index of texts must hold exactly the texts that can be read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from libchat.store.checks import CHECKS, NAMES, Check
from libchat.store.schema import STEPS
from libchat.store.seal import find_fault
from libchat.store.snapshot import READING_ERRORS, Progress, Snapshot, kind_of, no_progress, snapshot, words_for
from libchat.store.texts import CONTENT
from libchat.store.walk import canonical_form, find_faults

DAMAGES: Final = 100
"""What SQLite tells of damaged pages at most."""

_TEXTS: Final = f"CREATE TEMP VIEW texts (id, text, readers) AS {CONTENT}"

_COPY: Final = """CREATE VIRTUAL TABLE temp.copied USING fts5 (
    text, readers, content='texts', content_rowid='id', columnsize=0, tokenize='unicode61 remove_diacritics 2'
)"""


class Figures(Struct, frozen=True):
    """What there was to look at, as far as it could be counted, and how many findings there were."""

    findings: int = 0
    entries: int = 0
    conversations: int = 0
    names: int = 0


def verify(path: Path, find: Callable[[str], None], progress: Progress = no_progress) -> Figures:
    """Look at everything in a log's file, also beside a server that writes. `find` is told each finding, in one line.

    Raises StoreError if it is no log that can be looked at, and sqlite3.OperationalError if there is no room for
    temporary files, as large as the index of texts.
    """
    with snapshot(path) as moment:
        return _Verification(moment, find, progress).run()


class _Verification:
    """One look at everything."""

    def __init__(self, moment: Snapshot, find: Callable[[str], None], progress: Progress) -> None:
        self._moment = moment
        self._connection = moment.connection
        self._find = find
        self._progress = progress
        self._findings = 0
        self._done = 0
        self._total = 0

    def run(self) -> Figures:
        """Make all checks."""
        with self._moment.beating(self._beat):
            entries, conversations, names = map(self._count, ("entries", "conversations", "names"))
            self._total = entries
            self._hold(self._find_other_tables)
            self._hold(self._find_damage)
            self._hold(self._find_orphans)
            for check in CHECKS:
                self._hold(lambda check=check: _findings_of(self._connection, check))  # type: ignore[misc]  # a default binds it now
            self._hold(lambda: find_fault(self._connection))
            self._hold(self._find_names)
            self._hold(lambda: find_faults(self._connection, self._step))
            self._hold(self._find_index)
        return Figures(self._findings, entries, conversations, names)

    def _hold(self, check: Callable[[], Iterator[str]]) -> None:
        """Tell what one check finds. What it cannot read is a finding, too."""
        try:
            for finding in check():
                self._tell(finding)
        except READING_ERRORS as error:
            if self._moment.is_interrupted or kind_of(error) == sqlite3.SQLITE_FULL:
                raise
            self._tell(f"something cannot be read: {words_for(error)}")

    def _tell(self, finding: str) -> None:
        self._findings += 1
        self._find(finding)

    def _count(self, table: str) -> int:
        try:
            (count,) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a constant
        except READING_ERRORS:
            return 0  # the checks say why
        return int(count)

    def _step(self, passed: int) -> None:
        self._done += passed
        self._beat()

    def _beat(self) -> None:
        self._progress(self._done, self._total)

    # --- checks -----------------------------------------------------------------------------------------------------

    def _find_other_tables(self) -> Iterator[str]:
        """Compare the tables with those of a new log."""
        with_steps = sqlite3.connect(":memory:", isolation_level=None)
        try:
            for step in STEPS:
                for statement in step:
                    with_steps.execute(statement)
            expected = _tables(with_steps)
        finally:
            with_steps.close()
        found = _tables(self._connection)
        for kind, name, _ in sorted(expected - found):
            yield f"the {kind} {name!r} is missing or changed: the log cannot keep its promises"
        for kind, name, _ in sorted(found - expected):
            if not any(name == other for _, other, _ in expected):
                yield f"the {kind} {name!r} is not of a log: something else has written to the file"

    def _find_damage(self) -> Iterator[str]:
        for (words,) in self._connection.execute(f"PRAGMA main.integrity_check({DAMAGES})"):
            for line in str(words).splitlines():
                if line != "ok" and not line.startswith("***"):  # a heading
                    yield f"the file is damaged: {line}"

    def _find_orphans(self) -> Iterator[str]:
        for table, row, parent, _ in self._connection.execute("PRAGMA main.foreign_key_check"):
            where = f"row {row} of" if row is not None else "a row of"
            yield f"{where} the table {table!r} belongs to something that is not there in {parent!r}"

    def _find_names(self) -> Iterator[str]:
        for check in NAMES:
            for name, shown in self._connection.execute(check.query):
                if canonical_form(str(shown)) != name:
                    yield check.sentence.format(name, shown)

    def _find_index(self) -> Iterator[str]:
        """Hold the index of texts against the texts.

        FTS5 can do that only for an index that knows where its texts are, and by writing. So a copy is made that does.
        """
        execute = self._connection.execute
        execute(_TEXTS)
        execute(_COPY)
        for table in ("data", "idx"):
            execute(f"DELETE FROM temp.copied_{table}")  # noqa: S608 - constants
            execute(f"INSERT INTO temp.copied_{table} SELECT * FROM main.search_{table}")  # noqa: S608
        try:
            execute("INSERT INTO temp.copied (copied, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError as error:
            if kind_of(error) != sqlite3.SQLITE_CORRUPT:
                raise
            yield (
                "the index of texts is not what the messages say: searching may miss some, or find what was erased; "
                "an export and its import make it anew"
            )


def _findings_of(connection: sqlite3.Connection, check: Check) -> Iterator[str]:
    row: Sequence[str | int]
    for row in connection.execute(check.query):
        yield check.sentence.format(*row)


def _tables(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    return set(connection.execute("SELECT type, name, coalesce(sql, '') FROM main.sqlite_master"))
