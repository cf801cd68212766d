"""What follows from each command, told by those who hear it."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.errors import Code
from libchat.limits import (
    CID_BYTES,
    MEMORY_ENTRIES,
    QUEUE_ENTRIES,
    QUEUE_SECONDS,
    REPLAY_ENTRIES,
    TEXT_BYTES,
    TOPIC_BYTES,
)
from support.chat import Chat, Listener, SlowLog, hush

DAY = 24 * 3600


@pytest.fixture
def chat() -> Chat:
    """Return an empty chat."""
    return Chat()


# --- before there is a name -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        m.Send("bo", "hi", "1"),
        m.Join("#red", "1"),
        m.Leave("#red", "1"),
        m.Topic("#red", cid="1"),
        m.Who(cid="1"),
        m.Rooms("1"),
        m.Away(cid="1"),
        m.History("bo", cid="1"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_without_a_name_nothing_is_done(chat: Chat, command: m.Command) -> None:
    """Every command but those of the connection itself wants a name first, and its error repeats the cid."""
    failed = chat.fail(Listener(), command)
    assert (failed.code, failed.cid) == (Code.NOT_REGISTERED, "1")


@pytest.mark.parametrize("command", [m.Typing("bo"), m.Ack("bo", 1)], ids=lambda command: type(command).__name__)
def test_commands_without_a_cid_want_a_name_too(chat: Chat, command: m.Command) -> None:
    """What has no cid is refused without one."""
    failed = chat.fail(Listener(), command)
    assert (failed.code, failed.cid) == (Code.NOT_REGISTERED, "")


def test_what_needs_no_name(chat: Chat) -> None:
    """The connection's own commands are answered without a name: hello, ping, exit, and lines that cannot be read."""
    session = Listener()
    welcome = chat.ask(session, m.Hello(cid="1"))
    assert isinstance(welcome, m.Welcome)
    assert (welcome.version, welcome.limits, welcome.cid) == (m.VERSION, m.Limits(), "1")
    assert welcome.time == 1_700_000_000_000
    assert chat.ask(session, m.Ping("2")) == m.Pong("2")
    failed = chat.fail(session, m.Rejected("bad-line", "words\x1b[31m", "sub\nject", "3"))
    assert failed == m.Failed("bad-line", "words[31m", "sub ject", "3")
    assert chat.ask(session, m.Exit()) == m.Bye(is_final=True)


# --- register -------------------------------------------------------------------------------------------------------


def test_register(chat: Chat) -> None:
    """Taking a name is answered with the name as it is shown; there is one for each connection."""
    ana = Listener()
    assert chat.ask(ana, m.Register("ａna", cid="1")) == m.Registered("ana", "1")
    failed = chat.fail(ana, m.Register("bo", cid="2"))
    assert (failed.code, failed.subject, failed.cid) == (Code.ALREADY_REGISTERED, "ana", "2")


@pytest.mark.parametrize("name", ["", "server", "a b", "x" * 33, "#red", "\ud800", "a:b", "\x1b"])
def test_register_a_bad_name(chat: Chat, name: str) -> None:
    """What cannot be a name is refused, with words that are safe to show, and no connection is worse off for it."""
    session = Listener()
    failed = chat.fail(session, m.Register(name, cid="1"))
    assert (failed.code, failed.cid) == (Code.BAD_NAME, "1")
    assert failed.subject.isprintable()
    assert failed.text.isprintable()
    chat.do(session, m.Register("ana"))
    assert session.heard[-1] == m.Registered("ana")


@pytest.mark.parametrize("name", ["Bill", "bill", "Bi1l"])
def test_register_a_taken_name(chat: Chat, name: str) -> None:
    """A name that is held, or looks like one, is taken; the error says which name was meant."""
    chat.enter("Bill")
    failed = chat.fail(Listener(), m.Register(name, cid="1"))
    assert (failed.code, failed.subject, failed.cid) == (Code.NAME_TAKEN, name, "1")


def test_takeover(chat: Chat) -> None:
    """A device that connects again gets its name and what it has not acknowledged; the old one is closed.

    The others do not notice. Rooms are entered again, and then nothing is missing there.
    """
    bo = chat.enter("Bo", "#red")
    old = chat.enter("ana", "#red", device="phone")
    chat.do(bo, m.Send("ana", "one"), m.Send("ana", "two"))
    chat.do(old, m.Ack("bo", 1))
    hush([bo, old])
    new = Listener()
    chat.do(new, m.Register("ANA", "phone", "1"))
    assert [type(event) for event in old.take()] == [m.Bye]
    registered, entry = new.take()
    assert registered == m.Registered("ana", "1")
    assert isinstance(entry, m.Entry)
    assert (entry.text, entry.is_queued) == ("two", True)
    assert bo.take() == []
    chat.do(bo, m.Send("#red", "missed"), m.Send("#red", "missed, too"))
    assert new.heard == []
    chat.do(new, m.Join("#red", after=1))
    chat.drain(new)
    chat.do(bo, m.Send("#red", "live"))
    assert [type(event) for event in new.heard] == [m.Entered, m.Entry, m.Entry]
    assert new.texts() == ["missed, too", "live"]
    assert [type(event) for event in bo.heard] == [m.Accepted] * 3


@pytest.mark.parametrize("device", ["", "laptop", "Phone", "phon"])
def test_takeover_needs_the_device(chat: Chat, device: str) -> None:
    """While somebody is here, nobody takes over who has another device, or none; and the one who is here goes on."""
    ana = chat.enter("ana", "#red", device="phone")
    assert chat.fail(Listener(), m.Register("ana", device, attempt=9)).code == Code.NAME_TAKEN
    assert isinstance(chat.ask(ana, m.Send("#red", "still here")), m.Accepted)


def test_takeover_by_an_account_leaves_its_other_devices_alone(chat: Chat) -> None:
    """Only the sessions of the very same device are closed."""
    phone = chat.enter("ana", device="phone", account=True)
    laptop = chat.enter("ana", device="laptop", account=True)
    again = chat.enter("ana", device="phone", account=True)
    assert [type(event) for event in phone.heard] == [m.Bye]
    assert laptop.heard == []
    bo = chat.enter("bo")
    chat.do(bo, m.Send("ana", "hi"))
    assert (laptop.texts(), again.texts()) == (["hi"], ["hi"])


