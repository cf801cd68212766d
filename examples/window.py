"""A window for a chat: rooms and people on the left, what is said beside them, and a line to type in.

    python examples/window.py HOST:PORT --name ana          or the link of an invite instead of HOST:PORT

It goes by the keyboard alone, and never waits: a thread does what takes its time, and a clock fetches what has come.
"""

from __future__ import annotations

import argparse
import getpass
import signal
import time
import tkinter as tk
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import libchat

HOME = "this chat"  # no name has a space
COMMANDS = ("/join", "/leave", "/msg")
USAGE = "/join ROOM enters a room, /leave leaves the one that is shown, /msg NAME TEXT says something to one person"
KEYS = "Tab completes    Alt-↑ Alt-↓ choose    PgUp PgDn scroll    Ctrl-Q leaves"
TICK_MILLISECONDS, REFRESH_SECONDS, GOODBYE_SECONDS, LINES, INDENT = 40, 3, 5, 300, 52
BLACK, GREY, RED, PALE, CHOSEN = "#1b1f24", "#6b7280", "#b00020", "#f1f3f6", "#d3e2f4"
LOOK = {"font": "sans 11", "foreground": BLACK, "background": "white", "relief": "flat", "highlightThickness": 0}
COLOURS = ("#9c3a2f", "#1f6f5c", "#7a4fa3", "#8a5a00", "#1d5fa8", "#a1306b")
Pieces = list[tuple[str, str]]


@dataclass
class Line:
    """What is shown of one message, or, without a sender, of something that happened."""

    sender: str
    text: str
    time: str
    seq: int = 0
    mark: str = ""

    def settle(self, accepted: libchat.Accepted) -> None:
        self.seq, self.mark = accepted.seq, ""


