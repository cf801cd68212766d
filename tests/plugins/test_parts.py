"""The parts of a host: guard, output, timers, rates, stores, lanes, surroundings."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat import messages as m
from libchat.errors import PluginError, StoreError
from libchat.plugins.hooks import HOOKS
from libchat.plugins.host.happenings import happening
from libchat.plugins.host.surroundings import CONVERSATIONS, RECENT, Surroundings
from libchat.plugins.loaded.guard import Guard, patience
from libchat.plugins.loaded.lane import WAITING, Lane
from libchat.plugins.loaded.output import PRINTED, Capture, captured
from libchat.plugins.loaded.rates import Rate, parse_rate
from libchat.plugins.loaded.store import STORE_BYTES, Store
from libchat.plugins.loaded.timer import Timers
from libchat.plugins.sources.enabled import Enabled
from libchat.plugins.types import Member, Ref, Room

# --- the guard ------------------------------------------------------------------------------------------------------


def test_workers_are_used_again() -> None:
    """One call after the other needs one thread."""
    guard = Guard()
    threads = {guard.call(threading.current_thread) for _ in range(20)}
    guard.close()
    assert len(threads) == 1


def test_a_worker_that_is_abandoned_is_replaced() -> None:
    """A call that does not even notice that it was interrupted holds nobody up, and its worker is used no more."""
    guard = Guard(0.1)
    gate = threading.Event()
    with pytest.raises(PluginError, match="has not come back within") as caught:
        guard.call(lambda: gate.wait(20), plugin="slow")
    assert (caught.value.kind, caught.value.plugin) == ("hung", "slow")
    assert "gate.wait" in caught.value.details
    assert guard.lost == 1
    assert guard.call(lambda: 5) == 5
    gate.set()
    guard.close()
    assert guard.lost == 0


def test_a_call_that_defies_its_interruption_ends_some_time() -> None:
    """Code that catches everything is interrupted again when the guard is closed."""
    guard = Guard(0.05)
    caught: list[BaseException] = []

    def defy() -> None:
        while len(caught) < 2:
            try:
                while True:
                    time.sleep(0.001)
            except BaseException as fault:  # noqa: BLE001  # as bad code does
                caught.append(fault)

    with pytest.raises(PluginError):
        guard.call(defy)
    guard.close()
    assert len(caught) == 2


def test_time_stands_still_in_patience() -> None:
    """What waits for a person may take longer, and has its full time again behind it."""
    guard = Guard(0.2)

    def ask() -> str:
        with patience():
            time.sleep(0.4)
        return "answer"

    assert guard.call(ask) == "answer"
    guard.close()


def test_many_calls_at_once() -> None:
    """Calls of many threads do not mix, and all of them come back."""
    guard = Guard()
    results: dict[int, int] = {}
    barrier = threading.Barrier(16)

    def call(number: int) -> None:
        barrier.wait()
        for _ in range(50):
            results[number] = guard.call(lambda: number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    guard.close()
    assert results == {number: number for number in range(16)}


# --- output ---------------------------------------------------------------------------------------------------------


def test_only_the_thread_that_captures_is_captured(capsys: pytest.CaptureFixture[str]) -> None:
    """What others print meanwhile goes where it went before; afterwards the streams are what they were."""
    streams = sys.stdout, sys.stderr
    capture = Capture()

    def other() -> None:
        sys.stdout.write("other\n")

    with captured(capture):
        sys.stdout.write("mine\x1b[2J\n")
        sys.stdout.flush()
        assert sys.stdout.encoding == streams[0].encoding
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert (sys.stdout, sys.stderr) == streams
    assert capture.text == "mine[2J"
    assert capsys.readouterr().out == "other\n"


def test_not_all_of_a_flood_is_kept() -> None:
    """A plugin that prints for ever does not fill the memory."""
    capture = Capture()
    with captured(capture):
        for _ in range(100):
            sys.stdout.write("x" * 1000)
    assert len(capture.text) == PRINTED


# --- timers ---------------------------------------------------------------------------------------------------------


def test_timers_run_in_a_thread() -> None:
    """Without anybody doing anything, what is due is called, the earlier one first."""
    timers = Timers()
    called: list[str] = []
    done = threading.Event()
    timers.after(0.05, lambda: called.append("b"))
    timers.after(0.06, done.set)
    timers.after(0.01, lambda: called.append("a"))
    timers.after(0, lambda: called.append("never")).cancel()
    assert done.wait(10)
    timers.close()
    timers.close()
    assert called == ["a", "b"]
    assert len(timers) == 0


def test_missed_turns_are_not_made_up_for() -> None:
    """After a long sleep of the machine, a timer comes once, and then in its time."""
    now = [0.0]
    timers = Timers(lambda: now[0], is_threaded=False)
    called: list[float] = []
    timers.every(10, lambda: called.append(now[0]))
    for moment in (9, 10, 1000, 1009, 1010, 1020):
        now[0] = moment
        while timers.run_due() and timers.next_due is not None and timers.next_due <= now[0]:
            pass
    assert called[:2] == [10, 1000]
    assert len(called) <= 5


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_times_that_are_none_are_refused(seconds: float) -> None:
    """A timer that would never come, or came before, is a mistake."""
    timers = Timers(is_threaded=False)
    with pytest.raises(ValueError, match="a timer cannot be"):
        timers.after(seconds, list)
    with pytest.raises(ValueError, match="a timer cannot be"):
        timers.every(seconds, list)


# --- rates ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=60))
def test_no_sender_is_over_the_rate(uses: list[tuple[str, float]]) -> None:
    """Within any ten seconds nobody has more than three; and who is refused is told a time after which it works."""
    rate = Rate("3/10s")
    had: dict[str, list[float]] = {"a": [], "b": []}
    now = 0.0
    for sender, passed in uses:
        now += passed
        wait = rate.take(sender, now)
        if not wait:
            had[sender].append(now)
            continue
        assert len([each for each in had[sender] if now - each < 10]) == 3
        now += wait
        assert rate.take(sender, now) == 0
        had[sender].append(now)
    for times in had.values():
        assert all(fourth - first >= 10 for first, fourth in zip(times, times[3:]))


@pytest.mark.parametrize(
    "text",
    ["", "5", "5/s", "0/1s", "1/0s", "1/1", "1/1y", "1/m", "-1/1s", "1/1s ", "1/1S", "1/ 1s", "1/9999999s", "٣/1s"],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    """A rate is times and a span of time."""
    with pytest.raises(ValueError, match="write times and a span of time as 5/10s or 3/1m"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "times", "seconds"),
    [("5/10s", 5, 10), ("3/1m", 3, 60), ("1/1h", 1, 3600), ("9999/2d", 9999, 2 * 86_400), ("1/1w", 1, 7 * 86_400)],
)
def test_rates_have_units(text: str, times: int, seconds: int) -> None:
    """The span of a rate is written as spans are elsewhere."""
    assert parse_rate(text) == (times, seconds)


def test_a_use_that_is_given_back_does_not_count() -> None:
    """Only the last use of that sender is free again."""
    rate = Rate("2/10s")
    assert [rate.take(sender, now) for sender, now in (("a", 0), ("b", 1), ("a", 2))] == [0, 0, 0]
    rate.give_back("a")
    assert rate.take("a", 3) == 0
    assert rate.take("a", 4) == 6
    rate.give_back("nobody")


# --- stores ---------------------------------------------------------------------------------------------------------

Json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(values=st.dictionaries(st.text("abcdef", max_size=3), Json, max_size=5))
def test_a_store_keeps_what_is_put_in(tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]) -> None:
    """After a restart it is all there, and what was taken out is not."""
    folder = tmp_path_factory.mktemp("store")
    store = Store(lambda: folder)
    store.update(values)
    store["gone"] = 1
    del store["gone"]
    assert dict(Store(lambda: folder)) == dict(store) == values
    assert len(store) == len(values)
    store.clear()
    assert dict(Store(lambda: folder)) == {}


def test_a_store_takes_what_commands_are_given(tmp_path: Path) -> None:
    """A `Member`, a `Room` or a `Ref` is kept as the text or number that it is, as key and as value."""
    store = Store(lambda: tmp_path)
    store[Member("bo")] = {"in": Room("#tea"), "at": [Ref(7)]}
    assert dict(Store(lambda: tmp_path)) == {"bo": {"in": "#tea", "at": [7]}}
    del store[Member("bo")]
    assert not dict(store)


def test_a_store_is_private_and_whole(tmp_path: Path) -> None:
    """Others cannot read it; what does not fit or is no JSON changes nothing; a damaged file is told."""
    store = Store(lambda: tmp_path)
    store["a"] = [1]
    store["a"].append(2)
    assert store["a"] == [1], "what is read is a copy"
    path = tmp_path / "store.json"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="1000000 are allowed"):
        store["b"] = "x" * STORE_BYTES
    with pytest.raises(TypeError):
        store["b"] = object()
    with pytest.raises(TypeError, match="cannot be a key"):
        store.update({5: 1})  # type: ignore[dict-item]
    with pytest.raises(KeyError):
        del store["b"]
    assert dict(store) == dict(Store(lambda: tmp_path)) == {"a": [1]}
    path.write_text("{")
    with pytest.raises(StoreError, match="is damaged"):
        len(Store(lambda: tmp_path))


def test_a_store_takes_many_threads(tmp_path: Path) -> None:
    """Changes of several threads are all kept."""
    store = Store(lambda: tmp_path)
    threads = [
        threading.Thread(target=lambda each=number: store.update({f"{each}.{n}": n for n in range(5)}))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Store(lambda: tmp_path)) == 40


def test_a_damaged_file_of_enabled_plugins_is_told(tmp_path: Path) -> None:
    """The person learns what to do."""
    path = tmp_path / "plugins.json"
    path.write_text("[")
    with pytest.raises(StoreError, match="remove it, and enable your plugins anew"):
        Enabled(path).names()
    Enabled(None).add("dice")


# --- lanes ----------------------------------------------------------------------------------------------------------


def test_a_lane_keeps_order_and_has_an_end() -> None:
    """Jobs are done one by one in their order; what is too much is refused, and nothing is done after the end."""
    started: list[Callable[[], None]] = []
    done: list[int] = []
    lane = Lane(started.append)
    assert all(lane.post(lambda n=number: done.append(n)) for number in range(WAITING))  # type: ignore[misc]
    assert not lane.post(lambda: done.append(-1))
    assert len(started) == 1
    started.pop()()
    assert done == list(range(WAITING))
    assert lane.is_idle
    lane.post(lambda: done.append(-2))
    lane.close()
    assert lane.post(lambda: done.append(-3))
    started.pop()()
    assert done[-1] == WAITING - 1


# --- surroundings ---------------------------------------------------------------------------------------------------


def entry(target: str, sender: str, seq: int, text: str = "x", kind: str = "message") -> m.Entry:
    """Return an entry."""
    return m.Entry(target, seq, sender, 0, text, kind)


def test_surroundings_are_what_was_heard() -> None:
    """Members come, speak and go: who spoke last is first, oneself last; rooms and messages are known."""
    around = Surroundings()
    for event in (
        m.Entered("#team", ("ana", "bo", "cy", "di")),
        m.Joined("#team", "eve"),
        entry("#team", "bo", 1, "one"),
        entry("#team", "ana", 2, "two"),
        m.Left("#team", "cy"),
        m.Kicked("#team", "di", "bo"),
        entry("ana", "bo", 7, "psst"),
        m.Entered("#gone", ("ana",)),
        m.Exited("#gone"),
    ):
        around.take(event, "ana")
    team = around.scope("#team", "ana")
    assert (team.members(), team.rooms()) == (("bo", "eve", "ana"), ("#team",))
    assert team.messages() == ((2, "ana", "two"), (1, "bo", "one"))
    assert around.scope("bo", "ana").messages() == ((7, "bo", "psst"),)
    assert around.scope("", "ana").members() == ("ana",)


def test_surroundings_have_an_end() -> None:
    """Neither many messages nor many who write fill the memory."""
    around = Surroundings()
    for number in range(RECENT + 5):
        around.take(entry("#team", "bo", number), "ana")
    assert len(around.scope("#team", "ana").messages()) == RECENT
    for number in range(CONVERSATIONS + 5):
        around.take(entry("ana", f"n{number}", 1), "ana")
    assert len(around._conversations) == CONVERSATIONS


@pytest.mark.parametrize(
    ("event", "hook", "target"),
    [
        (m.Joined("#team", "bo"), "join", "#team"),
        (m.Left("#team", "bo"), "leave", "#team"),
        (m.Kicked("#team", "cy", "bo", "spam"), "kick", "#team"),
        (m.Interrupted("x"), "disconnect", ""),
        (m.Resumed(), "connect", ""),
        (entry("#team", "bo", 1, kind="topic"), "topic", "#team"),
        (entry("ana", "bo", 1, kind="edit"), "edit", "bo"),
        (entry("#team", "bo", 1, kind="delete"), "delete", "#team"),
        (entry("#team", "bo", 1, kind="react"), "react", "#team"),
        (entry("#team", "ana", 1, kind="react"), "", ""),
        (entry("#team", "bo", 1, kind="unreact"), "", ""),
        (m.Pong(), "", ""),
    ],
)
def test_events_become_hooks(event: m.Event, hook: str, target: str) -> None:
    """Each event that an observer hears of has the arguments that the hook promises."""
    told = happening(event, "ana")
    assert (told[0] if told else "") == hook
    if told:
        assert told[2] == target
        assert {*told[3], "ctx"} == set(HOOKS[hook].arguments)
