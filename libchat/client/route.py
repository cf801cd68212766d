"""The hosts at which one server may be, and in which order to try them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from libchat.client.address import format_address
from libchat.errors import TrustError


class Route:
    """The hosts of a server, best first. One that worked is tried first the next time. Not thread-safe."""

    def __init__(self, hosts: Sequence[str], port: int) -> None:
        self._hosts = list(hosts)
        self._has_worked = False
        self.port = port

    @property
    def address(self) -> str:
        """The address of the host that worked last, or else of the first one."""
        return format_address(self._hosts[0], self.port)

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts, best first."""
        return tuple(self._hosts)

    def tries(self, seconds: float, clock: Callable[[], float]) -> Iterator[tuple[str, float]]:
        """Yield each host with how many seconds it may take: they share them, and what one leaves over is the others'.

        `clock` returns seconds that never go back.
        """
        deadline = clock() + seconds
        for tried, host in enumerate(tuple(self._hosts)):
            yield host, max(deadline - clock(), 0.0) / (len(self._hosts) - tried)

    def worked(self, host: str) -> None:
        """Notice which host it was."""
        self._hosts.remove(host)
        self._hosts.insert(0, host)
        self._has_worked = True

    def why(self, errors: Sequence[Exception]) -> Exception:
        """Return which of the hosts' errors, in the order of the tries, tells why the server was not found.

        A wrong key says more than silence. But once the server has been found at a host, it is that host that counts:
        the others may be anybody's by now, and the server just be away.
        """
        if self._has_worked:
            return errors[0]
        return next((error for error in errors if isinstance(error, TrustError)), errors[0])
