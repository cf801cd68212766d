"""A server: a hub behind a listening socket.

Threads: one acceptor, two for handshakes, one poller (more only where Python runs threads in parallel: on one core, two
pollers were slower than one). Threads hand connections on, downwards only, and own what they have.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from libchat.core.rooms import Quotas
from libchat.errors import Closed
from libchat.hub import Hub
from libchat.records import Retention
from libchat.security.invite import Invite
from libchat.server import whereabouts
from libchat.server.acceptor import Acceptor, listen
from libchat.server.addresses import reachable_hosts
from libchat.server.bounds import Bounds
from libchat.server.connection import Dialects
from libchat.server.credentials import Clock, Credentials, utc_now
from libchat.server.descriptors import descriptor_limit
from libchat.server.folder import Durability, open_hub
from libchat.server.gate import Gate
from libchat.server.peer import Arrival
from libchat.server.poller import Poller
from libchat.server.tally import Tally
from libchat.transport.pump import PlainPump
from libchat.wire.classic import Classic
from libchat.wire.native import Native

if TYPE_CHECKING:
    from libchat.claims import Admit
    from libchat.errors import PluginError
    from libchat.messages import Successor
    from libchat.server.discovery import Announcer
    from libchat.server.handshakes import Handshaker
    from libchat.server.plugins import ServerPlugins
    from libchat.store.base import Accounts

_log = logging.getLogger("libchat.server")

HANDSHAKERS: Final = 2
"""Threads for handshakes: one more than a busy poller leaves idle on two cores."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})


