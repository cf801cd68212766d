"""Servers that are announced and found: the real library, on the loopback interface alone."""

from __future__ import annotations

import logging
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from libchat.cli.doctor import check_multicast
from libchat.client.checkup import State
from libchat.client.discovery import GRACE_SECONDS, find_servers
from libchat.lan import Found
from libchat.server.discovery import STOP_SECONDS, Announcer
from libchat.server.server import Server
from support.multicast import can_multicast

pytest.importorskip("zeroconf", reason="the extra 'lan' is not installed")

LOOPBACK = ("127.0.0.1",)
PIN = "sha256:" + "0123456789abcdef" * 4
SECONDS = 30.0


pytestmark = [
    pytest.mark.skipif(not can_multicast(), reason="no multicast on loopback here"),
    pytest.mark.xdist_group("multicast"),
]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Check that no thread of ours or of the library outlives a test."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(SECONDS)
    assert not [thread for thread in left if thread.is_alive()]


@contextmanager
def announced(name: str, port: int, admit: str = "open") -> Iterator[Announcer]:
    """Announce a server meanwhile."""
    announcer = Announcer(name, "127.0.0.1", port, PIN, admit=admit, interfaces=LOOPBACK)
    announcer.start()
    try:
        assert announcer.is_announced.wait(SECONDS)
        yield announcer
    finally:
        announcer.stop()
        announcer.join()


@pytest.fixture
def announcer() -> Iterator[Announcer]:
    """Announce a server that is called like nobody else's."""
    with announced(f"office {time.monotonic_ns()}", 8123, "invite") as announcer:
        yield announcer


def _find(name: str, **fields: object) -> Found | None:
    """Return the server of this name, with these fields, if one is found within the time that a person waits."""
    for _ in range(5):
        for found in find_servers(2.0, interfaces=LOOPBACK):
            if found.name == name and all(getattr(found, key) == value for key, value in fields.items()):
                return found
    return None


def test_an_announced_server_is_found(announcer: Announcer) -> None:
    """Name, address, port, the beginning of the pin, and who may come; `on_found` hears of it in another thread."""
    heard: list[tuple[Found, threading.Thread]] = []
    found = find_servers(
        2.0, on_found=lambda each: heard.append((each, threading.current_thread())), interfaces=LOOPBACK
    )
    ours = [each for each in found if each.name == announcer.label]
    assert ours == [Found(announcer.label, ("127.0.0.1",), 8123, PIN.removeprefix("sha256:")[:16], "invite")]
    assert [thread for each, thread in heard if each in ours and thread is not threading.main_thread()]


def test_a_program_that_raises_is_told_and_stops_nothing(
    announcer: Announcer, caplog: pytest.LogCaptureFixture
) -> None:
    """What `on_found` raises goes into the log with its traceback, and the search goes on."""

    def fail(found: Found) -> None:
        raise ValueError(found.name)

    found = find_servers(2.0, on_found=fail, interfaces=LOOPBACK)
    assert announcer.label in [each.name for each in found]
    assert "on_found of a search for servers raised" in caplog.text