# --- send -----------------------------------------------------------------------------------------------------------


def test_send_to_a_name(chat: Chat) -> None:
    """The recipient hears it, whoever sent it gets a receipt, and nobody else hears anything."""
    ana, bo, cy = chat.enter("Ana"), chat.enter("Bo"), chat.enter("Cy")
    chat.do(ana, m.Send("bo", "hi", "1"))
    (entry,) = bo.heard
    assert entry == m.Entry("Bo", 1, "Ana", int(chat.seconds * 1000), "hi")
    assert ana.heard == [m.Accepted("Bo", 1, int(chat.seconds * 1000), "1")]
    assert cy.heard == []


def test_send_to_a_room(chat: Chat) -> None:
    """Everybody in the room hears it but the sender, also who does not acknowledge."""
    ana, bo, cy = chat.enter("ana", "#Red"), chat.enter("bo", "#red", has_acks=False), chat.enter("cy")
    hush([ana])
    chat.do(bo, m.Send("#RED", "hi"))
    assert ana.heard == [m.Entry("#Red", 1, "bo", int(chat.seconds * 1000), "hi")]
    assert (bo.heard, cy.heard) == ([], [])


def test_texts_are_cleaned(chat: Chat) -> None:
    """What a terminal would obey does not pass."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "\x1b[31mred\u202e\r\nline\n"))
    assert bo.texts() == ["[31mred\nline"]


@pytest.mark.parametrize(
    ("command", "code", "subject"),
    [
        (m.Send("ana", "hi", "1"), Code.TO_YOURSELF, "ana"),
        (m.Send("ANA", "hi", "1"), Code.TO_YOURSELF, "ANA"),
        (m.Send("nobody", "hi", "1"), Code.NO_SUCH_NAME, "nobody"),
        (m.Send("#red", "hi", "1"), Code.NOT_IN_ROOM, "#red"),
        (m.Send("a b", "hi", "1"), Code.BAD_NAME, "a b"),
        (m.Send("#", "hi", "1"), Code.BAD_NAME, "#"),
        (m.Send("", "hi", "1"), Code.BAD_NAME, ""),
        (m.Send("bo", " \n\u200b", "1"), Code.EMPTY_TEXT, ""),
        (m.Send("bo", "\x1b\x07", "1"), Code.EMPTY_TEXT, ""),
        (m.Send("bo", "x" * (TEXT_BYTES + 1), "1"), Code.TEXT_TOO_LONG, ""),
        (m.Send("bo", "\U0001f44d" * (TEXT_BYTES // 4 + 1), "1"), Code.TEXT_TOO_LONG, ""),
    ],
    ids=lambda value: value.code if isinstance(value, m.Failed) else None,
)
def test_what_cannot_be_sent(chat: Chat, command: m.Send, code: Code, subject: str) -> None:
    """Each refusal has its code and what it is about, and nothing reaches anybody."""
    chat.enter("bo", "#red")
    ana = chat.enter("ana")
    failed = chat.fail(ana, command)
    assert (failed.code, failed.subject, failed.cid) == (code, subject, "1")
    assert failed.text


def test_a_text_may_be_as_long_as_the_limit(chat: Chat) -> None:
    """The limit counts bytes of UTF-8, and is reached by a text that is allowed."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "\U0001f44d" * (TEXT_BYTES // 4)))
    assert [len(text.encode()) for text in bo.texts()] == [TEXT_BYTES]


def test_near_names_are_suggested(chat: Chat) -> None:
    """A name that nobody ever had suggests those that are spelled much like it."""
    chat.enter("Alice")
    assert "did you mean Alice?" in chat.fail(chat.enter("bo"), m.Send("alise", "hi")).text


def test_errors_repeat_no_more_than_a_cid(chat: Chat) -> None:
    """What is longer than a cid may be does not come back whole."""
    failed = chat.fail(Listener(), m.Who(cid="x" * 1_000))
    assert failed.cid == "x" * CID_BYTES


def test_a_cid_is_accepted_once(chat: Chat) -> None:
    """The second time has the first answer, and is not delivered; the same cid for something else is an error."""
    ana, bo = chat.enter("ana", device="phone"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "hi", "1"))
    chat.seconds += 60
    chat.do(ana, m.Send("bo", "hi", "1"))
    first, second = ana.take()
    assert first == second
    assert bo.texts() == ["hi"]
    failed = chat.fail(ana, m.Send("bo", "other", "1"))
    assert (failed.code, failed.cid) == (Code.CID_REUSED, "1")
    assert bo.texts() == ["hi"]


def test_what_was_accepted_stays_so_when_it_is_no_longer_allowed(chat: Chat) -> None:
    """Said again after leaving the room, it has the first answer; what was never said is refused."""
    ana = chat.enter("ana", "red", device="d")
    first = chat.ask(ana, m.Send("#red", "hi", "1"))
    chat.do(ana, m.Leave("#red"))
    assert chat.ask(ana, m.Send("#red", "hi", "1")) == first
    assert chat.fail(ana, m.Send("#red", "hi", "2")).code == Code.NOT_IN_ROOM


def test_what_was_accepted_stays_so_when_the_queue_is_full(chat: Chat) -> None:
    """The last message that fitted into a queue may be said again, if its answer was lost."""
    ana = chat.enter("ana", device="d")
    chat.depart(chat.enter("bo"))
    chat.do(ana, *(m.Send("bo", "more") for _ in range(QUEUE_ENTRIES - 1)))
    first = chat.ask(ana, m.Send("bo", "one", "1"))
    assert isinstance(first, m.Accepted)
    assert chat.fail(ana, m.Send("bo", "two", "2")).code == Code.QUEUE_FULL
    assert chat.ask(ana, m.Send("bo", "one", "1")) == first


