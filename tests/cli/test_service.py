"""What a service manager sees: readiness, reloading, stopping; and the files for systemd and for containers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.cli.notify import notify
from libchat.cli.settings.sources import read_file
from libchat.cli.settings.table import settings
from libchat.security.identity import CERTIFICATE_FILE, KEY_FILE, load_identity
from libchat.security.pins import peer_pin
from support.logfile import make_log
from support.program import COMMAND, PATIENCE, Program, Serving, environment
from support.wire import open_tls

Run = Callable[..., "CompletedProcess[str]"]

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
FILTER = """
from dataclasses import dataclass
from libchat.plugins import *

@dataclass
class Config:
    words: tuple[str, ...] = ("damn",)

@hook("message")
def look(message: Message, ctx: Context):
    if any(word in message.text for word in ctx.config.words):
        return Drop("mind your words")
"""

UNIT = DEPLOY / "libchat.service"
CONTAINER = DEPLOY / "Containerfile"
BACKUP = DEPLOY / "libchat-backup.service"
SETTINGS = DEPLOY / "server.toml"

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="service managers of other systems are not told")


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(PATIENCE)

    def hear(self) -> list[str]:
        """Return the lines of the next message."""
        return self._socket.recv(4096).decode().split("\n")

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, env: dict[str, str]) -> Iterator[Manager]:
    """Listen as a service manager does, and have the programs know."""
    env["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    manager = Manager(env["NOTIFY_SOCKET"])
    yield manager
    manager.close()


# --- readiness and stop ---------------------------------------------------------------------------------------------


def test_what_a_service_manager_is_told(manager: Manager, env: dict[str, str]) -> None:
    """Ready once the port takes connections, reloading with its time and ready again, stopping when it is asked to."""
    with Serving("--memory", "--port", "0", env=env) as server:
        status = f"STATUS=listening on port {server.port}, key {server.pin}"
        assert manager.hear() == ["READY=1", status]
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        server.signal(signal.SIGHUP)
        reloading, told_at = manager.hear()
        assert reloading == "RELOADING=1"
        assert before <= int(told_at.removeprefix("MONOTONIC_USEC=")) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        assert manager.hear() == ["READY=1", status]
        server.signal(signal.SIGTERM)
        assert manager.hear()[0] == "STOPPING=1"
        assert server.end() == 0


def test_a_server_that_cannot_start_is_never_ready(manager: Manager, env: dict[str, str], server: Serving) -> None:
    """Nothing is ready if the port is taken."""
    assert manager.hear()[0] == "READY=1"  # the first server's
    with Program("serve", "--memory", "--host", "127.0.0.1", "--port", str(server.port), env=env) as second:
        assert second.end() == 1
    notify("LAST=1", environ=env)
    assert manager.hear() == ["LAST=1"]


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="the abstract name space is Linux's own")
def test_an_abstract_socket() -> None:
    """A name that begins with @ is one of the abstract name space."""
    name = f"libchat-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    assert notify("READY=1", environ={"NOTIFY_SOCKET": f"@{name}"})
    assert manager.hear() == ["READY=1"]
    manager.close()


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@nobody-listens-here"])
def test_nobody_to_be_told(address: str) -> None:
    """Without a service manager, or with one that is gone, nothing happens."""
    assert not notify("READY=1", environ={"NOTIFY_SOCKET": address})


# --- SIGHUP ---------------------------------------------------------------------------------------------------------


def _shown_pin(server: Serving) -> str:
    pem = ssl.get_server_certificate(("127.0.0.1", server.port), timeout=PATIENCE)
    return peer_pin(ssl.PEM_cert_to_DER_cert(pem))


def _end(server: Serving) -> datetime:
    """Return until when the certificate is good that a server shows."""
    from cryptography.x509 import load_pem_x509_certificate

    pem = ssl.get_server_certificate(("127.0.0.1", server.port), timeout=PATIENCE)
    return load_pem_x509_certificate(pem.encode()).not_valid_after_utc


def _own_files(folder: Path, to: Path, now: datetime) -> tuple[str, ...]:
    load_identity(folder, now)
    for name in (CERTIFICATE_FILE, KEY_FILE):
        (to / name).write_bytes((folder / name).read_bytes())
    return ("--cert", str(to / CERTIFICATE_FILE), "--key", str(to / KEY_FILE))


@pytest.mark.parametrize("has_same_key", [True, False])
def test_sighup_shows_the_new_certificate(
    manager: Manager, env: dict[str, str], tmp_path: Path, start: Callable[..., Program], *, has_same_key: bool
) -> None:
    """A certificate renewed on disk is shown after SIGHUP; those who are connected stay, and notice nothing."""
    now = datetime.now(UTC)
    folder = tmp_path / "first"
    options = _own_files(folder, tmp_path, now - timedelta(days=30))
    with Serving("--memory", "--port", "0", *options, env=env) as server:
        manager.hear()
        env["LIBCHAT_PORT"], env["LIBCHAT_PIN"] = str(server.port), server.pin
        ana = start("chat", "--name", "ana")
        ana.expect("server: welcome ana")
        before = _end(server)
        if has_same_key:
            (folder / CERTIFICATE_FILE).unlink()
        _own_files(folder if has_same_key else tmp_path / "second", tmp_path, now)
        server.signal(signal.SIGHUP)
        assert manager.hear()[0] == "RELOADING=1"
        assert manager.hear()[0] == "READY=1"
        assert _end(server) > before
        assert (_shown_pin(server) == server.pin) is has_same_key
        ana.write("who")
        ana.expect("server: online (1): ana")


def test_a_reload_that_fails_is_loud_and_changes_nothing(manager: Manager, env: dict[str, str], tmp_path: Path) -> None:
    """A broken key, or a mistake in the file of settings, is an error in the log, and the old certificate stays."""
    options = _own_files(tmp_path / "first", tmp_path, datetime.now(UTC))
    settings_file = tmp_path / "server.toml"
    settings_file.write_text("", encoding="utf-8")
    with Serving("--memory", "--port", "0", *options, "--config", str(settings_file), env=env) as server:
        manager.hear()
        (tmp_path / KEY_FILE).write_text("nonsense")
        for mistake in ("", "prot = 1"):
            settings_file.write_text(mistake, encoding="utf-8")
            server.signal(signal.SIGHUP)
            assert manager.hear()[0] == "RELOADING=1"
            assert manager.hear()[0] == "READY=1"
            assert _shown_pin(server) == server.pin
        server.signal(signal.SIGTERM)
        assert server.end() == 0
    first, second = server.errors.splitlines()
    assert "ERROR nothing was reloaded" in first
    assert "holds no private key that can be used" in first
    assert "there is no setting 'prot'; did you mean 'port'?" in second


def test_sighup_reads_how_much_is_logged(manager: Manager, env: dict[str, str], tmp_path: Path) -> None:
    """The level of the log may change while the server runs."""
    file = tmp_path / "server.toml"
    file.write_text("", encoding="utf-8")
    with Serving("--memory", "--port", "0", "--config", str(file), env=env) as server:
        manager.hear()
        file.write_text('log_level = "info"\n', encoding="utf-8")
        server.signal(signal.SIGHUP)
        manager.hear()
        manager.hear()
        server.signal(signal.SIGTERM)
        assert server.end() == 0
    assert "INFO reloaded; the certificate is the same" in server.errors
    assert "INFO stopped: the server is stopping" in server.errors


def test_sighup_loads_plugins_anew(manager: Manager, env: dict[str, str], tmp_path: Path) -> None:
    """The present version and settings count after SIGHUP; what cannot be loaded is loud, and goes on as it was."""
    plugin, file = tmp_path / "word_filter.py", tmp_path / "server.toml"
    plugin.write_text(FILTER, encoding="utf-8")
    own = '[plugins]\nload = "word_filter.py"\n\n[plugins.word_filter]\nwords = ["heck"]\n'
    file.write_text(own, encoding="utf-8")
    with Serving("--memory", "--port", "0", "--config", str(file), env=env) as server, open_tls(server) as ana:
        manager.hear()
        ana.send("server:register Ana", "join tea", "heck")
        ana.expect("server: welcome Ana", "server: joined tea", "server: error dropped: mind your words")
        for text in (own.replace("heck", "tea"), own.replace("words", "wrds")):
            file.write_text(text, encoding="utf-8")
            server.signal(signal.SIGHUP)
            manager.hear()
            manager.hear()
            ana.send("heck", "tea")
            ana.expect("server: error dropped: mind your words")
        server.signal(signal.SIGTERM)
        assert server.end() == 0
    assert "has no setting 'wrds'; did you mean 'words'?; the version before goes on" in server.errors


# --- the files ------------------------------------------------------------------------------------------------------


def _unit() -> dict[str, list[str]]:
    """Return the values of each key of the unit."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def _variables(words: str) -> set[str]:
    return {word.partition("=")[0] for word in words.split() if word.startswith("LIBCHAT_")}


