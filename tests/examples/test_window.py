"""The desktop window: what it knows, its way to a server, and the real thing on a screen, worked by keys alone."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import libchat
from libchat.messages import Kicked
from support.display import HEIGHT, WIDTH, Display, virtual_display
from support.program import environment

tkinter = pytest.importorskip("tkinter", reason="this Python has no tkinter")

from window import HOME, RED, TICK_MILLISECONDS, USAGE, Chat, Window  # noqa: E402  # it imports tkinter

EXAMPLE = Path(__file__).parents[2] / "examples" / "window.py"
SECONDS = 20.0
KEYS = {" ": "space", "/": "slash", "#": "numbersign", ":": "colon", ",": "comma", ".": "period", "?": "question"}


def message(sender: str, target: str, text: str, seq: int = 1, kind: str = "message", ref: int = 0) -> libchat.Entry:
    """Return what the chat would tell."""
    return libchat.Entry(target, seq, sender, 1_764_000_000_000, text, kind, ref)


def texts(chat: Chat, target: str = "") -> list[str]:
    """Return the lines of a conversation, or of the one that is shown, with their senders and marks."""
    lines = chat.talks[target or chat.active]
    return [f"{line.sender}: {line.text}{line.mark}" if line.sender else line.text + line.mark for line in lines]


# --- what it knows: no screen, no network ---------------------------------------------------------------------------


def test_what_is_said_elsewhere_is_counted() -> None:
    """A message is unread until its conversation is shown; private ones stand under the other's name."""
    chat = Chat("ana")
    chat.around = ["ana", "bo", "#tea"]
    chat.hear(message("bo", "ana", "hi"))
    chat.hear(message("cy", "#team", "all well?"))
    chat.hear(message("ana", "dan", "from my other device", 2))
    assert list(chat.listed().values()) == [f"● {HOME}", "○ #tea", "● #team  (1)", "● bo  (1)", "○ dan"]
    chat.step(1)
    assert (chat.active, texts(chat), chat.unread["#team"]) == ("#team", ["cy: all well?"], 0)
    chat.step(1)
    assert (chat.active, texts(chat)) == ("bo", ["bo: hi"])
    chat.step(-2)
    assert chat.active == HOME
    chat.step(-1)
    assert (chat.active, texts(chat)) == ("dan", ["ana: from my other device"])
    assert list(chat.listed().values()) == [f"● {HOME}", "○ #tea", "● #team", "● bo", "○ dan"]
    chat.show("ana")  # notes to oneself
    chat.step(1)
    assert chat.active == "bo"


def test_a_message_can_change() -> None:
    """What is edited or deleted by its sender changes where it stands."""
    chat = Chat("ana")
    chat.hear(message("bo", "#x", "helo", 1))
    chat.hear(message("bo", "#x", "oops", 2))
    chat.hear(message("bo", "#x", "hello", 3, "edit", 1))
    chat.hear(message("bo", "#x", "", 4, "delete", 2))
    chat.hear(message("bo", "#x", "about tea", 5, "topic"))
    assert texts(chat, "#x") == ["bo: hello (edited)", "bo: (deleted)"]
    assert chat.topics["#x"] == "about tea"


def test_rooms_are_entered_and_left() -> None:
    """Who is in a room is told; whoever is put out reads why, and the room is closed."""
    chat = Chat("ana")
    chat.hear(libchat.Entered("#x", ("ana", "bo"), "tea", "cid"))
    chat.hear(libchat.Entered("#y", ("ana", "bo")))  # another device has: what is shown stays
    chat.hear(libchat.Joined("#x", "cy"))
    chat.hear(libchat.Left("#x", "bo", "gone home"))
    chat.hear(Kicked("#x", "dan", "cy"))
    assert texts(chat) == ["you are in #x with bo", "cy came in", "bo left: gone home", "dan left"]
    chat.hear(Kicked("#x", "ana", "cy", "too loud"))
    assert (chat.active, texts(chat)) == (HOME, ["cy put you out of #x: too loud"])
    assert "#x" not in chat.listed()


