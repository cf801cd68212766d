"""Real clients and real servers that are cut off from each other, killed, and started again."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import libchat
from libchat import aio, locks
from libchat import messages as m
from libchat.client.memory import Memory
from libchat.client.patience import Patience
from libchat.client.state import StateFile
from libchat.security.key_change import plan_change
from support.proxy import Proxy

SECONDS = 30
QUICK = Patience(delays=lambda: itertools.repeat(0.01))
Connect = Callable[..., libchat.Client]


def texts(chat: libchat.Participant, count: int) -> list[str]:
    """Return the texts of the next messages."""
    return [chat.receive(SECONDS).text for _ in range(count)]


def wait_for(chat: libchat.Participant, kind: type[m.Event]) -> m.Event:
    """Return the next event of a type, and drop the others before it."""
    while not isinstance(event := chat.receive_event(SECONDS), kind):
        pass
    return event


# --- cuts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lose", [Proxy.cut, Proxy.abandon])
def test_room_loses_nothing_while_everybody_is_cut_off(
    connect: Connect, proxy: Proxy, lose: Callable[[Proxy], None]
) -> None:
    """Five people talk in a room while all connections are lost, again and again: each hears all others, in order."""
    names = ["ana", "bo", "cy", "di", "ed"]
    chats = {name: connect(name, address=proxy.address) for name in names}
    for chat in chats.values():
        chat.join("#x")
    rounds, each = 5, 40

    def talk(name: str) -> None:
        for number in range(rounds * each):
            chats[name].send("#x", f"{name} {number}").accepted(SECONDS)

    threads = [threading.Thread(target=talk, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    heard: dict[str, list[str]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            heard[name] += texts(chats[name], (len(names) - 1) * each)
        lose(proxy)
    for thread in threads:
        thread.join(SECONDS)
    for name in names:
        for other in names:
            own = [text for text in heard[name] if text.startswith(f"{other} ")]
            assert own == ([f"{other} {number}" for number in range(rounds * each)] if other != name else [])
        chats[name].ping()
        with pytest.raises(TimeoutError):
            chats[name].receive(0)


def test_room_is_resumed_after_a_long_cut(connect: Connect, proxy: Proxy) -> None:
    """What was said in a room while a connection was gone comes when it is back, marked as queued, and only that."""
    ana, bo = connect("ana", address=proxy.address), connect("bo")
    ana.join("#x")
    bo.join("#x")
    bo.send("#x", "before").accepted(SECONDS)
    assert texts(ana, 1) == ["before"]
    proxy.refuse()
    wait_for(ana, m.Interrupted)
    for number in range(600):  # more than one page of a replay
        bo.send("#x", str(number))
    bo.ping()
    proxy.admit()
    entries = [ana.receive(SECONDS) for _ in range(600)]
    assert [entry.text for entry in entries] == [str(number) for number in range(600)]
    assert entries[0].is_queued
    ana.ping()
    bo.send("#x", "live").accepted(SECONDS)
    live = ana.receive(SECONDS)
    assert (live.text, live.is_queued) == ("live", False)


def test_receipt_learns_what_happened_during_a_cut(connect: Connect, proxy: Proxy) -> None:
    """Who was cut off when a message was delivered and read hears of it later, though nobody told it then."""
    ana, bo = connect("ana", address=proxy.address), connect("bo")
    receipt = ana.send("bo", "hi")
    receipt.accepted(SECONDS)
    proxy.refuse()
    wait_for(ana, m.Interrupted)
    entry = bo.receive(SECONDS)
    bo.read("ana", entry.seq)
    bo.ping()
    proxy.admit()
    receipt.read(SECONDS)
    receipt.delivered(0)


# --- restarts of the server -----------------------------------------------------------------------------------------


def test_server_comes_back_over_its_log(tmp_path: Path) -> None:
    """A server that is stopped and started again has lost nothing, in rooms and private, also what came meanwhile."""
    with libchat.serve(port=0, data=tmp_path) as server:
        address, pin = server.address, server.pin
        ana, bo, cy = (libchat.connect(address, name, pin=pin, patience=QUICK) for name in ("ana", "bo", "cy"))
        for chat in (ana, bo, cy):
            chat.join("#x")
        ana.send("bo", "unread").accepted(SECONDS)
        ana.send("#x", "to all").accepted(SECONDS)
        assert texts(cy, 1) == ["to all"]
        cy.close()
    assert isinstance(wait_for(ana, m.Interrupted), m.Interrupted)
    receipts = [ana.send(target, f"{target} {number}") for number in range(10) for target in ("bo", "cy", "#x")]
    with libchat.serve(port=int(address.rsplit(":", 1)[1]), data=tmp_path), ana, bo:
        assert all(receipt.accepted(SECONDS) for receipt in receipts)
        expected = {
            "#x": ["to all", *(f"#x {n}" for n in range(10))],
            "bo": ["unread", *(f"bo {n}" for n in range(10))],
        }
        heard = [bo.receive(SECONDS) for _ in range(22)]
        assert {key: [entry.text for entry in heard if entry.target == key] for key in ("#x", "bo")} == expected
        with libchat.connect(address, "cy", pin=pin) as cy:
            assert texts(cy, 10) == [f"cy {n}" for n in range(10)]


# --- restarts of the client -----------------------------------------------------------------------------------------


def test_state_resumes_rooms_and_private_conversations(server: libchat.Server, tmp_path: Path) -> None:
    """A program that ends and begins again hears what it has not taken yet, in a room and private, each once."""

    def begin() -> libchat.Client:
        return libchat.connect(server.address, "ana", pin=server.pin, state=tmp_path / "ana")

    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#x")
        with begin() as ana:
            ana.join("#x")
            for text in ("one", "two"):
                bo.send("#x", text).accepted(SECONDS)
                bo.send("ana", text).accepted(SECONDS)
            assert texts(ana, 2) == ["one", "one"]
        bo.send("#x", "three").accepted(SECONDS)
        bo.send("ana", "three").accepted(SECONDS)
        with begin() as ana:
            ana.join("#x")
            heard = [ana.receive(SECONDS) for _ in range(4)]
            for target in ("#x", "ana"):
                assert [entry.text for entry in heard if entry.target == target] == ["two", "three"]
            ana.ping()
            with pytest.raises(TimeoutError):
                ana.receive(0)
            ana.leave("#x")
        bo.send("#x", "four").accepted(SECONDS)
        with begin() as ana:
            ana.join("#x")
            bo.send("#x", "five").accepted(SECONDS)
            assert texts(ana, 1) == ["five"]


def test_state_keeps_what_was_not_answered(server: libchat.Server, proxy: Proxy, tmp_path: Path) -> None:
    """What a program said without a connection goes out in its next run, first and in order, and its cids are known."""

    def begin() -> libchat.Client:
        return libchat.connect(proxy.address, "ana", pin=server.pin, state=tmp_path, patience=QUICK)

    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        with begin() as ana:
            first = ana.send("bo", "first", cid="order-1").accepted(SECONDS)
            proxy.refuse()
            wait_for(ana, m.Interrupted)
            ana.send("bo", "order", cid="order-2")
            for number in range(100):
                ana.send("bo", str(number))
        proxy.admit()
        with begin() as ana:
            last = ana.send("bo", "last").accepted(SECONDS)
            assert ana.send("bo", "first", cid="order-1").accepted(SECONDS).seq == first.seq
            assert ana.send("bo", "order", cid="order-2").accepted(SECONDS).seq == first.seq + 1
            with pytest.raises(libchat.Refused):
                ana.send("bo", "another order", cid="order-2").accepted(SECONDS)
        assert texts(bo, 103) == ["first", "order", *map(str, range(100)), "last"]
        assert last.seq == 103


def test_state_of_somebody_else_is_refused(server: libchat.Server, tmp_path: Path) -> None:
    """A folder that is in use, or belongs to another name, is refused before anything is sent, and free again later."""
    with (
        libchat.connect(server.address, "ana", pin=server.pin, state=tmp_path),
        pytest.raises(libchat.StoreError, match="in use"),
    ):
        libchat.connect(server.address, "ana", pin=server.pin, state=tmp_path)
    with pytest.raises(libchat.StoreError, match="belongs to the name ana"):
        libchat.connect(server.address, "bo", pin=server.pin, state=tmp_path)
    with pytest.raises(libchat.NameTaken), libchat.connect(server.address, "ana", pin=server.pin):
        libchat.connect(server.address, "ana", pin=server.pin, state=tmp_path, device="")
    libchat.connect(server.address, "ana", pin=server.pin, state=str(tmp_path)).close()


def kept(memory: Memory, conversation: str) -> int:
    """Return the place in a conversation that stands in the file of a client just now."""
    assert isinstance(memory, StateFile)
    with memory._lock:
        row = memory._database.execute("SELECT seq FROM position WHERE conversation = ?", (conversation,)).fetchone()
    return int(row[0])


NOTES = ("keep", "answered", "server_is", "announced", "log_is", "entered", "left", "taken")


def test_notes_are_made_by_one_thread_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a client notes, it holds the lock around its link: another thread may note something, too."""
    made: dict[str, set[tuple[int, ...]]] = {name: set() for name in NOTES}

    def watch(name: str) -> None:
        note = getattr(StateFile, name)

        def watched(*arguments: object) -> None:
            made[name].add(tuple(locks._held.tiers))
            note(*arguments)

        monkeypatch.setattr(StateFile, name, watched)

    for name in NOTES:
        watch(name)
    data = tmp_path / "data"
    with libchat.Server(port=0, data=data) as server:
        plan_change(data, datetime(2030, 1, 1, tzinfo=UTC))
        server.read_successor()
        with (
            libchat.connect(server.address, "bo", pin=server.pin) as bo,
            libchat.connect(server.address, "ana", pin=server.pin, state=tmp_path / "ana") as ana,
        ):
            ana.join("#x")
            ana.send("#x", "hello").accepted(SECONDS)
            bo.send("ana", "hi").accepted(SECONDS)
            ana.receive(SECONDS)
            ana.leave("#x")
    assert made == {name: {(locks.INBOX,)} for name in NOTES}