def test_the_unit_says_what_it_promises() -> None:
    """The service has a user of its own, a folder of its own, and nothing else it may write to."""
    unit = _unit()
    for key, value in {
        "Type": "notify",
        "DynamicUser": "yes",
        "StateDirectory": "libchat",
        "ProtectSystem": "strict",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ExecStart": "/opt/libchat/bin/libchat serve",
        "RestartPreventExitStatus": "2",  # wrong settings do not mend themselves
        "ExecReload": "/bin/kill -HUP $MAINPID",
    }.items():
        assert unit[key] == [value]
    known = {setting.variable for setting in settings()}
    assert _variables(unit["Environment"][0]) <= known


def test_the_settings_that_come_along_fit_the_unit() -> None:
    """The file of settings is one, its folder is the unit's, and the unit overrules nothing else in it."""
    unit = _unit()
    said = {each.setting.variable: each.value for each in read_file(SETTINGS)}
    assert said["LIBCHAT_SERVER_DATA"] == Path("/var/lib") / unit["StateDirectory"][0]
    assert said["LIBCHAT_SERVER_LOG_LEVEL"] == "info"
    assert _variables(unit["Environment"][0]) == {"LIBCHAT_SERVER_DATA"}


def test_the_container_says_what_it_promises() -> None:
    """The container runs without rights, keeps all in /data, and is asked how it is by a libchat command."""
    text = CONTAINER.read_text(encoding="utf-8")
    for line in ("USER 10001", "VOLUME /data", "STOPSIGNAL SIGTERM", 'ENTRYPOINT ["libchat"]', 'CMD ["serve"]'):
        assert line in text.splitlines()
    assert 'CMD ["libchat", "doctor", "--quick", "127.0.0.1:8080"]' in text
    known = {setting.variable for setting in settings()}
    assert _variables(text) - {"LIBCHAT_SERVER_KEEP_DAYS=90"} <= known


