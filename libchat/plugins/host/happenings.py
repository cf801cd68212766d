"""From what a participant hears to the observers' hooks."""

from __future__ import annotations

from libchat import messages as m


def happening(event: m.Event, me: str) -> tuple[str, str, str, dict[str, object]] | None:
    """Return hook, sender, target and arguments for an event, None for one that no observer hears of."""
    if isinstance(event, m.Joined):
        return "join", event.name, event.room, {"room": event.room, "name": event.name}
    if isinstance(event, m.Left):
        return "leave", event.name, event.room, {"room": event.room, "name": event.name}
    if isinstance(event, m.Kicked):
        told = {"room": event.room, "name": event.name, "by": event.by, "reason": event.reason}
        return "kick", event.by, event.room, dict(told)
    if isinstance(event, m.Interrupted):
        return "disconnect", me, "", {"name": me}
    if isinstance(event, m.Resumed):
        return "connect", me, "", {"name": me}
    if isinstance(event, m.Entry) and event.sender != me:
        return _of_entry(event)
    return None


def _of_entry(entry: m.Entry) -> tuple[str, str, str, dict[str, object]] | None:
    target = entry.target if entry.target.startswith("#") else entry.sender
    if entry.kind == "topic":
        return "topic", entry.sender, target, {"room": entry.target, "name": entry.sender, "text": entry.text}
    if entry.kind in ("edit", "delete", "react"):
        return entry.kind, entry.sender, target, {"entry": entry}
    return None
