"""A window for a chat: rooms and people on the left, what is said beside them, and a line to type in.

    python examples/window.py HOST:PORT --name ana          or the link of an invite instead of HOST:PORT

Everything goes by the keyboard: /help lists commands and keys. The window's thread never waits for the network: others
do (`window_chat.py`), and leave what they learn in a queue, as functions that the window calls when its clock ticks.
"""

from __future__ import annotations

import argparse
import difflib
import getpass
import queue
import signal
import sys
import time
import tkinter as tk
import zlib
from collections.abc import Callable
from tkinter import messagebox, simpledialog, ttk
from typing import Any, TypeVar

import libchat
from window_chat import HOME, Chat, Network, Talk

T = TypeVar("T")
KEYS = (
    "Tab completes; Alt-Up, Alt-Down and Alt-A (next unread) choose; F6 goes to the list and back, "
    "where Return enters a room; PageUp and PageDown scroll; Ctrl-Q leaves."
)
GREY, RED = "#6b7280", "#b00020"
COLOURS = ("#9c3a2f", "#1f6f5c", "#7a4fa3", "#8a5a00", "#1d5fa8", "#a1306b")
TICK_MILLISECONDS, REFRESH_SECONDS = 40, 3


class Window:
    """The widgets. Nothing here waits, but for what the person answers."""

    def __init__(self, root: tk.Tk, address: str, name: str, pin: str | None) -> None:
        self.root, self.chat, self.is_closing = root, Chat(name), False
        self._posted: queue.Queue[Callable[[], object]] = queue.Queue(1000)
        self._asked_at, self._offers, self._listed = 0.0, list[str](), list[tuple[str, str]]()
        self._drawn: Talk | None = None
        actions = (self.join, self.leave, self.msg, self.topic, self.help, self.quit)
        self.commands: dict[str, Callable[[str], object]] = {f"/{each.__name__}": each for each in actions}
        root.title(f"{name} at {address}")
        root.rowconfigure(1, weight=1)
        root.columnconfigure(1, weight=1)
        self.tree = ttk.Treeview(root, show="tree", selectmode="browse")
        self.title = tk.Label(root, anchor="w", font="TkHeadingFont", padx=8, pady=6)
        self.text = tk.Text(root, wrap="word", state="disabled", takefocus=False, padx=8, width=70, height=24)
        self.entry = tk.Entry(root, font="TkTextFont")
        self.status = tk.Label(root, anchor="w", padx=8, pady=4)
        self.tree.grid(row=0, column=0, rowspan=3, sticky="ns")
        for row, widget in enumerate((self.title, self.text, self.entry)):
            widget.grid(row=row, column=1, sticky="nsew", ipady=4 if widget is self.entry else 0)
        self.status.grid(row=3, column=0, columnspan=2, sticky="ew")
        for colour in (GREY, RED, *COLOURS):
            self.text.tag_configure(colour, foreground=colour)
        keys: dict[str, Callable[[], object]] = {
            "<Return>": self._enter,
            "<Tab>": self._complete,
            "<Prior>": lambda: self.text.yview_scroll(-1, "pages"),
            "<Next>": lambda: self.text.yview_scroll(1, "pages"),
            "<Alt-Up>": lambda: self.chat.step(-1),
            "<Alt-Down>": lambda: self.chat.step(1),
            "<Alt-a>": lambda: self.chat.step(1, is_unread=True),
            "<F6>": self.tree.focus_set,
            "<Control-q>": self.quit,
        }
        for key, act in keys.items():
            self.entry.bind(key, lambda _, act=act: (act(), "break")[1])  # type: ignore[misc]
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._select(*self.tree.selection()))
        for key in ("<Return>", "<Double-1>", "<F6>"):
            self.tree.bind(key, lambda _: self._open(*self.tree.selection()))
        root.protocol("WM_DELETE_WINDOW", self.quit)
        self.entry.focus_set()
        self.chat.tell("/join ROOM enters a room; /help lists what there is")
        options: Any = {"pin": pin, "accept_new": self._trust, "password": self._password}
        self.network = Network(self.chat, lambda: libchat.connect(address, name, **options), self._posted.put)
        root.after_idle(self._tick)  # not from here: a tick may ask the person, and wait for the answer

    def _tick(self) -> None:
        if self.is_closing and self.network.is_closed() and self._posted.empty():
            self.root.destroy()
            return
        self.root.after(TICK_MILLISECONDS, self._tick)
        for _ in range(self._posted.qsize()):
            self._posted.get()()
        if self.is_closing:
            return
        if self.chat.state == "connected" and time.monotonic() - self._asked_at > REFRESH_SECONDS:
            self._asked_at = time.monotonic()
            self.network.ask(lambda client: (client.who(), client.rooms()), self.chat.refresh)
        if self.chat.is_changed:
            self._draw(self.chat.talks[self.chat.active])
            self.chat.is_changed = False

    def _draw(self, talk: Talk) -> None:
        self.title["text"] = f"{self.chat.active}   {talk.topic}"
        self.status["text"] = f"{self.chat.me}: {self.chat.state}"
        if (listed := self.chat.listed()) != self._listed:
            self._listed = listed
            self.tree.delete(*self.tree.get_children())
            for target, words in listed:
                self.tree.insert("", "end", iid=target or f" {words}", text=f"  {words}" if target else words.upper())
        if self.tree.selection() != (self.chat.active,):
            self.tree.selection_set(self.chat.active)
            self.tree.focus(self.chat.active)
        top, bottom = self.text.yview()
        self.text["state"] = "normal"
        self.text.delete("1.0", "end")
        for line in talk.lines:
            colour = RED if line.is_error else COLOURS[zlib.crc32(line.sender.encode()) % len(COLOURS)]
            self.text.insert("end", time.strftime("%H:%M  ", time.localtime(line.time)), GREY)
            self.text.insert("end", line.sender and f"{line.sender}: ", colour)
            self.text.insert("end", f"{line.text}{line.mark}\n", RED if line.is_error else () if line.sender else GREY)
        self.text["state"] = "disabled"
        self.text.yview_moveto(1.0 if bottom >= 1.0 or self._drawn is not talk else top)
        self._drawn = talk

    def _select(self, target: str = "") -> None:
        if self.root.focus_get() is self.tree and self.chat.can_show(target):  # it was the person who chose
            self.chat.show(target)

    def _open(self, target: str = "") -> None:
        if target.startswith("#") and not self.chat.can_show(target):
            self.join(target)
        self.entry.focus_set()

    def _complete(self) -> None:
        text = self.entry.get()
        if text not in self._offers:
            self._offers = self.chat.complete(text, list(self.commands))
            text = self._offers[-1] if self._offers else text
        if self._offers:
            self._type(self._offers[(self._offers.index(text) + 1) % len(self._offers)])
            self.status["text"] = "   ".join(each.split()[-1] for each in self._offers[:12])

    def _type(self, text: str) -> None:
        self.entry.delete(0, "end")
        self.entry.insert(0, text)

    def _enter(self) -> None:
        text, self._offers = self.entry.get().strip(), []
        word, _, rest = text.partition(" ")
        self._type("")
        if word in self.commands:
            self.commands[word](rest.strip())
        elif word.startswith("/"):
            near = difflib.get_close_matches(word, self.commands, n=1) or ["/help"]
            self.chat.tell(f"there is no {word}; did you mean {near[0]}?", is_error=True)
        elif text and self.chat.active == HOME:
            self.chat.tell("choose a room or a person first: Alt-Down, or /join ROOM", is_error=True)
        elif text:
            self.network.send(self.chat.active, text)

    def join(self, room: str) -> None:
        """Enter a room: /join ROOM."""
        name = f"#{room.removeprefix('#')}"
        self.network.ask(lambda client: client.join(name), self.chat.enter)

    def leave(self, _: str) -> None:
        """Leave the room that is shown."""
        room = self.chat.active
        self.network.ask(lambda client: client.leave(room), lambda _: self.chat.leave(room, f"you left {room}"))

    def msg(self, rest: str) -> None:
        """Say something to one person: /msg NAME TEXT."""
        name, _, text = rest.partition(" ")
        name = self.chat.known(name)
        if not text:
            self.chat.tell("say to whom, and what: /msg NAME TEXT", is_error=True)
            return
        self.chat.show(name)
        self.network.send(name, text)

    def topic(self, text: str) -> None:
        """Say what the room is about: /topic TEXT."""
        room = self.chat.active
        self.network.ask(lambda client: client.set_topic(room, text).accepted())

    def help(self, _: str) -> None:
        """Show this."""
        for name, act in self.commands.items():
            self.chat.tell(f"{name:8} {act.__doc__}")
        self.chat.tell(KEYS)

    def quit(self, _: str = "") -> None:
        """Leave the chat."""
        self.is_closing = True
        self.root.withdraw()

    def _ask(self, question: Callable[[], T]) -> T:
        """Have the window ask the person, and wait for the answer: this is called by a thread that may wait."""
        answers: queue.Queue[T] = queue.Queue()
        self._posted.put(lambda: answers.put(question()))
        return answers.get()

    def _trust(self, address: str, pin: str) -> bool:
        text = f"{address} is new here. Its key is\n\n{pin}\n\nDoes its owner read out the same?"
        return self._ask(lambda: not self.is_closing and messagebox.askyesno("A new server", text, parent=self.root))

    def _password(self, reason: str) -> str:
        return self._ask(lambda: simpledialog.askstring("Password", reason, show="*", parent=self.root) or "")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="A window for a chat.")
    parser.add_argument("address", nargs="?", default="127.0.0.1", help="HOST, HOST:PORT or an invite (default: here)")
    parser.add_argument("--name", default=getpass.getuser(), help="what you are called (default: %(default)s)")
    parser.add_argument("--pin", help="the key that the server must show")
    options = parser.parse_args(arguments)
    try:
        window = Window(tk.Tk(), options.address, options.name, options.pin)
    except tk.TclError as error:
        print(f"no window can be opened: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGINT, lambda *_: window.quit())
    window.root.mainloop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
