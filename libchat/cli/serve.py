"""`libchat serve`: a server, and the options that it shares with `libchat host`."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli import output, signals
from libchat.cli.data import data_folder
from libchat.cli.exits import Exit, Failure
from libchat.cli.invite import add_link_options
from libchat.cli.parser import Commands, Options, Parser, add_command, listening_port, natural
from libchat.errors import Refused, StoreError

if TYPE_CHECKING:
    from libchat.server.server import Server


KEEPING = (
    "Messages are kept in one file, chat.db, in the folder of --data. --durability says what one that was accepted "
    "survives:\n"
    "  full     a loss of power: it is on the disk before anybody sees it\n"
    "  normal   the end of the server, however sudden, but perhaps no loss of power\n"
    "  memory   nothing: it is gone when the server stops"
)


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "serve",
        run,
        "Serve a chat until Ctrl-C or SIGTERM.",
        f"Both stop the server cleanly: everybody is told, and the exit code is 0.\n{KEEPING}",
        (
            "libchat serve",
            "libchat serve --host 127.0.0.1 --port 9000",
            "libchat serve --memory --port 0 --json",
            "libchat serve --cert fullchain.pem --key privkey.pem",
        ),
    )
    add_server_options(parser)


def add_server_options(parser: Parser) -> None:
    """Add the options that say how to serve."""
    parser.add_argument("--host", default="", help="address to listen on (default: all addresses of this machine)")
    parser.add_argument(
        "--port", type=listening_port, default=8080, help="port to listen on, 0 for any free one (default: 8080)"
    )
    keeping = parser.add_mutually_exclusive_group()
    keeping.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder that keeps the server's key and the messages (default: where programs keep data, as "
        "~/.local/share/libchat/server)",
    )
    keeping.add_argument(
        "--memory",
        action="store_true",
        help="keep nothing: no messages, and a new key at each start (default: keep both)",
    )
    parser.add_argument(
        "--durability",
        choices=["full", "normal", "memory"],
        default="full",
        help="what accepted messages survive, see above (default: full)",
    )
    parser.add_argument(
        "--keep-days", type=natural, metavar="N", default=0, help="delete messages after N days (default: 0, never)"
    )
    parser.add_argument(
        "--keep-messages",
        type=natural,
        metavar="N",
        default=0,
        help="keep the newest N messages of each conversation (default: 0, all)",
    )
    parser.add_argument(
        "--cert", type=Path, metavar="FILE", help="your own certificate, as PEM (default: one made by the server)"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="the key of --cert, as PEM (default: none)")
    parser.add_argument(
        "--admit",
        choices=["open", "invite", "accounts"],
        default="open",
        help="whom to let in: everybody; those with an invite or an account; or accounts only (default: open)",
    )
    parser.add_argument(
        "--plaintext", action="store_true", help="serve without TLS, on this machine only (default: TLS)"
    )
    parser.add_argument(
        "--insecure", action="store_true", help="allow --plaintext for other machines, too (default: refuse)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="once it listens, print one line with one JSON object: host and port to connect to, fingerprint of "
        "the key, and pid (default: words)",
    )
    add_link_options(parser)
    parser.add_argument("--verbose", action="store_true", help="log what happens on standard error (default: errors)")


def run(options: Options) -> int:
    """Serve until somebody says stop."""
    signals.install()
    server = make_server(options)
    try:
        with running(server):
            announce(server, options, output.say)
            while not server.wait(signals.WAIT_SECONDS):
                pass
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            output.notice("libchat has stopped")
        return Exit.OK
    raise Failure(Exit.REFUSED, "the server cannot go on; --verbose tells more")


def make_server(options: Options) -> Server:
    """Return the server that was asked for, not yet started."""
    _check(options)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.ERROR, format="%(asctime)s %(message)s")
    from libchat.records import Retention
    from libchat.server.server import Server

    try:
        return Server(
            options.host,
            options.port,
            data=_data(options),
            certificate=options.cert,
            key=options.key,
            plaintext=options.plaintext,
            insecure=options.insecure,
            durability=options.durability,
            retention=Retention(options.keep_days * 24 * 3600, options.keep_messages),
            public=options.public,
            admit=options.admit,
        )
    except (StoreError, ValueError) as error:
        raise Failure(Exit.REFUSED, str(error)) from error


@contextmanager
def running(server: Server) -> Iterator[None]:
    """Have a server run while the block does."""
    try:
        server.start()
    except OSError as error:
        raise Failure(Exit.REFUSED, explain_listening(error, server.host, server.port)) from error
    except StoreError as error:
        raise Failure(Exit.REFUSED, str(error)) from error
    try:
        yield
    finally:
        server.stop()


def announce(server: Server, options: Options, say: output.Say) -> None:
    """Tell, through `say` or as JSON, where the server is, which key it shows, and the invite to send on."""
    host, link, good_for = server.hosts[0], *_link(server)
    if options.json:
        output.say_json(host=host, port=server.port, fingerprint=server.pin, pid=os.getpid(), invite=link)
        return
    if options.qr:
        from libchat.cli.qr import draw_qr

        print(draw_qr(link), file=sys.stderr, flush=True)
    everywhere = "all addresses" if server.host in ("", "::", "0.0.0.0") else server.host
    plaintext = " --plaintext" if options.plaintext else ""
    by_hand = (
        f"nc {host} {server.port}" if options.plaintext else f"openssl s_client -quiet -connect {_at(host, server)}"
    )
    say(f"libchat listens on {everywhere}, port {server.port}; Ctrl-C stops it")
    say(f"  key:      {server.pin or 'none: whoever is on the way reads along'}")
    if server.pin:
        say(f"  words:    {server.words}")
    say(f'  invite:   libchat join "{link}"{plaintext}{good_for}')
    say(f"  connect:  libchat chat --host {host} --port {server.port}{plaintext}")
    say(f"  by hand:  {by_hand}    then: server:register NAME")


def _link(server: Server) -> tuple[str, str]:
    """Return an invite to send on, and what it is good for: an open server's needs no secret, and is for everybody."""
    try:
        if server.hub.admit == "open":
            return server.link(), ""
        return server.invite(), "    (for one person, 24 hours)"
    except (ValueError, Refused) as error:
        raise Failure(Exit.USAGE, f"no invite can be made: {error}; look at --host and --public") from error


