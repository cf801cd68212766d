"""What a bad plugin does to others: nothing."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from queue import Queue

import pytest

from libchat.errors import PluginError
from libchat.plugins.loaded.surface import SurfaceKind
from libchat.plugins.sources.find import find_files
from libchat.plugins.values import Message
from libchat.testing import Stage
from libchat.testing.stage import MakeStage
from support.coming import own_plugins

WritePlugin = Callable[..., Path]

BUNDLED = Path(__file__).parents[2] / "plugins" / "libchat_plugins"

GOOD = """
    @command
    def good() -> str:
        return "good"

    @hook("join")
    def come(ctx, name):
        ctx.say(f"welcome {name}")
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("while True: time.sleep(0.01)", "importing it: it has not come back within 0.3 seconds"),
        ("try:\n    while True: pass\nexcept Exception: pass", "importing it: it has not come back"),
        ('@hook("load")\ndef f():\n    while True: time.sleep(0.01)', "hook load: it has not come back"),
    ],
)
def test_loading_may_hang(make_stage: MakeStage, plugin: WritePlugin, text: str, reason: str) -> None:
    """A plugin whose import or `load` hook hangs is not loaded; others can be, then and meanwhile."""
    stage = make_stage(seconds=0.3)
    with pytest.raises(PluginError, match=reason):
        stage.load(plugin(text))
    stage.load(plugin(GOOD, "good"))
    assert stage.run("good") == ["good"]


