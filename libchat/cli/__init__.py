"""The `libchat` program: `main`, and a file for each command.

The files of commands import little at their top, so that `--help` and mistakes are answered at once; what a command
needs to do its work is imported when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from libchat.cli import output
from libchat.cli.exits import Exit, Failure, explain
from libchat.cli.parser import Commands, Options, Parser, make_parser, parse
from libchat.cli.signals import Terminated
from libchat.errors import ChatError

__all__ = ["main", "make_program"]

COMMANDS: Final = (
    "start",
    "host",
    "join",
    "chat",
    "serve",
    "invite",
    "send",
    "tail",
    "who",
    "passwd",
    "devices",
    "plugins",
    "users",
    "audit",
    "forget",
    "key",
    "doctor",
    "config",
    "backup",
    "restore",
    "verify",
    "export",
    "import",
    "completions",
)
"""In the order in which `--help` lists them. Each has a file of its name."""

_FILES: Final = {"import": "import_"}


def make_program(commands: Sequence[str] = COMMANDS) -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the command line, and those of its commands: all of them, or some."""
    return make_parser([_adder(name) for name in commands])


def _adder(name: str) -> Callable[[Commands], None]:
    """Return the function that adds a command to a parser."""
    add: Callable[[Commands], None] = import_module(f"libchat.cli.{_FILES.get(name, name)}").add
    return add


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (without its name), or with those of the process; return the exit code."""
    output.prepare()
    words = sys.argv[1:] if argv is None else list(argv)
    if not words and output.has_person():
        words = ["start"]
    is_known = words[:1] != [] and words[0] in COMMANDS
    parser, commands = make_program(words[:1]) if is_known else make_program()  # one is read in a third of the time
    options = parse(parser, commands, words)
    try:
        return _run(options)
    except BrokenPipeError:
        output.abandon_stdout()
        return Exit.BROKEN_PIPE
    except Terminated as signal:
        return 128 + signal.number
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _run(options: Options) -> int:
    try:
        return options.run(options)
    except (ChatError, TimeoutError) as error:
        failure = explain(error)
    except Failure as error:
        failure = error
    except BrokenPipeError:
        raise
    except OSError as error:
        output.abandon_stdout()  # it is what has failed: connections are explained where they are made
        failure = Failure(Exit.REFUSED, f"the output cannot be written: {error.strerror or error}")
    output.complain(failure.text)
    return failure.code
