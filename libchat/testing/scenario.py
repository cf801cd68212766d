"""The scenario of a seed: who is there, what they say to each other, and what goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from libchat.testing.client import SimClient
from libchat.testing.network import BREAKS
from libchat.testing.sim import Sim

NAMES: Final = ("ana", "bo", "cleo", "dan")
ROOMS: Final = ("#team", "#fun")

DURATION: Final = 8_000
"""Milliseconds in which people say something and things go wrong."""


class Perils(Struct, frozen=True):
    """What may go wrong in a scenario, and whom it may befall."""

    cuts: bool = True
    server_crashes: bool = True
    client_crashes: bool = True
    full_disks: bool = True
    unreadable_disks: bool = True
    accounts: bool = True
    second_devices: bool = True
    kicks: bool = True
    hard: bool = False
    """Whether there are mostly accounts with several devices, and more of everything that may go wrong."""


class Scenario:
    """A simulation in which something is always going on, for a while."""

    def __init__(self, sim: Sim, perils: Perils) -> None:
        self.sim = sim
        self._perils = perils
        self._world = sim.world
        self._said = 0

    def begin(self) -> None:
        """Have people come, and plan what they do and what befalls them."""
        world = self._world
        names = NAMES[: world.number(2, 4)]
        for name in names:
            is_account = self._perils.accounts and world.chance(0.25)
            self.sim.client(name, account=is_account, keeps=world.chance(0.75))
            if is_account and self._perils.second_devices and world.chance(0.6):
                self.sim.client(name, account=True, keeps=world.chance(0.75))
        self._plan(self._act, 10, 60)
        self._plan(self._go_wrong, 0, 12)
        if self._perils.kicks:
            self._plan(self._kick, 0, 4)

    def _plan(self, action: Callable[[], None], least: int, most: int) -> None:
        """Have something happen so many times, at any time."""
        for _ in range(self._world.number(least, most)):
            self._world.later(action, 1, DURATION)

    def _act(self) -> None:
        """Have somebody do something."""
        world = self._world
        client = world.choose(self.sim.clients)
        what = world.number(1, 20)
        if what <= 7:
            self._send(client, world.choose(ROOMS))
        elif what <= 13:
            others = [name for name in NAMES if name != client.name]
            self._send(client, world.choose(others))
        elif what <= 15:
            client.join(world.choose(ROOMS))
        elif what == 16:
            self._leave(client)
        elif what == 17:
            client.topic(world.choose(ROOMS), f"topic {self._next()}")
        else:
            self._refer(client)

    def _send(self, client: SimClient, target: str) -> None:
        for _ in range(self._world.choose([1, 1, 1, 5])):
            client.send(target, f"{client.label} {self._next()}")

    def _leave(self, client: SimClient) -> None:
        if client.rooms:
            client.leave(self._world.choose(list(client.rooms)))

    def _kick(self) -> None:
        """Have everybody who is in a room try to put somebody out of it, or to let them in again.

        Whoever is an operator there can. A ban holds for a second or two, or until it is taken back.
        """
        world = self._world
        room, other = world.choose(ROOMS), world.choose(self.sim.clients)
        what, seconds = world.number(1, 4), world.choose([0, 1, 2])
        for client in self.sim.clients:
            if not client.knows(room) or client.name == other.name:
                continue
            if what <= 2:
                client.kick(room, other.name)
            elif what == 3:
                client.ban(room, other.name, seconds)
            else:
                client.unban(room, other.name)

    def _refer(self, client: SimClient) -> None:
        """Have somebody edit, delete or answer something that they were shown or said."""
        world = self._world
        entries = [written for written in self.sim.disk.written if client.knows(written.conversation)]
        if not entries:
            return
        written = world.choose(entries)
        target, seq = client.target_of(written.conversation), written.entry.seq
        what = world.number(1, 3)
        if what == 1:
            client.edit(target, seq, f"edit {self._next()}")
        elif what == 2:
            client.delete(target, seq)
        else:
            client.react(target, seq, world.choose(["+1", "-1"]))

    def _go_wrong(self) -> None:
        """Have something break."""
        world, sim, perils = self._world, self.sim, self._perils
        what = world.number(1, 10)
        if what <= 5 and perils.cuts:
            world.choose(sim.clients).cut(world.choose(BREAKS))
        elif what in (6, 7) and perils.server_crashes:
            sim.crash_server()
        elif what == 8 and perils.client_crashes:
            world.choose(sim.clients).crash()
        elif what == 9 and perils.full_disks:
            sim.fill_disk(world.number(1, 1_000))
        elif what == 10 and perils.unreadable_disks:
            sim.hide_disk(world.number(1, 500))

    def _next(self) -> int:
        self._said += 1
        return self._said


class HardScenario(Scenario):
    """A simulation in which much goes wrong while few people, mostly accounts, come to rooms, go, and put others out.

    So a room often begins or ends while the log fails, or while something else about it is under way.
    """

    def begin(self) -> None:
        """Have people come, and plan what they do and what befalls them."""
        world, perils = self._world, self._perils
        for name in NAMES[: world.number(2, 3)]:
            is_account = perils.accounts and world.chance(0.7)
            self.sim.client(name, account=is_account, keeps=world.chance(0.75))
            for _ in range(world.number(0, 2) if is_account and perils.second_devices else 0):
                self.sim.client(name, account=True, keeps=world.chance(0.75))
        self._plan(self._act, 10, 60)
        self._plan(self._move, 0, 25)
        self._plan(self._go_wrong, 0, 20)
        if perils.kicks:
            self._plan(self._kick, 0, 10)

    def _move(self) -> None:
        """Have somebody leave a room, or enter one."""
        world = self._world
        client = world.choose(self.sim.clients)
        if client.rooms and world.chance(0.5):
            self._leave(client)
        else:
            client.join(world.choose(ROOMS))


def play(sim: Sim, perils: Perils | None = None) -> Sim:
    """Play the scenario of a simulation's seed, check what came of it, and return the simulation."""
    perils = perils if perils is not None else Perils()
    (HardScenario if perils.hard else Scenario)(sim, perils).begin()
    sim.run_until_quiet()
    sim.check()
    return sim
