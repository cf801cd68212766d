"""Plugins of a server, over real sockets: what they keep from being said, what they change, and what they break."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

import libchat
from libchat.errors import Code, PluginError, Refused, Unavailable
from libchat.server.server import Server
from support.bounds import UNLIMITED
from support.wire import SECONDS, Wire, open_tls

HEAD = '''"""A plugin of a test."""
import sys, time
from dataclasses import dataclass
from libchat.plugins import *
'''

FILTER = """
@dataclass
class Config:
    words: tuple[str, ...] = ("damn",)

@hook("message")
def look(message: Message, ctx: Context):
    for word in ctx.config.words:
        if word in message.text:
            return Drop(f"'{word}' is not said here")
"""

MILD = """
@hook("message")
def soften(message: Message):
    return message.replace(text=message.text.replace("damn", "d**n"))
"""

BAD = """
@hook("message")
def break_(message: Message):
    if message.text == "raise":
        raise RuntimeError("oh no")
    if message.text == "hang":
        while True:
            time.sleep(0.01)
    if message.text == "exit":
        sys.exit(3)
    if message.text == "nothing":
        return message.replace(text=" ")
    if message.text == "number":
        return 42
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a plugin, and returns its path."""
    folder = tmp_path / "plugins"
    folder.mkdir()

    def write(text: str, name: str = "sample") -> Path:
        path = folder / f"{name}.py"
        path.write_text(HEAD + dedent(text), encoding="utf-8")
        return path

    return write


@contextmanager
def serving(*plugins: Path, data: Path | None = None, seconds: float = 10.0, **settings: object) -> Iterator[Server]:
    """Serve a chat with plugins; `settings` are those of the first."""
    tables = {plugins[0].stem: settings} if plugins and settings else {}
    bounds = replace(UNLIMITED, plugin_seconds=seconds)
    with Server(port=0, data=data, bounds=bounds, plugins=plugins, plugin_settings=tables) as server:
        yield server
    assert not [thread.name for thread in threading.enumerate() if "libchat-" in thread.name or "plugin" in thread.name]


def arrive(server: Server, name: str) -> Wire:
    """Connect and take a name, as a person who types."""
    wire = open_tls(server)
    wire.send(f"server:register {name}")
    wire.expect(f"server: welcome {name}")
    return wire


def enter(server: Server, name: str, *others: Wire) -> Wire:
    """Connect, and enter a room in which others are."""
    wire = arrive(server, name)
    wire.send("join tea")
    wire.expect("server: joined tea")
    for other in others:
        other.expect(f"server: {name} joined tea")
    return wire


def connect(server: Server, name: str) -> libchat.Client:
    """Connect as a program."""
    return libchat.connect(server.address, name=name, pin=server.pin)


# --- what plugins decide --------------------------------------------------------------------------------------------


def test_what_is_dropped_is_refused_with_the_reason(write: Write) -> None:
    """Who types and who programs is told why; nobody hears of it; what comes behind it is said, in order."""
    with (
        serving(write(FILTER), words=["damn", "heck"]) as server,
        enter(server, "Alice") as alice,
        enter(server, "Bob", alice) as bob,
        connect(server, "App") as app,
    ):
        alice.send("hello", "oh heck", "anyway", "leave", "who")
        bob.expect("Alice (in tea): hello", "Alice (in tea): anyway", "server: Alice left tea")
        alice.expect("server: error dropped: 'heck' is not said here", "server: left tea")
        alice.expect("server: online (3): Alice, App, Bob")
        with pytest.raises(Refused) as refused:
            app.send("Alice", "damn").accepted(timeout=SECONDS)
        assert (refused.value.code, refused.value.reason) == (Code.DROPPED, "'damn' is not said here")
        app.send("Alice", "hi").accepted(timeout=SECONDS)
        alice.expect("App: hi")


def test_who_says_something_and_hangs_up_is_heard(write: Write) -> None:
    """What comes before the end of a stream is vetted and said, in order, and the goodbye is the last of it."""
    with serving(write(FILTER)) as server, enter(server, "Alice") as alice, enter(server, "Bob", alice) as bob:
        alice.send("one", "damn", "two")
        alice.finish()
        bob.expect("Alice (in tea): one", "Alice (in tea): two", "server: Alice left tea")
        assert alice.rest() == ["server: error dropped: 'damn' is not said here", "server: bye"]


def test_a_flood_of_lines_is_vetted_in_order(write: Write) -> None:
    """Hundreds of lines in one piece are all vetted and said, whether or not each is answered."""
    with serving(write(FILTER)) as server, enter(server, "Alice") as alice, enter(server, "Bob", alice) as bob:
        alice.send(*[f"line {number}" for number in range(500)])
        bob.expect(*[f"Alice (in tea): line {number}" for number in range(500)])


def test_a_changed_text_is_what_everybody_has(write: Write, tmp_path: Path) -> None:
    """The others, the history, the search and the sender's receipt have the changed text, also after a restart."""
    path = write(MILD)
    with serving(path, data=tmp_path / "data") as server, connect(server, "app") as app:
        app.join("#tea")
        with enter(server, "Bob") as bob:
            receipt = app.send("#tea", "a damn thing")
            assert receipt.accepted(timeout=SECONDS).text == "a d**n thing"
            bob.expect("app (in tea): a d**n thing")
        assert [entry.text for entry in app.history("#tea").entries] == ["a d**n thing"]
        assert app.search("damn").entries == ()
    with Server(port=0, data=tmp_path / "data", bounds=UNLIMITED) as server, connect(server, "late") as late:
        late.join("#tea")
        assert [entry.text for entry in late.history("#tea").entries] == ["a d**n thing"]