def test_completion() -> None:
    """Commands, rooms and names are completed; who spoke last comes first, oneself never; a colon at the start."""
    chat = Chat("ana")
    chat.around = ["ana", "bea", "bo", "#team"]
    chat.hear(message("bo", "ana", "hi"))
    chat.show("bo")
    assert chat.complete("/j") == ["/join "]
    assert chat.complete("/join #") == ["/join #team "]
    assert chat.complete("B") == ["bo: ", "bea: "]
    assert chat.complete("ask b") == ["ask bo ", "ask bea "]
    assert chat.complete("an") == []


def test_a_line_that_says_nothing() -> None:
    """A command that is none is answered with those that there are, and so is what is said to nobody; no line is."""
    chat = Chat("ana")
    for text in ("/jion x", "hello", " "):
        chat.obey(text)
    assert texts(chat) == [USAGE] * 2


def test_the_state_of_the_connection() -> None:
    """A lost connection and its return are told."""
    chat = Chat("ana")
    chat.hear(libchat.Interrupted("the line is cut"))
    assert chat.state == "connection lost (the line is cut); trying again ..."
    chat.hear(libchat.Resumed())
    assert chat.state == "connected"


# --- its way to a server: no screen ---------------------------------------------------------------------------------


def tick_until(chat: Chat, condition: Callable[[], bool]) -> None:
    """Have the clock tick until something is so."""
    deadline, clock = time.monotonic() + SECONDS, threading.Event()
    while not condition():
        clock.wait(TICK_MILLISECONDS / 1000)
        assert time.monotonic() < deadline, (texts(chat), chat.state)
        chat.tick()


@pytest.fixture
def ana() -> Iterator[Chat]:
    """Return what ana's window would know."""
    chat = Chat("ana")
    yield chat
    end(chat)


def end(chat: Chat) -> None:
    """Leave. Whatever has gone wrong, no thread waits for an answer afterwards."""
    for _ in range(3):
        chat._answers.put("")
    chat.close()


def test_it_asks_and_sends(ana: Chat) -> None:
    """A message is shown at once, and differently when it is accepted or refused; what is refused is told in words."""
    with libchat.serve(port=0) as server, libchat.connect(server.address, "bo", pin=server.pin) as bo:
        ana.connect(server.invite())
        assert ana.state == "connecting ..."
        ana.obey("/msg bo hi")
        assert texts(ana, "bo") == ["ana: hi …"]
        tick_until(ana, lambda: ana.state == "connected" and texts(ana, "bo") == ["ana: hi"])
        assert bo.receive(SECONDS).text == "hi"
        ana.obey("/msg nobody hi")
        tick_until(ana, lambda: "…" not in texts(ana)[0])
        assert texts(ana)[0].startswith("ana: hi ✗ ")
        ana.show("#never")
        ana.obey("/leave")
        tick_until(ana, lambda: bool(texts(ana)))
        assert texts(ana)[0].startswith(" ✗ ")
        ana.close()
        assert [person.name for person in bo.who()] == ["bo"]


def test_what_is_under_way_is_sent_before_the_end(ana: Chat) -> None:
    """Whoever writes and leaves at once has written."""
    with libchat.serve(port=0) as server, libchat.connect(server.address, "bo", pin=server.pin) as bo:
        ana.connect(server.invite())
        for text in ("one", "two", "three"):
            ana.obey(f"/msg bo {text}")
        ana.close()
        assert [bo.receive(SECONDS).text for _ in range(3)] == ["one", "two", "three"]


def test_the_server_ends(ana: Chat) -> None:
    """When a server has gone, that is told, and what is written meanwhile waits."""
    with libchat.serve(port=0) as server:
        ana.connect(server.invite())
        tick_until(ana, lambda: ana.state == "connected")
    tick_until(ana, lambda: ana.state.startswith("connection lost ("))


