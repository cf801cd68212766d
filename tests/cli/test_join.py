"""`libchat join` and `libchat invite`: links that are made, sent on, and followed."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.cli.durations import format_duration
from libchat.security.invite import Invite, parse_invite
from libchat.security.words import words_of
from support.impostor import Impostor
from support.program import Program, Serving, run
from support.scripted import Caller, ScriptedServer
from support.terminal import Terminal

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the folder of the server's data."""
    return tmp_path / "data"


@pytest.fixture
def kept(env: dict[str, str], data: Path) -> Iterator[Serving]:
    """Serve a chat with a data folder. Programs neither know where it is nor which key it has."""
    with Serving("--data", str(data), "--port", "0", env=env) as server:
        yield server


@pytest.fixture
def link(kept: Serving) -> str:
    """Return the invite that the server prints."""
    return str(kept.told["invite"])


# --- join -----------------------------------------------------------------------------------------------------------


def test_join_by_a_link(libchat: Run, link: str, kept: Serving, env: dict[str, str]) -> None:
    """With the link alone one is in, asked nothing and told nothing; afterwards the server is known."""
    done = libchat("join", link, "--name", "ana", given="who\n")
    assert (done.returncode, done.stdout) == (0, "server: welcome ana\nserver: online (1): ana\n")
    assert done.stderr == ""
    env["LIBCHAT_PORT"] = str(kept.port)
    again = libchat("who")
    assert (again.returncode, again.stderr) == (0, "")


def test_join_into_a_room(libchat: Run, data: Path, kept: Serving) -> None:
    """The room of the invite is entered before anything is said."""
    link = libchat("invite", "--room", "team", "--data", str(data)).stdout.strip()
    done = libchat("join", link, "--name", "ana", given="hello\nserver:who\n")
    assert done.stdout == "server: welcome ana\nserver: joined team\nserver: online (1): ana\n"


def test_the_room_of_an_invite_whose_link_names_none(libchat: Run, data: Path, kept: Serving) -> None:
    """The server knows where its invite leads to; a link that was shortened leads there, too."""
    made = parse_invite(libchat("invite", "--room", "team", "--data", str(data)).stdout)
    done = libchat("join", replace(made, room="").format(), "--name", "ana", given="server:who\n")
    assert done.stdout == "server: welcome ana\nserver: joined team\nserver: online (1): ana\n"


def test_a_link_from_standard_input(libchat: Run, link: str) -> None:
    """`-` takes the link from a pipe; the lines behind it are the chat's."""
    done = libchat("join", "-", "--name", "ana", given=f"  <{link}>\nwho\n")
    assert done.stdout == "server: welcome ana\nserver: online (1): ana\n"


def test_a_link_is_pasted_at_a_prompt(open_terminal: OpenTerminal, link: str) -> None:
    """Without a link on the command line a person is asked for it, and then for a name."""
    ana = open_terminal("join")
    ana.expect("invite or address: ")
    ana.press(f"{link}\n")
    ana.expect("name: ")
    ana.press("ana\n")
    ana.expect("welcome ana")
    ana.expect("> ")
    ana.press("exit\n")
    assert ana.end() == 0


def test_what_cannot_be_followed_is_asked_again(open_terminal: OpenTerminal, kept: Serving) -> None:
    """A typing mistake is told, and asked again; then an address is typed, and its words are compared."""
    ana = open_terminal("join", "--name", "ana")
    ana.expect("invite or address: ")
    for wrong, reason in (("", "192.168.1.5"), ("two words", "is no address"), ("libchat://x", "names no port")):
        ana.press(f"{wrong}\n")
        ana.expect(reason)
    ana.press(f"{kept.address}\n")
    ana.expect(words_of(kept.pin), "[y/N]")
    ana.press("y\n")
    ana.expect("welcome ana")


