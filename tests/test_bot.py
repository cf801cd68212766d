"""Bots: in process and over the network."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import libchat
from libchat.plugins import Context, Drop, Member, Message

Chat = Callable[..., libchat.Client]


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[libchat.Bot]:
    """Give a bot with a few commands, in no chat yet."""
    with libchat.Bot("ops", data=tmp_path) as ops:
        ops.command(greet)
        ops.command("sure")(sure)
        yield ops


def greet(ctx: Context, who: Member, *, loudly: bool = False) -> str:
    """Greet somebody.

    With --loudly, everybody hears it.
    """
    return f"hello {who}" + "!" * loudly


def sure(ctx: Context) -> str:
    """Ask back."""
    return f"you said {ctx.ask('sure?')}"


def test_a_bot_answers_where_it_was_asked(hub: libchat.Hub, bot: libchat.Bot) -> None:
    """In a room behind its prefix, in private with or without it; usage errors as well, with near names."""
    ana = hub.connect("ana")
    ana.join("#team")
    bot.start(hub, rooms=["#team"])
    ana.send("#team", "greet bo")
    ana.send("#team", "!unknown")
    ana.send("#team", "!greet BO --loudly")
    assert heard(ana) == ("#team", "hello BO!")
    ana.send("ops", "greet Ana")
    assert heard(ana) == ("ana", "hello ana")
    ana.send("ops", "thank you")
    ana.send("ops", "!greet bo --loud")
    assert heard(ana)[1] == "there is no option --loud; did you mean --loudly?\nusage: !greet WHO [--loudly]"


def test_an_unknown_command_is_explained_in_private_only(hub: libchat.Hub, bot: libchat.Bot) -> None:
    """In a room it may be meant for another bot."""
    ana = hub.connect("ana")
    ana.join("#team")
    bot.start(hub, rooms=["#team"])
    ana.send("#team", "!greeet")
    ana.send("ops", "!greeet")
    assert heard(ana) == ("ana", "there is no command !greeet; did you mean !greet?")


def test_help_lists_and_explains(hub: libchat.Hub, bot: libchat.Bot) -> None:
    """`help` is there without anybody having written it; what would look like a command is not said as one."""
    ana = hub.connect("ana")
    bot.start(hub)
    ana.send("ops", "help")
    assert heard(ana)[1] == (
        "ana: !greet  Greet somebody.\n!help   List the commands, or explain one.\n!sure   Ask back."
    )
    ana.send("ops", "help greet")
    assert heard(ana)[1] == "ana: !greet WHO [--loudly]\nGreet somebody.\n\nWith --loudly, everybody hears it."
    ana.send("ops", "help nothing")
    assert heard(ana)[1] == "there is no command !nothing; !help lists those that there are"


def test_a_question_is_answered_by_who_was_asked(hub: libchat.Hub, bot: libchat.Bot) -> None:
    """The next message of the same person at the same place is the answer, whatever others say."""
    ana, bo = hub.connect("ana"), hub.connect("bo")
    for each in (ana, bo):
        each.join("#team")
    bot.start(hub, rooms=["#team"])
    ana.send("#team", "!sure")
    assert heard(ana) == ("#team", "sure?")
    bo.send("#team", "no")
    ana.send("ops", "no")
    ana.send("#team", "yes")
    assert heard(ana, of="ops") == ("#team", "you said yes")


def test_secrets_are_not_asked_for_in_a_room(hub: libchat.Hub, bot: libchat.Bot) -> None:
    """A password that others read is none."""

    @bot.command
    def login(ctx: Context) -> str:
        return ctx.ask("password?", secret=True, timeout=0.05)

    ana = hub.connect("ana")
    ana.join("#team")
    bot.start(hub, rooms=["#team"])
    ana.send("#team", "!login")
    assert heard(ana)[1] == "nobody else should see your answer; write to me in private"
    ana.send("ops", "login")
    assert heard(ana)[1] == "password?"
    assert heard(ana)[1] == "ana has not answered within 0.05 seconds"


def test_hooks_see_what_comes_and_goes(hub: libchat.Hub, bot: libchat.Bot) -> None:
    """Messages of others pass `message`, own ones `send`, and events come to observers."""
    seen: list[str] = []
    done = threading.Event()

    @bot.hook("message")
    def look(message: Message) -> Drop | Message:
        return Drop() if "spam" in message.text else message.replace(text=message.text.replace("hi", "!greet"))

    @bot.hook("send")
    def shout(message: Message) -> Message | Drop:
        return Drop("no cy") if "cy" in message.text else message.replace(text=message.text.upper())

    @bot.hook("join")
    def come(ctx: Context, name: str, room: str) -> None:
        seen.append(f"{name} {room}")
        ctx.say(f"welcome {name}")

    @bot.hook("react")
    def reacted(entry: libchat.Entry) -> None:
        seen.append(f"{entry.sender} {entry.text} {entry.ref}")
        done.set()

    ana = hub.connect("ana")
    bot.start(hub, rooms=["#team"])
    ana.join("#team")
    assert heard(ana) == ("#team", "WELCOME ANA")
    ana.send("#team", "!greet spam")
    ana.send("#team", "!greet cy")
    sent = ana.send("#team", "hi bo").accepted()
    assert heard(ana) == ("#team", "HELLO BO")
    ana.react("#team", sent.seq, "+1")
    assert done.wait(10)
    assert seen == ["ana #team", f"ana +1 {sent.seq}"]


def test_plugins_are_loaded_with_their_settings(hub: libchat.Hub, tmp_path: Path) -> None:
    """A file is loaded by its path; its settings come from a TOML file, or from the call."""
    plugin = tmp_path / "dice.py"
    plugin.write_text(
        "from dataclasses import dataclass\nfrom libchat.plugins import *\n"
        "@dataclass\nclass Config:\n    sides: int = 6\n"
        "@command\ndef sides(ctx: Context) -> str:\n    return str(ctx.config.sides)\n"
    )
    (tmp_path / "bot.toml").write_text("[plugins.dice]\nsides = 20\n")
    ana = hub.connect("ana")
    with libchat.Bot("ops", data=tmp_path, config=tmp_path / "bot.toml") as bot:
        bot.load(plugin)
        bot.start(hub)
        ana.send("ops", "sides")
        assert heard(ana)[1] == "20"
        bot.plugins.unload("dice")
        bot.load(str(plugin), sides=8)
        ana.send("ops", "sides")
        assert heard(ana)[1] == "8"


def test_mistakes_in_commands_are_told_at_the_start(hub: libchat.Hub, bot: libchat.Bot) -> None:
    """A signature that no line can fill ends the bot before it answers anybody, and it has left."""

    @bot.command
    def bad(ctx: Context, x: dict[str, str]) -> None: ...

    with pytest.raises(libchat.ChatError, match="command 'bad': parameter 'x'"):
        bot.start(hub)
    assert hub.connect("ops").name == "ops"


def test_a_command_may_end_the_bot(hub: libchat.Hub, tmp_path: Path) -> None:
    """`run` comes back when the bot is closed by one of its own commands, and no thread is left."""
    before = set(threading.enumerate())
    bot = libchat.Bot("ops", data=tmp_path)

    @bot.command
    def bye(ctx: Context) -> None:
        bot.close()

    ana = hub.connect("ana")

    @bot.hook("connect")
    def here(name: str) -> None:
        ana.send("ops", "bye")

    bot.run(hub)
    assert set(threading.enumerate()) == before


def test_the_end_of_the_chat_ends_the_bot(tmp_path: Path) -> None:
    """When the connection is gone for good, `run` says so."""
    hub = libchat.Hub()
    bot = libchat.Bot("ops", data=tmp_path)
    bot.hook("connect")(_named(lambda: hub.close("over")))
    with pytest.raises(libchat.Disconnected, match="over"):
        bot.run(hub)


def _named(function: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        function()

    return call


def test_a_bot_over_the_network(chat: Chat, chat_server: libchat.Server, bot: libchat.Bot) -> None:
    """The same bot at the address of a server."""
    ana = chat("ana")
    bot.start(chat_server.address, rooms=["#team"], pin=chat_server.pin)
    ana.join("#team")
    ana.send("#team", "!greet bo")
    assert heard(ana) == ("#team", "hello bo")


def test_failures_are_logged(hub: libchat.Hub, bot: libchat.Bot, caplog: pytest.LogCaptureFixture) -> None:
    """Who runs a bot reads in its log what its plugins print; own commands are never switched off."""

    @bot.command
    def fail(ctx: Context) -> None:
        sys.stdout.write("one moment\n")
        raise ValueError("bad")

    ana = hub.connect("ana")
    with caplog.at_level(logging.WARNING, "libchat"):
        bot.start(hub)
        for _ in range(4):
            ana.send("ops", "fail")
            assert heard(ana)[1] == "ana: !fail: ValueError: bad"
    assert "bot ops: bot: one moment" in caplog.text
    assert len(bot.plugins.errors()) == 4


def test_before_the_start_there_is_nobody(bot: libchat.Bot) -> None:
    """A bot in no chat has nobody to talk as."""
    with pytest.raises(libchat.Closed, match="start it"):
        _ = bot.participant
    with pytest.raises(libchat.PluginError, match="there is no such plugin"):
        bot.load("nothing_of_that_name")


def heard(chat: libchat.Participant, of: str = "ops") -> tuple[str, str]:
    """Return where the next message of somebody was said, and its text."""
    while True:
        entry = chat.receive(timeout=10)
        if entry.sender == of:
            return entry.target, entry.text
