"""`libchat completions`: a script by which the user's shell completes the command line."""

from __future__ import annotations

import sys
from typing import Final

from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command

SHELLS: Final = ("bash", "zsh", "fish")


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "completions",
        run,
        "Print a script by which your shell completes commands, options and files.",
        "Have your shell read it once, or whenever it starts:\n"
        '  bash   eval "$(libchat completions bash)", in ~/.bashrc\n'
        '  zsh    eval "$(libchat completions zsh)", in ~/.zshrc behind compinit\n'
        "  fish   libchat completions fish | source, in ~/.config/fish/config.fish\n"
        "\nA file starts faster; the first lines of the script say where it belongs. Make it anew after an update.",
        ("libchat completions zsh > ~/.zfunc/_libchat", 'eval "$(libchat completions bash)"'),
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"your shell: {', '.join(SHELLS)}")


def run(options: Options) -> int:
    """Print it."""
    from libchat.cli import make_program
    from libchat.cli.completion import bash, fish, zsh
    from libchat.cli.completion.outline import outline

    write = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}[options.shell]
    sys.stdout.write(write(outline(*make_program())))
    sys.stdout.flush()
    return Exit.OK
