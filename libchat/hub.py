"""The hub: the chat itself, for programs in process and for servers.

How it works. `run` has the router turn commands into effects and has these carried out (`libchat.carrier`), all under
one lock and in memory only. What is for the participants goes to the sinks. Callbacks of programs are called after the
lock is given back. So are the accounts asked: what they answer, from a thread of theirs, is one turn more.
"""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Protocol, Self

from libchat import messages as m
from libchat._version import __version__
from libchat.carrier import Carrier
from libchat.claims import SERVER, Admit, Change, Denied, Invited, NewInvite
from libchat.claims import Answer as Verdict
from libchat.core import effects as fx
from libchat.core.registry import Session
from libchat.core.rooms import Quotas
from libchat.core.router import Router
from libchat.errors import Closed, Code, InvalidName, Refused, refusal
from libchat.happenings import Watcher
from libchat.limits import ANSWER_SECONDS, INBOX_EVENTS, NONCE_BYTES
from libchat.local import LocalParticipant, LocalSink
from libchat.locks import HUB, tiered_lock
from libchat.names import Name, parse_name, parse_room
from libchat.participant import OnError
from libchat.records import Outcome
from libchat.store.base import Accounts, Log
from libchat.store.memory import MemoryLog
from libchat.text import clean_line
from libchat.vets import Judged, Vets
from libchat.vetting import Vetter

Inputs = Iterable[tuple[Session, Iterable[m.Command | m.Rejected]]]


class Sink(Protocol):
    """Where events go. One for each transport, for all of its sessions.

    1. `deliver` is called under the hub's lock: it must not block, must not do I/O, and must not call the hub.
    2. It must not reorder what is for one session.
    3. It passes over sessions that are not its own.
    """

    def deliver(self, deliveries: Sequence[fx.Delivery]) -> None:
        """Take events for participants."""
        ...


