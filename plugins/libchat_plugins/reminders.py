"""Be reminded: /remind in 10m tea, /remind tomorrow at 9 call ana.

A shell reminds you alone; a bot reminds whoever asked it, where they asked. Reminders survive a restart, and what fell
due meanwhile is told late, with when it was due.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Final

import msgspec

from libchat import ChatError, Refused, Unavailable
from libchat.names import target_key
from libchat.plugins import Context, Text, UsageError, command, every

LIBCHAT_API = 1

PER_PERSON: Final = 50
TOTAL: Final = 1_000
LATE_SECONDS: Final = 60
"""From when on a reminder says that it is late."""
DAYS: Final = 5 * 366
"""How far ahead; what is further away was meant otherwise."""
MORNING: Final = clock_time(9)
"""What `tomorrow` and a date without a time mean."""

WHEN: Final = "in 10m, in 1h30m, at 16:30, tomorrow, friday at 9 or 2030-01-31 at 18:00"

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_UNIT: Final = "seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|[smhdw]"
_SPAN: Final = re.compile(rf"(?:\s*,\s*|\s+and\s+|\s*)(\d{{1,6}})\s*({_UNIT})(?![a-z])", re.ASCII | re.IGNORECASE)
_TIME: Final = re.compile(
    r"\s*(?:at\s+(\d{1,2})|(\d{1,2})(?=:|\s*[ap]m\b))(?::(\d{2}))?(?:\s*([ap])m)?(?![\w:])", re.ASCII | re.IGNORECASE
)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY: Final = re.compile(
    rf"\s*(?:on\s+|next\s+)?(today|tomorrow|{'|'.join(_WEEKDAYS)}|\d{{4}}-\d{{2}}-\d{{2}})(?![\w-])",
    re.ASCII | re.IGNORECASE,
)

_lock = threading.Lock()
"""Two commands at once must not read the same list: a store is safe call by call, not from read to write."""


# --- when -----------------------------------------------------------------------------------------------------------


def parse_when(text: str, now: datetime) -> tuple[datetime, str]:
    """Return when, and what is left of the text. Raises UsageError.

    `now` and the answer are what a clock on the wall shows, without a zone: who says tomorrow at nine means nine by
    that clock, also in the night when it is put forward.
    """
    when, rest = _read(text.strip(), now)
    return when, re.sub(r"^(?:to\s+|that\s+|[:,]\s*)", "", rest.strip())


def parse_every(text: str, now: datetime) -> tuple[str, str]:
    """Return what `parse_when` understands as the next time, and what is left of the text. Raises UsageError.

    `text` is what stands behind `every`: `2h`, `hour`, `day at 9`, `monday`.
    """
    text = text.strip()
    text = re.sub(r"^(?=(?:minute|hour|week)\b)", "1 ", text, flags=re.IGNORECASE)
    text = re.sub(r"^day\s+(?!at\b|\d)", f"at {MORNING:%H:%M} ", text, flags=re.IGNORECASE)
    text = re.sub(r"^day\s+", "", text, flags=re.IGNORECASE)
    text = re.sub(rf"^(?=(?:\d+\s*)?(?:{_UNIT})(?![a-z]))", "in ", text, flags=re.IGNORECASE)
    when, rest = _read(text, now)
    again = text[: len(text) - len(rest)].strip()
    if re.search(r"\d{4}-", again):
        raise UsageError(f"'{again}' comes once; leave `every` out, or say day, monday, 2h")
    if when < now + timedelta(minutes=1):
        raise UsageError("a minute is the shortest time between two reminders")
    return again, parse_when(text, now)[1]


def _read(text: str, now: datetime) -> tuple[datetime, str]:
    """Return when, and the rest as it stands there."""
    when, rest = _span(text, now) if re.match(r"in\s", text, re.IGNORECASE) else _moment(text, now)
    if when <= now:
        raise UsageError(f"{when:%Y-%m-%d %H:%M} is over; say when in the future, as {WHEN}")
    if when > now + timedelta(days=DAYS):
        raise UsageError(f"{when:%Y-%m-%d} is too far away; five years at most")
    return when, rest


def _span(text: str, now: datetime) -> tuple[datetime, str]:
    """Read `in 1h30m`."""
    seconds, end = 0, len("in")
    while match := _SPAN.match(text, end):
        seconds += int(match[1]) * _UNITS[match[2][0].lower()]
        end = match.end()
    if not seconds:
        raise UsageError(f"'{_beginning(text)}' is no time; say when as {WHEN}")
    return now + timedelta(seconds=min(seconds, (DAYS + 1) * 86_400)), text[end:]


def _moment(text: str, now: datetime) -> tuple[datetime, str]:
    """Read a day, a time, or both, in either order."""
    day = time = None
    end = 0
    while True:
        if time is None and (match := _TIME.match(text, end)):
            time, end = _time(match), match.end()
        elif day is None and (match := _DAY.match(text, end)):
            day, end = match[1].lower(), match.end()
        else:
            break
    if day is None and time is None:
        raise UsageError(f"'{_beginning(text)}' is no time; say when as {WHEN}")
    return _on_day(day, time or MORNING, now), text[end:]


def _time(match: re.Match[str]) -> clock_time:
    """Return a time of day, in 24 hours or with am and pm."""
    hour, minute, half = int(match[1] or match[2]), int(match[3] or 0), (match[4] or "").lower()
    if half and not 1 <= hour <= 12:
        raise UsageError(f"'{match[0].strip()}' is no time of the day; write 16:30 or 4:30pm")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise UsageError(f"'{match[0].strip()}' is no time of the day; write 16:30 or 4:30pm")
    return clock_time(hour, minute)


def _on_day(day: str | None, time: clock_time, now: datetime) -> datetime:
    """Return the moment of a time on a named day; without one, the next time the clock shows it."""
    at = datetime.combine(now.date(), time)
    if day is None:
        return at if at > now else at + timedelta(days=1)
    if day in ("today", "tomorrow"):
        return at + timedelta(days=day == "tomorrow")
    if day in _WEEKDAYS:
        ahead = (_WEEKDAYS.index(day) - now.weekday()) % 7
        return at + timedelta(days=ahead or (0 if at > now else 7))
    try:
        return datetime.combine(date.fromisoformat(day), time)
    except ValueError as error:
        raise UsageError(f"'{day}' is no day of the calendar; write it as 2030-01-31") from error


def _beginning(text: str) -> str:
    return " ".join(text.split()[:3])


def wall_clock(seconds: float) -> datetime:
    """Return what the clock on the wall shows at a time in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().replace(tzinfo=None)


