"""Fuzz a parser, or each for a while.

    python tests/fuzz/run.py --seconds 60
    python tests/fuzz/run.py --seconds 600 --target native

With `atheris` (which `make fuzz` installs where there is one for this Python), inputs are found by what the code does
with them; without it, inputs that are known are changed at random, again and again. The exit code is 1 if anything was
found; the input that did it is printed, to become a test.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fuzz.targets import Target

sys.path[0] = str(Path(__file__).parent.parent)  # not this folder: `fuzz` is the package

KEPT = 1_000
"""Inputs that are changed further."""


def fuzz_blindly(target: Target, seconds: float) -> int:
    """Change inputs at random for so many seconds, and return the exit code."""
    from fuzz.mutate import mutated

    rng = random.Random()
    inputs, tried, deadline = list(target.seeds), 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        data = mutated(rng.choice(inputs), rng)[:65_536]
        tried += 1
        try:
            target.run(data)
        except Exception:  # noqa: BLE001  # whatever it is, it is what we look for
            traceback.print_exc()
            print(f"found after {tried:,} inputs: {data!r}")
            return 1
        if len(inputs) < KEPT:
            inputs.append(data)
        else:
            inputs[rng.randrange(len(target.seeds), KEPT)] = data
    print(f"{tried:,} inputs, nothing found")
    return 0


def fuzz_with(atheris: ModuleType, name: str, seconds: float) -> None:
    """Have atheris find inputs. Does not return: atheris ends the process."""
    with redirect_stderr(StringIO()), atheris.instrument_imports(include=["libchat", "fuzz"]):  # it names every module
        from fuzz.targets import TARGETS
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(TARGETS[name].seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={max(1, round(seconds))}",
            "-max_len=65536",
            # Some parsers are in C, where nothing is seen of what they do with an input: all would be cut down to one
            # byte for taking the same way.
            "-keep_seed=1",
            "-reduce_inputs=0",
            "-verbosity=0",
            "-print_final_stats=1",
            "-artifact_prefix=/tmp/",
        ]
        atheris.Setup([sys.argv[0], *options, folder], TARGETS[name].run)
        atheris.Fuzz()


def fuzz_one(name: str, seconds: float) -> int:
    """Fuzz one parser in this process, and return the exit code."""
    if importlib.util.find_spec("atheris") is not None:
        fuzz_with(importlib.import_module("atheris"), name, seconds)
    from fuzz.targets import TARGETS

    return fuzz_blindly(TARGETS[name], seconds)


def main() -> int:
    """Fuzz what was asked for, each parser in a process of its own, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="", help="one of those in tests/fuzz/targets.py (all)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long in all (60)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        return fuzz_one(options.target, options.seconds)  # atheris has to be there before the parsers are imported
    from fuzz.targets import TARGETS

    if options.target and options.target not in TARGETS:
        parser.error(f"no target {options.target}: there are {', '.join(TARGETS)}")
    way = "atheris" if importlib.util.find_spec("atheris") is not None else "random changes (atheris is not installed)"
    print(f"fuzzing with {way}", flush=True)
    names = [options.target] if options.target else list(TARGETS)
    codes = []
    for name in names:
        print(f"--- {name}", flush=True)
        command = [sys.executable, __file__, "--here", "--target", name, "--seconds", str(options.seconds / len(names))]
        codes.append(subprocess.run(command, check=False).returncode)
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