def test_names_that_nobody_answers_for_hide_no_other(announcer: Announcer) -> None:
    """A crowd of announced names without addresses is passed over, and the real server is found all the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        is_over = threading.Event()
        flood = threading.Thread(target=_announce_ghosts, args=(sock, 30, is_over))
        flood.start()
        found = find_servers(3.0, interfaces=LOOPBACK)
        is_over.set()
        flood.join()
    assert announcer.label in [each.name for each in found]
    assert not [each.name for each in found if each.name.startswith("ghost")]


def _announce_ghosts(sock: socket.socket, count: int, is_over: threading.Event) -> None:
    """Name services of which there is nothing more, again and again (RFC 6762, section 18; RFC 1035, section 4)."""
    kind = b"".join(bytes([len(label)]) + label for label in (b"_libchat", b"_tcp", b"local")) + b"\0"
    while not is_over.wait(0.05):
        for number in range(count):
            label = f"ghost{number}".encode()
            target = bytes([len(label)]) + label + kind
            record = kind + struct.pack("!HHIH", 12, 1, 120, len(target)) + target  # PTR, IN
            sock.sendto(struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0) + record, ("224.0.0.251", 5353))


def test_a_new_key_is_told(announcer: Announcer) -> None:
    """A server that shows another key announces that one."""
    announcer.tell("sha256:" + "f" * 64)
    assert _find(announcer.label, pin_prefix="f" * 16)


def test_two_servers_of_one_name_get_two(announcer: Announcer) -> None:
    """The second of a name is called otherwise, and both are found.

    It asks three times whether the name is free, within half a second (RFC 6762, section 8.1). On a machine that has
    much to do, datagrams are lost or answered later, and it does not know better: so it may try again.
    """
    for _ in range(5):
        with announced(announcer.label, 8124) as second:
            if second.label != announcer.label:
                assert _find(second.label, port=8124)
                return
    pytest.fail("the second server was never called otherwise")


def test_stop_does_not_wait_for_the_network() -> None:
    """A server that stops while it is just being announced has stopped within the bound."""
    announcer = Announcer("hasty", "127.0.0.1", 8125, PIN, interfaces=LOOPBACK)
    announcer.start()
    begin = time.monotonic()
    announcer.stop()
    announcer.join()
    assert time.monotonic() - begin < STOP_SECONDS + 1.0


def test_a_search_takes_as_long_as_it_says() -> None:
    """A search returns within its time and a second of grace, whatever is found."""
    begin = time.monotonic()
    find_servers(0.2, interfaces=LOOPBACK)
    assert 0.2 <= time.monotonic() - begin < 0.2 + GRACE_SECONDS + 1.0


def _run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own: the library leaves a socket open if it cannot use an interface."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=SECONDS)


def test_a_network_that_cannot_be_asked() -> None:
    """An interface that is none of this machine's is an OSError, and a failed step of the doctor."""
    done = _run(
        "from libchat.cli.doctor import check_multicast\n"
        "from libchat.client.discovery import find_servers\n"
        "print(check_multicast(0.2, ('192.0.2.77',)).state)\n"
        "try: find_servers(0.2, interfaces=['192.0.2.77'])\n"
        "except OSError as error: print(error)\n"
    )
    state, error = done.stdout.splitlines()
    assert state == "failed"
    assert error.startswith("the local network cannot be asked")


def test_an_announcement_that_fails_is_a_warning() -> None:
    """A server that cannot be announced is told about, and nothing else happens."""
    done = _run(
        "import logging; logging.basicConfig(format='%(levelname)s %(message)s')\n"
        "from libchat.server.discovery import Announcer\n"
        f"announcer = Announcer('x', '127.0.0.1', 1, '{PIN}', interfaces=['192.0.2.77'])\n"
        "announcer.start(); announcer.join()\n"
    )
    assert done.stderr.startswith("WARNING the server is not announced to the local network any more: OSError")
    assert done.stderr.count("\n") == 1


def test_the_doctor_lists_what_it_finds(announcer: Announcer) -> None:
    """`libchat doctor` names the servers that announce themselves."""
    step = check_multicast(2.0, LOOPBACK)
    assert step.state is State.OK
    assert f"{announcer.label} at 127.0.0.1:8123" in step.seen


def test_a_server_on_loopback_is_not_announced() -> None:
    """By default a server that nobody else can reach tells nobody of itself, nor does it import the library."""
    done = _run(
        "import sys, libchat\n"
        "with libchat.serve(port=0, announce=None): pass\n"
        "with libchat.serve('', port=0): pass\n"
        "print('zeroconf' in sys.modules)"
    )
    assert done.stdout == "False\n"


def test_a_server_announces_itself(caplog: pytest.LogCaptureFixture) -> None:
    """A server that is told to is announced while it runs, and has stopped within the bound although it is."""
    caplog.set_level(logging.INFO, "libchat")
    with Server(port=0, announce=True, announce_name="ours"):
        assert "libchat-announcer" in [thread.name for thread in threading.enumerate()]
    assert "libchat-announcer" not in [thread.name for thread in threading.enumerate()]


def test_a_server_announces_whom_it_admits() -> None:
    """Who looks at the list of servers sees which of them want an invite."""
    name = f"invited {time.monotonic_ns()}"
    with Server(port=0, admit="invite", announce=True, announce_name=name):
        assert _find(name, admit="invite") is not None
