"""Measure the shell: how long it takes to the first prompt, and what typing is like while a room is flooded.

The real program runs on a pseudo terminal, and pyte shows what a person would see. Somebody else says RATE messages a
second in its room; meanwhile keys are pressed, one after the other, and it is measured how long each takes to be seen.
The prompt is looked for on the screen whenever nothing more comes for the moment.

    python tests/bench/shell.py --seconds 20 --rate 1000
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import libchat
from support.program import PATIENCE, Serving, environment
from support.terminal import Terminal

KEYS = "abcdefghijklmnopqrstuvwxyz"
KEY_SECONDS = 0.15
"""Between two keys: who types fast has less."""
STARTS = 5


class Flood:
    """Somebody who says so many messages a second, in a process of their own: pyte needs this one's time."""

    def __init__(self, server: Serving, rate: int) -> None:
        words = [sys.executable, __file__, "--flood", server.address, server.pin, "--rate", str(rate)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._stdout.readline()  # it is in the room

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Say messages in the block."""
        self._stdin.write("\n")
        self._stdin.flush()
        try:
            yield
        finally:
            self._stdin.close()
            self._process.wait(PATIENCE)
            self._stdout.close()


def _wait_for_end(ending: threading.Event) -> None:
    sys.stdin.read()
    ending.set()


def _flood(address: str, pin: str, rate: int) -> None:
    """Say messages from the first line of standard input on, until it ends."""
    with libchat.connect(address, "bo", pin=pin) as chat:
        chat.join("#flood")
        print("ready", flush=True)
        sys.stdin.readline()
        ending = threading.Event()
        threading.Thread(target=_wait_for_end, args=(ending,), daemon=True).start()
        begun, said = time.monotonic(), 0
        while not ending.wait(0.01):
            due = int((time.monotonic() - begun) * rate)
            while said < due:
                chat.send("#flood", f"message {said} of somebody who has a lot to say today")
                said += 1


class Watch:
    """Looks at the screen whenever nothing more comes for the moment."""

    def __init__(self, shell: Terminal) -> None:
        self._shell = shell
        self.looks = 0
        self.missing = 0
        shell.on_quiet = self._look

    def _look(self) -> None:
        self.looks += 1
        self.missing += not any(row.startswith("#flood> ") for row in self._shell.text.split("\n"))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--flood", nargs=2, metavar=("ADDRESS", "PIN"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flood:
        _flood(options.flood[0], options.flood[1], options.rate)
        return
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home), LIBCHAT_DEBUG_LOCKS="", PYTHONDONTWRITEBYTECODE="")  # installing compiles
        with Serving("--memory", "--port", "0", "--message-rate", "100000", env=env) as server:
            env |= {"LIBCHAT_PORT": str(server.port), "LIBCHAT_PIN": server.pin}
            _measure_start(env)
            _measure_typing(server, env, options.rate, options.seconds)


def _measure_start(env: dict[str, str]) -> None:
    taken = []
    for number in range(STARTS + 1):
        begun = time.perf_counter()
        with Terminal("chat", "--name", "ana", env=env) as shell:
            shell.wait(lambda shell=shell: b"\x1b[?2004h" in shell.written, "the prompt")  # type: ignore[misc]
            if number:  # the first one compiles, in a folder that is not installed
                taken.append(time.perf_counter() - begun)
            shell.expect("welcome ana")
            shell.press("\x04")
            shell.end()
    print(f"start to the first prompt: {median(taken):.2f} s (of {STARTS}; best {min(taken):.2f} s)")


def _measure_typing(server: Serving, env: dict[str, str], rate: int, seconds: float) -> None:
    with Terminal("chat", "--name", "ana", env=env) as shell:
        shell.expect("welcome ana")
        shell.press("/join flood\r")
        shell.expect("#flood> ")
        flood = Flood(server, rate)
        shell.expect("bo joined")
        watch = Watch(shell)
        with flood.flowing():
            shell.wait(lambda: _newest(shell) > rate, "the flood")
            cpu, begun, said = _cpu(shell.pid), time.monotonic(), _newest(shell)
            delays = _type(shell, seconds)
            took = time.monotonic() - begun
            used, said = _cpu(shell.pid) - cpu, _newest(shell) - said
        shell.on_quiet = None
    delays.sort()
    print(f"messages a second on the screen: {said / took:.0f}, keys: {len(delays)}")
    print(f"key echo: p50 {_ms(delays, 0.5)}, p99 {_ms(delays, 0.99)}, worst {_ms(delays, 1.0)}")
    print(f"processor: {used / took:.0%} of a core")
    print(f"prompt missing: {watch.missing} of {watch.looks} looks")


def _newest(shell: Terminal) -> int:
    """Return the number of the newest message on the screen."""
    return max(map(int, re.findall(r"message (\d+) of", shell.text)), default=0)


def _type(shell: Terminal, seconds: float) -> list[float]:
    """Press keys, and return how long each took to be seen."""
    delays = []
    typed = ""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if len(typed) == len(KEYS):
            shell.press("\x15")
            shell.wait(lambda: any(row == "#flood> " for row in shell.text.split("\n")), "an empty line")
            typed = ""
        typed += KEYS[len(typed)]
        wanted = f"#flood> {typed}"
        begun = time.perf_counter()
        shell.press(typed[-1])
        shell.wait(lambda wanted=wanted: any(row.startswith(wanted) for row in shell.screen.display), wanted)  # type: ignore[misc]
        delays.append(shell.read_at - begun)
        threading.Event().wait(KEY_SECONDS)  # as a person does
    return delays


def _ms(delays: list[float], part: float) -> str:
    return f"{delays[min(int(len(delays) * part), len(delays) - 1)] * 1000:.1f} ms"


def _cpu(pid: int) -> float:
    """Return how many seconds of a processor a program has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