def test_cids_of_different_people_do_not_meet(chat: Chat) -> None:
    """Two clients that count from 1 and name no device do not get each other's answers."""
    ana, bo, cy = chat.enter("ana"), chat.enter("bo"), chat.enter("cy")
    chat.do(ana, m.Send("cy", "from ana", "1"))
    chat.do(bo, m.Send("cy", "from bo", "1"))
    assert cy.texts() == ["from ana", "from bo"]
    assert [type(event) for event in bo.heard] == [m.Accepted]


def test_a_late_connection_takes_nothing_over(chat: Chat) -> None:
    """What is heard of an older connection after a newer one has the name is refused; a newer one takes over."""
    middle, late, newest = Listener(), Listener(), Listener()
    chat.do(middle, m.Register("ana", "phone", attempt=2))
    assert chat.fail(late, m.Register("ana", "phone", attempt=1)).code == Code.NAME_TAKEN
    assert middle.heard == [m.Registered("ana")]
    chat.do(newest, m.Register("ana", "phone", attempt=3))
    assert newest.heard == [m.Registered("ana")]
    assert isinstance(middle.heard[-1], m.Bye)


def test_a_failed_log_takes_nothing() -> None:
    """If the log cannot store something, its sender hears `unavailable` and nobody else anything."""
    log = SlowLog()
    chat = Chat(log)
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "hi", "1"))
    log.commit(failure="the disk is full")
    (failed,) = ana.heard
    assert isinstance(failed, m.Failed)
    assert (failed.code, failed.cid) == (Code.UNAVAILABLE, "1")
    assert "the disk is full" in failed.text
    assert bo.heard == []


def test_nothing_overtakes_what_waits_for_the_log() -> None:
    """What is routed behind an entry is heard behind it, though it needs no log, and not before that."""
    log = SlowLog()
    chat = Chat(log)
    ana = chat.enter("ana")
    bo = Listener()
    chat.do(ana, m.Send("bo", "nobody"), m.Ping("1"))
    hush([ana])
    chat.do(bo, m.Register("bo"))
    chat.do(ana, m.Send("bo", "hi", "2"))
    chat.do(ana, m.Ping("3"), m.Typing("bo"), m.Exit())
    assert [type(event) for event in bo.heard] == [m.Registered]
    assert ana.heard == []
    log.commit()
    assert [type(event) for event in bo.heard] == [m.Registered, m.Entry, m.IsTyping]
    assert [type(event) for event in ana.heard] == [m.Accepted, m.Pong, m.Bye]


def test_receipts_are_for_those_who_want_them(chat: Chat) -> None:
    """Who wants no receipts is told only what is not as expected: that it waits, or that the other one is away."""
    ana, bo = chat.enter("ana", has_acks=False), chat.enter("bo")
    chat.do(ana, m.Send("bo", "one"))
    assert ana.heard == []
    chat.do(bo, m.Away("lunch"))
    chat.do(ana, m.Send("bo", "two"))
    chat.do(bo, m.Exit())
    chat.do(ana, m.Send("bo", "three"))
    assert [(event.is_queued, event.away) for event in ana.heard if isinstance(event, m.Accepted)] == [
        (False, "lunch"),
        (True, ""),
    ]


def test_an_accounts_other_sessions_hear_what_it_says(chat: Chat) -> None:
    """What one sends from one device, private or to a room, the others hear too, each once."""
    phone, laptop = chat.enter("ana", account=True), chat.enter("ana", account=True)
    bo = chat.enter("bo")
    chat.do(phone, m.Send("bo", "private"), m.Join("#red"), m.Send("#red", "public"))
    assert laptop.texts() == ["private", "public"]
    assert phone.texts() == []
    assert bo.texts() == ["private"]


# --- what waits -----------------------------------------------------------------------------------------------------


def test_messages_wait_for_a_name_that_is_away(chat: Chat) -> None:
    """They come when the name comes back, marked, with the time at which they were sent, before what is said now."""
    ana, bo = chat.enter("ana"), chat.enter("Bo")
    chat.do(bo, m.Exit())
    sent = int(chat.seconds * 1000)
    chat.do(ana, m.Send("bo", "one"), m.Send("bo", "two"))
    assert [event.is_queued for event in ana.heard if isinstance(event, m.Accepted)] == [True, True]
    chat.seconds += DAY
    again = chat.enter("bo")
    chat.do(ana, m.Send("bo", "three"))
    assert [(entry.text, entry.is_queued) for entry in again.entries()] == [
        ("one", True),
        ("two", True),
        ("three", False),
    ]
    assert again.entries()[0].time == sent


def test_what_is_acknowledged_does_not_come_again(chat: Chat) -> None:
    """Up to what was acknowledged, nothing is sent again; what was only handed over is."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, *(m.Send("bo", str(number)) for number in range(1, 6)))
    chat.do(bo, m.Ack("ana", 3), m.Ack("ana", 2), m.Ack("cy", 9))
    chat.depart(bo)
    assert chat.enter("bo").texts() == ["4", "5"]


def test_who_does_not_acknowledge_has_what_has_left(chat: Chat) -> None:
    """For a person at a terminal, what has left counts as acknowledged, and no more than that."""
    ana, bo = chat.enter("ana"), chat.enter("bo", has_acks=False)
    chat.do(ana, m.Send("bo", "one"))
    chat.drain(bo)
    chat.do(ana, m.Send("bo", "two"))
    chat.depart(bo)
    assert chat.enter("bo", has_acks=False).texts() == ["two"]


def test_draining_does_not_acknowledge_for_others(chat: Chat) -> None:
    """For a client that acknowledges by itself, that its bytes have left means nothing."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "one"))
    chat.drain(bo)
    chat.depart(bo)
    assert chat.enter("bo").texts() == ["one"]


