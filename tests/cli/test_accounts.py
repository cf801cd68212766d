"""Passwords, devices and users on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from support.program import Program, Serving, TerminalProgram, run
from support.terminal import Terminal

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
StartOnTerminal = Callable[..., TerminalProgram]
OpenTerminal = Callable[..., Terminal]

PASSWORD = "correct horse battery"


@pytest.fixture
def elsewhere(env: dict[str, str], tmp_path: Path, server: Serving) -> dict[str, str]:
    """Return the environment of another device of the same person."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    return {**env, "HOME": str(home)}


def test_passwd_signs_this_device_in_and_others_give_the_password(
    libchat: Run, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    """A guest becomes an account; the device needs no password any more, another one does, by file or environment."""
    done = libchat("passwd", "--name", "ana", given=f"{PASSWORD}\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert "the password of ana is set" in done.stderr
    assert libchat("send", "ana", "x", "--name", "bo").returncode == 0
    assert libchat("who", "--name", "ana").returncode == 0
    refused = _run_with(elsewhere, "who", "--name", "ana")
    assert refused.returncode == 1
    assert "--password-file or $LIBCHAT_PASSWORD" in refused.stderr
    wrong = _run_with({**elsewhere, "LIBCHAT_PASSWORD": "wrong horse battery"}, "who", "--name", "ana")
    assert wrong.returncode == 1
    assert "do not fit" in wrong.stderr
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\nnot this\n")
    assert _run_with(elsewhere, "who", "--name", "ana", "--password-file", str(path)).returncode == 0
    assert _run_with(elsewhere, "who", "--name", "ana").returncode == 0  # signed in by then
    _check_devices(libchat, elsewhere)


def _check_devices(libchat: Run, elsewhere: dict[str, str]) -> None:
    """Both devices are listed; the other one is signed out, and has to give the password again."""
    listed = [json.loads(line) for line in libchat("devices", "--name", "ana", "--json").stdout.splitlines()]
    assert [device["current"] for device in listed] == [True, False]
    table = libchat("devices", "--name", "ana").stdout.splitlines()
    assert [line.split()[0] for line in table] == [device["id"] for device in listed]
    assert libchat("devices", "--name", "ana", "--revoke", listed[1]["id"]).returncode == 0
    assert _run_with(elsewhere, "who", "--name", "ana").returncode == 1
    unknown = libchat("devices", "--name", "ana", "--revoke", "0" * 16)
    assert unknown.returncode == 1
    assert "list of devices" in unknown.stderr


def _run_with(env: dict[str, str], *arguments: str) -> CompletedProcess[str]:
    from support.program import run

    return run(*arguments, env=env)


def test_person_is_asked_without_echo(
    libchat: Run, elsewhere: dict[str, str], env: dict[str, str], open_terminal: OpenTerminal
) -> None:
    """On a terminal the password is asked for, again when it is wrong, and never shown."""
    assert libchat("passwd", "--name", "ana", given=f"{PASSWORD}\n").returncode == 0
    env["HOME"] = elsewhere["HOME"]
    program = open_terminal("chat", "--name", "ana")
    program.expect("password of ana: ")
    program.press("wrong horse battery\n")
    program.expect("do not fit")
    program.wait(lambda: program.text.count("password of ana:") == 2, "the second question")
    program.press(f"{PASSWORD}\n")
    program.expect("welcome ana")
    program.press("who\n")
    program.expect("1 person online")
    assert b"horse" not in program.written
    assert "server: error" not in program.text
    program.press("exit\n")
    assert program.end() == 0


def test_new_password_is_asked_for_twice(server: Serving, start_on_terminal: StartOnTerminal) -> None:
    """Who mistypes it the second time types it again."""
    program = start_on_terminal("passwd", "--name", "ana")
    for prompt, typed in (("new", PASSWORD), ("once more", "other"), ("new", PASSWORD), ("once more", PASSWORD)):
        program.expect(f"{prompt} password of ana: " if prompt == "new" else "once more: ")
        program.press(f"{typed}\n")
    program.expect("the password of ana is set")
    assert "horse" not in program.screen
    assert program.end() == 0


def test_password_file_that_is_none(libchat: Run, server: Serving, tmp_path: Path) -> None:
    """A file that is missing or empty is told, when it is needed."""
    assert libchat("passwd", "--name", "ana", given=f"{PASSWORD}\n").returncode == 0
    (tmp_path / ".local/share/libchat/device-key.pem").unlink()
    for path, reason in ((tmp_path / "missing", "cannot be read"), (tmp_path / "empty", "is empty")):
        if reason == "is empty":
            path.touch()
        done = libchat("who", "--name", "ana", "--password-file", str(path))
        assert done.returncode == 2
        assert reason in done.stderr


def test_passwd_needs_a_good_password(libchat: Run, server: Serving) -> None:
    """One that is too short, or none, is refused with what is wrong."""
    for typed, code in (("short\n", 1), ("", 2)):
        done = libchat("passwd", "--name", "ana", given=typed)
        assert done.returncode == code
        assert "password" in done.stderr


def test_users_of_a_server(libchat: Run, tmp_path: Path) -> None:
    """Who runs the server makes accounts, lists and removes them, also before it was ever started."""
    data = ("--data", str(tmp_path / "data"))
    assert "there are no accounts" in libchat("users", *data).stderr
    assert libchat("users", "add", "Ana", *data, given=f"{PASSWORD}\n").returncode == 0
    again = libchat("users", "add", "ana", *data, given=f"{PASSWORD}\n")
    assert (again.returncode, "an account already" in again.stderr) == (1, True)
    assert libchat("users", "admin", "ana", *data).returncode == 0
    (line,) = libchat("users", *data, "--json").stdout.splitlines()
    assert (json.loads(line)["name"], json.loads(line)["admin"]) == ("Ana", True)
    assert libchat("users", *data).stdout.split()[::4] == ["Ana", "administrator"]
    assert libchat("users", "no-admin", "ana", *data).returncode == 0
    assert libchat("users", "passwd", "ana", *data, given="short\n").returncode == 1
    assert libchat("users", "remove", *data).returncode == 2
    assert libchat("users", "remove", "ana", *data).returncode == 0
    assert libchat("users", *data).stdout == ""


def test_devices_of_a_user(libchat: Run, env: dict[str, str], tmp_path: Path, start: Start) -> None:
    """Who runs the server sees the devices of an account, and signs one out: its connections end."""
    folder = tmp_path / "data"
    data = ("--data", str(folder))
    with Serving(*data, "--port", "0", env=env) as server:
        env["LIBCHAT_PORT"], env["LIBCHAT_PIN"] = str(server.port), server.pin
        assert libchat("passwd", "--name", "ana", given=f"{PASSWORD}\n").returncode == 0
        (line,) = libchat("users", "devices", "Ana", *data, "--json").stdout.splitlines()
        device = json.loads(line)["id"]
        assert device in libchat("users", "devices", "ana", *data).stdout
        ana = start("chat", "--name", "ana")
        ana.expect("server: welcome ana")
        wrong = libchat("users", "revoke", "ana", "0" * 16, *data)
        assert (wrong.returncode, "has no device" in wrong.stderr) == (1, True)
        done = libchat("users", "revoke", "ana", device, *data)
        assert (done.returncode, done.stderr) == (0, f"the device {device} of ana is signed out\n")
        assert ana.line().startswith("server: bye (")
        assert libchat("users", "devices", "ana", *data).stdout == ""
    assert libchat("users", "devices", "bo", *data).returncode == 1


def test_invites_of_a_server(libchat: Run, env: dict[str, str], tmp_path: Path) -> None:
    """Who runs the server sees the invites, without their tokens, and takes one back: nobody comes by it any more."""
    data = ("--data", str(tmp_path / "data"))
    with Serving(*data, "--port", "0", env=env):
        link = libchat("invite", "--room", "team", "--uses", "3", *data).stdout.strip()
        (line,) = libchat("users", "invites", *data, "--json").stdout.splitlines()
        told = json.loads(line)
        assert (told["by"], told["room"], told["uses"], told["remaining"]) == ("server", "#team", 3, 3)
        assert libchat("join", link, "--name", "ana").returncode == 0
        assert f"{told['id']}  server  team  2 of 3  20" in libchat("users", "invites", *data).stdout
        assert libchat("users", "revoke-invite", "00000000", *data).returncode == 1
        assert libchat("users", "revoke-invite", told["id"], *data).returncode == 0
        assert libchat("users", "invites", *data).stdout == ""
        refused = run("join", link, "--name", "bo", env={**env, "HOME": str(tmp_path / "bo")})
        assert (refused.returncode, "did not make this invite" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (("devices",), "users devices NAME"),
        (("revoke", "ana"), "users revoke NAME ID"),
        (("revoke-invite",), "users revoke-invite ID"),
        (("list", "ana"), "users list"),
    ],
)
def test_users_tells_what_belongs_to_an_action(libchat: Run, arguments: tuple[str, ...], form: str) -> None:
    """What is missing, or too much, is told with the form of the command."""
    done = libchat("users", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"libchat: say it as: libchat {form}\n"


def test_users_of_a_running_server(libchat: Run, env: dict[str, str], tmp_path: Path, start: Start) -> None:
    """A guest whose name is made an account while the server runs is sent away."""
    with Serving("--data", str(tmp_path / "data"), "--port", "0", "--admit", "open", env=env) as server:
        env["LIBCHAT_PORT"], env["LIBCHAT_PIN"] = str(server.port), server.pin
        guest = start("chat", "--name", "ana")
        guest.expect("server: welcome ana")
        data = ("--data", str(tmp_path / "data"))
        assert libchat("users", "add", "ana", *data, given=f"{PASSWORD}\n").returncode == 0
        assert guest.line().startswith("server: bye (ana is an account now")
        assert guest.end() == 3


def test_server_that_takes_accounts_only(env: dict[str, str], libchat: Run) -> None:
    """--admit is what the server does: a stranger is not let in."""
    with Serving("--memory", "--port", "0", "--admit", "accounts", env=env) as server:
        env["LIBCHAT_PORT"], env["LIBCHAT_PIN"] = str(server.port), server.pin
        done = libchat("who", "--name", "ana")
        assert done.returncode == 1
        assert "accounts only" in done.stderr