def test_edits_are_vetted(write: Write) -> None:
    """Nobody says by editing what they may not say; what an edit is changed to, everybody has."""
    with (
        serving(write(FILTER + MILD.replace("damn", "heck"))) as server,
        connect(server, "ana") as ana,
        connect(server, "bo") as bo,
    ):
        seq = ana.send("bo", "hello").accepted(timeout=SECONDS).seq
        with pytest.raises(Refused, match="is not said here"):
            ana.edit("bo", seq, "damn").accepted(timeout=SECONDS)
        ana.edit("bo", seq, "heck").accepted(timeout=SECONDS)
        assert bo.receive(timeout=SECONDS).text == "hello"
        event = bo.receive_event(timeout=SECONDS)
        assert isinstance(event, libchat.Entry)
        assert (event.kind, event.text) == ("edit", "d**n")


def test_what_is_sent_again_has_the_first_answer(write: Write, tmp_path: Path) -> None:
    """Who loses the connection before the receipt sends again, and has the first one, with plugins or without."""
    said = {"target": "bo", "text": "damn", "cid": "1"}
    receipts = []
    for plugins in ((write(MILD),), (write(MILD),), (), (write(FILTER, "strict"),)):
        with serving(*plugins, data=tmp_path / "data") as server, open_tls(server) as bo, open_tls(server) as ana:
            bo.tell("register", name="bo", device="b")
            bo.hear("registered")
            ana.tell("register", name="ana", device="a")
            ana.hear("registered")
            receipts.append(ana.ask("send", answer="accepted", **said))
            if len(receipts) == 1:
                bo.hear("entry", text="d**n", seq=1)
                bo.tell("ack", target="ana", seq=1)
                ana.hear("delivered", name="bo", seq=1)
            bo.tell("who", cid="2")
            bo.hear("online")  # and no message
    assert receipts[0]["text"] == "d**n"
    assert receipts == [receipts[0]] * 4


def test_plugins_come_one_after_the_other(write: Write) -> None:
    """What one has changed is what the next one sees, in the order that they ask for."""
    first = 'hook("message", order=1)(lambda message: message.replace(text=message.text + " 1"))'
    second = 'hook("message", order=2)(lambda message: message.replace(text=message.text + " 2"))'
    functions = [f"{name} = {text}" for name, text in (("b", second), ("a", first))]
    with (
        serving(*[write(text, f"plugin{number}") for number, text in enumerate(functions)]) as server,
        arrive(server, "Alice") as alice,
        arrive(server, "Bob") as bob,
    ):
        alice.send("Bob:hi")
        bob.expect("Alice: hi 1 2")


# --- how they speak -------------------------------------------------------------------------------------------------

GREETER = """
@hook("join")
def greet(room, name, ctx: Context):
    ctx.say(f"welcome to {room}, {name}")

@hook("connect")
def nod(name, ctx: Context):
    ctx.reply(f"hello {name}, I am {ctx.me}")
"""


