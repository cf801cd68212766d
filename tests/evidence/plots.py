"""What a server carries, how long that takes, and how much memory it needs, over how many people are there.

Each point is that of a real `libchat serve` of its own, over TLS 1.3 on loopback, which has one CPU to itself; the
crowd (`evidence.crowd`) has another one, and checks every delivery. The figures go into load.json, and the plots are
drawn from that file: `python tests/evidence/plots.py` draws them again without measuring.
"""

from __future__ import annotations

import os
import platform
import resource
import signal
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

if __name__ == "__main__":
    ROOT = Path(__file__).parents[2]
    sys.path[:1] = [str(ROOT / "tests"), str(ROOT), str(ROOT / "shell"), str(ROOT / "plugins")]

from evidence.crowd import IN_FLIGHT, PEOPLE, SPEAKERS, TEXT_BYTES, Crowd
from evidence.missing import Missing
from support.program import Serving, environment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODES: Final = {"memory": ("--memory",), "durable": ()}
"""Where a server keeps messages, and the options that say so."""
WORDS: Final = {"memory": "in memory (--memory)", "durable": "on disk (the default)"}
COLOURS: Final = {"memory": "#1f6fb4", "durable": "#c8501e"}

UNLIMITED: Final = ("--message-rate", "0", "--registrations", "0")
"""The crowd is one machine, and talks faster than one may."""

KIB: Final = 1024
SPARE_FILES: Final = 200
SYNCS: Final = 50
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
"""Seconds by which the system counts CPU time."""


class Plan(msgspec.Struct, frozen=True):
    """What is measured."""

    people: tuple[int, ...] = (10, 30, 100, 300, 1_000, 3_000, 5_000)
    seconds: float = 3.0
    """How long each of the two measurements of a point takes."""
    rate: int = 1_000
    """Messages each second in all, while it is measured how long they take."""
    idle: tuple[int, ...] = (0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 4_500, 5_000)
    """Numbers of connections at which memory is measured."""


class Point(msgspec.Struct, frozen=True):
    """What was measured with so many people."""

    people: int
    deliveries_per_second: int
    deliveries_per_cpu_second: int
    """For each second of CPU time that the server used."""
    server_cpu: float
    """The share of one CPU that the server used meanwhile."""
    others_cpu: float
    """The share of the machine that other programs used meanwhile: a quiet machine has next to nothing."""
    p50_ms: float
    p99_ms: float
    deliveries_checked: int
    """All of them were right: what is lost, doubled, altered or out of order ends the measurement."""


class Memory(msgspec.Struct, frozen=True):
    """How much memory a server has with so many connections that have a name and say nothing."""

    connections: int
    kib: int


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    system: str
    processor: str
    cpus: int
    memory_gib: int
    python: str
    openssl: str
    fsync_ms: float
    """Median of an fsync of 4 KiB in the folder of the log."""


class Figures(msgspec.Struct, frozen=True):
    """Everything that was measured: the content of load.json."""

    machine: Machine
    plan: Plan
    room: dict[str, int]
    load: dict[str, tuple[Point, ...]]
    memory: dict[str, tuple[Memory, ...]]
    kib_per_connection: dict[str, float]


def make(folder: Path) -> None:
    """Measure, and write load.json, throughput.svg, latency.svg and memory.svg.

    Raises `Missing` for what this machine has not, and `Fault` if anything was lost, doubled or out of order.
    """
    need_matplotlib()
    figures = measure(Plan())
    data = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    (folder / "load.json").write_bytes(data + b"\n")
    draw(folder / "load.json", folder)


# --- measuring ------------------------------------------------------------------------------------------------------


def measure(plan: Plan) -> Figures:
    """Return what servers carry and need here. Raises `Missing` and `Fault`."""
    need_linux()
    need_files(max(*plan.people, *plan.idle))
    memory = {mode: tuple(measure_memory(mode, plan)) for mode in MODES}
    return Figures(
        machine=machine(),
        plan=plan,
        room={"people": PEOPLE, "speakers": SPEAKERS, "in_flight": IN_FLIGHT, "text_bytes": TEXT_BYTES},
        load={mode: tuple(measure_load(mode, people, plan) for people in plan.people) for mode in MODES},
        memory=memory,
        kib_per_connection={mode: round(slope(points), 1) for mode, points in memory.items()},
    )


