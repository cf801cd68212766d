"""The native dialect as a program in another language speaks it, beside people who type."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from libchat import limits
from support.wire import Wire

Connect = Callable[[], Wire]
Arrive = Callable[[str], Wire]


def test_a_program_can_ask_before_it_registers(connect: Connect) -> None:
    """Before registering, a program can ask what it talks to, and whether anybody is there."""
    app = connect()
    welcome = app.ask("hello", version=1, agent="test/1", cid="1", answer="welcome")
    assert str(welcome["server"]).startswith("libchat/")
    assert welcome["cid"] == "1"
    app.tell("ping", cid="2")
    assert app.event() == {"type": "pong", "cid": "2"}
    app.tell("register", name="App", cid="3")
    assert app.event() == {"type": "registered", "name": "App", "cid": "3"}


def test_classic_and_native_people_share_a_room(arrive: Arrive, arrive_native: Arrive) -> None:
    """Each sees the other come, speak and go, in their own dialect; each text of several lines as several lines."""
    alice, app = arrive("Alice"), arrive_native("App")
    app.tell("join", room="#teamchat", cid="j")
    kept = limits.MEMORY_ENTRIES
    entered = {
        "type": "entered",
        "room": "#teamchat",
        "members": ["App"],
        "cid": "j",
        "keep_entries": kept,
        "role": "owner",
    }
    assert app.event() == entered
    alice.send("join teamchat")
    alice.expect("server: joined teamchat")
    app.hear("joined", room="#teamchat", name="Alice")
    before = int(time.time() * 1000)
    alice.send("Hello from a keyboard")
    said = app.hear("entry", target="#teamchat", seq=1, sender="Alice", text="Hello from a keyboard")
    assert before <= int(str(said["time"])) <= time.time() * 1000
    app.tell("send", target="#teamchat", text="one\ntwo\r\nAlice (in teamchat): no\x1b[31m", cid="s")
    app.hear("accepted", target="#teamchat", seq=2, cid="s")
    alice.expect("App (in teamchat): one", "App (in teamchat): two", "App (in teamchat): Alice (in teamchat): no[31m")
    alice.send("App:psst")  # in a room it is chat
    app.hear("entry", target="#teamchat", seq=3, text="App:psst")
    alice.send("leave")
    alice.expect("server: left teamchat")
    assert app.event() == {"type": "left", "room": "#teamchat", "name": "Alice"}


def test_private_messages_cross_dialects(arrive: Arrive, arrive_native: Arrive) -> None:
    """A private message reaches the other dialect at once; the program gets a receipt, the person silence."""
    alice, app = arrive("Alice"), arrive_native("App")
    app.tell("send", target="alice", text="hi", cid="1")
    accepted = app.hear("accepted", target="Alice", seq=1, cid="1")
    assert "queued" not in accepted
    alice.expect("App: hi")
    alice.send("App:hi yourself", "who")
    alice.expect("server: online (2): Alice, App")
    app.hear("delivered", name="Alice", seq=1)
    app.hear("entry", target="App", seq=2, sender="Alice", text="hi yourself")


def test_sending_twice_with_one_cid_is_harmless(arrive: Arrive, arrive_native: Arrive) -> None:
    """The same cid again, on this or the next connection, gives the first receipt, and the message comes once."""
    alice, app = arrive("Alice"), arrive_native("App")
    app.tell("send", target="Alice", text="once", cid="1")
    first = app.hear("accepted", cid="1")
    app.hear("delivered", name="Alice", seq=1)
    app.tell("send", target="Alice", text="once", cid="1")
    assert app.event() == first
    app.close()
    app = arrive_native("App")
    app.tell("send", target="Alice", text="once", cid="1")
    assert app.event() == first
    app.tell("send", target="Alice", text="other", cid="1")
    app.hear("error", code="cid-reused", subject="Alice", cid="1")
    app.ask("send", target="Alice", text="next", cid="2", answer="accepted")
    alice.expect("App: once", "App: next")


def test_a_device_gets_after_a_reconnect_what_it_has_not_acknowledged(arrive: Arrive, arrive_native: Arrive) -> None:
    """What was acknowledged does not come again; the rest does, in order and marked as queued, and then is gone."""
    alice, app = arrive("Alice"), arrive_native("App")
    alice.send("App:one", "App:two", "App:three")
    entries = [app.hear("entry", text=text) for text in ("one", "two", "three")]
    app.tell("ack", target="Alice", seq=entries[0]["seq"])
    app.ask("ping", answer="pong")
    app.reset()
    app = arrive_native("App")
    for entry in entries[1:]:
        assert app.event() == {**entry, "queued": True}
    app.tell("ack", target="Alice", seq=entries[2]["seq"])
    app.ask("exit", answer="bye")
    app.expect_end()
    app = arrive_native("App")
    app.ask("ping", answer="pong")


def test_messages_wait_for_a_program_that_is_away(arrive: Arrive, arrive_native: Arrive) -> None:
    """A person is told that a program is away, and the program that a person is; both get what waited."""
    alice, app = arrive("Alice"), arrive_native("App")
    app.ask("exit", answer="bye")
    alice.send("App:for later")
    alice.expect("server: App is away, your message is queued")
    alice.send("exit")
    alice.expect("server: bye")
    app = arrive_native("App")
    app.hear("entry", sender="Alice", text="for later", queued=True)
    app.tell("send", target="Alice", text="likewise", cid="1")
    app.hear("accepted", target="Alice", queued=True, cid="1")
    alice = arrive("Alice")
    assert alice.line().endswith("): likewise")


def test_who_and_rooms(arrive: Arrive, arrive_native: Arrive) -> None:
    """A program learns who is online or in a room, with away notes, and which rooms there are."""
    arrive("Zoe")
    app, bob = arrive_native("App"), arrive_native("Bob")
    bob.ask("away", text="at lunch", cid="a", answer="done")
    app.ask("join", room="Tea", answer="entered")
    app.tell("who", cid="1")
    people = [{"name": "App"}, {"name": "Bob", "away": "at lunch"}, {"name": "Zoe"}]
    assert app.event() == {"type": "online", "people": people, "cid": "1"}
    app.tell("who", room="tea", cid="2")
    assert app.event() == {"type": "online", "people": [{"name": "App", "role": "owner"}], "room": "#Tea", "cid": "2"}
    app.tell("rooms", cid="3")
    assert app.event() == {"type": "rooms", "rooms": [{"room": "#Tea", "members": 1}], "cid": "3"}


def test_leaving_rooms(arrive_native: Arrive) -> None:
    """A program can be in several rooms; leaving one leaves the others, and what is said there stops to come."""
    app, bob = arrive_native("App"), arrive_native("Bob")
    for room in ("#one", "#two"):
        bob.ask("join", room=room, answer="entered")
        app.tell("join", room=room)
        assert sorted(map(str, app.hear("entered", room=room)["members"])) == ["App", "Bob"]  # type: ignore[call-overload]
        bob.hear("joined", room=room, name="App")
    app.tell("leave", room="#one", cid="1")
    assert app.event() == {"type": "exited", "room": "#one", "cid": "1"}
    bob.hear("left", room="#one", name="App")
    bob.ask("send", target="#one", text="not for App", answer="accepted")
    bob.ask("send", target="#two", text="for App", answer="accepted")
    app.hear("entry", target="#two", text="for App")
    app.tell("send", target="#one", text="too late", cid="2")
    app.hear("error", code="not-in-room", subject="#one", cid="2")
    app.tell("leave", room="#one", cid="3")
    app.hear("error", code="not-in-room", cid="3")


def test_topics(arrive: Arrive, arrive_native: Arrive) -> None:
    """A topic is set as an entry that both dialects see, is shown to who asks and who enters, and can be cleared."""
    app, alice = arrive_native("App"), arrive("Alice")
    app.ask("join", room="#tea", answer="entered")
    app.tell("topic", room="#tea", text="Green or black?", cid="1")
    app.hear("accepted", target="#tea", seq=1, cid="1")
    app.tell("topic", room="#tea", cid="2")
    assert app.event() == {"type": "topic", "room": "#tea", "text": "Green or black?", "cid": "2"}
    bob = arrive_native("Bob")
    bob.tell("join", room="#tea")
    bob.hear("entered", room="#tea", topic="Green or black?")
    app.hear("joined", name="Bob")
    alice.send("join tea", "server:topic", "server:topic Black.")
    alice.expect("server: joined tea", "server: topic of tea: Green or black?")
    for program in (app, bob):
        program.hear("joined", name="Alice")
        program.hear("entry", target="#tea", kind="topic", sender="Alice", text="Black.")
    app.ask("topic", room="#tea", text="", answer="accepted")
    alice.expect("server: App (in tea) cleared the topic")


def test_an_away_note_is_told_to_who_writes(arrive: Arrive, arrive_native: Arrive) -> None:
    """Who writes to somebody with an away note is told it, and the message arrives; without a note, nothing is told."""
    alice, app = arrive("Alice"), arrive_native("App")
    app.tell("away", text="back at two", cid="1")
    assert app.event() == {"type": "done", "cid": "1"}
    alice.send("App:hi")
    alice.expect("server: App is away: back at two")
    app.hear("entry", text="hi")
    app.ask("away", answer="done")
    alice.send("App:there?", "who")
    app.hear("entry", text="there?")
    alice.expect("server: online (2): Alice, App")


def test_typing_is_shown_to_programs(arrive: Arrive, arrive_native: Arrive) -> None:
    """Programs see who types, in private and in a room; people who type by hand see nothing of it."""
    alice, app, bob = arrive("Alice"), arrive_native("App"), arrive_native("Bob")
    app.tell("typing", target="Bob")
    assert bob.event() == {"type": "typing", "name": "App", "target": "Bob"}
    for program in (app, bob):
        program.ask("join", room="#tea", answer="entered")
    app.hear("joined", name="Bob")
    alice.send("join tea")
    alice.expect("server: joined tea")
    app.hear("joined", name="Alice")
    app.tell("typing", target="#tea")
    app.tell("send", target="#tea", text="done")
    bob.hear("joined", name="Alice")
    bob.hear("typing", name="App", target="#tea")
    alice.expect("App (in tea): done")


def test_history_comes_in_pages(arrive_native: Arrive) -> None:
    """A program pages back through a conversation, newest page first, each in order, without gap or repeat."""
    app = arrive_native("App")
    app.ask("join", room="#tea", answer="entered")
    for number in range(1, 8):
        app.ask("send", target="#tea", text=f"number {number}", answer="accepted")
    seen: list[object] = []
    before: dict[str, object] = {}
    for expected, more in (((5, 6, 7), True), ((2, 3, 4), True), ((1,), None)):
        page = app.ask("history", target="#tea", limit=3, cid="h", **before, answer="page")
        entries = page["entries"]
        assert isinstance(entries, list)
        assert [(entry["seq"], entry["text"]) for entry in entries] == [(n, f"number {n}") for n in expected]
        assert page.get("more") is more
        assert (page["target"], page["cid"]) == ("#tea", "h")
        before = {"before": entries[0]["seq"]}
        seen += entries
    assert len(seen) == 7


def test_a_guest_sees_no_private_history_from_before(connect: Connect, arrive: Arrive, arrive_native: Arrive) -> None:
    """Who takes a name after somebody else cannot read what the other one wrote; who comes back can."""
    alice, app = arrive("Alice"), arrive_native("App")
    app.ask("send", target="Alice", text="a secret", answer="accepted")
    alice.expect("App: a secret")
    app.ask("exit", answer="delivered")
    app.hear("bye")
    app = arrive_native("App")
    page = app.ask("history", target="Alice", answer="page")
    assert [entry["text"] for entry in page["entries"]] == ["a secret"]  # type: ignore[attr-defined]
    app.ask("exit", answer="bye")
    app = connect()
    app.ask("register", name="App", device="another", answer="registered")
    assert app.ask("history", target="Alice", answer="page")["entries"] == []


def test_a_connection_of_the_same_device_takes_over(arrive: Arrive, arrive_native: Arrive, connect: Connect) -> None:
    """A program whose connection is lost without its server knowing comes back at once; another device may not."""
    old = arrive_native("App")
    thief = connect()
    thief.tell("register", name="App", device="another")
    thief.hear("error", code="name-taken", subject="App")
    new = arrive_native("App")
    old.hear("bye", final=True)
    old.expect_end()
    alice = arrive("Alice")
    alice.send("App:still there?", "who")
    alice.expect("server: online (2): Alice, App")
    new.hear("entry", text="still there?")


def test_exit_is_answered_and_its_reason_told(arrive_native: Arrive) -> None:
    """The last event is a final bye; the others in the room learn the reason."""
    app, bob = arrive_native("App"), arrive_native("Bob")
    bob.ask("join", room="#tea", answer="entered")
    app.ask("join", room="#tea", answer="entered")
    bob.hear("joined", name="App")
    app.tell("exit", reason="off to lunch")
    assert app.event() == {"type": "bye", "final": True}
    app.expect_end()
    assert bob.event() == {"type": "left", "room": "#tea", "name": "App", "reason": "off to lunch"}


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("register", {"name": "Bob"}, "already-registered"),
        ("send", {"target": "Bob", "text": ""}, "empty-text"),
        ("send", {"target": "Bob", "text": "\u200b \x07"}, "empty-text"),
        ("send", {"target": "Bob", "text": "x" * (limits.TEXT_BYTES + 1)}, "text-too-long"),
        ("send", {"target": "Nobody", "text": "x"}, "no-such-name"),
        ("send", {"target": "App", "text": "x"}, "to-yourself"),
        ("send", {"target": "#nowhere", "text": "x"}, "not-in-room"),
        ("send", {"target": "a b", "text": "x"}, "bad-name"),
        ("send", {"target": "Bob"}, "bad-value"),
        ("send", {"target": 7, "text": "x"}, "bad-value"),
        ("join", {"room": "#"}, "bad-name"),
        ("history", {"target": "#nowhere"}, "not-in-room"),
        ("history", {"target": "Bob", "limit": 0}, "bad-value"),
        ("topic", {"room": "#nowhere"}, "not-in-room"),
        ("who", {"room": "#nowhere"}, "no-such-name"),
        ("away", {"text": "x" * (limits.TOPIC_BYTES + 1)}, "text-too-long"),
        ("dance", {}, "unknown-command"),
    ],
)
def test_what_cannot_be_done_is_answered_with_a_code(
    arrive_native: Arrive, kind: str, fields: dict[str, object], code: str
) -> None:
    """A refused command has one answer, an error with its code and cid, and nothing else happens."""
    app, bob = arrive_native("App"), arrive_native("Bob")
    app.tell(kind, **fields, cid="c")
    app.hear("error", code=code, cid="c")
    app.ask("send", target="Bob", text="after it", answer="accepted")
    bob.hear("entry", seq=1, text="after it")


@pytest.mark.parametrize("kind", ["send", "ack", "join", "leave", "topic", "who", "rooms", "away", "typing", "history"])
def test_who_has_no_name_can_do_nothing(connect: Connect, kind: str) -> None:
    """Every command but `hello`, `register`, `ping` and `exit` needs a name."""
    app = connect()
    app.tell(kind, target="Bob", room="#tea", text="x", seq=1, cid="c")
    error = app.hear("error", code="not-registered")
    assert error.get("cid") == (None if kind in ("ack", "typing") else "c")
    app.ask("ping", answer="pong")
