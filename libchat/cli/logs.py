"""How the program logs: the standard library's logging, on standard error, in words or as JSON.

No level logs what people write, nor passwords, tokens, proofs or device ids: only addresses, names, codes and errors.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TextIO

import msgspec

from libchat.cli import output

PRIORITIES: Final = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""The levels of syslog(3), which the journal reads at the beginning of a line (sd-daemon(3))."""


def set_up(level: str, *, as_json: bool) -> None:
    """Have everything from this level on logged on standard error. May be called again."""
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(as_json, is_journal=is_journal(sys.stderr, os.environ)))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def show_warnings(tell: Callable[[output.Say, str], None]) -> None:
    """Have what a client warns of told to the person, by `tell`: it may come while a line is being typed."""
    logging.getLogger("libchat.client").addHandler(_Telling(tell))


class _Telling(logging.Handler):
    """Tells a person each line of a record."""

    def __init__(self, tell: Callable[[output.Say, str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it."""
        for line in self.format(record).split("\n"):
            self._tell(output.notice, line)


def _formatter(as_json: bool, *, is_journal: bool) -> logging.Formatter:
    if as_json:
        return JsonFormatter()
    return JournalFormatter() if is_journal else WordsFormatter()


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether a stream goes to the journal of systemd, which notes the time by itself (systemd.exec(5))."""
    told = environ.get("JOURNAL_STREAM")
    if not told:
        return False
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a file
        return False
    return told == f"{status.st_dev}:{status.st_ino}"


class WordsFormatter(logging.Formatter):
    """One line for a person, and the traceback below it. Nothing in it is obeyed by a terminal."""

    def __init__(self, pattern: str = "%(asctime)s %(levelname)s %(message)s") -> None:
        super().__init__(pattern)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return the first line."""
        return output.safe_line(super().formatMessage(record))


class JournalFormatter(WordsFormatter):
    """Lines for the journal: each with its priority, none with the time."""

    def __init__(self) -> None:
        super().__init__("%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return all lines of a record."""
        priority = f"<{PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(priority + line for line in super().format(record).split("\n"))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339), level, logger, message, thread, and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _encodable(record.getMessage()),
            "thread": record.threadName or threading.current_thread().name,
        }
        if record.exc_info:
            fields["exception"] = _encodable(self.formatException(record.exc_info))
        return msgspec.json.encode(fields).decode()


def _encodable(text: str) -> str:
    """Return a text without lone surrogates, as paths may hold: no JSON can."""
    return text.encode(errors="backslashreplace").decode()
