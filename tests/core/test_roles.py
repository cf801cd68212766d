"""Who may do what: every role, every action, every role of the other."""

from __future__ import annotations

from itertools import product

import pytest

from libchat.core.roles import LEAST, ROLES, Action, Rank, check_may, effective, may, may_grant, rank_of
from libchat.errors import Code, Refused

MEMBER, VOICE, OPERATOR, OWNER = Rank

MAY: dict[Action, tuple[Rank, ...]] = {
    "speak": (MEMBER, VOICE, OPERATOR, OWNER),
    "topic": (MEMBER, VOICE, OPERATOR, OWNER),
    "invite": (MEMBER, VOICE, OPERATOR, OWNER),
    "mute": (OPERATOR, OWNER),
    "kick": (OPERATOR, OWNER),
    "ban": (OPERATOR, OWNER),
    "list": (OPERATOR, OWNER),
    "set": (OPERATOR, OWNER),
    "voice": (OPERATOR, OWNER),
    "grant": (OWNER,),
}

TO_OTHERS = {
    (OPERATOR, MEMBER), (OPERATOR, VOICE),
    (OWNER, MEMBER), (OWNER, VOICE), (OWNER, OPERATOR),
}  # fmt: skip
"""Who may kick, ban and mute whom."""

GRANTS = {
    (OPERATOR, MEMBER, MEMBER), (OPERATOR, MEMBER, VOICE), (OPERATOR, VOICE, MEMBER), (OPERATOR, VOICE, VOICE),
    *((OWNER, other, role) for other in (MEMBER, VOICE, OPERATOR) for role in Rank),
}  # fmt: skip
"""Who may give whom which role."""

STEPS_DOWN = {
    (VOICE, MEMBER), (OPERATOR, MEMBER), (OPERATOR, VOICE), (OWNER, MEMBER), (OWNER, VOICE), (OWNER, OPERATOR),
}  # fmt: skip
"""What may be made of one's own role by oneself."""


def test_the_table_has_every_action() -> None:
    """Both tables tell of the same actions, and roles are called as ranks are ordered."""
    assert set(MAY) == set(LEAST)
    assert [rank_of(role) for role in ROLES] == list(Rank)


@pytest.mark.parametrize(("action", "rank"), list(product(MAY, Rank)))
def test_who_may_at_all(action: Action, rank: Rank) -> None:
    """A role does what the table says and no more; who may not is told what to do."""
    assert may(action, rank) == (rank in MAY[action])
    if rank not in MAY[action]:
        with pytest.raises(Refused, match="ask one") as refused:
            check_may(action, rank, "#red")
        assert refused.value.code == Code.NOT_PERMITTED


@pytest.mark.parametrize(("action", "rank", "other"), list(product(("kick", "ban", "mute"), Rank, Rank)))
def test_who_may_do_it_to_whom(action: Action, rank: Rank, other: Rank) -> None:
    """Nobody acts on somebody whose role is not lower."""
    assert may(action, rank, other) == ((rank, other) in TO_OTHERS)
    if (rank, other) not in TO_OTHERS:
        with pytest.raises(Refused):
            check_may(action, rank, "#red", "bo", other)


@pytest.mark.parametrize(("rank", "other", "role"), list(product(Rank, Rank, Rank)))
def test_who_may_give_whom_which_role(rank: Rank, other: Rank, role: Rank) -> None:
    """Owners make everything of those below them; operators give and take a voice."""
    assert may_grant(rank, other, role, is_self=False, is_only_owner=other is OWNER) == ((rank, other, role) in GRANTS)


@pytest.mark.parametrize(("own", "role", "is_only"), list(product(Rank, Rank, (False, True))))
def test_who_may_make_what_of_themselves(own: Rank, role: Rank, is_only: bool) -> None:
    """Everybody gives a role up, but for the only owner; nobody takes a higher one where there is an owner."""
    is_only_owner = is_only and own is OWNER
    expected = (own, role) in STEPS_DOWN and not is_only_owner
    assert may_grant(own, own, role, is_self=True, is_only_owner=is_only_owner) == expected


@pytest.mark.parametrize("role", list(Rank))
def test_a_room_without_an_owner(role: Rank) -> None:
    """There an operator acts as an owner, also on other operators, and may become one; others may not."""
    assert [effective(rank, has_owner=False) for rank in Rank] == [MEMBER, VOICE, OWNER, OWNER]
    assert [effective(rank, has_owner=True) for rank in Rank] == list(Rank)
    acting = effective(OPERATOR, has_owner=False)
    assert may_grant(acting, OPERATOR, role, is_self=False, is_only_owner=False)
    assert may_grant(acting, OPERATOR, role, is_self=True, is_only_owner=False) == (role is not OPERATOR)
    assert not may_grant(VOICE, VOICE, OWNER, is_self=True, is_only_owner=False)
