"""`libchat doctor`: what works and what does not, step by step, and what to do about it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli import output, signals
from libchat.cli.connection import add_known_servers_option, pin
from libchat.cli.data import default_data_folder
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command
from libchat.cli.server_plugins import Asked, check_plugins
from libchat.cli.settings.kinds import Value
from libchat.cli.settings.sources import effective, find_file

if TYPE_CHECKING:
    from libchat.client.checkup import Step

LOOPBACK = "127.0.0.1"


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "doctor",
        run,
        "Say step by step what works and what does not, and what to do.",
        "With an address, it looks at the way to that server: name, route, port, TLS, clock, pin and protocol.\n"
        "Without one, it looks at the server of this machine: its settings, its folder, its plugins, its port, and\n"
        "then the way to it. Nothing is changed, and no key is trusted. The exit code is 0 only if no step has failed.",
        (
            "libchat doctor",
            "libchat doctor 192.168.1.5",
            "libchat doctor chat.local:9000 --json | jq -r 'select(.state == \"failed\")'",
        ),
    )
    parser.add_argument(
        "where", nargs="?", metavar="ADDRESS", help="HOST or HOST:PORT of a server (default: the one of this machine)"
    )
    parser.add_argument(
        "--pin",
        type=pin,
        default=os.environ.get("LIBCHAT_PIN") or None,
        help="the key that the server must show (default: $LIBCHAT_PIN, or else what the file of known servers says)",
    )
    add_known_servers_option(parser)
    parser.add_argument("--plaintext", action="store_true", help="the server serves without TLS (default: TLS)")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="file of the server's settings (default: as in 'libchat serve')"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        dest="is_quick",
        help="leave out the search of the local network, which takes two seconds (default: search)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: step, state (ok, failed or skipped), seen and remedy (default: words)",
    )


def run(options: Options) -> int:
    """Print the steps."""
    signals.install()
    from libchat.client.checkup import State

    has_failed = False
    for step in _steps(options):
        has_failed = has_failed or step.state is State.FAILED
        _print(step, as_json=options.json)
    return Exit.REFUSED if has_failed else Exit.OK


def _print(step: Step, *, as_json: bool) -> None:
    if as_json:
        seen, remedy = output.safe_line(step.seen), output.safe_line(step.remedy)
        output.say_json(step=step.name, state=step.state, seen=seen, remedy=remedy)
        return
    word = "FAILED" if step.state == "failed" else step.state
    output.say(f"{step.name:<10} {word:<8} {step.seen}")
    if step.remedy:
        output.say(f"{'':<10} {'':<8} -> {step.remedy}")


def _steps(options: Options) -> Iterator[Step]:
    from libchat.client.checkup import Aim, look_at

    if options.where is None:
        yield from _own_server(options)
    else:
        host, port = _parse(options.where)
        aim = Aim(host, port, options.plaintext, options.pin, options.known_servers)
        yield from look_at(aim, datetime.now(UTC))
    if not options.is_quick:
        yield check_multicast()


def _parse(text: str) -> tuple[str, int]:
    from libchat.client.address import parse_address

    try:
        return parse_address(text)
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error


# --- the local network ----------------------------------------------------------------------------------------------


def check_multicast(seconds: float = 2.0, interfaces: tuple[str, ...] = ()) -> Step:
    """Look for servers that announce themselves."""
    from libchat.client.checkup import State, Step
    from libchat.client.discovery import find_servers

    try:
        found = find_servers(seconds, interfaces=interfaces)
    except ImportError:
        return Step(
            "multicast",
            State.SKIPPED,
            "zeroconf is not installed, so servers are not found by themselves",
            "install the extra 'lan', or go on giving addresses",
        )
    except OSError as error:
        return Step("multicast", State.FAILED, str(error), "does the network, or its firewall, let UDP port 5353 pass?")
    if not found:
        return Step(
            "multicast", State.OK, "no server announces itself here; some networks do not let announcements through"
        )
    listed = ", ".join(f"{each.name} at {each.address}" for each in found)
    return Step("multicast", State.OK, f"{len(found)} found: {listed}")


# --- the server of this machine -------------------------------------------------------------------------------------


def _own_server(options: Options) -> Iterator[Step]:
    from libchat.client.checkup import Aim, State, Step, look_at

    try:
        found = effective({}, os.environ, options.config)
        asked = Asked(found, options.config)
    except Failure as failure:
        yield Step("settings", State.FAILED, failure.text, "'libchat config' prints them when they are right")
        return
    values: dict[str, Value] = {each.setting.key: each.value for each in found}
    path = find_file(options.config, os.environ)
    yield Step("settings", State.OK, f"from {path}" if path is not None else "no file, so the defaults hold")
    if not values["memory"]:
        data = values["data"]
        yield check_folder(data if isinstance(data, Path) else default_data_folder())
    yield from check_plugins(asked)
    host, port = str(values["host"]), int(str(values["port"]))
    step, is_running = check_listening(host, port)
    yield step
    if is_running:
        aim = Aim(_near(host), port, bool(values["plaintext"]) or options.plaintext, options.pin, options.known_servers)
        yield from look_at(aim, datetime.now(UTC))


def check_folder(folder: Path) -> Step:
    """Look whether a server could keep its data here, and whether others could read it."""
    from libchat.client.checkup import State, Step
    from libchat.security.identity import KEY_FILE

    if not folder.exists():
        parent = next(each for each in folder.absolute().parents if each.exists())
        if not os.access(parent, os.W_OK | os.X_OK):
            return Step("data", State.FAILED, f"{folder} cannot be made", f"make {parent} writable for this user")
        return Step("data", State.OK, f"{folder} is made when the server starts")
    if not folder.is_dir():
        return Step("data", State.FAILED, f"{folder} is no folder", "say another one with --data")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Step("data", State.FAILED, f"{folder} cannot be written to", "make it this user's own: chown, chmod 700")
    key = folder / KEY_FILE
    if os.name == "posix" and key.exists() and key.stat().st_mode & 0o077:
        seen = f"{key} can be read by others: whoever has it can pose as the server"
        return Step("data", State.FAILED, seen, f"chmod 600 {key}; if somebody may have read it, make a new key")
    return Step("data", State.OK, f"{folder} can be written to")


def check_listening(host: str, port: int) -> tuple[Step, bool]:
    """Look whether a server could listen, or one does: the second value says so."""
    from libchat.cli.serve import explain_listening
    from libchat.client.checkup import State, Step
    from libchat.server.acceptor import listen

    try:
        listen(host, port).close()
    except OSError as error:
        if _is_taken(host, port):
            return Step("listen", State.OK, f"port {port} is in use: a server runs"), True
        return Step("listen", State.FAILED, explain_listening(error, host, port), "see above"), False
    return Step("listen", State.OK, f"port {port} is free; no server runs"), False


def _is_taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((_near(host), port), timeout=1.0):
            return True
    except OSError:
        return False


def _near(host: str) -> str:
    """Return the address by which this machine reaches a server of its own."""
    return {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)
