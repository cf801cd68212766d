"""`libchat passwd`: set the password of one's name."""

from __future__ import annotations

from libchat.cli import output
from libchat.cli.connection import add_connection_options, open_chat
from libchat.cli.exits import Exit
from libchat.cli.naming import login_name
from libchat.cli.parser import Commands, Options, add_command, person
from libchat.cli.signing import ask_new_password


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "passwd",
        run,
        "Make your name an account, or change its password.",
        "Nobody else has the name of an account, whether you are there or not. This device is signed in by it, and is\n"
        "not asked for the password again; your other devices ask for it once. The new password is asked for twice;\n"
        "without a terminal, it is the first line of standard input.",
        ("libchat passwd --name ana", "libchat passwd --host 192.168.1.5", "pass show chat | libchat passwd"),
    )
    parser.add_argument("--name", type=person, help="your name in the chat (default: your login name)")
    add_connection_options(parser)


def run(options: Options) -> int:
    """Set it."""
    with open_chat(options, options.name or login_name(), reconnect=False) as chat:
        chat.set_password(ask_new_password(chat.name))
        output.notice(f"the password of {chat.name} is set")
    return Exit.OK
