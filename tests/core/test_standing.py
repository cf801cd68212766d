"""What somebody says while the accounts are asked about them."""

from __future__ import annotations

from libchat import messages as m
from libchat.core.standing import Standing
from libchat.limits import WAITING_COMMANDS


def test_commands_wait_in_order_until_the_accounts_have_answered() -> None:
    """Nothing comes out while it is waited for the answer; then all of it does, the oldest first."""
    standing = Standing()
    standing.is_waiting = True
    said = [m.Join("#a"), m.Join("#b"), m.Who()]
    assert all(standing.hold(command) for command in said)
    assert standing.next_held() is None
    standing.is_waiting = False
    assert [standing.next_held() for _ in range(4)] == [*said, None]


def test_no_more_waits_than_may() -> None:
    """One command too many is not kept, and room that becomes free is used again."""
    standing = Standing()
    assert all(standing.hold(m.Who()) for _ in range(WAITING_COMMANDS))
    assert not standing.hold(m.Ping())
    assert standing.next_held() == m.Who()
    assert standing.hold(m.Ping())
