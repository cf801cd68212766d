"""A small dictionary on disk, for what a plugin wants to know after a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

import msgspec

from libchat.errors import StoreError
from libchat.files import make_private_folder, read_kept, write_private
from libchat.locks import LOG, tiered_lock

STORE_BYTES: Final = 1_000_000
"""Bytes of a plugin's store: it is written whole with every change. What is larger belongs into a database."""


def _as_plain(value: object) -> str | int:
    """Return what a command was given as a `Member`, a `Room` or a `Ref` as the text or number that it is."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"a {type(value).__name__} cannot be stored; take what JSON knows")


class Store(MutableMapping[str, Any]):
    """Values as JSON knows them, by name. Each change is on disk when it returns; `update` makes many at once.

    What is read is a copy: to change a list in it, put the changed list back. Raises `StoreError` if the file cannot be
    used or would have over 1 MB, and TypeError for what JSON does not know; then nothing has changed.
    """

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._lock = tiered_lock(LOG)  # the file is read and written under it, as a client's state is
        self._kept: dict[str, bytes] | None = None
        """Each value as JSON."""

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  # any value that JSON knows
        with self._lock:
            return msgspec.json.decode(self._values()[key])

    def __setitem__(self, key: str, value: object) -> None:
        self._change({key: value})

    def __delitem__(self, key: str) -> None:
        with self._lock:
            left = dict(self._values())
            del left[key]
            self._write(left)

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._values()))

    def __len__(self) -> int:
        with self._lock:
            return len(self._values())

    def update(self, *others: Mapping[str, object], **values: object) -> None:  # type: ignore[override]
        """Make several changes at once: all of them are kept, or none."""
        self._change({key: value for other in (*others, values) for key, value in other.items()})

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._write({})

    def _change(self, values: Mapping[str, object]) -> None:
        for key in values:
            if not isinstance(key, str):
                raise TypeError(f"{key!r} cannot be a key; take a text")
        encoded = {str(key): msgspec.json.encode(value, enc_hook=_as_plain) for key, value in values.items()}
        with self._lock:
            self._write({**self._values(), **encoded})

    def _values(self) -> dict[str, bytes]:
        if self._kept is None:
            path = self._folder() / "store.json"
            data = read_kept(path)
            try:
                raw = msgspec.json.decode(data, type=dict[str, msgspec.Raw]) if data else {}
            except msgspec.DecodeError as error:
                raise StoreError(f"{path} is damaged: {error}; move it away to begin anew") from error
            self._kept = {key: bytes(value) for key, value in raw.items()}
        return self._kept

    def _write(self, values: dict[str, bytes]) -> None:
        data = msgspec.json.encode({key: msgspec.Raw(value) for key, value in values.items()})
        if len(data) > STORE_BYTES:
            raise StoreError(f"the store would have {len(data)} bytes, and {STORE_BYTES} are allowed; use `data_dir`")
        folder = self._folder()
        make_private_folder(folder)
        write_private(folder / "store.json", data)
        self._kept = values