class Chat:
    """What the window shows, and the way to the server. It needs no screen, and only `close` waits."""

    def __init__(self, me: str) -> None:
        self.me, self.active, self.state, self.question = me, HOME, "connecting ...", ""
        self.talks, self.topics, self.unread = {HOME: list[Line]()}, {HOME: USAGE}, Counter[str]()
        self.around, self._ask_around_at = list[str](), 0.0
        self._worker, self._client, self._answers = ThreadPoolExecutor(1), Future[libchat.Client](), SimpleQueue[str]()
        self._jobs = deque[tuple[Future[Any], Callable[[Any], object], Line | None]]()

    def show(self, target: str) -> None:
        self.talks.setdefault(target, [])
        self.active, self.unread[target] = target, 0

    def add(self, text: str, target: str = "", sender: str = "", at: float | None = None, seq: int = 0) -> Line:
        line = Line(sender, text, time.strftime("%H:%M", time.localtime(at)), seq)
        self.talks[target or self.active] = [*self.talks.get(target or self.active, []), line][-LINES:]
        return line

    def listed(self) -> dict[str, str]:
        """Return what stands on the left, each with its words. With a ●: rooms that one is in, people who are here."""
        listed = {HOME: f"● {HOME}"}
        for target in sorted({*self.talks} - {HOME} | {*self.around} - {self.me}, key=str.casefold):
            is_here = target in (self.talks if target[0] == "#" else self.around)
            unread = f"  ({self.unread[target]})" if self.unread[target] else ""
            listed[target] = f"{'●' if is_here else '○'} {target}{unread}"
        return listed

    def step(self, by: int) -> None:
        """Show the conversation that many places below."""
        known = [each for each in self.listed() if each in self.talks or each[0] != "#"]
        self.show(known[(known.index(self.active) + by) % len(known)])

    def complete(self, text: str) -> list[str]:
        """Return what the line may become: with a name or room, those who spoke last first, or with a command."""
        head, space, word = text.rpartition(" ")
        names = dict.fromkeys([*(line.sender for line in reversed(self.talks[self.active])), *self.listed(), *COMMANDS])
        fits = [each for each in names if each.casefold().startswith(word.casefold())]
        end = " " if space or word.startswith("/") else ": "
        return [f"{head}{space}{each}{end}" for each in fits if each not in ("", HOME, self.me)]

    def hear(self, event: libchat.Event) -> None:
        match event:
            case libchat.Entry():
                target = event.target if event.target[0] == "#" or event.sender == self.me else event.sender
                if event.kind == "message":
                    self.add(event.text, target, event.sender, event.time / 1000, event.seq)
                    self.unread[target] += target != self.active and event.sender != self.me
                elif event.kind == "topic":
                    self.topics[target] = event.text
                for line in self.talks.get(target, []):
                    if event.kind in ("edit", "delete") and line.seq == event.ref:
                        line.text = f"{event.text} (edited)" if event.kind == "edit" else "(deleted)"
            case libchat.Entered() if event.cid:  # the answer to `join`
                self.show(event.room)
                self.topics[event.room] = event.topic
                others = sorted({*event.members} - {self.me})
                self.add(f"you are in {event.room} with {', '.join(others) or 'nobody yet'}")
            case libchat.Joined():
                self.add(f"{event.name} came in", event.room)
            case libchat.messages.Kicked(name=self.me):
                self.leave(event.room, f"{event.by} put you out of {event.room}{event.reason and f': {event.reason}'}")
            case libchat.Left() | libchat.messages.Kicked():
                self.add(f"{event.name} left{event.reason and f': {event.reason}'}", event.room)
            case libchat.Interrupted():
                self.state = f"connection lost ({event.reason}); trying again ..."
            case libchat.Resumed():
                self.state = "connected"

    def leave(self, room: str, why: str) -> None:
        self.show(HOME if self.active == room else self.active)
        self.talks.pop(room, None)
        self.add(why)

    def obey(self, text: str) -> None:
        """Do what a line says that was typed, or say it; if there is a question, it is the answer."""
        target = self.active
        match text.split(maxsplit=2):
            case _ if self.question:
                self.question = ""
                self._answers.put(text)
            case ["/join", room]:
                self.ask(lambda client: client.join(f"#{room.removeprefix('#')}"), self.hear)
            case ["/leave"]:
                self.ask(lambda client: client.leave(target), lambda _: self.leave(target, f"you left {target}"))
            case ["/msg", name, words]:
                self.show(next((each for each in self.listed() if each.casefold() == name.casefold()), name))
                self.say(words)
            case [word, *_] if word[0] == "/" or target == HOME:
                self.add(USAGE)
            case [_, *_]:
                self.say(text.strip())

    def say(self, text: str) -> None:
        """Have a message sent. It is shown at once, and differently when it is known what became of it."""
        target, line = self.active, self.add(text, sender=self.me)
        line.mark = " …"
        self.ask(lambda client: client.send(target, text).accepted(timeout=None), line.settle, line)

    def ask(self, do: Callable[[libchat.Client], Any], then: Callable[[Any], object], line: Line | None = None) -> None:
        """Have something done by the thread, and its result given to a function by a later tick."""
        self._jobs.append((self._worker.submit(lambda: do(self._client.result())), then, line))

    def connect(self, address: str) -> None:
        def ask_person(question: str) -> str:  # called by threads that may wait
            self.question = question
            return self._answers.get()

        options: Any = {
            "accept_new": lambda where, key: ask_person(f"Is {key} the key of {where}? (yes, no)").lower() == "yes",
            "password": lambda why: ask_person(f"Password ({why})"),
        }
        self._client = self._worker.submit(lambda: libchat.connect(address, self.me, **options))
        self._jobs.append((self._client, lambda _: self.hear(libchat.Resumed()), None))

    def tick(self) -> None:
        """Take what is done, and what has come."""
        while self._jobs and self._jobs[0][0].done():
            job, then, line = self._jobs.popleft()
            try:
                then(job.result())
            except (libchat.ChatError, OSError, ValueError) as error:
                (line or self.add("")).mark = f" ✗ {error}"
                self.state = f"not connected: {error}" if job is self._client else self.state
        try:
            for _ in range(LINES if self._client.done() and not self._client.exception() else 0):
                self.hear(self._client.result().receive_event(timeout=0))
        except TimeoutError:
            pass  # nothing more has come
        except libchat.ChatError as error:
            self.state = f"not connected: {error}"
        if self.state == "connected" and not self._jobs and time.monotonic() > self._ask_around_at:
            self._ask_around_at = time.monotonic() + REFRESH_SECONDS
            self.ask(self._look_around, bool)

    def _look_around(self, client: libchat.Client) -> None:  # called by the thread
        people, rooms = client.who(), client.rooms()
        self.me, self.around = client.name, [*(each.name for each in people), *(each.room for each in rooms)]

    def close(self) -> None:
        """Leave, when what was said is accepted, or was waited for. Nobody answers questions any more."""
        self._answers.put("")
        if not self._client.exception():
            wait([job for job, _, line in self._jobs if line], GOODBYE_SECONDS)
            self._client.result().close()
        self._worker.shutdown()


