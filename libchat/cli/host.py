"""`libchat host`: a server, and its user in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from libchat.cli import output, shell, signals
from libchat.cli.naming import FALLBACK, login_name
from libchat.cli.parser import Commands, Options, add_command, person
from libchat.cli.serve import KEEPING, add_server_options, announce, make_server, running
from libchat.errors import NameTaken
from libchat.names import parse_name

if TYPE_CHECKING:
    from libchat.local import LocalParticipant
    from libchat.messages import InviteMade
    from libchat.server.server import Server


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "host",
        run,
        "Serve a chat and join it.",
        "The server ends when you leave: with `exit`, Ctrl-C or Ctrl-D, or when standard input ends.\n"
        f"You type the same words as in `libchat chat`.\n{KEEPING}",
        ("libchat host", "libchat host --name ana --port 9000", "printf 'who\\n' | libchat host"),
    )
    parser.add_argument(
        "--name", type=person, help=f"what you are called in the chat (default: your login name, or '{FALLBACK}')"
    )
    add_server_options(parser)
    shell.add_shell_options(parser)


def run(options: Options) -> int:
    """Serve, and talk until the user leaves."""
    signals.install()
    server = make_server(options)
    me = _enter(server, options.name or login_name())  # before the server listens: nobody is faster
    with running(server), me:
        announce(server, options, output.notice)
        return shell.talk(
            me,
            shell.open_screen(options),
            options,
            connect=lambda name: _enter(server, str(parse_name(name))),
            link=lambda made: _link(server, made),
        )


def _enter(server: Server, name: str) -> LocalParticipant:
    """Take a name. If it is an account, it is had without its password: its hash is in our own folder."""
    try:
        return server.hub.connect(name)
    except NameTaken:
        return server.hub.connect(name, account=True)


def _link(server: Server, made: InviteMade) -> str:
    """Return the link of an invite."""
    from libchat.security.invite import parse_invite

    return replace(parse_invite(server.link(made.room)), token=made.token, expires=made.expires // 1000).format()
