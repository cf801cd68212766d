"""The tables of a log's file, and how the file is opened.

An entry is a row of `entries`; its `id` counts all entries in the order of appending. Texts stand there as they were
sent: an edited message points to its newest edit, and a deleted one has lost its text and salt and kept their digest.
What is in the index `search`, `texts.py` says.

The version of the tables is in `PRAGMA user_version`. To change them, add a step to `STEPS`, and a file of the version
before to the fixtures of the tests. Steps go forward only, and the newest version is their number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from libchat.errors import StoreError
from libchat.store.chain import BEGINNING
from libchat.store.migrating import migrate, refuse_others
from libchat.store.seal import put_seal, read_seal
from libchat.store.texts import plain

APPLICATION_ID: Final = 0x6C636861
"""`lcha`, in the header of the file: it tells a log from other databases."""

OLDEST_SQLITE: Final = (3, 37, 0)
"""The first one with strict tables."""

CACHE_KIB: Final = 16_384
"""Pages that the writer keeps in memory: the upper levels of all indexes of ten million entries."""

READ_CACHE_KIB: Final = 4_096
"""Pages that a reader keeps: a few thousand pages of history. The system caches the file besides."""

WAL_BYTES: Final = 67_108_864
"""What is kept of the write-ahead log's file after a checkpoint. One checkpoint's worth is about 20 MB."""

VERSION_1: Final = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # One row: how many transactions there were, the newest entry's id, and how many texts the index may
    # hold that were erased or changed.
    """CREATE TABLE counters (
        transactions INTEGER NOT NULL, entries INTEGER NOT NULL, erased INTEGER NOT NULL
    ) STRICT""",
    "INSERT INTO counters VALUES (0, 0, 0)",
    # `one` and `other` are the names of a pair; `first` is the oldest entry that is kept, and `base` the hash before
    # it; `head` is the hash of the newest; `from_one` and `from_other` are the newest entries that each of them sent.
    f"""CREATE TABLE conversations (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, one TEXT, other TEXT,
        room TEXT NOT NULL DEFAULT '', topic TEXT NOT NULL DEFAULT '',
        first INTEGER NOT NULL DEFAULT 1, last INTEGER NOT NULL DEFAULT 0,
        base BLOB NOT NULL DEFAULT x'{BEGINNING.hex()}', head BLOB NOT NULL DEFAULT x'{BEGINNING.hex()}',
        from_one INTEGER NOT NULL DEFAULT 0, from_other INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "CREATE INDEX conversations_of_one ON conversations (one) WHERE one IS NOT NULL",
    "CREATE INDEX conversations_of_other ON conversations (other) WHERE other IS NOT NULL",
    # `name` is the canonical one of the sender; `edited` and `deleted` are the numbers of the newest edit and of the
    # deletion, 0 if there is none. `salt` is NULL when the text is erased, and only then `digest` is not.
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL REFERENCES conversations, seq INTEGER NOT NULL,
        target TEXT NOT NULL, sender TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, time INTEGER NOT NULL,
        text TEXT NOT NULL, kind TEXT NOT NULL, ref INTEGER NOT NULL, device TEXT NOT NULL, cid TEXT NOT NULL,
        salt BLOB, digest BLOB, hash BLOB NOT NULL,
        edited INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "CREATE UNIQUE INDEX entries_by_seq ON entries (conversation, seq)",
    "CREATE UNIQUE INDEX entries_by_cid ON entries (device, cid) WHERE device <> '' AND cid <> ''",
    "CREATE INDEX edits ON entries (conversation, ref) WHERE kind = 'edit'",
    # `at` is the id of the entry that brought the reaction.
    """CREATE TABLE reactions (
        entry INTEGER NOT NULL REFERENCES entries ON DELETE CASCADE, text TEXT NOT NULL, name TEXT NOT NULL,
        display TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (entry, text, name)
    ) STRICT, WITHOUT ROWID""",
    # `rowid` is the order in which names were taken.
    """CREATE TABLE names (
        key TEXT PRIMARY KEY, display TEXT NOT NULL, since INTEGER NOT NULL, device TEXT NOT NULL,
        is_account INTEGER NOT NULL
    ) STRICT""",
    # Without a device: the cursor of the name itself.
    """CREATE TABLE cursors (
        name TEXT NOT NULL, device TEXT NOT NULL, conversation INTEGER NOT NULL REFERENCES conversations,
        seq INTEGER NOT NULL, PRIMARY KEY (name, device, conversation)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE marks (
        name TEXT NOT NULL, conversation INTEGER NOT NULL REFERENCES conversations, seq INTEGER NOT NULL,
        PRIMARY KEY (name, conversation)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE members (
        conversation INTEGER NOT NULL REFERENCES conversations, name TEXT NOT NULL, is_operator INTEGER NOT NULL,
        PRIMARY KEY (conversation, name)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX members_by_name ON members (name)",
    """CREATE VIRTUAL TABLE search USING fts5 (
        text, readers, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2'
    )""",
)

SEEN_DEVICES: Final = (
    """INSERT INTO devices (name, device) SELECT n.key, d.device FROM names n JOIN (
            SELECT key AS name, device FROM names UNION SELECT name, device FROM cursors
        ) d ON d.name = n.key WHERE n.is_account AND d.device <> '' ORDER BY n.key, d.device""",
    """INSERT OR IGNORE INTO cursors SELECT u.name, d.device, u.conversation, u.seq
        FROM cursors u JOIN devices d ON d.name = u.name WHERE u.device = ''""",
)
"""What makes the devices of what a log knew before it knew devices: those that have told anything, where they were, and
in all other conversations where their name is, as it was for them until then."""

VERSION_2: Final = (
    # The devices of accounts; `id` is the order in which they were here last. Each has a cursor wherever its name had
    # one when it became known, so that one that is missing is that of a conversation that began later.
    """CREATE TABLE devices (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, device TEXT NOT NULL, UNIQUE (name, device)
    ) STRICT""",
    *SEEN_DEVICES,
)

VERSION_3: Final = (
    # Until now, whoever had made a room was its only operator.
    "ALTER TABLE members ADD COLUMN role TEXT NOT NULL DEFAULT ''",
    "UPDATE members SET role = 'owner' WHERE is_operator",
    "ALTER TABLE members DROP COLUMN is_operator",
    # What is set in a room, if ever anything was. `password` is a salted hash, '' if there is none.
    """CREATE TABLE rooms (
        conversation INTEGER PRIMARY KEY REFERENCES conversations, invite_only INTEGER NOT NULL DEFAULT 0,
        password TEXT NOT NULL DEFAULT '', moderated INTEGER NOT NULL DEFAULT 0, secret INTEGER NOT NULL DEFAULT 0,
        open_topic INTEGER NOT NULL DEFAULT 1
    ) STRICT""",
    """CREATE TABLE bans (
        conversation INTEGER NOT NULL REFERENCES conversations, mask TEXT NOT NULL, actor TEXT NOT NULL,
        made INTEGER NOT NULL, until INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (conversation, mask)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE mutes (
        conversation INTEGER NOT NULL REFERENCES conversations, name TEXT NOT NULL, actor TEXT NOT NULL,
        made INTEGER NOT NULL, until INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (conversation, name)
    ) STRICT, WITHOUT ROWID""",
    # Nothing is ever taken out of it: numbers have no gap, and SQLite itself remembers the largest one.
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
        room TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX audit_by_time ON audit (time)",
    """CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END""",
    """CREATE TRIGGER audit_is_not_taken_away BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'nothing is taken out of the audit'); END""",
)

VERSION_4: Final = (
    # Of a text that was changed on its way: the digest of what was sent, made with the entry's salt. By that it is
    # known when it is sent again.
    """CREATE TABLE sent (
        entry INTEGER PRIMARY KEY REFERENCES entries ON DELETE CASCADE, digest BLOB NOT NULL
    ) STRICT""",
)

STEPS: Final[Sequence[Sequence[str]]] = (VERSION_1, VERSION_2, VERSION_3, VERSION_4)
"""What makes each version of the one before. The first makes version 1 of an empty file."""


AUDITED: Final = 3
"""The first version that has an audit."""


def connect_to_write(path: Path, *, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Return the connection that alone writes and checkpoints. It may be used by one thread at a time."""
    connection = _connect(path, "rw", factory)
    try:
        connection.create_function("plain", 1, plain, deterministic=True)
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # checkpoints are the writer's, when everybody has answers
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads, also beside a process that writes. One thread at a time may use it."""
    connection = _connect(path, "ro", sqlite3.Connection)
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{READ_CACHE_KIB}")
    return connection


def prepare(
    connection: sqlite3.Connection, path: Path, new_id: Callable[[], str], steps: Sequence[Sequence[str]] = STEPS
) -> str:
    """Make the file a log of the newest version, and return the log's id. `new_id` makes that of a new one.

    Raises StoreError if it is something else, or of a version that is not known yet; sqlite3.Error if it is damaged.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old for a log; install {oldest} or newer")
    refuse_others(connection, path, application=APPLICATION_ID, newest=len(steps), remedy="name another file")
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(
        connection,
        APPLICATION_ID,
        steps,
        lambda: connection.execute("INSERT INTO meta VALUES ('id', ?)", (new_id(),)),
    )
    if len(steps) >= AUDITED and not read_seal(connection):
        put_seal(connection)
    row = connection.execute("SELECT value FROM meta, counters WHERE key = 'id'").fetchone()
    if row is None:
        raise sqlite3.DatabaseError("its id or its counters are missing")
    return str(row[0])


def _connect(path: Path, mode: str, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
    address = f"file:{quote(path.as_posix())}?mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, factory=factory)
