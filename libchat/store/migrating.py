"""Which database a file is, and which version of our tables it has: both stand in its header.

A file is told from others by its `application_id`; the version of its tables is in `user_version`. Steps go forward
only: each makes the next version of the one before, and the first makes version 1 of an empty file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from libchat.errors import StoreError

Steps = Sequence[Sequence[str]]
"""The statements that make each version."""


def refuse_others(
    connection: sqlite3.Connection, path: Path | None, *, application: int, newest: int, remedy: str
) -> None:
    """Raise StoreError for a database of something else, or of a newer version. `remedy` is how to use another file.

    It is looked at in one transaction: otherwise a file could be seen with the tables, and without the id, that another
    program makes at the same time.
    """
    connection.execute("BEGIN")
    version = _number(connection, "user_version")
    is_ours = _number(connection, "application_id") == application
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("COMMIT")
    if not is_ours and (version or tables):
        raise StoreError(f"{path} is a database of something else; {remedy}")
    if version > newest:
        raise StoreError(
            f"{path} was written by a newer libchat (version {version} of its tables); upgrade libchat, or {remedy}"
        )


def migrate(
    connection: sqlite3.Connection, application: int, steps: Steps, begin: Callable[[], object] = lambda: None
) -> None:
    """Take all steps that are missing, all or none; of several programs that open the file at once, one does.

    `begin` is called within the transaction when there were no tables yet.
    """
    if _number(connection, "user_version") == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _number(connection, "user_version")
        for step in steps[version:]:
            for statement in step:
                connection.execute(statement)
        if not version:
            begin()
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)
