"""`libchat tail`: print messages as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from libchat import messages as m
from libchat.cli import output, signals
from libchat.cli.connection import add_connection_options, explaining_trust, open_chat
from libchat.cli.exits import Exit, Failure
from libchat.cli.naming import script_name
from libchat.cli.parser import Commands, Options, add_command, natural, person, positive, target
from libchat.limits import HISTORY_ENTRIES
from libchat.names import parse_target
from libchat.text import clean_text

if TYPE_CHECKING:
    from libchat.client.client import Client


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "tail",
        run,
        "Print messages as they come, until Ctrl-C or SIGTERM.",
        "With a '#room', it is joined, and its messages are printed; with a name, what this person writes to you;\n"
        "without a TARGET, everything that is written to you. Shells take # for a comment: put '#room' in quotes.\n"
        "A lost connection is made again, with a notice on standard error; what a room said meanwhile is missed.",
        (
            "libchat tail '#team'",
            "libchat tail --name buildbot --json | ./on-message",
            "libchat tail '#team' -n 20 --count 20",
        ),
    )
    parser.add_argument(
        "target", nargs="?", type=target, metavar="TARGET", help="a name, or a '#room' (default: all private messages)"
    )
    parser.add_argument(
        "--name", type=person, help="what you are called in the chat (default: your login name and four random digits)"
    )
    parser.add_argument(
        "-n",
        dest="history",
        type=natural,
        default=0,
        metavar="N",
        help="print the last N messages of TARGET first; a guest sees no older private ones (default: 0)",
    )
    parser.add_argument(
        "--count", type=positive, metavar="N", help="end after N messages, those of -n included (default: no end)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: target, seq, sender, time (milliseconds since 1970), text and queued "
        "(default: TIME SENDER (in ROOM): TEXT)",
    )
    add_connection_options(parser)


def run(options: Options) -> int:
    """Print messages until there were enough, or somebody says stop."""
    if options.history and options.target is None:
        raise Failure(Exit.USAGE, "-n needs a TARGET: history is of one room, or of one person and you")
    signals.install()
    try:
        with explaining_trust(options), open_chat(options, options.name or script_name()) as chat:
            for entry in _wanted(_entries(chat, options), options.count):
                _print(entry, as_json=options.json)
    except KeyboardInterrupt:
        pass
    return Exit.OK


def _wanted(entries: Iterator[m.Entry], count: int | None) -> Iterator[m.Entry]:
    """Yield so many entries, all if `count` is None, and ask for no further one."""
    if count is None:
        yield from entries
        return
    for _ in range(count):
        yield next(entries)


def _entries(chat: Client, options: Options) -> Iterator[m.Entry]:
    """Yield what was said, if that is wanted, and then what is said."""
    wanted = options.target
    if wanted is not None and wanted.startswith("#"):
        chat.join(wanted)
    past = _past(chat, wanted, options.history) if wanted is not None and options.history else []
    yield from past
    last = past[-1].seq if past else 0
    for entry in _live(chat):
        if _is_meant(entry, wanted) and not (past and entry.seq <= last):
            yield entry


def _past(chat: Client, wanted: str, count: int) -> list[m.Entry]:
    """Return the last messages of a conversation."""
    found: deque[m.Entry] = deque()
    before: int | None = None
    while len(found) < count:
        page = chat.history(wanted, before=before, limit=min(HISTORY_ENTRIES, max(count - len(found), 1)))
        found.extendleft(entry for entry in reversed(page.entries) if entry.kind == "message")
        if not page.has_more or not page.entries:
            break
        before = page.entries[0].seq
    return list(found)[-count:]


def _live(chat: Client) -> Iterator[m.Entry]:
    """Yield messages as they come, and tell of lost connections."""
    while True:
        try:
            event = chat.receive_event(signals.WAIT_SECONDS)
        except TimeoutError:
            continue
        if isinstance(event, m.Entry) and event.kind == "message":
            yield event
        elif isinstance(event, m.Interrupted):
            output.notice(f"connection lost ({event.reason}); trying again ...")
        elif isinstance(event, m.Resumed):
            output.notice("connected again")


def _is_meant(entry: m.Entry, wanted: str | None) -> bool:
    if wanted is None:
        return not entry.target.startswith("#")
    if wanted.startswith("#"):
        return entry.target.startswith("#") and parse_target(entry.target) == parse_target(wanted)
    return not entry.target.startswith("#") and parse_target(entry.sender) == parse_target(wanted)


def _print(entry: m.Entry, *, as_json: bool) -> None:
    text = clean_text(entry.text)
    if as_json:
        output.say_json(
            target=entry.target,
            seq=entry.seq,
            sender=entry.sender,
            time=entry.time,
            text=text,
            queued=entry.is_queued,
        )
        return
    when = datetime.fromtimestamp(entry.time / 1000).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006  # the wall clock here
    place = f" (in {entry.target[1:]})" if entry.target.startswith("#") else ""
    for line in text.split("\n"):
        output.say(f"{when} {entry.sender}{place}: {line}")
