"""What was typed before: a private file, one JSON string a line, without anything secret.

Only the newest lines are kept. A line with a secret in it is neither written nor offered again.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import msgspec

from libchat.errors import StoreError
from libchat.files import make_private_folder, write_private

LINES: Final = 2000
"""Lines that are kept: readline's users mostly keep one or two thousand."""

_SECRET: Final = re.compile(
    r"""
      ^\s*/(password|passwd|oper|identify|pass)\b     # commands whose arguments are secrets
    | ^\s*/\S+\s.*--?(password|pass|token|secret|key)\b   # options that are
    | ^\s*/(join|room|invite)\b.*\bpassword\b
    | ^\s*server:\s*(password|register)\b.*\s\S
    | libchat://\S*[?&]t=                             # an invite: whoever has it may come in
    | [?&](token|password|passwd|secret|access_token|api_key)=
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def is_secret(line: str) -> bool:
    """Return whether a line holds something that must not be kept."""
    return _SECRET.search(line) is not None


class HistoryFile:
    """The lines of all runs. What cannot be read or written is as if it was empty: nobody stops talking for that."""

    def __init__(self, path: Path, limit: int = LINES) -> None:
        self._path = path
        self._limit = limit
        self._last = ""

    def load(self) -> list[str]:
        """Return the lines, oldest first, and cut the file if it has grown."""
        lines = self._read()
        if len(lines) > 2 * self._limit:
            lines = lines[-self._limit :]
            try:
                write_private(self._path, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
            except StoreError:
                pass  # it is cut another time
        self._last = lines[-1] if lines else ""
        return lines[-self._limit :]

    def add(self, line: str) -> bool:
        """Keep a line, and return True; or False if it is not to be kept: secret, empty, or the last one again."""
        if not line.strip() or line == self._last or is_secret(line):
            return False
        self._last = line
        if self._limit > 0:
            self._append(line)
        return True

    def _read(self) -> list[str]:
        try:
            data = self._path.read_bytes()
        except OSError:
            return []
        return [line for line in map(_decode, data.splitlines()) if line]

    def _append(self, line: str) -> None:
        try:
            make_private_folder(self._path.parent)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, msgspec.json.encode(_encodable(line)) + b"\n")
            finally:
                os.close(handle)
        except (OSError, StoreError):
            pass


def _decode(line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=str)
    except msgspec.DecodeError:  # a line that was cut off by a power cut
        return ""


def _encodable(line: str) -> str:
    return line.encode(errors="replace").decode()