@pytest.mark.parametrize("has_acks", [True, False])
def test_what_waits_comes_in_pages(chat: Chat, has_acks: bool) -> None:
    """More than a page comes page by page, as each has left; what is said meanwhile waits its turn behind them."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(bo, m.Exit())
    texts = [str(number) for number in range(2 * REPLAY_ENTRIES + 10)]
    chat.do(ana, *(m.Send("bo", text) for text in texts))
    again = chat.enter("bo", has_acks=has_acks)
    assert again.texts() == texts[:REPLAY_ENTRIES]
    chat.do(ana, m.Send("bo", "meanwhile"))
    assert len(again.heard) == REPLAY_ENTRIES
    chat.drain(again)
    assert again.texts() == texts[: 2 * REPLAY_ENTRIES]
    chat.drain(again)
    assert again.texts() == [*texts, "meanwhile"]
    chat.do(ana, m.Send("bo", "live"))
    assert [entry.is_queued for entry in again.entries()[-2:]] == [True, False]
    chat.drain(again)
    assert again.texts() == [*texts, "meanwhile", "live"]


def test_conversations_are_merged_by_time(chat: Chat) -> None:
    """What waited comes in the order in which it was said, whoever said it; each conversation in its own order."""
    ana, cy, bo = chat.enter("ana"), chat.enter("cy"), chat.enter("bo")
    chat.do(bo, m.Exit())
    for number in range(3):
        for session, name in ((ana, "ana"), (cy, "cy")):
            chat.seconds += 1
            chat.do(session, m.Send("bo", f"{name} {number}"))
    assert chat.enter("bo").texts() == ["ana 0", "cy 0", "ana 1", "cy 1", "ana 2", "cy 2"]


def test_ones_own_messages_do_not_wait_for_oneself(chat: Chat) -> None:
    """A conversation has both sides' entries; only the other side's come when one is back."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "from ana"))
    chat.do(bo, m.Send("ana", "from bo"))
    chat.do(ana, m.Send("bo", "more"))
    chat.depart(bo)
    assert chat.enter("bo").texts() == ["from ana", "more"]


def test_messages_in_flight_reach_who_comes_back_meanwhile() -> None:
    """What was sent to a name that was away, and is stored only when it is back, is not left lying."""
    log = SlowLog()
    chat = Chat(log)
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(bo, m.Exit())
    chat.do(ana, m.Send("bo", "in flight"))
    again = Listener()
    chat.do(again, m.Register("bo"))
    assert again.heard == []
    while log:
        log.commit()
    assert again.texts() == ["in flight"]


def test_too_old_to_wait(chat: Chat) -> None:
    """What waited for longer than the limit does not come any more, and that is told; what is younger does."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(bo, m.Exit())
    chat.do(ana, m.Send("bo", "old"), m.Send("bo", "older than the limit"))
    chat.seconds += 1
    chat.do(ana, m.Send("bo", "young"))
    chat.seconds += QUEUE_SECONDS
    again = chat.enter("bo", has_acks=False)
    assert [type(event) for event in again.heard] == [m.Skipped, m.Entry]
    assert again.heard[0] == m.Skipped("ana", 2)
    assert again.texts() == ["young"]
    chat.drain(again)
    chat.depart(again)
    assert chat.enter("bo").heard == []


# --- what refers to messages ----------------------------------------------------------------------------------------


def test_own_messages_are_edited_and_deleted(chat: Chat) -> None:
    """Everybody who saw the original sees what becomes of it, in its place in the order; history shows it as it is."""
    ana, bo = chat.enter("ana", "#red", device="phone"), chat.enter("bo", "#red")
    hush([ana])
    chat.do(ana, m.Send("#red", "helo"), m.Send("#red", "oops"), m.Send("#red", "yes", ref=1))
    chat.do(ana, m.Edit("#red", 1, "hello"), m.Delete("#red", 2))
    assert [(entry.kind, entry.ref, entry.text) for entry in bo.entries()] == [
        ("message", 0, "helo"),
        ("message", 0, "oops"),
        ("message", 1, "yes"),
        ("edit", 1, "hello"),
        ("delete", 2, ""),
    ]
    page = chat.ask(bo, m.History("#red"))
    assert isinstance(page, m.Page)
    shown = [(entry.text, entry.is_edited, entry.is_deleted) for entry in page.entries]
    assert shown[:2] == [("hello", True, False), ("", False, True)]


def test_reactions(chat: Chat) -> None:
    """Who reacts is seen by the others, once for each reaction; history has them with the message."""
    ana, bo, cy = (chat.enter(name, "#red", device=name) for name in ("ana", "bo", "cy"))
    chat.do(ana, m.Send("#red", "cake"))
    hush([ana, bo, cy])
    chat.do(bo, m.React("#red", 1, "+1"), m.React("#red", 1, "+1"))
    chat.do(cy, m.React("#red", 1, "+1"), m.React("#red", 1, "yum"), m.Unreact("#red", 1, "yum"))
    assert [(entry.sender, entry.kind, entry.text) for entry in ana.entries()] == [
        ("bo", "react", "+1"),
        ("bo", "react", "+1"),
        ("cy", "react", "+1"),
        ("cy", "react", "yum"),
        ("cy", "unreact", "yum"),
    ]
    page = chat.ask(ana, m.History("#red", after=0, limit=1))
    assert isinstance(page, m.Page)
    assert page.entries[0].reactions == (m.Reaction("+1", ("bo", "cy")),)
    assert page.has_newer


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (m.Edit("#red", 1, "mine now"), Code.NOT_YOURS),
        (m.Delete("#red", 1), Code.NOT_YOURS),
        (m.Edit("#red", 9, "what?"), Code.NO_SUCH_ENTRY),
        (m.Send("#red", "what?", ref=9), Code.NO_SUCH_ENTRY),
        (m.React("#red", 2, "+1"), Code.NO_SUCH_ENTRY),
        (m.React("#red", 3, "+1"), Code.NO_SUCH_ENTRY),
        (m.React("#red", 1, "x" * 33), Code.TEXT_TOO_LONG),
        (m.React("#red", 1, " "), Code.EMPTY_TEXT),
        (m.Edit("#red", 1, ""), Code.EMPTY_TEXT),
        (m.Edit("#blue", 1, "hi"), Code.NOT_IN_ROOM),
        (m.React("bo", 1, "+1"), Code.TO_YOURSELF),
    ],
)
def test_what_must_not_be_referred_to(chat: Chat, command: m.Command, code: Code) -> None:
    """Others' messages, what is no message, and what was deleted are left as they are, and the others hear nothing."""
    ana, bo = chat.enter("ana", "#red", device="phone"), chat.enter("bo", "#red", device="laptop")
    chat.do(ana, m.Send("#red", "cake"), m.Topic("#red", "cakes"), m.Send("#red", "gone"), m.Delete("#red", 3))
    hush([ana])
    assert chat.fail(bo, command).code == code
    assert ana.heard == []


