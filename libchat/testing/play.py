"""Seeds from the command line: `python -m libchat.testing.sim 7`, or `--seeds 1000 --from 0` for many."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Final

from libchat.testing.scenario import Perils, play
from libchat.testing.sim import MOST_STEPS, Sim

LAST_LINES: Final = 60
"""Lines of the trace that are shown of a seed that fails: about two seconds of a scenario."""


def main(arguments: Sequence[str]) -> int:
    """Play the scenarios of some seeds, tell what came of them, and return 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m libchat.testing.sim", description=__doc__)
    parser.add_argument("seed", type=int, nargs="*", help="a seed to play")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="play N seeds, and tell how many a second")
    parser.add_argument("--from", type=int, default=0, metavar="K", dest="first", help="the first of these")
    parser.add_argument("--steps", type=int, default=MOST_STEPS, metavar="N", help="give up after N steps without rest")
    parser.add_argument("--hard", action="store_true", help="play the hard scenarios: more goes wrong")
    parser.add_argument("--trace", action="store_true", help="show everything that happened")
    options = parser.parse_args(arguments)
    perils = Perils(hard=options.hard)
    failed = sum(_play_one(seed, perils, options.steps, is_traced=options.trace) for seed in options.seed)
    if options.seeds:
        failed += _play_many(range(options.first, options.first + options.seeds), perils)
    return 1 if failed else 0


def run_seed(seed: int, perils: Perils | None = None, *, most_steps: int = MOST_STEPS) -> Sim:
    """Play the scenario of a seed, and return its simulation. An `AssertionError` tells how to play it again."""
    sim = Sim(seed, most_steps=most_steps)
    try:
        return play(sim, perils)
    except AssertionError as error:
        end = "\n".join(sim.trace[-LAST_LINES:])
        hard = "--hard " if perils is not None and perils.hard else ""
        again = f"play it again: python -m libchat.testing.sim {hard}{seed}"
        raise AssertionError(f"{end}\n\n{error}\n\nseed {seed} fails; {again}") from error


def _play_one(seed: int, perils: Perils, most_steps: int, *, is_traced: bool) -> bool:
    """Play a seed, tell what came of it, and return whether it fails."""
    try:
        sim = run_seed(seed, perils, most_steps=most_steps)
    except AssertionError as error:
        print(error)
        return True
    if is_traced:
        print(*sim.trace, sep="\n")
    print(f"seed {seed} is fine: {sim.world.steps} steps, {len(sim.disk.written)} entries, trace {sim.digest}")
    return False


def _play_many(seeds: range, perils: Perils) -> int:
    """Play some seeds, tell about those that fail, and return how many these are."""
    begin = time.perf_counter()
    failed = 0
    for seed in seeds:
        try:
            run_seed(seed, perils)
        except AssertionError as error:
            failed += 1
            print(error)
    took = time.perf_counter() - begin
    print(f"{len(seeds)} seeds, {failed} failed, {len(seeds) / took:.0f} a second")
    return failed
