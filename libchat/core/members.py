"""What the log knows of the memberships of accounts. An entering or leaving may be under way to it, and may fail."""

from __future__ import annotations

from collections.abc import Mapping

from libchat.records import Member


class Members:
    """The memberships that the log has, and the newest change of each that it has not answered."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Member]] = {}
        """By name and conversation."""
        self._changing: dict[str, dict[str, Member]] = {}

    def change(self, fact: Member) -> Member:
        """Notice that a change goes to the log, and return it."""
        self._changing.setdefault(fact.name, {})[fact.conversation] = fact
        return fact

    def changing(self, name: str) -> Mapping[str, Member]:
        """Return the newest changes for an account that are under way to the log, by conversation."""
        return self._changing.get(name, {})

    def stored(self, fact: Member) -> None:
        """Notice that the log has stored a change, or had it when it was opened."""
        theirs = self._kept.setdefault(fact.name, {})
        if fact.is_in:
            theirs[fact.conversation] = fact
        else:
            theirs.pop(fact.conversation, None)
            if not theirs:
                del self._kept[fact.name]
        self._answered(fact)

    def failed(self, fact: Member) -> bool:
        """Notice that the log has not stored a change, and return whether what it knows is to be restored.

        It is not, if a later change is under way: then that one decides.
        """
        return self._answered(fact)

    def _answered(self, fact: Member) -> bool:
        """Notice what the log has answered, and return whether it was the newest change."""
        changing = self._changing.get(fact.name, {})
        if changing.get(fact.conversation) is not fact:
            return False
        del changing[fact.conversation]
        if not changing:
            del self._changing[fact.name]
        return True

    def find(self, name: str, conversation: str) -> Member | None:
        """Return the membership that the log has, None if there is none."""
        return self._kept.get(name, {}).get(conversation)

    def of(self, name: str) -> Mapping[str, Member]:
        """Return the memberships of an account that the log has, by conversation."""
        return self._kept.get(name, {})
