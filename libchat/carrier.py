"""What the router wants done, carried out in the order in which it was decided.

How it works. All of it happens under the hub's lock, and in memory. What must be stored goes to the log first. If the
log answers later, the effects wait in line for that, and so does everything that comes after them: one order for
everybody, the order of routing. What is only looked up is asked for in line and answered out of line. What is left for
the participants is handed out; what the accounts are to be asked is put aside for when the lock is given back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.router import Router
from libchat.happenings import Watcher
from libchat.limits import BACKLOG_EFFECTS
from libchat.locks import Lock
from libchat.records import Answer, Failure, Outcome, Record
from libchat.store.base import Log


class Waiting:
    """Effects in line, and the log's answers to them if they are known."""

    __slots__ = ("effects", "outcomes")

    def __init__(self, effects: list[fx.Effect], outcomes: list[Outcome] | None) -> None:
        self.effects = effects
        self.outcomes = outcomes


class Carrier:
    """Carries out effects, under a lock that its callers hold; what comes from the log's threads takes it by itself.

    `hand_out` is called with what is for participants, under the lock; `after_turn` when it was given back.
    """

    def __init__(
        self,
        router: Router,
        log: Log,
        lock: Lock,
        hand_out: Callable[[list[fx.Delivery]], None],
        after_turn: Callable[[], None],
    ) -> None:
        self.now = 0
        """The chat's own time, in ms since 1970: that of the newest turn."""
        self.watcher: Watcher | None = None
        self.waiting: deque[Waiting] = deque()
        """What stands in line, oldest first."""
        self.verifications: deque[fx.Verify] = deque()
        """What the accounts are to be asked, as soon as the lock is given back."""
        self._router = router
        self._log = log
        self._lock = lock
        self._hand_out = hand_out
        self._after_turn = after_turn
        self._waiting_effects = 0
        self._settling: list[fx.Settle | fx.Hear | fx.EndRoom] = []
        """What waits until the log has answered everything that was under way."""
        self._failed: list[fx.Note | fx.Enter | fx.Exit] = []
        """What the log could not take notice of."""

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the log that no more should be brought. Read it without the lock."""
        return self._waiting_effects > BACKLOG_EFFECTS

    def perform(self, effects: list[fx.Effect]) -> None:
        """Carry out effects behind all that wait, or at once if none do and the log answers at once."""
        records: list[Record] = []
        for effect in effects:
            if isinstance(effect, fx.Append):
                records.append(effect.draft)
            elif isinstance(effect, (fx.Note, fx.Enter, fx.Exit, fx.EndRoom)):
                records.append(effect.fact)
            elif isinstance(effect, fx.Decide):
                records += effect.facts
        outcomes = self._log.append(records, self._on_committed) if records else []
        if outcomes is None or self.waiting:
            self.waiting.append(Waiting(effects, outcomes))
            self._waiting_effects += len(effects)
        else:
            self._carry_out(effects, outcomes)

    def _on_committed(self, outcomes: list[Outcome]) -> None:
        """Take the log's answer to the oldest unanswered append. Called by a thread of the log."""
        with self._lock:
            next(waiting for waiting in self.waiting if waiting.outcomes is None).outcomes = outcomes
            while self.waiting and self.waiting[0].outcomes is not None:
                first = self.waiting.popleft()
                self._waiting_effects -= len(first.effects)
                self._carry_out(first.effects, first.outcomes or [])
            self.bring_up()
        self._after_turn()

    def bring_up(self) -> None:
        """Do what has its place behind everything that was routed before."""
        while self._failed or self._settling:
            failed, self._failed = self._failed, []
            settling, self._settling = self._settling, []
            effects: list[fx.Effect] = []
            for effect in failed:
                self._router.failed(effect, effects)
            effects += settling
            if effects:
                self.perform(effects)
        if self.watcher is not None:
            happenings = self._router.happenings.take()
            if happenings:
                self.watcher.happened(happenings)

    def _on_answered(self, ask: fx.Ask, answer: Answer) -> None:
        """Take what the log has found. Called by a thread of the log."""
        effects: list[fx.Effect] = []
        out: list[fx.Delivery] = []
        with self._lock:
            self._router.answered(ask, answer, self.now, effects)
            self._resolve(effects, out)
            self._hand_out(out)
            self.bring_up()
        self._after_turn()

    def _carry_out(self, effects: list[fx.Effect], outcomes: list[Outcome]) -> None:
        out: list[fx.Delivery] = []
        answers = iter(outcomes)
        committed = self._router.committed
        watched = self._router.happenings if self.watcher is not None else None
        for effect in effects:
            if isinstance(effect, fx.Append):
                outcome = next(answers)
                committed(effect, outcome, out)
                if watched is not None and type(outcome) is m.Entry:
                    watched.note(outcome)
            elif isinstance(effect, fx.Note) and effect.session is None:
                next(answers)  # nobody depends on it
            elif isinstance(effect, (fx.Note, fx.Enter, fx.Exit, fx.Decide, fx.EndRoom)):
                self._resolve(self._follow(effect, answers), out)
            elif isinstance(effect, fx.Hear):
                self._router.hear(effect)
            elif isinstance(effect, (fx.Ask, fx.Replay, fx.StopReplay, fx.TellTopic, fx.TellRooms)):
                self._resolve([effect], out)
            elif isinstance(effect, fx.Settle):
                settled: list[fx.Effect] = []
                self._router.replays.settled(effect.session, effect.turn, settled)
                self._resolve(settled, out)
            elif isinstance(effect, fx.Verify):
                self.verifications.append(effect)
            elif not isinstance(effect, fx.Vet):  # these were taken out before
                out.append(effect)
        self._hand_out(out)

    def _follow(
        self, effect: fx.Note | fx.Enter | fx.Exit | fx.Decide | fx.EndRoom, answers: Iterator[Outcome]
    ) -> list[fx.Effect]:
        """Return what follows from the log's answers to the facts of an effect."""
        follow: list[fx.Effect] = []
        if isinstance(effect, fx.Decide):
            self._router.decided(effect, list(islice(answers, len(effect.facts))), follow)
            return follow
        outcome = next(answers)
        if isinstance(effect, fx.EndRoom):
            self._router.memberships.ended(effect.fact, outcome)
            return follow
        if isinstance(effect, fx.Note):
            self._router.noted(effect, outcome, follow)
        elif isinstance(effect, fx.Enter):
            self._router.entered(effect, outcome, follow)
        else:
            self._router.exited(effect, outcome, follow)
        if isinstance(outcome, Failure):
            self._failed.append(effect)
        return follow

    def _resolve(self, effects: list[fx.Effect], out: list[fx.Delivery]) -> None:
        """Carry out what does not stand in line for the log, and what follows from it, in order."""
        todo = deque(effects)
        while todo:
            effect = todo.popleft()
            follow: list[fx.Effect] = []
            if isinstance(effect, fx.Ask):
                answer = self._log.ask(effect.question, partial(self._on_answered, effect))
                if answer is not None:
                    self._router.answered(effect, answer, self.now, follow)
            elif isinstance(effect, fx.Replay):
                self._router.replays.go_on(effect.session, follow)
            elif isinstance(effect, fx.StopReplay):
                self._router.replays.end(effect.session, effect.conversation)
            elif isinstance(effect, fx.TellTopic):
                self._router.tell_topic(effect, follow)
            elif isinstance(effect, fx.TellRooms):
                self._router.memberships.tell_rooms(effect, follow)
            elif isinstance(effect, (fx.Settle, fx.Hear, fx.EndRoom)):
                self._settling.append(effect)
            elif isinstance(effect, fx.Note):
                self._log.append([effect.fact], _ignore)
            elif not isinstance(effect, (fx.Append, fx.Enter, fx.Exit, fx.Decide, fx.Verify, fx.Vet)):
                out.append(effect)
            todo.extendleft(reversed(follow))


def _ignore(outcomes: list[Outcome]) -> None:
    """Take the log's answer to what is only noted."""