@pytest.mark.parametrize(("keys", "code"), [("\x03", 0), ("\x04", 2)])
def test_no_answer_after_all(open_terminal: OpenTerminal, keys: str, code: int) -> None:
    """Ctrl-C and Ctrl-D end it cleanly while servers are looked for."""
    ana = open_terminal("join")
    ana.expect("invite or address: ")
    ana.press(keys)
    assert ana.end() == code
    assert b"Traceback" not in ana.written


def test_without_zeroconf_one_is_asked_all_the_same(
    open_terminal: OpenTerminal, env: dict[str, str], tmp_path: Path, link: str
) -> None:
    """One line says what to install to have servers listed, and the prompt does without them."""
    _hide("zeroconf", env, tmp_path)
    ana = open_terminal("join", "--name", "ana")
    ana.expect("pip install 'libchat[lan]'")
    ana.expect("invite or address: ")
    ana.press(f"{link}\n")
    ana.expect("welcome ana")
    assert "looking for servers" not in ana.text


def test_an_address_is_good_enough(libchat: Run, kept: Serving) -> None:
    """Where there is no link, an address does; its key is new then, and told with its words."""
    done = libchat("join", kept.address, "--name", "ana")
    assert (done.returncode, done.stdout) == (0, "server: welcome ana\n")
    assert f"from now on its key must be {kept.pin} ({words_of(kept.pin)})" in done.stderr


def test_a_host_alone(libchat: Run, kept: Serving, env: dict[str, str]) -> None:
    """The port of a host is that of --port or $LIBCHAT_PORT, as in `libchat chat`; that of an address goes before."""
    done = libchat("join", "127.0.0.1", "--name", "ana", "--port", str(kept.port))
    assert done.stdout == "server: welcome ana\n"
    env["LIBCHAT_PORT"] = str(kept.port)
    assert libchat("join", "127.0.0.1", "--name", "ana").stdout == "server: welcome ana\n"
    assert libchat("join", "-", "--name", "ana", given="127.0.0.1\n").stdout == "server: welcome ana\n"
    env["LIBCHAT_PORT"] = "9"
    assert libchat("join", kept.address, "--name", "ana").stdout == "server: welcome ana\n"
    env["LIBCHAT_PORT"] = "many"
    done = libchat("join", kept.address, "--name", "ana")
    assert (done.returncode, "a port is a number" in done.stderr) == (2, True)


def test_a_host_alone_at_the_start(open_terminal: OpenTerminal, kept: Serving, env: dict[str, str]) -> None:
    """Also where a bare `libchat` asks, a host that is typed alone has the port of $LIBCHAT_PORT."""
    env["LIBCHAT_PORT"] = str(kept.port)
    ana = open_terminal("start", "--name", "ana")
    ana.expect("address or 'host': ")
    ana.press("127.0.0.1\n")
    ana.expect(words_of(kept.pin), "[y/N]")


def test_the_key_of_an_address(libchat: Run, kept: Serving, env: dict[str, str]) -> None:
    """A server that is said by its address must show the key of --pin or $LIBCHAT_PIN, as in `libchat chat`."""
    done = libchat("join", kept.address, "--name", "ana", "--pin", kept.pin)
    assert (done.stdout, done.stderr) == ("server: welcome ana\n", "")
    env["LIBCHAT_PIN"] = "sha256:" + "ab" * 32
    done = libchat("join", kept.address, "--name", "ana")
    assert (done.returncode, done.stdout, "$LIBCHAT_PIN" in done.stderr) == (4, "", True)


def test_the_key_of_an_invite(libchat: Run, link: str, env: dict[str, str]) -> None:
    """The key of an invite goes before $LIBCHAT_PIN, which may be another server's; a --pin has to agree."""
    other = "sha256:" + "ab" * 32
    env["LIBCHAT_PIN"] = other
    assert libchat("join", link, "--name", "ana").stdout == "server: welcome ana\n"
    del env["LIBCHAT_PIN"]
    done = libchat("join", link, "--name", "ana", "--pin", other)
    assert (done.returncode, done.stdout, "another key" in done.stderr) == (2, "", True)