def explain_listening(error: OSError, host: str, port: int) -> str:
    """Return why a server cannot listen, and what to do."""
    if isinstance(error, socket.gaierror) or error.errno in (socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL):
        return f"'{host}' is no address of this machine: give one of its addresses with --host, or leave it out"
    reasons = {
        errno.EADDRINUSE: f"port {port} is in use: choose another one with --port, or 0 for any free one",
        errno.EACCES: f"port {port} is not for ordinary users: choose one from 1024 with --port",
        errno.EADDRNOTAVAIL: f"this machine has no address {host}: give one of its own with --host, or leave it out",
    }
    return reasons.get(error.errno or 0, f"the server cannot listen: {error.strerror or error}")


def _check(options: Options) -> None:
    if options.qr:
        from libchat.cli.qr import check_qr

        check_qr()
    if (options.cert is None) != (options.key is None):
        raise Failure(Exit.USAGE, "--cert and --key belong together: give both, or neither")
    if options.plaintext and options.cert is not None:
        raise Failure(Exit.USAGE, "--plaintext needs no certificate: leave --cert and --key out, or --plaintext")
    if options.plaintext and not options.insecure and options.host not in ("localhost", "127.0.0.1", "::1"):
        raise Failure(
            Exit.REFUSED,
            "without TLS whoever is on the way reads along: add --host 127.0.0.1 for this machine only, or --insecure",
        )


def _data(options: Options) -> Path | None:
    if options.memory:
        return None
    return data_folder(options)


def _at(host: str, server: Server) -> str:
    return f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
