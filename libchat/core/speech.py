"""What is said and looked up: the commands for entries, each checked and handed on.

How it works. A command's text is cleaned and its target parsed here; whether it may be said, and to whom it goes, is
decided by `libchat.core.entries`. What is only looked up becomes a question to the log (`libchat.core.reading`).
"""

from __future__ import annotations

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.entries import Entries, own_room, person_of
from libchat.core.reading import ask_page, ask_search
from libchat.core.registry import Session
from libchat.limits import TEXT_BYTES
from libchat.names import parse_room, parse_target
from libchat.text import check_note, check_reaction, check_text

Out = list[fx.Effect]


class Speech:
    """Carry out the commands for entries. All raise `Refused`, `InvalidName` or `InvalidMessage` for what is wrong."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    @property
    def handlers(self) -> fx.Handlers:
        """What carries out each command of this file."""
        return {
            m.Send: self.send,
            m.Edit: self.edit,
            m.Delete: self.delete,
            m.React: self.react,
            m.Unreact: self.unreact,
            m.Ack: self.ack,
            m.Read: self.read,
            m.Topic: self.topic,
            m.History: self.history,
            m.Search: self.search,
        }

    def send(self, session: Session, command: m.Send, now: int, out: Out) -> None:
        """Have a message stored and delivered."""
        text = check_text(command.text, TEXT_BYTES)
        self._entries.append(session, parse_target(command.target), text, now, command.cid, out, ref=command.ref)

    def say(self, session: Session, command: m.Send | m.Edit, now: int, out: Out) -> None:
        """Have a message stored and delivered, or the text of one replaced."""
        if isinstance(command, m.Send):
            self.send(session, command, now, out)
        else:
            self.edit(session, command, now, out)

    def edit(self, session: Session, command: m.Edit, now: int, out: Out) -> None:
        """Have the text of a message replaced."""
        text = check_text(command.text, TEXT_BYTES)
        self._refer(session, command, "edit", text, now, out)

    def delete(self, session: Session, command: m.Delete, now: int, out: Out) -> None:
        """Have a message taken back."""
        self._refer(session, command, "delete", "", now, out)

    def react(self, session: Session, command: m.React, now: int, out: Out) -> None:
        """Have a reaction put to a message."""
        self._refer(session, command, "react", check_reaction(command.text), now, out)

    def unreact(self, session: Session, command: m.Unreact, now: int, out: Out) -> None:
        """Have a reaction taken back."""
        self._refer(session, command, "unreact", check_reaction(command.text), now, out)

    def _refer(
        self,
        session: Session,
        command: m.Edit | m.Delete | m.React | m.Unreact,
        kind: str,
        text: str,
        now: int,
        out: Out,
    ) -> None:
        target = parse_target(command.target)
        self._entries.append(session, target, text, now, command.cid, out, kind, command.seq)

    def ack(self, session: Session, command: m.Ack, now: int, out: Out) -> None:
        """Notice how far a device has taken a conversation."""
        self._entries.acknowledge(session, parse_target(command.target), command.seq, out)

    def read(self, session: Session, command: m.Read, now: int, out: Out) -> None:
        """Notice how far a person has read a conversation."""
        self._entries.mark(session, parse_target(command.target), command.seq, out)

    def history(self, session: Session, command: m.History, now: int, out: Out) -> None:
        """Ask for a page of a conversation."""
        out.append(ask_page(session, command))

    def search(self, session: Session, command: m.Search, now: int, out: Out) -> None:
        """Ask which entries have certain words."""
        out.append(ask_search(session, command))

    def topic(self, session: Session, command: m.Topic, now: int, out: Out) -> None:
        """Set the topic of a room, or tell it."""
        name = parse_room(command.room)
        if command.text is None:
            room = own_room(person_of(session), name)
            out.append(fx.TellTopic(session, room, m.TopicIs(str(room.name), "", command.cid)))
            return
        self._entries.append(session, name, check_note(command.text), now, command.cid, out, "topic")
