"""Who may do what in a room: a table, and three rules.

1. A role does what its row in `LEAST` says, and all that lower roles do.
2. One acts on those of a lower role than one's own only. On oneself one acts only to give a role up.
3. In a room without an owner, its operators may do what an owner may: the first of them to do so names one.

The only owner of a room does not give that up without naming another one; but everybody may leave at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Literal

from libchat.errors import Code, Refused

Action = Literal["speak", "topic", "invite", "mute", "kick", "ban", "list", "set", "voice", "grant"]


class Rank(IntEnum):
    """Roles in their order. A member without any is the lowest."""

    MEMBER = 0
    VOICE = 1
    OPERATOR = 2
    OWNER = 3


ROLES: Final[tuple[str, ...]] = ("", "voice", "operator", "owner")
"""What the ranks are called."""

LEAST: Final[Mapping[Action, Rank]] = {
    "speak": Rank.MEMBER,  # in a moderated room: VOICE
    "topic": Rank.MEMBER,  # unless the room reserves it: OPERATOR
    "invite": Rank.MEMBER,  # past a password, or where only the invited enter: OPERATOR
    "mute": Rank.OPERATOR,
    "kick": Rank.OPERATOR,
    "ban": Rank.OPERATOR,
    "list": Rank.OPERATOR,
    "set": Rank.OPERATOR,
    "voice": Rank.OPERATOR,  # to give a voice, or to take it
    "grant": Rank.OWNER,  # to make owners and operators, or plain members of them
}


def rank_of(role: str) -> Rank:
    """Return the rank of a role."""
    return Rank(ROLES.index(role))


def effective(rank: Rank, *, has_owner: bool) -> Rank:
    """Return as what somebody acts: rule 3."""
    return Rank.OWNER if rank is Rank.OPERATOR and not has_owner else rank


def may(action: Action, rank: Rank, other: Rank | None = None) -> bool:
    """Return whether a rank may do something: at all, or to another one with the rank `other` (rules 1 and 2)."""
    return rank >= LEAST[action] and (other is None or rank > other)


def may_grant(rank: Rank, other: Rank, role: Rank, *, is_self: bool, is_only_owner: bool) -> bool:
    """Return whether a rank may give a role to somebody who has the rank `other`.

    On oneself, `other` is one's real rank, and `rank` as what one acts.
    """
    if is_self:
        return (role < other and not is_only_owner) or Rank.OPERATOR <= other < role <= rank
    action: Action = "voice" if max(role, other) <= Rank.VOICE else "grant"
    return may(action, rank, other)


def check_may(action: Action, rank: Rank, room: str, name: str = "", other: Rank | None = None) -> None:
    """Raise `Refused` with `not-permitted` unless a rank may do something, to `name` with the rank `other`."""
    if not may(action, rank):
        least = "an owner" if LEAST[action] is Rank.OWNER else "an operator"
        raise Refused(Code.NOT_PERMITTED, f"only {least} of {room} does that; ask one, `who` tells the roles", room)
    if not may(action, rank, other):
        raise Refused(Code.NOT_PERMITTED, f"{name} has a role in {room} that is not lower than yours", name)