@pytest.mark.parametrize("command", [("who",), ("send", "bo", "hi"), ("chat", "--name", "ana")])
def test_a_link_instead_of_a_host(libchat: Run, link: str, command: tuple[str, ...]) -> None:
    """Every command that takes --host takes a link there."""
    done = libchat(*command, "--host", link)
    assert (done.returncode, done.stderr) == (1 if command[0] == "send" else 0, done.stderr)
    assert "new" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "code", "reason"),
    [
        ((), "", 2, "say which invite"),
        (("-",), "", 2, "no invite was given"),
        (("libchat://host/",), "", 2, "names no port"),
        (("libchat://host:1/?k=x&t=secret-token",), "", 2, "key of the link is damaged"),
        (("two words",), "", 2, "is no address"),
    ],
)
def test_what_is_no_invite(libchat: Run, arguments: tuple[str, ...], given: str, code: int, reason: str) -> None:
    """What cannot be followed is told in one line, without the secret in it."""
    done = libchat("join", *arguments, "--name", "ana", given=given)
    assert (done.returncode, done.stdout) == (code, "")
    assert reason in done.stderr
    assert "secret-token" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_nobody_is_there(libchat: Run, link: str, kept: Serving) -> None:
    """A server that is away is told with its addresses, and without the secret."""
    kept.signal(signal.SIGTERM)
    kept.end()
    done = libchat("join", f"{link}&t=secret-token", "--name", "ana")
    assert (done.returncode, done.stdout) == (3, "")
    assert kept.address in done.stderr
    assert "secret-token" not in done.stderr


def test_an_invite_with_another_key(libchat: Run) -> None:
    """Somebody in between is told apart: both keys in words, what to do, exit code 4, and nothing was said."""
    pin = "sha256:" + "ab" * 32
    with Impostor() as impostor:
        link = Invite(("127.0.0.1",), impostor.port, pin=pin).format()
        done = libchat("join", link, "--name", "ana")
    assert (done.returncode, done.stdout) == (4, "")
    assert words_of(pin) in done.stderr
    assert words_of(impostor.pin) in done.stderr
    assert "Nothing was sent to it" in done.stderr
    assert "ask for a new invite" in done.stderr
    assert impostor.heard == b""


def test_an_invite_without_a_key(libchat: Run, env: dict[str, str]) -> None:
    """A server without TLS has no key: its link says so, and whoever follows it has to say so, too."""
    with Serving("--memory", "--plaintext", "--port", "0", env=env) as server:
        link = str(server.told["invite"])
        assert parse_invite(link).pin == ""
        done = libchat("join", link, "--name", "ana")
        assert done.returncode == 3
        assert "names no key" in done.stderr
        assert "--plaintext" in done.stderr
        assert libchat("join", link, "--name", "ana", "--plaintext").stdout == "server: welcome ana\n"


@pytest.mark.parametrize(("seconds", "is_told"), [(-100, True), (3600, False)])
def test_a_refused_invite_that_is_past_its_time(libchat: Run, seconds: int, is_told: bool) -> None:
    """The server decides; if it refuses the invite, this machine's clock is a hint."""

    def script(caller: Caller) -> None:
        caller.read_until(b'"hello"')
        caller.write('{"type":"welcome","server":"test/1","log":"1","cid":"~"}')
        caller.read_until(b'"register"')
        caller.write('{"type":"error","code":"invite-expired","text":"this invite has expired","cid":"~"}')
        caller.wait_for_end()

    with ScriptedServer(script) as server:
        port = int(server.address.rpartition(":")[2])
        link = Invite(("127.0.0.1",), port, token="t", expires=int(time.time()) + seconds).format()
        done = libchat("join", link, "--plaintext", "--name", "ana")
    assert done.returncode == 1
    assert "this invite has expired" in done.stderr
    assert ("by this machine's clock" in done.stderr) is is_told


