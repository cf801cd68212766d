"""What is unread, mentioned and active, against a simple model: whatever happens, and in whatever order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from libchat import Entry
from libchat import messages as m
from libchat_shell.lines import Line
from support.screens import NOON, model, status

ROOMS = ("#a", "#b", "#c")
PEOPLE = ("bo", "cy")
targets = st.sampled_from((*ROOMS, *PEOPLE))


class Reading(RuleBasedStateMachine):
    """A person who goes from room to room while others talk."""

    def __init__(self) -> None:
        super().__init__()
        self.model = model(context=0)
        self.active = ""
        self.open = [""]
        self.ignored: set[str] = set()
        self.unread: dict[str, list[str]] = {}
        """The texts that were not shown, by conversation."""
        self.mentions: dict[str, int] = {}
        self.printed: list[str] = []
        self.told: dict[str, int] = {}
        self.seqs = {where: count(1) for where in (*ROOMS, *PEOPLE)}
        self.newest: dict[str, int] = {}
        self.shown: dict[str, int] = {}
        self.calls = 0
        self.numbers = count()

    def _print(self, lines: Iterable[Line]) -> None:
        self.printed += [line.text for line in lines if line.kind != "preview"]

    def _is_shown(self, where: str) -> bool:
        return where == self.active or (self.active == "" and not where.startswith("#"))

    @rule(where=targets, sender=st.sampled_from(PEOPLE), is_mention=st.booleans())
    def say(self, where: str, sender: str, is_mention: bool) -> None:
        """Somebody says something: it is printed or unread, once."""
        sender = sender if where.startswith("#") else where
        text = f"text{next(self.numbers)}." + (" ana!" if is_mention else "")
        seq = next(self.seqs[where])
        entry = Entry(where if where.startswith("#") else "ana", seq, sender, NOON, text)
        self.newest[where] = seq
        if where not in self.open:
            self.open.append(where)
        self._print(self.model.take(entry, NOON))
        if self._is_shown(where):
            self.shown[where] = seq
        if sender in self.ignored:
            return
        self.calls += is_mention or not where.startswith("#")
        if self._is_shown(where):
            assert sum(text in line for line in self.printed) == 1
            return
        assert not any(text in line for line in self.printed)
        self.unread.setdefault(where, []).append(text)
        self.mentions[where] = self.mentions.get(where, 0) + (is_mention and where.startswith("#"))

    @rule(where=targets)
    def speak(self, where: str) -> None:
        """One says something oneself: nothing becomes unread."""
        text = f"own{next(self.numbers)}."
        self._print(self.model.sent(where, text, text, NOON))
        assert sum(text in line for line in self.printed) == 1
        seq = next(self.seqs[where])
        self.newest[where] = seq
        self._print(self.model.take(m.Accepted(where, seq, NOON, text), NOON))
        if where not in self.open:
            self.open.append(where)
        if self._is_shown(where) or not self.unread.get(where):
            self.shown[where] = max(self.shown.get(where, 0), seq)

    @rule(where=st.one_of(targets, st.just("")))
    def switch(self, where: str) -> None:
        """One goes somewhere: what was unread there is printed, in order."""
        lines = self.model.switch(where, NOON)
        self._come(where, lines)

    def _come(self, where: str, lines: list[Line]) -> None:
        self.active = where
        if where not in self.open:
            self.open.append(where)
        texts = self.unread.pop(where, [])
        self.mentions.pop(where, None)
        found = [line.text for line in lines if line.kind in ("message", "mention")]
        assert [text for text in texts if not any(text in line for line in found)] == []
        assert len(found) == len(texts)
        self._print(lines)
        if where:
            self.shown[where] = max(self.shown.get(where, 0), self.newest.get(where, 0))

    @rule()
    def go_to_next(self) -> None:
        """One goes where one is waited for most."""
        where = self.model.next_active()
        waiting = [each for each in self.open if self.unread.get(each)]
        urgent = [each for each in waiting if self.mentions.get(each) or not each.startswith("#")]
        assert where == next(iter(urgent or waiting), None)
        if where is not None:
            self.switch(where)

    @precondition(lambda self: len(self.open) > 1)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        """One closes a conversation: nothing of it is unread any more, and it is not active."""
        where = data.draw(st.sampled_from(self.open[1:]))
        lines = self.model.close(where, NOON)
        self.open.remove(where)
        self.unread.pop(where, None)
        self.mentions.pop(where, None)
        self.shown.pop(where, None)
        self.told.pop(where, None)
        if where == self.active:
            assert self.model.active in self.open
            self._come(self.model.active, lines)
        else:
            assert lines == []

    @rule(where=targets)
    def read_elsewhere(self, where: str) -> None:
        """One has read all of it on another device."""
        seq = self.newest.get(where, 0)
        self.model.take(m.IsRead("ana", where, seq), NOON)
        if where in self.open and seq:
            known = self.model.conversations.find(where)
            assert known is not None
            if known.newest <= seq:
                self.unread.pop(where, None)
                self.mentions.pop(where, None)
                self.shown[where] = max(self.shown.get(where, 0), seq)

    @rule(name=st.sampled_from(PEOPLE), is_ignored=st.booleans())
    def ignore(self, name: str, is_ignored: bool) -> None:
        """One ignores somebody, or hears them again."""
        self.model.ignore(name, is_ignored=is_ignored)
        (self.ignored.add if is_ignored else self.ignored.discard)(name)

    @rule()
    def call(self) -> None:
        """Count the calls: as many as there were messages with a mention, or private ones."""
        assert len(self.model.wanted()) == self.calls
        self.calls = 0

    @rule()
    def read(self) -> None:
        """Have what was shown told as read, never more, and never twice."""
        for where, seq in self.model.reads():
            assert self.told.get(where, 0) < seq == self.shown[where]
            self.told[where] = seq

    @invariant()
    def nothing_is_unread_where_one_is(self) -> None:
        """Have nothing unread where one is, and elsewhere what should be."""
        for each in self.model.conversations:
            assert each.unread == len(self.unread.get(each.target, []))
            assert each.mentions == self.mentions.get(each.target, 0)
        assert self.model.active == self.active
        assert self.model.conversations.active.unread == 0

    @invariant()
    def numbers_are_those_of_the_status(self) -> None:
        """Conversations keep their order, and the status line tells their numbers."""
        assert list(self.model.targets()) == self.open
        line = status(self.model)
        for where, texts in self.unread.items():
            mark = "!" if self.mentions.get(where) or not where.startswith("#") else ""
            assert f"{self.open.index(where)}:{where}({len(texts)}{mark})" in line


Reading.TestCase.__doc__ = "Whatever happens, unread, mentions and reads are what a simple model says."
TestReading = Reading.TestCase
