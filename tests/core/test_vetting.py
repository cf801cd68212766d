"""What is vetted before it is accepted: in order, once, and with the first answer for what is sent again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat import messages as m
from libchat.core.effects import Delivery, Resume
from libchat.core.registry import Session
from libchat.errors import Code
from libchat.limits import WAITING_COMMANDS
from libchat.vetting import Allowed, Said
from support.chat import Chat, Listener, SlowLog, hush
from support.vetting import DROPPED, HeldVetter


@pytest.fixture
def vetter() -> HeldVetter:
    """Return a vetter that waits for the test."""
    return HeldVetter()


@pytest.fixture
def chat(vetter: HeldVetter) -> Chat:
    """Return a chat that is vetted."""
    chat = Chat()
    chat.hub.vet_with(vetter)
    return chat


def test_nothing_is_said_before_the_judgement(chat: Chat, vetter: HeldVetter) -> None:
    """Until something is judged nobody hears of it; then everybody does, and the sender has the receipt."""
    ana, bo = chat.enter("ana", "#red", device="d"), chat.enter("bo", "#red")
    hush([ana])
    chat.do(ana, m.Send("#red", "hello", "1"))
    assert (ana.heard, bo.texts()) == ([], [])
    ((said,), _) = vetter.asked[0]
    assert said == Said("ana", "#red", "hello", int(chat.seconds * 1000))
    vetter.allow()
    assert [type(event) for event in ana.heard] == [m.Accepted]
    assert bo.texts() == ["hello"]


def test_a_changed_text_is_what_everybody_has(chat: Chat, vetter: HeldVetter) -> None:
    """The others are shown the changed text, history and search have it, and the sender is told."""
    ana, bo = chat.enter("ana", "#red", device="d"), chat.enter("bo", "#red")
    hush([ana])
    chat.do(ana, m.Send("#red", "a damn thing", "1"))
    vetter.change("a **** thing")
    accepted = ana.heard[-1]
    assert isinstance(accepted, m.Accepted)
    assert accepted.text == "a **** thing"
    assert bo.texts() == ["a **** thing"]
    page = chat.ask(ana, m.History("#red", cid="2"))
    assert isinstance(page, m.Page)
    assert [entry.text for entry in page.entries] == ["a **** thing"]
    found = chat.ask(ana, m.Search("damn", cid="3"))
    assert isinstance(found, m.Found)
    assert found.entries == ()


def test_what_is_withheld_is_refused_with_the_reason(chat: Chat, vetter: HeldVetter) -> None:
    """The sender is told why; nobody hears of it, and no number is used up."""
    ana, bo = chat.enter("ana", "#red", device="d"), chat.enter("bo", "#red")
    hush([ana])
    chat.do(ana, m.Send("#red", "damn", "1"))
    vetter.drop()
    assert ana.take() == [m.Failed(Code.DROPPED, DROPPED.reason, "#red", "1")]
    chat.do(ana, m.Send("#red", "hello", "2"))
    vetter.allow()
    assert [(entry.text, entry.seq) for entry in bo.entries()] == [("hello", 1)]


def test_what_is_withheld_without_a_cid_is_refused_too(chat: Chat, vetter: HeldVetter) -> None:
    """Somebody whose client knows no ids is told the same."""
    ana = chat.enter("ana", "#red", has_acks=False)
    hush([ana])
    chat.do(ana, m.Send("#red", "damn"))
    vetter.drop()
    assert ana.take() == [m.Failed(Code.DROPPED, DROPPED.reason, "#red")]


def test_an_edit_is_vetted_like_a_message(chat: Chat, vetter: HeldVetter) -> None:
    """Nobody says by editing what they may not say at once."""
    ana, bo = chat.enter("ana", "#red", device="d"), chat.enter("bo", "#red")
    chat.do(ana, m.Send("#red", "hello", "1"))
    vetter.allow()
    hush([ana, bo])
    chat.do(ana, m.Edit("#red", 1, "damn", "2"))
    ((said,), _) = vetter.asked[0]
    assert (said.kind, said.ref, said.text) == ("edit", 1, "damn")
    vetter.drop()
    assert ana.take() == [m.Failed(Code.DROPPED, DROPPED.reason, "#red", "2")]
    chat.do(ana, m.Edit("#red", 1, "darn", "3"))
    vetter.change("d***")
    assert [(entry.kind, entry.text) for entry in bo.entries()] == [("edit", "d***")]


def test_what_is_refused_anyway_is_not_vetted(chat: Chat, vetter: HeldVetter) -> None:
    """Nobody is asked about what may not be said at all."""
    ana = chat.enter("ana", device="d")
    assert chat.fail(ana, m.Send("#red", "hello")).code == Code.NOT_IN_ROOM
    assert chat.fail(ana, m.Send("#red", "hello", "1")).code == Code.NOT_IN_ROOM
    assert chat.fail(ana, m.Send("ana", " ", "1")).code == Code.EMPTY_TEXT
    assert vetter.asked == []


def test_later_commands_wait(chat: Chat, vetter: HeldVetter) -> None:
    """What somebody says is carried out in the order in which they say it, whatever is vetted of it."""
    ana, bo = chat.enter("ana", "#red", device="d"), chat.enter("bo", "#red")
    hush([ana])
    chat.do(ana, m.Send("#red", "one", "1"), m.Ping("2"), m.Send("#red", "two", "3"), m.Leave("#red", "4"))
    assert (ana.heard, vetter.texts) == ([], ["one"])
    vetter.allow()
    assert [type(event) for event in ana.take()] == [m.Accepted, m.Pong]
    assert vetter.texts == ["two"]
    vetter.allow()
    assert [type(event) for event in ana.take()] == [m.Accepted, m.Exited]
    assert bo.texts() == ["one", "two"]


def test_others_do_not_wait(chat: Chat, vetter: HeldVetter) -> None:
    """While one waits for a judgement, others speak; and judgements may come in any order."""
    ana, bo, cy = (chat.enter(name, "#red", device=name) for name in ("ana", "bo", "cy"))
    chat.do(ana, m.Send("#red", "slow", "1"))
    chat.do(bo, m.Send("#red", "quick", "1"))
    vetter.allow(1)
    vetter.allow()
    assert cy.texts() == ["quick", "slow"]


def test_a_turn_is_one_batch(chat: Chat, vetter: HeldVetter) -> None:
    """What several people say in one turn is vetted together."""
    people = [chat.enter(name, "#red", device=name) for name in ("ana", "bo", "cy")]
    chat.hub.run([(each, [m.Send("#red", "hi", "1")]) for each in people])
    assert [len(said) for said, _ in vetter.asked] == [3]


def test_what_was_accepted_is_not_vetted_again(chat: Chat, vetter: HeldVetter) -> None:
    """Who sends again, because the answer was lost, has the first answer, whatever would be said of it now."""
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "damn", "1"))
    vetter.change("****")
    first = ana.heard[-1]
    chat.depart(ana)
    again = chat.enter("ana", device="d")
    assert chat.ask(again, m.Send("bo", "damn", "1")) == first
    assert vetter.asked == []
    assert bo.texts() == ["****"]
    chat.hub.vet_with(None)
    assert chat.ask(again, m.Send("bo", "damn", "1")) == first
    assert chat.fail(again, m.Send("bo", "else", "1")).code == Code.CID_REUSED


@pytest.mark.parametrize("is_allowed", [True, False])
def test_what_is_on_its_way_to_the_log_has_the_first_answer(vetter: HeldVetter, *, is_allowed: bool) -> None:
    """Who sends again before the log has stored it is answered as it was judged first, whatever is judged now."""
    log = SlowLog()
    chat = Chat(log)
    chat.hub.vet_with(vetter)
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "damn", "1"))
    vetter.change("****")
    again = Listener()
    chat.do(again, m.Register("ana", "d"), m.Send("bo", "damn", "1"))
    if is_allowed:
        vetter.allow()
    else:
        vetter.drop()
    while len(log):
        log.commit()
    receipts = [event for event in again.heard if isinstance(event, m.Accepted | m.Failed)]
    assert [(type(event), getattr(event, "text", "")) for event in receipts] == [(m.Accepted, "****")]
    assert bo.texts() == ["****"]


def test_a_log_that_cannot_be_read_does_not_keep_from_vetting(vetter: HeldVetter) -> None:
    """If it cannot be looked up whether something was stored before, it is vetted."""
    log = SlowLog(answers_at_once=False)
    chat = Chat(log)
    chat.hub.vet_with(vetter)
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    while log.look_up():
        pass
    chat.do(ana, m.Send("bo", "hello", "1"))
    assert vetter.asked == []
    assert log.look_up(failure="the disk is on fire")
    vetter.allow()
    log.commit()
    assert bo.texts() == ["hello"]


def test_who_is_gone_has_said_nothing(chat: Chat, vetter: HeldVetter) -> None:
    """What was not judged when its sender went away was never accepted: sent again, it is vetted again."""
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "hello", "1"))
    chat.depart(ana)
    vetter.allow()
    assert bo.texts() == []
    again = chat.enter("ana", device="d")
    chat.do(again, m.Send("bo", "hello", "1"))
    vetter.allow()
    assert bo.texts() == ["hello"]


def test_who_may_not_speak_any_more_does_not(chat: Chat, vetter: HeldVetter) -> None:
    """What was allowed is said as everything is by then: who was put out of the room meanwhile says nothing in it."""
    ana, bo = chat.enter("ana", "#red", device="d"), chat.enter("bo", "#red", device="e")
    chat.do(bo, m.Send("#red", "hello", "1"))
    chat.do(ana, m.Kick("#red", "bo"))
    hush([ana, bo])
    vetter.allow()
    assert [event.code for event in bo.heard if isinstance(event, m.Failed)] == [Code.NOT_IN_ROOM]
    assert ana.texts() == []


def test_who_is_trusted_is_not_vetted(chat: Chat, vetter: HeldVetter) -> None:
    """The voice of a plugin does not wait for itself."""
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    ana.is_trusted = True
    chat.do(ana, m.Send("bo", "hello", "1"))
    assert (bo.texts(), vetter.asked) == (["hello"], [])


def test_vetting_that_ends_leaves_nobody_waiting(chat: Chat, vetter: HeldVetter) -> None:
    """What is being vetted when vetting ends is still answered, and what comes behind it is not vetted any more."""
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "one", "1"), m.Send("bo", "two", "2"))
    chat.hub.vet_with(None)
    vetter.allow()
    assert (bo.texts(), vetter.asked) == (["one", "two"], [])


def test_a_text_that_nobody_may_send_is_refused(chat: Chat, vetter: HeldVetter) -> None:
    """A judgement with a text that is none is refused as that text would be."""
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    hush([ana])
    chat.do(ana, m.Send("bo", "hello", "1"))
    vetter.change(" ")
    assert [event.code for event in ana.heard if isinstance(event, m.Failed)] == [Code.EMPTY_TEXT]
    assert bo.texts() == []


@pytest.mark.parametrize("is_known", [True, False])
def test_many_commands_that_wait_are_carried_out(*, is_known: bool) -> None:
    """As many as may wait are carried out one behind the other, also if each is decided at once."""
    held = HeldVetter()
    chat = Chat()
    ana, bo = chat.enter("ana", device="d"), chat.enter("bo")
    count = WAITING_COMMANDS
    if is_known:
        for number in range(count):
            chat.do(ana, m.Send("bo", "x", str(number)))
    hush([ana, bo])
    chat.hub.vet_with(held)
    sends = [m.Send("bo", "x", str(number)) for number in range(count)]
    chat.do(ana, m.Send("bo", "first", "first"), *sends)
    while held.asked:
        held.allow()
    answers = [event for event in ana.take() if isinstance(event, m.Accepted)]
    assert len(answers) == count + 1
    assert len(bo.texts()) == (1 if is_known else count + 1)


class LookingSink:
    """Notes which sessions are to be looked at again."""

    def __init__(self) -> None:
        self.resumed: list[Session] = []

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take what is delivered."""
        self.resumed += [each.session for each in deliveries if isinstance(each, Resume)]