class Hub:
    """A whole chat in process. Thread-safe.

    `log` keeps the entries (in memory, unless another one is given) and belongs to the hub from then on. `clock`
    returns seconds since 1970; it may jump, the chat's own time does not go back. `quotas` are how many rooms one name
    may be in, and how many members a room may have.

    `accounts` decide who may have a name, for those who come through servers; they belong to the hub, too. Without them
    there are no passwords, and everybody is taken. A name that a program takes as an account (`connect`) without a
    password that they know is an account only as long as the hub lives.
    """

    def __init__(
        self,
        *,
        log: Log | None = None,
        accounts: Accounts | None = None,
        clock: Callable[[], float] = time.time,
        quotas: Quotas | None = None,
    ) -> None:
        self._lock = tiered_lock(HUB)
        self._log = log if log is not None else MemoryLog()
        self._accounts = accounts
        self._vets = Vets(self._log, self._on_judged)
        self._router = self._open_router(quotas)
        self._carrier = Carrier(self._router, self._log, self._lock, self._hand_out, self._after_turn)
        self._clock = clock
        self._local = LocalSink()
        self._sinks: tuple[Sink, ...] = (self._local,)
        self._is_closed = False
        if accounts is not None:
            accounts.watch(self._on_changed)

    def _open_router(self, quotas: Quotas | None) -> Router:
        accounts = self._accounts
        router = Router(
            server=f"libchat/{__version__}",
            log=self._log.id,
            retention=self._log.retention,
            admit=accounts.admit if accounts is not None else None,
            new_nonce=_new_nonce,
            quotas=quotas,
        )
        facts = router.load(self._log.load(), accounts.load() if accounts is not None else None)
        if facts:
            self._log.append(facts, _ignore)
        return router

    # --- for programs -----------------------------------------------------------------------------------------------

    def connect(
        self, name: str, *, account: bool = False, inbox: int = INBOX_EVENTS, on_error: OnError | None = None
    ) -> LocalParticipant:
        """Return a new participant of that name.

        With `account`, the name is held as an account: it may connect several times, it stays a member of its rooms
        while it is away, and others cannot take the name. Raises `NameTaken`, `Closed`, and `Refused` for what is no
        name.
        """
        account_key = _name_of(name).key if account else ""
        participant = LocalParticipant(self, name, account=account_key, inbox=inbox, on_error=on_error)
        participant._register()
        return participant

    def reserve(self, name: str) -> None:
        """Keep a name for the program itself: nobody else can take it any more.

        Raises `NameTaken` if somebody has it, also an account; `Refused` for what is no name.
        """
        parsed = _name_of(name)
        try:
            with self._lock:
                self._router.reserve(parsed)
        except Refused as refused:
            raise refusal(refused.code, refused.reason, refused.subject) from None

    def speak_as(self, name: str) -> LocalParticipant:
        """Return a participant who speaks for the program itself, under a name that was reserved.

        What it says is not vetted, and is heard in every room, though it is in none. It takes no notice of what is said
        to it, unless it is given a callback (`Participant.on`). Raises as `connect` does.
        """
        key = _name_of(name).key
        voice = LocalParticipant(self, name, account=key, inbox=INBOX_EVENTS, on_error=None, is_trusted=True)
        voice.on(m.Entry, _ignore_entry)
        voice._register()
        return voice

    def keep_room(self, room: str, topic: str = "") -> None:
        """Make a room that stays when it is empty. Raises `InvalidName`."""
        name = parse_room(room)
        with self._lock:
            kept = self._router.rooms.keep(name)
            kept.topic = topic or kept.topic

    @property
    def admit(self) -> Admit:
        """Whom the chat takes of those who come through servers."""
        return self._accounts.admit if self._accounts is not None else "open"

    def make_invite(self, room: str = "", uses: int = 1, seconds: int = 24 * 3600) -> Invited | None:
        """Make an invite, in the name of the program; None if the chat keeps no accounts, and takes everybody.

        Waits for the accounts: not to be called by a callback. Raises `Refused`, which says why, `InvalidName` for what
        is no room, and TimeoutError.
        """
        if self._accounts is None:
            return None
        answers: SimpleQueue[Verdict] = SimpleQueue()
        target = str(parse_room(room)) if room else ""
        self._accounts.ask(NewInvite(SERVER, target, uses, seconds), answers.put)
        try:
            answer = answers.get(timeout=ANSWER_SECONDS)
        except Empty as error:
            raise TimeoutError("the accounts do not answer") from error
        if isinstance(answer, Denied):
            raise refusal(answer.code, answer.reason)
        assert isinstance(answer, Invited)
        return answer

    def close(self, reason: str = "the chat has ended") -> None:
        """Tell everybody, and end. Servers in front of the hub are stopped before. Harmless when called twice."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        for participant in self._local.participants:
            participant._disconnect(reason)
        if self._accounts is not None:
            self._accounts.close()
        self._log.close()

    def __enter__(self) -> Self:
        """Return the hub itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the hub."""
        self.close()

    # --- for transports ---------------------------------------------------------------------------------------------

    def add_sink(self, sink: Sink) -> None:
        """Have events handed to one more transport."""
        with self._lock:
            self._sinks += (sink,)

    def remove_sink(self, sink: Sink) -> None:
        """Have no more events handed to a transport. Its sessions have departed before."""
        with self._lock:
            self._sinks = tuple(other for other in self._sinks if other is not sink)

    def vet_with(self, vetter: Vetter | None) -> None:
        """Have messages and edits vetted from now on, or (None) no longer. What is being vetted is still answered."""
        with self._lock:
            self._vets.vetter = vetter
            self._router.vet(is_on=vetter is not None)

    def watch(self, watcher: Watcher | None) -> None:
        """Have somebody told what happens from now on, or (None) nobody any more."""
        with self._lock:
            self._carrier.watcher = watcher
            self._router.happenings.is_watched = watcher is not None
            self._router.happenings.take()

    def run(
        self, inputs: Inputs, *, drained: Iterable[Session] = (), departed: Iterable[tuple[Session, str]] = ()
    ) -> None:
        """Do one turn: notice what has left for whom, carry out commands, and end sessions, in this order.

        All three are iterated under the lock, so that a dialect can look at what came of the line before. A session is
        `drained` when everything that was delivered for it has left.
        """
        effects: list[fx.Effect] = []
        with self._lock:
            if self._is_closed:
                raise Closed("the hub is closed")
            now = self._tick()
            route = self._router.route
            for session in drained:
                self._router.drained(session, effects)
            for session, commands in inputs:
                for command in commands:
                    route(session, command, now, effects)
            for session, reason in departed:
                self._router.depart(session, reason, effects)
            self._carrier.perform(effects if self._vets.vetter is None else self._vets.take(effects))
            self._carrier.bring_up()
        self._after_turn()

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the log that transports should not bring more. Read it without the lock."""
        return self._carrier.is_behind

    # --- turns of others --------------------------------------------------------------------------------------------

    def _tick(self) -> int:
        carrier = self._carrier
        carrier.now = now = max(carrier.now, int(self._clock() * 1000))
        return now

    def _on_verified(self, verify: fx.Verify, verdict: Verdict) -> None:
        """Take what the accounts have answered. Called by a thread of theirs, or by the one that has asked."""
        self._take_turn(lambda now, effects: self._router.verified(verify, verdict, now, effects))

    def _on_changed(self, change: Change) -> None:
        """Take what another program did to the accounts. Called by a thread of theirs."""
        self._take_turn(lambda now, effects: self._router.changed(change, now, effects))

    def _take_turn(self, decide: Callable[[int, list[fx.Effect]], None]) -> None:
        effects: list[fx.Effect] = []
        with self._lock:
            if self._is_closed:
                return
            decide(self._tick(), effects)
            self._carrier.perform(self._vets.take(effects))
            self._carrier.bring_up()
        self._after_turn()

    def _on_judged(self, judged: Judged) -> None:
        """Take what was judged. Called by a thread of the vetter or of the log."""
        self._go_on(judged)
        self._after_turn()

    def _go_on(self, judged: Judged) -> None:
        """Do a turn with what follows from judgements. Whose commands have waited for them is looked at again."""
        effects: list[fx.Effect] = []
        with self._lock:
            if self._is_closed:
                return
            now = self._tick()
            for vet, judgement in judged:
                self._router.judged(vet, judgement, now, effects)
            self._carrier.perform(self._vets.take(effects))
            self._hand_out([fx.Resume(vet.session) for vet, _ in judged if not vet.session.is_waiting])
            self._carrier.bring_up()

    def _hand_out(self, out: list[fx.Delivery]) -> None:
        if out:
            for sink in self._sinks:
                sink.deliver(out)

    # --- participants in process ------------------------------------------------------------------------------------

    def _add(self, participant: LocalParticipant) -> None:
        with self._lock:
            self._local.participants += (participant,)

    def _remove(self, participant: LocalParticipant) -> None:
        with self._lock:
            self._local.participants = tuple(each for each in self._local.participants if each is not participant)

    def _after_turn(self) -> None:
        """Ask the accounts, call callbacks, and end those whose inbox is full. Called without a lock."""
        if self._carrier.verifications:
            self._ask_accounts()
        while known := self._vets.ask():
            self._go_on(known)
        for participant in self._local.participants:
            if participant._called:
                participant._call_back()
            if participant._has_overflowed:
                participant._give_up()

    def _ask_accounts(self) -> None:
        """Ask the accounts what is to be asked. Several threads may be here: each question is one's."""
        while self._accounts is not None:
            try:
                verify = self._carrier.verifications.popleft()
            except IndexError:
                return
            self._accounts.ask(verify.request, partial(self._on_verified, verify))


def _name_of(text: str) -> Name:
    try:
        return parse_name(text)
    except InvalidName as invalid:
        raise Refused(Code.BAD_NAME, str(invalid), clean_line(text)) from None


def _ignore_entry(entry: m.Entry) -> None:
    """Take what is said to nobody."""


def _new_nonce() -> str:
    """Return random bytes in base64url (RFC 4648, section 5), without padding."""
    return urlsafe_b64encode(os.urandom(NONCE_BYTES)).rstrip(b"=").decode()


def _ignore(outcomes: list[Outcome]) -> None:
    """Take the log's answer to what is only noted."""
