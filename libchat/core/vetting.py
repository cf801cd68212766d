"""Messages and edits that are vetted before they are accepted.

How it works. What is vetted is tried first, as if it were said now: so nobody vets what is refused anyway. Then it
becomes a `Vet`, and its session waits: nothing that it says later is looked at before. With the judgement it is said
for real, as everything is by then: who has left the room meanwhile says nothing in it.

What was sent, and not as it is stored, is told to the log, too (`Draft.sent`): who loses the connection before the
answer, and sends it again, has the first answer, however it would be judged now. So it is with what is withheld: the
log knows whether it was stored when it was still allowed. What was withheld may be sent again, and is vetted again.

Who says something and is gone before the judgement has said nothing: it was never accepted.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.registry import Session
from libchat.errors import Refused
from libchat.records import Draft, Unfit
from libchat.vetting import Judgement, Said, Withheld

Out = list[fx.Effect]
Say = Callable[[Session, m.Send | m.Edit, int, Out], None]


class Vetting:
    """Have said by `say` what is judged well. All methods raise what `say` raises."""

    def __init__(self, say: Say) -> None:
        self._say = say

    @property
    def handlers(self) -> fx.Handlers:
        """What carries out each command of this file."""
        return {m.Send: self.ask, m.Edit: self.ask}

    def ask(self, session: Session, command: m.Send | m.Edit, now: int, out: Out) -> None:
        """Have something vetted, unless it is refused anyway."""
        effects: Out = []
        self._say(session, command, now, effects)
        draft = _draft_of(effects)
        if session.is_trusted or draft.refusal is not None:
            out += effects
            return
        session.is_waiting = True
        said = Said(draft.sender, draft.target, draft.text, now, draft.kind, draft.ref)
        out.append(fx.Vet(session, command, said, draft.device, draft.cid))

    def judged(self, vet: fx.Vet, judgement: Judgement, now: int, out: Out) -> None:
        """Append to `out` what follows from a judgement."""
        session, command = vet.session, vet.command
        session.is_waiting = False
        if session.is_over:
            return
        if isinstance(judgement, Withheld):
            self._withhold(vet, judgement, now, out)
        elif judgement.text == vet.said.text:
            self._say(session, command, now, out)
        else:
            effects: Out = []
            self._say(session, replace(command, text=judgement.text), now, effects)
            out += [_sent_as(effect, vet.said.text) for effect in effects]

    def _withhold(self, vet: fx.Vet, withheld: Withheld, now: int, out: Out) -> None:
        """Tell that something may not be said, unless the log knows it from when it was allowed."""
        if not (vet.device and vet.cid):
            raise Refused(withheld.code, withheld.reason, vet.said.target)
        effects: Out = []
        self._say(vet.session, vet.command, now, effects)
        draft = _draft_of(effects)
        refusal = draft.refusal or Unfit(withheld.code, withheld.reason)
        out.append(fx.Append(vet.session, replace(draft, refusal=refusal), ()))


def _draft_of(effects: Out) -> Draft:
    """Return what follows for the log from saying something: the last of what does."""
    append = effects[-1]
    assert isinstance(append, fx.Append)
    return append.draft


def _sent_as(effect: fx.Effect, text: str) -> fx.Effect:
    return replace(effect, draft=replace(effect.draft, sent=text)) if isinstance(effect, fx.Append) else effect
