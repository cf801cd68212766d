"""Measure the server with the load generator, and compare with what it is meant to reach.

    python tests/bench/bench.py --load ../load
    python tests/bench/bench.py --load ../load --scenarios fanout-50,churn --runs 3 --peers ngircd

The folder given by `--load` (or by LOAD in the environment) holds `ircload/`, a load generator in C, and
`peers/bench.py`, which starts a server afresh for each measurement. It is copied to a scratch folder, built there, and
run against `libchat serve`: one CPU for the server, one for the generator. The generator checks every delivery.

The exit code is 1 if a measurement of libchat failed (nothing measured, or a message lost, doubled, reordered or
altered), 2 if something that is needed is missing, and otherwise 0, whatever the figures are.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

Run: TypeAlias = dict[str, object]

OURS: Final = "ours"
PORT: Final = 17011
LIMITS: Final = ("message-rate", "connections-by-address", "handshakes-by-address", "registrations")
UNLIMITED: Final = [word for limit in LIMITS for word in (f"--{limit}", "0")]
"""The generator is one machine that does what no limit allows one machine."""

DESCRIPTORS: Final = 2048
"""Open files that idle-1000 takes on each side, with room to spare: one a connection."""

STOP_SECONDS: Final = 15.0
"""The driver gives a server 5 s to end before it kills it; this is longer, so that no server outlives us."""


class Missing(Exception):
    """Something that a measurement needs is not here: the text says what and how to get it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What one scenario is meant to reach, and in which field of a result it is found."""

    scenario: str
    field: str
    unit: str
    goal: float
    lower_is_better: bool = False

    def is_reached_by(self, value: float) -> bool:
        """Tell whether a measured value is at least as good as the goal."""
        return value <= self.goal if self.lower_is_better else value >= self.goal


DELIVERIES: Final = ("deliveries_per_cpu_s", "deliveries per server-CPU-s")

TARGETS: Final = (
    Target("fanout-50", *DELIVERIES, goal=1_500_000),
    Target("fanout-200", *DELIVERIES, goal=3_000_000),
    Target("single-50", *DELIVERIES, goal=100_000),
    Target("dm-50", *DELIVERIES, goal=120_000),
    Target("idle-1000", "rss_kib_per_conn", "KiB per connection", goal=20, lower_is_better=True),
    Target("churn", "cycles_per_cpu_s", "cycles per server-CPU-s", goal=1_500),
)


# --- what is needed -------------------------------------------------------------------------------------------------


def check_tools() -> None:
    """Raise `Missing` unless all programs that a measurement calls are installed."""
    missing = [tool for tool in ("cc", "make", "openssl", "taskset") if shutil.which(tool) is None]
    if missing:
        raise Missing(
            f"not installed: {', '.join(missing)} (Debian: apt-get install gcc make libssl-dev openssl util-linux)"
        )


def check_headers() -> None:
    """Raise `Missing` unless the C compiler finds the headers of OpenSSL."""
    command = ["cc", "-E", "-include", "openssl/ssl.h", "-x", "c", os.devnull]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        raise Missing("the C compiler does not find openssl/ssl.h (Debian: apt-get install libssl-dev)")


def raise_descriptor_limit() -> None:
    """Allow as many open files as the system grants, and say so if that is too few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        say(f"at most {hard} open files here: idle-1000 needs {DESCRIPTORS} (ulimit -Hn)")


def installed(peers: Sequence[str]) -> list[str]:
    """Return those peers whose program is on the path, and say which are not."""
    for peer in peers:
        if shutil.which(peer) is None:
            say(f"{peer} is not installed: left out")
    return [peer for peer in peers if shutil.which(peer) is not None]


def copy_load(source: Path, scratch: Path) -> Path:
    """Copy the load folder into `scratch`, writable even where the source is not, and return the copy."""
    if not (source / "ircload" / "ircload.c").is_file() or not (source / "peers" / "bench.py").is_file():
        raise Missing(f"no load generator in {source}: name its folder with --load, or LOAD=... for make")
    copy = scratch / "load"
    shutil.copytree(source, copy, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("run", "results"))
    for folder, _, _ in os.walk(copy):
        Path(folder).chmod(0o755)
    return copy


