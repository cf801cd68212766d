"""`libchat plugins`: which plugins there are, what they are, and a new one to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from libchat.cli import output
from libchat.cli.data import default_plugin_folder
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command
from libchat.cli.table import print_table
from libchat.near import did_you_mean

if TYPE_CHECKING:
    from libchat.plugins.sources.find import Found

ACTIONS: Final = ("list", "info", "new")


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "plugins",
        run,
        "List the plugins, or begin a new one.",
        "Plugins are files in your own folder, and come with packages. None is imported by this.\n"
        "  list        all plugins, and which of them the shell loads\n"
        "  info NAME   what a plugin says about itself, and why it cannot be loaded if that is so\n"
        "  new NAME    write a plugin that works, and its test, for you to change\n"
        "\nIn the shell, '/plugins enable NAME' has a plugin loaded from then on.",
        ("libchat plugins", "libchat plugins info dice", "libchat plugins new karma --folder ."),
    )
    parser.add_argument(
        "action", nargs="?", choices=ACTIONS, default="list", metavar="ACTION", help="see above (default: list)"
    )
    parser.add_argument("about", nargs="*", metavar="NAME", help="info, new: which plugin")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="the folder of your plugins (default: where programs keep settings)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="list, info: print JSON objects, one a line: name, version, state, summary, origin and problem (default: "
        "a table)",
    )


def run(options: Options) -> int:
    """Do it."""
    folder = options.folder or default_plugin_folder()
    wanted = 0 if options.action == "list" else 1
    if len(options.about) != wanted:
        raise Failure(Exit.USAGE, f"'plugins {options.action}' takes {'one name' if wanted else 'no name'}")
    if options.action == "new":
        _write(options.about[0], folder)
    elif options.action == "info":
        _explain(options.about[0], folder, as_json=options.json)
    else:
        _list(folder, as_json=options.json)
    return Exit.OK


def _write(name: str, folder: Path) -> None:
    from libchat.plugins.sources.new import write_new

    plugin, test = write_new(name, folder.absolute())
    output.say(str(plugin))
    output.say(str(test))
    output.notice(f"try it with 'pytest {test}', and in the shell with '/plugins enable {name}'")


def _list(folder: Path, *, as_json: bool) -> None:
    from libchat.plugins.sources.find import find_plugins

    found = find_plugins(folder).values()
    if as_json:
        for each in found:
            _say_json(each)
        return
    rows = [(each.name, each.version, _state(each), each.problem or each.summary) for each in found]
    print_table(("NAME", "VERSION", "STATE", "WHAT IT IS"), rows, "there are no plugins")
    output.notice(f"your own ones are in {folder}")


def _explain(name: str, folder: Path, *, as_json: bool) -> None:
    from libchat.plugins.sources.find import find_plugins

    found = find_plugins(folder)
    if name not in found:
        hint = did_you_mean(name, found) or "'libchat plugins' lists those that there are"
        raise Failure(Exit.REFUSED, f"there is no plugin '{name}'; {hint}")
    each = found[name]
    if as_json:
        _say_json(each)
        return
    told = {"state": _state(each), "version": each.version, "from": each.origin, "problem": each.problem}
    output.say(f"{each.name}: {each.summary}" if each.summary else each.name)
    for key, value in told.items():
        if value:
            output.say(f"  {key:8} {value}")


def _say_json(found: Found) -> None:
    told = {"version": found.version, "summary": found.summary, "origin": found.origin, "problem": found.problem}
    clean = {key: output.safe_line(value) for key, value in told.items()}
    output.say_json(name=found.name, state=_state(found), **clean)


def _state(found: Found) -> str:
    if found.problem:
        return "broken"
    return "enabled" if found.name in _enabled() else "off"


def _enabled() -> set[str]:
    """Return what the shell loads."""
    from libchat.files import own_folder
    from libchat.plugins.sources.enabled import Enabled

    return Enabled(own_folder("data") / "shell" / "plugins.json").names()
