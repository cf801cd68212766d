"""Commands of operators and owners."""

from __future__ import annotations

import pytest

from libchat import messages as m
from support.desk import heard
from support.typist import Enter, Typist


@pytest.mark.parametrize(
    "line",
    [
        "/kick ana",
        "/ban ana",
        "/unban cy",
        "/bans",
        "/mute ana",
        "/unmute ana",
        "/op cy",
        "/owner cy",
        "/voice cy",
        "/room moderated on",
        "/deop ana",
    ],
)
def test_members_may_not(ana: Typist, bo: Typist, enter: Enter, line: str) -> None:
    """Who has no role is told who has one, and nothing changes."""
    enter("cy", "#red")
    before = (ana.chat.who("#red"), ana.says("/bans"))
    assert bo.run(line).kind == "refused"
    assert "#red" in bo.fails(line)
    assert (ana.chat.who("#red"), ana.says("/bans")) == before


@pytest.mark.parametrize(
    "line", ["/kick bo", "/ban bo", "/unban bo", "/bans", "/mute bo", "/unmute bo", "/op bo", "/deop bo", "/room"]
)
def test_outside_rooms(ana: Typist, line: str) -> None:
    """Outside a room, one has to say which."""
    ana.says("/switch home")
    assert "you are in no room here; say --room ROOM" in ana.fails(line)


def test_kick(ana: Typist, bo: Typist) -> None:
    """Somebody is put out, with a reason, and the shell hears of it; they may come back."""
    ana.says("/kick BO please read  the rules")
    assert [each.name for each in ana.chat.who("#red")] == ["ana"]
    assert heard(ana.desk, m.Kicked) == [m.Kicked("#red", "bo", "ana", "please read  the rules")]
    bo.says("/join #red")
    assert "nobody is not in #red" in ana.fails("/kick nobody")
    assert "NAME is missing" in ana.fails("/kick")
    assert "you cannot do that to yourself; /leave takes you out" in ana.fails("/kick ana")


def test_ban(ana: Typist, bo: Typist) -> None:
    """Somebody is kept out for a while, and let in again."""
    assert ana.says("/ban bo 24h too much  spam") == "bo may not enter #red for 1 day; /unban takes it back"
    assert heard(ana.desk, m.Kicked) == [m.Kicked("#red", "bo", "ana", "too much  spam")]
    assert "you are banned from #red for another 24 h: too much  spam" in bo.fails("/join #red")
    assert ana.says("/bans").split("\n") == [
        "     WHO  BY   SINCE     HOLDS             WHY",
        "ban  bo   ana  just now  for another 24 h  too much  spam",
    ]
    assert ana.offers("/unban ") == ["bo"]
    assert ana.says("/unban bo") == "bo may enter #red again"
    assert ana.offers("/unban ") == []
    bo.says("/join #red")
    assert "bo is not banned from #red" in ana.fails("/unban bo")


def test_a_ban_for_good(ana: Typist, bo: Typist) -> None:
    """Without a span it holds until it is taken back; what is no span is the reason."""
    assert ana.says("/ban bo warned 5 times") == "bo may not enter #red; /unban takes it back"
    assert "for good" in ana.says("/bans")
    assert "warned 5 times" in ana.says("/bans")


def test_a_ban_of_addresses(ana: Typist, bo: Typist) -> None:
    """A network is banned; who comes from no address cannot be banned by it."""
    ana.says("/ban 192.168.1.0/24 7d")
    assert "192.168.1.0/24" in ana.says("/bans")
    assert "bo comes from no address now; ban the name" in ana.fails("/ban bo --address")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/ban", "NAME is missing"),
        ("/ban b*o", "cannot be a name"),
        ("/ban bo 400d", "seconds at most"),
        ("/ban bo 10 minutes", "REASON: '10' does not do: write a number and s, m, h, d or w, as in 24h"),
        ("/mute bo 1h30m", "'1h30m' does not do"),
    ],
)
def test_bans_that_cannot_be(ana: Typist, bo: Typist, line: str, words: str) -> None:
    """What cannot be banned is told."""
    assert words in ana.fails(line)