def test_no_server_is_told(ana: Chat) -> None:
    """Where nobody listens, that is what is shown; a message is marked as not sent."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ana.connect(f"127.0.0.1:{closed.getsockname()[1]}")
        ana.obey("/msg bo hi")
        tick_until(ana, lambda: ana.state.startswith("not connected: ") and "✗" in texts(ana, "bo")[0])


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_new_server_is_asked_about(ana: Chat, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives no key is shown the server's, and nothing goes on before they agree."""
    at_home(tmp_path, monkeypatch)
    with libchat.serve(port=0) as server:
        ana.connect(server.address)
        tick_until(ana, lambda: bool(ana.question))
        assert server.pin in ana.question
        assert ana.state == "connecting ..."
        ana.obey(answer)
        assert ana.question == ""
        tick_until(ana, lambda: ana.state != "connecting ...")
        assert ana.state.startswith("connected" if answer == "yes" else "not connected: ")


def test_a_password_is_asked_for(ana: Chat) -> None:
    """A name that is an account's is asked for its password, until it is the right one."""
    with libchat.serve(port=0) as server:
        libchat.connect(server.address, "ana", pin=server.pin, password="correct horse 17").close()
        ana.connect(server.invite())
        for password in ("wrong horse 18", "correct horse 17"):
            tick_until(ana, lambda: ana.question.startswith("Password ("))
            ana.obey(password)
        tick_until(ana, lambda: ana.state == "connected")


def test_a_question_that_nobody_answers(ana: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever leaves while there is a question has not agreed."""
    at_home(tmp_path, monkeypatch)
    with libchat.serve(port=0) as server:
        ana.connect(server.address)
        ana.close()
        ana.tick()
        assert ana.state.startswith("not connected")


def at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a person's files looked for in a folder."""
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(folder))


# --- the real thing -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    """Return a screen that nobody sees."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed: what the window knows is tested without a screen")
    with virtual_display(tmp_path_factory.mktemp("screen")) as display:
        yield display


class Person:
    """Somebody at ana's window, who has nothing but a keyboard."""

    def __init__(self, display: Display, address: str) -> None:
        self.root, self.chat = tkinter.Tk(screenName=display.name), Chat("ana")
        self.root.geometry(f"{WIDTH}x{HEIGHT}+0+0")
        self._problems: list[BaseException] = []
        self.root.report_callback_exception = lambda _, error, __: self._problems.append(error)
        self.window = Window(self.root, self.chat)
        self._seen: set[str] = set()
        for event in ("<Map>", "<FocusIn>"):
            self.window.entry.bind(event, lambda _, event=event: self._seen.add(event), add=True)
        self.chat.connect(address)

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the window work until something is so. Its clock ticks, so there is always an event to come."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            self._check()
            assert time.monotonic() < deadline, (texts(self.chat), self.chat.state)
            self.root.tk.dooneevent(0)

    def _check(self) -> None:
        """Raise what a callback has raised: Tk has only told somebody of it, also of what a timeout raises."""
        if self._problems:
            raise self._problems[0]

    def press(self, *keys: str) -> None:
        """Press keys, as Tk names them; they go to what has the focus."""
        if "<FocusIn>" not in self._seen:
            self.until(lambda: "<Map>" in self._seen)
            self.window.entry.focus_force()  # there is no window manager that would do it
            self.until(lambda: "<FocusIn>" in self._seen)
        for key in keys:
            self.root.focus_get().event_generate(f"<{key}>")
        self._check()

    def type(self, text: str) -> None:
        """Type a line, and press Return."""
        self.press(*(f"Key-{KEYS.get(letter, letter)}" for letter in text), "Return")

    def reads(self, text: str) -> None:
        """Wait until a text stands in the conversation that is shown."""
        self.until(lambda: text in self.window.text.get("1.0", "end"))

    def leaves(self) -> None:
        """Press Ctrl-Q: the window is gone at once."""
        self.press("Control-q")
        with pytest.raises(tkinter.TclError, match="destroyed"):
            self.root.winfo_exists()


