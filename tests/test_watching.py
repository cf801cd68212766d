"""What a hub tells who watches it, and how a program speaks in it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from libchat import messages as m
from libchat.accounts.desk import MemoryAccounts
from libchat.claims import SetPassword
from libchat.errors import Code, NameTaken, Refused
from libchat.happenings import Came, Happening, Went
from libchat.hub import Hub
from support.accounts import SECRET, CountingHasher, ask
from support.chat import Chat
from support.vetting import HeldVetter


class Notebook:
    """Writes down what happens."""

    def __init__(self) -> None:
        self.noted: list[Happening] = []

    def happened(self, happenings: Sequence[Happening]) -> None:
        """Write down."""
        self.noted += happenings

    def take(self) -> list[Happening]:
        """Return what was written, and begin a new page."""
        noted, self.noted = self.noted, []
        return noted


@pytest.fixture
def book() -> Notebook:
    """Return a notebook with nothing in it."""
    return Notebook()


@pytest.fixture
def chat(book: Notebook) -> Chat:
    """Return a chat that is watched."""
    chat = Chat()
    chat.hub.watch(book)
    return chat


def test_who_comes_and_goes_is_told(chat: Chat, book: Notebook) -> None:
    """Somebody comes with the first of their sessions, and goes with the last."""
    one, two = chat.enter("Ana", account=True), chat.enter("ana", account=True)
    chat.depart(one)
    assert book.take() == [Came("Ana")]
    chat.depart(two)
    assert book.take() == [Went("Ana")]


def test_who_takes_over_has_neither_come_nor_gone(chat: Chat, book: Notebook) -> None:
    """A connection that replaces an older one of the same device is the same person, who was here all the time."""
    chat.enter("ana", device="d")
    book.take()
    chat.enter("ana", device="d")
    assert book.take() == []


def test_rooms_are_told(chat: Chat, book: Notebook) -> None:
    """Who enters and leaves a room is told also if nobody else is in it; whoever is lost leaves their rooms."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    book.take()
    chat.do(ana, m.Join("#red"), m.Join("#red"))
    chat.do(bo, m.Join("#red"), m.Leave("#red"), m.Join("#red"))
    joins = [m.Joined("#red", "ana"), m.Joined("#red", "bo"), m.Left("#red", "bo", ""), m.Joined("#red", "bo")]
    assert book.take() == joins
    chat.depart(bo, "gone")
    assert book.take() == [Went("bo"), m.Left("#red", "bo", "gone")]


def test_kicks_are_told(chat: Chat, book: Notebook) -> None:
    """Who was put out was kicked, and has not left."""
    ana = chat.enter("ana", "#red")
    chat.enter("bo", "#red")
    book.take()
    chat.do(ana, m.Kick("#red", "bo", "noise"))
    assert book.take() == [m.Kicked("#red", "bo", "ana", "noise")]


def test_entries_are_told_once(chat: Chat, book: Notebook) -> None:
    """What is said, edited, reacted to and set is told when it is stored, and not when it is sent again or refused."""
    ana = chat.enter("ana", "#red", device="d")
    book.take()
    chat.do(ana, m.Send("#red", "hi", "1"), m.Send("#red", "hi", "1"), m.Edit("#red", 1, "hello", "2"))
    chat.do(ana, m.React("#red", 1, "+1", "3"), m.Topic("#red", "news", "4"), m.Edit("#red", 99, "no", "5"))
    told = [each for each in book.take() if isinstance(each, m.Entry)]
    assert [(each.kind, each.text) for each in told] == [
        ("message", "hi"),
        ("edit", "hello"),
        ("react", "+1"),
        ("topic", "news"),
    ]


def test_nobody_is_told_any_more(chat: Chat, book: Notebook) -> None:
    """Watching ends."""
    chat.hub.watch(None)
    chat.enter("ana", "#red")
    assert book.take() == []


# --- the program's own voice ----------------------------------------------------------------------------------------


def test_a_reserved_name_is_for_the_program(chat: Chat) -> None:
    """Nobody else has it, nor what looks like it; the program speaks as it whenever it likes."""
    chat.hub.reserve("robot")
    for name in ("robot", "ROBOT", "r0bot"):
        with pytest.raises(NameTaken):
            chat.hub.connect(name)
    bo = chat.enter("bo", "#red")
    voice = chat.hub.speak_as("robot")
    voice.send("bo", "hello").accepted(timeout=1)
    assert bo.texts() == ["hello"]
    voice.close()
    with pytest.raises(NameTaken):
        chat.hub.connect("robot")
    chat.hub.reserve("robot")


def test_a_name_that_somebody_has_is_not_reserved(chat: Chat) -> None:
    """Who came first keeps the name; and what is no name cannot be one."""
    chat.enter("robot")
    with pytest.raises(NameTaken):
        chat.hub.reserve("robot")
    with pytest.raises(Refused) as refused:
        chat.hub.reserve("admin")
    assert refused.value.code == Code.BAD_NAME


def test_an_accounts_name_is_not_reserved() -> None:
    """Nobody speaks as somebody who holds the name by a password."""
    accounts = MemoryAccounts(hasher=CountingHasher())
    ask(accounts, SetPassword("robot", "Robot", SECRET))
    with Hub(accounts=accounts) as hub, pytest.raises(NameTaken, match="robot is an account"):
        hub.reserve("robot")


def test_the_programs_voice_is_heard_in_every_room(chat: Chat) -> None:
    """It need not enter a room, be invited or have a voice there, and is not vetted; a room that is none is refused."""
    chat.hub.reserve("robot")
    ana, bo = chat.enter("ana", "#red"), chat.enter("bo", "#red")
    chat.do(ana, m.SetRoom("#red", invite_only=True, moderated=True))
    vetter = HeldVetter()
    chat.hub.vet_with(vetter)
    voice = chat.hub.speak_as("robot")
    voice.send("#red", "mind the gap").accepted(timeout=1)
    assert bo.texts() == ["mind the gap"]
    assert vetter.asked == []
    assert [person.name for person in voice.who("#red")] == ["ana", "bo"]
    with pytest.raises(Refused, match="not in #nowhere"):
        voice.send("#nowhere", "hello").accepted(timeout=1)


def test_the_programs_voice_takes_any_number_of_messages() -> None:
    """Nobody reads what is said to it, and it goes on speaking."""
    with Hub() as hub:
        hub.reserve("robot")
        voice, ana = hub.speak_as("robot"), hub.connect("ana")
        for number in range(3_000):
            ana.send("robot", str(number)).accepted(timeout=1)
        voice.send("ana", "still here").accepted(timeout=1)
        assert ana.receive(timeout=1).text == "still here"
