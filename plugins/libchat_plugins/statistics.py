"""Who said how much, and when: /stats, with a plot in the terminal.

It reads the room's history, so it knows what was said while nobody looked. Plots are as wide as the terminal; with
`ascii = true`, of plain characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from libchat import Entry, Participant
from libchat.names import target_key
from libchat.plugins import Context, Member, Room, UsageError, command
from libchat_plugins._charts import bars, columns_of, sparkline, squeeze

LIBCHAT_API = 1

PAGE: Final = 200
"""Entries asked for at once: as many as a server gives."""


@dataclass(frozen=True)
class Config:
    """Settings in `[plugins.statistics]`."""

    entries: int = 10_000
    """How far back a room is read."""
    people: int = 15
    """How many people are listed; the others are added together."""
    ascii: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 1 <= self.entries <= 100_000:
            raise ValueError("entries is between 1 and 100000")
        if not 1 <= self.people <= 100:
            raise ValueError("people is between 1 and 100")


@dataclass
class Counts:
    """What was counted."""

    messages: Counter[str] = field(default_factory=Counter)
    """By canonical name."""
    words: Counter[str] = field(default_factory=Counter)
    hours: list[int] = field(default_factory=lambda: [0] * 24)
    days: Counter[date] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)
    """How each is shown: as they were called last."""

    @property
    def total(self) -> int:
        """All messages."""
        return self.messages.total()


def count(entries: Iterable[Entry], zone: tzinfo | None = None) -> Counts:
    """Count messages that still have a text, oldest first."""
    counts = Counts()
    for entry in entries:
        if entry.kind != "message" or entry.is_deleted:
            continue
        key = target_key(entry.sender)
        when = datetime.fromtimestamp(entry.time / 1000, UTC).astimezone(zone)
        counts.names[key] = entry.sender
        counts.messages[key] += 1
        counts.words[key] += len(entry.text.split())
        counts.hours[when.hour] += 1
        counts.days[when.date()] += 1
    return counts


def newest(chat: Participant, target: str, limit: int, since: int = 0) -> list[Entry]:
    """Return the newest entries of a conversation that are not before a time in ms, oldest first."""
    found: list[Entry] = []
    for page in _pages(chat, target):
        found[:0] = page
        if len(found) >= limit or page[0].time < since:
            break
    return [entry for entry in found[-limit:] if entry.time >= since]


def _pages(chat: Participant, target: str) -> Iterator[tuple[Entry, ...]]:
    """Yield pages of a conversation, the newest first."""
    before = None
    while True:
        page = chat.history(target, before=before, limit=PAGE)
        if page.entries:
            yield page.entries
        if not (page.has_more and page.entries):
            return
        before = page.entries[0].seq


# --- plots ----------------------------------------------------------------------------------------------------------


def people_plot(counts: Counts, people: int, columns: int, *, ascii_only: bool = False) -> list[str]:
    """Return a bar for each of those who said most, and a line for the others."""
    ranked = counts.messages.most_common()
    rows = [_row(counts.names[key], number, counts.words[key], counts.total) for key, number in ranked[:people]]
    lines, rest = bars(rows, columns, ascii_only=ascii_only), ranked[people:]
    if rest:  # without a bar: beside that of many people together, each single one would be nothing
        words = sum(counts.words[key] for key, _ in rest)
        _, _, note = _row("", sum(number for _, number in rest), words, counts.total)
        lines.append(f"{_number(len(rest), 'other', 'others')}: {note}")
    return lines


def _row(name: str, number: int, words: int, total: int) -> tuple[str, int, str]:
    return name, number, f"{number:,} ({number * 100 // total} %, {_number(words, 'word', 'words')})"


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def hours_plot(hours: list[int], *, ascii_only: bool = False) -> list[str]:
    """Return the hours of the day, from 0 to 23, with a scale below."""
    wide = "".join(char * 2 for char in sparkline(hours, ascii_only=ascii_only))
    return [wide, "".join(f"{hour:<6}" for hour in range(0, 24, 3)).rstrip()]


def days_plot(days: Counter[date], columns: int, *, ascii_only: bool = False) -> list[str]:
    """Return a character for each day from the first to the last, or for several where there is no room."""
    first, last = min(days), max(days)
    values = [days[first + timedelta(days=number)] for number in range((last - first).days + 1)]
    line = sparkline(squeeze(values, columns), ascii_only=ascii_only)
    return [line, f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, most: {max(values):,} a day"]


def report(target: str, counts: Counts, config: Config, columns: int) -> str:
    """Return the whole of it."""
    if not counts.total:
        return f"nothing was said in {target}"
    is_plain = config.ascii
    messages = _number(counts.total, "message", "messages")
    people = _number(len(counts.messages), "person", "people")
    parts = [
        [f"{target}: {messages} of {people}"],
        people_plot(counts, config.people, columns, ascii_only=is_plain),
        ["", "by hour", *(line[:columns] for line in hours_plot(counts.hours, ascii_only=is_plain))],
        ["", "by day", *days_plot(counts.days, columns, ascii_only=is_plain)],
    ]
    return "\n".join(line for part in parts for line in part)


@command("stats", rate="6/60s")
def stats(ctx: Context, room: Room | None = None, *, days: int = 0, who: Member | None = None) -> str:
    """Show who said how much, and when: `stats #room --days 7 --who ana`."""
    config: Config = ctx.config
    target = room or ctx.target
    if not target:
        raise UsageError("name a room: `stats #ROOM`, or join one first")
    if not 0 <= days <= 36_500:
        raise UsageError("--days is between 1 and 36500")
    since = int((ctx.now() - days * 86_400) * 1000) if days else 0
    entries = newest(ctx.chat, target, config.entries, since)
    if who:
        entries = [entry for entry in entries if target_key(entry.sender) == target_key(who)]
    return report(target, count(entries), config, columns_of(ctx))