@pytest.fixture
def sit(display: Display) -> Iterator[Callable[[str], Person]]:
    """Return a function that opens the window of ana at a server."""
    people: list[Person] = []

    def sit(address: str) -> Person:
        people.append(Person(display, address))
        return people[-1]

    yield sit
    while people:
        person = people.pop()
        end(person.chat)
        try:
            person.root.destroy()
        except tkinter.TclError:
            pass  # it is gone
        del person
    gc.collect()  # Tcl ends the process if what is left of a window is collected by another thread


Sit = Callable[[str], Person]


def test_a_chat_by_keys_alone(sit: Sit, display: Display) -> None:
    """Rooms, private messages, completion, unread counts, topics and the end: nothing needs a mouse."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        libchat.connect(server.address, "cleo", pin=server.pin) as cleo,
    ):
        bo.join("#team")
        bo.join("#tea")
        bo.set_topic("#team", "the launch on Friday").accepted()
        ana = sit(server.invite())
        window = ana.window
        ana.until(lambda: {"#team", "cleo"} <= {*ana.chat.around})
        ana.press("Key-slash", "Key-j", "Tab", "Key-numbersign", "Tab")
        assert window.entry.get() == "/join #tea "
        ana.press("Tab")
        assert window.entry.get() == "/join #team "
        ana.press("Return")
        ana.reads("you are in #team with bo")
        assert window.title["text"] == "#team    the launch on Friday"
        bo.send("#team", "Morning, ana. Is the page ready?").accepted()
        ana.reads("bo: Morning, ana. Is the page ready?")
        ana.press("Key-b", "Tab")
        assert window.entry.get() == "bo: "
        ana.type("nearly. One picture is missing.")
        bo.send("#team", "Take the one of the harbour.").accepted()
        assert bo.receive(SECONDS).text == "bo: nearly. One picture is missing."
        ana.reads("bo: Take the one of the harbour.")
        bo.set_room("#team", moderated=True)
        ana.type("That one? It rains there.")
        ana.reads("It rains there. ✗ ")
        assert window.text.tag_ranges(RED)
        cleo.send("ana", "Lunch at one?").accepted()
        ana.until(lambda: "● cleo  (1)" in window.side.get("1.0", "end"))
        ana.until(lambda: " …" not in window.text.get("1.0", "end"))
        ana.root.update()
        if folder := os.environ.get("LIBCHAT_PICTURES"):
            (Path(folder) / "window.png").write_bytes(display.png())
        ana.press("Alt-Down", "Alt-Down")
        ana.reads("cleo: Lunch at one?")
        ana.until(lambda: "● cleo\n" in window.side.get("1.0", "end"))
        ana.press("Alt-Up")
        assert ana.chat.active == "bo"
        ana.type("/msg CLEO one it is")
        assert ana.chat.active == "cleo"
        assert cleo.receive(SECONDS).text == "one it is"
        ana.leaves()
        ana.chat.close()
        assert "ana" not in {person.name for person in bo.who()}


def test_rooms_by_a_click(sit: Sit) -> None:
    """A click on a room enters it, one on somebody shows what was said with them."""
    with libchat.serve(port=0) as server, libchat.connect(server.address, "bo", pin=server.pin) as bo:
        bo.join("#team")
        ana = sit(server.invite())
        side = ana.window.side
        ana.until(lambda: "bo" in side.get("1.0", "end") and side.bbox("3.0") is not None)  # listed, and on the screen
        for row, shown in ((2, "#team"), (3, "bo"), (1, HOME)):
            x, y, *_ = side.bbox(f"{row}.0") or (0, 0)
            side.event_generate("<Button-1>", x=x, y=y)
            ana.until(lambda shown=shown: ana.chat.active == shown)  # type: ignore[misc]
        assert [person.name for person in bo.who("#team")] == ["ana", "bo"]


def test_a_conversation_stays_where_it_was_scrolled_to(sit: Sit) -> None:
    """What comes is shown at the end, unless the person reads further up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ana = sit(f"127.0.0.1:{silent.getsockname()[1]}")
        ana.press("Key-h", "Key-i")
        for number in range(100):
            ana.chat.add(f"line {number}")
        ana.reads("line 99")
        assert ana.window.text.yview()[1] == 1.0
        ana.press("Prior", "Prior")
        top = ana.window.text.index("@0,0")
        ana.chat.add("one more")
        ana.reads("one more")
        assert ana.window.text.index("@0,0") == top
        assert ana.window.text.yview()[1] < 0.9
        ana.press("Next", "Next", "Next")
        assert ana.window.text.yview()[1] == 1.0
        connection, _ = silent.accept()
        connection.close()


