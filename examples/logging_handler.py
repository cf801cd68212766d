"""A handler for `logging` that writes to a room, and never gets in the way of the program that logs.

    python logging_handler.py                  shows it, in a chat in process
    python logging_handler.py ADDRESS [TEXT]   logs a warning to the room #ops of a server; an invite will do, too

It holds a bounded number of records. A thread of its own says them, several in one message when many wait, and tells
the room how many there was no room for. Neither a server that is away nor one that is slow is noticed by who logs.
"""

import logging
import sys
import threading
from collections import deque
from itertools import accumulate, islice, takewhile
from typing import Final

import libchat

MESSAGE_CHARACTERS: Final = 1_000  # even at four bytes each they fit into a message
LINE_CHARACTERS: Final = MESSAGE_CHARACTERS - 1


class RoomHandler(logging.Handler):
    """Say records in a room. `dropped` counts those that were not; `close` waits `patience` seconds for the last."""

    def __init__(self, chat: libchat.Participant, room: str, *, size: int = 1_000, patience: float = 5.0) -> None:
        super().__init__()
        self.addFilter(lambda record: not record.name.startswith("libchat"))  # its own records would go in circles
        self.dropped = self._told = 0
        self._lines: deque[str] = deque()
        self._chat, self._room, self._size, self._patience = chat, room, size, patience
        self._changed = threading.Condition()  # its lock may be taken twice: a signal handler may log, too
        self._is_closing = self._is_over = False
        chat.on(libchat.Entry, lambda entry: None)  # what others say there is not waited for
        chat.join(room)
        self._thread = threading.Thread(target=self._run, name="room-handler", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)[:LINE_CHARACTERS]
            with self._changed:
                if self._is_over or len(self._lines) >= self._size:
                    self.dropped += 1
                else:
                    self._lines.append(line)
                    self._changed.notify()
        except Exception:  # noqa: BLE001  # who logs must not hear of it
            self.handleError(record)

    def close(self) -> None:
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(self._patience)
        with self._changed:
            missing, self._is_over = self.dropped - self._told + len(self._lines), True
        if missing:
            print(f"{missing} log records were not said in {self._room}", file=sys.stderr)
        super().close()

    def _run(self) -> None:
        try:
            while taken := self._take():
                self._say(taken)
        except (libchat.Closed, libchat.Disconnected):
            with self._changed:
                self._is_over = True

    def _take(self) -> list[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._is_closing)
            sizes = accumulate(len(line) + 1 for line in self._lines)
            count = sum(1 for _ in takewhile(lambda size: size <= MESSAGE_CHARACTERS, sizes))
            return list(islice(self._lines, count))

    def _say(self, lines: list[str]) -> None:
        dropped = self.dropped
        told = [f"({dropped - self._told} log records were dropped)"] if dropped > self._told else []
        try:
            self._chat.send(self._room, "\n".join([*lines, *told])).accepted(timeout=None)
            self._told = dropped
        except (libchat.Refused, libchat.InvalidMessage):  # such as too many, or nothing that can be seen
            with self._changed:
                self.dropped += len(lines)
        with self._changed:
            for _ in lines:
                self._lines.popleft()  # only now: what is under way counts, too


def main(address: str = "", text: str = "The disk is nearly full.") -> None:
    with libchat.Hub() as hub:
        chat = libchat.connect(address, "log") if address else hub.connect("log")
        with chat, hub.connect("ana") as ana:
            ana.join("#ops")
            handler = RoomHandler(chat, "#ops")
            handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
            logging.getLogger().addHandler(handler)
            logging.getLogger("disks").warning(text)
            logging.getLogger().removeHandler(handler)
            handler.close()
            if not address:
                print(ana.receive(timeout=5).text)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except (libchat.ChatError, OSError, ValueError) as error:
        raise SystemExit(f"logging_handler.py: {error}") from None
