"""The desktop window: what it knows, what its threads do, and the real thing on a screen, worked by keys alone."""

from __future__ import annotations

import gc
import importlib.util
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import libchat
from libchat.messages import Kicked
from support.display import HEIGHT, WIDTH, Display, virtual_display
from support.program import environment
from window_chat import HOME, Chat, Network

if TYPE_CHECKING:
    from window import Window

EXAMPLE = Path(__file__).parents[2] / "examples" / "window.py"
SECONDS = 20.0
KEYS = {" ": "space", "/": "slash", "#": "numbersign", ":": "colon", ",": "comma", ".": "period", "?": "question"}


def message(sender: str, target: str, text: str, seq: int = 1, kind: str = "message", ref: int = 0) -> libchat.Entry:
    """Return what the chat would tell."""
    return libchat.Entry(target, seq, sender, 1_764_000_000_000, text, kind, ref)


def texts(chat: Chat, target: str = "") -> list[str]:
    """Return the lines of a conversation, or of the one that is shown, with their senders and marks."""
    lines = chat.talks[target or chat.active].lines
    return [f"{line.sender}: {line.text}{line.mark}" if line.sender else line.text for line in lines]


# --- what it knows: no screen, no network ---------------------------------------------------------------------------


def test_what_is_said_elsewhere_is_counted() -> None:
    """A message is unread until its conversation is shown; private ones stand under the other's name."""
    chat = Chat("ana")
    chat.people = ["ana", "bo"]
    chat.hear(message("bo", "ana", "hi"))
    chat.hear(message("cy", "#team", "all well?"))
    chat.hear(message("ana", "bo", "from my other device", 2))
    listed = [words for _, words in chat.listed()]
    assert listed == [HOME, "Rooms", "#team  (1)", "People", "bo  (2)"]
    chat.step(1, is_unread=True)
    assert (chat.active, chat.talks["#team"].unread) == ("#team", 0)
    chat.step(1)
    assert (chat.active, texts(chat)) == ("bo", ["bo: hi", "ana: from my other device"])
    chat.step(1)
    assert chat.active == HOME


def test_a_message_can_change() -> None:
    """What is edited or deleted by its sender changes where it stands."""
    chat = Chat("ana")
    chat.hear(message("bo", "#x", "helo", 1))
    chat.hear(message("bo", "#x", "oops", 2))
    chat.hear(message("bo", "#x", "hello", 3, "edit", 1))
    chat.hear(message("bo", "#x", "", 4, "delete", 2))
    chat.hear(message("bo", "#x", "about tea", 5, "topic"))
    assert texts(chat, "#x") == ["bo: hello (edited)", "bo: (deleted)"]
    assert chat.talks["#x"].topic == "about tea"


def test_rooms_are_entered_and_left() -> None:
    """Who is in a room is known; whoever is put out reads why, and the room is closed."""
    chat = Chat("ana")
    chat.enter(libchat.Entered("#x", ("ana", "bo"), "tea"))
    chat.hear(libchat.Joined("#x", "cy"))
    chat.hear(libchat.Left("#x", "bo", "gone home"))
    assert texts(chat) == ["you are in #x with bo", "cy came in", "bo left: gone home"]
    assert chat.talks["#x"].members == {"ana", "cy"}
    chat.hear(Kicked("#x", "ana", "cy", "too loud"))
    assert (chat.active, texts(chat)) == (HOME, ["cy put you out of #x: too loud"])


def test_completion() -> None:
    """Commands, rooms and names are completed; who spoke last comes first, oneself never; a colon at the start."""
    chat = Chat("ana")
    chat.people, chat.rooms = ["ana", "bea", "bo"], ["#team"]
    chat.hear(message("bo", "ana", "hi"))
    chat.show("bo")
    assert chat.complete("/j", ["/join", "/leave"]) == ["/join "]
    assert chat.complete("/join #", []) == ["/join #team "]
    assert chat.complete("B", []) == ["bo: ", "bea: "]
    assert chat.complete("ask b", []) == ["ask bo ", "ask bea "]
    assert chat.complete("an", []) == []


def test_the_state_of_the_connection() -> None:
    """A lost connection and its return are told."""
    chat = Chat("ana")
    chat.hear(libchat.Interrupted("the line is cut"))
    assert chat.state == "connection lost (the line is cut); trying again ..."
    chat.hear(libchat.Resumed())
    assert chat.state == "connected"


# --- its threads: no screen -----------------------------------------------------------------------------------------


