"""The door: how those who are connected come to a name, or are told why not.

    let_in --> a name within `Bounds.register_seconds` --> in
    let_in --> there is no room: told so, and closed

The gate (`libchat.server.gate`) counts; the door acts on it, for the peers of one poller. Who asks for names faster
than its address may is refused each further one, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from libchat.core.pace import Pace
from libchat.errors import Code
from libchat.messages import Command, Register, Rejected
from libchat.server.bounds import Bounds
from libchat.server.deadlines import Deadlines
from libchat.server.gate import Gate
from libchat.server.peer import Peer
from libchat.server.tally import Tally


class Door:
    """Who of the established peers gets in. `clock` returns seconds that never go back."""

    def __init__(self, gate: Gate, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._gate = gate
        self._bounds = bounds
        self._refused = Tally(clock)
        self._clock = clock
        self._nameless = Deadlines()
        """Peers that had no name when they came, and until when they may do without."""

    def new_pace(self) -> Pace | None:
        """Return how fast somebody who comes now may send, None for as fast as it can."""
        bounds = self._bounds
        if not bounds.message_rate:
            return None
        return Pace(bounds.message_rate, bounds.message_burst, bounds.message_patience, int(self._clock() * 1000))

    def let_in(self, peer: Peer) -> bool:
        """Give a peer its time to take a name; or return False, if there is no room for it: then `refusal` says why."""
        peer.refusal = self._gate.establish(peer.peer)
        if peer.refusal:
            self._refused.count("refused, there are too many connections", peer.peer)
            return False
        self._nameless.add(peer, self._clock() + self._bounds.register_seconds)
        return True

    def commands(self, peer: Peer, now: int) -> Iterator[Command | Rejected]:
        """Yield what a peer has sent (`Connection.commands`). Without a name, it may ask for one only so often."""
        commands = peer.commands(now)
        return commands if peer.person is not None else self._registering(peer, commands, now)

    def _registering(
        self, peer: Peer, commands: Iterator[Command | Rejected], now: int
    ) -> Iterator[Command | Rejected]:
        for command in commands:
            reason = self._gate.register(peer.peer, now) if isinstance(command, Register) else ""
            if isinstance(command, Register) and reason:
                self._refused.count("refused, too many names are asked for", peer.peer)
                yield Rejected(Code.RATE_LIMITED, reason, command.name, command.cid)
            else:
                yield command

    @property
    def soonest(self) -> float:
        """When the first peer's time without a name is over, `inf` if all have one."""
        return self._nameless.soonest

    def close_late(self, now: float) -> list[Peer]:
        """Have those say goodbye who have taken no name in time, and return them."""
        late = [peer for peer in self._nameless.take_due(now) if peer.person is None and not peer.is_finished]
        for peer in late:
            peer.finish(f"no name was registered within {self._bounds.register_seconds:.0f} seconds")
        return late

    def leave(self, peer: Peer) -> None:
        """Make room, before another connection can have the same address."""
        self._gate.leave(peer.peer)
        self._nameless.discard(peer)
