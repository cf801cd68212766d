"""`libchat who`: who is online, who is in a room, which rooms there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libchat.cli import output
from libchat.cli.connection import add_connection_options, open_chat
from libchat.cli.exits import Exit
from libchat.cli.naming import script_name
from libchat.cli.parser import Commands, Options, add_command, person, room
from libchat.cli.table import print_table

if TYPE_CHECKING:
    from libchat.client.client import Client


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "who",
        run,
        "List who is online, or which rooms there are.",
        "A terminal gets a table with a heading; a pipe gets its lines only, without colours. This program itself is\n"
        "not listed. Shells take # for a comment: put '#room' in quotes.",
        ("libchat who", "libchat who '#team'", "libchat who --rooms", "libchat who --json | jq -r .name"),
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "room", nargs="?", type=room, metavar="#ROOM", help="list the members of this room (default: all who are here)"
    )
    what.add_argument("--rooms", action="store_true", help="list the rooms (default: list people)")
    parser.add_argument(
        "--name",
        type=person,
        help="what you are called in the chat meanwhile (default: your login name and four random digits)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: name and away, or room, members and topic (default: a table)",
    )
    add_connection_options(parser)


def run(options: Options) -> int:
    """Print the list."""
    with open_chat(options, options.name or script_name(), reconnect=False) as chat:
        if options.rooms:
            _list_rooms(chat, as_json=options.json)
        else:
            _list_people(chat, options.room or "", as_json=options.json)
    return Exit.OK


def _list_people(chat: Client, room: str, *, as_json: bool) -> None:
    people = [each for each in chat.who(room) if each.name != chat.name]
    if as_json:
        for each in people:
            output.say_json(name=output.safe_line(each.name), away=output.safe_line(each.away))
        return
    print_table(("NAME", "AWAY"), [(each.name, each.away) for each in people], "nobody else is here")


def _list_rooms(chat: Client, *, as_json: bool) -> None:
    rooms = chat.rooms()
    if as_json:
        for each in rooms:
            output.say_json(room=output.safe_line(each.room), members=each.members, topic=output.safe_line(each.topic))
        return
    rows = [(each.room, str(each.members), each.topic) for each in rooms]
    print_table(("ROOM", "MEMBERS", "TOPIC"), rows, "there are no rooms")
