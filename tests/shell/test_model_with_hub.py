"""The model fed by a real chat: what it assumes of events is so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from libchat import Hub, Participant
from libchat import messages as m
from libchat_shell.folding import HOLD_MS
from libchat_shell.model import Model
from support.screens import NOON, bare, look, status


@dataclass
class Person:
    """Somebody with a shell, of which only the model is there."""

    chat: Participant
    model: Model
    printed: list[str] = field(default_factory=list)

    def hear(self) -> list[str]:
        """Take all events that are there, and return what is printed of them."""
        lines = []
        while True:
            try:
                event = self.chat.receive_event(timeout=0)
            except TimeoutError:
                break
            lines += self.model.take(event, NOON)
        lines += self.model.flush(NOON + HOLD_MS)
        for target, seq in self.model.reads():
            self.chat.read(target, seq)
        return [text for text in bare(lines) if not text.startswith("──")]  # days are those of the real clock

    def join(self, room: str) -> None:
        """Enter a room, and go there."""
        self.model.take(self.chat.join(room), NOON)
        self.model.switch(room, NOON)

    def say(self, target: str, text: str, reply_to: int = 0) -> list[str]:
        """Say something as the shell does."""
        cid = f"c{len(self.printed)}{self.chat.name}"
        self.printed.append(text)
        lines = bare(self.model.sent(target, text, cid, NOON, reply_to=reply_to))
        self.chat.submit(m.Send(target, text, cid, reply_to))
        return lines


@pytest.fixture
def people() -> Iterator[tuple[Person, Person]]:
    """Give ana and bo, in one chat."""
    with Hub() as hub, hub.connect("ana") as ana, hub.connect("bo") as bo:
        yield Person(ana, Model("ana", look())), Person(bo, Model("bo", look()))


def test_a_room(people: tuple[Person, Person]) -> None:
    """Two people in a room see each other, what both say, and what happens to it; each line once."""
    ana, bo = people
    ana.join("#team")
    bo.join("#team")
    assert ana.hear() == ["bo joined"]
    assert ana.say("#team", "hello") == ["hello"]
    assert ana.hear() == []
    assert "✓ accepted" in status(ana.model)
    assert bo.hear() == ["hello"]
    assert bo.say("#team", "hi", reply_to=1) == ["╭ ana: hello", "hi"]
    assert ana.hear() == ["╭ ana: hello", "hi"]
    bo.chat.react("#team", 1, "👍").accepted()
    ana.chat.edit("#team", 1, "hello world").accepted()
    assert ana.hear() == ["bo reacted 👍 to your “hello”"]
    assert bo.hear() == ["ana edited “hello”: hello world"]
    ana.chat.set_topic("#team", "fun").accepted()
    assert bo.hear() == ["ana set the topic: fun"]
    ana.chat.kick("#team", "bo", "enough")
    assert bo.hear() == ["ana put you out of #team: enough"]
    assert "(not in it)" in status(bo.model)


def test_in_private(people: tuple[Person, Person]) -> None:
    """A private message is accepted, delivered and read, and its sender sees each."""
    ana, bo = people
    ana.model.switch("bo", NOON)
    ana.say("bo", "psst")
    ana.hear()
    assert "✓ accepted" in status(ana.model) or "✓✓ delivered" in status(ana.model)
    bo.model.switch("#elsewhere", NOON)
    assert bo.hear() == ["ana writes to you (Alt-2): “psst”"]
    ana.hear()
    assert "✓✓ delivered" in status(ana.model)
    bo.model.switch("ana", NOON)
    bo.hear()
    ana.hear()
    assert "✓✓ read by bo" in status(ana.model)


def test_refusals(people: tuple[Person, Person]) -> None:
    """A message that the chat refuses is told as such, and pending no longer."""
    ana, _ = people
    ana.say("nobody", "hello")
    (line, *_) = ana.hear()
    assert line.startswith("not sent to nobody: “hello”: ")
    ana.say("#team", "hello")
    assert ana.hear()[0].startswith("not sent to #team: “hello”: ")
    assert "pending" not in status(ana.model, NOON + 10_000)


def test_history(people: tuple[Person, Person]) -> None:
    """Pages of history and searches are shown as what they hold."""
    ana, bo = people
    ana.join("#team")
    bo.join("#team")
    ana.model.expect("#team", NOON)
    for number in range(3):
        bo.say("#team", f"text {number}")
    fetched = ana.model.fetched(ana.chat.history("#team"), NOON)
    assert bare(line for line in fetched if line.kind != "day") == ["text 0", "text 1", "text 2"]
    assert ana.hear() == ["bo joined"]
    ana.model.switch("", NOON)
    found = ana.model.entries("text", ana.chat.search("text").entries, NOON)
    assert [line.text.split()[-1] for line in found if line.kind == "message"] == ["2", "1", "0"]
