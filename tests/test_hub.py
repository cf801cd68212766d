"""A whole chat in process: what programs do with it, and what transports may rely on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from libchat import messages as m
from libchat.claims import Answer, Denied, Request
from libchat.errors import Closed, Code, Disconnected, InvalidName, NameTaken, Refused, Unavailable
from libchat.hub import Hub
from libchat.limits import CID_BYTES, REPLAY_ENTRIES, TEXT_BYTES
from libchat.participant import Participant
from support.chat import Chat, Listener, ListenerSink, SlowLog
from support.oracle import Oracle
from support.signing import quick_accounts

SECONDS = 10.0
"""How long anything may take that another thread does."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a hub, and close it in the end."""
    with Hub() as hub:
        yield hub


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Return threads, and wait for them in the end."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        yield pool


def waiting(participant: Participant) -> list[str]:
    """Receive the messages that are there, and return their texts."""
    texts = []
    while True:
        try:
            texts.append(participant.receive(timeout=0).text)
        except TimeoutError:
            return texts


# --- talking --------------------------------------------------------------------------------------------------------


def test_send_and_receive(hub: Hub) -> None:
    """What one says to another is accepted, and received there."""
    ana, bo = hub.connect("Ana"), hub.connect("Bo")
    receipt = ana.send("bo", "hi")
    assert receipt.is_answered
    accepted = receipt.accepted()
    assert bo.receive(timeout=0) == m.Entry("Bo", 1, "Ana", accepted.time, "hi")
    assert (accepted.target, accepted.seq, accepted.is_queued) == ("Bo", 1, False)


def test_rooms(hub: Hub) -> None:
    """One enters a room, talks there, sees who is in it and what it is about, and leaves it."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    ana.join("red")
    ana.set_topic("#red", "lunch").accepted()
    entered = bo.join("#RED")
    assert (entered.room, entered.members, entered.topic) == ("#red", ("ana", "bo"), "lunch")
    assert bo.topic("#red") == "lunch"
    assert bo.who("#red") == (m.Present("ana", role="owner"), m.Present("bo"))
    assert bo.rooms() == (m.RoomInfo("#red", 2, "lunch"),)
    bo.send("#red", "hi")
    assert ana.receive(timeout=0).text == "hi"
    assert [entry.text for entry in bo.history("#red").entries] == ["lunch", "hi"]
    page = bo.history("#red", before=2, limit=1)
    assert ([entry.text for entry in page.entries], page.has_more) == (["lunch"], False)
    bo.leave("#red")
    ana.send("#red", "alone")
    assert waiting(bo) == []


def test_people(hub: Hub) -> None:
    """One sees who is online, says that one is away, and is seen typing; `ping` returns."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    bo.away("lunch")
    assert ana.who() == (m.Present("ana"), m.Present("bo", "lunch"))
    assert ana.send("bo", "hi").accepted().away == "lunch"
    ana.typing("bo")
    assert [type(bo.receive_event(timeout=0)) for _ in range(2)] == [m.Entry, m.IsTyping]
    bo.away()
    ana.ping()
    assert ana.who("").index(m.Present("bo")) == 1


def test_names_are_as_they_are_shown(hub: Hub) -> None:
    """A participant knows its name as the others see it."""
    assert hub.connect("ａna").name == "ana"


@pytest.mark.parametrize(("name", "like"), [("Bill", ""), ("bill", ""), ("Bi1l", ": it looks like Bill")])
def test_a_taken_name(hub: Hub, name: str, like: str) -> None:
    """A name that is held, or looks like one, is refused with its own exception, and its owner is not disturbed.

    Like whose it looks is said: who is here is no secret, and the name itself is free.
    """
    bill = hub.connect("Bill")
    with pytest.raises(NameTaken) as caught:
        hub.connect(name)
    assert (caught.value.code, caught.value.subject) == (Code.NAME_TAKEN, name)
    assert caught.value.reason == f"{name} is taken, choose another name{like}"
    hub.connect("ana").send("bill", "hi")
    assert bill.receive(timeout=0).text == "hi"


