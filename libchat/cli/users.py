"""`libchat users`: the accounts of a server, for who runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from libchat.cli import output
from libchat.cli.data import add_data_option, data_folder
from libchat.cli.devices import day
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command, person
from libchat.cli.signing import ask_new_password

if TYPE_CHECKING:
    from libchat.accounts.admin import AccountAdmin, User

ACTIONS: Final = ("list", "add", "passwd", "remove", "admin", "no-admin")


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "users",
        run,
        "List the accounts of a server, or change them.",
        "It works on the server's folder, also while the server runs, which notices within a second.\n"
        "  list              all accounts\n"
        "  add NAME          make an account; its password is asked for twice\n"
        "  passwd NAME       give an account another password\n"
        "  remove NAME       remove an account: its name is free, and its connections end\n"
        "  admin NAME        make an account an administrator's; `no-admin` takes that back\n"
        "\nWithout a terminal, a password is the first line of standard input.",
        ("libchat users", "libchat users add ana", "libchat users remove ana --data /srv/chat"),
    )
    parser.add_argument(
        "action", nargs="?", choices=ACTIONS, default="list", metavar="ACTION", help="see above (default: list)"
    )
    parser.add_argument("user", nargs="?", type=person, metavar="NAME", help="whose account it is")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: name, made and seen (milliseconds since 1970), devices, admin "
        "(default: a table)",
    )
    add_data_option(parser)


def run(options: Options) -> int:
    """Do it."""
    from libchat.accounts.admin import FILE, AccountAdmin
    from libchat.files import make_private_folder

    folder = data_folder(options)
    if options.action == "list":
        if not (folder / FILE).exists():
            raise Failure(Exit.REFUSED, f"there are no accounts in {folder}: is --data the folder of the server?")
        with AccountAdmin(folder / FILE) as admin:
            _list(admin.users(), as_json=options.json)
        return Exit.OK
    if options.user is None:
        raise Failure(Exit.USAGE, f"say whose account it is: libchat users {options.action} NAME")
    make_private_folder(folder)
    with AccountAdmin(folder / FILE) as admin:
        try:
            output.notice(_change(admin, options.action, options.user))
        except ValueError as error:
            raise Failure(Exit.REFUSED, str(error)) from error
    return Exit.OK


def _change(admin: AccountAdmin, action: str, name: str) -> str:
    """Change an account, and return what is to be said about it."""
    if action == "add":
        admin.add_user(name, ask_new_password(name))
        return f"{name} is an account now"
    if action == "passwd":
        admin.set_password(name, ask_new_password(name))
        return f"the password of {name} is set"
    if action == "remove":
        admin.remove_user(name)
        return f"the account {name} is removed"
    admin.set_admin(name, action == "admin")
    return f"{name} is an administrator now" if action == "admin" else f"{name} is no administrator any more"


def _list(users: tuple[User, ...], *, as_json: bool) -> None:
    if as_json:
        for each in users:
            output.say_json(
                name=each.display, made=each.made, seen=each.seen, devices=each.devices, admin=each.is_admin
            )
        return
    from libchat.cli.table import format_table

    rows = [
        (each.display, day(each.made), day(each.seen), str(each.devices), "administrator" if each.is_admin else "")
        for each in users
    ]
    is_terminal = sys.stdout.isatty()
    lines = format_table([("NAME", "MADE", "LAST SEEN", "DEVICES", ""), *rows] if is_terminal else rows) if rows else []
    for number, line in enumerate(lines):
        print(output.paint(line, output.BOLD, sys.stdout) if is_terminal and not number else line, flush=True)
