"""`libchat join`: come in by an invite, and talk."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from libchat.cli import output, shell
from libchat.cli.chat import add_name_option, begin, converse, enter
from libchat.cli.connection import add_pin_option, add_port_option, add_trust_options, usual_pin
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command

if TYPE_CHECKING:
    from libchat.cli.finding import Search
    from libchat.cli.screen import Screen
    from libchat.lan import Found

NUMBER_DIGITS: Final = 2
"""How long a number in the list of servers is: there are not more of them (`discovery.MOST`)."""

FROM_STDIN: Final = "-"
"""Said instead of a link: it is the first line of standard input."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "join",
        run,
        "Come in by an invite.",
        "An invite is the link that 'libchat serve', 'libchat host' and 'libchat invite' print. It says where the "
        "server is, which key it must show, and which room you come into. The key is checked before anything is sent. "
        "Afterwards the server is known, and 'libchat chat --host HOST' is enough.\n"
        "Other users of this machine can see the arguments of a command, and shells write them down. A link that you "
        "paste when you are asked for it stays between you and libchat.\n"
        "Without a link you are asked for one. With the extra 'lan', the servers of your network are listed meanwhile, "
        "to be chosen by their numbers; whether one of them is the right one, the words of its key tell.\n"
        "In the chat you type the same words as in 'libchat chat'.",
        (
            "libchat join",
            "libchat join 'libchat://192.168.1.5:8080/team?k=...&t=...' --name ana",
            "wl-paste | libchat join - --name ana",
        ),
    )
    parser.add_argument(
        "link",
        metavar="LINK",
        nargs="?",
        help="the invite, or the address of a server; - reads it from standard input (default: you are asked)",
    )
    add_name_option(parser)
    add_port_option(parser, "port of the server, if its address says none")
    add_pin_option(parser, "the key that the server must show, if the invite names none")
    add_trust_options(parser)
    shell.add_shell_options(parser)


def run(options: Options) -> int:
    """Talk until the user leaves."""
    screen = begin(options)
    try:
        room = choose_server(options, screen)
        client = enter(options, screen)
    except KeyboardInterrupt:
        return Exit.OK
    return converse(client, screen, options, room or client.invite_room)


def choose_server(options: Options, screen: Screen) -> str:
    """Have the options mean the server that was said, or else the one that the person chooses; return the link's room.

    Without a link, the local network is searched while the person may already type.
    """
    if options.link is not None and options.link != FROM_STDIN:
        return _aim(options, options.link)
    if options.link is None and sys.stdin.isatty():
        return ask_server(options, screen)
    if options.link is None:
        raise Failure(Exit.USAGE, "say which invite: 'libchat join LINK', or '-' to read it from standard input")
    try:
        return _aim(options, screen.read_line("").strip())
    except EOFError:
        raise _no_answer() from None


class WantsToHost(Exception):
    """The person wants a server of their own instead."""


def ask_server(options: Options, screen: Screen, *, may_host: bool = False) -> str:
    """Have the options mean the server that the person chooses, and return the room of its link.

    It is asked until there is an answer that can be followed. Raises `Failure` at the end of the input, and
    `WantsToHost`, if that is offered.
    """
    search = _search(options, screen)
    words = [*(["number"] if search is not None else []), "invite", "address", *(["'host'"] if may_host else [])]
    question = f"{', '.join(words[:-1])} or {words[-1]}: "
    try:
        while True:
            answer = screen.ask(question).strip()
            if may_host and answer.strip("'").lower() == "host":
                raise WantsToHost
            try:
                return _take(options, answer, search)
            except Failure as failure:
                screen.tell(output.deplore, failure.text)
    except EOFError:
        raise _no_answer() from None
    finally:
        if search is not None:
            search.end()


def _search(options: Options, screen: Screen) -> Search | None:
    """Begin to look for servers; without the library for that, say how to get it."""
    from libchat.cli.finding import Search
    from libchat.client.trust import default_known_servers
    from libchat.security.known_servers import KnownServers

    if find_spec("zeroconf") is None:
        screen.tell(output.notice, "to have the servers of this network listed here: pip install 'libchat[lan]'")
        return None
    search = Search(screen, KnownServers(options.known_servers or default_known_servers()).servers())
    screen.tell(output.notice, "looking for servers on this network; an invite or an address will do, too")
    search.start()
    return search


def _take(options: Options, answer: str, search: Search | None) -> str:
    """Have the options mean what was answered. Raises `Failure`, which says what is wrong with it."""
    if not answer:
        raise Failure(Exit.USAGE, "paste the link of an invite, or type an address, as 192.168.1.5")
    if search is None or not (answer.isascii() and answer.isdigit() and len(answer) <= NUMBER_DIGITS):
        return _aim(options, answer)
    found = search.choice(int(answer))
    if found is None:
        raise Failure(Exit.USAGE, f"there is no {answer} in the list")
    return _follow(options, found)


def _follow(options: Options, found: Found) -> str:
    """Have the options mean a server that was found. Its key is trusted as that of any other address."""
    from libchat.limits import LINK_HOSTS
    from libchat.security.invite import Invite

    if not found.pin_prefix and not options.plaintext:
        raise Failure(Exit.USAGE, "this server has no TLS: to come in all the same, say libchat join --plaintext")
    options.host = Invite(found.addresses[:LINK_HOSTS], found.port).format()
    return ""


def _no_answer() -> Failure:
    return Failure(Exit.USAGE, "no invite was given")


def _aim(options: Options, where: str) -> str:
    """Have the options mean a link or an address, and return the room that the link names."""
    from libchat.client.address import parse_address
    from libchat.security.invite import is_invite, parse_invite

    try:
        if not is_invite(where):
            options.host, options.port = parse_address(where, options.port)
            return ""
        invite = parse_invite(where)
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error
    options.host = invite.format()
    if invite.pin and options.pin == usual_pin():
        options.pin = None  # $LIBCHAT_PIN may be another server's; a --pin has to agree with the invite
    if not invite.pin and not options.plaintext:
        output.notice("this invite names no key: whether it is the right server, you have to find out yourself")
    return invite.room
