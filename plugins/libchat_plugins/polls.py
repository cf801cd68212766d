"""Ask a room: /poll "Lunch?" pizza soup, and everybody says `vote 1`.

One vote a person, the last one counts, and everything survives a restart. People vote by a plain message, `vote 2`
(with several polls: `vote 2 in 5`), so that nobody needs this plugin but the one who asks, or a bot. A person is a
name: where guests may come under any name, so may their votes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Final

import msgspec

from libchat.names import target_key
from libchat.plugins import Context, Message, UsageError, command, every, hook
from libchat_plugins._charts import bars, columns_of

LIBCHAT_API = 1

OPTIONS: Final = 20
OPEN: Final = 50
"""Polls that are open at a time."""
KEPT: Final = 20
"""Closed polls whose results can still be looked up."""
VOTERS: Final = 2_000
"""Votes of one poll; with all polls full the store's 1 MB is not reached by names of usual length."""
MINUTES: Final = 60 * 24 * 30

VOTE: Final = re.compile(r"[!/]?vote\s+#?(\d{1,3})(?:\s+in\s+#?(\d{1,9}))?\s*[.!]?", re.ASCII | re.IGNORECASE)

_lock = threading.Lock()
"""Two votes at once must not read the same polls: a store is safe call by call, not from read to write."""


class Poll(msgspec.Struct):
    """One question."""

    number: int
    room: str
    by: str
    question: str
    options: list[str]
    votes: dict[str, int] = {}  # msgspec copies it
    """By canonical name, the option (from 0)."""
    closes: float = 0
    """When, in seconds since 1970; 0: when somebody closes it."""
    is_open: bool = True

    def vote(self, name: str, choice: int) -> None:
        """Count a vote for an option (from 1) instead of an earlier one. Raises UsageError."""
        if not self.is_open:
            raise UsageError(f"poll {self.number} is closed")
        if not 1 <= choice <= len(self.options):
            raise UsageError(f"poll {self.number} has the options 1 to {len(self.options)}, not {choice}")
        key = target_key(name)
        if key not in self.votes and len(self.votes) >= VOTERS:
            raise UsageError(f"poll {self.number} has {VOTERS} votes, and takes no more")
        self.votes[key] = choice - 1

    def results(self, columns: int) -> str:
        """Return the result with a bar for each option, as wide as `columns`."""
        counts = [sum(vote == index for vote in self.votes.values()) for index in range(len(self.options))]
        total = len(self.votes)
        rows = [
            (f"{index + 1} {option}", count, f"{count} ({count * 100 // total if total else 0} %)")
            for index, (option, count) in enumerate(zip(self.options, counts))
        ]
        state = "open" if self.is_open else "closed"
        votes = "1 vote" if total == 1 else f"{total} votes"
        return "\n".join([f"poll {self.number}: {self.question} ({votes}, {state})", *bars(rows, columns)])

    def asked(self) -> str:
        """Return how it is put to the room."""
        options = "\n".join(f"  {number} {option}" for number, option in enumerate(self.options, 1))
        return f"poll {self.number}, {self.by} asks: {self.question}\n{options}\nsay: vote 1 in {self.number}"


# --- what is kept ---------------------------------------------------------------------------------------------------


def load_polls(ctx: Context) -> list[Poll]:
    """Return all polls, oldest first."""
    return msgspec.convert(ctx.store.get("polls", []), list[Poll])


def save_polls(ctx: Context, polls: list[Poll]) -> None:
    """Keep the open polls, and the newest closed ones."""
    closed = [poll for poll in polls if not poll.is_open][-KEPT:]
    kept = [poll for poll in polls if poll.is_open or poll in closed]
    ctx.store["polls"] = msgspec.to_builtins(kept)


def find_poll(polls: Iterable[Poll], room: str, number: int | None) -> Poll:
    """Return the poll of a number, or the newest open one of a room, or its newest. Raises UsageError."""
    here = [poll for poll in polls if target_key(poll.room) == target_key(room)]
    if number:
        here = [poll for poll in here if poll.number == number]
    open_ones = [poll for poll in here if poll.is_open]
    if not here:
        raise UsageError(f"{room or 'here'} has no poll{f' {number}' if number else ''}; `poll QUESTION OPTIONS` asks")
    return (open_ones or here)[-1]


