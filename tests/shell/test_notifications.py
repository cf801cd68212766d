"""What a person is called for."""

from __future__ import annotations

import pytest

from libchat_shell.notifications import BODY_COLUMNS, Notification, decide, invited


@pytest.mark.parametrize(
    ("target", "is_mention", "level", "kind"),
    [
        ("#team", False, "mentions", None),
        ("#team", True, "mentions", "mention"),
        ("#team", False, "all", "message"),
        ("#team", True, "all", "mention"),
        ("#team", True, "none", None),
        ("bo", False, "mentions", "private"),
        ("bo", False, "none", None),
        ("bo", False, "all", "private"),
    ],
)
def test_levels(target: str, is_mention: bool, level: str, kind: str | None) -> None:
    """Mentions and private messages call by default, all messages or none if that is set."""
    call = decide(target, "bo", "hello", is_mention=is_mention, level=level)
    assert (call.kind if call else None) == kind


def test_words() -> None:
    """The title says who and where, the body what, in one line and not all of a long text."""
    assert decide("#team", "bo", "a\nb", is_mention=True, level="all") == Notification(
        "mention", "#team", "bo in #team", "a b"
    )
    long = decide("bo", "bo", "x" * 1000, is_mention=False, level="all")
    assert long is not None
    assert (long.title, len(long.body)) == ("bo", BODY_COLUMNS)


def test_invitations() -> None:
    """An invitation calls, unless nothing does."""
    assert invited("#fun", "bo", level="mentions") == Notification("invite", "#fun", "bo invites you to #fun", "")
    assert invited("#fun", "bo", level="none") is None