def measure_load(mode: str, people: int, plan: Plan) -> Point:
    """Return what a server carries with so many people, and how long a message takes when there are few."""
    with serving(mode) as server, Crowd(server.address) as crowd:
        crowd.come(people)
        crowd.enter_rooms()
        others = Others(server.pid)
        took = crowd.pace(plan.seconds, plan.rate)
        carried = crowd.saturate(plan.seconds, lambda: cpu_seconds(server.pid))
        others_cpu = others.share()
        crowd.leave()
    return Point(
        people=people,
        deliveries_per_second=round(carried.deliveries / carried.seconds),
        deliveries_per_cpu_second=round(carried.deliveries / max(carried.cpu_seconds, TICK)),
        server_cpu=round(carried.cpu_seconds / carried.seconds, 2),
        others_cpu=round(others_cpu, 2),
        p50_ms=round(took[len(took) // 2] * 1000, 3),
        p99_ms=round(took[len(took) * 99 // 100] * 1000, 3),
        deliveries_checked=crowd.checked,
    )


def measure_memory(mode: str, plan: Plan) -> Iterator[Memory]:
    """Yield how much memory a server has with more and more connections."""
    with serving(mode) as server, Crowd(server.address) as crowd:
        for count in plan.idle:
            crowd.come(count - len(crowd.people))
            yield Memory(count, resident_kib(server.pid))
        crowd.leave()


def slope(points: Sequence[Memory]) -> float:
    """Return how many KiB one more connection takes: the straight line that fits the points best."""
    line = statistics.linear_regression([point.connections for point in points], [point.kib for point in points])
    return line.slope


@contextmanager
def serving(mode: str) -> Iterator[Serving]:
    """Run a server on the first CPU, and this thread on the second one meanwhile, if there is one."""
    cpus = os.sched_getaffinity(0)
    first, *others = sorted(cpus)
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home), LIBCHAT_DEBUG_LOCKS="0")
        options = ("--port", "0", *UNLIMITED, *(MODES[mode] or ("--data", f"{home}/data")))
        try:
            os.sched_setaffinity(0, {first})  # whoever is started has the CPUs of who starts it
            with Serving(*options, env=env, is_cold=True) as server:
                os.sched_setaffinity(0, others[:1] or {first})
                yield server
                server.signal(signal.SIGTERM)
                assert server.end() == 0, server.errors
                assert not server.errors, server.errors
        finally:
            os.sched_setaffinity(0, cpus)


class Others:
    """What other programs use of the machine, from now on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._begun = self._now()

    def share(self) -> float:
        """Return their share of all CPUs up to now."""
        elapsed, busy, ours = (now - then for now, then in zip(self._now(), self._begun))
        return max(busy - ours, 0.0) / (elapsed * (os.cpu_count() or 1))

    def _now(self) -> tuple[float, float, float]:
        fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
        user, nice, system, _, _, *interrupts = map(int, fields[:8])
        busy = (user + nice + system + sum(interrupts)) * TICK
        return time.monotonic(), busy, cpu_seconds(self._pid) + time.process_time()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, in whole ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def resident_kib(pid: int) -> int:
    """Return how much memory a process has in KiB, with its part of what it shares with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def machine() -> Machine:
    """Return where this is measured."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next((line.partition(": ")[2] for line in info if line.startswith("model name")), platform.machine())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        system=f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        processor=processor,
        cpus=len(os.sched_getaffinity(0)),
        memory_gib=round(pages / KIB**3),
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION,
        fsync_ms=round(fsync_ms(), 3),
    )


def fsync_ms() -> float:
    """Return how many milliseconds it takes until 4 KiB are on the disk."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(SYNCS):
            begun = time.perf_counter()
            file.write(bytes(4 * KIB))
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1000


def need_files(connections: int) -> None:
    """Allow this process as many open files as it takes. Raises `Missing` if that is not granted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Missing(f"{connections:,} connections take {needed:,} open files, and {hard:,} are allowed (ulimit -Hn)")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


# --- drawing --------------------------------------------------------------------------------------------------------


def need_linux() -> None:
    """Raise `Missing` where nobody says what a process uses."""
    if sys.platform != "linux":
        raise Missing("this is measured with /proc, which Linux has")


def need_matplotlib() -> None:
    """Raise `Missing` without matplotlib."""
    if find_spec("matplotlib") is None:
        raise Missing("matplotlib is missing: pip install 'libchat[evidence]'")


def draw(source: Path, folder: Path) -> None:
    """Draw the plots from load.json into a folder. The same figures make the same files. Raises `Missing`."""
    need_matplotlib()
    figures = msgspec.json.decode(source.read_bytes(), type=Figures)
    _draw(folder / "throughput.svg", figures, _throughput)
    _draw(folder / "latency.svg", figures, _latency)
    _draw(folder / "memory.svg", figures, _memory)


def _draw(path: Path, figures: Figures, plot: Callable[[Axes, Figures], None]) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style = {
        "svg.hashsalt": "libchat",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "Helvetica", "Arial"],
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#555555",
        "axes.labelcolor": "#222222",
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.8,
        "lines.markersize": 4.5,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "xtick.color": "#444444",
        "ytick.color": "#444444",
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(7.6, 4.4), layout="constrained", facecolor="white")
        FigureCanvasSVG(figure)
        plot(figure.subplots(), figures)
        figure.legend(loc="outside lower center", ncols=2)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _throughput(axes: Axes, figures: Figures) -> None:
    for mode, points in figures.load.items():
        people = [point.people for point in points]
        per_second = [point.deliveries_per_second / 1000 for point in points]
        per_cpu = [point.deliveries_per_cpu_second / 1000 for point in points]
        axes.plot(people, per_cpu, "--s", color=COLOURS[mode], label=f"{WORDS[mode]}, per second of server CPU")
        axes.plot(people, per_second, "-o", color=COLOURS[mode], label=f"{WORDS[mode]}, per second")
    axes.set_title(f"What one CPU delivers: rooms of {PEOPLE}, of whom {SPEAKERS} talk without a pause")
    axes.set_ylabel("thousand deliveries each second")
    axes.set_ylim(bottom=0)
    _over_people(axes, figures)


def _latency(axes: Axes, figures: Figures) -> None:
    for mode, points in figures.load.items():
        people = [point.people for point in points]
        axes.plot(people, [point.p99_ms for point in points], "--s", color=COLOURS[mode], label=f"{WORDS[mode]}, p99")
        axes.plot(people, [point.p50_ms for point in points], "-o", color=COLOURS[mode], label=f"{WORDS[mode]}, p50")
    axes.set_title(f"From send to delivery, at {figures.plan.rate:,} messages each second in rooms of {PEOPLE}")
    axes.set_ylabel("milliseconds")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    _over_people(axes, figures)


def _memory(axes: Axes, figures: Figures) -> None:
    for mode, points in figures.memory.items():
        connections, mib = [point.connections for point in points], [point.kib / KIB for point in points]
        each = figures.kib_per_connection[mode]
        axes.plot(connections, mib, "-o", color=COLOURS[mode], label=f"{WORDS[mode]}: {each:.1f} KiB a connection")
    axes.set_title("Memory of the server, with connections that say nothing")
    axes.set_ylabel("MiB")
    axes.set_xlabel("connections")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylim(bottom=0)


def _over_people(axes: Axes, figures: Figures) -> None:
    people = [point.people for points in figures.load.values() for point in points]
    axes.set_xscale("log")
    axes.set_xticks(sorted(set(people)), [f"{count:,}" for count in sorted(set(people))])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("people connected")


if __name__ == "__main__":
    here = Path(__file__).parents[2] / "docs" / "evidence"
    draw(here / "load.json", here)
