"""A whole chat in one thread, with a network, a disk and crashes, all decided by a seed.

    sim = Sim(7)
    ana, bo = sim.client("ana"), sim.client("bo")
    bo.join("#team")
    sim.run(500)
    ana.send("#team", "hi")
    sim.crash_server()
    sim.run_until_quiet()
    assert bo.texts == ["hi"]
    sim.check()

The hub, the connections and the links are the real ones, fed with bytes; time, network and disk are simulated, so
nothing waits and nothing depends on anything but the seed. `python -m libchat.testing.sim SEED` plays the scenario of a
seed (`libchat.testing.scenario`), and shows the end of what happened if it fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from libchat.client.link import Link
from libchat.messages import Delivered
from libchat.testing.checks import assert_exactly_once, assert_in_order
from libchat.testing.client import SimClient
from libchat.testing.disk import Disk, DiskLog
from libchat.testing.history import History
from libchat.testing.host import CRASHES, Crash, Host, OpenHub, open_hub
from libchat.testing.ledger import Reader
from libchat.testing.network import Weather, draw_weather
from libchat.testing.verdict import Verdict
from libchat.testing.world import World

MOST_STEPS: Final = 200_000
"""Steps within which everything comes to rest. A scenario takes a few thousand."""


class Sim:
    """A simulated chat. The same seed makes the same run, byte for byte.

    `weather` is how the network behaves, drawn by the seed if it is not given. To see whether a mistake would be found,
    give other types: `link` of the clients, `open_log` and `open_hub` of each life of the server.
    """

    def __init__(
        self,
        seed: int,
        *,
        weather: Weather | None = None,
        link: type[Link] = Link,
        open_log: Callable[[World, Disk], DiskLog] = DiskLog,
        open_hub: OpenHub = open_hub,
        most_steps: int = MOST_STEPS,
    ) -> None:
        self._most_steps = most_steps
        self.world = World(seed)
        self.weather = weather if weather is not None else draw_weather(self.world)
        self.disk = Disk()
        self.host = Host(self.world, self.weather, self.disk, open_log, open_hub)
        self.link_type = link
        self.clients: list[SimClient] = []
        self.readers: list[Reader] = []

    @property
    def trace(self) -> list[str]:
        """One line for everything that happened."""
        return self.world.trace

    @property
    def history(self) -> History:
        """What was sent and shown, for the checks of `libchat.testing`. Texts are as they were sent first."""
        texts = {(each.conversation, each.entry.seq): each.sent for each in self.disk.written}
        return History(event for reader in self.readers for event in reader.events(texts))

    @property
    def digest(self) -> str:
        """The SHA-256 of the trace."""
        return self.world.digest

    # --- who is there, and what befalls them ------------------------------------------------------------------------

    def client(self, name: str, *, account: bool = False, keeps: bool = True) -> SimClient:
        """Have somebody come, and return them. They connect by themselves, and again whenever the connection is lost.

        `account`: the name is an account, and each client of that name another device. `keeps`: what the client's
        memory has saved outlives a crash of the client.
        """
        count = sum(client.name == name for client in self.clients)
        label = f"{name}{count + 1}" if count else name
        client = SimClient(self, name, label, is_account=account, keeps=keeps)
        self.clients.append(client)
        return client

    def crash_server(self, how: Crash | None = None, *, down: int = 1_000) -> None:
        """Have the server crash, and start again within `down` milliseconds. Chance says how, unless it is given."""
        if self.host.is_up:
            self.host.crash(how if how is not None else self.world.choose(CRASHES))
            self.world.later(self.host.start, 1, down)

    def fill_disk(self, milliseconds: int = 1_000) -> None:
        """Have nothing stored for a while."""
        self.disk.is_full = True
        self.world.note("disk", "is full")
        self.world.later(self._empty_disk, milliseconds, milliseconds)

    def hide_disk(self, milliseconds: int = 1_000) -> None:
        """Have nothing looked up for a while."""
        self.disk.is_unreadable = True
        self.world.note("disk", "cannot be read")
        self.world.later(self._show_disk, milliseconds, milliseconds)

    def _empty_disk(self) -> None:
        self.disk.is_full = False
        self.world.note("disk", "has room")

    def _show_disk(self) -> None:
        self.disk.is_unreadable = False
        self.world.note("disk", "can be read")

    # --- running ----------------------------------------------------------------------------------------------------

    def run(self, milliseconds: int) -> None:
        """Let some time pass."""
        is_over = False

        def stop() -> None:
            nonlocal is_over
            is_over = True

        self.world.later(stop, milliseconds, milliseconds)
        while not is_over:
            self.world.step()

    def run_until_quiet(self) -> None:
        """Let things happen until nothing more does. Raises `AssertionError` if they do not come to rest."""
        limit = self.world.steps + self._most_steps
        while self.world.step():
            if self.world.steps > limit:
                raise AssertionError(f"nothing came to rest within {self._most_steps} steps")
        for client in self.clients:
            if not client.is_settled:
                waiting = ", ".join(said.cid for said in client.pending) or "nothing"
                raise AssertionError(f"{client.label} has not settled: {client.link.state}, waits for {waiting}")

    # --- what came of it --------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise `AssertionError` if anything was lost, doubled or out of order (`libchat.testing.verdict`).

        When all is quiet, everybody must have been shown everything, too.
        """
        verdict = Verdict(self.readers, self.disk)
        verdict.check()
        history = self.history
        assert_exactly_once(history)
        assert_in_order(history)
        if self.world.is_quiet:
            verdict.check_quiet([(client.reader, client.rooms) for client in self.clients])

    def check_delivered(self, client: SimClient, event: Delivered) -> None:
        """Raise `AssertionError` if a client is told that somebody has what they were never shown."""
        conversation = client.reader.conversation(event.name)
        theirs = [reader for reader in self.readers if reader.name == event.name]
        last = max((stay.last for reader in theirs for stay in reader.stays.get(conversation, [])), default=0)
        if event.seq > last:
            raise AssertionError(f"{client.label} was told that {event.name} has #{event.seq}, who was shown #{last}")


if __name__ == "__main__":
    from libchat.testing.play import main

    sys.exit(main(sys.argv[1:]))
