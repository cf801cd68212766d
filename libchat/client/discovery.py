"""Finding servers on the local network. Needs `zeroconf` (extra `lan`), which is imported when it is used."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from libchat.lan import SERVICE_TYPE, Found, parse_service

if TYPE_CHECKING:
    from zeroconf import Zeroconf

__all__ = ["Found", "find_servers"]

_log = logging.getLogger("libchat.client")

MOST: Final = 64
"""Servers that are returned: nobody reads a longer list, and anybody may announce as many as they like."""

GRACE_SECONDS: Final = 1.0
"""How much longer than it was told `find_servers` may take, to close its sockets."""

_ANSWER_MILLISECONDS: Final = 500
"""How long one server is waited for to tell its address. On a LAN that takes a few milliseconds."""

_ASKED_AT_ONCE: Final = 8
"""Servers that are asked at the same time, so that a few that never answer hide no other."""

_ASKED: Final = 4 * MOST
"""Servers that are asked in one search. Names that nobody answers for cost nothing to announce."""


def find_servers(
    seconds: float = 2.0, *, on_found: Callable[[Found], None] | None = None, interfaces: Sequence[str] = ()
) -> list[Found]:
    """Return the servers that announce themselves on the local network within so many seconds, in order of names.

    `on_found` is called with each as it comes, in another thread, and must not take long. `interfaces` are the
    addresses of the networks to ask, all of this machine if there are none. What a server says of itself is a hint: it
    is trusted by its pin, as ever.

    Raises ImportError, which says what to install, and OSError if the network cannot be asked. The caller may be
    interrupted meanwhile; all that waits for the network does so in a thread of its own.
    """
    try:
        import zeroconf
    except ImportError as error:
        raise ImportError("finding servers needs zeroconf: install the extra 'lan', or give an address") from error
    del zeroconf
    search = _Search(seconds, on_found, interfaces)
    search.thread.start()
    search.thread.join(seconds + GRACE_SECONDS)
    return search.result()


class _Search:
    """One search, and what it has found."""

    def __init__(self, seconds: float, on_found: Callable[[Found], None] | None, interfaces: Sequence[str]) -> None:
        self._deadline = time.monotonic() + seconds
        self._on_found = on_found
        self._interfaces = list(interfaces)
        self._lock = threading.Lock()  # for a dict, and nothing else is done under it
        self._found: dict[str, Found] = {}
        self._asked: set[str] = set()
        self._error: Exception | None = None
        self._pool = ThreadPoolExecutor(_ASKED_AT_ONCE, "libchat-discovery")
        self.thread = threading.Thread(target=self._run, name="libchat-discovery", daemon=True)

    def result(self) -> list[Found]:
        """Return what was found so far. Raises OSError."""
        with self._lock:
            if self._error is not None:
                raise OSError(f"the local network cannot be asked: {self._error}") from self._error
            return sorted(self._found.values(), key=lambda found: (found.name.casefold(), found.address))

    def _run(self) -> None:
        try:
            self._browse()
        except Exception as error:  # noqa: BLE001  # the outermost frame of a thread
            with self._lock:
                self._error = error

    def _browse(self) -> None:
        from zeroconf import InterfaceChoice, ServiceBrowser, Zeroconf

        zeroconf = Zeroconf(interfaces=self._interfaces or InterfaceChoice.All)
        try:
            browser = ServiceBrowser(zeroconf, SERVICE_TYPE, handlers=[self._on_change])
            browser.join(max(self._deadline - time.monotonic(), 0.0))  # it does not end by itself: this is the wait
            browser.cancel()
        finally:
            self._pool.shutdown(cancel_futures=True)
            zeroconf.close()

    def _on_change(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: object) -> None:
        """Hear of a service that has come, changed or gone. Called in the browser's thread, with these keywords."""
        from zeroconf import ServiceStateChange

        if state_change is ServiceStateChange.Removed:
            with self._lock:
                self._found.pop(name, None)
            return
        if len(self._asked) < _ASKED or name in self._asked:
            self._asked.add(name)
            self._pool.submit(self._look_at, zeroconf, service_type, name)

    def _look_at(self, zeroconf: Zeroconf, service_type: str, name: str) -> None:
        info = zeroconf.get_service_info(service_type, name, timeout=_ANSWER_MILLISECONDS)
        found = info and parse_service(name, info.parsed_scoped_addresses(), info.port, info.properties)
        if not found:
            return
        with self._lock:
            is_new = self._found.get(name) != found and (name in self._found or len(self._found) < MOST)
            if is_new:
                self._found[name] = found
        if is_new and self._on_found is not None:
            try:
                self._on_found(found)
            except Exception:  # noqa: BLE001  # the program's own mistake, in a thread of ours
                _log.exception("on_found of a search for servers raised")
