"""Every exception that libchat raises, in one tree.

    ChatError                      catch this to catch all of them
    ├── InvalidName                a name or room name that nobody may have (also a ValueError)
    ├── InvalidMessage             a text that cannot be sent (also a ValueError)
    ├── Closed                     you used a chat, hub or server after closing it
    ├── Refused                    the chat said no: `code` says why, for programs
    │   ├── NameTaken              somebody else has that name now
    │   ├── PasswordNeeded         the name is an account, and nothing has shown that it is yours
    │   ├── WrongPassword          name and password do not belong together
    │   └── Unavailable            the chat takes no messages at the moment
    ├── Disconnected               the connection is gone for good: `reason` says why
    ├── TrustError                 the other side is not who it should be
    │   └── PinMismatch            the server shows another key than the pinned one
    ├── ProtocolError              the peer broke the rules of the wire
    │   └── LineTooLong            a line over the limit, refused before it was held
    ├── StoreError                 the log or the data folder cannot be used
    ├── UsageError                 a command was given other arguments than it takes (also a ValueError)
    └── PluginError                a plugin cannot be loaded, or has failed: `kind` says how

Mistakes of the caller and mistakes of the peer never share a type: the first are `InvalidName`, `InvalidMessage` and
`Closed`, the second `ProtocolError`. A deadline that the caller set and that passed is the builtin `TimeoutError`.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why a command was refused: the `code` of an error on every wire and of `Refused`."""

    BAD_LINE = "bad-line"
    BAD_NAME = "bad-name"
    BAD_PROOF = "bad-proof"
    BAD_VALUE = "bad-value"
    BANNED = "banned"
    BUSY = "busy"
    DROPPED = "dropped"
    EMPTY_TEXT = "empty-text"
    INVITE_EXPIRED = "invite-expired"
    INVITE_ONLY = "invite-only"
    INVITE_UNKNOWN = "invite-unknown"
    INVITE_USED_UP = "invite-used-up"
    LINE_TOO_LONG = "line-too-long"
    MODERATED = "moderated"
    MUTED = "muted"
    NAME_TAKEN = "name-taken"
    NOT_ADMITTED = "not-admitted"
    NO_SUCH_ENTRY = "no-such-entry"
    NO_SUCH_NAME = "no-such-name"
    NOT_IN_ROOM = "not-in-room"
    NOT_PERMITTED = "not-permitted"
    NOT_REGISTERED = "not-registered"
    NOT_YOURS = "not-yours"
    ALREADY_REGISTERED = "already-registered"
    CID_REUSED = "cid-reused"
    PASSWORD_NEEDED = "password-needed"
    QUEUE_FULL = "queue-full"
    RATE_LIMITED = "rate-limited"
    ROOM_PASSWORD = "room-password"
    TEXT_TOO_LONG = "text-too-long"
    TO_YOURSELF = "to-yourself"
    TOO_MANY = "too-many"
    TOO_MANY_TRIES = "too-many-tries"
    UNAVAILABLE = "unavailable"
    UNKNOWN_COMMAND = "unknown-command"
    WRONG_PASSWORD = "wrong-password"


class ChatError(Exception):
    """The root of everything that libchat raises."""


class InvalidName(ChatError, ValueError):
    """A name or room name that nobody may have."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name!r} cannot be a name: {self.reason}"


class InvalidMessage(ChatError, ValueError):
    """A text that cannot be sent: nothing visible is in it, or too much."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Closed(ChatError):
    """The caller used something that it had closed before."""


class Refused(ChatError):
    """The chat refused a command. Nothing of it took effect.

    `code` is one of `Code` (or, from a newer server, a word that is not in it), `reason` is for a person, and `subject`
    is the name, room or word that the refusal is about ("" when there is none).
    """

    def __init__(self, code: str, reason: str, subject: str = "") -> None:
        super().__init__(code, reason, subject)
        self.code = code
        self.reason = reason
        self.subject = subject

    def __str__(self) -> str:
        return f"{self.reason} [{self.code}]"


class NameTaken(Refused):
    """Somebody else has that name now."""


class PasswordNeeded(Refused):
    """The name is an account: give its password, or come with a device that is signed in."""


class WrongPassword(Refused):
    """Name and password do not belong together."""


class Unavailable(Refused):
    """The chat takes no messages at the moment; nothing was accepted."""


def refusal(code: str, reason: str, subject: str = "") -> Refused:
    """Return the exception for an error that the chat answered."""
    kinds: dict[str, type[Refused]] = {
        Code.NAME_TAKEN: NameTaken,
        Code.PASSWORD_NEEDED: PasswordNeeded,
        Code.UNAVAILABLE: Unavailable,
        Code.WRONG_PASSWORD: WrongPassword,
    }
    return kinds.get(code, Refused)(code, reason, subject)


class Disconnected(ChatError):
    """The connection is gone and will not come back by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"disconnected: {self.reason}"


class TrustError(ChatError):
    """The other side could not show that it is who it should be. Nothing was sent to it."""


class PinMismatch(TrustError):
    """The server's key is another one than the pinned one. Pins are as `libchat.security.pins` writes them.

    `expected_words` and `seen_words` are the pins in words, for people who compare them.
    """

    def __init__(
        self,
        address: str,
        expected: str,
        seen: str,
        remedy: str = "",
        expected_words: str = "",
        seen_words: str = "",
    ) -> None:
        super().__init__(address, expected, seen, remedy, expected_words, seen_words)
        self.address = address
        self.expected = expected
        self.seen = seen
        self.remedy = remedy
        self.expected_words = expected_words
        self.seen_words = seen_words

    def __str__(self) -> str:
        seen, expected = _key(self.seen, self.seen_words), _key(self.expected, self.expected_words)
        text = f"{self.address} shows the key {seen}, but {expected} was expected; nothing was sent to it"
        return f"{text}. {self.remedy}" if self.remedy else text


def _key(pin: str, words: str) -> str:
    return f"{pin} ({words})" if words else pin


class ProtocolError(ChatError):
    """The peer broke the rules of the wire; `code` and `reason` can be told to it."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class LineTooLong(ProtocolError):
    """A line of more than `limit` bytes, refused before all of it was held in memory."""

    def __init__(self, limit: int) -> None:
        super().__init__(Code.LINE_TOO_LONG, f"a line may have {limit} bytes at most")
        self.limit = limit


class StoreError(ChatError):
    """The log or the data folder cannot be used; the message says why and what to do."""


class UsageError(ChatError, ValueError):
    """A command was given other arguments than it takes. `usage` is how it is written, "" if that is not known."""

    def __init__(self, reason: str, usage: str = "") -> None:
        super().__init__(reason, usage)
        self.reason = reason
        self.usage = usage

    def __str__(self) -> str:
        return f"{self.reason}\nusage: {self.usage}" if self.usage else self.reason


class PluginError(ChatError):
    """A plugin cannot be loaded, or has failed; the message says what to do.

    `kind` is "load" for one that cannot be loaded, and "raised", "hung" or "exited" for what a call of it has done.
    `details` is a traceback, if there is one.
    """

    def __init__(self, plugin: str, reason: str, kind: str = "load", details: str = "") -> None:
        super().__init__(plugin, reason, kind, details)
        self.plugin = plugin
        self.reason = reason
        self.kind = kind
        self.details = details

    def __str__(self) -> str:
        return f"plugin {self.plugin}: {self.reason}" if self.plugin else self.reason


def reason_of(error: Exception) -> str:
    """Return why a connection has ended, in words that fit into a sentence."""
    if isinstance(error, Disconnected):
        return error.reason
    return (isinstance(error, OSError) and error.strerror) or str(error)