def test_what_is_taken_is_kept_before_the_program_has_it(connect: Connect, tmp_path: Path) -> None:
    """At the moment when an entry is received, the file knows so."""
    ana, bo = connect("ana", state=tmp_path), connect("bo")
    ana.join("#x")
    bo.join("#x")
    for number in range(1, 21):
        bo.send("#x", str(number)).accepted(SECONDS)
        assert ana.receive(SECONDS).seq == kept(ana._memory, "#x") == number


def test_what_is_taken_is_kept_before_a_coroutine_has_it(server: libchat.Server, tmp_path: Path) -> None:
    """The same for asyncio."""

    async def run() -> None:
        async with (
            aio.connect(server.address, "ana", pin=server.pin, state=tmp_path) as ana,
            aio.connect(server.address, "bo", pin=server.pin) as bo,
        ):
            await ana.join("#x")
            await bo.join("#x")
            for number in range(1, 21):
                await bo.send("#x", str(number))
                assert (await ana.receive()).seq == kept(ana._memory, "#x") == number

    asyncio.run(run())


def test_full_disk_is_told(server: libchat.Server, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be kept is not sent as if it were: the program hears of it, and can leave."""
    with libchat.connect(server.address, "ana", pin=server.pin, state=tmp_path) as ana:
        state = ana._memory
        assert isinstance(state, StateFile)
        ana.ping()
        with state._lock:
            (pages,) = state._database.execute("PRAGMA page_count").fetchone()
            state._database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(libchat.StoreError, match="room"):
            ana.send("ana", "x" * 8000)
    assert "not all of its state could be kept" in caplog.text


def test_unknown_option_is_refused(server: libchat.Server) -> None:
    """A misspelt option is an error: nobody should believe that a pin was checked."""
    options: dict[str, object] = {"pinn": server.pin}
    with pytest.raises(TypeError, match="pinn"):
        libchat.connect(server.address, "ana", **options)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match="pinn"):
        aio.connect(server.address, "ana", **options)  # type: ignore[arg-type]  # that is the point


def test_state_for_asyncio(server: libchat.Server, tmp_path: Path) -> None:
    """An asyncio client keeps its state as the blocking one does: what it took does not come again, the rest does."""

    async def run(*, first: bool) -> list[str]:
        async with aio.connect(server.address, "ana", pin=server.pin, state=tmp_path) as ana:
            with pytest.raises(libchat.StoreError, match="in use"):
                async with aio.connect(server.address, "ana", pin=server.pin, state=tmp_path):
                    pass
            await ana.join("#x")
            if first:
                await asyncio.to_thread(say, "one", "two")
            return [(await ana.receive()).text for _ in range(2)]

    def say(*words: str) -> None:
        for word in words:
            bo.send("#x", word).accepted(SECONDS)
            bo.send("ana", word).accepted(SECONDS)

    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#x")
        assert asyncio.run(run(first=True)) == ["one", "one"]
        assert asyncio.run(run(first=False)) == ["two", "two"]


SENDER = """
import sys
import libchat

address, pin, state, first = sys.argv[1:]
with libchat.connect(address, "ana", pin=pin, state=state) as chat:
    chat.join("#x")
    for number in range(int(first), 1000):
        chat.send("bo", str(number), cid=f"bo-{number}")
        chat.send("#x", str(number), cid=f"x-{number}")
        print(number, flush=True)
    chat.send("bo", "end").accepted()
"""

RECEIVER = """
import sys
import libchat

address, pin, state = sys.argv[1:]
with libchat.connect(address, "bo", pin=pin, state=state) as chat:
    chat.join("#x")
    for entry in chat:
        print(entry.target, entry.text, flush=True)
"""


def test_killed_sender_says_everything_once(server: libchat.Server, tmp_path: Path) -> None:
    """A program that is killed three times while it sends 1,000 messages has said all of them, once and in order.

    It begins again behind the last one of which `send` had returned, or a few before it, with the same cids.
    """
    with libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#x")
        said = -1
        for stop_at, step in ((200, 1), (500, 1), (800, -5), (10_000, 1)):
            program = [sys.executable, "-c", SENDER, server.address, server.pin, str(tmp_path), str(said + step)]
            with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as sender:
                assert sender.stdout is not None
                while (line := sender.stdout.readline()) and (said := int(line)) < stop_at:
                    pass
                if line:
                    sender.kill()
        heard: dict[str, list[str]] = {"bo": [], "#x": []}
        while "end" not in heard["bo"]:
            entry = bo.receive(SECONDS)
            heard[entry.target].append(entry.text)
        assert heard == {"bo": [*map(str, range(1000)), "end"], "#x": [*map(str, range(1000))]}


def test_killed_receiver_hears_nothing_twice(server: libchat.Server, tmp_path: Path) -> None:
    """A program that is killed three times while it receives gets everything in order and nothing twice.

    Of each run, it may have had one entry that it could not write down any more.
    """
    heard: dict[str, list[int]] = {"bo": [], "#x": []}
    program = [sys.executable, "-c", RECEIVER, server.address, server.pin, str(tmp_path)]
    with libchat.connect(server.address, "ana", pin=server.pin) as ana:
        ana.join("#x")
        for kills, stop_at in enumerate((0, 200, 500, 999)):
            with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as receiver:
                assert receiver.stdout is not None
                if kills == 0:
                    wait_for(ana, m.Joined)
                    for number in range(1000):
                        ana.send("#x", str(number))
                        ana.send("bo", str(number))
                    ana.ping()
                while max(heard["bo"], default=-1) < stop_at or max(heard["#x"], default=-1) < stop_at:
                    target, text = receiver.stdout.readline().split()
                    heard[target].append(int(text))
                receiver.kill()
                for line in receiver.stdout.read().splitlines(keepends=True):
                    if not line.endswith("\n"):
                        break  # it was killed in the middle of this word
                    target, text = line.split()
                    heard[target].append(int(text))
    for numbers in heard.values():
        assert numbers == sorted(set(numbers))
    assert 2000 - 3 <= sum(map(len, heard.values())) <= 2000