# --- invite ---------------------------------------------------------------------------------------------------------


def test_invite_prints_one_line(libchat: Run, kept: Serving, data: Path) -> None:
    """Standard output is the link and nothing else; what it is good for stands beside it."""
    done = libchat("invite", "--room", "team", "--data", str(data))
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    invite = parse_invite(done.stdout)
    assert (invite.hosts, invite.port, invite.room, invite.pin) == (("127.0.0.1",), kept.port, "#team", kept.pin)
    assert len(invite.token) == 22
    assert 0 < invite.expires - time.time() <= 24 * 3600
    assert "good for one person and 1 day; they say: libchat join" in done.stderr


def test_an_invite_of_its_own_kind(libchat: Run, kept: Serving, data: Path, env: dict[str, str]) -> None:
    """--uses and --expires are kept to: the third of two is refused, and so is one that does not exist."""

    def join_from_elsewhere(name: str) -> CompletedProcess[str]:
        return run("join", made, "--name", name, env={**env, "HOME": str(data.parent / name)})

    made = libchat("invite", "--uses", "2", "--expires", "45m", "--data", str(data)).stdout.strip()
    assert 44 * 60 < parse_invite(made).expires - time.time() <= 45 * 60
    assert [join_from_elsewhere(name).returncode for name in ("ana", "bo", "ana")] == [0, 0, 0]
    refused = join_from_elsewhere("cy")
    assert (refused.returncode, "used as often as it may" in refused.stderr) == (1, True)
    forged = libchat("join", made.replace("t=", "t=A"), "--name", "cy")
    assert (forged.returncode, "did not make this invite" in forged.stderr) == (1, True)
    for wrong in (("--uses", "0"), ("--uses", "1000000"), ("--expires", "999w")):
        done = libchat("invite", *wrong, "--data", str(data))
        assert (done.returncode in (1, 2), done.stdout) == (True, "")


