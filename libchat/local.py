"""Participants in process: a chat without sockets and threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Protocol

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.registry import Session
from libchat.errors import Closed, Code, Refused
from libchat.limits import REPLAY_ENTRIES
from libchat.participant import E, OnError, Participant


class Chat(Protocol):
    """What a participant in process needs of its hub."""

    @property
    def is_behind(self) -> bool:
        """Whether too much waits for the log."""
        ...

    def run(
        self,
        inputs: Iterable[tuple[Session, Iterable[m.Command | m.Rejected]]],
        *,
        drained: Iterable[Session] = (),
        departed: Iterable[tuple[Session, str]] = (),
    ) -> None:
        """Do one turn."""
        ...

    def _add(self, participant: LocalParticipant) -> None: ...

    def _remove(self, participant: LocalParticipant) -> None: ...


class LocalParticipant(Participant):
    """A participant in process. What it does has happened when the method returns, unless that waits for the log."""

    def __init__(
        self,
        hub: Chat,
        name: str,
        *,
        account: str,
        inbox: int,
        on_error: OnError | None,
        is_trusted: bool = False,
    ) -> None:
        super().__init__(name, inbox=inbox, on_error=on_error)
        self._hub = hub
        self._session = _LocalSession(self)
        self._session.account = account
        self._session.is_trusted = is_trusted
        self._has_overflowed = False

    def _register(self) -> None:
        self._hub._add(self)
        device = os.urandom(16).hex()
        try:
            self.name = self._answer(m.Registered, lambda cid: m.Register(self.name, device, cid)).name
        except BaseException:
            self._hub._remove(self)
            raise

    def on(self, kind: type[E], callback: Callable[[E], None]) -> None:
        super().on(kind, callback)
        self._call_back()

    def _submit(self, command: m.Command) -> None:
        if self._hub.is_behind:
            raise Refused(Code.QUEUE_FULL, "too much waits for the log already; go on when receipts have come")
        self._hub.run([(self._session, [command])])

    def _consumed(self, event: m.Event) -> None:
        """Acknowledge an entry that waits otherwise: the program has it. When it has all so far, get more."""
        session = self._session
        if not (session.unacked or session.account):
            return
        acks = [_ack(self.name, event)] if isinstance(event, m.Entry) and self._waits(event) else []
        drained = [session] if session.is_replaying and self._has_every_entry() else []
        if acks or drained:
            try:
                self._hub.run([(session, acks)], drained=drained)
            except Closed:
                pass  # the program still receives what came before the end; there is nobody to tell

    def _waits(self, entry: m.Entry) -> bool:
        """Return whether an entry waits until it is acknowledged: what is private, and everything for an account."""
        return bool(self._session.account) or not entry.target.startswith("#")

    def _has_every_entry(self) -> bool:
        with self._condition:
            return not any(isinstance(event, m.Entry) for event in chain(self._inbox, self._called))

    def _give_up(self) -> None:
        """End because the program does not take its events. What was private waits for the name to come back."""
        self._hub._remove(self)
        self._disconnect(f"{self._limit} events wait in the inbox of {self.name}, and it takes none")
        self._hub.run([], departed=[(self._session, "slow reader")])

    def _leave_chat(self) -> None:
        self._hub._remove(self)
        if self._end is None:
            self._hub.run([], departed=[(self._session, "")])


def _ack(name: str, entry: m.Entry) -> m.Ack:
    """Return the acknowledgement of an entry by the one who is called `name`."""
    is_private = not entry.target.startswith("#")
    return m.Ack(entry.sender if is_private and entry.sender != name else entry.target, entry.seq)


class _LocalSession(Session):
    """The hub's side of a participant in process."""

    __slots__ = ("participant",)

    def __init__(self, participant: LocalParticipant) -> None:
        super().__init__(wants_receipts=True, has_acks=True)
        self.replay_entries = max(min(REPLAY_ENTRIES, participant._inbox.limit // 2), 1)
        self.participant = participant


class LocalSink:
    """Hands events to the participants in process."""

    def __init__(self) -> None:
        self.participants: tuple[LocalParticipant, ...] = ()

    def deliver(self, deliveries: Sequence[fx.Delivery]) -> None:
        if not self.participants:
            return
        for delivery in deliveries:
            if isinstance(delivery, fx.Deliver):
                for session in delivery.recipients:
                    if session is not delivery.skip:
                        _hand_over(session, delivery.event)
            elif isinstance(delivery, fx.Reply):
                _hand_over(delivery.session, delivery.event)
            elif isinstance(delivery, fx.Close) and isinstance(delivery.session, _LocalSession):
                delivery.session.participant._disconnect(delivery.bye.reason or "the chat has ended")


def _hand_over(session: Session, event: m.Event) -> None:
    if isinstance(session, _LocalSession):
        if isinstance(event, m.Registered) and not event.cid:
            return  # a guest has become an account: the session knows, and over a network no program is told either
        participant = session.participant
        # After the first event that is lost, none is handed over, or there would be a gap.
        participant._has_overflowed = participant._has_overflowed or not participant._deliver(event)
