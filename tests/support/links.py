"""The server's end of a link, as a test plays it: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Iterable

from libchat import messages as m
from libchat.client.link import OWN, Link
from libchat.client.memory import Memory
from libchat.wire.native import Native

WELCOME = m.Welcome("test/1", "log-1", cid=OWN)
NATIVE = Native()


def lines(events: Iterable[m.Event]) -> bytes:
    """Return the bytes by which a server tells events."""
    return b"".join(map(NATIVE.format_event, events))


def sent(link: Link) -> list[m.Command]:
    """Return the commands that a link has sent since the last time."""
    commands: list[m.Command] = []
    for line in link.data_to_send().splitlines():
        (command,) = NATIVE.parse_line(line, None)
        assert isinstance(command, m.Command), command
        commands.append(command)
    return commands


def tell(link: Link, *events: m.Event) -> list[m.Event]:
    """Have a server tell events, and return what the program hears of them."""
    return link.receive_data(lines(events))


def greet(
    link: Link,
    *,
    log: str = "log-1",
    name: str = "ana",
    is_account: bool = False,
    rooms: tuple[str, ...] | None = None,
    kicks: tuple[m.Kicked, ...] = (),
) -> list[m.Event]:
    """Connect a link, and have it welcomed and registered. What it has sent so far is forgotten."""
    link.connected()
    heard = tell(link, m.Welcome("test/1", log, cid=OWN))
    link.data_to_send()
    return heard + tell(link, m.Registered(name, OWN, is_account, rooms=rooms, kicks=kicks))


def make_live(memory: Memory | None = None, *, is_account: bool = False) -> Link:
    """Return a link that has its name."""
    link = Link("ana", "secret", memory=memory)
    greet(link, is_account=is_account)
    assert sent(link) == []
    return link


def entry(seq: int, *, sender: str = "bo", target: str = "ana") -> m.Entry:
    """Return an entry that ana gets."""
    return m.Entry(target, seq, sender, 1000 + seq, f"text {seq}")
