"""What the shell knows: conversations, what is on the screen, what is pending. Pure: time is an argument.

Owned by one thread, the user interface's. All times (`now`) are milliseconds since 1970. What a method returns is to be
printed above the prompt, at once and in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from libchat import Entry
from libchat import messages as m
from libchat_shell.lines import Fragment, Line


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that a person wants to be called for. `kind` is "mention", "private" or "invite"."""

    kind: str
    target: str
    title: str
    body: str


class Model:
    """The state of the shell."""

    def __init__(self, me: str, look: object = None, *, ignored: Iterable[str] = (), notify: str = "mentions") -> None:
        self.me = me

    def take(self, event: m.Event, now: int) -> list[Line]:
        """Take an event, and return what is printed of it.

        Answers that a blocking call got (`Entered` of `chat.join`, `Exited` of `chat.leave`) and own edits, deletions,
        reactions and topics, once accepted, as an `Entry` with the own name as sender, come this way, too: the chat
        tells them to the other sessions only. `Accepted` and `Failed` are known by their `cid`.
        """
        raise NotImplementedError

    def sent(self, target: str, text: str, cid: str, now: int, *, reply_to: int = 0) -> list[Line]:
        """Notice an own message, which is submitted with this `cid`, and return how it is shown. It is pending."""
        raise NotImplementedError

    def switch(self, target: str, now: int) -> list[Line]:
        """Have a conversation on the screen, opened if it was not; return its heading and what is unread."""
        raise NotImplementedError

    def close(self, target: str, now: int) -> list[Line]:
        """Take a conversation off the list. If it was on the screen, the one before is."""
        raise NotImplementedError

    def flush(self, now: int) -> list[Line]:
        """Return what was held back to be folded, if its time has come. Called about once a second."""
        raise NotImplementedError

    @property
    def active(self) -> str:
        """The conversation that is on the screen, "" for home."""
        raise NotImplementedError

    def next_active(self) -> str | None:
        """Return the conversation that wants attention most: a mention or private message, then any unread; or None."""
        raise NotImplementedError

    def nth(self, number: int) -> str | None:
        """Return a conversation by its number in the status line: from 1; 0 is home."""
        raise NotImplementedError

    def status(self, now: int) -> list[Fragment]:
        """Return the line above the input: where one is, what is unread elsewhere, the connection, receipts, typing."""
        raise NotImplementedError

    def prompt(self) -> str:
        """Return what stands before the input: the room or name, and `> `."""
        raise NotImplementedError

    def wanted(self) -> list[Notification]:
        """Return what a person wants to be called for since the last time this was asked."""
        raise NotImplementedError

    def reads(self) -> list[tuple[str, int]]:
        """Return, for `chat.read`, up to which number conversations were shown since the last time this was asked."""
        raise NotImplementedError

    def entries(self, title: str, entries: Sequence[Entry], now: int, *, more: str = "") -> list[Line]:
        """Return entries of history or of a search, under a title; with their places, if they are of several."""
        raise NotImplementedError

    def told(self, text: str, now: int, *, is_error: bool = False) -> list[Line]:
        """Return lines of the shell's own, or of a command: cleaned, marked so that no peer could have written them."""
        raise NotImplementedError

    def entry(self, target: str, seq: int) -> Entry | None:
        """Return an entry of a conversation that was shown a while ago at most."""
        raise NotImplementedError

    def last(self, target: str, *, own: bool = False, of: str = "") -> Entry | None:
        """Return the newest message of a conversation: an own one, somebody's, or one of anybody but oneself."""
        raise NotImplementedError

    def ignore(self, name: str, *, is_ignored: bool) -> None:
        """Show nothing that somebody says, or show it again."""
        raise NotImplementedError

    # --- what completion and commands look up ---

    def members(self, target: str) -> Sequence[str]:
        """Return who may be meant in a conversation: most recently spoken first, then by alphabet, oneself last."""
        raise NotImplementedError

    def rooms(self) -> Sequence[str]:
        """Return rooms that are known, those that one is in first."""
        raise NotImplementedError

    def messages(self, target: str) -> Sequence[tuple[int, str, str]]:
        """Return recent messages, newest first: number, sender, text."""
        raise NotImplementedError