@pytest.mark.parametrize("account", [False, True])
def test_a_bad_name(hub: Hub, account: bool) -> None:
    """What cannot be a name is refused with the reason, and leaves nothing behind."""
    with pytest.raises(Refused, match="space") as caught:
        hub.connect("a b", account=account)
    assert caught.value.code == Code.BAD_NAME
    assert hub.connect("ab").who() == (m.Present("ab"),)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda ana: ana.leave("#red"), Code.NOT_IN_ROOM),
        (lambda ana: ana.topic("#red"), Code.NOT_IN_ROOM),
        (lambda ana: ana.history("#red"), Code.NOT_IN_ROOM),
        (lambda ana: ana.join("a b"), Code.BAD_NAME),
        (lambda ana: ana.who("#red"), Code.NO_SUCH_NAME),
        (lambda ana: ana.away("x" * TEXT_BYTES), Code.TEXT_TOO_LONG),
        (lambda ana: ana.send("ana", "hi").accepted(), Code.TO_YOURSELF),
        (lambda ana: ana.send("bo", "hi").accepted(), Code.NO_SUCH_NAME),
        (lambda ana: ana.send("#red", "hi").accepted(), Code.NOT_IN_ROOM),
        (lambda ana: ana.send("bo", "\x1b").accepted(), Code.EMPTY_TEXT),
        (lambda ana: ana.set_topic("#red", "hi").accepted(), Code.NOT_IN_ROOM),
    ],
)
def test_refusals_are_exceptions(hub: Hub, call: Callable[[Participant], object], code: Code) -> None:
    """Whatever the chat refuses is raised where its answer is awaited, with the code; the participant lives on."""
    ana = hub.connect("ana")
    with pytest.raises(Refused) as caught:
        call(ana)
    assert caught.value.code == code
    ana.ping()


def test_a_log_that_fails_is_unavailable() -> None:
    """If the log cannot store a message, its receipt says so, each time it is asked."""
    log = SlowLog()
    with Hub(log=log) as hub:
        ana, bo = hub.connect("ana"), hub.connect("bo")
        receipt = ana.send("bo", "hi")
        log.commit(failure="the disk is full")
        for _ in range(2):
            with pytest.raises(Unavailable, match="the disk is full"):
                receipt.accepted(timeout=0)
        assert waiting(bo) == []


def test_receipts_wait_for_the_log(pool: ThreadPoolExecutor) -> None:
    """A receipt is answered when the log has the message; who waits shorter gets TimeoutError and may wait again."""
    log = SlowLog()
    with Hub(log=log) as hub:
        ana, bo = hub.connect("ana"), hub.connect("bo")
        receipt = ana.send("bo", "hi")
        assert not receipt.is_answered
        with pytest.raises(TimeoutError):
            receipt.accepted(timeout=0)
        accepted = pool.submit(receipt.accepted, SECONDS)
        assert waiting(bo) == []
        log.commit()
        assert accepted.result(SECONDS).seq == 1
        assert waiting(bo) == ["hi"]


def test_a_cid_of_ones_own(hub: Hub) -> None:
    """Sent again with the same cid, a message has the same answer and is received once."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    first = ana.send("bo", "hi", cid="my-1").accepted()
    assert ana.send("bo", "hi", cid="my-1").accepted() == first
    with pytest.raises(Refused, match=Code.CID_REUSED):
        ana.send("bo", "other", cid="my-1").accepted()
    assert waiting(bo) == ["hi"]


def test_cids_of_ones_own_do_not_meet_those_of_the_library(hub: Hub) -> None:
    """Who counts from 1, like the library does for itself, is not told that a cid was used before."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    for number in range(1, 10):
        ana.send("bo", f"mine {number}", cid=str(number)).accepted()
        ana.send("bo", f"other {number}").accepted()
    assert len(waiting(bo)) == 18


@pytest.mark.parametrize("cid", ["", "x" * (CID_BYTES + 1)])
def test_a_cid_that_cannot_be_one(hub: Hub, cid: str) -> None:
    """A cid that the wire could not carry is the caller's mistake, at once."""
    hub.connect("bo")
    with pytest.raises(ValueError, match="cid"):
        hub.connect("ana").send("bo", "hi", cid=cid)


# --- listening ------------------------------------------------------------------------------------------------------


