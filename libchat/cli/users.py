"""`libchat users`: the accounts and the invites of a server, for who runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from libchat.cli import output
from libchat.cli.data import add_data_option, data_folder
from libchat.cli.devices import day, minute
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command
from libchat.cli.signing import ask_new_password
from libchat.cli.table import print_table
from libchat.names import parse_name

if TYPE_CHECKING:
    from libchat.accounts.admin import AccountAdmin, User
    from libchat.claims import Device
    from libchat.store.accounts import Invite

LISTS: Final[dict[str, tuple[str, ...]]] = {"list": (), "devices": ("NAME",), "invites": ()}
"""What can be listed, and what is said with it."""

CHANGES: Final[dict[str, tuple[str, ...]]] = {
    "add": ("NAME",),
    "passwd": ("NAME",),
    "remove": ("NAME",),
    "admin": ("NAME",),
    "no-admin": ("NAME",),
    "revoke": ("NAME", "ID"),
    "revoke-invite": ("ID",),
}
"""What can be changed, and what is said with it."""


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
        "  devices NAME      the devices that are signed in to an account\n"
        "  revoke NAME ID    sign a device out: its connections end, and it has to give the password again\n"
        "  invites           all invites that are remembered, and what is left of each\n"
        "  revoke-invite ID  take an invite back; who came in by it stays\n"
        "\nWithout a terminal, a password is the first line of standard input.",
        (
            "libchat users",
            "libchat users add ana",
            "libchat users devices ana",
            "libchat users remove ana --data /srv/chat",
        ),
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=(*LISTS, *CHANGES),
        default="list",
        metavar="ACTION",
        help="see above (default: list)",
    )
    parser.add_argument("about", nargs="*", metavar="NAME", help="whose account it is; ID: which device or invite")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line, with times in milliseconds since 1970. list: name, made, seen, devices "
        "and admin; devices: id, label, added and seen; invites: id, by, room, uses, remaining, made and expires "
        "(default: a table)",
    )
    add_data_option(parser)


def run(options: Options) -> int:
    """Do it."""
    from libchat.accounts.admin import FILE, AccountAdmin
    from libchat.files import make_private_folder

    folder, action = data_folder(options), options.action
    is_list = action in LISTS
    said = _check(action, options.about)
    if not is_list:
        make_private_folder(folder)
    elif not (folder / FILE).exists():
        raise Failure(Exit.REFUSED, f"there are no accounts in {folder}: is --data the folder of the server?")
    with AccountAdmin(folder / FILE) as admin:
        try:
            if is_list:
                _list(admin, action, said, as_json=options.json)
            else:
                output.notice(_change(admin, action, said))
        except ValueError as error:
            raise Failure(Exit.REFUSED, str(error)) from error
    return Exit.OK


def _check(action: str, said: list[str]) -> list[str]:
    """Return what was said with an action, if it is what belongs to it. Names are looked at before anything is made."""
    wanted = {**LISTS, **CHANGES}[action]
    if len(said) != len(wanted):
        raise Failure(Exit.USAGE, f"say it as: libchat users {' '.join((action, *wanted))}")
    for what, text in zip(wanted, said, strict=True):
        if what == "NAME":
            parse_name(text)
    return said


def _change(admin: AccountAdmin, action: str, said: list[str]) -> str:
    """Change something, and return what is to be said about it."""
    name = said[0]
    if action == "add":
        admin.add_user(name, ask_new_password(name))
        return f"{name} is an account now"
    if action == "passwd":
        admin.set_password(name, ask_new_password(name))
        return f"the password of {name} is set"
    if action == "remove":
        admin.remove_user(name)
        return f"the account {name} is removed"
    if action == "revoke":
        admin.revoke_device(name, said[1])
        return f"the device {said[1]} of {name} is signed out"
    if action == "revoke-invite":
        admin.revoke_invite(name)
        return f"the invite {name} is taken back"
    admin.set_admin(name, action == "admin")
    return f"{name} is an administrator now" if action == "admin" else f"{name} is no administrator any more"


def _list(admin: AccountAdmin, action: str, said: list[str], *, as_json: bool) -> None:
    if action == "devices":
        _list_devices(admin.devices(said[0]), as_json=as_json)
    elif action == "invites":
        _list_invites(admin.invites(), as_json=as_json)
    else:
        _list_users(admin.users(), as_json=as_json)


def _list_users(users: tuple[User, ...], *, as_json: bool) -> None:
    if as_json:
        for each in users:
            output.say_json(
                name=each.display, made=each.made, seen=each.seen, devices=each.devices, admin=each.is_admin
            )
        return
    rows = [
        (each.display, day(each.made), day(each.seen), str(each.devices), "administrator" if each.is_admin else "")
        for each in users
    ]
    print_table(("NAME", "MADE", "LAST SEEN", "DEVICES", ""), rows, "there are no accounts")


def _list_devices(devices: tuple[Device, ...], *, as_json: bool) -> None:
    if as_json:
        for each in devices:
            output.say_json(id=each.id, label=output.safe_line(each.label), added=each.added, seen=each.seen)
        return
    rows = [(each.id, each.label, day(each.added), day(each.seen)) for each in devices]
    print_table(("ID", "DEVICE", "SIGNED IN", "LAST SEEN"), rows, "no device is signed in")


def _list_invites(invites: tuple[Invite, ...], *, as_json: bool) -> None:
    if as_json:
        for each in invites:
            output.say_json(
                id=each.id,
                by=each.by,
                room=each.room,
                uses=each.uses,
                remaining=each.remaining,
                made=each.made,
                expires=each.expires,
            )
        return
    rows = [
        (each.id, each.by, each.room.removeprefix("#"), f"{each.remaining} of {each.uses}", minute(each.expires))
        for each in invites
    ]
    print_table(("ID", "BY", "ROOM", "LEFT", "GOOD UNTIL"), rows, "there are no invites")
