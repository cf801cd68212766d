"""Telling the local network that a server is here. Needs `zeroconf` (extra `lan`), which is imported when it starts.

The library asks the network for a second and a half whether the name is free, and has threads of its own, so all of it
is done in a thread beside the server: neither start nor stop waits for it longer than `STOP_SECONDS`. Whatever goes
wrong is a warning in the log: the server serves without being found.
"""

from __future__ import annotations

import logging
import socket
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from libchat.lan import SERVICE_TYPE, format_label, format_properties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zeroconf import ServiceInfo, Zeroconf

_log = logging.getLogger("libchat.server")

STOP_SECONDS: Final = 3.0
"""How long a stopping server waits for its farewell: usually it takes a quarter of a second."""

EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})


class Announcer:
    """Announce one server, in a thread of its own.

    `host` is the address that it listens on. `interfaces` are the addresses of the networks that are told, all of this
    machine if there are none.
    """

    def __init__(
        self, name: str, host: str, port: int, pin: str, *, admit: str = "open", interfaces: Sequence[str] = ()
    ) -> None:
        self.label = format_label(name or f"libchat on {socket.gethostname().partition('.')[0]}")
        """What the server is called; the network may say that it is called otherwise."""
        self._host = host
        self._port = port
        self._pin = pin
        self._admit = admit
        self._interfaces = list(interfaces)
        self._condition = threading.Condition()
        self._is_stopping = False
        self._has_news = False
        self.is_announced = threading.Event()
        """Set when the network has been told."""
        self._thread = threading.Thread(target=self._run, name="libchat-announcer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell(self, pin: str) -> None:
        """Announce another key. Any thread may call this."""
        with self._condition:
            self._has_news = self._has_news or pin != self._pin
            self._pin = pin
            self._condition.notify_all()

    def stop(self) -> None:
        """Have the network told that the server has gone. Then `join`."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()

    def join(self) -> None:
        """Return when the thread has ended, or does not within a bound."""
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            _log.warning("taking back the announcement to the local network takes too long; it ends by itself")

    def _run(self) -> None:
        try:
            self._announce()
        except ImportError:
            _log.warning("the server is not announced: install the extra 'lan' (zeroconf), or say --no-announce")
        except Exception as error:  # noqa: BLE001  # the outermost frame of a thread: the server serves without it
            _log.warning(
                "the server is not announced to the local network any more: %s %s", type(error).__name__, str(error)
            )

    def _announce(self) -> None:
        from zeroconf import InterfaceChoice, Zeroconf

        zeroconf = Zeroconf(interfaces=self._interfaces or InterfaceChoice.All)
        try:
            info = self._info()
            zeroconf.register_service(info, allow_name_change=True)  # which changes it in place, if the name is taken
            self.label = info.name.removesuffix(f".{SERVICE_TYPE}")
            _log.info("announced to the local network as %r", self.label)
            self.is_announced.set()
            self._keep(zeroconf)
        finally:
            zeroconf.close()  # says goodbye

    def _keep(self, zeroconf: Zeroconf) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._is_stopping or self._has_news)
                if self._is_stopping:
                    return
                self._has_news = False
            zeroconf.update_service(self._info())

    def _info(self) -> ServiceInfo:
        from zeroconf import ServiceInfo

        return ServiceInfo(
            SERVICE_TYPE,
            f"{self.label}.{SERVICE_TYPE}",
            port=self._port,
            properties=format_properties(self._pin, self._admit),
            server=f"libchat-{self._port}-{_host_label()}.local.",  # the bare name is the machine's own to announce
            parsed_addresses=self._addresses(),
        )

    def _addresses(self) -> list[str]:
        if self._host not in EVERYWHERE:
            return [str(found[4][0]) for found in socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)]
        if self._interfaces:
            return self._interfaces
        return _reachable_addresses()


def _reachable_addresses() -> list[str]:
    """Return the addresses of this machine that others can use: not those of loopback, nor any that need a zone."""
    import ifaddr  # comes with zeroconf

    written = [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for each in ifaddr.get_adapters() for ip in each.ips]
    addresses = map(ip_address, written)
    return [str(address) for address in addresses if not (address.is_loopback or address.is_link_local)]


def _host_label() -> str:
    """Return the machine's name as a part of a domain name."""
    name = socket.gethostname().partition(".")[0].lower()
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in name)[:40] or "host"
