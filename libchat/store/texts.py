"""The index of texts: the newest text of each message that is there.

Beside it stands who may read it: the conversation as one word (`c17`), and for a private one each of the two names, too
(`n616E61`). So a search is cut down by the index itself to what somebody may read, however much else there is.
The index holds no texts, only where words stand. What is taken out of it has to be told as it was put in.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Sequence
from typing import Final

_ROW: Final = """
    e.id,
    plain(CASE WHEN e.edited
        THEN (SELECT x.text FROM entries x WHERE x.conversation = e.conversation AND x.seq = e.edited)
        ELSE e.text END),
    'c' || e.conversation || coalesce(' n' || hex(c.one) || ' n' || hex(c.other), '')
    FROM entries e JOIN conversations c ON c.id = e.conversation
"""
"""What the index has of an entry."""

CONTENT: Final = f"SELECT {_ROW} WHERE e.kind = 'message' AND NOT e.deleted"
"""All that the index has: ids, texts and readers."""

_PUT: Final = f"INSERT INTO search (rowid, text, readers) SELECT {_ROW}"
_TAKE: Final = f"INSERT INTO search (search, rowid, text, readers) SELECT 'delete', {_ROW}"

_PUT_NEW: Final = _PUT + "WHERE e.id > ? AND e.kind = 'message'"
_PUT_ONE: Final = _PUT + "WHERE e.id = ?"
_TAKE_ONE: Final = _TAKE + "WHERE e.id = ?"
_TAKE_OLDEST: Final = _TAKE + "WHERE e.conversation = ? AND e.seq <= ? AND e.kind = 'message' AND NOT e.deleted"


def plain(text: str) -> str:
    """Return a text without accents, in small letters. The index's tokenizer does so for Latin letters only.

    What becomes of a character never changes (Unicode's stability policy), so a text is taken out as it was put in.
    """
    if text.isascii():
        return text
    letters = (char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return "".join(letters).casefold()


def put_new(connection: sqlite3.Connection, after: int) -> None:
    """Put all messages into the index whose ids are greater."""
    connection.execute(_PUT_NEW, (after,))


def put_all(connection: sqlite3.Connection) -> None:
    """Put everything into an index that is empty."""
    connection.execute(f"INSERT INTO search (rowid, text, readers) {CONTENT} ORDER BY e.id")


def put(connection: sqlite3.Connection, entry: int) -> None:
    """Put a message into the index, as it is now."""
    connection.execute(_PUT_ONE, (entry,))


def take(connection: sqlite3.Connection, entry: int) -> None:
    """Take a message out of the index, before it is changed."""
    connection.execute(_TAKE_ONE, (entry,))


def take_oldest(connection: sqlite3.Connection, conversation: int, until: int) -> None:
    """Take a conversation's messages up to a number out of the index, before they go."""
    connection.execute(_TAKE_OLDEST, (conversation, until))


def merge(connection: sqlite3.Connection, pages: int) -> bool:
    """Merge so many pages of the index; begin to take all its parts together if the number is negative.

    Return whether something was left to do (https://sqlite.org/fts5.html, section 6.8).
    """
    before = connection.total_changes
    connection.execute("INSERT INTO search (search, rank) VALUES ('merge', ?)", (pages,))
    return connection.total_changes - before >= 2


def pattern_of(words: Sequence[str]) -> str:
    """Return words in the language of the index (https://sqlite.org/fts5.html, section 3), wherever they stand.

    Everything that was typed is put between quotes, but for a last `*`. What has no letter and no digit in it matches
    nothing.
    """
    return f"text : ({' AND '.join(map(_quoted, words))})"


def pattern_of_readers(words: Sequence[str], conversations: Sequence[int], name: str) -> str:
    """Return words that stand in one of these conversations, or in a private one of the name if there is one.

    There must be a conversation or a name.
    """
    readers = [f"c{number}" for number in conversations]
    if name:
        readers.append(f"n{name.encode().hex()}")
    where = " OR ".join(f'"{reader}"' for reader in readers)
    return f"readers : ({where}) AND {pattern_of(words)}"


def _quoted(word: str) -> str:
    beginning = word.removesuffix("*")
    quoted = '"' + plain(beginning).replace("\0", " ").replace('"', '""') + '"'
    return quoted if beginning == word else quoted + " *"
