"""Which plugins a program loads when it starts: remembered in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from libchat.errors import StoreError
from libchat.files import make_private_folder, read_kept, write_private


class _File(msgspec.Struct):
    enabled: list[str] = []


class Enabled:
    """Names of plugins. Without a file, they are remembered as long as the program runs."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._names: set[str] | None = None

    def names(self) -> set[str]:
        """Return them. Raises `StoreError` if the file cannot be used."""
        if self._names is None:
            self._names = self._read()
        return set(self._names)

    def add(self, name: str) -> None:
        """Remember a plugin."""
        self._keep(self.names() | {name})

    def remove(self, name: str) -> None:
        """Forget a plugin."""
        self._keep(self.names() - {name})

    def _keep(self, names: set[str]) -> None:
        if self._path is not None and names != self._names:
            make_private_folder(self._path.parent)
            write_private(self._path, msgspec.json.encode(_File(sorted(names))))
        self._names = names

    def _read(self) -> set[str]:
        data = read_kept(self._path) if self._path is not None else None
        try:
            return set(msgspec.json.decode(data, type=_File).enabled) if data else set()
        except msgspec.DecodeError as error:
            raise StoreError(f"{self._path} is damaged: {error}; remove it, and enable your plugins anew") from error