@contextmanager
def network(chat: Chat, address: str, **options: str) -> Iterator[tuple[Network, Callable[[Callable[[], bool]], None]]]:
    """Yield the threads, and a function that does what they post until something is so."""
    posted: queue.Queue[Callable[[], object]] = queue.Queue()
    threads = Network(chat, lambda: libchat.connect(address, "ana", **options), posted.put)  # type: ignore[arg-type]

    def until(condition: Callable[[], bool]) -> None:
        while not condition():
            posted.get(timeout=SECONDS)()

    try:
        yield threads, until
    finally:
        threads.is_closed()
        threads._end.join(SECONDS)


def test_threads_ask_and_send() -> None:
    """A message is shown at once, and differently when it is accepted or refused; what is refused is told in words."""
    chat = Chat("ana")
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        network(chat, server.address, pin=server.pin) as (threads, until),
    ):
        until(lambda: chat.state == "connected")
        threads.send("bo", "hi")
        assert texts(chat, "bo") == ["ana: hi …"]
        assert bo.receive(SECONDS).text == "hi"
        until(lambda: texts(chat, "bo") == ["ana: hi"])
        threads.send("nobody", "hi")
        until(lambda: chat.talks["nobody"].lines[0].is_error)
        assert "(not sent: " in texts(chat, "nobody")[0]
        threads.ask(lambda client: client.leave("#never"))
        until(lambda: bool(chat.talks[HOME].lines))
        assert chat.talks[HOME].lines[0].is_error
    assert not threads._listener.is_alive()


def test_no_server_is_told() -> None:
    """Where nobody listens, that is what is shown; a message is marked as not sent."""
    chat = Chat("ana")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with network(chat, address, pin="sha256:" + "0" * 64) as (threads, until):
            threads.send("bo", "hi")
            until(lambda: chat.state.startswith("not connected: ") and chat.talks["bo"].lines[0].is_error)


# --- the real thing -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    """Return a screen that nobody sees."""
    if importlib.util.find_spec("tkinter") is None:
        pytest.skip("this Python has no tkinter: what the window knows is tested without it")
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed: what the window knows is tested without a screen")
    with virtual_display(tmp_path_factory.mktemp("screen")) as display:
        yield display


class Person:
    """Somebody at the window, who has nothing but a keyboard."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.window.root.geometry(f"{WIDTH}x{HEIGHT}+0+0")
        self._seen: set[str] = set()
        for event in ("<Map>", "<FocusIn>"):
            window.entry.bind(event, lambda _, event=event: self._seen.add(event), add=True)

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the window work until something is so. Its clock ticks, so there is always an event to come."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, (texts(self.window.chat), self.window.chat.state)
            self.window.root.tk.dooneevent(0)

    def press(self, *keys: str) -> None:
        """Press keys, as Tk names them; they go to what has the focus."""
        if "<FocusIn>" not in self._seen:
            self.until(lambda: "<Map>" in self._seen)
            self.window.entry.focus_force()  # there is no window manager that would do it
            self.until(lambda: "<FocusIn>" in self._seen)
        for key in keys:
            self.window.root.focus_get().event_generate(f"<{key}>")  # type: ignore[union-attr]

    def type(self, text: str) -> None:
        """Type a line, and press Return."""
        self.press(*(f"Key-{KEYS.get(letter, letter)}" for letter in text), "Return")

    def reads(self, text: str) -> None:
        """Wait until a text stands in the conversation that is shown."""
        self.until(lambda: text in self.window.text.get("1.0", "end"))

    def leaves(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Press Ctrl-Q, which hides the window at once, and wait until all of it is gone."""
        self.press("Control-q")
        assert self.window.root.state() == "withdrawn"
        meanwhile()
        gone: list[bool] = []
        self.window.root.bind("<Destroy>", lambda _: gone.append(True))
        self.until(lambda: bool(gone))


@pytest.fixture
def sit(display: Display) -> Iterator[Callable[[str, str | None], Person]]:
    """Return a function that opens the window of ana at a server."""
    import tkinter

    from window import Window

    opened: list[Window] = []

    def sit(address: str, pin: str | None) -> Person:
        opened.append(Window(tkinter.Tk(screenName=display.name), address, "ana", pin))
        return Person(opened[-1])

    yield sit
    while opened:
        network = opened.pop().network
        network.is_closed()
        network._end.join(SECONDS)
    gc.collect()  # Tcl ends the process if what is left of a window is collected by another thread


Sit = Callable[[str, str | None], Person]


