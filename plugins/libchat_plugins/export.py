r"""Write a room, or a private conversation, into a Markdown file: /export FILE.

One line for each message, by days, with replies, edits, reactions and topics. What people wrote is escaped, so that it
is shown as they wrote it and cannot become a heading, a link or HTML of the file. For the shell: a file is written
where you are, never because somebody else asks for it.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final, TextIO

from libchat import ChatError, Entry, Participant
from libchat.plugins import Context, Room, UsageError, command
from libchat.text import clean_text

LIBCHAT_API = 1

PAGE: Final = 200
"""Entries asked for at once: as many as a server gives."""

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+~|$^=!&:@-])")
QUOTED: Final = 60
"""Characters of the message that another one answers."""


def escape(text: str) -> str:
    """Return a text as inline Markdown that shows exactly it, on one line.

    Every character that could mean something is escaped (CommonMark 0.31, section 2.4), also those of extensions:
    strikethrough, tables, mathematics, footnotes. Lines become `<br>`, which nobody else can write.
    """
    text = _SPECIAL.sub(r"\\\1", clean_text(text))
    text = text.replace("<", "&lt;").replace(">", "&gt;").replace("\t", " ")
    return "<br>".join(line.strip() for line in text.split("\n"))


def pages(chat: Participant, target: str, ending: threading.Event) -> Iterator[Entry]:
    """Yield a whole conversation, oldest first. Raises `ChatError`, and stops early when `ending` is set."""
    after = 0
    while not ending.is_set():
        page = chat.history(target, after=after, limit=PAGE)
        yield from page.entries
        if not page.entries or not page.has_newer:
            return
        after = page.entries[-1].seq


class Writer:
    """Turns entries into lines."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._day = ""
        self._said: dict[int, str] = {}
        """The beginnings of messages, for replies to them."""

    def lines(self, entry: Entry) -> Iterator[str]:
        """Yield the lines of an entry: its own, and a heading before the first of a day."""
        when = datetime.fromtimestamp(entry.time / 1000, UTC).astimezone(self._zone)
        body = self._body(entry)
        if not body:
            return
        if f"{when:%Y-%m-%d}" != self._day:
            self._day = f"{when:%Y-%m-%d}"
            yield f"\n## {when:%A}, {self._day}\n"
        yield f"- **{when:%H:%M} {escape(entry.sender)}** {body}"

    def _body(self, entry: Entry) -> str:
        """Return what is told of an entry; nothing for those that are shown in others."""
        if entry.kind == "topic":
            return f"*set the topic: {escape(entry.text)}*" if entry.text else "*cleared the topic*"
        if entry.kind != "message":
            return ""  # a message is handed out as it is by now: edited, deleted, with its reactions
        if entry.is_deleted:
            return "*(deleted)*"
        self._said[entry.seq] = entry.text[:QUOTED]
        parts = [
            self._reply_to(entry.ref),
            escape(entry.text),
            "*(edited)*" if entry.is_edited else "",
            _reactions(entry),
        ]
        return " ".join(part for part in parts if part)

    def _reply_to(self, ref: int) -> str:
        if not ref:
            return ""
        quoted = " ".join(self._said.get(ref, "").split())
        return f"(to “{escape(quoted)}”)" if quoted else "(to an earlier message)"


def _reactions(entry: Entry) -> str:
    told = ", ".join(f"{escape(one.text)} {escape(', '.join(one.names))}" for one in entry.reactions)
    return f"*({told})*" if told else ""


def write(file: TextIO, title: str, entries: Iterable[Entry], zone: tzinfo | None = None) -> int:
    """Write a conversation, and return how many entries it had."""
    writer, count = Writer(zone), 0
    file.write(f"# {escape(title)}\n")
    for entry in entries:
        count += 1
        file.writelines(f"{line}\n" for line in writer.lines(entry))
    return count


def file_name(target: str, now: float) -> str:
    """Return a name for the file that every system takes: `teamchat-2026-11-22.md`."""
    name = re.sub(r"[^\w-]+", "-", target.removeprefix("#")).strip("-") or "chat"
    return f"{name}-{datetime.fromtimestamp(now, UTC).astimezone():%Y-%m-%d}.md"


def save(path: Path, title: str, entries: Iterable[Entry], *, force: bool) -> int:
    """Write the file whole or not at all, for the own eyes only; return how many entries it has.

    Raises FileExistsError unless `force`, and OSError.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            count = write(file, title, entries)
        if force:
            os.replace(temporary, path)
        else:
            _put_new(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return count


def _put_new(temporary: str, path: Path) -> None:
    """Put a file in place unless there is one by now. Raises FileExistsError."""
    with path.open("xb"):  # the name is ours from here on
        pass
    os.replace(temporary, path)


@command("export")
def export(ctx: Context, file: Path | None = None, *, room: Room | None = None, force: bool = False) -> None:
    """Write this conversation into a Markdown file: `export notes.md`.

    Without a FILE, into one with the room's name and the date, in the current folder. A file that is there already is
    left alone, unless `--force` is given.
    """
    target = room or ctx.target
    if ctx.surface != "shell":
        raise UsageError("files are written from the shell only, on your own machine")
    if not target:
        raise UsageError("name a room: `export --room #ROOM`, or join one first")
    path = (file or Path(file_name(target, ctx.now()))).expanduser().absolute()
    if path.is_dir():
        path = path / file_name(target, ctx.now())
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; choose another name, or add --force to overwrite it")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first")
    ctx.reply(f"writing {target} to {path} ...")
    ctx.thread(lambda: _run(ctx, target, path, force))  # a long history takes longer than a command may


def _run(ctx: Context, target: str, path: Path, force: bool) -> None:
    """Write it, and tell how it went."""
    try:
        count = save(path, target, pages(ctx.chat, target, ctx.ending), force=force)
    except FileExistsError:
        ctx.reply(f"{path} is there by now; nothing was written")
    except OSError as error:
        ctx.reply(f"{path} cannot be written: {error.strerror}")
    except ChatError as error:
        ctx.reply(f"nothing was written: {error}")
    else:
        ctx.reply(f"{path} has {count:,} {'entry' if count == 1 else 'entries'} of {target}")