def test_observers_that_fail_or_hang_delay_nobody(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """Each plugin hears of what happens in its own time; three failures and it hears no more."""
    stage = make_stage(seconds=0.2)
    stage.load(plugin('@hook("join")\ndef f():\n    while True: time.sleep(0.01)', "hanging"))
    stage.load(plugin('@hook("join")\ndef f(name):\n    raise ValueError(name)', "raising"))
    stage.load(plugin(GOOD, "good"))
    for number in range(3):
        stage.host.observe("join", "bo", "#team", room="#team", name=f"n{number}")
    stage.host.settle()
    assert [text for _, text in stage.said] == ["welcome n0", "welcome n1", "welcome n2"]
    states = {each.name: each.state for each in own_plugins(stage.host)}
    assert states == {"hanging": "failed", "raising": "failed", "good": "on"}
    assert "plugin raising is off: it has failed 3 times, lastly in hook join: ValueError: n2" in stage.told


def test_a_timer_that_hangs_is_not_called_on_top_of_itself(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """While one turn is under way, the next ones are left out; another plugin's timer goes on."""
    stage = make_stage(seconds=0.2)
    stage.load(plugin("@every(seconds=1)\ndef f():\n    while True: time.sleep(0.01)", "hanging"))
    stage.load(plugin('@every(seconds=1)\ndef f(ctx):\n    ctx.say("tick", to="#team")', "good"))
    stage.pass_time(2)
    assert stage.said == [("#team", "tick")] * 2


def test_completion_that_fails_or_hangs_offers_nothing(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """A menu is no place for mistakes: there is just nothing to choose from."""
    stage = make_stage(seconds=0.2)
    stage.load(
        plugin(
            """
            from typing import Annotated

            def bad(prefix):
                if prefix == "h":
                    while True: time.sleep(0.01)
                raise ValueError

            @command
            def take(what: Annotated[str, Arg(complete=bad)]) -> str:
                return what
            """
        )
    )
    assert stage.complete("take x") == []
    assert stage.complete("take h") == []
    assert stage.run("take x") == ["x"]


def test_unloading_may_fail_and_hang(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """Whatever `unload` hooks and what was entered do, the plugin goes, and that is kept."""
    stage = make_stage(seconds=0.3)
    stage.load(
        plugin(
            """
            from contextlib import contextmanager

            @contextmanager
            def bad():
                yield
                raise ValueError("closing")

            @hook("load")
            def begin(ctx):
                ctx.enter(bad())

            @hook("unload")
            def end():
                while True: time.sleep(0.01)
            """
        )
    )
    stage.host.unload("sample")
    assert own_plugins(stage.host)[0].state == "off"
    assert [each.partition(":")[0] for each in stage.errors] == ["hook unload", "what it had entered"]


def test_unloading_ends_a_command_that_runs(stage: Stage, plugin: WritePlugin) -> None:
    """A command under way is interrupted, which is no failure, and who waits for it is told."""
    stage.load(
        plugin(
            """
            @command
            def work(ctx: Context) -> None:
                ctx.say("begun")
                while True: time.sleep(0.01)
            """
        )
    )
    outcomes: list[str] = []
    waiting = threading.Thread(target=lambda: outcomes.append(stage.outcome("work").text))
    waiting.start()
    stage.others["bo"].receive(timeout=10)
    stage.host.unload("sample")
    waiting.join(10)
    assert outcomes == ["/work: its plugin was unloaded meanwhile"]
    assert stage.errors == []


def test_a_going_plugin_begins_nothing(stage: Stage, plugin: WritePlugin) -> None:
    """In its `unload` hook a plugin can start neither timers nor threads, which nobody would end."""
    stage.load(plugin('@hook("unload")\ndef end(ctx):\n    ctx.ending.set()\n    ctx.thread(lambda: None)'))
    stage.host.unload("sample")
    assert stage.errors == ["hook unload: it is being unloaded, and cannot begin anything"]


def test_plugins_come_and_go_while_messages_flow(stage: Stage, plugin: WritePlugin) -> None:
    """Reloading in the midst of messages, commands and events loses none and mixes none."""
    path = plugin(
        GOOD + '\n    @hook("message")\n    def look(message):\n        return message.replace(text="seen")\n'
    )
    stage.load(path)
    done = threading.Event()
    wrong: list[object] = []

    def talk() -> None:
        while not done.is_set():
            messages = [Message("bo", "#team", str(number)) for number in range(50)]
            results = stage.host.transform("message", messages)
            texts = {each.text if isinstance(each, Message) else each for each in results}
            if len(results) != 50 or not texts <= {"seen", *map(str, range(50))}:
                wrong.append(results)

    def command() -> None:
        while not done.is_set():
            outcome = stage.outcome("good")
            if outcome.kind not in ("done", "unknown") or outcome.text not in ("good", _unknown("good")):
                wrong.append(outcome)

    threads = [threading.Thread(target=target) for target in (talk, talk, command, command)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        stage.host.reload("sample")
        stage.host.observe("join", "bo", "#team", room="#team", name="bo")
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert stage.errors == []


def _unknown(word: str) -> str:
    return f"there is no command /{word}; /help lists those that there are"


def test_a_host_may_be_closed_while_everything_runs(plugin: WritePlugin) -> None:
    """Commands, timers, threads and events under way do not keep a host from ending, nor survive it."""
    with Stage() as stage:
        stage.load(
            plugin(
                GOOD
                + """
    @command
    def work(ctx: Context) -> None:
        ctx.thread(ctx.ending.wait)
        ctx.after(1, lambda: None)
        ctx.say("begun")
        while True: time.sleep(0.01)
        """
            )
        )
        stage.host.start("work", "ana", "#team")
        stage.others["bo"].receive(timeout=10)
        stage.host.observe("join", "bo", "#team", room="#team", name="bo")


def test_a_flood_of_commands_is_bounded(stage: Stage, plugin: WritePlugin) -> None:
    """Of one sender's commands a few run at once, the others are ignored, and those of others run."""
    stage.load(
        plugin(
            """
            gate = threading.Event()

            @command
            def wait() -> str:
                gate.wait(20)
                return "waited"

            @command
            def go() -> None:
                gate.set()
            """
        )
    )
    outcomes: Queue[str] = Queue()
    for _ in range(10):
        stage.host.start("wait", "bo", "#team", lambda outcome: outcomes.put(outcome.kind))
    assert [outcomes.get(timeout=10) for _ in range(6)] == ["slow"] * 6
    stage.host.start("go", "cy", "#team")
    assert [outcomes.get(timeout=10) for _ in range(4)] == ["done"] * 4
    stage.host.start("wait", "bo", "#team", lambda outcome: outcomes.put(outcome.kind))
    assert outcomes.get(timeout=10) == "done"


@pytest.mark.parametrize("kind", ["shell", "bot", "server"])
@pytest.mark.parametrize("name", [each.name for each in find_files(BUNDLED)] or ["none"])
def test_plugins_that_come_along_leave_nothing_behind(make_stage: MakeStage, kind: SurfaceKind, name: str) -> None:
    """Each of them is loaded and unloaded: no thread, timer, module or memory of it stays."""
    if name == "none":
        pytest.skip("no plugin comes along")
    stage = make_stage(kind)
    stage._settings[name] = {}
    path = BUNDLED / f"{name}.py"
    found = next(each for each in find_files(BUNDLED) if each.path == path)
    stage.host._extra[name] = type(found)(name, path, f"libchat_plugins.{name}", found.version, found.summary)
    threads = set(threading.enumerate())
    stage.load(name)
    home = next(each for each in stage.host.homes if each.name == name)
    module, module_name = weakref.ref(home.module), getattr(home.module, "__name__", "")
    assert home.declared.commands or home.declared.hooks
    del home
    stage.observe("join", room="#team", name="bo", sender="bo")
    stage.pass_time(120)
    stage.host.unload(name)
    assert not stage.host.commands
    assert len(stage.host.timers) == 0
    assert module_name not in sys.modules
    assert [each.name for each in set(threading.enumerate()) - threads if "plugin worker" not in each.name] == []
    gc.collect()
    assert module() is None
