"""A real chat in process, and people in it who type commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from libchat.accounts.desk import MemoryAccounts
from libchat.hub import Hub
from support.desk import NOW
from support.signing import CHEAP
from support.typist import Enter, Typist


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a chat that keeps accounts."""
    with Hub(accounts=MemoryAccounts(hasher=CHEAP, clock=lambda: int(NOW * 1000)), clock=lambda: NOW) as hub:
        yield hub


@pytest.fixture
def enter(hub: Hub) -> Iterator[Enter]:
    """Return what brings people in, with a shell each, into a room if one is named."""
    typists: list[Typist] = []

    def bring(name: str, room: str = "", account: bool = False) -> Typist:
        typist = Typist(hub.connect(name, account=account))
        typists.append(typist)
        if room:
            typist.run(f"/join {room}")
        return typist

    yield bring
    for typist in typists:
        typist.close()


@pytest.fixture
def ana(enter: Enter) -> Typist:
    """Return Ana, who owns #red."""
    return enter("ana", "#red")


@pytest.fixture
def bo(ana: Typist, enter: Enter) -> Typist:
    """Return Bo, who is a member of #red."""
    return enter("bo", "#red")