def build(load: Path) -> None:
    """Compile the load generator."""
    made = subprocess.run(["make", "-B", "-C", str(load / "ircload")], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise Missing(f"the load generator does not compile:\n{made.stderr.strip()}")


# --- measuring ------------------------------------------------------------------------------------------------------


def serve_command() -> str:
    """Return the command that serves TLS on PORT, to be run in a folder with cert.pem and key.pem."""
    listen = ["--host", "127.0.0.1", "--port", str(PORT), "--cert", "cert.pem", "--key", "key.pem"]
    return shlex.join([sys.executable, "-m", "libchat", "serve", "--memory", *listen, *UNLIMITED])


def cpu_options() -> list[str]:
    """Give server and generator a CPU each; with only one CPU, leave both where they are."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        say("only one CPU: the figures will be lower than those of two")
        return ["--server-cpus", "", "--load-cpu", "-1"]
    return ["--server-cpus", str(cpus[0]), "--load-cpu", str(cpus[1])]


def driver_command(load: Path, results: Path, options: argparse.Namespace) -> list[str]:
    """Return the command line of the driver for these options; it appends its raw results to `results`."""
    command = [sys.executable, str(load / "peers" / "bench.py"), "--out", str(results), *cpu_options()]
    command += ["--add", f"{OURS}={PORT}::{serve_command()}", "--add-args", f"{OURS}=--dialect classic"]
    command += ["--peers", ",".join(options.contestants), "--scenarios", ",".join(options.scenarios)]
    command += ["--runs", str(options.runs), "--wait-quiet", str(options.wait_quiet)]
    return [*command, "--extra", f"--secs {options.secs:g}"]


def drive(command: Sequence[str]) -> int:
    """Run the driver and return its exit code; however we end, it gets the time to stop its server."""
    with subprocess.Popen(command) as driver:
        try:
            return driver.wait()
        except BaseException:
            driver.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                driver.wait(STOP_SECONDS)
            raise


def read_runs(results: Path) -> list[Run]:
    """Return the raw results, one for each run."""
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


# --- judging --------------------------------------------------------------------------------------------------------


def median(runs: Sequence[Run], peer: str, target: Target) -> float | None:
    """Return the median of a target's field over a peer's good runs; None if there is none."""
    good = [run for run in runs if (run["peer"], run["scenario"]) == (peer, target.scenario) and run.get("ok")]
    values = [value for run in good if isinstance(value := run.get(target.field), int | float)]
    return statistics.median(values) if values else None


def failures(runs: Sequence[Run], scenarios: Sequence[str]) -> list[str]:
    """Return a line for each run of ours that failed and for each scenario that was never measured."""
    ours = [run for run in runs if run["peer"] == OURS]
    lines = [f"{run['scenario']}: {describe(run)}" for run in ours if not run.get("ok")]
    measured = {run["scenario"] for run in ours}
    return lines + [f"{scenario}: not measured" for scenario in scenarios if scenario not in measured]


def describe(run: Run) -> str:
    """Say what went wrong in a failed run."""
    counts = ("lost", "duplicated", "reordered", "corrupt", "disconnects", "errors")
    found = [f"{run[count]} {count}" for count in counts if run.get(count)]
    return str(run.get("error") or ", ".join(found) or "failed")


def number(value: float | None) -> str:
    """Format a figure for a table."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def verdict(target: Target, value: float | None) -> str:
    """Say whether a target is reached."""
    if value is None:
        return "not measured"
    return "yes" if target.is_reached_by(value) else "no"


def table(runs: Sequence[Run], options: argparse.Namespace) -> str:
    """Return targets and medians as a Markdown table."""
    rivals = [peer for peer in options.contestants if peer != OURS]
    header = ["scenario", "unit", "target", "measured", "reached", *rivals]
    rows = [header, ["---"] * len(header)]
    for target in TARGETS:
        if target.scenario in options.scenarios:
            value = median(runs, OURS, target)
            goal = ("at most " if target.lower_is_better else "") + number(target.goal)
            figures = [number(median(runs, peer, target)) for peer in rivals]
            rows.append([target.scenario, target.unit, goal, number(value), verdict(target, value), *figures])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


# --- the program ----------------------------------------------------------------------------------------------------


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    known = [target.scenario for target in TARGETS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", type=Path, default=os.environ.get("LOAD"), help="folder of the load generator")
    parser.add_argument("--scenarios", type=words, default=known, help=f"some of {','.join(known)}")
    parser.add_argument("--runs", type=int, default=1, help="good runs of each scenario (1)")
    parser.add_argument("--secs", type=float, default=3.0, help="how long each run lasts (3)")
    parser.add_argument("--peers", type=words, default=[], help="measure these too, where installed: ngircd,inspircd")
    parser.add_argument("--only-peers", action="store_true", help="measure the peers alone")
    parser.add_argument("--wait-quiet", type=float, default=5.0, help="seconds to wait for other programs to rest (5)")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder, with raw results and logs")
    options = parser.parse_args()
    if options.load is None:
        parser.error("name the load generator's folder with --load or LOAD in the environment")
    if unknown := set(options.scenarios) - set(known):
        parser.error(f"no scenario {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    return options


def words(text: str) -> list[str]:
    """Split a list with commas."""
    return [word for word in text.split(",") if word]


def say(text: str) -> None:
    """Tell the person something that is not part of the result."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def scratch_folder(keep: bool) -> Iterator[Path]:
    """Make a folder outside the tree, and remove it at the end unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="libchat-bench-"))
    try:
        yield folder
    finally:
        if keep:
            say(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def show_log(load: Path) -> None:
    """Print the end of what our server said in its last run."""
    log = load / "peers" / "run" / OURS / "server.log"
    if log.exists():
        say("the server's last words:")
        print("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]), file=sys.stderr)


def measure(scratch: Path, options: argparse.Namespace) -> int:
    """Build, measure, print both tables; return the exit code."""
    load = copy_load(options.load, scratch)
    build(load)
    results = scratch / "results.jsonl"
    code = drive(driver_command(load, results, options))
    runs = read_runs(results)
    print(f"\n{table(runs, options)}")
    if options.only_peers:
        return min(code, 1)
    failed = failures(runs, options.scenarios)
    for line in failed:
        say(f"failed: {line}")
    if failed or code:
        show_log(load)
    return 1 if failed or code else 0


def main() -> int:
    """Run the benchmark and return its exit code."""
    options = parse_options()
    signal.signal(signal.SIGTERM, terminate)
    try:
        check_tools()
        check_headers()
        raise_descriptor_limit()
        options.contestants = ([] if options.only_peers else [OURS]) + installed(options.peers)
        if not options.contestants:
            raise Missing("nothing to measure")
        with scratch_folder(options.keep) as scratch:
            return measure(scratch, options)
    except Missing as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def terminate(*_: object) -> NoReturn:
    """End as on Ctrl-C, so that the driver stops its server."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