def test_mute(ana: Typist, bo: Typist) -> None:
    """Somebody does not speak for a while, is told why, and speaks again."""
    ana.says("/mute bo 10m calm down")
    ends = int(ana.surface.now * 1000) + 600_000
    assert heard(ana.desk, m.Muted) == [m.Muted("#red", "bo", "ana", ends, "calm down")]
    assert "you are muted in #red for another 10 min: calm down" in bo.fails("/me talks")
    assert "mute  bo" in ana.says("/bans")
    assert ana.offers("/unmute ") == ["bo"]
    ana.says("/unmute bo")
    assert ana.offers("/unmute ") == []
    bo.says("/me talks")
    assert "bo is not muted in #red" in ana.fails("/unmute bo")
    assert "NAME is missing" in ana.fails("/mute")


def test_no_bans(ana: Typist) -> None:
    """Where nobody is kept out or silent, this is said."""
    assert ana.says("/bans") == "nobody is banned from #red, or muted in it"


def role(typist: Typist, name: str) -> str:
    """Return somebody's role in #red."""
    return next(each.role for each in typist.chat.who("#red") if each.name == name)


def test_roles(ana: Typist, bo: Typist) -> None:
    """Roles are given and taken, each by its own command, and the shell hears of them."""
    for line, now in (
        ("/voice bo", "voice"),
        ("/op bo", "operator"),
        ("/deop bo", ""),
        ("/voice bo", "voice"),
        ("/devoice bo", ""),
        ("/owner bo", "owner"),
    ):
        ana.says(line)
        assert role(ana, "bo") == now
    assert [each.role for each in heard(ana.desk, m.Granted)] == ["voice", "operator", "", "voice", "", "owner"]
    ana.says("/deop ana --room #red")
    assert role(ana, "ana") == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/op bo", "bo is an operator of #red already"),
        ("/voice bo", "bo is an operator of #red; /deop takes it"),
        ("/devoice bo", "bo is an operator in #red; /who shows who has which"),
        ("/op ana", "ana is an owner of #red; /deop takes it"),
        ("/op nobody", "nobody is not in #red"),
        ("/deop nobody", "nobody has no role in #red"),
        ("/deop ana", "owner"),
        ("/op", "NAME is missing"),
    ],
)
def test_roles_that_cannot_be(ana: Typist, bo: Typist, line: str, words: str) -> None:
    """Nobody loses a higher role by being given a lower one, and what makes no sense is told."""
    ana.says("/op bo")
    assert words in ana.fails(line)
    assert (role(ana, "ana"), role(ana, "bo")) == ("owner", "operator")


def test_settings(ana: Typist, bo: Typist, enter: Enter) -> None:
    """Each setting of a room can be switched on and off."""
    assert ana.says("/room moderated on") == "#red: moderated is on"
    assert "  moderated    on" in bo.says("/room").split("\n")
    assert bo.fails("/me talks").endswith("ask an operator for one. /who shows who they are.")
    ana.says("/room moderated off")
    bo.says("/me talks")
    ana.says("/room secret")
    cy = enter("cy")
    assert cy.says("/rooms").startswith("there are no rooms")
    ana.says("/room secret off")
    assert "#red" in cy.says("/rooms")
    ana.says("/room invite-only on")
    assert "takes only those who were invited" in cy.fails("/join #red")
    ana.says("/room invite-only off")
    cy.says("/join #red")


def test_a_password_for_a_room(ana: Typist, enter: Enter) -> None:
    """The password is asked for twice, unseen; it stands on no line, and is taken away again."""
    ana.surface.answers = ["sesame", "sesame"]
    assert ana.says("/room password").startswith("#red has a password now")
    assert ana.surface.questions == [("new password of #red: ", True), ("the same again: ", True)]
    cy = enter("cy")
    assert "has a password" in cy.fails("/join #red") or cy.surface.questions
    ana.surface.answers = ["sesame", "other"]
    assert "the two were not the same" in ana.fails("/room password on")
    assert ana.says("/room password off") == "#red has no password"
    cy.says("/join #red")
    assert "'secret word' is not one of on, off" in ana.fails("/room password 'secret word'")


def test_about_a_room(ana: Typist, bo: Typist) -> None:
    """Without a setting, it is told what is known of the room, and what can be changed."""
    bo.says("/topic tea")
    assert bo.says("/room").split("\n") == [
        "#red:",
        "  topic        tea",
        "  people       2 people",
        "  run by       ana",
        "  you are      member",
        "  invite-only  off",
        "  password     off",
        "  moderated    off",
        "  secret       off",
        "  open-topic   on",
        "/room SETTING on|off changes: invite-only, moderated, secret, open-topic, password",
    ]
    assert "did you mean 'moderated'?" in ana.fails("/room moderat on")
    assert "there is no room #blue" in ana.fails("/room --room #blue")
