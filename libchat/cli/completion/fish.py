"""The script for fish. A function of it tells in which command and at which argument the cursor is."""

from __future__ import annotations

from collections.abc import Iterator

from libchat.cli.completion.outline import Command, Kind, Option, Outline, Value

_HEAD = """\
# Completion of libchat in fish. Made by 'libchat completions fish'; to have it in every shell:
#   libchat completions fish > ~/.config/fish/completions/libchat.fish

function __libchat_at --description 'Succeed in this command, and at this argument if a number is given'
    set -l command ''
    set -l place 1
    set -l awaited ''
    set -l ended ''
    for word in (commandline -opc)[2..-1]
        if test -n "$awaited"
            set awaited ''
        else if test -z "$ended"; and test "$word" = --
            set ended 1
        else if test -z "$ended"; and string match -q -- '-?*' $word
            if contains -- "$command $word" $__libchat_valued
                set awaited 1
            end
        else if test -z "$command"
            set command $word
        else
            set place (math $place + 1)
        end
    end
    test "$command" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    test $place -ge $argv[2]; and test $place -le $argv[3]
end

"""
_LAST = 999
"""The place of the last argument where any number may come."""


def script(outline: Outline) -> str:
    """Return the script."""
    return "".join(_lines(outline))


def _lines(outline: Outline) -> Iterator[str]:
    yield _HEAD
    valued = [f"{each.name} {flag}" for each in outline.commands for flag, _ in each.valued()]
    yield f"set -g __libchat_valued {' '.join(_quoted(words) for words in valued)}\n\n"
    yield "complete -c libchat -e\ncomplete -c libchat -f\n"
    for each in outline.commands:
        yield _complete("", f"-a {each.name} -d {_quoted(each.summary)}", places=(1, 1))
    for each in (outline.program, *outline.commands):
        yield from _command(each)


def _command(command: Command) -> Iterator[str]:
    for option in command.options:
        yield _complete(command.name, _option(option))
    for place, operand in enumerate(command.operands, start=1):
        if operand.value.kind is not Kind.TEXT:
            offer = f"{_offer(operand.value)} -d {_quoted(operand.value.name)}"
            yield _complete(command.name, offer, places=(place, _LAST if operand.repeats else place))


def _option(option: Option) -> str:
    spelled = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    value = f" -r {_offer(option.value)}" if option.value else ""
    return f"{' '.join(spelled)}{value} -d {_quoted(option.help)}"


def _offer(value: Value) -> str:
    folders = "-f -a '(__fish_complete_directories)'"
    words = f"-f -a {_quoted(' '.join(value.words))}"
    return {Kind.WORDS: words, Kind.FILE: "-F", Kind.FOLDER: folders, Kind.TEXT: "-f"}[value.kind]


def _complete(command: str, what: str, places: tuple[int, int] | None = None) -> str:
    at = " ".join(["__libchat_at", f'"{command}"', *map(str, places or ())])
    return f"complete -c libchat -n {_quoted(at)} {what}\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
