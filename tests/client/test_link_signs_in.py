"""How a link shows that its name is its own."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.client.credentials import Credentials, ask_password
from libchat.client.link import OWN, Link, State
from libchat.errors import Code, PasswordNeeded, Refused, WrongPassword
from libchat.security.device_keys import check_proof, new_device_key
from support.links import sent, tell

KEY = new_device_key()
PIN = "sha256:" + "00" * 32
NEEDED = m.Failed("password-needed", "it is an account", "Ana", OWN)
WRONG = m.Failed("wrong-password", "they do not fit", "Ana", OWN)


def welcome(link: Link, nonce: str = "nonce", pin: str = PIN) -> m.Register:
    """Connect a link, have it welcomed, and return how it takes its name."""
    link.connected(pin)
    (hello,) = sent(link)
    assert isinstance(hello, m.Hello)
    assert tell(link, m.Welcome("test/1", "log-1", cid=OWN, nonce=nonce)) == []
    (register,) = sent(link)
    assert isinstance(register, m.Register)
    return register


def test_key_is_proven_for_this_connection() -> None:
    """The proof signs the nonce of this welcome, the pin of this connection, the canonical name and the device."""
    link = Link("Ana", "secret", credentials=Credentials(key=KEY, label="laptop"))
    for nonce, pin in (("one", PIN), ("two", "")):
        register = welcome(link, nonce, pin)
        assert (register.key, register.label) == (KEY.public, "laptop")
        assert check_proof(KEY.public, register.proof, nonce, pin, "ana", "secret")
        link.lost("cut")


def test_server_without_accounts_is_shown_no_key() -> None:
    """A server that gives no nonce wants no proof, and need not know which device it is."""
    register = welcome(Link("ana", "secret", credentials=Credentials(key=KEY, label="laptop")), nonce="")
    assert (register.key, register.proof, register.label) == ("", "", "")


def test_password_is_shown_once_if_there_is_a_key() -> None:
    """When the key is signed in, the password is forgotten, and so is the invite's token."""
    link = Link("ana", "secret", credentials=Credentials("hush", key=KEY, token="token"))
    register = welcome(link)
    assert (register.password, register.token) == ("hush", "token")
    tell(link, m.Registered("ana", OWN, is_account=True))
    link.lost("cut")
    register = welcome(link)
    assert (register.password, register.token) == ("", "")


def test_password_is_shown_each_time_without_a_key() -> None:
    """Nothing else proves it on the next connection; a new one takes its place when it is set."""
    link = Link("ana", "secret", credentials=Credentials("hush"))
    assert welcome(link).password == "hush"
    tell(link, m.Registered("ana", OWN, is_account=True))
    for cid, answer, expected in (("1", m.Failed("bad-value", "no", cid="1"), "hush"), ("2", m.Done("2"), "new")):
        link.submit(m.Password("new", cid=cid))
        assert tell(link, answer) == [answer]
        link.lost("cut")
        assert welcome(link).password == expected
        tell(link, m.Registered("ana", OWN, is_account=True))


def test_question_is_answered_on_the_same_connection() -> None:
    """If there is somebody to ask, a password that is needed or wrong is asked for, as long as it takes."""
    link = Link("ana", "secret", credentials=Credentials(ask=str))
    assert welcome(link).password == ""
    for refusal, kind in ((NEEDED, PasswordNeeded), (WRONG, WrongPassword)):
        assert tell(link, refusal) == []  # who is asked need not be told once more
        question = link.question
        assert isinstance(question, kind)
        assert (link.state, link.end) == (State.GREETING, None)
        assert sent(link) == []
        link.give_password(kind.__name__)
        assert link.question is None
        assert sent(link) == [m.Register("ana", "secret", OWN, 1, kind.__name__)]
    tell(link, m.Registered("ana", OWN, is_account=True))
    assert link.state is State.LIVE


def test_question_that_is_left_open_is_the_end() -> None:
    """Who leaves instead of giving a password has nothing to send, and nothing to wait for."""
    link = Link("ana", "secret", credentials=Credentials(ask=str))
    welcome(link)
    tell(link, NEEDED)
    question = link.question
    link.leave()
    assert isinstance(question, PasswordNeeded)
    assert link.end is question
    assert sent(link) == []


def test_password_of_half_a_character_is_refused() -> None:
    """What cannot be sent is told, and the name may still be had."""
    link = Link("ana", "secret", credentials=Credentials(ask=str))
    welcome(link)
    tell(link, NEEDED)
    with pytest.raises(Refused, match="half a character"):
        link.give_password("\ud800")
    with pytest.raises(Refused, match="half a character"):
        Link("ana", "secret", credentials=Credentials("\ud800"))


def test_nobody_to_ask_is_the_end() -> None:
    """Without anybody to ask, or for another reason, the refusal is the end."""
    for credentials, failed in ((Credentials("hush"), WRONG), (Credentials(ask=str), m.Failed("busy", "no", cid=OWN))):
        link = Link("ana", "secret", credentials=credentials)
        welcome(link)
        tell(link, failed)
        assert link.question is None
        assert isinstance(link.end, Refused)
        assert link.end.code == failed.code


def test_who_was_in_once_is_not_asked_again() -> None:
    """A password that has changed elsewhere ends a link that comes back: nobody waits for a question by then."""
    link = Link("ana", "secret", credentials=Credentials(ask=str))
    welcome(link)
    tell(link, m.Registered("ana", OWN))
    link.lost("cut")
    welcome(link)
    tell(link, NEEDED)
    assert link.question is None
    assert isinstance(link.end, PasswordNeeded)


def test_lost_connection_takes_its_question_along() -> None:
    """There is nothing to answer on a connection that is gone."""
    link = Link("ana", "secret", credentials=Credentials(ask=str))
    welcome(link)
    tell(link, NEEDED)
    link.lost("cut")
    assert link.question is None


def test_guest_who_becomes_an_account_acknowledges_rooms() -> None:
    """Told that its name is an account now, a link tells how far it is in rooms, too."""
    link = Link("ana", "secret")
    welcome(link)
    tell(link, m.Registered("ana", OWN))
    became = m.Registered("ana", is_account=True)
    assert tell(link, m.Entered("#x", ("ana",), cid="1"), became)[-1] == became
    sent(link)
    for seq in range(1, 101):
        entry = m.Entry("#x", seq, "bo", 5, "hi")
        tell(link, entry)
        link.consumed(entry)
    assert sent(link) == [m.Ack("#x", 100)]


def test_ask_password_raises_the_question_if_it_has_no_answer() -> None:
    """A program that gives up gets the refusal; what it is asked is the reason."""
    question = PasswordNeeded(Code.PASSWORD_NEEDED, "it is an account", "ana")
    assert ask_password(Credentials(ask=str.upper), question) == "IT IS AN ACCOUNT"
    for credentials in (Credentials(), Credentials(ask=lambda why: "")):
        with pytest.raises(PasswordNeeded):
            ask_password(credentials, question)
