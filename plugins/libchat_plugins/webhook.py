"""Send what is said in rooms to a web address, for a bot that feeds others.

Messages go to hosts of an allow-list only, by HTTPS, signed if a secret is set (standardwebhooks.com: the headers
`webhook-id`, `webhook-timestamp` and `webhook-signature`). The queue has an end, and so have the tries. Neither the
secret nor the address, which with many services is a secret too, is ever shown.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from libchat.names import target_key
from libchat.plugins import Context, Message, UsageError, command, hook

LIBCHAT_API = 1

QUEUE: Final = 500
"""Messages that wait; when there are more, the oldest goes, and is counted."""
FINAL: Final = frozenset((400, 401, 403, 404, 405, 410, 413, 415, 422))
"""Answers after which it is of no use to send the same again."""


@dataclass(frozen=True)
class Config:
    """Settings in `[plugins.webhook]`."""

    url: str = field(default="", repr=False)
    allow: tuple[str, ...] = ()
    """Hosts that may be sent to, as `hooks.example.org` or `hooks.example.org:8443`."""
    secret: str = field(default="", repr=False)
    """Signs what is sent: a word of your own, or `whsec_` and base64."""
    rooms: tuple[str, ...] = ()
    """Whose messages are sent. None: of all rooms that the bot is in; private messages never are."""
    style: Literal["json", "slack", "discord"] = "json"
    allow_loopback: bool = False
    """Whether http to this machine is allowed."""
    tries: int = 5
    first_wait: float = 1.0
    """Seconds before the second try; each further wait is twice as long, up to five minutes."""
    seconds: float = 10.0
    """How long one try may take."""

    def __post_init__(self) -> None:
        """Refuse an address that is not on the list, before anything is sent."""
        if not (1 <= self.tries <= 20 and self.first_wait > 0 and self.seconds > 0):
            raise ValueError("tries is between 1 and 20; first_wait and seconds are more than 0")
        if self.url:
            check_url(self.url, self.allow, allow_loopback=self.allow_loopback)
        key_of(self.secret)


# --- pure -----------------------------------------------------------------------------------------------------------


def check_url(url: str, allow: tuple[str, ...], *, allow_loopback: bool) -> SplitResult:
    """Return the parts of an address that may be sent to. Raises ValueError, whose words do not hold the address."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError("url is no address; write it as https://HOST/PATH") from None
    if not host or parts.username is not None or any(ord(char) < 33 or ord(char) > 126 for char in url):
        raise ValueError("url is no address; write it as https://HOST/PATH, without a name or spaces in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_loopback and is_loopback(host)):
        raise ValueError("url must begin with https://; http is for this machine, with allow_loopback = true")
    names = {host, f"{host}:{port}"} if port in (None, 443) else {f"{host}:{port}"}
    if not names & {one.lower() for one in allow}:
        shown = host if port is None else f"{host}:{port}"
        raise ValueError(f'the host {shown} is not on the list; put allow = ["{shown}"] beside url if it should be')
    return parts


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_of(secret: str) -> bytes:
    """Return the key of a secret. Raises ValueError, without telling the secret."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("secret begins with whsec_, and no base64 follows; copy it whole") from None


def sign(secret: str, number: str, seconds: int, body: bytes) -> str:
    """Return the signature of a body, as standardwebhooks.com has it."""
    signed = f"{number}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def body_of(message: Message, style: str) -> bytes:
    """Return a message as the other program wants it."""
    if style == "slack":
        escaped = message.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return _json({"text": f"*{message.sender}* ({message.room}): {escaped}"})
    if style == "discord":
        text = f"**{message.sender}** ({message.room}): {message.text}"
        return _json({"content": text[:2_000], "allowed_mentions": {"parse": []}})
    value = {"room": message.room, "sender": message.sender, "text": message.text, "seq": message.seq}
    return _json({"type": "message", "time": message.time, **value})


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def waits(tries: int, first: float) -> Iterator[float]:
    """Yield how long to wait before each further try."""
    for number in range(tries - 1):
        yield float(min(first * 2**number, 300.0))


def number_of(message: Message) -> str:
    """Return what a message is known by: the same for each try, so that the other side can tell."""
    text = f"{message.target} {message.seq} {message.time} {message.sender} {message.text}"
    return "msg_" + hashlib.sha256(text.encode()).hexdigest()[:24]


# --- sending --------------------------------------------------------------------------------------------------------


Opened = Callable[[http.client.HTTPConnection], None]


def post(config: Config, number: str, seconds: int, body: bytes, opened: Opened = lambda _: None) -> int:
    """Send one body, and return the status of the answer. Redirects are not followed. Raises OSError.

    `opened` is handed the connection before it is used.
    """
    parts = check_url(config.url, config.allow, allow_loopback=config.allow_loopback)
    headers = {"Content-Type": "application/json", "User-Agent": "libchat-webhook", "webhook-id": number}
    headers["webhook-timestamp"] = str(seconds)
    if config.secret:
        headers["webhook-signature"] = sign(config.secret, number, seconds, body)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts, config.seconds)
    try:
        opened(connection)
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError("the answer is not HTTP") from error
    finally:
        connection.close()


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=seconds)
    return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=ssl.create_default_context())


@dataclass
class Tally:
    """What became of messages."""

    sent: int = 0
    dropped: int = 0
    failed: int = 0
    last: str = ""
    """Why the last one failed."""


class Sender:
    """Sends what is put into its queue, one after the other, in a thread of the plugin."""

    def __init__(self, config: Config, ctx: Context) -> None:
        self.tally = Tally()
        self._config = config
        self._closed = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._now = ctx.now
        self._queue: deque[Message] = deque()
        self._lock = threading.Lock()
        self._is_running = False
        self._start = ctx.thread

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._queue)

    def put(self, message: Message) -> None:
        """Have a message sent. Returns at once."""
        with self._lock:
            if len(self._queue) >= QUEUE:
                self._queue.popleft()
                self.tally.dropped += 1
            self._queue.append(message)
            starts, self._is_running = not self._is_running, True
        if starts:
            self._start(self._run)

    def close(self) -> None:
        """Send nothing any more: who waits for an answer, or for the next try, waits no longer."""
        self._closed.set()
        with self._lock:
            stream = self._connection.sock if self._connection is not None else None
        if stream is not None:
            with contextlib.suppress(OSError):  # it was closed meanwhile
                stream.shutdown(socket.SHUT_RDWR)

    def _opened(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._connection = connection
        if self._closed.is_set():
            raise OSError("the plugin is going")

    def _run(self) -> None:
        """Send until nothing is left: a thread that has nothing to do is no thread."""
        while message := self._next():
            self._send(message)

    def _next(self) -> Message | None:
        with self._lock:
            if self._queue and not self._closed.is_set():
                return self._queue.popleft()
            self._is_running = False
            return None

    def _send(self, message: Message) -> None:
        body, number = body_of(message, self._config.style), number_of(message)
        reason = self._try(number, body)
        for seconds in waits(self._config.tries, self._config.first_wait) if reason == "again" else ():
            if self._closed.wait(seconds):
                break
            reason = self._try(number, body)
            if reason != "again":
                break
        self._count(not reason)

    def _try(self, number: str, body: bytes) -> str:
        """Try once, and return whether to do so "again", "never", or "" when it was taken."""
        try:
            status = post(self._config, number, int(self._now()), body, self._opened)
        except OSError as error:
            self.tally.last = error.strerror or type(error).__name__  # its text might hold the address
            return "again"
        if 200 <= status < 300:
            return ""
        self.tally.last = f"the answer was {status}"
        return "never" if status in FINAL or 300 <= status < 400 else "again"

    def _count(self, is_sent: bool) -> None:
        if is_sent:
            self.tally.sent += 1
        else:
            self.tally.failed += 1


# --- the plugin -----------------------------------------------------------------------------------------------------


def sender_of(ctx: Context) -> Sender:
    """Return the sender of this plugin, made when it is first needed."""
    sender = ctx.state.setdefault("sender", Sender(ctx.config, ctx))
    assert isinstance(sender, Sender)
    return sender


@hook("message", order=90)
def forward(message: Message, ctx: Context) -> None:
    """Send a room's message on. Late in the order: as the other plugins have left it."""
    config: Config = ctx.config
    rooms = {target_key("#" + room.removeprefix("#")) for room in config.rooms}
    if config.url and message.room and (not rooms or target_key(message.room) in rooms):
        sender_of(ctx).put(message)


@hook("unload")
def stop(ctx: Context) -> None:
    """Keep nobody waiting."""
    sender_of(ctx).close()


@command("webhook")
def webhook(ctx: Context, what: Literal["status", "test"] = "status") -> str:
    """Say how the webhook is doing, or send a test."""
    config: Config = ctx.config
    if not config.url:
        raise UsageError('no address is set; put url = "https://..." and allow = ["HOST"] into [plugins.webhook]')
    sender = sender_of(ctx)
    if what == "test":
        sender.put(Message(ctx.me, ctx.room or "#test", "a test of the webhook", time=int(ctx.now() * 1000)))
        return "a test is on its way; `webhook` tells how it went"
    tally, host = sender.tally, urlsplit(config.url).hostname
    told = f"{host}: {tally.sent} sent, {sender.waiting} waiting, {tally.failed} failed, {tally.dropped} dropped"
    return f"{told}; the last failure: {tally.last}" if tally.last else told
