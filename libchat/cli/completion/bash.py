"""The script for bash. It runs on 3.2, which is what macOS has, and needs no other package.

It walks over the words before the cursor to know which command it is in, whether an option waits for its value, and
which argument comes next. bash takes `--port=80` for three words: a `=` behind an option changes nothing in that.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from libchat.cli.completion.outline import Command, Kind, Outline, Value

_HEAD = """\
# Completion of libchat in bash. Made by 'libchat completions bash'; to have it in every shell:
#   libchat completions bash > ~/.local/share/bash-completion/completions/libchat

_libchat_takes_value() {
    case "$1 $2" in
"""
_WALK = """\
            return 0 ;;
    esac
    return 1
}

_libchat() {
    local current="${COMP_WORDS[COMP_CWORD]}" word command="" flag="" ended="" index place=1
    local IFS=$' \\t\\n'
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ -n $flag ]]; then
            [[ $word == "=" ]] || flag=""
        elif [[ -z $ended && $word == "--" ]]; then
            ended=1
        elif [[ -z $ended && $word == -?* ]]; then
            if _libchat_takes_value "$command" "$word"; then flag="$word"; fi
        elif [[ -z $command ]]; then
            command="$word"
        else
            place=$((place + 1))
        fi
    done
    if [[ -n $flag && $current == "=" ]]; then current=""; fi
    if [[ -n $flag ]]; then
        case "$command $flag" in
"""
_FLAGS = """\
        esac
        return
    fi
    if [[ -z $ended && $current == -* ]]; then
        case "$command" in
"""
_OPERANDS = """\
        esac
        return
    fi
    case "$command $place" in
"""
_TAIL = """\
    esac
}

_libchat_paths() {
    local IFS=$'\\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen "$1" -- "$2"))
}

complete -F _libchat libchat
"""


def script(outline: Outline) -> str:
    """Return the script."""
    return "".join(_lines(outline))


def _lines(outline: Outline) -> Iterator[str]:
    yield _HEAD
    valued = [f"{each.name} {flag}" for each in outline.commands for flag, _ in each.valued()]
    yield "        " + " | \\\n        ".join(_pattern(words) for words in valued) + ")\n"
    yield _WALK
    for each in outline.commands:
        for flag, value in each.valued():
            yield from _case(12, _pattern(f"{each.name} {flag}"), value)
    yield _FLAGS
    for each in (outline.program, *outline.commands):
        yield f"            {_pattern(each.name)}) {_words(each.flags)} ;;\n"
    yield _OPERANDS
    yield f"        {_pattern(' 1')}) {_words([each.name for each in outline.commands])} ;;\n"
    for each in outline.commands:
        yield from _operands(each)
    yield _TAIL


def _operands(command: Command) -> Iterator[str]:
    for place, operand in enumerate(command.operands, start=1):
        number = "*" if operand.repeats else str(place)
        yield from _case(8, f"{_pattern(f'{command.name} ')}{number}", operand.value)


def _case(indent: int, pattern: str, value: Value) -> Iterator[str]:
    offer = {Kind.WORDS: _words(value.words), Kind.FILE: _paths("-f"), Kind.FOLDER: _paths("-d"), Kind.TEXT: ""}
    if offer[value.kind]:
        yield f"{' ' * indent}{pattern}) {offer[value.kind]} ;;\n"


def _pattern(words: str) -> str:
    return f'"{words}"'


def _words(words: list[str] | tuple[str, ...]) -> str:
    return f'COMPREPLY=($(compgen -W {shlex.quote(" ".join(words))} -- "$current"))'


def _paths(option: str) -> str:
    return f'_libchat_paths {option} "$current"'
