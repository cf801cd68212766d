"""The page of limits is the code's, and what it says happens beyond a limit does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

import pytest

import generate_limits
import libchat
from libchat import Code, Participant, Refused, limits
from libchat.accounts.desk import MemoryAccounts
from libchat.cli.settings.table import settings
from libchat.core.rooms import Quotas
from libchat.server.bounds import Bounds
from support.pages import read, rows, words

TABLE = {words(row[0])[0]: row for row in rows(read("reference/limits.md"))}


def test_every_limit_is_documented() -> None:
    """Numbers, reasons and settings are the code's; `python tests/generate_limits.py` writes them anew."""
    assert generate_limits.PAGE.read_text(encoding="utf-8") == generate_limits.page()
    constants = {name for name in vars(limits) if name.isupper()}
    assert constants | {name for _, name in generate_limits.ELSEWHERE} == set(TABLE) == set(generate_limits.OVER)
    assert len(generate_limits.limits()) == len(constants) > 90


def test_every_setting_that_is_a_limit_is_at_its_limit() -> None:
    """Each field of the bounds stands beside the constant that is its default."""
    told = {words(row[0])[1]: name for name, row in TABLE.items() if "setting" in row[0]}
    assert set(told) == {field.name for field in fields(Bounds)} == {each.name for each in settings() if each.is_limit}
    assert {field.name: getattr(limits, told[field.name]) for field in fields(Bounds)} == {
        field.name: field.default for field in fields(Bounds)
    }


def test_numbers_are_as_people_read_them() -> None:
    """Units follow from the names, thousands have commas, and long times are days."""
    shown = {limit.name: limit.shown for limit in generate_limits.limits()}
    assert shown["TEXT_BYTES"] == "4,096 bytes"
    assert shown["QUEUE_SECONDS"] == "30 days"
    assert shown["SEEN_SECONDS"] == "1 h"
    assert shown["BACKOFF_FIRST_SECONDS"] == "0.25 s"
    assert shown["LIMIT_LOOPBACK"] == "no"


def test_no_topic_has_a_table_of_its_own() -> None:
    """The numbers stand in one place."""
    assert rows(read("topics/limits.md")) == []


Try = Callable[[Participant], object]


def _for_each(count: int, do: Callable[[str], None]) -> None:
    for number in range(count):
        do(f"eve{number}")


TRIES: dict[str, Try] = {
    "NAME_CHARACTERS": lambda ana: ana.join("#" + "a" * (limits.NAME_CHARACTERS + 1)),
    "TEXT_BYTES": lambda ana: ana.send("bo", "a" * (limits.TEXT_BYTES + 1)).accepted(timeout=5),
    "TOPIC_BYTES": lambda ana: ana.set_topic("#team", "a" * (limits.TOPIC_BYTES + 1)).accepted(timeout=5),
    "REACTIONS": lambda ana: [ana.react("#team", 1, f"+{n}").accepted(timeout=5) for n in range(limits.REACTIONS + 1)],
    "REACTION_CHARACTERS": lambda ana: ana.react("#team", 1, "a" * (limits.REACTION_CHARACTERS + 1)).accepted(
        timeout=5
    ),
    "SEARCH_WORDS": lambda ana: ana.search("word " * (limits.SEARCH_WORDS + 1)),
    "ROOMS_BY_NAME": lambda ana: [ana.join(f"#r{n}") for n in range(limits.ROOMS_BY_NAME)],
    "MEMBERS_BY_ROOM": lambda ana: ana.join("#full"),
    "ROOM_BANS": lambda ana: _for_each(limits.ROOM_BANS + 1, lambda name: ana.ban("#team", name)),
    "ROOM_MUTES": lambda ana: _for_each(limits.ROOM_MUTES + 1, lambda name: ana.mute("#team", name)),
    "BAN_SECONDS": lambda ana: ana.ban("#team", "eve", limits.BAN_SECONDS + 1),
    "INVITES": lambda ana: [ana.make_invite() for _ in range(limits.INVITES + 1)],
    "INVITE_USES": lambda ana: ana.make_invite(uses=limits.INVITE_USES + 1),
    "INVITE_SECONDS": lambda ana: ana.make_invite(seconds=limits.INVITE_SECONDS + 1),
    "PASSWORD_CHARACTERS": lambda ana: ana.set_password("a1" * limits.PASSWORD_CHARACTERS),
    "NEW_PASSWORD_CHARACTERS": lambda ana: ana.set_password("a" * (limits.NEW_PASSWORD_CHARACTERS - 1)),
}
"""How somebody who is in #team, and whose message there has the number 1, goes beyond a limit."""


@pytest.fixture
def ana() -> Iterator[Participant]:
    """Return somebody in a chat, who is an owner of #team and has said something there; #full has a member."""
    accounts = MemoryAccounts()
    with libchat.Hub(accounts=accounts, quotas=Quotas(limits.ROOMS_BY_NAME, 1)) as hub:
        hub.connect("bo").join("#full")
        ana = hub.connect("ana")
        ana.join("#team")
        ana.send("#team", "hi").accepted(timeout=5)
        yield ana


@pytest.mark.parametrize("name", sorted(TRIES))
def test_beyond_a_limit_is_what_the_page_says(ana: Participant, name: str) -> None:
    """Who goes beyond it is refused with the code that stands in its row."""
    with pytest.raises(Refused) as refused:
        TRIES[name](ana)
    assert f"`{refused.value.code}`" in TABLE[name][3]


def test_codes_are_codes() -> None:
    """What looks like a code in the last column is one."""
    told = {word for row in TABLE.values() for word in words(row[3])}
    assert told - set(Code) == {"slowed", "skipped"}
