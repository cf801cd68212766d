"""The servers of the local network, listed for a person who is asked where to go, and may answer meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from libchat.cli import output

if TYPE_CHECKING:
    from libchat.cli.screen import Screen
    from libchat.lan import Found
    from libchat.security.known_servers import KnownServer

SEARCH_SECONDS: Final = 2.0
"""How long servers are looked for: on a LAN they answer within a second."""

ADMITS: Final = {"open": "open to all", "invite": "by invite", "accounts": "accounts only"}


class Search:
    """One search, in a thread of its own, that numbers what it finds, and shows each on a screen as it comes.

    `known` are the servers that the person knows. What a server says of itself is shown as what it says: it is trusted
    by its key, as ever.
    """

    def __init__(self, screen: Screen, known: Iterable[KnownServer]) -> None:
        self._screen = screen
        self._known = tuple(known)
        self._lock = threading.Lock()  # around the list, and nothing is shown once it is over
        self._found: list[Found] = []
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="libchat-search", daemon=True)

    def start(self) -> None:
        """Begin. What the library warns of is nothing that a person could do something about."""
        logging.getLogger("zeroconf").addHandler(logging.NullHandler())
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until it is over, that long at most."""
        self._thread.join(seconds)

    def end(self) -> None:
        """Show nothing more. The search itself ends by its time."""
        with self._lock:
            self._is_over = True

    def choice(self, number: int) -> Found | None:
        """Return the server of a number as it was shown, None if there is none."""
        with self._lock:
            return self._found[number - 1] if 0 < number <= len(self._found) else None

    def _run(self) -> None:
        from libchat.client.discovery import find_servers

        try:
            find_servers(SEARCH_SECONDS, on_found=self._show)
        except (ImportError, OSError) as error:
            self._tell(f"no server can be looked for: {error}")
            return
        with self._lock:
            is_listed = bool(self._found)  # also one that has gone since: it stands above
        if not is_listed:
            self._tell("no server announces itself here, which not every network lets through")

    def _show(self, found: Found) -> None:
        """Show a server that has come, or has changed what it says."""
        with self._lock:
            same = [number for number, other in enumerate(self._found) if other.name == found.name]
            if same:
                self._found[same[0]] = found
            else:
                self._found.append(found)
            number = same[0] + 1 if same else len(self._found)
        self._tell(f"  {number}  {describe(found, self._known)}")

    def _tell(self, line: str) -> None:
        with self._lock:
            if not self._is_over:
                self._screen.tell(output.notice, line)


def describe(found: Found, known: Iterable[KnownServer]) -> str:
    """Return what a person should know of a server: its name, where it is, whom it takes, and whether it is known."""
    facts = [ADMITS.get(found.admit, ""), "" if found.pin_prefix else "without TLS", _knowledge(found, known)]
    return f"{found.name}  {found.address}  ({', '.join(filter(None, facts))})"


def _knowledge(found: Found, known: Iterable[KnownServer]) -> str:
    """Return what the file of known servers says. The key is only what was announced: anybody can announce any."""
    pins = {address: server.pin for server in known for address in server.addresses}
    pin = next((pins[address] for address in addresses_of(found) if address in pins), None)
    if not found.pin_prefix:
        return ""
    if pin is None:
        return "new"
    is_same = pin.rpartition(":")[2].startswith(found.pin_prefix)
    return "known" if is_same else "known, but with another key than before"


def addresses_of(found: Found) -> list[str]:
    """Return HOST:PORT of all addresses of a server, best first."""
    from libchat.client.address import format_address

    return [format_address(host, found.port) for host in found.addresses]