def test_plugins_speak_under_their_own_names(write: Write) -> None:
    """A plugin is heard where it is told of something, and nobody else can have its name, nor one like it."""
    with (
        serving(write(GREETER, "greeter"), name="Robot") as server,
        arrive(server, "Alice") as alice,
        open_tls(server) as eve,
    ):
        alice.expect("Robot: hello Alice, I am Robot")
        alice.send("join tea")
        alice.expect("server: joined tea", "Robot (in tea): welcome to #tea, Alice")
        eve.send("server:register Robot", "server:register R0bot")
        eve.expect("server: Robot is taken, choose another name")
        eve.expect("server: R0bot is taken, choose another name")


def test_a_name_that_no_plugin_can_have(write: Write) -> None:
    """A plugin that would be called as nobody may be is not loaded, and it is said what to do."""
    with (
        pytest.raises(PluginError, match=r"cannot be called 'moderator' .* set another name .* in \[plugins.moderator"),
        serving(write(GREETER, "moderator")),
    ):
        pass
    with serving(write(GREETER, "moderator"), name="mod") as server:
        assert server.plugins == ["moderator"]


def test_observers_are_told_what_happens(write: Write) -> None:
    """What happens in the chat comes to plugins, with who did it and where; their own doings do not."""
    plugin = """
    @hook("leave")
    def leave(room, name, ctx: Context): ctx.say(f"leave {room} {name}", "Watcher")
    @hook("kick")
    def kick(room, name, by, reason, ctx: Context): ctx.say(f"kick {room} {name} {by} {reason} {ctx.room}", "Watcher")
    @hook("topic")
    def topic(room, name, text, ctx: Context): ctx.say(f"topic {room} {name} {text}", "Watcher")
    @hook("react")
    def react(entry, ctx: Context): ctx.say(f"react {entry.target} {entry.ref} {entry.text} {ctx.sender}", "Watcher")
    @hook("delete")
    def delete(entry, ctx: Context): ctx.say(f"delete {entry.ref}", "Watcher")
    @hook("disconnect")
    def disconnect(name, ctx: Context): ctx.say(f"disconnect {name}", "Watcher")
    """
    with serving(write(plugin)) as server, connect(server, "Watcher") as watcher, connect(server, "ana") as ana:
        with connect(server, "bo") as bo:
            for each in (ana, bo):
                each.join("#tea")
            ana.set_topic("#tea", "biscuits")
            assert watcher.receive(timeout=SECONDS).text == "topic #tea ana biscuits"
            seq = bo.send("#tea", "hi").accepted(timeout=SECONDS).seq
            ana.react("#tea", seq, "+1")
            assert watcher.receive(timeout=SECONDS).text == f"react #tea {seq} +1 ana"
            bo.delete("#tea", seq)
            assert watcher.receive(timeout=SECONDS).text == f"delete {seq}"
            ana.kick("#tea", "bo", "crumbs")
            assert watcher.receive(timeout=SECONDS).text == "kick #tea bo ana crumbs #tea"
            ana.leave("#tea")
            assert watcher.receive(timeout=SECONDS).text == "leave #tea ana"
        assert watcher.receive(timeout=SECONDS).text == "disconnect bo"


# --- what they break ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["raise", "exit", "number"])
def test_a_plugin_that_fails_is_off_after_three_times(
    write: Write, caplog: pytest.LogCaptureFixture, word: str
) -> None:
    """What it fails at is refused, to be tried again; others chat on; after three times it is gone, and it is said."""
    with serving(write(BAD)) as server, connect(server, "ana") as ana, connect(server, "bo") as bo:
        for number in range(3):
            with pytest.raises(
                Unavailable, match="the plugin sample could not look at it; nothing was sent, try again"
            ):
                ana.send("bo", word).accepted(timeout=SECONDS)
            ana.send("bo", f"chat {number}").accepted(timeout=SECONDS)
        ana.send("bo", word).accepted(timeout=SECONDS)
        assert [bo.receive(timeout=SECONDS).text for _ in range(4)] == ["chat 0", "chat 1", "chat 2", word]
        assert server.plugins == []
    told = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert [text for text in told if text.startswith("plugin sample is off: it has failed 3 times")]