# --- commands -------------------------------------------------------------------------------------------------------


@command("poll")
def ask(ctx: Context, question: str, *options: str, minutes: int = 0) -> None:
    """Ask the room: `poll "Lunch?" pizza soup "nothing at all"`."""
    options = tuple(dict.fromkeys(option.strip() for option in options if option.strip())) or ("yes", "no")
    if not ctx.room:
        raise UsageError("a poll is for a room; join one first")
    if not 2 <= len(options) <= OPTIONS:
        raise UsageError(f"a poll has 2 to {OPTIONS} options; put those of several words into quotes")
    if not 0 <= minutes <= MINUTES:
        raise UsageError(f"--minutes is between 1 and {MINUTES}")
    with _lock:
        polls = load_polls(ctx)
        if sum(poll.is_open for poll in polls) >= OPEN:
            raise UsageError(f"{OPEN} polls are open; `endpoll NUMBER` closes one")
        number = max((poll.number for poll in polls), default=0) + 1
        closes = ctx.now() + minutes * 60 if minutes else 0
        poll = Poll(number, ctx.room, ctx.sender or ctx.me, question, list(options), closes=closes)
        save_polls(ctx, [*polls, poll])
    ctx.say(poll.asked())


@command("vote")
def vote(ctx: Context, option: int, *, poll: int | None = None) -> str:
    """Vote for an option of the newest poll here, or of another one; the last vote counts."""
    return count(ctx, ctx.room, ctx.sender or ctx.me, option, poll)


@command("results")
def results(ctx: Context, poll: int | None = None) -> str:
    """Show how a poll stands."""
    return find_poll(load_polls(ctx), ctx.room, poll).results(columns_of(ctx))


@command("endpoll")
def close(ctx: Context, poll: int | None = None) -> None:
    """Close your poll, and tell the room how it went."""
    with _lock:
        polls = load_polls(ctx)
        found = find_poll(polls, ctx.room, poll)
        if target_key(found.by) != target_key(ctx.sender or ctx.me):
            raise UsageError(f"poll {found.number} is {found.by}'s, who alone closes it")
        if not found.is_open:
            raise UsageError(f"poll {found.number} is closed already; `results {found.number}` shows it")
        found.is_open = False
        save_polls(ctx, polls)
    ctx.say(found.results(60))


# --- votes by message, and the clock --------------------------------------------------------------------------------


@hook("message")
def take_vote(message: Message, ctx: Context) -> None:
    """Count `vote 2` of somebody, and let them see by a reaction that it was."""
    match = VOTE.fullmatch(message.text.strip())
    if not (match and message.room):
        return
    try:
        count(ctx, message.room, message.sender, int(match[1]), int(match[2] or 0) or None)
    except UsageError:
        return  # people say such things; a mistaken vote is one without a reaction
    if message.seq:
        ctx.chat.react(message.room, message.seq, "✓")


@hook("send")
def take_own_vote(message: Message, ctx: Context) -> None:
    """Count an own `vote 2`: what one says oneself comes by no `message` hook."""
    take_vote(message, ctx)


def count(ctx: Context, room: str, name: str, option: int, number: int | None) -> str:
    """Count a vote, and return what to tell the voter. Raises UsageError."""
    with _lock:
        polls = load_polls(ctx)
        poll = find_poll(polls, room, number)
        poll.vote(name, option)
        save_polls(ctx, polls)
    return f"you voted for {poll.options[option - 1]} in poll {poll.number}"


@every(seconds=5)
def close_due(ctx: Context) -> None:
    """Close polls whose time is over; also those whose time passed while nobody was here."""
    with _lock:
        polls = load_polls(ctx)
        due = [poll for poll in polls if poll.is_open and 0 < poll.closes <= ctx.now()]
        for poll in due:
            poll.is_open = False
        if due:
            save_polls(ctx, polls)
    for poll in due:
        ctx.say(poll.results(60), to=poll.room)