def test_whose_messages_they_are(chat: Chat) -> None:
    """A guest's are those of the device, an account's those of the name; without a device they are nobody's."""
    chat.enter("keeper", "#red")
    for device in ("phone", "laptop", ""):
        guest = chat.enter("ana", "#red", device=device)
        chat.do(guest, m.Send("#red", f"by {device}", "c"), m.Exit())
    phone = chat.enter("ana", "#red", device="phone")
    assert isinstance(chat.ask(phone, m.Edit("#red", 1, "again by phone")), m.Accepted)
    assert chat.fail(phone, m.Edit("#red", 2, "mine?")).code == Code.NOT_YOURS
    assert chat.fail(phone, m.Edit("#red", 3, "mine?")).code == Code.NOT_YOURS
    one = chat.enter("bo", "#red", device="one", account=True)
    chat.do(one, m.Send("#red", "by an account"))
    two = chat.enter("bo", "#red", device="two", account=True)
    assert isinstance(chat.ask(two, m.Edit("#red", 5, "still by it")), m.Accepted)


def test_operators_take_away(chat: Chat) -> None:
    """Who made the room takes away what others said in it, but does not change it."""
    ana, bo = chat.enter("ana", "#red", device="phone"), chat.enter("bo", "#red", device="laptop")
    chat.do(bo, m.Send("#red", "rude"))
    assert chat.fail(ana, m.Edit("#red", 1, "polite")).code == Code.NOT_YOURS
    assert isinstance(chat.ask(ana, m.Delete("#red", 1)), m.Accepted)
    chat.do(ana, m.Leave("#red"))
    chat.do(bo, m.Send("#red", "rude again"))
    ana = chat.enter("eve", "#red", device="tablet")
    assert chat.fail(ana, m.Delete("#red", 3)).code == Code.NOT_YOURS


# --- receipts -------------------------------------------------------------------------------------------------------


def test_what_was_delivered_and_read_is_told(chat: Chat) -> None:
    """The sender hears of the first time that a device has something, and of what was read; and can look it up."""
    ana, bo = chat.enter("ana", device="a"), chat.enter("bo", device="b")
    chat.do(ana, m.Send("bo", "one"), m.Send("bo", "two"))
    hush([ana])
    chat.do(bo, m.Ack("ana", 1), m.Ack("ana", 1), m.Ack("ana", 2), m.Read("ana", 1))
    assert ana.take() == [m.Delivered("bo", 1), m.Delivered("bo", 2), m.IsRead("bo", "bo", 1)]
    page = chat.ask(ana, m.History("bo", limit=1))
    assert isinstance(page, m.Page)
    assert (page.delivered, page.read) == (2, 1)


def test_ones_other_devices_know_what_was_read(chat: Chat) -> None:
    """What was read on one device is read on the others, in rooms, too; nobody else in a room is told."""
    ana = chat.enter("ana", "#red", device="a")
    one, two = (chat.enter("bo", "#red", device=device, account=True) for device in "12")
    chat.do(ana, m.Send("#red", "hi"), m.Send("bo", "psst"))
    hush([ana, one, two])
    chat.do(one, m.Read("#red", 1), m.Read("ana", 1))
    assert two.take() == [m.IsRead("bo", "#red", 1), m.IsRead("bo", "ana", 1)]
    assert one.take() == []
    assert ana.take() == [m.IsRead("bo", "bo", 1)]


# --- search ---------------------------------------------------------------------------------------------------------


def test_search_finds_what_one_may_read(chat: Chat) -> None:
    """Own rooms and private conversations are looked through, newest first; what others say elsewhere is not."""
    ana, bo = chat.enter("ana", "#red", device="a"), chat.enter("bo", "#red", "#blue", device="b")
    chat.enter("cy")
    chat.do(bo, m.Send("#red", "apple pie"), m.Send("#blue", "apple tree"), m.Send("cy", "apple core"))
    chat.do(bo, m.Send("ana", "Apple juice"))
    chat.do(ana, m.Send("bo", "pear"))

    def found(search: m.Search) -> list[str]:
        answer = chat.ask(ana, search)
        assert isinstance(answer, m.Found)
        return [entry.text for entry in answer.entries]

    assert found(m.Search("apple")) == ["Apple juice", "apple pie"]
    assert found(m.Search("apple", target="#red")) == ["apple pie"]
    assert found(m.Search('"apple pie"')) == ["apple pie"]
    assert found(m.Search("app*", limit=1)) == ["Apple juice"]
    assert chat.fail(ana, m.Search("apple", target="#blue")).code == Code.NOT_IN_ROOM
    assert chat.fail(ana, m.Search('" "')).code == Code.EMPTY_TEXT
    assert chat.fail(ana, m.Search("word " * 17)).code == Code.TEXT_TOO_LONG
    assert found(m.Search("apple", target="cy")) == []


def test_a_guest_finds_nothing_that_is_older_than_its_presence(chat: Chat) -> None:
    """Who takes a name after somebody else does not find what was said to the other one."""
    ana, bo = chat.enter("ana"), chat.enter("bo", device="one")
    chat.do(ana, m.Send("bo", "secret"))
    chat.do(bo, m.Ack("ana", 1), m.Exit())
    chat.seconds += 1
    answer = chat.ask(chat.enter("bo", device="two"), m.Search("secret"))
    assert answer == m.Found(())


