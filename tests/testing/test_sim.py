"""The simulator: what it proves, that it is the same each time, and how people drive it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from libchat.testing import Sim
from libchat.testing import sim as module
from libchat.testing.network import Weather
from libchat.testing.play import main, run_seed
from libchat.testing.scenario import Perils, play

SEEDS_AT_ONCE = 50
CALM = Weather(splits=0.0, stalls=0.0)


@pytest.mark.parametrize("first", range(0, 500, SEEDS_AT_ONCE))
def test_nothing_accepted_is_lost_doubled_or_out_of_order(first: int) -> None:
    """In every scenario, through cuts, crashes, full disks and bad weather, what was promised is kept."""
    for seed in range(first, first + SEEDS_AT_ONCE):
        run_seed(seed)


@pytest.mark.parametrize("first", range(0, 150, SEEDS_AT_ONCE))
def test_nothing_goes_wrong_where_much_does(first: int) -> None:
    """What was promised is kept, too, where few people come and go all the time while the log fails."""
    for seed in range(first, first + SEEDS_AT_ONCE):
        run_seed(seed, Perils(hard=True))


def test_scenarios_meet_every_peril() -> None:
    """In the scenarios everything happens that should be survived."""
    found = "\n".join("\n".join(run_seed(seed).trace) for seed in range(30))
    happenings = [
        "crashes before commit",
        "crashes after commit",
        "crashes after answers",
        "breaks: both",
        "breaks: up",
        "breaks: down",
        "breaks: closed",
        "disk       is full",
        "disk       cannot be read",
        "fails to commit",
        "starts as ana/2",
        "bo2",
        "edit ",
        "delete ",
        "react ",
        "leaves #",
        "refused ",
        "ban ",
        "unban ",
        "refused banned",
    ]
    assert [each for each in happenings if each not in found] == []


def test_accounts_are_put_out_while_their_devices_are_away() -> None:
    """In the scenarios accounts are kicked and banned, and devices hear of it when they come again."""
    sims = [run_seed(seed) for seed in range(100)]
    found = {
        (line.split()[1].rstrip("2"), what)
        for sim in sims
        for line in sim.trace
        for what in ("is kicked from", "leaves #")
        if what in line and any(client.is_account and client.label == line.split()[1] for client in sim.clients)
    }
    assert {what for _, what in found} == {"is kicked from", "leaves #"}


def test_hard_scenarios_meet_what_they_are_about() -> None:
    """In them an account has three devices, what is decided cannot be stored, and people are banned and put out."""
    found = "\n".join("\n".join(run_seed(seed, Perils(hard=True)).trace) for seed in range(30))
    happenings = ["starts as ana3/1", "refused banned", "is kicked from", "fails to commit", "refused busy"]
    assert [each for each in happenings if each not in found] == []


def test_same_seed_makes_the_same_run() -> None:
    """A seed that is played twice leaves the same trace, and another seed another one."""
    first, again, other = (play(Sim(seed)) for seed in (7, 7, 8))
    assert first.trace == again.trace
    assert first.digest == again.digest != other.digest


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_same_seed_makes_the_same_run_in_other_processes(hash_seed: str) -> None:
    """A run does not depend on the order of sets, nor on anything else of its process."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-W", "error", "-m", "libchat.testing.sim", "7", "8", "9"]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout
    assert re.findall(r"trace (\w+)", told) == [run_seed(seed).digest for seed in (7, 8, 9)]


def test_perils_can_be_left_out() -> None:
    """A scenario without perils has none of them."""
    calm = Perils(
        cuts=False,
        server_crashes=False,
        client_crashes=False,
        full_disks=False,
        unreadable_disks=False,
        accounts=False,
        second_devices=False,
    )
    trace = "\n".join(play(Sim(3), calm).trace)
    assert not re.search("crash|breaks|disk", trace)


def test_example_of_the_docstring_runs() -> None:
    """The example with which the module opens is a program that runs."""
    example = "\n".join(line.strip() for line in (module.__doc__ or "").splitlines() if line.startswith("    "))
    assert "sim.check()" in example
    exec(example, {"Sim": Sim})  # noqa: S102  # it is our own


def test_person_is_shown_what_was_said_while_they_were_cut_off() -> None:
    """Who loses the connection gets what was said meanwhile, once it is back."""
    sim = Sim(1, weather=CALM)
    ana, bo = sim.client("ana"), sim.client("bo")
    bo.join("#x")
    sim.run(1_000)
    bo.cut()
    ana.send("#x", "one")
    ana.send("bo", "two")
    sim.run_until_quiet()
    assert sorted(bo.texts) == ["one", "two"]
    sim.check()


