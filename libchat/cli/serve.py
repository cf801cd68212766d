"""`libchat serve`: a server, and the options that it shares with `libchat host`."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli import logs, notify, output, signals
from libchat.cli.data import default_data_folder
from libchat.cli.exits import Exit, Failure
from libchat.cli.invite import add_qr_option
from libchat.cli.parser import Commands, Options, Parser, add_command
from libchat.cli.server_plugins import Asked, split
from libchat.cli.settings.sources import Effective, Rank, add_settings, effective, settle
from libchat.cli.settings.table import LIMITS, settings
from libchat.errors import PluginError, Refused, StoreError
from libchat.server.bounds import Bounds

if TYPE_CHECKING:
    from libchat.server.server import Server

_log = logging.getLogger("libchat.server")

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
        "Both stop the server cleanly: everybody is told, and the exit code is 0. SIGHUP has it read its certificate\n"
        "and key anew, its plugins with their settings, and how much is logged; all else needs a new start.\n"
        "Each setting is also an environment variable, as $LIBCHAT_SERVER_KEEP_DAYS for --keep-days, and a line in a\n"
        "file: 'libchat config' prints them all.\n"
        f"{KEEPING}",
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
    add_settings(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="once it listens, print one line with one JSON object: host and port to connect to, fingerprint of "
        "the key, and pid (default: words)",
    )
    add_qr_option(parser)
    parser.add_argument(
        "--verbose", action="store_true", help="the same as --log-level info (default: what the settings say)"
    )


def run(options: Options) -> int:
    """Serve until somebody says stop."""
    signals.install()
    hang_up = signals.HangUp()
    server = make_server(options)
    try:
        with running(server):
            announce(server, options, output.say)
            notify.ready(_status(server))
            while not server.wait(signals.WAIT_SECONDS):
                if hang_up.was_sent():
                    _reload(server, options)
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            output.notice("libchat has stopped")
        return Exit.OK
    raise Failure(Exit.REFUSED, "the server cannot go on; --verbose tells more")


def make_server(options: Options) -> Server:
    """Return the server that was asked for, not yet started."""
    found = settle(options)
    set_up_logging(options, found)
    _check(options)
    from libchat.records import Retention
    from libchat.server.descriptors import raise_descriptor_limit
    from libchat.server.server import Server

    raise_descriptor_limit()
    asked = Asked(found, options.config)
    try:
        return Server(
            options.host,
            options.port,
            data=_data(options),
            certificate=options.cert,
            key=options.key,
            plaintext=options.plaintext,
            insecure=options.insecure,
            bounds=bounds_of(options),
            durability=options.durability,
            retention=Retention(options.keep_days * 24 * 3600, options.keep_messages),
            admit=options.admit,
            public=split(options.public),
            plugins=asked.names,
            plugin_settings=asked.tables,
            plugin_folder=asked.folder,
            announce=options.announce,
            announce_name=options.announce_name,
        )
    except (StoreError, ValueError) as error:
        raise Failure(Exit.REFUSED, str(error)) from error


def set_up_logging(options: Options, found: Sequence[Effective]) -> None:
    """Log as the settings say. `--verbose` is a flag, too: it gives way to --log-level only."""
    said = {each.setting.key: each for each in found}
    is_verbose = options.verbose and said["log_level"].rank is not Rank.FLAG
    logs.set_up("info" if is_verbose else str(said["log_level"].value), as_json=bool(said["log_json"].value))


def bounds_of(options: Options) -> Bounds:
    """Return the limits that the settled options say."""
    return Bounds(**{field.name: getattr(options, f"{LIMITS}.{field.name}") for field in fields(Bounds)})


def _reload(server: Server, options: Options) -> None:
    """Read anew what can change while a server runs: certificate and key, plugins, and how much is logged.

    Whatever cannot be used is told loudly, and all stays as it was.
    """
    notify.reloading()
    try:
        flags = {setting.key: getattr(options, setting.key) for setting in settings() if setting.key in options.said}
        found = effective(flags, os.environ, options.config)
        asked = Asked(found, options.config)
        is_new = server.reload()
    except (StoreError, Failure) as error:
        _log.error("nothing was reloaded: %s", error.text if isinstance(error, Failure) else error)
    else:
        set_up_logging(options, found)
        for wrong in server.reload_plugins(asked.names, asked.tables):
            _log.error("%s", wrong)
        _log.info("reloaded; the certificate is %s", "a new one" if is_new else "the same")
    notify.ready(_status(server))


def _status(server: Server) -> str:
    return f"listening on port {server.port}, key {server.pin or 'none'}"


@contextmanager
def running(server: Server) -> Iterator[None]:
    """Have a server run while the block does."""
    try:
        server.start()
    except OSError as error:
        raise Failure(Exit.REFUSED, explain_listening(error, server.host, server.port)) from error
    except (StoreError, PluginError) as error:
        raise Failure(Exit.REFUSED, str(error)) from error
    try:
        yield
    finally:
        notify.stopping("telling everybody goodbye")
        server.stop()


def announce(server: Server, options: Options, say: output.Say) -> None:
    """Tell, through `say` or as JSON, where the server is, which key it shows, and the invite to send on."""
    from libchat.security.key_change import format_since

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
    if server.successor is not None:
        say(f"  next key: {server.successor.pin}, from {format_since(server.successor)}")
    if server.plugins:
        say(f"  plugins:  {', '.join(server.plugins)}")
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
    return options.data if options.data is not None else default_data_folder()


def _at(host: str, server: Server) -> str:
    return f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
