"""`libchat send`: say something from a script.

The main thread reads lines and sends them, a second one waits for their receipts, in order: whoever writes into our
standard input is slowed down only when many are under way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Queue
from typing import TYPE_CHECKING, Final

from libchat.cli import output, typed
from libchat.cli.connection import add_connection_options, open_chat
from libchat.cli.exits import Exit
from libchat.cli.naming import script_name
from libchat.cli.parser import Commands, Options, add_command, person, target
from libchat.errors import ChatError, Refused

if TYPE_CHECKING:
    from libchat.client.client import Client
    from libchat.messages import Accepted
    from libchat.receipt import Receipt

WINDOW: Final = 256
"""Messages that may be under way: enough to fill the time to a server at the other end of the world."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "send",
        run,
        "Send messages, and end when the server has them.",
        "Without a TEXT, or with '-', each line of standard input is a message; empty lines are passed over.\n"
        "A room is joined before and left after. Shells take # for a comment: put '#room' in quotes.\n"
        "The exit code is 0 when all messages are accepted, and 1 when one was refused.",
        (
            "libchat send bob 'Lunch?'",
            "make 2>&1 | libchat send '#builds' -",
            "libchat send bob 'Lunch?' --json | jq .seq",
        ),
    )
    parser.add_argument("target", type=target, metavar="TARGET", help="a name, or a '#room'")
    parser.add_argument(
        "text", nargs="?", default="-", metavar="TEXT", help="what to say (default: -, the lines of standard input)"
    )
    parser.add_argument(
        "--name", type=person, help="what you are called in the chat (default: your login name and four random digits)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object for each accepted message, on a line of its own: target, seq, "
        "time (milliseconds since 1970) and queued (default: print nothing)",
    )
    add_connection_options(parser)


def run(options: Options) -> int:
    """Send, and return when everything is answered."""
    assert options.target is not None
    with open_chat(options, options.name or script_name(), reconnect=False) as chat:
        if options.target.startswith("#"):
            chat.join(options.target)
        return Sending(chat, options.target, as_json=options.json).send(_texts(options.text))


class Sending:
    """Messages to one target, on their way."""

    def __init__(self, chat: Client, target: str, *, as_json: bool) -> None:
        self._chat = chat
        self._target = target
        self._as_json = as_json
        self._receipts: Queue[Receipt | None] = Queue(WINDOW)
        self._code = Exit.OK
        self._error: Exception | None = None
        self._has_told = False

    def send(self, texts: Iterator[str]) -> int:
        """Send all texts, and return the exit code when all are answered."""
        reporter = threading.Thread(target=self._report_all, name="libchat-receipts", daemon=True)
        reporter.start()
        failure: Exception | None = None
        try:
            self._send_all(texts)
        except ChatError as error:
            failure = error
        finally:
            self._receipts.put(None)
        reporter.join()
        failure = self._error or failure
        if failure is not None:
            raise failure
        return self._code

    def _send_all(self, texts: Iterator[str]) -> None:
        for text in texts:
            if self._error is not None:
                return
            self._receipts.put(self._chat.send(self._target, text))

    def _report_all(self) -> None:
        while (receipt := self._receipts.get()) is not None:
            try:
                if self._error is None:
                    self._report(receipt)
            except (
                ChatError,
                OSError,
            ) as error:  # TimeoutError is an OSError, and so is a reader of ours that has gone
                self._error = error

    def _report(self, receipt: Receipt) -> None:
        try:
            accepted = receipt.accepted()
        except Refused as error:
            self._code = Exit.REFUSED
            output.complain(error.reason)
            return
        if self._as_json:
            output.say_json(target=accepted.target, seq=accepted.seq, time=accepted.time, queued=accepted.is_queued)
        self._tell(accepted)

    def _tell(self, accepted: Accepted) -> None:
        """Say, once, that the recipient may not read it soon."""
        if self._has_told or not (accepted.is_queued or accepted.away):
            return
        self._has_told = True
        what = "the message is queued" if accepted.is_queued else accepted.away
        output.notice(f"{accepted.target} is away: {what}" if accepted.away else f"{accepted.target} is away, {what}")


def _texts(text: str) -> Iterator[str]:
    if text != "-":
        yield _without_halves(text)
        return
    while line := typed.read_line():
        if line.strip():
            yield _without_halves(line.removesuffix("\n"))


def _without_halves(text: str) -> str:
    """Return a text with `?` for what was no character in the encoding of this machine."""
    return text.encode(errors="replace").decode()
