"""A simulated network: bytes that arrive in order, in pieces, late, or never.

Within one stream nothing overtakes anything, as in TCP; between streams everything may. Whoever loses a connection
hears of it at a time of its own, and may not hear of it for long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal
from zlib import crc32

from msgspec import Struct

from libchat.limits import OUTBOX_BYTES
from libchat.testing.world import World

Break = Literal["both", "up", "down", "closed"]
"""How a connection breaks: in both directions or in one at first, always with what is on its way; or the client closes
it, and what the client has sent still arrives."""

BREAKS: Final[tuple[Break, ...]] = ("both", "up", "down", "closed")


class Weather(Struct, frozen=True):
    """How bad a network is, and how narrow what stands before it.

    `splits` and `stalls` are how often a piece is torn apart, or held up for seconds. `window` is how many bytes a
    socket of the server takes before the client has got the ones before, `outbox` how many wait behind that before
    the client counts as too slow.
    """

    splits: float = 0.3
    stalls: float = 0.02
    window: int = 65_536
    outbox: int = OUTBOX_BYTES


def draw_weather(world: World) -> Weather:
    """Return the weather of one simulation."""
    return Weather(
        splits=world.choose([0.0, 0.2, 0.6]),
        stalls=world.choose([0.0, 0.02, 0.1]),
        window=world.choose([65_536, 2_000, 300]),
        outbox=world.choose([OUTBOX_BYTES, 4_000]),
    )


class Stream:
    """Bytes on their way in one direction. `arrive` takes pieces of them, `end` is called behind the last."""

    def __init__(
        self, world: World, name: str, weather: Weather, arrive: Callable[[bytes], None], end: Callable[[], None]
    ) -> None:
        self._world = world
        self._name = name
        self._weather = weather
        self._arrive = arrive
        self._end = end
        self._bytes = bytearray()
        self._is_moving = False
        self._is_cut = False
        self._is_ending = False

    @property
    def size(self) -> int:
        """How many bytes are on their way."""
        return len(self._bytes)

    def put(self, data: bytes) -> None:
        """Send bytes."""
        if not (self._is_cut or self._is_ending):
            self._bytes += data
            self._move()

    def finish(self) -> None:
        """Send nothing more: what was sent still arrives, and then the end."""
        if not (self._is_cut or self._is_ending):
            self._is_ending = True
            self._move()

    def cut(self) -> None:
        """Lose what is on its way, and whatever is sent from now on."""
        self._is_cut = True
        self._bytes.clear()

    def _move(self) -> None:
        if self._is_moving or self._is_cut:
            return
        self._is_moving = True
        if self._world.chance(self._weather.stalls):
            self._world.later(self._come, 200, 4_000)
        else:
            self._world.later(self._come, 1, 30)

    def _come(self) -> None:
        self._is_moving = False
        if self._is_cut:
            return
        if not self._bytes:
            self._is_cut = True
            self._world.note(self._name, "end")
            self._end()
            return
        count = len(self._bytes)
        if self._world.chance(self._weather.splits):
            count = self._world.number(1, count)
        piece = bytes(self._bytes[:count])
        del self._bytes[:count]
        self._world.note(self._name, f"{count} bytes {crc32(piece):08x}")
        if self._bytes or self._is_ending:
            self._move()
        self._arrive(piece)


class Line:
    """One connection: `up` to the server and `down` to the client. It breaks once."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.up: Stream
        self.down: Stream
        self.lose_client: Callable[[], None]
        """Have the client notice that the connection is lost. Harmless when called twice."""
        self.lose_server: Callable[[], None]
        """The same for the server."""
        self.is_broken = False
        self._world = world

    def break_(self, how: Break) -> None:
        """Break, if it is not broken."""
        if self.is_broken:
            return
        self.is_broken = True
        self._world.note(self.name, f"breaks: {how}")
        if how == "closed":
            self.up.finish()
            self.down.cut()
            self.lose_client()
            return
        if how != "down":
            self.up.cut()
        if how != "up":
            self.down.cut()
        self._world.later(self._end_client, 1, self._world.choose([20, 500]))
        self._world.later(self._end_server, 1, self._world.choose([20, 500, 5_000]))

    def _end_client(self) -> None:
        self.down.cut()
        self.lose_client()

    def _end_server(self) -> None:
        self.up.cut()
        self.lose_server()
