"""`libchat doctor`: what it prints, its exit code, and what it says of the server of this machine."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.cli.doctor import check_folder, check_listening
from libchat.client.checkup import State
from libchat.security.words import words_of
from support.program import Serving

Run = Callable[..., "CompletedProcess[str]"]

QUICK = ("doctor", "--quick")
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_all_is_well(libchat: Run, server: Serving) -> None:
    """Each step is a line that begins with its name and `ok`; the exit code is 0."""
    done = libchat(*QUICK, server.address)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert lines == [
        [name, "ok"] for name in ("name", "route", "port", "TLS", "certificate", "pin", "protocol", "clock")
    ]
    assert server.pin in done.stdout


def test_a_failure_is_told_with_its_remedy(libchat: Run) -> None:
    """A failed step is in capitals, and the line below it says what to do; the exit code is 1."""
    port = _free_port()
    done = libchat(*QUICK, f"127.0.0.1:{port}")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[2].startswith(f"port       FAILED   the machine is there, but nobody listens on port {port}")
    assert lines[3].startswith("                    -> start the server there with `libchat serve`")
    assert lines[4].startswith("TLS        skipped  needs what failed: port")


def test_json(libchat: Run, server: Serving, env: dict[str, str]) -> None:
    """--json prints an object for each step."""
    del env["LIBCHAT_PIN"]
    wrong = "sha256:" + "0" * 64
    done = libchat(*QUICK, server.address, "--json", "--pin", wrong)
    assert done.returncode == 1
    steps = {each["step"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert steps["pin"] == {
        "step": "pin",
        "state": "failed",
        "seen": f"the key is {words_of(server.pin)} ({server.pin}), but {words_of(wrong)} ({wrong}) was expected",
        "remedy": "ask who runs the server which of the two is right",
    }
    assert steps["protocol"]["state"] == "skipped"


def test_plaintext(libchat: Run, env: dict[str, str]) -> None:
    """--plaintext looks at a server without TLS."""
    with Serving("--plaintext", "--port", "0", env=env) as server:
        assert libchat(*QUICK, server.address, "--plaintext").returncode == 0
        assert "say --plaintext" in libchat(*QUICK, server.address).stdout


def test_no_address(libchat: Run) -> None:
    """What is no address is wrong usage."""
    done = libchat(*QUICK, "a:b:c")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no address" in done.stderr


def test_the_server_of_this_machine(libchat: Run, env: dict[str, str], tmp_path: Path) -> None:
    """Without an address, settings, folder and port are looked at; and if the server runs, the way to it."""
    env["LIBCHAT_SERVER_HOST"] = "127.0.0.1"
    env["LIBCHAT_SERVER_PORT"] = str(_free_port())
    env["LIBCHAT_SERVER_DATA"] = str(tmp_path / "data")
    done = libchat(*QUICK)
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["settings", "ok"],
        ["data", "ok"],
        ["listen", "ok"],
    ]
    assert "no server runs" in done.stdout
    with Serving("--port", env["LIBCHAT_SERVER_PORT"], env=env):
        done = libchat(*QUICK)
    assert done.returncode == 0
    assert "a server runs" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()][3:] == [
        *("name", "route", "port", "TLS", "certificate", "pin", "protocol", "clock"),
    ]


def test_wrong_settings(libchat: Run, tmp_path: Path) -> None:
    """A mistake in the file of settings is the first step's failure."""
    file = tmp_path / "server.toml"
    file.write_text("prot = 1\n")
    done = libchat(*QUICK, "--config", str(file))
    assert done.returncode == 1
    assert done.stdout.startswith(
        f"settings   FAILED   {file}, line 1: there is no setting 'prot'; did you mean 'port'?"
    )


def test_folders(tmp_path: Path) -> None:
    """A folder that is there, one that can be made, and what is none."""
    assert check_folder(tmp_path).state is State.OK
    assert "is made when the server starts" in check_folder(tmp_path / "new" / "deep").seen
    (tmp_path / "file").touch()
    assert check_folder(tmp_path / "file").state is State.FAILED


@pytest.mark.skipif(os.name != "posix", reason="access lists of Windows are another matter")
def test_a_key_that_others_can_read(tmp_path: Path) -> None:
    """A key that others can read is told, with the command that ends it."""
    key = tmp_path / "server-key.pem"
    key.touch(mode=0o600)
    assert check_folder(tmp_path).state is State.OK
    key.chmod(0o644)
    step = check_folder(tmp_path)
    assert step.state is State.FAILED
    assert f"chmod 600 {key}" in step.remedy


@pytest.mark.skipif(os.name != "posix" or IS_ROOT, reason="root may write anywhere")
def test_folders_of_others(tmp_path: Path) -> None:
    """A folder that cannot be written to, or made, is told."""
    tmp_path.chmod(0o500)
    assert check_folder(tmp_path).state is State.FAILED
    assert check_folder(tmp_path / "new").state is State.FAILED
    tmp_path.chmod(0o700)


def test_listening() -> None:
    """A free port, one that a server has, and an address that is not ours are told apart."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        step, is_running = check_listening("127.0.0.1", port)
        assert (step.state, is_running) == (State.OK, True)
    step, is_running = check_listening("127.0.0.1", port)
    assert (step.state, is_running) == (State.OK, False)
    step, is_running = check_listening("192.0.2.77", port)
    assert (step.state, is_running) == (State.FAILED, False)
    assert "no address 192.0.2.77" in step.seen