def test_no_more_than_so_much_waits(chat: Chat) -> None:
    """Beyond the limit a message is refused while the name is away; once something was taken there is room again."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(bo, m.Exit())
    chat.do(ana, *(m.Send("bo", str(number)) for number in range(QUEUE_ENTRIES - 1)))
    assert isinstance(chat.ask(ana, m.Send("bo", "the last one")), m.Accepted)
    failed = chat.fail(ana, m.Send("bo", "too much", "1"))
    assert (failed.code, failed.subject, failed.cid) == (Code.QUEUE_FULL, "bo", "1")
    again = chat.enter("bo", has_acks=False)
    assert isinstance(chat.ask(ana, m.Send("bo", "while here")), m.Accepted)
    chat.drain(again)
    chat.depart(again)
    assert isinstance(chat.ask(ana, m.Send("bo", "room again", "2")), m.Accepted)


def test_an_absent_account_finds_what_its_rooms_said(chat: Chat) -> None:
    """An account stays in its rooms while it is away; nobody is told that it left, and it misses nothing."""
    bo, ana = chat.enter("bo", "#red"), chat.enter("ana", "#red", account=True)
    hush([bo])
    chat.do(bo, m.Send("#red", "before"))
    chat.do(ana, m.Ack("#red", 1), m.Exit())
    chat.do(bo, m.Send("#red", "one"), m.Topic("#red", "topic"), m.Send("#red", "two"), m.Who("#red"))
    assert [type(event) for event in bo.heard if not isinstance(event, m.Accepted)] == [m.Online]
    online = bo.heard[-1]
    assert isinstance(online, m.Online)
    assert [present.name for present in online.people] == ["ana", "bo"]
    again = chat.enter("ana", account=True)
    assert again.texts() == ["one", "topic", "two"]
    assert all(entry.is_queued for entry in again.entries())
    chat.do(bo, m.Send("#red", "live"))
    assert again.texts()[-1] == "live"
    chat.do(again, m.Ack("#red", 5), m.Exit())
    assert chat.enter("ana", account=True).texts() == []


def test_what_a_room_says_meanwhile_waits_too(chat: Chat) -> None:
    """While an account is still handed what its room said, what the room says now comes behind that, once."""
    bo, ana = chat.enter("bo", "#red"), chat.enter("ana", "#red", account=True)
    chat.do(ana, m.Exit())
    texts = [str(number) for number in range(REPLAY_ENTRIES + 10)]
    chat.do(bo, *(m.Send("#red", text) for text in texts))
    again = chat.enter("ana", account=True, has_acks=False)
    chat.do(bo, m.Send("#red", "meanwhile"))
    assert again.texts() == texts[:REPLAY_ENTRIES]
    chat.drain(again)
    assert again.texts() == [*texts, "meanwhile"]
    chat.drain(again)
    chat.do(again, m.Exit())
    assert chat.enter("ana", account=True).texts() == []


def test_a_session_that_is_replaced_while_it_catches_up_has_no_gap() -> None:
    """What is said while a replaced session's end is still in line does not overtake what it was not handed yet."""
    log = SlowLog()
    chat = Chat(log)
    bo, lost = chat.enter("bo"), chat.enter("ana", device="phone")
    texts = [str(number) for number in range(REPLAY_ENTRIES + 1)]
    chat.do(bo, *(m.Send("ana", text) for text in texts))
    middle, last = Listener(has_acks=False), Listener()
    chat.do(middle, m.Register("ana", "phone"))
    chat.do(bo, m.Send("ana", "meanwhile"))
    chat.do(last, m.Register("ana", "phone"))
    while log:
        log.commit()
    assert lost.texts() == texts
    assert middle.texts() == texts[:REPLAY_ENTRIES]
    chat.drain(middle, last)
    assert last.texts() == [*texts, "meanwhile"]


def test_a_guest_who_leaves_misses_what_its_rooms_say(chat: Chat) -> None:
    """A guest's rooms end with its session: the others are told, and nothing is kept for it."""
    bo, ana = chat.enter("bo", "#red"), chat.enter("ana", "#red")
    hush([bo])
    chat.depart(ana, "connection lost")
    assert bo.heard == [m.Left("#red", "ana", "connection lost")]
    chat.do(bo, m.Send("#red", "gone?"))
    again = chat.enter("ana")
    assert again.heard == []
    assert chat.fail(again, m.Send("#red", "back")).code == Code.NOT_IN_ROOM


# --- rooms ----------------------------------------------------------------------------------------------------------


def test_join(chat: Chat) -> None:
    """Who enters hears who is there, the others hear who entered; to enter twice is to be told again."""
    bo = chat.enter("Bo", "#Red")
    ana = chat.enter("ana")
    chat.do(bo, m.Topic("#red", "topic"))
    hush([bo])
    kept = MEMORY_ENTRIES
    assert chat.ask(ana, m.Join("red", "1")) == m.Entered("#Red", ("ana", "Bo"), "topic", "1", 1, 0, kept)
    assert bo.take() == [m.Joined("#Red", "ana")]
    assert chat.ask(ana, m.Join("#RED", "2")) == m.Entered("#Red", ("ana", "Bo"), "topic", "2", 1, 0, kept)
    assert bo.take() == []
    assert [str(room.name) for room in ana.rooms] == ["#Red"]


def test_leave(chat: Chat) -> None:
    """Who leaves hears that it is done and nothing more of the room, the others hear who left."""
    ana, bo = chat.enter("ana", "#Red"), chat.enter("bo", "#red")
    hush([ana])
    assert chat.ask(bo, m.Leave("red", "1")) == m.Exited("#Red", "1")
    assert ana.take() == [m.Left("#Red", "bo")]
    hush([bo])
    chat.do(ana, m.Send("#red", "alone"), m.Typing("#red"), m.Exit())
    assert bo.heard == []
    assert bo.room is None


@pytest.mark.parametrize(
    "command",
    [
        m.Leave("#red", "1"),
        m.Topic("#red", cid="1"),
        m.Topic("#red", "topic", "1"),
        m.History("#red", cid="1"),
        m.Send("#red", "hi", "1"),
    ],
    ids=["leave", "ask for the topic", "set the topic", "history", "send"],
)
def test_what_is_for_members_only(chat: Chat, command: m.Command) -> None:
    """A room is closed to those who are not in it, whether there is one or not."""
    ana = chat.enter("ana")
    for _ in range(2):
        failed = chat.fail(ana, command)
        assert (failed.code, failed.subject, failed.cid) == (Code.NOT_IN_ROOM, "#red", "1")
        chat.enter(f"member{_}", "#red")