def test_nothing_to_receive(hub: Hub) -> None:
    """Waiting ends with TimeoutError when nothing has come in time; other events do not make it longer."""
    ana = hub.connect("ana")
    with pytest.raises(TimeoutError):
        ana.receive(timeout=0)
    with pytest.raises(TimeoutError):
        ana.receive_event(timeout=0)


def test_receiving_waits(hub: Hub, pool: ThreadPoolExecutor) -> None:
    """Who waits for a message has it when it is sent."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    received = pool.submit(bo.receive, SECONDS)
    ana.send("bo", "hi")
    assert received.result(SECONDS).text == "hi"


def test_events_of_every_kind(hub: Hub) -> None:
    """`receive` passes over what is no message, `receive_event` does not; both keep the order."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    ana.join("#red")
    bo.join("#red")
    bo.set_topic("#red", "topic")
    bo.send("#red", "one")
    assert [type(ana.receive_event(timeout=0)) for _ in range(2)] == [m.Joined, m.Entry]
    bo.leave("#red")
    bo.send("ana", "two")
    assert [ana.receive(timeout=0).text for _ in range(2)] == ["one", "two"]


def test_callbacks(hub: Hub) -> None:
    """An event with a callback goes there instead of into the inbox, in order; all others stay in the inbox."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    called: list[str] = []
    bo.on(m.Entry, lambda entry: called.append(entry.text))
    for number in range(3):
        ana.send("bo", str(number))
    ana.typing("bo")
    assert called == ["0", "1", "2"]
    assert isinstance(bo.receive_event(timeout=0), m.IsTyping)


def test_a_callback_may_send(hub: Hub) -> None:
    """Two programs that answer each other do so to the end, without waiting for each other or growing a stack."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    heard: list[str] = []

    def answer(entry: m.Entry) -> None:
        heard.append(entry.text)
        if int(entry.text) < 2_000:
            (bo if entry.target == "bo" else ana).send(entry.sender, str(int(entry.text) + 1))

    ana.on(m.Entry, answer)
    bo.on(m.Entry, answer)
    ana.send("bo", "1")
    assert heard == [str(number) for number in range(1, 2_001)]


