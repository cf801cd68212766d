"""The `libchat` program: `main`, and a file for each command.

The files of commands import little at their top, so that `--help` and mistakes are answered at once; what a command
needs to do its work is imported when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from libchat.cli import (
    audit,
    backup,
    chat,
    completions,
    config,
    devices,
    doctor,
    export,
    forget,
    host,
    import_,
    invite,
    join,
    key,
    output,
    passwd,
    plugins,
    send,
    serve,
    start,
    tail,
    users,
    verify,
    who,
)
from libchat.cli.exits import Exit, Failure, explain
from libchat.cli.parser import Commands, Options, Parser, make_parser, parse
from libchat.cli.signals import Terminated
from libchat.errors import ChatError

__all__ = ["main", "make_program"]

_COMMANDS: Final[tuple[Callable[[Commands], None], ...]] = (
    start.add,
    host.add,
    join.add,
    chat.add,
    serve.add,
    invite.add,
    send.add,
    tail.add,
    who.add,
    passwd.add,
    devices.add,
    plugins.add,
    users.add,
    audit.add,
    forget.add,
    key.add,
    doctor.add,
    config.add,
    backup.add,
    verify.add,
    export.add,
    import_.add,
    completions.add,
)


def make_program() -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the whole command line, and those of its commands."""
    return make_parser(_COMMANDS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (without its name), or with those of the process; return the exit code."""
    output.prepare()
    parser, commands = make_program()
    words = sys.argv[1:] if argv is None else list(argv)
    options = parse(parser, commands, ["start"] if start.is_meant(words) else words)
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
