"""Whether a log's file still says what was written into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from libchat.store.chain import digest_of, link


def find_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield, in words, where the chain of a conversation does not hold. Reads all entries, on any connection."""
    rows = connection.execute("SELECT id, key, first, last, base, head FROM conversations ORDER BY id").fetchall()
    for number, key, first, last, base, head in rows:
        yield from _faults_of(connection, number, key, first, last, base, head)


def _faults_of(
    connection: sqlite3.Connection, number: int, key: str, first: int, last: int, before: bytes, head: bytes
) -> Iterator[str]:
    rows = connection.execute(
        """SELECT seq, target, sender, time, kind, ref, owner, device, cid, text, salt, digest, hash
        FROM entries WHERE conversation = ? ORDER BY seq""",
        (number,),
    )
    expected = first
    for seq, target, sender, time, kind, ref, owner, device, cid, text, salt, digest, kept in rows:
        if seq != expected:
            yield f"{key}: entry {expected} is missing"
        said = digest if salt is None else digest_of(salt, text)
        if link(before, key, seq, target, sender, time, kind, ref, owner, device, cid, said or b"") != kept:
            yield f"{key}: entry {seq} or the one before was changed"
        expected, before = seq + 1, kept
    if expected != last + 1 or before != head:
        yield f"{key}: the newest entries are missing, or were changed"
