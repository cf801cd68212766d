"""The script for zsh: a file for a folder of `$fpath`, or for `eval`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from libchat.cli.completion.outline import Command, Kind, Operand, Option, Outline, Value

_HEAD = """\
#compdef libchat
# Completion of libchat in zsh. Made by 'libchat completions zsh'; to have it in every shell, in a folder of $fpath:
#   libchat completions zsh > ~/.zfunc/_libchat

_libchat() {
    local curcontext="$curcontext" state line ret=1
    local -a commands
    typeset -A opt_args
    commands=(
"""
_COMMAND = """\
        '1: :->command' '*:: :->words' && ret=0
    case $state in
        command)
            _describe -t commands command commands && ret=0 ;;
        words)
            case $line[1] in
"""
_TAIL = """\
            esac ;;
    esac
    return ret
}

if [[ $funcstack[1] == _libchat ]]; then _libchat "$@"; else compdef _libchat libchat; fi
"""


def script(outline: Outline) -> str:
    """Return the script."""
    return "".join(_lines(outline))


def _lines(outline: Outline) -> Iterator[str]:
    yield _HEAD
    for each in outline.commands:
        yield f"        {shlex.quote(f'{each.name}:{_escaped(each.summary)}')}\n"
    yield "    )\n    _arguments -C -A '-*' \\\n"
    for option in outline.program.options:
        yield from (f"        {spec} \\\n" for spec in _option(option))
    yield _COMMAND
    for each in outline.commands:
        yield from _arguments(each)
    yield _TAIL


def _arguments(command: Command) -> Iterator[str]:
    specs = [spec for option in command.options for spec in _option(option)]
    specs += [_operand(place, each) for place, each in enumerate(command.operands, start=1)]
    yield f"                {command.name})\n                    _arguments -s -S \\\n"
    yield " \\\n".join(f"                        {spec}" for spec in specs)
    yield " && ret=0 ;;\n"


def _option(option: Option) -> Iterator[str]:
    """Yield a specification for each spelling; an option may be said more than once, as argparse has it."""
    for flag in option.flags:
        equals = "=" if option.value and flag.startswith("--") else ""
        value = f":{_value(option.value)}" if option.value else ""
        yield shlex.quote(f"*{flag}{equals}[{_escaped(option.help)}]{value}")


def _operand(place: int, operand: Operand) -> str:
    return shlex.quote(f"{'*' if operand.repeats else place}:{_value(operand.value)}")


def _value(value: Value) -> str:
    offers = {
        Kind.WORDS: f"({' '.join(value.words)})",
        Kind.FILE: "_files",
        Kind.FOLDER: "_files -/",
        Kind.TEXT: " ",
    }
    return f"{_escaped(value.name)}:{offers[value.kind]}"


def _escaped(text: str) -> str:
    for special in "\\[]:":
        text = text.replace(special, f"\\{special}")
    return text
