"""The host: plugins come, do what they do, fail, and go."""

from __future__ import annotations

import gc
import io
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from libchat.errors import PluginError
from libchat.plugins import Drop
from libchat.plugins.loaded.guard import Guard
from libchat.plugins.values import Message
from libchat.testing import Stage
from libchat.testing.stage import MakeStage
from support.coming import own_plugins

WritePlugin = Callable[..., Path]

ECHO = """
    @command(rate="3/10s", aliases=("e",))
    def echo(ctx: Context, *words: str, loud: bool = False) -> str:
        "Say it again."
        text = " ".join(words)
        return text.upper() if loud else text
"""


def test_a_command_replies_what_it_returns(stage: Stage, plugin: WritePlugin) -> None:
    """A command line comes to the function, and its text to who gave it; an alias does as well."""
    assert stage.load(plugin(ECHO)) == "sample"
    assert stage.run("/echo --loud a 'b c'") == ["A B C"]
    assert stage.run("e x") == ["x"]
    assert stage.outcome("echo").kind == "done"


def test_a_command_can_do_what_a_context_can(stage: Stage, plugin: WritePlugin) -> None:
    """It knows who and where, says, replies, asks, and keeps."""
    stage.load(
        plugin(
            """
            @command
            def all(ctx: Context) -> None:
                ctx.say("hello")
                ctx.say("psst", to="bo")
                ctx.reply(f"{ctx.plugin} {ctx.surface} {ctx.me} {ctx.sender} {ctx.target} {ctx.room} {ctx.now():.0f}")
                ctx.reply(ctx.ask("sure?"))
                ctx.store["n"] = ctx.store.get("n", 0) + 1
                ctx.state["n"] = ctx.store["n"]
                (ctx.data_dir / "file").write_text("x")
                ctx.reply(f"{ctx.store['n']} {ctx.state} {len(ctx.chat.who('#team'))} {ctx.config}")
            """
        )
    )
    stage.answers.append("yes")
    assert stage.run("all") == ["sample shell ana ana #team #team 1700000000", "yes", "1 {'n': 1} 3 None"]
    assert stage.said == [("#team", "hello"), ("bo", "psst")]
    assert stage.questions == ["sure?"]


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("nothing", "unknown", "there is no command /nothing; /help lists those that there are"),
        ("", "unknown", "there is no command /; /help lists those that there are"),
        ("ecko x", "unknown", "there is no command /ecko; did you mean /echo?"),
        ("echo --lout", "usage", "there is no option --lout; did you mean --loud?\nusage: /echo [WORDS ...] [--loud]"),
    ],
)
def test_mistakes_are_explained(stage: Stage, plugin: WritePlugin, line: str, kind: str, text: str) -> None:
    """A mistyped command or option is answered with what may have been meant."""
    stage.load(plugin(ECHO))
    outcome = stage.outcome(line)
    assert (outcome.kind, outcome.text) == (kind, text)


def test_a_rate_is_for_each_sender(stage: Stage, plugin: WritePlugin) -> None:
    """Who uses a command too often is told how long to wait; others may go on, and so may they after that."""
    stage.load(plugin(ECHO))
    for _ in range(3):
        assert stage.run("echo x") == ["x"]
    stage.pass_time(4)
    assert stage.run("echo x") == ["/echo may be used 3 times in 10 seconds; try again in 6 seconds"]
    assert stage.run("echo x", sender="bo") == ["x"]
    stage.pass_time(6)
    assert stage.run("echo x") == ["x"]


@pytest.mark.parametrize(
    ("rate", "passed", "told"),
    [
        ("2/1m", 1, "2 times in 1 minute; try again in 59 seconds"),
        ("1/1h", 90, "1 time in 1 hour; try again in 59 minutes"),
        ("1/1d", 90, "1 time in 1 day; try again in 1 day"),
        ("1/1d", 3601, "1 time in 1 day; try again in 23 hours"),
        ("1/2m", 0, "1 time in 2 minutes; try again in 2 minutes"),
    ],
)
def test_a_rate_has_units(stage: Stage, plugin: WritePlugin, rate: str, passed: float, told: str) -> None:
    """Long waits are told in minutes and hours, and rather too long than too short."""
    stage.load(plugin(ECHO.replace("3/10s", rate)))
    for _ in range(int(rate[0])):
        assert stage.run("echo x") == ["x"]
    stage.pass_time(passed)
    assert stage.run("echo x") == [f"/echo may be used {told}"]


