"""`libchat chat`: join the chat of a server, and talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libchat.cli import logs, output, shell, signals
from libchat.cli.connection import StateFolder, add_connection_options, explaining_trust, open_chat
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, Parser, add_command
from libchat.errors import Code, InvalidName, Refused
from libchat.names import parse_name

if TYPE_CHECKING:
    from libchat.cli.screen import Screen
    from libchat.client.client import Client


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "chat",
        run,
        "Join the chat of a server.",
        "  NAME:TEXT    write to somebody            message      the same, asking for both\n"
        "  who          who is online                join ROOM    enter a room\n"
        "  leave        back out of the room         exit         goodbye\n"
        "  /help        everything else\n"
        "\nIn a room every line is said to it, but for `leave` and what begins with `server:`, as `server:who`, or "
        "with a slash.\n"
        "Without a terminal, lines are read from standard input; at its end, when all is answered, you leave.\n"
        "A line that is refused then makes the exit code 1.",
        (
            "libchat chat",
            "libchat chat --host 192.168.1.5 --name ana",
            "printf 'join team\\nHello team!\\n' | libchat chat --name ana",
        ),
    )
    add_name_option(parser)
    add_connection_options(parser)
    shell.add_shell_options(parser)


def add_name_option(parser: Parser) -> None:
    """Add the option that says who comes."""
    parser.add_argument("--name", help="what you are called in the chat (default: you are asked)")


def run(options: Options) -> int:
    """Talk until the user leaves."""
    screen = begin(options)
    try:
        client = enter(options, screen)
    except KeyboardInterrupt:
        return Exit.OK
    return converse(client, screen, options)


def begin(options: Options) -> Screen:
    """Return where questions are asked, and warnings shown, before there is a chat."""
    signals.install()
    screen = shell.open_screen(options)
    logs.show_warnings(screen.tell)
    return screen


def converse(client: Client, screen: Screen, options: Options, room: str = "", rooms: tuple[str, ...] = ()) -> int:
    """Talk until the user leaves: in a room, or in the rooms of the last time."""

    def connect(name: str) -> Client:
        return open_chat(options, name, state=_state(screen))

    with client, explaining_trust(options):
        place = shell.place_of(options, client.address, client.name, rooms) if screen.is_terminal else None
        return shell.talk(client, screen, options, room=room, place=place, connect=connect, link=shell.link_of(client))


def enter(options: Options, screen: Screen) -> Client:
    """Connect with a name, and ask for another one as long as it cannot be had and there is somebody to ask."""
    name = options.name
    can_ask = name is None or screen.is_terminal
    while True:
        if name is None:
            name = _ask_name(screen)
        try:
            return open_chat(options, str(parse_name(name)), state=_state(screen))
        except (InvalidName, Refused) as error:
            reason = _reason(error)
            if not can_ask or (isinstance(error, Refused) and error.code not in (Code.NAME_TAKEN, Code.BAD_NAME)):
                raise Failure(Exit.REFUSED, reason) from error
            screen.tell(output.deplore, f"server: {reason}")
        name = None


def _state(screen: Screen) -> StateFolder | None:
    """Return where a person's client is remembered. A pipe begins anew each time."""
    return shell.places().state_folder if screen.is_terminal else None


def _ask_name(screen: Screen) -> str:
    try:
        return screen.ask("name: ").strip()
    except EOFError:
        raise Failure(Exit.REFUSED, "no name was given: say which with --name NAME") from None


def _reason(error: InvalidName | Refused) -> str:
    return error.reason if isinstance(error, Refused) else str(error)