def test_invite_as_json(libchat: Run, kept: Serving, data: Path) -> None:
    """--json prints one object with the link."""
    told = json.loads(libchat("invite", "--json", "--data", str(data)).stdout)
    invite = parse_invite(told["invite"])
    assert (invite.pin, invite.expires) == (kept.pin, told["expires"] // 1000)
    assert (told["room"], told["uses"]) == ("", 1)


def test_names_that_the_machine_does_not_know(libchat: Run, env: dict[str, str], data: Path) -> None:
    """--public names come first, the server's own and those of the command."""
    with Serving("--data", str(data), "--port", "0", "--public", "Chat.Example", env=env) as server:
        assert parse_invite(str(server.told["invite"])).hosts == ("chat.example", "127.0.0.1")
        assert parse_invite(libchat("invite", "--data", str(data)).stdout).hosts == ("chat.example", "127.0.0.1")
        other = libchat("invite", "--data", str(data), "--public", "::2", "--public", "b.example").stdout
        assert parse_invite(other).hosts == ("::2", "b.example", "127.0.0.1")
    done = libchat("serve", "--memory", "--port", "0", "--public", "no host")
    assert (done.returncode, done.stdout) == (2, "")
    assert "neither an address nor a name" in done.stderr


def test_no_server_runs(libchat: Run, kept: Serving, data: Path) -> None:
    """Without a server there is nothing to invite to, unless the person says on which port it is going to be."""
    kept.signal(signal.SIGTERM)
    assert kept.end() == 0
    assert not (data / "server.json").exists()
    done = libchat("invite", "--data", str(data))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no server runs there" in done.stderr
    later = libchat("invite", "--data", str(data), "--port", "1234", "--public", "a.example")
    invite = parse_invite(later.stdout)
    assert (invite.hosts[0], invite.port, invite.pin) == ("a.example", 1234, kept.pin)
    assert not {"0.0.0.0", "::", "127.0.0.1"} & set(invite.hosts) or len(invite.hosts) == 2


def test_a_server_that_was_killed(libchat: Run, kept: Serving, data: Path) -> None:
    """What a killed server has left behind is not taken for a running one."""
    kept.signal(signal.SIGKILL)
    kept.end()
    assert (data / "server.json").exists()
    done = libchat("invite", "--data", str(data))
    assert (done.returncode, done.stdout) == (1, "")
    assert "has ended without saying so" in done.stderr


def test_a_folder_without_a_server(libchat: Run, tmp_path: Path) -> None:
    """Where no server ever was, none is made up."""
    done = libchat("invite", "--data", str(tmp_path / "none"), "--port", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no key" in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("span", ["", "24", "h", "0h", "-1h", "1y", "24 h", "9999999d", "١h"])
def test_spans_that_are_none(libchat: Run, span: str) -> None:
    """What is no span of time is told with an example."""
    done = libchat("invite", f"--expires={span}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "24h" in done.stderr


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (3600, "1 hour"), (24 * 3600, "1 day"), (14 * 24 * 3600, "2 weeks")],
)
def test_spans_in_words(seconds: int, words: str) -> None:
    """Spans are told in the largest unit that fits."""
    assert format_duration(seconds) == words


def test_a_server_for_those_who_are_invited(env: dict[str, str], data: Path) -> None:
    """A server that is not open prints an invite for one; that person comes again without it, and others stay out."""

    def call(who: str, *arguments: str) -> CompletedProcess[str]:
        return run(*arguments, "--name", who, env={**env, "HOME": str(data.parent / who)})

    with Serving("--data", str(data), "--port", "0", "--admit", "invite", env=env) as server:
        link = str(server.told["invite"])
        assert call("ana", "join", link).returncode == 0
        assert call("ana", "chat", "--host", "127.0.0.1", "--port", str(server.port)).returncode == 0
        used_up, outside = call("bo", "join", link), call("bo", "chat", "--port", str(server.port))
    assert (used_up.returncode, "used as often as it may" in used_up.stderr) == (1, True)
    assert (outside.returncode, "bring an invite" in outside.stderr) == (1, True)


# --- pictures -------------------------------------------------------------------------------------------------------


def test_a_picture_of_the_link(libchat: Run, kept: Serving, data: Path) -> None:
    """--qr draws the link beside it: a square with its three corners, and nothing that a terminal obeys."""
    done = libchat("invite", "--qr", "--data", str(data))
    assert done.stdout.count("\n") == 1
    picture = [line for line in done.stderr.splitlines() if set(line) <= set("█▀▄ ") and line]
    assert len(picture) > 10
    assert len({len(line) for line in picture}) == 1
    assert len(picture) == (len(picture[0]) + 1) // 2
    assert "\x1b" not in done.stderr
    assert re.fullmatch("█{4} ▄▄▄▄▄ █.*█ ▄▄▄▄▄ █{4}", picture[2])  # what is between them may look like another corner


def test_a_server_draws_its_invite(start: Start) -> None:
    """`serve --qr` draws the invite, too."""
    server = start("serve", "--memory", "--host", "127.0.0.1", "--port", "0", "--qr")
    server.line()
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    assert "█" in server.errors


@pytest.mark.parametrize("command", [("invite", "--qr"), ("serve", "--memory", "--port", "0", "--qr")])
def test_pictures_need_a_package(libchat: Run, env: dict[str, str], tmp_path: Path, command: tuple[str, ...]) -> None:
    """Without segno, --qr is refused before anything is done, with the command that helps."""
    _hide("segno", env, tmp_path)
    done = libchat(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'libchat[qr]'" in done.stderr


def _hide(module: str, env: dict[str, str], folder: Path) -> None:
    """Have programs run as if a package were not installed."""
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    env["PYTHONPATH"] = f"{folder}:{env.get('PYTHONPATH', '')}"