class Window:
    """The widgets, and what keys do."""

    def __init__(self, root: tk.Tk, chat: Chat) -> None:
        self.root, self.chat, self._offers, self._shown = root, chat, deque[str](), dict[tk.Text, Pieces]()
        for option, value in LOOK.items():
            root.option_add(f"*{option}", value)
        self.title = tk.Label(root, anchor="w", padx=16, pady=12, font="sans 12 bold")
        self.side = tk.Text(root, width=19, padx=14, pady=10, spacing1=5, spacing3=5, background=PALE, takefocus=False)
        self.text = tk.Text(root, padx=16, spacing1=4, tabs=INDENT, wrap="word", takefocus=False)
        self.entry = tk.Entry(root, borderwidth=10, highlightthickness=1, highlightcolor=CHOSEN)
        self.status = tk.Label(root, anchor="w", padx=14, pady=8, foreground=GREY, background=PALE)
        self.status.pack(side="bottom", fill="x")
        self.side.pack(side="left", fill="y")
        self.title.pack(fill="x")
        self.entry.pack(side="bottom", fill="x")
        self.text.pack(fill="both", expand=True)
        for colour in (BLACK, GREY, RED, *COLOURS):
            self.text.tag_configure(colour, foreground=colour, lmargin1=INDENT * (colour != GREY), lmargin2=INDENT)
        self.side.tag_configure(CHOSEN, background=CHOSEN)
        keys: dict[str, Callable[[], object]] = {
            "<Return>": self._enter,
            "<Tab>": self._complete,
            "<Prior>": lambda: self.text.yview_scroll(-1, "pages"),
            "<Next>": lambda: self.text.yview_scroll(1, "pages"),
            "<Alt-Up>": lambda: chat.step(-1),
            "<Alt-Down>": lambda: chat.step(1),
            "<Control-q>": root.destroy,
        }
        for key, act in keys.items():
            self.entry.bind(key, lambda _, act=act: (act(), "break")[1])  # type: ignore[misc]
        self.side.bind("<Button-1>", self._click)
        self.entry.focus_set()
        root.after_idle(self._tick)

    def _tick(self) -> None:
        self.root.after(TICK_MILLISECONDS, self._tick)
        (chat := self.chat).tick()
        self.title["text"] = f"{chat.active}    {chat.topics.get(chat.active, '')}"
        self.status["text"] = chat.question or f"{chat.me}: {chat.state}        {KEYS}"
        self.entry["show"] = "•" if chat.question.startswith("Password") else ""
        said: Pieces = []
        for line in chat.talks[chat.active]:
            name, colour = COLOURS[sum(line.sender.encode()) % len(COLOURS)], BLACK if line.sender else GREY
            said += [(f"{line.time}\t", GREY), (line.sender and f"{line.sender}: ", name)]
            said += [(f"{line.text}{line.mark}\n", RED if "✗" in line.mark else colour)]
        self._fill(self.text, said, "end" if self.text.yview()[1] >= 1.0 else "@0,0")
        listed = [(f"{words}\n", CHOSEN if each == chat.active else "") for each, words in chat.listed().items()]
        self._fill(self.side, listed, f"{CHOSEN}.first")

    def _fill(self, widget: tk.Text, pieces: Pieces, seen: str) -> None:
        """Have a widget show texts in their colours. It stays where it was scrolled to, but for what must be seen."""
        if pieces != self._shown.get(widget):
            self._shown[widget], widget["state"], (top, _) = pieces, "normal", widget.yview()
            widget.delete("1.0", "end")
            widget.insert("end", "", "", *(each for piece in pieces for each in piece))
            widget["state"] = "disabled"
            widget.yview_moveto(top)
            widget.see(seen)

    def _click(self, event: tk.Event[tk.Text]) -> None:
        row = int(self.side.index(f"@{event.x},{event.y}").partition(".")[0])
        target = [*self.chat.listed(), HOME][row - 1]
        self.chat.obey(f"/join {target}") if target[0] == "#" else self.chat.show(target)

    def _complete(self) -> None:
        self._offers.rotate(-1)
        if self.entry.get() not in self._offers:
            self._offers = deque(self.chat.complete(self.entry.get()))
        if self._offers:
            self.entry.delete(0, "end")
            self.entry.insert(0, self._offers[0])

    def _enter(self) -> None:
        text = self.entry.get()
        self.entry.delete(0, "end")
        self.chat.obey(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="A window for a chat.")
    parser.add_argument("address", nargs="?", default="127.0.0.1", help="HOST, HOST:PORT or an invite (default: here)")
    parser.add_argument("--name", default=getpass.getuser(), help="what you are called (default: %(default)s)")
    options = parser.parse_args()
    try:
        root = tk.Tk(className="libchat")
    except tk.TclError as error:
        parser.exit(1, f"no window can be opened: {error}\n")
    signal.signal(signal.SIGINT, lambda *_: root.after(0, root.destroy))
    chat = Chat(options.name)
    chat.connect(options.address)
    Window(root, chat)
    root.mainloop()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who presses it once more does not want to wait
    chat.close()


if __name__ == "__main__":
    main()