def test_no_message_looks_like_two(sit: Sit) -> None:
    """Where somebody's text goes on in another line, this does not begin where lines begin."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ana = sit(f"127.0.0.1:{silent.getsockname()[1]}")
        ana.press("Key-h")
        ana.chat.add("hello\n12:00\tbo: I am bo", sender="cy")
        ana.chat.add("came in")
        ana.reads("came in")
        first, forged, last = ((ana.window.text.bbox(f"{row}.0") or (0,))[0] for row in (1, 2, 3))
        assert first == last < forged
        connection, _ = silent.accept()
        connection.close()


def test_a_window_does_not_wait_for_the_network(sit: Sit) -> None:
    """While a server takes the connection and says nothing, keys are shown at once, and the window can be left."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ana = sit(f"127.0.0.1:{silent.getsockname()[1]}")
        ana.until(lambda: ana.window.status["text"].startswith("ana: connecting ... "))
        ana.type("/msg bo hello")
        ana.reads("ana: hello …")
        ana.leaves()
        connection, _ = silent.accept()
        connection.close()


def test_questions_are_shown_and_passwords_are_not(sit: Sit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question stands below, the line that is typed is its answer, and a password cannot be read on the screen."""
    at_home(tmp_path, monkeypatch)
    with libchat.serve(port=0) as server:
        ana = sit(server.address)
        ana.until(lambda: server.pin in ana.window.status["text"])
        ana.type("yes")
        ana.until(lambda: ana.window.status["text"].startswith("ana: connected"))
        assert ana.window.entry["show"] == ""
        ana.chat.question = "Password (of ana's account)"
        ana.until(lambda: ana.window.entry["show"] == "•")
        assert ana.window.status["text"] == ana.chat.question
        ana.type("horse")
        ana.until(lambda: ana.window.entry["show"] == "")
        assert "horse" not in ana.window.text.get("1.0", "end")
        ana.leaves()


def test_the_program_ends_by_a_signal(display: Display, tmp_path: Path) -> None:
    """Started as a program, the window goes away on Ctrl-C in its terminal, and nothing is left open or said."""
    with libchat.serve(port=0) as server, libchat.connect(server.address, "bo", pin=server.pin) as bo:
        words = [server.invite(), "--name", "ana"]
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
    if sys.platform in ("win32", "darwin"):
        pytest.skip("there is always a screen here")
    env = environment(tmp_path)
    env.pop("DISPLAY", None)
    done = subprocess.run([sys.executable, EXAMPLE], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("no window can be opened: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_window_is_short_and_uses_what_is_public() -> None:
    """It can be read in one go, and imports nothing but the standard library and `libchat`."""
    lines = EXAMPLE.read_text("utf-8").splitlines()
    assert len(lines) <= 295
    imported = {line.split()[1].partition(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported - set(sys.stdlib_module_names) == {"libchat"}
    assert [line for line in lines if line.startswith(("from libchat", "import libchat."))] == []