def test_the_question_of_the_container_is_answered(libchat: Run, server: Serving) -> None:
    """The command by which a container is asked how it is says yes of a server that runs, and no when it has gone."""
    command = ("doctor", "--quick", f"127.0.0.1:{server.port}")
    assert libchat(*command).returncode == 0
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    assert libchat(*command).returncode == 1


def test_the_nightly_backup(tmp_path: Path) -> None:
    """What the unit of the backup types copies all that a server keeps into a folder with the date, and checks it."""
    data, copies = tmp_path / "data", tmp_path / "copies"
    data.mkdir()
    copies.mkdir()
    make_log(data / "chat.db")
    text = BACKUP.read_text(encoding="utf-8").replace("\\\n", "")
    (command,) = re.findall(r"^ExecStart=/bin/sh -ec '(.*)'$", text, re.MULTILINE)
    program = shlex.join(COMMAND)
    places = {"/opt/libchat/bin/libchat": program, "/var/lib/libchat": str(data), "/var/backups/libchat": str(copies)}
    for there, here in {**places, "%%": "%", "$$": "$"}.items():
        assert there in command
        command = command.replace(there, here)
    done = subprocess.run(
        ["/bin/sh", "-ec", command], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    (copy,) = copies.iterdir()
    assert copy.name.startswith("20")
    assert f"{copy / 'chat.db'} is right" in done.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """The real systemd finds no mistake in the units, and calls what is left open small."""
    unit, *others = [tmp_path / path.name for path in (UNIT, BACKUP, BACKUP.with_suffix(".timer"))]
    for path in (unit, *others):
        text = (DEPLOY / path.name).read_text(encoding="utf-8")
        path.write_text(text.replace("/opt/libchat/bin/libchat", shutil.which("true") or ""), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit, *others], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