def test_a_session_is_in_the_room_that_it_entered_last(chat: Chat) -> None:
    """Rooms are a stack for those who type by hand: leaving one is to be in the one before."""
    ana = chat.enter("ana", "#red", "#blue")
    rooms = [ana.room]
    for name in ("#blue", "#red"):
        chat.do(ana, m.Leave(name))
        rooms.append(ana.room)
    assert [str(room) for room in rooms] == ["#blue", "#red", "None"]


def test_an_account_leaves_on_all_its_sessions(chat: Chat) -> None:
    """Membership is a person's: who leaves on one device has left on all."""
    phone = chat.enter("ana", "#red", account=True)
    laptop = chat.enter("ana", "#red", account=True)
    bo = chat.enter("bo", "#red")
    chat.do(phone, m.Leave("#red"))
    assert (phone.room, laptop.room) == (None, None)
    hush([laptop])
    chat.do(bo, m.Send("#red", "hi"))
    assert laptop.heard == []


def test_a_room_that_ended_leaves_what_was_said(chat: Chat) -> None:
    """Who makes a room of an old name is its owner, and finds its topic and what was said; its numbers go on."""
    ana = chat.enter("ana", "#red")
    chat.do(ana, m.Send("#red", "said"), m.Topic("#red", "topic"), m.Leave("#red"))
    bo = chat.enter("bo")
    assert chat.ask(bo, m.Rooms()) == m.RoomList(())
    assert chat.ask(bo, m.Join("#red")) == m.Entered("#red", ("bo",), "topic", "", 2, 0, MEMORY_ENTRIES, "owner")
    page = chat.ask(bo, m.History("#red"))
    assert isinstance(page, m.Page)
    assert [entry.text for entry in page.entries] == ["said", "topic"]
    accepted = chat.ask(bo, m.Send("#red", "new"))
    assert isinstance(accepted, m.Accepted)
    assert accepted.seq == 3
    assert chat.ask(bo, m.Delete("#red", 1)) == m.Accepted("#red", 4, int(chat.seconds * 1000))


def test_a_topic_in_flight_reaches_the_next_room_of_that_name() -> None:
    """A topic belongs to the name, also if the log stores it when the room in which it was set has ended."""
    log = SlowLog()
    chat = Chat(log)
    ana = chat.enter("ana", "#red")
    chat.do(ana, m.Topic("#red", "topic"), m.Leave("#red"))
    bo = Listener()
    chat.do(bo, m.Register("bo"), m.Join("#red"))
    while log:
        log.commit()
    assert bo.heard == [m.Registered("bo"), m.Entered("#red", ("bo",), "topic", "", 1, 0, MEMORY_ENTRIES, "owner")]
    chat.do(bo, m.Leave("#red"))
    assert chat.ask(chat.enter("cy", "#red"), m.Topic("#red")) == m.TopicIs("#red", "topic")


def test_a_kept_room_keeps_what_was_said(chat: Chat) -> None:
    """A kept room is listed while it is empty, with its topic, and has its history when somebody comes."""
    chat.hub.keep_room("#Lobby", "welcome")
    ana = chat.enter("ana", "#lobby")
    chat.do(ana, m.Send("#lobby", "first"), m.Leave("#lobby"))
    assert chat.ask(ana, m.Rooms("1")) == m.RoomList((m.RoomInfo("#Lobby", 0, "welcome"),), "1")
    chat.do(ana, m.Join("#lobby"))
    page = chat.ask(ana, m.History("#lobby"))
    assert isinstance(page, m.Page)
    assert [entry.text for entry in page.entries] == ["first"]


def test_rooms_are_listed(chat: Chat) -> None:
    """Everybody sees which rooms there are, how many are in them, and what they are about."""
    ana = chat.enter("ana", "#red", "#Blue")
    chat.enter("bo", "#red")
    chat.do(ana, m.Topic("#red", "topic"))
    listed = m.RoomList((m.RoomInfo("#Blue", 1), m.RoomInfo("#red", 2, "topic")), "1")
    assert chat.ask(chat.enter("cy"), m.Rooms("1")) == listed


def test_topic(chat: Chat) -> None:
    """A topic is an entry of its room: all hear it, who comes later too, and who asks; an empty one clears it."""
    ana, bo = chat.enter("ana", "#red"), chat.enter("bo", "#red")
    hush([ana])
    chat.do(ana, m.Topic("#red", " lunch\x1b\nat\tnoon ", "1"))
    assert bo.heard == [m.Entry("#red", 1, "ana", int(chat.seconds * 1000), "lunch at noon", "topic")]
    assert ana.take() == [m.Accepted("#red", 1, int(chat.seconds * 1000), "1")]
    assert chat.ask(bo, m.Topic("#red", cid="2")) == m.TopicIs("#red", "lunch at noon", "2")
    entered = chat.ask(chat.enter("cy"), m.Join("#red"))
    assert isinstance(entered, m.Entered)
    assert entered.topic == "lunch at noon"
    chat.do(bo, m.Topic("#red", ""))
    assert chat.ask(ana, m.Topic("#red")) == m.TopicIs("#red", "")


def test_a_topic_that_is_too_long(chat: Chat) -> None:
    """A topic has its own limit, which a topic may reach."""
    ana = chat.enter("ana", "#red")
    assert isinstance(chat.ask(ana, m.Topic("#red", "x" * TOPIC_BYTES)), m.Accepted)
    assert chat.fail(ana, m.Topic("#red", "x" * (TOPIC_BYTES + 1))).code == Code.TEXT_TOO_LONG


# --- people ---------------------------------------------------------------------------------------------------------