@pytest.mark.parametrize("how", ["before commit", "after commit", "after answers"])
def test_message_survives_every_crash_of_the_server(how: str) -> None:
    """Whenever the server dies, what was sent is there once, and shown once."""
    sim = Sim(2, weather=CALM)
    ana, bo = sim.client("ana"), sim.client("bo")
    sim.run(1_000)
    ana.send("bo", "hi")
    sim.run(60)
    sim.crash_server(how)  # type: ignore[arg-type]  # the parameters are the three that there are
    sim.run_until_quiet()
    assert bo.texts == ["hi"]
    assert [written.entry.text for written in sim.disk.written] == ["hi"]
    sim.check()


def test_crash_takes_what_was_not_committed() -> None:
    """Before the commit nothing is on the disk after a crash; after it, everything is."""
    for how, kept in (("before commit", []), ("after commit", ["hi"])):
        sim = Sim(3, weather=CALM)
        ana, _ = sim.client("ana"), sim.client("bo")
        sim.run(1_000)
        ana.send("bo", "hi")
        while not sim.host.has_uncommitted:
            sim.world.step()
        sim.crash_server(how)  # type: ignore[arg-type]  # both are among those that there are
        assert [written.entry.text for written in sim.disk.written] == kept


def test_client_that_keeps_nothing_comes_back_as_another_device() -> None:
    """Without a memory, a crash makes a new device, to which comes what the old one had not taken."""
    sim = Sim(4, weather=CALM)
    ana, bo = sim.client("ana"), sim.client("bo", keeps=False)
    sim.run(1_000)
    bo.crash()
    ana.send("bo", "hi")
    sim.run_until_quiet()
    assert bo.reader.device == "bo/2"
    assert bo.texts == ["hi"]
    sim.check()


def test_two_devices_of_an_account_are_shown_the_same() -> None:
    """What is sent to an account comes to each of its devices, and what one says to the other, too."""
    sim = Sim(5, weather=CALM)
    one, two, bo = sim.client("ana", account=True), sim.client("ana", account=True), sim.client("bo")
    sim.run(1_000)
    bo.send("ana", "hi")
    sim.run(1_000)
    one.send("bo", "hello")
    sim.run_until_quiet()
    assert (one.texts, two.texts, bo.texts) == (["hi"], ["hi", "hello"], ["hello"])
    sim.check()


def test_full_disk_refuses_and_recovers() -> None:
    """While nothing can be stored the sender is told so; nobody is shown it; later it works again."""
    sim = Sim(6, weather=CALM)
    ana, bo = sim.client("ana"), sim.client("bo")
    sim.run(1_000)
    sim.fill_disk(1_000)
    ana.send("bo", "one")
    sim.run(2_000)
    ana.send("bo", "two")
    sim.run_until_quiet()
    assert bo.texts == ["two"]
    sim.check()


def test_run_that_does_not_settle_is_a_failure() -> None:
    """Something that goes on for ever is found, and said so."""
    sim = Sim(8, most_steps=1_000)

    def go_on() -> None:
        sim.world.later(go_on)

    go_on()
    with pytest.raises(AssertionError, match="nothing came to rest within 1000 steps"):
        sim.run_until_quiet()


def test_failing_seed_is_told_with_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A seed that fails says how to play it again, with the end of its trace."""
    assert main(["7", "--steps", "10"]) == 1
    told = capsys.readouterr().out
    assert "play it again: python -m libchat.testing.sim 7\n" in told
    assert "server     starts" in told
    assert main(["7", "--steps", "10", "--hard"]) == 1
    assert "play it again: python -m libchat.testing.sim --hard 7\n" in capsys.readouterr().out


def test_many_seeds_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Of many seeds it is told how many failed, and how fast they were."""
    assert main(["--seeds", "2", "--from", "5"]) == 0
    assert re.fullmatch(r"2 seeds, 0 failed, \d+ a second\n", capsys.readouterr().out)


@pytest.mark.parametrize("has_restarted", [False, True])
def test_device_that_is_away_learns_that_its_account_was_put_out(*, has_restarted: bool) -> None:
    """When it comes again it is where the server has it; after a restart, too, which has forgotten who it was."""
    sim = Sim(4, weather=CALM)
    bo = sim.client("bo")
    bo.join("#x")
    sim.run(2_000)
    one, two = sim.client("ana", account=True), sim.client("ana", account=True)
    sim.run(2_000)
    one.join("#x")
    sim.run(2_000)
    assert "#x" in two.rooms
    two.cut()
    bo.kick("#x", "ana")
    if has_restarted:
        sim.run(600)
        sim.crash_server("after answers")
    sim.run_until_quiet()
    assert (one.rooms, two.rooms) == ({}, {})
    sim.check()
