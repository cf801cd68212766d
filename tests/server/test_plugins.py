"""What connects the plugins of a server with its hub."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from libchat import messages as m
from libchat.errors import PluginError
from libchat.happenings import Came, Happening, Went
from libchat.hub import Hub
from libchat.plugins.hooks import HOOKS
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.timer import Timers
from libchat.server.plugins import ServerPlugins, told
from libchat.server.voices import NowhereScope, ServerSurface, Voices

SECONDS = 10.0

HAPPENINGS: list[Happening] = [
    Came("ana"),
    Went("ana"),
    m.Joined("#red", "ana"),
    m.Left("#red", "ana", "tired"),
    m.Kicked("#red", "bo", "ana", "noise"),
    m.Entry("#red", 2, "ana", 5, "news", "topic"),
    m.Entry("#red", 2, "ana", 5, "hello", "edit", 1),
    m.Entry("#red", 2, "ana", 5, "", "delete", 1),
    m.Entry("#red", 2, "ana", 5, "+1", "react", 1),
]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a hub."""
    with Hub() as hub:
        yield hub


def test_every_observer_is_told_something() -> None:
    """For each hook that observes there is something that happens, with all the arguments that it may name."""
    found = {hook: arguments for hook, _, _, arguments in told(HAPPENINGS)}
    observers = {each.name: set(each.arguments) for each in HOOKS.values() if each.kind == "observer"}
    expected = {name: names - {"ctx"} for name, names in observers.items() if name not in ("load", "unload")}
    assert {hook: set(arguments) for hook, arguments in found.items()} == expected


def test_who_did_it_and_where() -> None:
    """Who did something is whom a plugin would answer, and the room is where."""
    assert [(sender, target) for _, sender, target, _ in told(HAPPENINGS)] == [
        ("ana", ""),
        ("ana", ""),
        *[("ana", "#red")] * 7,
    ]


def test_messages_are_not_told() -> None:
    """What was vetted is no event, nor is what is taken back."""
    assert list(told([m.Entry("#red", 1, "ana", 5, "hi"), m.Entry("#red", 2, "ana", 5, "+1", "unreact", 1)])) == []


# --- voices ---------------------------------------------------------------------------------------------------------


def context(voices: Voices, sender: str = "", target: str = "") -> Context:
    """Return the context of a call of a plugin called robot."""
    surface = ServerSurface(voices, lambda: None)
    timers = Timers()
    made = surface.make_context(Home("robot", surface, timers, lambda job: None), sender, target)
    timers.close()
    return made


def test_a_voice_is_there_when_it_is_needed(hub: Hub) -> None:
    """It is in the chat from its first word on, once, however many ask for it at once; and leaves in the end."""
    voices = Voices(hub, lambda plugin: "Robot")
    ana = hub.connect("ana")
    voices.reserve("robot")
    assert [person.name for person in ana.who()] == ["ana"]
    found = []
    barrier = threading.Barrier(4)

    def find() -> None:
        barrier.wait(SECONDS)
        found.append(voices.find("robot"))

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert len(set(found)) == 1
    assert [person.name for person in ana.who()] == ["Robot", "ana"] or [p.name for p in ana.who()] == ["ana", "Robot"]
    assert voices.names == {"Robot"}
    voices.close()
    assert [person.name for person in ana.who()] == ["ana"]


@pytest.mark.parametrize(("sender", "target"), [("ana", "#red"), ("ana", ""), ("", "ana")])
def test_replies_are_private(hub: Hub, sender: str, target: str) -> None:
    """A reply goes to who did it; without anybody, to where it was done."""
    ana = hub.connect("ana")
    made = context(Voices(hub, str), sender, target)
    made.reply("hello")
    entry = ana.receive(timeout=SECONDS)
    assert (entry.sender, entry.target, entry.text) == ("robot", "ana", "hello")
    assert made.me == "robot"


def test_a_reply_to_nobody_is_logged(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """What a timer replies comes to who runs the server."""
    context(Voices(hub, str)).reply("all is well")
    assert "robot: all is well" in caplog.text


def test_nobody_sits_at_a_server(hub: Hub) -> None:
    """A plugin can ask nobody there, and there is no common voice, nor anything to complete."""
    made = context(Voices(hub, str), "ana")
    with pytest.raises(PluginError, match="a server cannot ask anybody"):
        made.ask("who are you?")
    with pytest.raises(PluginError, match="each plugin speaks for itself"):
        made.home.surface.participant.close()
    scope = NowhereScope()
    assert [*scope.members(), *scope.rooms(), *scope.messages()] == []


# --- vetted and watched as long as need be --------------------------------------------------------------------------

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a plugin, and returns its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(f"from libchat.plugins import *\n{text}", encoding="utf-8")
        return str(path)

    return write


class CountingHub(Hub):
    """Notes when it begins and ends to have something vetted, and to be watched."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def vet_with(self, vetter: object) -> None:
        """Note it."""
        self.noted.append("vet" if vetter else "no vet")
        super().vet_with(vetter)  # type: ignore[arg-type]  # handed on as it is

    def watch(self, watcher: object) -> None:
        """Note it."""
        self.noted.append("watch" if watcher else "no watch")
        super().watch(watcher)  # type: ignore[arg-type]


def test_nothing_is_vetted_without_a_hook_for_it(write: Write) -> None:
    """A hub is vetted and watched only as long as a plugin has a hook that needs it."""
    plain = write("plain", '@hook("load")\ndef load(): pass\n')
    vetting = write("vetting", '@hook("message")\ndef look(): pass\n')
    watching = write("watching", '@hook("join")\ndef see(): pass\n')
    with CountingHub() as hub:
        plugins = ServerPlugins(hub, [plain])
        try:
            plugins.start()
            assert hub.noted == []
            for names, noted in (
                ([plain, vetting], ["vet"]),
                ([vetting, watching], ["watch"]),
                ([watching], ["no vet"]),
                ([watching], []),
                ([], ["no watch"]),
            ):
                hub.noted.clear()
                assert plugins.reload(names, {}) == []
                assert hub.noted == noted
        finally:
            plugins.close()
            plugins.close()
