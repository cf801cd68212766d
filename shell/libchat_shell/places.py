"""What the shell knows from the last time: where it was, under which name, in which rooms, and whom it ignores.

One private JSON file for all shells of a person, written whole. Nothing in it is a secret: no invite, no password.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from libchat.errors import StoreError
from libchat.files import locked, make_private_folder, read_kept, write_private
from libchat.names import target_key

PLACES: Final = 50
"""Places that are remembered: more servers and names than a person has."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A server, and who one is there. `address` is HOST:PORT. `rooms` are in the order of their numbers."""

    address: str
    name: str
    plaintext: bool = False
    pin: str = ""
    """The key that was said on the command line, "" if the file of known servers says it."""
    known_servers: str = ""
    """The file of known servers, if it was another than the usual one."""
    rooms: tuple[str, ...] = ()
    active: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Which place it is: the same name at the same server."""
        return self.address, target_key(self.name)


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is in the file. The places come newest first."""

    places: tuple[Place, ...] = ()
    ignored: tuple[str, ...] = ()
    notify: dict[str, str] = msgspec.field(default_factory=dict)
    """What of a conversation calls the person, by canonical name, where it is not as the setting says."""


class Places:
    """The file. What cannot be read or written is as if nothing was remembered: nobody stops talking for that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "places.json"

    def load(self) -> Memory:
        """Return what is remembered."""
        try:
            data = read_kept(self._path)
            return msgspec.json.decode(data, type=Memory) if data else Memory()
        except (StoreError, msgspec.DecodeError):
            return Memory()

    def last(self) -> Place | None:
        """Return where one was last."""
        places = self.load().places
        return places[0] if places else None

    def find(self, address: str, name: str) -> Place | None:
        """Return what is remembered of a name at a server."""
        wanted = (address, target_key(name))
        return next((place for place in self.load().places if place.key == wanted), None)

    def keep(self, place: Place) -> None:
        """Remember where one is: it comes first from now on."""

        def change(memory: Memory) -> Memory:
            others = [each for each in memory.places if each.key != place.key]
            return replace(memory, places=(place, *others)[:PLACES])

        self._change(change)

    def ignore(self, names: tuple[str, ...]) -> None:
        """Remember whom one ignores."""
        plain = tuple(str(name) for name in names)  # a command's argument is a `Member`, which JSON does not know
        self._change(lambda memory: replace(memory, ignored=plain))

    def set_notify(self, target: str, what: str) -> None:
        """Remember what of a conversation calls the person; "" forgets it."""

        def change(memory: Memory) -> Memory:
            notify = {**memory.notify, target_key(target): what}
            return replace(memory, notify={key: value for key, value in notify.items() if value})

        self._change(change)

    def state_folder(self, address: str, name: str) -> Path:
        """Return where the client of a name at a server keeps what it must know after a restart."""
        words = f"{address}\n{target_key(name)}"
        return self._folder / "clients" / sha256(words.encode()).hexdigest()[:24]

    def _change(self, change: Callable[[Memory], Memory]) -> None:
        try:
            make_private_folder(self._folder)
            with locked(self._folder / "places.lock"):
                write_private(self._path, msgspec.json.encode(change(self.load())))
        except StoreError:
            pass