def test_what_is_mistyped_does_not_count(stage: Stage, plugin: WritePlugin) -> None:
    """A line that does not fit the grammar has done nothing, so one may try again; what the plugin refuses counts."""
    stage.load(
        plugin(
            """
            @command(rate="2/10s")
            def half(number: int) -> str:
                if number % 2:
                    raise UsageError("that is odd")
                return str(number // 2)
            """
        )
    )
    for _ in range(5):
        assert stage.outcome("half two").kind == "usage"
    assert stage.run("half 8") == ["4"]
    assert stage.outcome("half").kind == "usage"
    assert stage.run("half 7") == ["that is odd"]
    assert stage.outcome("half 8").kind == "slow"


def test_what_is_told_is_clean(stage: Stage, plugin: WritePlugin) -> None:
    """Neither replies nor questions nor what is printed move a cursor."""
    stage.load(
        plugin(
            """
            @command
            def dirty(ctx: Context) -> str:
                print("\\x1b[2Jprinted\\x07")
                print("more", file=sys.stderr)
                try:
                    ctx.ask("\\x1b]0;sure?\\x07")
                except TimeoutError:
                    pass
                return "\\x1b[31mred\\x9b\\u202e"
            """
        )
    )
    assert stage.run("dirty") == ["[31mred"]
    assert stage.questions == ["]0;sure?"]
    assert stage.told == ["sample: [2Jprinted\nsample: more"]


# --- failures -------------------------------------------------------------------------------------------------------

FAILING = """
    @command
    def fail(ctx: Context, how: str) -> str:
        if how == "raise":
            raise ValueError("\\x1b[31mbad")
        if how == "exit":
            sys.exit("bye")
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "strange":
            class Strange(BaseException):
                def __str__(self): raise RuntimeError
            raise Strange
        if how == "wrong":
            return 5
        if how == "told":
            raise UsageError("not like that")
        if how == "late":
            raise TimeoutError("too late")
        return "fine"
"""


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("raise", "/fail: ValueError: [31mbad"),
        ("exit", "/fail: it wanted to end the program"),
        ("interrupt", "/fail: KeyboardInterrupt"),
        ("strange", "/fail: Strange"),
        ("wrong", "/fail: TypeError: fail returned int, not a text or None"),
    ],
)
def test_a_failing_command_harms_nobody(stage: Stage, plugin: WritePlugin, how: str, text: str) -> None:
    """Whatever it raises, it is told to who gave it and kept, and the next one works."""
    stage.load(plugin(FAILING))
    stage.load(plugin(ECHO, "other"))
    outcome = stage.outcome(f"fail {how}")
    assert (outcome.kind, outcome.text) == ("failed", text)
    assert stage.errors == [text]
    details = stage.host.errors()[0].details
    assert (details.count("  File "), "in fail" in details) == ((0, False) if how == "wrong" else (1, True))
    assert stage.run("fail not") == ["fine"]
    assert stage.run("echo x") == ["x"]


def test_what_is_told_is_no_failure(stage: Stage, plugin: WritePlugin) -> None:
    """Usage errors, errors of the chat and timeouts are for people: they never switch a plugin off."""
    stage.load(plugin(FAILING))
    for _ in range(3):
        assert stage.outcome("fail told").kind == "usage"
        assert stage.run("fail late") == ["too late"]
    assert stage.run("fail not") == ["fine"]
    assert stage.errors == []


def test_three_failures_switch_a_plugin_off(stage: Stage, plugin: WritePlugin) -> None:
    """After the third failure it is gone, a line says so and why, and the others go on."""
    stage.load(plugin(FAILING))
    stage.load(plugin(ECHO, "other"))
    for _ in range(3):
        assert stage.run("fail raise") == ["/fail: ValueError: [31mbad"]
    assert stage.outcome("fail not").kind == "unknown"
    assert stage.told == ["plugin sample is off: it has failed 3 times, lastly in /fail: ValueError: [31mbad"]
    listed = {each.name: each for each in own_plugins(stage.host)}
    assert listed["sample"].state == "failed"
    assert listed["sample"].problem.startswith("it has failed 3 times")
    assert listed["other"].state == "on"
    stage.host.load("sample")
    assert stage.run("fail not") == ["fine"]


