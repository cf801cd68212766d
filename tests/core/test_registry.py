"""Who holds which name, and on which sessions."""

from __future__ import annotations

import pytest

from libchat.core.offline import OfflineQueue
from libchat.core.registry import Registry, Session
from libchat.errors import Code, Refused
from libchat.names import parse_name


class People:
    """A registry, and how to come and go."""

    def __init__(self) -> None:
        self.offline = OfflineQueue()
        self.registry = Registry(self.offline)

    def attach(self, name: str, device: str = "", *, account: str = "") -> Session:
        """Return a session that has just taken a name, with what is left of those that it replaces still attached."""
        session = Session(wants_receipts=True, has_acks=True)
        session.account = account
        self.ghosts = self.registry.attach(session, parse_name(name), device, 5)
        return session

    def is_refused(self, name: str, device: str = "", *, account: str = "") -> bool:
        """Return whether a name is taken."""
        with pytest.raises(Refused) as caught:
            self.attach(name, device, account=account)
        assert caught.value.subject == name
        return caught.value.code == Code.NAME_TAKEN


@pytest.fixture
def people() -> People:
    """Return an empty registry."""
    return People()


def test_a_name_is_held_once(people: People) -> None:
    """Nobody takes a name that is held, in whatever letters it is written, nor one that looks like it."""
    people.attach("Bill")
    assert people.is_refused("Bill")
    assert people.is_refused("bILL")
    assert people.is_refused("Bi1l")
    assert [person.name.display for person in people.registry.online()] == ["Bill"]


def test_a_refused_name_changes_nothing(people: People) -> None:
    """Who was refused a name can take another one, and the name's owner keeps theirs."""
    first = people.attach("ana")
    assert people.is_refused("ana")
    assert first.person is not None
    assert first.person.audience == (first,)
    assert people.offline.find(parse_name("ana")) is None


def test_a_guests_name_is_free_with_its_last_session(people: People) -> None:
    """When a guest has gone, anybody may take the name or one that looks like it."""
    session = people.attach("Bill")
    assert people.registry.detach(session)
    assert session.person is None
    assert people.registry.online() == []
    people.registry.detach(people.attach("Bi1l"))
    people.attach("BILL")


def test_detaching_a_session_without_a_name_frees_none(people: People) -> None:
    """Who never had a name, or has given it back, has none to free."""
    assert not people.registry.detach(Session(wants_receipts=True, has_acks=True))
    session = people.attach("ana")
    people.registry.detach(session)
    people.attach("ana")
    assert not people.registry.detach(session)
    assert len(people.registry.online()) == 1


def test_the_same_device_takes_over(people: People) -> None:
    """A new connection of a device gets the name of its lost one, which is returned to be detached."""
    old = people.attach("ana", "phone")
    new = people.attach("Ana", "phone")
    assert people.ghosts == (old,)
    assert not people.registry.detach(old)
    assert new.person is not None
    assert new.person.audience == (new,)
    assert new.person.name.display == "ana"


@pytest.mark.parametrize(("old", "new"), [("phone", "laptop"), ("phone", ""), ("", "phone"), ("", "")])
def test_another_device_does_not_take_over(people: People, old: str, new: str) -> None:
    """Only the very same device is let in, and no device is not a device."""
    people.attach("ana", old)
    assert people.is_refused("ana", new)


def test_an_account_has_several_sessions(people: People) -> None:
    """Whoever has proven to be the account attaches beside its other sessions; the name stays theirs without any."""
    one = people.attach("ana", account="ana")
    other = people.attach("Ana", account="ana")
    assert one.person is other.person
    assert people.ghosts == ()
    assert one.person is not None
    assert one.person.audience == (one, other)
    assert not people.registry.detach(one)
    assert not people.registry.detach(other)
    assert people.registry.online() == []
    assert people.is_refused("ana")
    assert people.is_refused("ana", account="bo")
    people.attach("ana", account="ana")


def test_an_account_does_not_take_a_guests_name(people: People) -> None:
    """A guest who holds the name keeps it: it was there first, and it is no account's."""
    people.attach("ana")
    assert people.is_refused("ana", account="ana")


def test_who_is_online_is_sorted(people: People) -> None:
    """Everyone with a session, by canonical name."""
    for name in ("cy", "Bo", "ana"):
        people.attach(name)
    people.registry.detach(people.attach("dan", account="dan"))
    assert [person.name.display for person in people.registry.online()] == ["ana", "Bo", "cy"]


def test_a_name_that_comes_back_finds_its_mailbox(people: People) -> None:
    """The mailbox is the name's: who takes it again has what waited, under the letters that they chose now."""
    session = people.attach("ana")
    mailbox = session.mailbox
    people.registry.detach(session)
    assert people.offline.find(parse_name("ANA")) is mailbox
    again = people.attach("Ana")
    assert again.mailbox is mailbox
    assert mailbox is not None
    assert mailbox.name.display == "Ana"
    assert people.offline.find(parse_name("ana")) is None
