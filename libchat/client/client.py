"""The blocking client: a participant whose chat is at the other end of a socket.

Threads: one that connects, reads and writes (the program's threads leave commands with the link and wake it), and, once
the program has set a callback, one that calls callbacks, so that they may do everything that the program may.

The first waits in one place only, in its selector, where it can be woken; but for the system's resolver, for what the
program is asked about a new server, and for room in the inbox when the connection is gone. While the inbox is full, the
socket is not read, so the server waits, too; what the program says still leaves.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from math import inf
from selectors import EVENT_READ, DefaultSelector
from typing import Unpack

from libchat import messages as m
from libchat._version import __version__
from libchat.client.address import format_address
from libchat.client.credentials import ask_password
from libchat.client.link import Link, State
from libchat.client.memory import Memory
from libchat.client.settings import Options, Settings
from libchat.client.wire import Wire, reach, shake_hands
from libchat.errors import ChatError, Closed, Disconnected, ProtocolError, StoreError, TrustError, reason_of
from libchat.locks import INBOX, tiered_lock
from libchat.participant import E, OnError, Participant
from libchat.transport.pump import PlainPump, Pump
from libchat.transport.tls import TlsPump
from libchat.waker import Waker

_log = logging.getLogger("libchat.client")


class Client(Participant):
    """A participant over the network. `connect` makes one.

    It connects again by itself when the connection is lost, after growing delays: `Interrupted` and `Resumed` events
    tell of it. What is sent meanwhile goes out then. It ends for good when the server says so, when the server shows
    another key, or when somebody else has taken the name meanwhile: then whoever waits gets `Disconnected`.

    `close` has everything sent that waits, if there is a connection; what is unanswered after that is lost, unless it
    is kept for the next run.
    """

    def __init__(self, name: str, settings: Settings, memory: Memory, *, on_error: OnError | None) -> None:
        super().__init__(name, inbox=settings.inbox, on_error=on_error)
        self._settings = settings
        self._route = settings.make_route()
        self._timeout = settings.timeout
        self._patience = settings.patience
        self._memory = memory
        self._lock = tiered_lock(INBOX)  # around the link
        self._credentials = settings.open_credentials()
        self._link = Link(
            name,
            memory.device,
            agent=f"libchat/{__version__}",
            memory=memory,
            begun=time.time_ns() // 1_000_000,
            credentials=self._credentials,
        )
        self.invite_room = ""
        """Where the invite leads to by which one came in, "" if to no room."""
        self._held: deque[m.Event] = deque()
        """Events for which the program has no room yet. Only the client's thread looks at them."""
        self._pin = ""
        """The pin of the key that the server has shown on this connection."""
        self._leaving = threading.Event()
        self._started = threading.Event()
        self._failure: Exception | None = None
        self._heard = 0.0
        """When the server was heard last, or the connection was made."""
        self._leave_by = inf
        self._selector = DefaultSelector()
        self._waker = Waker(self._selector)
        self._thread = threading.Thread(target=self._run, name="libchat-client", daemon=True)
        self._caller: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The server's address: of several, the one that worked last."""
        return self._route.address

    def link(self, made: m.InviteMade) -> str:
        """Return the link of an invite: where this client has found the server, which key it has shown, the token."""
        from libchat.security.invite import Invite

        hosts, port, expires = self._route.hosts, self._route.port, made.expires // 1000
        return Invite(hosts, port, made.room, self._pin, made.token, expires).format()

    def on(self, kind: type[E], callback: Callable[[E], None]) -> None:
        super().on(kind, callback)
        self._room_made()
        with self._condition:
            if self._caller is None and not self._is_closed:
                self._caller = threading.Thread(target=self._call_forever, name="libchat-callbacks", daemon=True)
                self._caller.start()

    # --- what a participant asks for --------------------------------------------------------------------------------

    def _submit(self, command: m.Command) -> None:
        with self._lock:
            self._link.submit(command)
        self._memory.save()
        self._waker.wake()

    def _consumed(self, event: m.Event) -> None:
        has_ack = False
        if isinstance(event, m.Entry):
            with self._lock:
                has_ack = self._link.consumed(event)
            self._memory.save()
        if has_ack or self._is_full:
            self._waker.wake()

    def _room_made(self) -> None:
        if self._is_full:
            self._waker.wake()

    def _leave_chat(self) -> None:
        with self._lock:
            self._link.leave()
        self._leaving.set()
        self._waker.wake()
        deadline = time.monotonic() + 2 * self._patience.linger  # one for the server, one for the program's callback
        for thread in (self._thread, self._caller):
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0.0))
                if thread.is_alive():
                    _log.warning("%s left the chat, but its thread %s does not end", self.name, thread.name)
        try:
            self._memory.close()
        except StoreError:
            _log.exception("%s left the chat, and not all of its state could be kept", self.name)

    # --- the thread -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Connect, and return when the name is ours. Raises what went wrong.

        If the server wants a password, the program is asked for it here, in its own thread.
        """
        self._thread.start()
        try:
            while not self._link.has_registered and self._failure is None:
                self._started.wait()
                self._started.clear()
                question = self._link.question
                if question is not None and self._failure is None:
                    self._give(ask_password(self._credentials, question))
        except BaseException:
            self.close()
            raise
        if self._failure is not None:
            self._thread.join()
            self._memory.close()
            raise self._failure

    def _give(self, password: str) -> None:
        with self._lock:
            self._link.give_password(password)
            self._heard = time.monotonic()
        self._waker.wake()

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001  # the outermost frame of a thread
            _log.critical("the client of %s has failed", self.name, exc_info=True)
            self._fail(error)
        finally:
            self._selector.close()
            self._waker.close()

    def _serve(self) -> None:
        delays = self._patience.delays()
        while True:
            begun = time.monotonic()
            error = self._attend()
            if self._is_final(error):
                self._hand_over_all()
                self._fail(self._link.end or error)
                return
            if time.monotonic() - begun >= self._patience.steady:
                delays = self._patience.delays()
            with self._lock:
                self._held += self._link.lost(reason_of(error))
            self._hand_over_all()
            if self._leaving.wait(next(delays)):
                return

    def _attend(self) -> Exception:
        """Connect, serve until the connection ends, and return why it did."""
        try:
            wire = self._find()
            try:
                self._converse(wire)
            finally:
                wire.close()
        except (OSError, ChatError) as error:
            return error
        return Disconnected("the server has closed the connection")

    def _find(self) -> Wire:
        """Return a connection to the first of the server's hosts where the right server answers."""
        errors: list[Exception] = []
        for host, seconds in self._route.tries(self._timeout, time.monotonic):
            try:
                wire = self._open(host, seconds)
            except (OSError, ProtocolError, TrustError) as error:
                errors.append(error)
            else:
                self._route.worked(host)
                return wire
        raise self._route.why(errors)

    def _open(self, host: str, seconds: float) -> Wire:
        """Connect to a host, which may take so many seconds for that, and as many for the handshake."""
        sock = reach(host, self._route.port, time.monotonic() + seconds, self._wait)
        try:
            return Wire(sock, self._secure(sock, format_address(host, self._route.port), seconds), self._selector)
        except BaseException:
            sock.close()
            raise

    def _secure(self, sock: socket.socket, address: str, seconds: float) -> Pump:
        """Do the handshake, check that it is the right server, and return the pump."""
        if self._settings.trust is None:
            return PlainPump()
        from libchat.security.tls import client_context

        pump = TlsPump(client_context(), is_server=False)
        shake_hands(sock, pump, time.monotonic() + seconds, self._wait)
        self._pin = self._settings.trust.check(address, pump.peer_certificate)
        if self._settings.is_pinned:
            with self._lock:  # another thread may submit
                self._memory.server_is(self._pin)
        return pump

    def _wait(self, sock: socket.socket, events: int, deadline: float) -> None:
        """Return when a socket is ready. Raises TimeoutError at the deadline, and `Closed` if the program leaves."""
        self._selector.register(sock, events, sock)
        try:
            while not self._leaving.is_set():
                ready = self._selector.select(max(deadline - time.monotonic(), 0.0))
                if any(key.data is sock for key, _ in ready):
                    return
                if not ready:
                    raise TimeoutError(f"{self.address} does not answer")
                self._waker.clear()
        finally:
            self._selector.unregister(sock)
        raise Closed(f"{self.name} has left the chat")

    def _converse(self, wire: Wire) -> None:
        """Carry commands and events until the server closes the connection, or is waited for in vain."""
        with self._lock:
            self._link.connected(self._pin)
        self._heard = time.monotonic()
        self._leave_by = inf
        self._receive(wire.read_ahead())
        while not wire.is_eof and self._link.end is None:
            seconds = self._time_left()
            wire.write(self._data_to_send)
            self._hand_over()
            wire.watch(is_reading=not self._held)
            for key, mask in self._selector.select(seconds):
                if key.data is None:
                    self._waker.clear()
                elif mask & EVENT_READ:
                    self._receive(wire.read())

    def _time_left(self) -> float:
        """Return how long the server may be waited for. Raises TimeoutError if it was in vain, and `Closed`."""
        now = time.monotonic()
        if self._leaving.is_set():
            self._leave_by = min(self._leave_by, now + self._patience.linger)
        if now >= self._leave_by:
            raise Closed(f"{self.name} has left the chat")
        if self._held or self._link.question is not None:
            self._heard = now  # nothing is read, so nothing can be heard; or the server waits for the program
        is_live = self._link.state is State.LIVE
        if now >= self._heard + (self._patience.ping if is_live else self._timeout):
            self._doubt()
            self._heard = now
        return min(self._heard + (self._patience.ping if is_live else self._timeout), self._leave_by) - now

    def _doubt(self) -> None:
        """Ask whether the server is still there. Raises TimeoutError if it was asked, or greeted, before."""
        with self._lock:
            is_lost = self._link.state is State.GREETING or self._link.quiet()
        if is_lost:
            raise TimeoutError(f"{self.address} does not answer")

    def _data_to_send(self) -> bytes:
        with self._lock:
            data = self._link.data_to_send()
        self._memory.save()
        return data

    def _receive(self, data: bytes) -> None:
        """Take what the server has sent. Raises `ProtocolError` behind the last event that could be read."""
        with self._lock:
            events = self._link.receive_data(data)
        self._memory.save()
        if self._link.state is State.LIVE:
            self._heard = time.monotonic()
        for event in events:
            if isinstance(event, m.Registered):
                self.name = event.name
                self.invite_room = event.room or self.invite_room
                self._started.set()
            else:
                self._held.append(event)
        if self._link.question is not None:
            self._started.set()
        if self._link.error is not None:
            raise self._link.error
        self._note_successor()

    def _note_successor(self) -> None:
        """Take note of the next key that the server has announced."""
        successor, self._link.successor = self._link.successor, None
        if successor is not None and self._settings.trust is not None:
            announced = self._settings.trust.note(self.address, successor)
            if announced is not None and self._settings.is_pinned:
                with self._lock:
                    self._memory.announced(self._pin, announced)
                self._memory.save()

    # --- handing over -----------------------------------------------------------------------------------------------

    def _hand_over(self) -> None:
        """Give the program what it has room for."""
        while self._held and self._deliver(self._held[0]):
            self._held.popleft()

    def _hand_over_all(self) -> None:
        """Give the program everything, and wait until it has room for it. There is no connection meanwhile."""
        while self._held:
            with self._condition:
                self._condition.wait_for(lambda: self._has_room(self._held[0]))
            self._hand_over()

    def _call_forever(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._called or self._is_ended)
                if self._is_closed or not self._called:
                    return
            self._call_back()

    # --- the end ----------------------------------------------------------------------------------------------------

    def _is_final(self, error: Exception) -> bool:
        """Return whether trying again is of no use, or not wanted."""
        return self._leaving.is_set() or not (self._settings.reconnect and self._link.may_return(error))

    def _fail(self, error: Exception) -> None:
        if not self._link.has_registered:
            self._failure = error
        elif not self._leaving.is_set():
            self._disconnect(reason_of(error), None if isinstance(error, Disconnected) else error)
        self._started.set()