def test_transports_are_told_who_may_go_on(chat: Chat, vetter: HeldVetter) -> None:
    """With the judgement, whoever holds back what a session sends looks at it again, before the log has answered."""
    sink = LookingSink()
    chat.hub.add_sink(sink)
    ana = chat.enter("ana", "#red", has_acks=False)
    chat.do(ana, m.Send("#red", "hello"))
    assert sink.resumed == []
    vetter.allow()
    assert sink.resumed == [ana]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 2), st.sampled_from(("#red", "other"))),
        st.tuples(st.just("edit"), st.integers(0, 2), st.just("#red")),
        st.tuples(st.just("judge"), st.integers(0, 9), st.sampled_from(("allow", "change", "drop"))),
        st.tuples(st.just("commit"), st.just(0), st.just("")),
    ),
    max_size=40,
)


@given(STEPS)
def test_what_one_says_keeps_its_order(steps: list[tuple[str, int, str]]) -> None:
    """Whatever is judged when, everything is answered once, and what one has said is heard once, in their order."""
    log, vetter = SlowLog(), HeldVetter()
    chat = Chat(log)
    chat.hub.vet_with(vetter)
    people = [chat.enter(name, "#red", device=name) for name in ("ana", "bo", "cy")]
    ear = chat.enter("ear", "#red")
    said: dict[int, list[str]] = {0: [], 1: [], 2: []}

    def judge(place: int, how: str) -> None:
        if how == "drop":
            vetter.drop(place)
        else:
            vetter.judge(lambda said: Allowed(said.text.upper() if how == "change" else said.text), place)

    for number, (what, which, how) in enumerate(steps):
        if what == "commit":
            if len(log):
                log.commit()
        elif what == "judge":
            if vetter.asked:
                judge(which % len(vetter.asked), how)
        else:
            said[which].append(f"w{number}")
            target = "#red" if how == "#red" else "ear"
            edit = m.Edit(target, 1, f"w{number}", f"{number}")
            chat.do(people[which], edit if what == "edit" else m.Send(target, f"w{number}", f"{number}"))
    while vetter.asked or len(log):
        if vetter.asked:
            judge(0, "allow")
        else:
            log.commit()
    for which, person in enumerate(people):
        answered = [event.cid for event in person.heard if isinstance(event, m.Accepted | m.Failed) and event.cid]
        assert sorted(answered) == sorted(text[1:] for text in said[which])
        accepted = {event.cid for event in person.heard if isinstance(event, m.Accepted)}
        name = ("ana", "bo", "cy")[which]
        heard = [entry.text.lower() for entry in ear.entries() if entry.sender == name]
        assert heard == [text for text in said[which] if text[1:] in accepted]
