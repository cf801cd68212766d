"""Looking at the way to a server, one step after the other: what works, what does not, and what to do about it.

    name > route > port > TLS > certificate > pin > protocol > clock

Each step is a function that connects anew, so that it says something by itself, and takes at most `STEP_SECONDS` for
each address. A step that needs one that has failed is skipped. Nothing is remembered: a key that is seen for the first
time stays unknown.
"""

from __future__ import annotations

import errno
import shlex
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from libchat._version import __version__
from libchat.client.address import format_address
from libchat.client.trust import default_known_servers
from libchat.commands import VERSION, Hello
from libchat.errors import PinMismatch, ProtocolError, StoreError, TrustError
from libchat.events import Event, Failed, Welcome
from libchat.limits import LINE_BYTES
from libchat.security.known_servers import KnownServers, Verdict
from libchat.security.pins import check_pin, peer_pin
from libchat.security.tls import CLIENT_ALPN, client_context
from libchat.security.words import words_of
from libchat.text import clean_line
from libchat.wire.native import format_command, parse_event

STEP_SECONDS: Final = 5.0
"""How long a step waits for an answer: a machine on a LAN answers within a tenth of a second."""

CLOCK_SECONDS: Final = 5.0
"""How far two clocks may be apart: an answer takes that long at most, and people do not see less."""

SPEECH_SECONDS: Final = 2.0
"""How long an unknown server may take to say something by which it is recognised."""

_BANNERS: Final = ((b"SSH-", "SSH"), (b"HTTP/", "HTTP"), (b"220", "mail or FTP"), (b"* OK", "IMAP"), (b"+OK", "POP3"))
_TIMED_OUT: Final = frozenset({errno.ETIMEDOUT, errno.EAGAIN})
_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL})


class State(StrEnum):
    """How a step went."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, how it went, what was seen, and what to do about it ("" if nothing)."""

    name: str
    state: State
    seen: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Aim:
    """What to look at: a server, and how it is known. `pin` is in any form that `parse_pin` takes."""

    host: str
    port: int
    plaintext: bool = False
    pin: str | None = None
    known_servers: Path | None = None
    seconds: float = STEP_SECONDS

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return format_address(self.host, self.port)


@dataclass
class _Findings:
    """What earlier steps have learned for later ones."""

    addresses: list[str]
    certificate: bytes | None = None
    apart: float | None = None
    """Seconds by which our clock is ahead of the server's."""


def look_at(aim: Aim, now: datetime) -> Iterator[Step]:
    """Yield the steps to a server as they are done. `now` is our time, with its zone."""
    findings = _Findings([])
    begun = time.monotonic()
    steps: list[tuple[str, Callable[[], Step]]] = [
        ("name", lambda: check_name(aim, findings.addresses)),
        ("route", lambda: check_route(aim, findings.addresses)),
        ("port", lambda: check_port(aim, findings.addresses)),
    ]
    if not aim.plaintext:
        steps += [
            ("TLS", lambda: _check_tls(aim, findings)),
            ("certificate", lambda: check_certificate(findings.certificate or b"", now)),
            ("pin", lambda: check_key(aim, findings.certificate, now)),
        ]

    def clock() -> float:
        return now.timestamp() + time.monotonic() - begun

    steps.append(("protocol", lambda: _check_protocol(aim, findings, clock)))
    steps.append(("clock", lambda: check_clock(findings.apart)))
    failed = ""
    for name, run in steps:
        if failed:
            yield Step(name, State.SKIPPED, f"needs what failed: {failed}")
            continue
        step = run()
        yield step
        # A certificate's time keeps nobody out, since trust is the pin; to a wrong key nothing more is said.
        if step.state is State.FAILED and name != "certificate":
            failed = name


# --- name, route, port ----------------------------------------------------------------------------------------------