HANGING = """
    @command
    def hang(ctx: Context) -> None:
        while True:
            time.sleep(0.01)

    @hook("message")
    def look(message: Message) -> None:
        while "hang" in message.text:
            time.sleep(0.01)
"""


def test_a_hanging_command_is_given_up(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """Who waits for a command that hangs is told, its thread is stopped, and other commands run meanwhile."""
    stage = make_stage(seconds=0.3)
    stage.load(plugin(HANGING))
    stage.load(plugin(ECHO, "other"))
    outcomes = []
    waiting = threading.Thread(target=lambda: outcomes.append(stage.outcome("hang")))
    waiting.start()
    assert stage.run("echo x") == ["x"]
    waiting.join()
    assert [each.text for each in outcomes] == ["/hang: it has not come back within 0.3 seconds"]
    assert "in hang" in stage.host.errors()[0].details
    _wait_for(lambda: stage.host.guard.lost == 0)


def test_thinking_is_not_hanging(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """The time that a person takes for an answer is no fault of the plugin."""

    class Slow(Stage):
        def ask(self, *_: object) -> str:
            assert "has not come back" in self.outcome("hang").text  # it began later, and its time is over
            return "yes"

    with Slow(seconds=0.2) as stage:
        stage.load(plugin(HANGING))
        stage.load(plugin('@command\ndef ask(ctx: Context) -> str:\n    return ctx.ask("sure?")\n', "asking"))
        *_, answer = stage.run("ask")
        assert answer == "yes"


def test_a_hanging_transform_is_off_at_once(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """The messages of the batch come out all the same, in order, and the next batch is not held up."""
    stage = make_stage(seconds=0.3)
    stage.load(plugin(HANGING))
    messages = [Message("bo", "#team", text) for text in ("one", "hang", "three")]
    assert stage.host.transform("message", messages) == messages
    assert stage.told == ["plugin sample is off: its hook message hangs"]
    assert not stage.host.has_hook("message")


# --- hooks ----------------------------------------------------------------------------------------------------------


def test_transforms_change_and_drop(stage: Stage, plugin: WritePlugin) -> None:
    """None leaves a message as it is, a message is taken instead, and a Drop ends its way; by order, then by name."""
    stage.load(
        plugin(
            """
            @hook("message", order=1)
            def second(message: Message) -> Message:
                return message.replace(text=message.text + " 2\\x1b")

            @hook("message")
            def first(ctx, message):
                if "bad" in message.text:
                    return Drop(f"not in {ctx.room}, {ctx.sender}")
                if "as is" not in message.text:
                    return Message("fake", "#elsewhere", message.text + " 1")
            """
        )
    )
    stage.load(plugin('@hook("message")\ndef x(message):\n    return message.replace(text=message.text + " a")\n', "a"))
    assert stage.play("so") == "so a 1 2"
    assert stage.play("as is") == "as is a 2"
    assert stage.play("bad") == Drop("not in #team, bo")
    message = Message("bo", "#team", "so", seq=5)
    assert stage.host.transform("message", [message]) == [message.replace(text="so a 1 2")]


@pytest.mark.parametrize("on_failure", ["pass", "refuse"])
def test_a_failing_transform_lets_pass_or_refuses(stage: Stage, plugin: WritePlugin, on_failure: str) -> None:
    """A message that a plugin could not look at goes on as it is, or is refused, as its settings say."""
    path = plugin('@hook("message")\ndef look(message):\n    return 1 / ("x" not in message.text)\n')
    stage.load(path, on_failure=on_failure)
    (result,) = stage.host.transform("message", [Message("bo", "#team", "x")])
    assert isinstance(result, Message) == (on_failure == "pass")
    assert stage.errors == ["hook message: ZeroDivisionError: division by zero"]


def test_observers_receive_what_they_name(stage: Stage, plugin: WritePlugin) -> None:
    """An observer is called with the arguments that stand in its signature, in the order of the events."""
    stage.load(
        plugin(
            """
            @hook("join")
            @hook("leave")
            def come(ctx, name):
                ctx.say(f"{name} in {ctx.target}")

            @hook("kick")
            def out(name, by, reason, room, ctx):
                ctx.say(f"{name} {by} {reason} {room}")
            """
        )
    )
    stage.observe("join", room="#team", name="bo")
    stage.observe("kick", room="#team", name="bo", by="cy", reason="spam")
    stage.observe("leave", room="#team", name="cy")
    assert stage.said == [("#team", "bo in #team"), ("#team", "bo cy spam #team"), ("#team", "cy in #team")]


def test_timers_come_when_it_is_time(stage: Stage, plugin: WritePlugin) -> None:
    """`every` repeats, `after` is called once unless it is cancelled."""
    stage.load(
        plugin(
            """
            @every(seconds=60)
            def tick(ctx):
                ctx.say(f"tick {ctx.now() - 1700000000:.0f}", to="#team")

            @command
            def later(ctx: Context, seconds: float) -> None:
                ctx.after(seconds, lambda: ctx.say("later"))
                ctx.after(seconds, lambda: ctx.say("never")).cancel()
            """
        )
    )
    stage.run("later 90")
    assert stage.host.info("sample").timers == 2
    stage.pass_time(125)
    assert [text for _, text in stage.said] == ["tick 60", "later", "tick 120"]
    assert stage.host.info("sample").timers == 1


def test_slow_completion_does_not_wait(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """What an author's function offers comes when it is there; a key is answered at once all the same."""
    path = plugin(
        """
        from typing import Annotated
        gate = threading.Event()

        def trees(prefix):
            gate.wait(5)
            return ["oak tree", "elm"]

        @command
        def plant(tree: Annotated[str, Arg(complete=trees)]) -> None:
            gate.set()
        """
    )
    stage = make_stage()
    stage.load(path)
    kind = stage.host.commands["plant"].grammar.parameters[0].kind
    kind._wait = 0.001  # type: ignore[attr-defined]  # as in a program; the stage itself waits
    assert stage.complete("plant o") == []
    stage.run("plant x")
    kind._wait = 10  # type: ignore[attr-defined]
    _wait_for(lambda: stage.complete("plant o") == ['"oak tree"', "elm"])


def test_commands_and_arguments_are_completed(stage: Stage, plugin: WritePlugin) -> None:
    """Names of commands, options, and members are offered where they belong."""
    stage.load(plugin("@command\ndef greet(who: Member, *, loud: bool = False) -> None: ...\n"))
    assert stage.complete("/g") == ["greet"]
    assert stage.complete("/greet ") == ["bo", "cy", "ana"]
    assert stage.complete("/greet bo --") == ["--loud"]
    assert stage.complete("/none ") == []


# --- loading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 / 0", "importing it: ZeroDivisionError: division by zero"),
        ("sys.exit()", "importing it: it wanted to end the program"),
        ("def", "it cannot be read: line 6: invalid syntax"),
        ("LIBCHAT_API = 2", "it is written for version 2 of the API, this libchat has 1"),
        ('@hook("mesage")\ndef f(): ...', "there is no hook 'mesage'; did you mean 'message'?"),
        ('@hook("join")\ndef f(nam): ...', "hook 'join' has no argument 'nam' for f; did you mean 'name'?"),
        ('@hook("join")\ndef f(*a): ...', "'\\*a' of f: a function for hook 'join' names"),
        ('@hook("load")\ndef f(ctx):\n    raise ValueError("no")', "hook load: ValueError: no"),
        ('@hook("load")\ndef f(ctx):\n    raise UsageError("no")', "hook load: no"),
        ("@command\ndef f(x: list): ...", "command 'f': parameter 'x': list is no type of a parameter"),
        ('@command("f g")\ndef f(): ...', "'f g' cannot be a command"),
        ('@command(rate="5")\ndef f(): ...', "'5' is no rate; write times and a span of time as 5/10s or 3/1m"),
        ("@every(seconds=0)\ndef f(): ...", "'f' cannot be called every 0 seconds"),
        ("@every(seconds=1)\ndef f(x): ...", "a timer has no argument 'x'"),
        ("class Config: ...", "its Config is no dataclass"),
        (
            "@dataclass\nclass Config:\n    sidez: int = 6",
            r"\[plugins.sample\] has no setting 'sides'; did you mean 'sidez'?",
        ),
        (
            "@dataclass\nclass Config:\n    sides: str = '6'",
            r"\[plugins.sample\] sides: expected a text in quotes, got a whole",
        ),
        ("", r"\[plugins.sample\] has no setting 'sides'; it has no settings"),
    ],
)
def test_what_cannot_be_loaded_says_why(stage: Stage, plugin: WritePlugin, text: str, reason: str) -> None:
    """A plugin with a mistake is not loaded, leaves nothing, and its author is told what to do."""
    with pytest.raises(PluginError, match=reason):
        stage.load(plugin(text), **({"sides": 6} if "sides" in reason else {}))
    assert own_plugins(stage.host) == []
    assert not [name for name in sys.modules if name.startswith("sample@")]


def test_settings_come_to_the_plugin(stage: Stage, plugin: WritePlugin) -> None:
    """`Config` is filled from the plugin's table; what it says against a value itself is a reason as well."""
    path = plugin(
        """
        from typing import Literal

        @dataclass
        class Config:
            sides: int = 6
            words: tuple[str, ...] = ()
            names: dict[str, str] | None = None
            mode: Literal["a", "b"] = "a"
            where: Path = Path("x")
            share: float = 1.0
            def __post_init__(self):
                if self.sides > 100:
                    raise ValueError("sides: take fewer than 100")

        @command
        def show(ctx: Context) -> str:
            return str(ctx.config)
        """
    )
    stage.load(path, sides=20, words=["x"], names={"k": "v"}, mode="b", where="y", share=2, name="other")
    assert stage.run("show") == [
        f"Config(sides=20, words=('x',), names={{'k': 'v'}}, mode='b', where={Path('y')!r}, share=2.0)"
    ]
    stage.host.unload("sample")
    for settings, reason in (
        ({"sides": 101}, "take fewer than 100"),
        ({"mode": "c"}, "mode: invalid enum value 'c'"),
        ({"words": [1]}, r"words\[0\]: expected a text in quotes"),
    ):
        stage._settings["sample"] = settings
        with pytest.raises(PluginError, match=reason):
            stage.host.load("sample")


def test_commands_of_two_plugins_do_not_hide_each_other(stage: Stage, plugin: WritePlugin) -> None:
    """The second plugin with a command of the same name is not loaded."""
    stage.load(plugin(ECHO))
    with pytest.raises(PluginError, match="its command /echo is there already \\(sample\\)"):
        stage.load(plugin(ECHO, "other"))
    assert stage.run("echo x") == ["x"]


def test_a_reload_takes_the_new_version(stage: Stage, plugin: WritePlugin) -> None:
    """The file is read anew, however soon after the last time and however alike."""
    for number in range(3):
        path = plugin(f'@command\ndef version() -> str:\n    return "{number}"\n')
        if number:
            stage.host.reload("sample")
        else:
            stage.load(path)
        assert stage.run("version") == [str(number)]


@pytest.mark.parametrize(
    "broken",
    [
        "def",
        "1 / 0",
        '@hook("nothing")\ndef f(): ...',
        '@hook("load")\ndef f():\n    raise ValueError',
        "@command\ndef taken(): ...",
    ],
)
def test_a_failed_reload_keeps_the_last_good_version(stage: Stage, plugin: WritePlugin, broken: str) -> None:
    """A mistake in the new version is told, and the commands, hooks and timers of the one before go on."""
    stage.load(plugin("@command\ndef taken(): ...\n", "other"))
    good = """
        @command
        def version() -> str:
            return "good"

        @every(seconds=1)
        def tick(ctx):
            ctx.say("tick", to="#team")
        """
    stage.load(plugin(good))
    plugin(broken)
    with pytest.raises(PluginError, match="the version before goes on"):
        stage.host.reload("sample")
    assert [(each.plugin, each.where) for each in stage.host.errors()] == [("sample", "load")]
    assert stage.run("version") == ["good"]
    stage.pass_time(1)
    assert stage.said == [("#team", "tick")]
    assert stage.host.info("sample").timers == 1


EVERYTHING = """
    @dataclass
    class Config:
        x: int = 1

    class Big: ...

    @command(aliases=("t",))
    def thing(ctx: Context, who: Member) -> None:
        ctx.after(1000, lambda: None)
        ctx.state["x"] = Big()
        ctx.state["file"] = ctx.enter(open(ctx.data_dir / "log", "w"))
        ctx.thread(lambda: ctx.ending.wait())

    @hook("message")
    def look(message): ...

    @hook("join")
    def come(name): ...

    @every(seconds=5)
    def tick(): ...

    @hook("unload")
    def bye(ctx):
        ctx.chat.send("bo", "bye")
"""


def test_unloading_leaves_nothing_behind(stage: Stage, plugin: WritePlugin) -> None:
    """Commands, hooks, completions, timers, threads, modules, open files and memory: all gone."""
    threads = set(threading.enumerate())
    stage.load(plugin(EVERYTHING), x=2)
    stage.run("thing bo")
    stage.play("hello")
    home = stage.host._tables.homes["sample"]
    module, file = weakref.ref(home.module), home.state["file"]
    info = stage.host.info("sample")
    assert (info.commands, info.hooks, info.timers, info.threads) == (
        ("thing",),
        ("message", "join", "unload"),
        2,
        1,
    )
    del home
    stage.host.unload("sample")
    assert not stage.host.commands
    assert not stage.host.has_hook("message")
    assert not stage.host.has_hook("join")
    assert stage.complete("th") == []
    assert len(stage.host.timers) == 0
    assert [each.name for each in set(threading.enumerate()) - threads if "worker" not in each.name] == []
    assert not [name for name in sys.modules if name.startswith("sample@")]
    assert isinstance(file, io.TextIOBase)
    assert file.closed
    assert stage.said == [("bo", "bye")]
    stage.replies.clear()
    gc.collect()
    assert module() is None


def test_a_thread_that_does_not_end_is_told(make_stage: MakeStage, plugin: WritePlugin) -> None:
    """A thread that ignores `ending` is interrupted."""
    stage = make_stage()
    stage.load(
        plugin(
            """
            def busy():
                while True:
                    time.sleep(0.001)

            @hook("load")
            def start(ctx):
                ctx.thread(busy)
            """
        )
    )
    assert stage.host.info("sample").threads == 1
    stage.host.unload("sample")
    assert stage.errors == []


def test_what_a_thread_raises_is_a_failure(stage: Stage, plugin: WritePlugin) -> None:
    """A thread of a plugin that dies is told about like a command that fails."""
    stage.load(plugin("@command\ndef go(ctx: Context) -> None:\n    ctx.thread(lambda: 1 / 0).join()\n"))
    stage.run("go")
    assert stage.errors == ["a thread: ZeroDivisionError: division by zero"]


def test_enabled_plugins_are_loaded_at_the_next_start(stage: Stage, plugin: WritePlugin, tmp_path: Path) -> None:
    """Only what is enabled is imported; disabling forgets; unknown names get a suggestion."""
    from libchat.plugins.host import Host

    plugin(ECHO)
    plugin("sys.modules['was imported'] = 1", "other")
    where = {"folder": tmp_path / "plugins", "use_entry_points": False, "remember": tmp_path / "enabled.json"}
    host = Host(stage, **where)  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="did you mean sample"):
        host.enable("sampel")
    host.enable("sample")
    host.close()
    again = Host(stage, **where)  # type: ignore[arg-type]
    assert again.load_enabled() == []
    assert [(each.name, each.state, each.is_enabled) for each in own_plugins(again)] == [
        ("other", "off", False),
        ("sample", "on", True),
    ]
    assert "was imported" not in sys.modules
    again.disable("sample")
    assert not again.commands
    again.close()
    third = Host(stage, **where)  # type: ignore[arg-type]
    assert third.load_enabled() == []
    assert not third.commands
    third.close()


def test_guards_end_their_threads() -> None:
    """When a guard is closed, no worker is left."""
    before = set(threading.enumerate())
    guard = Guard()
    assert guard.call(lambda: 5) == 5
    guard.close()
    assert set(threading.enumerate()) == before


def _wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds that another thread does, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