# --- what is kept ---------------------------------------------------------------------------------------------------


class Reminder(msgspec.Struct, frozen=True):
    """What to tell whom, where, and when (seconds since 1970)."""

    number: int
    who: str
    target: str
    due: float
    text: str
    every: str = ""
    """When it comes again, as `parse_when` understands it; nothing: never."""

    def told(self, now: float) -> str:
        """Return the words of it; they say so if it comes late."""
        late = now - self.due > LATE_SECONDS
        return f"reminder{f' (late, it was due {_spoken(self.due, now)})' if late else ''}: {self.text}"


def load_reminders(ctx: Context) -> list[Reminder]:
    """Return what is to come, the next first."""
    kept = msgspec.convert(ctx.store.get("reminders", []), list[Reminder])
    return sorted(kept, key=lambda reminder: reminder.due)


def save_reminders(ctx: Context, reminders: list[Reminder]) -> None:
    """Keep them."""
    ctx.store["reminders"] = msgspec.to_builtins(reminders)


def _spoken(due: float, now: float) -> str:
    """Return a moment as people write it: without its day if that is today."""
    when = wall_clock(due)
    return f"{when:%H:%M}" if when.date() == wall_clock(now).date() else f"{when:%A %Y-%m-%d %H:%M}"


# --- commands -------------------------------------------------------------------------------------------------------