def connect(address: str, name: str, *, on_error: OnError | None = None, **options: Unpack[Options]) -> Client:
    """Connect to a server, take a name, and return the participant.

    `address` is HOST, HOST:PORT or the link of an invite (see `Server.invite`). The server must show the key of the
    invite, or of `pin` (see `Server.pin`). Without either, the file of known servers decides (the user's own one,
    unless another is given as `known_servers`), and `accept_new` is asked about a server that is not in it: it gets
    address and pin, and returns whether to trust it from now on. Without it, a new server is trusted, with a warning in
    the log.
    `plaintext` is for a server without TLS; none of this is asked then.

    The hosts of an invite are tried in their order, and share the `timeout`. If `known_servers` is given, the server of
    an invite is remembered there. A key that the server has announced, signed with its present one, is followed: by the
    file of known servers, and while the client lives, or from run to run by its `state`, also by a pin.

    `state` is a folder where the client keeps what it must know after a restart of the program, for one name at one
    server and for one process at a time: its device, what was sent and not answered (it goes out first, in order), and
    what the program has taken (it does not come again, also when the program was killed before it did anything with
    it). A program that repeats its own sends with the same `cid` gets the receipt of the first.

    `password` is that of the name's account, or makes it one, if the server is open. A function is asked for it when
    the server wants one, as often as it is wrong, with the reason in words; it returns "" to give up. `key` is the
    device's own: a `DeviceKey`, or the folder that keeps it, where it is made if it is not there. Once it is signed in
    by a password, it stands for it, and the password is forgotten. A `state` folder has a key of its own if there is a
    password. `token` is that of an invite.

    `device` is a secret of at most `CID_BYTES` characters by which the server knows this client again, also after a
    restart of the program; without one, each client makes its own, or finds it in `state`. `reconnect` False ends with
    the first lost connection. `timeout` is how many seconds the server may take to be reached, to shake hands, and to
    give the name, each; `patience` says how long it is waited for later. `inbox` is how many events wait for the
    program; `on_error` gets what callbacks raise.

    Raises ValueError for an address, invite, pin or device that is none, `OSError` if the server cannot be reached,
    `TrustError` if it is not the right one, `ProtocolError` if it is no libchat server, `NameTaken`, `PasswordNeeded`,
    `WrongPassword`, `Refused` if it refuses the name otherwise, and `StoreError` if the key, the file of known servers
    or the folder `state` cannot be used, or if that belongs to another name, server or client.
    """
    settings = Settings(address, options)
    memory = settings.open_memory(name)
    try:
        client = Client(name, settings, memory, on_error=on_error)
    except BaseException:
        memory.close()
        raise
    client._start()
    return client