def test_what_a_callback_raises_is_reported(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """An error in a callback is logged with its traceback and handed to `on_error`; nobody else notices."""
    errors: list[BaseException] = []
    ana, bo = hub.connect("ana"), hub.connect("bo", on_error=errors.append)

    def divide(entry: m.Entry) -> None:
        assert 1 // int(entry.text)

    bo.on(m.Entry, divide)
    with caplog.at_level(logging.ERROR, "libchat"):
        assert ana.send("bo", "0").accepted().seq == 1
    assert [type(error) for error in errors] == [ZeroDivisionError]
    assert [record.exc_info is not None for record in caplog.records] == [True]
    ana.send("bo", "1").accepted()
    assert len(errors) == 1


def test_what_on_error_raises_stops_nobody(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """If even the handler of errors fails, the chat goes on, for the sender and for the next callback."""
    called: list[str] = []

    def fail(error: BaseException) -> None:
        raise error

    def call(entry: m.Entry) -> None:
        called.append(entry.text)
        raise RuntimeError(entry.text)

    ana, bo = hub.connect("ana"), hub.connect("bo", on_error=fail)
    bo.on(m.Entry, call)
    with caplog.at_level(logging.CRITICAL, "libchat"):
        ana.send("bo", "one").accepted()
        ana.send("bo", "two").accepted()
    assert called == ["one", "two"]


# --- the inbox ------------------------------------------------------------------------------------------------------


def test_an_inbox_that_is_never_read_keeps_the_newest(hub: Hub) -> None:
    """A program that only sends needs no inbox: it is not disconnected, and finds the newest should it ever look."""
    ana, bo = hub.connect("ana"), hub.connect("bo", inbox=4)
    ana.join("#x")
    bo.join("#x")
    for number in range(10):
        ana.send("#x", str(number)).accepted()
    bo.send("ana", "still here").accepted()
    assert waiting(bo) == ["6", "7", "8", "9"]


def test_what_waited_is_handed_out_as_the_inbox_takes_it(hub: Hub) -> None:
    """A small inbox gets all of a long queue, piece by piece; what it leaves behind comes the next time."""
    ana, texts = hub.connect("ana"), [str(number) for number in range(300)]
    hub.connect("bo").close()
    for text in texts:
        ana.send("bo", text).accepted()
    with hub.connect("bo", inbox=10) as bo:
        assert [bo.receive(timeout=0).text for _ in range(123)] == texts[:123]
    assert waiting(hub.connect("bo", inbox=10)) == texts[123:]


def test_an_inbox_that_is_read_loses_nothing(hub: Hub) -> None:
    """When it is full, its owner is disconnected with a reason after what is in it; the rest waits for the name."""
    ana, bo = hub.connect("ana"), hub.connect("bo", inbox=3)
    assert waiting(bo) == []
    for number in range(5):
        ana.send("bo", str(number)).accepted()
    assert [bo.receive(timeout=0).text for _ in range(3)] == ["0", "1", "2"]
    with pytest.raises(Disconnected, match="inbox"):
        bo.receive(timeout=0)
    with pytest.raises(Disconnected):
        bo.send("ana", "hello?")
    received = waiting(hub.connect("bo"))
    assert received[-2:] == ["3", "4"]
    assert received == [str(number) for number in range(5 - len(received), 5)]


def test_no_event_comes_after_one_that_was_lost() -> None:
    """Once an inbox has overflowed nothing is handed over any more in that turn, also what has a callback."""
    with Hub() as hub:
        bo = hub.connect("bo", inbox=1)
        bo.join("#red")
        assert waiting(bo) == []
        ana, called = Listener(), list[m.Joined]()
        hub.run([(ana, [m.Register("ana")])])
        bo.on(m.Joined, called.append)
        hub.run([(ana, [m.Send("bo", "one"), m.Send("bo", "lost"), m.Join("#red")])])
        assert called == []
        assert bo.receive(timeout=0).text == "one"
        with pytest.raises(Disconnected):
            bo.receive(timeout=0)


def test_an_overflow_tells_the_others(hub: Hub) -> None:
    """Who is disconnected for not reading leaves its rooms, and its name is free."""
    ana, bo = hub.connect("ana"), hub.connect("bo", inbox=1)
    ana.join("#red")
    bo.join("#red")
    assert waiting(ana) == waiting(bo) == []
    ana.send("#red", "one")
    ana.send("#red", "two")
    assert ana.receive_event(timeout=0) == m.Left("#red", "bo", "slow reader")
    hub.connect("bo")


# --- what waits -----------------------------------------------------------------------------------------------------


def test_messages_wait_for_a_name(hub: Hub) -> None:
    """What was sent to a name that has left is there when it comes back, marked as such, once."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    bo.close()
    assert ana.send("bo", "one").accepted().is_queued
    with hub.connect("bo") as again:
        entry = again.receive(timeout=0)
        assert (entry.text, entry.is_queued) == ("one", True)
    assert waiting(hub.connect("bo")) == []


def test_what_was_not_received_waits(hub: Hub) -> None:
    """Messages that lay in the inbox when its owner left are not lost."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    ana.send("bo", "one")
    ana.send("bo", "two")
    assert bo.receive(timeout=0).text == "one"
    bo.close()
    assert waiting(hub.connect("bo")) == ["two"]


def test_pages_follow_each_other(hub: Hub) -> None:
    """Everything that waited is received, though other events lie between and behind it."""
    ana, texts = hub.connect("ana"), queued_texts(hub)
    bo = hub.connect("bo")
    for text in ("last", "really"):
        ana.typing("bo")
        ana.send("bo", text)
        ana.typing("bo")
    received = [event.text for event in events_of(bo) if isinstance(event, m.Entry)]
    assert received == [*texts, "last", "really"]


def test_pages_follow_each_other_to_a_callback(hub: Hub) -> None:
    """Everything that waited goes to the callback, from the first on, though nobody takes the other events."""
    ana, texts = hub.connect("ana"), queued_texts(hub)
    bo, received = hub.connect("bo"), list[str]()
    ana.typing("bo")
    ana.send("bo", "last")
    bo.on(m.Entry, lambda entry: received.append(entry.text))
    assert received == [*texts, "last"]
    bo.close()
    assert waiting(hub.connect("bo")) == []


def queued_texts(hub: Hub) -> list[str]:
    """Have three pages wait for bo, and return their texts."""
    texts = [str(number) for number in range(3 * REPLAY_ENTRIES)]
    hub.connect("bo").close()
    with hub.connect("cy") as cy:
        for text in texts:
            cy.send("bo", text).accepted()
    return texts


def events_of(participant: Participant) -> list[m.Event]:
    """Receive the events that are there."""
    events: list[m.Event] = []
    while True:
        try:
            events.append(participant.receive_event(timeout=0))
        except TimeoutError:
            return events


def test_an_account_connects_several_times(hub: Hub) -> None:
    """An account hears everything on all its connections, and its name stays its own while it is away."""
    bo = hub.connect("bo")
    one, other = hub.connect("Ana", account=True), hub.connect("ANA", account=True)
    assert (one.name, other.name) == ("Ana", "Ana")
    bo.send("ana", "hi")
    one.send("bo", "hello")
    assert waiting(one) == ["hi"]
    assert waiting(other) == ["hi", "hello"]
    one.close()
    other.close()
    with pytest.raises(NameTaken):
        hub.connect("ana")
    assert bo.send("ana", "later").accepted().is_queued
    assert waiting(hub.connect("ana", account=True)) == ["later"]


# --- the end --------------------------------------------------------------------------------------------------------


def test_close(hub: Hub) -> None:
    """Who has closed is gone for the others, and can neither send nor receive; closing twice is harmless."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    for each in (ana, bo):
        each.join("#red")
    assert isinstance(ana.receive_event(timeout=0), m.Joined)
    bo.close()
    bo.close()
    assert ana.receive_event(timeout=0) == m.Left("#red", "bo")
    assert ana.who() == (m.Present("ana"),)
    for call in (bo.receive, bo.ping, bo.receive_event, lambda: bo.send("ana", "hi"), lambda: bo.typing("ana")):
        with pytest.raises(Closed):
            call()
    hub.connect("bo")


def test_iteration_ends_with_close(hub: Hub, pool: ThreadPoolExecutor) -> None:
    """A loop over messages, or over events, ends when its participant is closed by another thread."""
    for listen in (iter, lambda bo: bo.events()):
        ana, bo = hub.connect("ana"), hub.connect("bo")
        first = threading.Event()

        def loop(events: Iterator[m.Event], first: threading.Event = first) -> list[m.Event]:
            heard = []
            for event in events:
                heard.append(event)
                first.set()
            return heard

        looped = pool.submit(loop, listen(bo))
        ana.send("bo", "hi")
        assert first.wait(SECONDS)
        bo.close()
        assert [type(event) for event in looped.result(SECONDS)] == [m.Entry]
        ana.close()


def test_who_waits_is_told_of_the_end(hub: Hub, pool: ThreadPoolExecutor) -> None:
    """A thread that waits for a message is woken by `close` of its participant, and by that of the hub."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    waits = [pool.submit(each.receive, None) for each in (ana, bo)]
    ana.close()
    assert isinstance(waits[0].exception(SECONDS), Closed)
    hub.close()
    assert isinstance(waits[1].exception(SECONDS), Disconnected)


def test_closing_the_hub(hub: Hub) -> None:
    """Everybody receives what came before the end, then hears of it; nobody comes any more."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    ana.send("bo", "one")
    ana.send("bo", "two")
    hub.close("lights out")
    hub.close()
    assert [bo.receive(timeout=0).text for _ in range(2)] == ["one", "two"]
    for call in (bo.receive, bo.ping, lambda: bo.send("ana", "hi")):
        with pytest.raises(Disconnected, match="lights out"):
            call()
    bo.close()
    with pytest.raises(Closed):
        hub.connect("cy")
    with pytest.raises(Closed):
        hub.run([])


def test_iteration_says_that_the_hub_has_closed(hub: Hub) -> None:
    """A loop that did not end itself does not end silently."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    ana.send("bo", "hi")
    hub.close()
    messages = iter(bo)
    assert next(messages).text == "hi"
    with pytest.raises(Disconnected):
        next(messages)


def test_a_callback_may_close_the_hub() -> None:
    """A program that ends the chat when it is told to does not trip over its own end."""
    hub = Hub()
    ana, bo = hub.connect("ana"), hub.connect("bo")
    bo.on(m.Entry, lambda entry: hub.close(entry.text))
    ana.send("bo", "stop")
    with pytest.raises(Disconnected, match="stop"):
        ana.receive(timeout=0)


def test_what_is_in_flight_when_the_hub_closes_is_answered() -> None:
    """A receipt whose answer nobody knows any more says so, instead of keeping somebody waiting."""
    hub = Hub(log=SlowLog())
    ana = hub.connect("ana")
    hub.connect("bo")
    receipt = ana.send("bo", "hi")
    hub.close()
    with pytest.raises(Disconnected):
        receipt.accepted(timeout=0)


def test_with_closes(hub: Hub) -> None:
    """Both a hub and a participant are closed at the end of their `with` block."""
    with Hub() as other:
        ana = other.connect("ana")
    with pytest.raises(Disconnected):
        ana.ping()
    with hub.connect("ana"):
        pass
    hub.connect("ana")


# --- for transports -------------------------------------------------------------------------------------------------


def test_sinks_come_and_go(hub: Hub) -> None:
    """A transport gets events from when it is added until it is removed; participants in process get theirs always."""
    sink, bo, ana = ListenerSink(), Listener(), hub.connect("ana")
    hub.run([(bo, [m.Register("bo")])])
    hub.add_sink(sink)
    ana.send("bo", "one")
    hub.remove_sink(sink)
    ana.send("bo", "two").accepted()
    assert bo.texts() == ["one"]


def test_a_turn_looks_at_what_came_of_the_line_before(hub: Hub) -> None:
    """Commands are taken one by one, so that a dialect knows in which room the one before has led."""
    hub.add_sink(ListenerSink())
    ana = Listener()
    rooms: list[str] = []

    def commands() -> Iterator[m.Command]:
        for command in (m.Register("ana"), m.Join("#red"), m.Leave("#red")):
            yield command
            rooms.append(str(ana.room))

    hub.run([(ana, commands())])
    assert rooms == ["None", "#red", "None"]


def test_kept_rooms(hub: Hub) -> None:
    """A program that runs a chat can have rooms that stay; a bad name is its own mistake."""
    hub.keep_room("#Lobby", "welcome")
    hub.keep_room("lobby")
    with pytest.raises(InvalidName):
        hub.keep_room("a b")
    ana = hub.connect("ana")
    assert ana.join("#lobby").topic == "welcome"
    ana.leave("#lobby")
    assert ana.rooms() == (m.RoomInfo("#Lobby", 0, "welcome"),)


def test_a_clock_that_jumps_back() -> None:
    """The chat's time does not go back: what comes later never has an earlier time, and nothing breaks."""
    times = iter([100.0, 100.0, 100.0, 50.0, 50.0, 101.0])
    with Hub(clock=lambda: next(times, 102.0)) as hub:
        ana, bo = hub.connect("ana"), hub.connect("bo")
        sent = [ana.send("bo", str(number)).accepted().time for number in range(4)]
        assert sent == [100_000, 100_000, 100_000, 101_000]
        assert [entry.time for entry in (bo.receive(timeout=0) for _ in range(4))] == sent


# --- threads --------------------------------------------------------------------------------------------------------


def test_many_threads(hub: Hub, pool: ThreadPoolExecutor) -> None:
    """Eight threads talk in one room: everybody hears all the others, in one order, each sender in its own."""
    senders, messages = 8, 200
    people = [hub.connect(f"p{number}") for number in range(senders)]
    readers = [hub.connect(f"r{number}") for number in range(2)]
    for person in (*people, *readers):
        person.join("#red")
    start = threading.Barrier(senders)

    def talk(person: Participant) -> list[int]:
        start.wait(SECONDS)
        receipts = [person.send("#red", str(number)) for number in range(messages)]
        return [receipt.accepted(SECONDS).seq for receipt in receipts]

    def listen(person: Participant, count: int) -> list[m.Entry]:
        return [person.receive(SECONDS) for _ in range(count)]

    heard = [pool.submit(listen, reader, senders * messages) for reader in readers]
    accepted = [pool.submit(talk, person) for person in people]
    sent = [numbers.result(SECONDS) for numbers in accepted]
    first, second = (entries.result(SECONDS) for entries in heard)
    assert [entry.seq for entry in first] == list(range(1, senders * messages + 1))
    assert first == second
    for number, numbers in enumerate(sent):
        own = [entry for entry in first if entry.sender == f"p{number}"]
        assert [entry.seq for entry in own] == numbers == sorted(numbers)
        assert [entry.text for entry in own] == [str(index) for index in range(messages)]
    others = [entry.seq for entry in listen(people[0], (senders - 1) * messages)]
    assert others == sorted(set(range(1, senders * messages + 1)) - set(sent[0]))


def test_many_threads_with_callbacks(hub: Hub, pool: ThreadPoolExecutor) -> None:
    """A callback is called by whichever thread brings the event, one call at a time and in order."""
    senders, messages = 4, 100
    reader, numbers, inside = hub.connect("reader"), list[int](), threading.Lock()

    def call(entry: m.Entry) -> None:
        assert inside.acquire(blocking=False), "two calls at once"
        numbers.append(entry.seq)
        inside.release()

    reader.join("#red")
    errors: list[BaseException] = []
    reader._on_error = errors.append
    reader.on(m.Entry, call)
    people = [hub.connect(f"p{number}") for number in range(senders)]
    for person in people:
        person.join("#red")
    start = threading.Barrier(senders)

    def talk(person: Participant) -> None:
        start.wait(SECONDS)
        for number in range(messages):
            person.send("#red", str(number)).accepted(SECONDS)

    for talked in [pool.submit(talk, person) for person in people]:
        talked.result(SECONDS)
    assert errors == []
    assert numbers == list(range(1, senders * messages + 1))


def test_coming_and_going_from_many_threads(hub: Hub, pool: ThreadPoolExecutor) -> None:
    """Threads that fight for one name hold it one at a time, and what was sent to it is received exactly once."""
    ana, received, lock = hub.connect("ana"), list[str](), threading.Lock()
    with hub.connect("bo"):
        pass

    def fight() -> int:
        turns = 0
        for _ in range(50):
            try:
                with hub.connect("bo") as bo:
                    texts = waiting(bo)
            except NameTaken:
                continue
            turns += 1
            with lock:
                received.extend(texts)
        return turns

    fights = [pool.submit(fight) for _ in range(4)]
    for number in range(100):
        ana.send("bo", str(number)).accepted(SECONDS)
    assert sum(turns.result(SECONDS) for turns in fights) > 0
    received += waiting(hub.connect("bo"))
    assert sorted(received, key=int) == [str(number) for number in range(100)]


# --- accounts -------------------------------------------------------------------------------------------------------


class BusyAccounts(Oracle):
    """Accounts that answer from within: too much waits for them already."""

    def ask(self, request: Request, answered: Callable[[Answer], None]) -> None:
        """Refuse at once."""
        answered(Denied(Code.BUSY, "too much waits already"))


def test_accounts_may_answer_from_within() -> None:
    """They are asked without the hub's lock, so that they may call back at once; what waited is carried out then."""
    with Hub(accounts=BusyAccounts()) as hub:
        ana = hub.connect("ana")
        with pytest.raises(Refused, match="too much"):
            ana.set_password("correct horse battery")
        assert ana.who() != ()


class Patient(Listener):
    """A listener that knows when it has heard enough."""

    __slots__ = ("has_enough",)

    def __init__(self, address: str) -> None:
        super().__init__(address=address)
        self.has_enough = threading.Event()

    def hear(self, event: m.Event) -> None:
        """Keep an event."""
        super().hear(event)
        if len(self.heard) == 50:
            self.has_enough.set()


def test_answers_from_other_threads_keep_each_sessions_order() -> None:
    """Many sessions are asked about at once, and answered by other threads in any order: each is served in its own."""
    chat = Chat(accounts=quick_accounts())
    sessions = [Patient(f"192.0.2.{number}") for number in range(20)]
    for number, session in enumerate(sessions):
        register = m.Register(f"ana{number}", cid="0", password="correct horse battery")
        chat.do(session, register, *[m.Ping(str(count)) for count in range(1, 50)])
    for session in sessions:
        assert session.has_enough.wait(SECONDS)
        assert [getattr(event, "cid", "") for event in session.heard] == [str(count) for count in range(50)]
    chat.hub.close()
