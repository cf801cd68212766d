"""What to do about an error of the chat, in the words of the shell.

The chat says what was wrong, in words that fit every client. What a person can do about it here, is a command.
"""

from __future__ import annotations

import re
from typing import Final

from libchat.errors import ChatError, Closed, Code, Disconnected, Refused

ADVICE: Final[dict[str, str]] = {
    Code.INVITE_ONLY: "Somebody in it can type: /invite {me}",
    Code.MODERATED: "/who shows who they are",
    Code.NOT_IN_ROOM: "/join {subject} enters it",
    Code.NOT_PERMITTED: "/who shows who has which role",
    Code.NO_SUCH_ENTRY: "/history shows the numbers",
    Code.PASSWORD_NEEDED: "/password asks for it",
    Code.QUEUE_FULL: "Wait a moment, and try again",
    Code.RATE_LIMITED: "Wait a moment, and try again",
    Code.BUSY: "Wait a moment, and try again",
    Code.ROOM_PASSWORD: "/join {subject} asks for it",
    Code.NOT_YOURS: "/history shows what is yours",
    Code.UNAVAILABLE: "Try again in a moment; if it stays so, tell who runs the server",
}
"""What is said behind the chat's own words, by code. `{me}` and `{subject}` are filled in."""

PLAIN: Final[frozenset[str]] = frozenset(
    {
        # the chat's words say what to do
        *(Code.BAD_LINE, Code.BAD_NAME, Code.BAD_VALUE, Code.EMPTY_TEXT, Code.LINE_TOO_LONG, Code.TEXT_TOO_LONG),
        *(
            Code.NAME_TAKEN,
            Code.NO_SUCH_NAME,
            Code.TOO_MANY,
            Code.TOO_MANY_TRIES,
            Code.TO_YOURSELF,
            Code.WRONG_PASSWORD,
            Code.CID_REUSED,
        ),
        Code.DROPPED,  # a plugin of the server says why
        *(Code.BANNED, Code.MUTED),  # nothing here helps but time, and an operator
        # how one comes in, before there is a shell
        *(Code.BAD_PROOF, Code.INVITE_EXPIRED, Code.INVITE_UNKNOWN, Code.INVITE_USED_UP, Code.NOT_ADMITTED),
        *(Code.NOT_REGISTERED, Code.ALREADY_REGISTERED, Code.UNKNOWN_COMMAND),
    }
)
"""Codes that need no advice."""

_WORD: Final = re.compile("`(who|join|leave|rooms|bans)`")
"""The words of the original client, as the chat's own sentences name them: they are commands here."""

_PASSWORD: Final = re.compile("set a password first")

_ALWAYS: Final = frozenset({Code.INVITE_ONLY, Code.MODERATED, Code.NOT_IN_ROOM, Code.ROOM_PASSWORD})
"""Codes whose advice says more than the end of the chat's sentence, which is behind a semicolon."""


class Advised(Refused):
    """A refusal in words for a person at the shell."""

    def __str__(self) -> str:
        return self.reason


def advise(error: ChatError | TimeoutError, me: str = "") -> str:
    """Return what was wrong, and what to do about it."""
    if isinstance(error, TimeoutError):
        return "the server does not answer. It may have done it all the same: look, before you try again"
    if isinstance(error, Disconnected):
        return f"there is no connection ({error.reason}). Restart the shell to try again"
    if isinstance(error, Closed):
        return "you have left the chat"
    if not isinstance(error, Refused):
        return str(error)
    reason = _PASSWORD.sub(r"\g<0> (/password)", _WORD.sub(r"/\1", error.reason))
    is_said = "; " in reason and error.code not in _ALWAYS
    hint = "" if is_said else ADVICE.get(error.code, "").format(me=me or "NAME", subject=error.subject or "ROOM")
    return f"{reason}. {hint}." if hint else reason


def advised(error: Refused, me: str) -> Advised:
    """Return a refusal as it is told in the shell."""
    return Advised(error.code, advise(error, me), error.subject)