@command("remind")
def remind(ctx: Context, when_and_what: Text) -> str:
    """Be reminded: `remind in 10m tea`.

    in 10m, in 1h30m, in 2 days; at 16:30, 4pm; tomorrow, friday at 9, 2030-01-31 at 18:00 (nine o'clock, if no time
    is said); every 2h, every day at 9, every monday. `reminders` lists what is to come, and `unremind NUMBER` takes
    one back.
    """
    now, again, text = ctx.now(), "", str(when_and_what)
    if repeated := re.match(r"\s*every\s+(.*)", text, re.IGNORECASE | re.DOTALL):
        again, text = parse_every(repeated[1], wall_clock(now))
        when = parse_when(again, wall_clock(now))[0]
    else:
        when, text = parse_when(text, wall_clock(now))
    if not text:
        raise UsageError(f"say of what: `remind {_beginning(when_and_what)} call ana`")
    due, who = when.timestamp(), ctx.sender or ctx.me
    with _lock:
        kept = load_reminders(ctx)
        if len(kept) >= TOTAL or sum(_is_of(reminder, who) for reminder in kept) >= PER_PERSON:
            raise UsageError(f"{PER_PERSON} reminders a person are enough; `unremind NUMBER` takes one back")
        number = max((reminder.number for reminder in kept), default=0) + 1
        save_reminders(ctx, [*kept, Reminder(number, who, ctx.target, due, text, again)])
    return f"reminder {number}: {_spoken(due, now)}{', and again' if again else ''}"


@command("reminders")
def reminders(ctx: Context) -> str:
    """List your reminders."""
    own = [reminder for reminder in load_reminders(ctx) if _is_of(reminder, ctx.sender or ctx.me)]
    lines = [f"{reminder.number}  {_spoken(reminder.due, ctx.now())}  {reminder.text}" for reminder in own]
    return "\n".join(lines) or "you have no reminders; `remind in 10m tea` makes one"


@command("unremind")
def unremind(ctx: Context, number: int) -> str:
    """Take a reminder back, by its number in `reminders`."""
    with _lock:
        kept = load_reminders(ctx)
        found = [one for one in kept if one.number == number and _is_of(one, ctx.sender or ctx.me)]
        if not found:
            raise UsageError(f"you have no reminder {number}; `reminders` lists them")
        save_reminders(ctx, [reminder for reminder in kept if reminder not in found])
    return f"reminder {number} is taken back: {found[0].text}"


def _is_of(reminder: Reminder, name: str) -> bool:
    return target_key(reminder.who) == target_key(name)


# --- the clock ------------------------------------------------------------------------------------------------------


@every(seconds=1)
def tell_due(ctx: Context) -> None:
    """Tell what is due. It is looked up by the clock, so nothing is missed when the machine sleeps."""
    due = [reminder for reminder in load_reminders(ctx) if reminder.due <= ctx.now()]
    for reminder in due:
        if not _tell(ctx, reminder):
            return  # there is no connection: it is tried again
        with _lock:
            others = [one for one in load_reminders(ctx) if one.number != reminder.number]
            save_reminders(ctx, [*others, *_next(reminder, ctx.now())])


def _next(reminder: Reminder, now: float) -> list[Reminder]:
    """Return the reminder for its next time; what was missed meanwhile is not made up for."""
    if not reminder.every:
        return []
    due = parse_when(reminder.every, wall_clock(now))[0].timestamp()
    return [msgspec.structs.replace(reminder, due=due)]


def _tell(ctx: Context, reminder: Reminder) -> bool:
    """Tell one, and return whether it has arrived. One that nobody can be told any more counts as told."""
    text = reminder.told(ctx.now())
    if ctx.surface == "shell":
        ctx.reply(text)
        return True
    try:
        named = text if target_key(reminder.target) == target_key(reminder.who) else f"{reminder.who}: {text}"
        ctx.say(named, to=reminder.target or reminder.who).accepted(timeout=5)
    except Unavailable:
        return False
    except Refused:
        return True
    except (ChatError, TimeoutError):
        return False
    return True