def test_who(chat: Chat) -> None:
    """Everybody who is here, sorted, with their away notes; or who is in a room, also for those who are not."""
    ana, bo = chat.enter("Bo", "#Red"), chat.enter("ana")
    chat.do(ana, m.Away("lunch"))
    assert chat.ask(bo, m.Who(cid="1")) == m.Online((m.Present("ana"), m.Present("Bo", "lunch")), "", "1")
    assert chat.ask(bo, m.Who("red")) == m.Online((m.Present("Bo", "lunch", "owner"),), "#Red")
    failed = chat.fail(bo, m.Who("#blue", "2"))
    assert (failed.code, failed.subject, failed.cid) == (Code.NO_SUCH_NAME, "#blue", "2")
    assert chat.fail(bo, m.Who("a b")).code == Code.BAD_NAME


def test_away(chat: Chat) -> None:
    """Who writes to somebody who is away is told why, and it arrives nevertheless; coming back ends it."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    assert chat.ask(bo, m.Away(" at\nlunch ", "1")) == m.Done("1")
    chat.do(ana, m.Send("bo", "hi"))
    (accepted,) = ana.take()
    assert isinstance(accepted, m.Accepted)
    assert (accepted.away, accepted.is_queued) == ("at lunch", False)
    assert bo.texts() == ["hi"]
    chat.do(bo, m.Away())
    accepted = chat.ask(ana, m.Send("bo", "hi"))
    assert isinstance(accepted, m.Accepted)
    assert accepted.away == ""
    assert chat.fail(bo, m.Away("x" * (TOPIC_BYTES + 1))).code == Code.TEXT_TOO_LONG


def test_a_note_ends_with_the_session(chat: Chat) -> None:
    """Whoever takes a guest's name next is not away."""
    bo = chat.enter("bo")
    chat.do(bo, m.Away("lunch"), m.Exit())
    assert chat.ask(chat.enter("bo"), m.Who()) == m.Online((m.Present("bo"),))


def test_typing(chat: Chat) -> None:
    """The other one, or the others in the room, hear it; it is not answered, and nobody else hears it."""
    ana, bo, cy = chat.enter("ana", "#Red"), chat.enter("Bo", "#red"), chat.enter("cy")
    hush([ana])
    chat.do(ana, m.Typing("BO"), m.Typing("#red"), m.Typing("nobody"))
    assert bo.heard == [m.IsTyping("ana", "Bo"), m.IsTyping("ana", "#Red")]
    assert (ana.heard, cy.heard) == ([], [])
    assert chat.fail(cy, m.Typing("#red")).code == Code.NOT_IN_ROOM


# --- history --------------------------------------------------------------------------------------------------------


def page_of(chat: Chat, session: Listener, command: m.History) -> tuple[list[str], bool]:
    """Return the texts of a page, and whether there are older entries."""
    page = chat.ask(session, command)
    assert isinstance(page, m.Page), page
    assert page.cid == command.cid
    return [entry.text for entry in page.entries], page.has_more


def test_history_of_a_room(chat: Chat) -> None:
    """Members see what was said before they came, page by page, oldest first in each."""
    ana = chat.enter("ana", "#red")
    chat.do(ana, *(m.Send("#red", str(number)) for number in range(1, 6)))
    bo = chat.enter("bo", "#red")
    assert page_of(chat, bo, m.History("#RED", limit=2, cid="1")) == (["4", "5"], True)
    assert page_of(chat, bo, m.History("#red", before=4, limit=2)) == (["2", "3"], True)
    assert page_of(chat, bo, m.History("#red", before=2, limit=2)) == (["1"], False)


def test_history_of_two(chat: Chat) -> None:
    """Both see both sides of what they said to each other, and nobody else does."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "hi"))
    chat.do(bo, m.Send("ana", "hello"))
    assert page_of(chat, ana, m.History("BO")) == (["hi", "hello"], False)
    assert page_of(chat, bo, m.History("ana")) == (["hi", "hello"], False)
    assert page_of(chat, chat.enter("cy"), m.History("ana")) == ([], False)


def test_a_guests_history_begins_with_the_guest(chat: Chat) -> None:
    """Who takes a name that somebody else had sees nothing of what that one said and was told."""
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.do(ana, m.Send("bo", "for the first bo"))
    chat.drain(bo)
    chat.do(bo, m.Ack("ana", 1), m.Exit())
    chat.seconds += 1
    other = chat.enter("bo")
    assert page_of(chat, other, m.History("ana")) == ([], False)
    chat.do(ana, m.Send("bo", "for the second"))
    assert page_of(chat, other, m.History("ana")) == (["for the second"], False)
    assert page_of(chat, ana, m.History("bo")) == (["for the first bo", "for the second"], False)


def test_an_accounts_history_is_whole(chat: Chat) -> None:
    """An account sees all that it ever said and was told: nobody else can have had its name."""
    bo, ana = chat.enter("bo"), chat.enter("ana", account=True)
    chat.do(bo, m.Send("ana", "before"))
    chat.do(ana, m.Exit())
    chat.seconds += 1
    assert page_of(chat, chat.enter("ana", account=True), m.History("bo")) == (["before"], False)


# --- the end --------------------------------------------------------------------------------------------------------


def test_exit(chat: Chat) -> None:
    """Who exits hears goodbye and nothing more; the others in each room hear why, and the name is free."""
    ana, bo = chat.enter("ana", "#red", "#blue"), chat.enter("bo", "#red", "#blue")
    hush([ana])
    chat.do(bo, m.Exit(" lunch\x1b\ntime "))
    assert bo.heard == [m.Bye(is_final=True)]
    assert ana.take() == [m.Left("#red", "bo", "lunch time"), m.Left("#blue", "bo", "lunch time")]
    chat.do(bo, m.Send("ana", "ghost"), m.Ping(), m.Register("bo"))
    assert bo.heard == [m.Bye(is_final=True)]
    assert ana.take() == []
    chat.enter("bo")


def test_a_lost_connection(chat: Chat) -> None:
    """Who is lost leaves like who exits, with the reason that the transport gives; to be lost twice is once."""
    ana, bo = chat.enter("ana", "#red"), chat.enter("bo", "#red")
    hush([ana])
    chat.depart(bo, "connection lost")
    chat.depart(bo, "connection lost")
    assert ana.take() == [m.Left("#red", "bo", "connection lost")]
    chat.depart(Listener())
