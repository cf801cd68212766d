"""The user's shells, asked what they complete: each really runs, and reads the script that libchat has made for it."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

SECONDS: Final = 50

BASH = """
. "$1"
shift
for line in "$@"; do
    COMP_LINE="$line"
    COMP_POINT=${#line}
    eval "COMP_WORDS=(${line//=/ = })"
    [[ $line == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _libchat libchat
    printf '%s\\n' "${COMPREPLY[@]}" ""
done
complete -p libchat
echo
"""
"""What readline does before it calls a function: bash cuts words at `=`, too."""

FISH = """
source $argv[1]
for line in $argv[2..-1]
    complete -C $line | string replace -r '\\t.*' ''
    echo
end
"""

ZSH = """
autoload -U compinit
compinit -u -D
. $SCRIPT
zstyle ':completion:*' menu no
compadd() {
    local -a hits
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
        builtin compadd -A hits "$@"
        (( $#hits )) && print -rl -- $hits >> $FOUND
    fi
    builtin compadd "$@"
}
ask() {
    local line
    for line in ${(f)LINES_TO_ASK}; do
        BUFFER=$line
        CURSOR=$#BUFFER
        zle list-choices
        print >> $FOUND
    done
    exit
}
zle -N zle-line-init ask
"""
"""Each line is put on the prompt, and its choices are listed. What is offered goes through `compadd`."""


def ask_bash(script: Path, lines: Sequence[str], folder: Path) -> list[list[str]]:
    """Return what bash offers for each line, in a folder; the cursor is at its end."""
    done = _run(["bash", "--norc", "-c", BASH, "bash", str(script), *lines], folder)
    *answers, registered = _cut(done.stdout)
    assert registered == ["complete -F _libchat libchat"]
    assert done.stderr == ""
    return answers


def ask_fish(script: Path, lines: Sequence[str], folder: Path) -> list[list[str]]:
    """Return what fish offers for each line, in a folder; the cursor is at its end."""
    done = _run(["fish", "--no-config", "-c", FISH, str(script), *lines], folder)
    assert done.stderr == ""
    return _cut(done.stdout)


def ask_zsh(script: Path, lines: Sequence[str], folder: Path) -> list[list[str]]:
    """Return what zsh offers for each line, in a folder; the cursor is at its end. It needs a terminal for that."""
    found = script.with_name("found")
    start = script.with_name("start.zsh")
    start.write_text(f"SCRIPT={shlex.quote(str(script))} FOUND={shlex.quote(str(found))}\n" + ZSH, "utf-8")
    found.write_text("", "utf-8")
    master, slave = pty.openpty()
    env = {"TERM": "xterm", "COLUMNS": "200", "LINES_TO_ASK": "\n".join(lines), "ZDOTDIR": str(folder)}
    os.write(master, f" . {shlex.quote(str(start))}\n".encode())
    with subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=slave,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_environment(folder, env),
        start_new_session=True,
    ) as shell:
        os.close(slave)
        try:
            shell.wait(SECONDS)
        finally:
            shell.kill()
            os.close(master)
    return _cut(found.read_text("utf-8"))


Ask = Callable[[Path, Sequence[str], Path], list[list[str]]]

SHELLS: Final[Mapping[str, Ask]] = {"bash": ask_bash, "fish": ask_fish, "zsh": ask_zsh}


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=folder, env=_environment(folder), timeout=SECONDS
    )


def _environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **(more or {})}


def _cut(text: str) -> list[list[str]]:
    """Return the words of each answer. An answer ends with an empty line."""
    answers: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line:
            answers[-1].append(line.strip())
        else:
            answers[-1] = sorted(set(answers[-1]))
            answers.append([])
    return answers[:-2]