class Server:
    """Serve a hub over TLS. A context manager: it listens when the block begins, and has stopped when it ends.

    `host` is the address to listen on ("" for all), `port` 0 takes a free one. `data` is the folder that keeps the
    server's key, and in `chat.db` what was said; without one, each start has a new key and an empty log. `durability`
    is what an accepted message survives: "full" the loss of power, "normal" the end of the process, however sudden,
    "memory" nothing. `retention` is how long messages are kept, for ever unless it says otherwise. `certificate` and
    `key` are files of one's own in PEM. `plaintext` serves without TLS, on loopback only unless `insecure` is said too.
    `hub` is the chat to serve; without one, the server makes its own, and closes it when it stops. `bounds` are what it
    puts up with; a `hub` of one's own has its own `quotas`. `admit` is whom it takes: "open" everybody, "invite"
    whoever brings an invite or has an account, "accounts" nobody else. `accounts` are the accounts to look at; without
    any, it keeps its own: in `accounts.db` of its folder, or in memory. A `hub` that is given has its own, and neither
    is said. `public` are names and addresses by which others reach it and which this machine cannot know: invites name
    them first. `plugins` are loaded when it starts: names of `plugin_folder` or of installed packages, or paths of
    files; `plugin_settings` are what they find in their `Config`, by their names. `announce` tells the local network
    that the server is here (None: if others can reach it, and zeroconf is installed), as `announce_name`. `now` is the
    time of day, by which the server's certificate is renewed.

    Raises `StoreError` when the key, the certificate or the log cannot be used, `OSError` when it cannot listen,
    `PluginError` when a plugin cannot be loaded, and `ValueError` for plaintext that others could read.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        hub: Hub | None = None,
        data: Path | str | None = None,
        certificate: Path | str | None = None,
        key: Path | str | None = None,
        plaintext: bool = False,
        insecure: bool = False,
        pollers: int = 1,
        bounds: Bounds | None = None,
        durability: Durability = "full",
        retention: Retention | None = None,
        admit: Admit = "open",
        accounts: Accounts | None = None,
        public: Sequence[str] = (),
        plugins: Sequence[str | Path] = (),
        plugin_settings: Mapping[str, Mapping[str, object]] | None = None,
        plugin_folder: Path | str | None = None,
        announce: bool | None = False,
        announce_name: str = "",
        now: Clock = utc_now,
    ) -> None:
        if plaintext and not insecure and host not in LOOPBACK:
            raise ValueError(
                f"without TLS everybody on the way to {host or 'this machine'} reads along: say insecure too"
            )
        if (certificate is None) != (key is None):
            raise ValueError("certificate and key belong together: give both, or neither")
        if hub is not None and (accounts is not None or admit != "open"):
            raise ValueError("the accounts are the hub's: give them to it, and whom to admit to them")
        folder = Path(data) if data is not None else None
        self._host = host
        self._port = port
        self._folder = folder
        self._public = tuple(public)
        self._plaintext = plaintext
        self._credentials = None if plaintext else _credentials(host, folder, certificate, key, now)
        self._has_own_key = certificate is None and not plaintext
        """Whether it shows the key in its folder."""
        self._successor: Successor | None = None
        self.read_successor()
        self._owns_hub = hub is None
        self._bounds = bounds if bounds is not None else Bounds()
        quotas = Quotas(self._bounds.rooms_by_name, self._bounds.members_by_room)
        self.hub = hub if hub is not None else open_hub(folder, durability, retention, accounts, admit, quotas)
        self._plugin_folder = Path(plugin_folder) if plugin_folder is not None else None
        self._plugins = self._make_plugins(plugins, plugin_settings or {}) if plugins else None
        self._ended = threading.Event()
        """Set when the server has stopped, or cannot go on."""
        self._poller_count = pollers
        self._pollers: list[Poller] = []
        self._handshakers: list[Handshaker] = []
        self._gate = Gate(self._bounds, descriptor_limit())
        self._turned_away = Tally(time.monotonic)
        self._acceptor: Acceptor | None = None
        self._accepted_count = 0
        self._announce = host not in LOOPBACK and has_zeroconf() if announce is None else announce
        self._announce_name = announce_name
        self._announcer: Announcer | None = None

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen, and serve in the background. Raises `Closed` if the server has stopped: it serves once."""
        if self._ended.is_set():
            raise Closed("the server has stopped; make a new one")
        try:
            if self._credentials is not None:
                self._credentials.prepare()
            if self._plugins is not None:
                self._plugins.start()
            listener = listen(self._host, self._port)
        except BaseException:
            self._close_hub("the server cannot listen")
            raise
        self._port = listener.getsockname()[1]
        self._pollers = self._make_pollers()
        self._handshakers = self._make_handshakers()
        self._acceptor = Acceptor(listener, self._accepted, self._ended.set)
        for poller in self._pollers:
            poller.start()
        for handshaker in self._handshakers:
            handshaker.start()
        self._acceptor.start()
        if self._folder is not None:
            noted = whereabouts.Whereabouts(self._host, self._port, os.getpid(), self.pin, self._public)
            whereabouts.note(self._folder, noted)
        _log.info("listening on %s, key %s", self.address, self.pin or "none (plaintext)")
        self._start_announcing()

    def reload(self) -> bool:
        """Read the certificate and the key anew, and return whether there is another one to be shown.

        Those who are connected stay as they are; new handshakes see the new certificate. Raises StoreError if it cannot
        be used: then the old one is shown as before. Any thread may call this.
        """
        if self._credentials is None:
            return False
        is_new = self._credentials.reload()
        self.read_successor()
        if not is_new:
            return False
        self._show_credentials()
        return True

    def stop(self, reason: str = "the server is stopping") -> None:
        """Stop listening, tell everybody why, flush what is owed, and return when all threads have ended.

        Takes at most `Bounds.stop_seconds` and what is under way. Harmless when called twice.
        """
        if self._acceptor is None:
            return
        if self._folder is not None:
            whereabouts.remove(self._folder, self._port)
        if self._announcer is not None:
            self._announcer.stop()
        self._acceptor.stop()
        self._acceptor = None
        for handshaker in self._handshakers:
            handshaker.stop()
        for poller in self._pollers:
            poller.stop(reason)
        for poller in self._pollers:
            poller.join()
        if self._announcer is not None:
            self._announcer.join()
        self._close_hub(reason)
        _log.info("stopped: %s", reason)

    def wait(self, timeout: float | None = None) -> bool:
        """Return True when the server has stopped or failed, False after so many seconds without that."""
        return self._ended.wait(timeout)

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.stop()

    # --- where it is, and what it shows -----------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The address that it listens on, "" for all."""
        return self._host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def address(self) -> str:
        """HOST:PORT for a client on this machine."""
        host = self._host if self._host not in EVERYWHERE else "127.0.0.1"
        return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"

    @property
    def pin(self) -> str:
        """What clients pin: the hash of its key, "" without TLS."""
        return self._credentials.pin if self._credentials is not None else ""

    @property
    def words(self) -> str:
        """The pin in six words, for people who compare them; "" without TLS."""
        from libchat.security.words import words_of

        return words_of(self.pin) if self.pin else ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where others reach it, best first."""
        return reachable_hosts(self._host, self._public)

    def link(self, room: str = "") -> str:
        """Return a link that says where the server is and which key it shows, and nothing that is secret.

        Raises ValueError for what is no room, and for a host that no link can name.
        """
        return Invite(self.hosts, self._port, room, self.pin).format()

    def invite(self, room: str = "", uses: int = 1, seconds: int = 24 * 3600) -> str:
        """Return a link by which so many may come in, for so many seconds, and into a room if one is named.

        Who comes by it comes in, whomever the server takes else. Not to be called by a callback, and only while the
        server listens. Raises ValueError as `link` does, and `Refused` if there can be no such invite.
        """
        place = Invite(self.hosts, self._port, room, self.pin)
        made = self.hub.make_invite(room, uses, seconds)
        if made is None:
            return place.format()
        return replace(place, token=made.token, expires=made.expires // 1000).format()

    # --- a planned change of the key --------------------------------------------------------------------------------

    @property
    def successor(self) -> Successor | None:
        """What is announced about the next key, None if no change is planned."""
        return self._successor

    def announce_successor(self, successor: Successor | None) -> None:
        """Tell everybody who connects from now on which key comes next. Clients believe what the present one signed."""
        self._successor = successor

    def read_successor(self) -> None:
        """Look whether a change of the key is planned in the data folder, and announce it.

        A server does so when it is made; to be called when a plan was made since. Raises StoreError.
        """
        if self._folder is None or not self._has_own_key:
            return
        from libchat.security.key_change import planned_change

        self.announce_successor(planned_change(self._folder))

    @property
    def plugins(self) -> Sequence[str]:
        """The names of the plugins that are loaded."""
        return self._plugins.names if self._plugins is not None else ()

    def reload_plugins(
        self, plugins: Sequence[str | Path], settings: Mapping[str, Mapping[str, object]] | None = None
    ) -> list[PluginError]:
        """Load the present versions of these plugins, and no others; return what was wrong.

        What cannot be loaded anew goes on as it was. To be called while the server runs, by any thread.
        """
        if self._plugins is not None:
            return self._plugins.reload(plugins, settings or {})
        if plugins:
            self._plugins = self._make_plugins([], {})
            self._plugins.start()
            return self._plugins.reload(plugins, settings or {})
        return []

    def _make_plugins(self, names: Sequence[str | Path], settings: Mapping[str, Mapping[str, object]]) -> ServerPlugins:
        from libchat.server.plugins import ServerPlugins  # not every server has any

        return ServerPlugins(
            self.hub,
            names,
            folder=self._plugin_folder,
            data=self._folder,
            tables=settings,
            seconds=self._bounds.plugin_seconds,
        )

    def _close_hub(self, reason: str) -> None:
        self._ended.set()
        if self._plugins is not None:
            self._plugins.close()
        if self._owns_hub:
            self.hub.close(reason)

    # --- connections on their way, in the threads that have them ----------------------------------------------------

    def _accepted(self, sock: socket.socket, address: str) -> None:
        self._accepted_count += 1
        if self._ended.is_set():
            sock.close()
        elif not self._gate.enter(address):
            self._turned_away.count("closed at once, there are too many connections", address)
            sock.close()
        elif self._credentials is None:
            self._established((sock, PlainPump(), address, ""))
        else:
            if self._credentials.renew():
                self._show_credentials()
            self._handshakers[self._accepted_count % len(self._handshakers)].begin(sock, address)

    def _established(self, arrival: Arrival) -> None:
        self._pollers[self._accepted_count % len(self._pollers)].adopt(arrival)

    def _make_pollers(self) -> list[Poller]:
        dialects = Dialects(native=Native(), classic=Classic(datetime.fromtimestamp))
        return [
            Poller(
                self.hub,
                dialects,
                time.monotonic,
                self._ended.set,
                self._bounds,
                self._gate,
                successor=lambda: self._successor,
            )
            for _ in range(self._poller_count)
        ]

    def _make_handshakers(self) -> list[Handshaker]:
        if self._credentials is None:
            return []
        from libchat.server.handshakes import Handshaker

        context = self._credentials.context
        return [
            Handshaker(
                context,
                self.pin,
                time.monotonic,
                self._established,
                self._ended.set,
                seconds=self._bounds.handshake_seconds,
                most=-(-self._gate.handshakes // HANDSHAKERS),
                most_by_address=-(-self._bounds.handshakes_by_address // HANDSHAKERS),
                closed=self._gate.leave,
                network=self._gate.network,
            )
            for _ in range(HANDSHAKERS)
        ]

    # --- what it shows, and tells the network -----------------------------------------------------------------------

    def _show_credentials(self) -> None:
        assert self._credentials is not None
        for handshaker in self._handshakers:
            handshaker.use(self._credentials.context, self._credentials.pin)
        _log.info("another certificate is shown from now on, key %s", self.pin)
        if self._announcer is not None:
            self._announcer.tell(self.pin)

    def _start_announcing(self) -> None:
        if not self._announce:
            return
        from libchat.server.discovery import Announcer

        self._announcer = Announcer(self._announce_name, self._host, self._port, self.pin, admit=self.hub.admit)
        self._announcer.start()


def _credentials(
    host: str, data: Path | None, certificate: Path | str | None, key: Path | str | None, now: Clock
) -> Credentials:
    """Return the key and certificate that the server shows."""
    own = (Path(certificate), Path(key)) if certificate is not None and key is not None else None
    hosts = [host] if host and host not in (*LOOPBACK, *EVERYWHERE) else []
    return Credentials(data, hosts, own, now)


def has_zeroconf() -> bool:
    """Return whether the library is installed with which servers are announced and found (extra `lan`)."""
    return find_spec("zeroconf") is not None


serve = Server
"""`with libchat.serve(port=0) as server: ...`"""
