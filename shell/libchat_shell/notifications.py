"""What a person wants to be called for. How they are called is done elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from libchat_shell.sanitise import clip, safe_line

LEVELS: Final = ("all", "mentions", "none")
"""What a person may ask for: every message, mentions and private messages, nothing."""

BODY_COLUMNS: Final = 200
"""How much of a text is shown: what desktops have room for."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Something to call a person for: "mention", "private", "message" or "invite". Texts are one line each, clean."""

    kind: str
    target: str
    title: str
    body: str


def decide(target: str, sender: str, text: str, *, is_mention: bool, level: str) -> Notification | None:
    """Return what to call the person for because of a message of somebody else, None for nothing.

    `target` is the conversation: the sender's name for a private message.
    """
    is_private = not target.startswith("#")
    if level == "none" or not (is_private or is_mention or level == "all"):
        return None
    name, place = safe_line(sender), safe_line(target)
    title = name if is_private else f"{name} in {place}"
    kind = "private" if is_private else "mention" if is_mention else "message"
    return Notification(kind, place, title, clip(safe_line(text), BODY_COLUMNS))


def invited(room: str, name: str, *, level: str) -> Notification | None:
    """Return the call for an invitation."""
    if level == "none":
        return None
    place = safe_line(room)
    return Notification("invite", place, f"{safe_line(name)} invites you to {place}", "")
