"""What plugins are handed and hand back: messages on their way, and refusals of them."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as _replace
from typing import Final

LIBCHAT_API: Final = 1
"""The version of what plugins see. One that states another number in its own `LIBCHAT_API` is not loaded."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way. `target` is the `#room` or the name it goes to; `time` is in ms since 1970, 0 if unknown.

    `seq` is its number in the conversation, 0 before the chat has accepted it. `reply_to` is the number of the message
    that it answers, 0 for none.
    """

    sender: str
    target: str
    text: str
    seq: int = 0
    time: int = 0
    reply_to: int = 0

    @property
    def room(self) -> str:
        """The `#room` it is said in, "" if it is private."""
        return self.target if self.target.startswith("#") else ""

    def replace(self, *, text: str) -> Message:
        """Return the same message with another text."""
        return _replace(self, text=text)


@dataclass(frozen=True, slots=True)
class Drop:
    """What a transform returns instead of a message that goes no further. The reason is told to who should know."""

    reason: str = ""