def test_a_plugin_that_hangs_is_off_at_once(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    """Who said what it hangs at is told so within its time; nobody else waits for that, and then it is gone."""
    with serving(write(BAD), seconds=0.5) as server, connect(server, "ana") as ana, connect(server, "bo") as bo:
        hanging = ana.send("bo", "hang")
        for number in range(20):
            bo.send("ana", str(number)).accepted(timeout=SECONDS)
        with pytest.raises(Unavailable, match="the plugin sample could not look at it"):
            hanging.accepted(timeout=SECONDS)
        ana.send("bo", "hang").accepted(timeout=SECONDS)
        assert server.plugins == []
    assert "plugin sample is off: its hook message hangs" in caplog.text


def test_a_plugin_may_let_pass_what_it_fails_at(write: Write) -> None:
    """With `on_failure = "pass"`, what it could not look at is said."""
    with (
        serving(write(BAD), seconds=0.5, on_failure="pass") as server,
        connect(server, "ana") as ana,
        connect(server, "bo") as bo,
    ):
        for word in ("raise", "exit", "hang"):
            ana.send("bo", word).accepted(timeout=SECONDS)
            assert bo.receive(timeout=SECONDS).text == word


def test_a_text_that_cannot_be_sent(write: Write) -> None:
    """A plugin that makes nothing of a message is named, and the next message is said."""
    with serving(write(BAD)) as server, connect(server, "ana") as ana, connect(server, "bo"):
        with pytest.raises(Unavailable, match="a plugin has made something of it that cannot be sent"):
            ana.send("bo", "nothing").accepted(timeout=SECONDS)
        ana.send("bo", "something").accepted(timeout=SECONDS)


# --- coming and going -----------------------------------------------------------------------------------------------


def test_a_plugin_that_cannot_be_loaded_keeps_the_server_from_starting(write: Write) -> None:
    """Nobody is served by a chat without its filter: what is wrong is said, and nothing is left behind."""
    with pytest.raises(PluginError, match="sample: importing it: ZeroDivisionError"), serving(write("1 / 0")):
        pass
    with (
        pytest.raises(PluginError, match=r"\[plugins.sample\] has no setting 'wrds'; did you mean 'words'"),
        serving(write(FILTER), wrds=["x"]),
    ):
        pass


def test_plugins_are_loaded_anew(write: Write) -> None:
    """While people chat, a plugin's next version and settings count; one that cannot be loaded leaves the last one."""
    path = write(FILTER)
    with serving(path) as server, connect(server, "ana") as ana, connect(server, "bo"):
        assert server.reload_plugins([path], {"sample": {"words": ["tea"]}}) == []
        with pytest.raises(Refused, match="'tea' is not said here"):
            ana.send("bo", "tea").accepted(timeout=SECONDS)
        ana.send("bo", "damn").accepted(timeout=SECONDS)
        write("1 / 0")
        (wrong,) = server.reload_plugins([path], {"sample": {"words": ["tea"]}})
        assert "the version before goes on" in str(wrong)
        with pytest.raises(Refused, match="'tea' is not said here"):
            ana.send("bo", "tea").accepted(timeout=SECONDS)
        assert server.reload_plugins([]) == []
        assert server.plugins == []
        ana.send("bo", "tea").accepted(timeout=SECONDS)
        write(MILD)
        assert server.reload_plugins([path]) == []
        assert ana.send("bo", "damn").accepted(timeout=SECONDS).text == "d**n"


def test_a_server_without_plugins_can_be_given_some(write: Write) -> None:
    """What is loaded later counts from then on, and its name is refused if somebody has it by then."""
    with serving() as server, connect(server, "ana") as ana, connect(server, "mild"):
        assert not server.plugins
        assert server.reload_plugins([write(FILTER)]) == []
        with pytest.raises(Refused, match="is not said here"):
            ana.send("mild", "damn").accepted(timeout=SECONDS)
        (wrong,) = server.reload_plugins([write(FILTER), write(MILD, "mild")])
        assert "it cannot be called 'mild' in the chat: mild is taken" in str(wrong)
        assert server.plugins == ["sample"]


def test_plugins_say_goodbye(write: Write, tmp_path: Path) -> None:
    """When the server stops, each is told, and what it keeps is below the server's folder, for the next start."""
    plugin = """
    @hook("load")
    def load(ctx: Context): ctx.store["starts"] = ctx.store.get("starts", 0) + 1
    @hook("unload")
    def unload(ctx: Context): ctx.store["ends"] = ctx.store.get("ends", 0) + 1
    @hook("connect")
    def tell(name, ctx: Context): ctx.reply(f"{dict(ctx.store)}")
    """
    for ends in ("", ", 'ends': 1"):
        with serving(write(plugin, "counter"), data=tmp_path / "data") as server, arrive(server, "Alice") as alice:
            alice.expect(f"counter: {{'starts': {2 if ends else 1}{ends}}}")
    assert (tmp_path / "data" / "plugins" / "counter").is_dir()