def test_a_chat_by_keys_alone(sit: Sit, display: Display) -> None:
    """Rooms, private messages, completion, unread counts, topics and the end: nothing needs a mouse."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        libchat.connect(server.address, "cleo", pin=server.pin) as cleo,
    ):
        bo.join("#team")
        bo.set_topic("#team", "the launch on Friday").accepted()
        ana = sit(server.address, server.pin)
        window = ana.window
        ana.until(lambda: "#team" in window.chat.rooms and "cleo" in window.chat.people)
        ana.press("Key-slash", "Key-j", "Tab", "Key-numbersign", "Tab")
        assert window.entry.get() == "/join #team "
        ana.press("Return")
        ana.reads("you are in #team with bo")
        assert window.title["text"] == "#team   the launch on Friday"
        bo.send("#team", "Morning, ana. Is the page ready?").accepted()
        ana.reads("bo: Morning, ana. Is the page ready?")
        ana.press("Key-b", "Tab")
        assert window.entry.get() == "bo: "
        ana.type("nearly. One picture is missing.")
        bo.send("#team", "Take the one of the harbour.").accepted()
        assert bo.receive(SECONDS).text == "bo: nearly. One picture is missing."
        ana.reads("bo: Take the one of the harbour.")
        ana.type("/jion x")
        ana.reads("there is no /jion; did you mean /join?")
        cleo.send("ana", "Lunch at one?").accepted()
        ana.until(lambda: "cleo  (1)" in window.tree.item("cleo", "text"))
        ana.until(lambda: not window.chat.is_changed and " …" not in window.text.get("1.0", "end"))
        window.root.update()
        if folder := os.environ.get("LIBCHAT_PICTURES"):
            (Path(folder) / "window.png").write_bytes(display.png())
        ana.press("Alt-a")
        ana.reads("cleo: Lunch at one?")
        ana.press("F6", "Up")
        ana.until(lambda: window.chat.active == "bo")
        ana.press("F6")
        ana.type("/msg CLEO one it is")
        assert window.chat.active == "cleo"
        assert cleo.receive(SECONDS).text == "one it is"
        ana.type("/help")
        ana.reads("Tab completes")
        ana.leaves()
        assert "ana" not in {person.name for person in bo.who()}


def test_a_window_does_not_wait_for_the_network(sit: Sit) -> None:
    """While a server takes the connection and says nothing, keys are shown at once, and the window can be left."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ana = sit(f"127.0.0.1:{silent.getsockname()[1]}", "sha256:" + "0" * 64)
        ana.until(lambda: ana.window.status["text"] == "ana: connecting ...")
        ana.type("/msg bo hello")
        ana.reads("ana: hello …")
        connection, _ = silent.accept()
        ana.leaves(meanwhile=connection.close)


def test_a_new_server_is_asked_about(sit: Sit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives no key is shown the server's, and nothing goes on before they agree."""
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    with libchat.serve(port=0) as server:
        ana = sit(server.address, None)
        root, seen = ana.window.root, list[str]()

        def answer() -> None:
            if ".__tk__messagebox" in str(root.tk.call("winfo", "children", ".")):
                seen.append(str(root.tk.call(".__tk__messagebox.msg", "cget", "-text")))
                root.tk.call(".__tk__messagebox.yes", "invoke")
            else:
                root.after(20, answer)

        answer()
        ana.until(lambda: ana.window.chat.state == "connected")
        assert server.pin in seen[0]
        ana.leaves()


def test_the_program_ends_by_a_signal(display: Display, tmp_path: Path) -> None:
    """Started as a program, the window goes away on Ctrl-C in its terminal, and nothing is left open or said."""
    with libchat.serve(port=0) as server, libchat.connect(server.address, "bo", pin=server.pin) as bo:
        words = [server.address, "--name", "ana", "--pin", server.pin]
        env = environment(tmp_path, DISPLAY=display.name)
        with subprocess.Popen(
            [sys.executable, "-W", "error", EXAMPLE, *words], env=env, stderr=subprocess.PIPE, text=True
        ) as program:
            deadline = time.monotonic() + SECONDS
            while "ana" not in {person.name for person in bo.who()}:
                assert time.monotonic() < deadline
            program.send_signal(signal.SIGINT)
            _, complaints = program.communicate(timeout=SECONDS)
        assert (program.returncode, complaints) == (0, "")
        assert "ana" not in {person.name for person in bo.who()}


def test_without_a_screen_it_says_so(tmp_path: Path) -> None:
    """Where no window can be opened, one line says why."""
    if importlib.util.find_spec("tkinter") is None or sys.platform in ("win32", "darwin"):
        pytest.skip("there is always a screen here, or no tkinter")
    env = environment(tmp_path)
    env.pop("DISPLAY", None)
    done = subprocess.run([sys.executable, EXAMPLE], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("no window can be opened: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_window_is_short_and_uses_what_is_public() -> None:
    """Each of the two files can be read in one go, and imports nothing but the standard library and `libchat`."""
    for path in (EXAMPLE, EXAMPLE.with_name("window_chat.py")):
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) < 300
        imported = {line.split()[1].partition(".")[0] for line in lines if line.startswith(("import ", "from "))}
        assert imported - set(sys.stdlib_module_names) <= {"libchat", "window_chat", "__future__"}
        assert [line for line in lines if line.startswith("from libchat")] == []