def check_name(aim: Aim, addresses: list[str]) -> Step:
    """Look the name up, and add its addresses to the list."""
    try:
        found = socket.getaddrinfo(aim.host, aim.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Step(
            "name",
            State.FAILED,
            f"{aim.host} has no address ({reason})",
            "check the spelling, or give the address that the server prints, as 192.168.1.5",
        )
    addresses += dict.fromkeys(str(each[4][0]) for each in found)
    return Step("name", State.OK, f"{aim.host} is {', '.join(addresses)}")


def check_route(aim: Aim, addresses: list[str]) -> Step:
    """Ask the system from which of our addresses it would send. Nothing is sent."""
    ways, reason = [], ""
    for address in addresses:
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((address, aim.port))
                ways.append(f"from {probe.getsockname()[0]} to {address}")
        except OSError as error:
            reason = error.strerror or str(error)
    if ways:
        return Step("route", State.OK, ", ".join(ways))
    return Step(
        "route",
        State.FAILED,
        f"this machine knows no way to {', '.join(addresses)} ({reason})",
        "is it connected to the same network, by cable, Wi-Fi or VPN?",
    )


def check_port(aim: Aim, addresses: list[str]) -> Step:
    """Connect to each address until one answers."""
    error: OSError = OSError("no address")
    for address in addresses:
        try:
            with socket.create_connection((address, aim.port), timeout=aim.seconds):
                return Step("port", State.OK, f"{format_address(address, aim.port)} takes connections")
        except OSError as failed:
            error = failed
    seen, remedy = _explain_port(aim, error)
    return Step("port", State.FAILED, seen, remedy)


def _explain_port(aim: Aim, error: OSError) -> tuple[str, str]:
    if isinstance(error, ConnectionRefusedError):
        return (
            f"the machine is there, but nobody listens on port {aim.port}",
            "start the server there with `libchat serve`, or give the port that it prints",
        )
    if isinstance(error, TimeoutError) or error.errno in _TIMED_OUT:
        return (
            f"no answer from port {aim.port}: the machine is off, or a firewall drops what is sent to it",
            f"is it on? Have its firewall let TCP port {aim.port} in",
        )
    if error.errno in _UNREACHABLE:
        return "the machine does not answer on its network", "is it on, and in the same network?"
    return f"port {aim.port} cannot be reached ({error.strerror or error})", "check address and port"


# --- TLS, certificate and pin ---------------------------------------------------------------------------------------


def _check_tls(aim: Aim, findings: _Findings) -> Step:
    step, findings.certificate = check_tls(aim)
    return step


def check_tls(aim: Aim) -> tuple[Step, bytes | None]:
    """Shake hands, and return the step and the certificate that was shown (DER)."""
    try:
        with _connect_tls(aim) as sock:
            version, protocol = sock.version(), sock.selected_alpn_protocol()
            certificate = sock.getpeercert(binary_form=True)
    except OSError as error:
        return _explain_tls(aim, error), None
    if protocol not in CLIENT_ALPN:
        return Step(
            "TLS",
            State.FAILED,
            f"{version}, but the server there does not know libchat: it is another service",
            "give the port that `libchat serve` prints",
        ), certificate
    return Step("TLS", State.OK, f"{version}, protocol {protocol}"), certificate


def _explain_tls(aim: Aim, error: OSError) -> Step:
    spoken = identify(aim)
    if spoken == "libchat":
        seen, remedy = "the server serves without TLS", "say --plaintext, or have it serve with TLS"
    elif spoken:
        seen, remedy = f"this is another service: it speaks {spoken}", "give the port that `libchat serve` prints"
    elif isinstance(error, ssl.SSLError) and error.reason in _OLD_TLS:
        seen, remedy = "the server speaks TLS, but not TLS 1.3", "give the port that `libchat serve` prints"
    elif isinstance(error, TimeoutError):
        seen = "the connection stands, but the handshake is not answered"
        remedy = "something in between may hold TLS up; or the server is too busy: try again"
    else:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        seen, remedy = f"the handshake failed ({clean_line(str(reason)).lower()})", "is this the port of the chat?"
    return Step("TLS", State.FAILED, seen, remedy)


_OLD_TLS: Final = frozenset({"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "SSLV3_ALERT_HANDSHAKE_FAILURE"})


def identify(aim: Aim) -> str:
    """Return what a server speaks that speaks no TLS: "libchat", the name of something else, or "" if that is unknown.

    Asks in the native dialect first, then as a browser would: the first is an error to HTTP, and many do not answer it.
    """
    for question in (format_command(Hello()), b"GET / HTTP/1.0\r\n\r\n"):
        answer = _ask(aim, question)
        if answer.startswith(b"{") and isinstance(_first_event(answer), Welcome):
            return "libchat"
        for banner, name in _BANNERS:
            if answer.startswith(banner):
                return name
        if answer.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
            return "HTTP"
    return ""


def _ask(aim: Aim, question: bytes) -> bytes:
    """Return the first line or so of what a server answers, in the clear."""
    try:
        with socket.create_connection((aim.host, aim.port), timeout=min(aim.seconds, SPEECH_SECONDS)) as sock:
            sock.sendall(question)
            return _read_line(sock)
    except OSError:
        return b""


def check_certificate(certificate: bytes, now: datetime) -> Step:
    """Compare our clock with the time in which the server's certificate is good."""
    from cryptography.x509 import load_der_x509_certificate

    try:
        shown = load_der_x509_certificate(certificate)
    except ValueError as error:
        return Step("certificate", State.SKIPPED, f"the certificate cannot be read ({error})")
    begin, end = shown.not_valid_before_utc, shown.not_valid_after_utc
    ours = f"our clock says {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if now < begin:
        return Step(
            "certificate",
            State.FAILED,
            f"{ours}, and the certificate begins at {begin:%Y-%m-%d %H:%M}: one of the two clocks is wrong",
            "set this machine's clock, or the server's; messages carry the server's time",
        )
    if now > end:
        return Step(
            "certificate",
            State.FAILED,
            f"{ours}, and the certificate ended at {end:%Y-%m-%d %H:%M}",
            "set this machine's clock; or renew the certificate: a server makes its own anew when it starts",
        )
    return Step("certificate", State.OK, f"{ours}; the certificate is good until {end:%Y-%m-%d}")


def check_key(aim: Aim, certificate: bytes | None, now: datetime) -> Step:
    """Compare the key with the pin that was given, or else with the known servers. Nothing is remembered."""
    try:
        if aim.pin:
            check_pin(aim.address, aim.pin, certificate)
            return Step("pin", State.OK, f"the key is the one that was given: {_in_words(peer_pin(certificate))}")
        pin = peer_pin(certificate)
        verdict = KnownServers(aim.known_servers or default_known_servers()).check(aim.address, pin, now)
    except PinMismatch as error:
        seen = f"the key is {_in_words(error.seen)}, but {_in_words(error.expected)} was expected"
        return Step("pin", State.FAILED, seen, _remedy(aim, error))
    except (TrustError, StoreError) as error:
        return Step("pin", State.FAILED, str(error), "see above")
    return Step("pin", State.OK, f"{_KNOWLEDGE[verdict]}: {_in_words(pin)}")


def _remedy(aim: Aim, error: PinMismatch) -> str:
    if aim.known_servers is None or "libchat forget" not in error.remedy:
        return error.remedy or "ask who runs the server which of the two is right"
    return f"{error.remedy} --known-servers {shlex.quote(str(aim.known_servers))}"


def _in_words(pin: str) -> str:
    return f"{words_of(pin)} ({pin})"


_KNOWLEDGE: Final = {
    Verdict.KNOWN: "the key is the known one",
    Verdict.MOVED: "the key is known, from another address",
    Verdict.FOLLOWED: "the key is the one that the server had announced",
    Verdict.NEW: "the key is new here; compare its words with those that the server prints",
}


# --- the chat itself ------------------------------------------------------------------------------------------------


def _check_protocol(aim: Aim, findings: _Findings, clock: Callable[[], float]) -> Step:
    step, welcome = check_protocol(aim)
    if welcome is not None and welcome.time:
        findings.apart = clock() - welcome.time / 1000
    return step


def check_protocol(aim: Aim) -> tuple[Step, Welcome | None]:
    """Say hello, look at the welcome, and return the step and the welcome, if it is one."""
    try:
        with _connect(aim) if aim.plaintext else _connect_tls(aim) as sock:
            sock.sendall(format_command(Hello(agent=f"libchat/{__version__} doctor")))
            answer = _first_event(_read_line(sock))
    except OSError as error:
        return Step("protocol", State.FAILED, f"the connection broke ({error.strerror or error})", "try again"), None
    if isinstance(answer, Welcome):
        server = clean_line(answer.server)
        if answer.version != VERSION:
            seen = f"{server} speaks version {answer.version} of the protocol, and this program version {VERSION}"
            return Step("protocol", State.FAILED, seen, "update the older of the two"), None
        return Step("protocol", State.OK, f"{server}, version {answer.version} of the protocol"), answer
    if isinstance(answer, Failed):
        return Step("protocol", State.FAILED, f"the server refused: {clean_line(answer.text)}", "try again later"), None
    hint = "this port may speak TLS: leave --plaintext out" if aim.plaintext else "is this a libchat server?"
    return Step("protocol", State.FAILED, "the answer is none of a chat", hint), None


def check_clock(apart: float | None) -> Step:
    """Say how far our clock is from the server's. `apart` is by how many seconds it is ahead, None if nobody knows."""
    if apart is None:
        return Step("clock", State.SKIPPED, "the server does not tell its time")
    if abs(apart) <= CLOCK_SECONDS:
        return Step("clock", State.OK, f"our clock and the server's agree within {CLOCK_SECONDS:.0f} s")
    way = "ahead of" if apart > 0 else "behind"
    return Step(
        "clock",
        State.FAILED,
        f"our clock is {_how_long(abs(apart))} {way} the server's",
        "set the one that is wrong, best by NTP; messages carry the server's time",
    )


def _how_long(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _first_event(data: bytes) -> Event | None:
    line, end, _ = data.partition(b"\n")
    try:
        return parse_event(line) if end else None
    except ProtocolError:
        return None


def _connect(aim: Aim) -> socket.socket:
    return socket.create_connection((aim.host, aim.port), timeout=aim.seconds)


def _connect_tls(aim: Aim) -> ssl.SSLSocket:
    sock = _connect(aim)
    try:
        return client_context().wrap_socket(sock)
    except BaseException:
        sock.close()
        raise


def _read_line(sock: socket.socket) -> bytes:
    """Return what a server says until its first line ends, or it says nothing more, or too much, or takes too long."""
    data = b""
    deadline = time.monotonic() + (sock.gettimeout() or STEP_SECONDS)
    try:
        while b"\n" not in data and len(data) < LINE_BYTES and (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            more = sock.recv(4096)
            if not more:
                break
            data += more
    except TimeoutError:
        pass
    return data
