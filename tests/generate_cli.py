"""Write the commands of docs/reference/cli.md from the parsers of the program: `python tests/generate_cli.py`."""

from __future__ import annotations

import argparse
import re
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Final

from libchat.cli import make_program
from libchat.cli.parser import Parser
from libchat.cli.settings.table import settings

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"

BEGIN: Final = "<!-- commands -->\n"
END: Final = "\n<!-- end of commands -->"

COLUMNS: Final = 120
"""Of a line of the page that is no row of a table."""

SETTINGS: Final = (
    "And each [setting of a server](settings.md) is an option: `--port`, `--data`, `--admit`, the limits, and so on."
)

REACHES: Final = "2, 3, 4"
"""What each command that connects may end with, besides its own."""

EXITS: Final = {
    "start": ("you have left", "the server has refused the name, and nobody can be asked for another", REACHES),
    "host": ("you have left", "the port is taken, the folder cannot be used, or a line of a pipe was refused", "2"),
    "join": ("you have left", "the server has refused the invite or the name, or a line of a pipe", REACHES),
    "chat": ("you have left", "the server has refused the name, or a line of a pipe", REACHES),
    "serve": (
        "Ctrl-C or SIGTERM has stopped it",
        "the port is taken, the folder, a key or a plugin cannot be used, or the server cannot go on",
        "2",
    ),
    "invite": ("the invite is made", "there is no server's folder, or no more invites can be made", "2"),
    "send": ("the server has all messages", "one was refused", REACHES),
    "tail": (
        "there were enough messages, or Ctrl-C or SIGTERM",
        "the server has refused the name or the room",
        REACHES,
    ),
    "who": ("the list is printed", "the server has refused the name, or there is no such room", REACHES),
    "passwd": ("the password is set", "the old password is wrong, or the new one will not do", REACHES),
    "devices": (
        "the list is printed, or the device signed out",
        "the name is no account, or has no such device",
        REACHES,
    ),
    "plugins": ("it is done", "there is no such plugin, or the file is there already", "2"),
    "users": ("it is done", "the folder has no accounts, or there is no such account, device or invite", "2"),
    "audit": ("it is printed", "the folder has no audit", "2"),
    "forget": ("the key is forgotten", "no key of that address is known", "2"),
    "key": ("it is done", "the folder has no key, or there is no change to make yet", "2"),
    "doctor": ("no step has failed", "a step has failed", "2"),
    "config": ("the settings are printed", "standard output cannot be written", "2"),
    "backup": ("the copy is made", "there is no log, or the new file cannot be made", "2"),
    "restore": ("the backup is in its place", "it is not right, or a server runs: nothing has changed", "2"),
    "verify": ("the log is whole", "something is wrong with it, or there is none", "2"),
    "export": ("all is written", "there is no log, or the file cannot be written", "2"),
    "import": ("the log is made", "the file is damaged, or the folder has a log already", "2"),
    "completions": ("the script is printed", "standard output cannot be written", "2"),
}
"""For each command: when it ends with 0, when with 1, and which others of the common codes it may end with."""

_TYPED: Final = re.compile(
    r"""`[^`]+`                               # in backquotes already
    | '(?:libchat|\#|/|-)[^']*'               # in quotes
    | (?<!\S) (?: \$[A-Z_]+                   # a variable
                | --?[a-z][\w-]*              # an option
                | ~?/[\w./-]+\w               # a path
                | [\w-]+\.(?:db|pem|toml)     # a file
                | \# | - ) (?![\w`-])""",
    re.VERBOSE,
)
"""What is to be typed, or names a file or a variable."""


