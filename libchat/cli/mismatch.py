"""What is said when a server shows another key than the expected one."""

from __future__ import annotations

from libchat.errors import PinMismatch


def explain_mismatch(error: PinMismatch, more: str = "") -> str:
    """Return what has happened, both keys, why it may be, and what accepts the new one; several lines.

    `more` is added to the last sentence: options of the command that it names.
    """
    lines = [
        f"{error.address} does not show the key that it should. Nothing was sent to it.",
        f"  expected: {error.expected_words}    {error.expected}",
        f"  shown:    {error.seen_words}    {error.seen}",
        f"{error.remedy}{more}",
    ]
    return "\n".join(lines)