def page() -> str:
    """Return the page as it has to be: what is between the marks is written anew."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1, f"{PAGE} has no place for the commands"
    return f"{text.partition(BEGIN)[0]}{BEGIN}\n{commands()}{END}{text.partition(END)[2]}"


def commands() -> str:
    """Return the table of commands, and a section for each."""
    main, parsers = make_program()
    summaries = {each.dest: each.help or "" for each in _subparsers(main)._choices_actions}
    lines = ["| command | what it does |", "|---|---|"]
    lines += [f"| [`libchat {name}`](#libchat-{name}) | {_prose(summaries[name])} |" for name in parsers]
    return "\n".join([*lines, "", *(section(name, parser) for name, parser in parsers.items())])


def section(name: str, parser: Parser) -> str:
    """Return what is said about a command: usage, explanation, options, exit codes, examples."""
    summary, _, details = (parser.description or "").partition("\n\n")
    examples = [line.strip() for line in (parser.epilog or "").splitlines()[1:]]
    parts = [
        f"## `libchat {name}`",
        _prose(summary),
        f"```text\n{usage(parser)}\n```",
        *_paragraphs(details),
        _options(parser),
        _filled(_exits(name)),
        "```sh\n" + "\n".join(examples) + "\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def usage(parser: Parser) -> str:
    """Return how a command is written. All its options are behind one word: their table tells of each."""
    words = [parser.prog, "[OPTIONS]", *(_word(each) for each in parser._actions if not each.option_strings)]
    return " ".join(words)


def _word(action: argparse.Action) -> str:
    word = _metavar(action)
    if action.nargs == "?":
        return f"[{word}]"
    return f"[{word} ...]" if action.nargs == "*" else word


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def _options(parser: Parser) -> str:
    """Return the table of what a command takes. The settings of a server have a page of their own."""
    flags = {setting.flag for setting in settings()}
    own = [each for each in parser._actions if "--help" not in each.option_strings]
    shown = [each for each in own if not is_setting(each, flags)] if has_settings(parser) else own
    if not shown:
        return ""
    rows = [f"| {_written(each)} | {_told(parser, each)} | {_default(each)} |" for each in shown]
    note = f"\n\n{_filled(SETTINGS)}" if has_settings(parser) else ""
    return "\n".join(["| argument or option | what it says | default |", "|---|---|---|", *rows]) + note


def has_settings(parser: Parser) -> bool:
    """Return whether a command takes all settings of a server."""
    return {setting.flag for setting in settings()} <= set(parser._option_string_actions)


def is_setting(action: argparse.Action, flags: set[str]) -> bool:
    """Return whether an option is a setting of a server."""
    return any(option in flags for option in action.option_strings)


def _written(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_word(action)}`"
    word = "" if action.nargs == 0 else f" {_metavar(action)}"
    return ", ".join(f"`{option}{word}`" for option in action.option_strings)


def _told(parser: Parser, action: argparse.Action) -> str:
    text = _prose((action.help or "").partition(" (default: ")[0])
    for group in parser._mutually_exclusive_groups:
        if action in group._group_actions:
            others = [_written(each) for each in group._group_actions if each is not action]
            text += f"; not together with {', '.join(others)}"
    if action.choices is not None and not isinstance(action.metavar, str):
        return text
    words = ", ".join(f"`{each}`" for each in action.choices or ())
    return text + (f": {words}" if words and not all(str(each) in text for each in action.choices or ()) else "")


def _default(action: argparse.Action) -> str:
    default = (action.help or "").partition(" (default: ")[2].removesuffix(")")
    if not default and not action.option_strings and action.nargs is None:
        return "must be given"
    return _prose(default) or "none"


def _exits(name: str) -> str:
    done, refused, others = EXITS[name]
    return f"Exit code 0: {done}. 1: {refused}. [Others](#exit-codes): {others}."


def _paragraphs(details: str) -> list[str]:
    """Return an explanation as Markdown: what is indented stays as it is."""
    blocks = groupby(details.split("\n"), key=lambda line: "" if not line.strip() else line[0].isspace() and "block")
    return [
        "```text\n" + "\n".join(line.removeprefix("  ") for line in lines) + "\n```"
        if kind
        else _filled(_prose(" ".join(lines)))
        for kind, lines in blocks
        if kind != ""
    ]


def _filled(text: str) -> str:
    return fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def _prose(text: str) -> str:
    """Return a text of the program as Markdown: what is to be typed is code here."""
    return _TYPED.sub(_as_code, " ".join(text.split())).replace("|", "\\|")


def _as_code(found: re.Match[str]) -> str:
    word = found.group()
    if word.startswith("`"):
        return word
    return f"`{word}`" if not word.startswith("'") or word.startswith("'#") else f"`{word[1:-1]}`"


def _subparsers(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[Parser]:
    found = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    assert len(found) == 1
    return found[0]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
