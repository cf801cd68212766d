"""Order in rooms over real sockets, in both dialects; and what is left of it after a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import libchat
from libchat import messages as m
from libchat.accounts.admin import FILE
from libchat.hub import Hub
from libchat.server.folder import LOG_FILE
from libchat.store.audit import read_audit
from libchat.store.sqlite import SqliteLog
from support.wire import Wire

Arrive = Callable[[str], Wire]


def test_people_who_type_keep_order(arrive: Arrive) -> None:
    """Each word does what it says, is answered, and told to the others in the room."""
    alice, bob, eve = arrive("Alice"), arrive("Bob"), arrive("Eve")
    alice.send("join tea")
    alice.expect("server: joined tea")
    for person, told in ((bob, (alice,)), (eve, (alice, bob))):
        person.send("join tea")
        person.expect("server: joined tea")
        for other in told:
            other.expect(f"server: {'Bob' if person is bob else 'Eve'} joined tea")
    alice.send("server:op Bob")
    alice.expect("server: Bob is an operator of #tea")
    for person in (bob, eve):
        person.expect("server: Bob is an operator of tea now, by Alice")
    bob.send("server:room moderated on", "server:mute Eve 10m too loud")
    bob.expect("server: #tea: moderated on", "server: Eve is muted in #tea")
    for person in (alice, eve):
        person.expect("server: tea is moderated now, by Bob", "server: Eve was muted in tea by Bob (too loud)")
    eve.send("hello?")
    eve.expect("server: error muted: you are muted in #tea for another 10 min: too loud")
    bob.send("server:unmute Eve", "server:kick Eve be kind")
    bob.expect("server: Eve may speak in #tea again", "server: Eve is put out of #tea")
    for person in (alice, eve):
        person.expect("server: Eve may speak in tea again, by Bob", "server: Eve was kicked from tea by Bob (be kind)")
    eve.send("who")  # outside, it is a command again
    eve.expect("server: online (3): Alice, Bob, Eve")
    bob.send("server:ban Eve 1h", "server:room password secret", "server:bans")
    bob.expect(
        "server: eve is banned from #tea", "server: #tea: password set",
        "server: banned from tea (1): eve (by Bob)", "server: muted in tea (0): ",
    )  # fmt: skip
    alice.expect("server: tea is password, moderated now, by Bob")
    eve.send("join tea secret")
    eve.expect("server: error banned: you are banned from #tea for another 60 min")
    bob.send("server:unban eve", "server:kick Alice")
    bob.expect("server: eve may enter #tea again")
    bob.expect("server: error not-permitted: Alice has a role in #tea that is not lower than yours")
    eve.send("join tea", "join tea secret")
    eve.expect("server: error room-password: #tea has a password, which is missing; join with it", "server: joined tea")


def test_a_program_and_a_person_keep_order(arrive: Arrive, arrive_native: Arrive) -> None:
    """What a program decides is told to people, and the other way round; a ban by address counts on sockets."""
    app, bob = arrive_native("App"), arrive("Bob")
    app.tell("join", room="#tea", cid="1")
    app.hear("entered", room="#tea", role="owner")
    bob.send("join tea")
    bob.expect("server: joined tea")
    app.hear("joined", room="#tea", name="Bob")
    app.tell("grant", room="#tea", name="bob", role="voice", cid="2")
    app.hear("done", cid="2")
    bob.expect("server: Bob is a voice of tea now, by App")
    app.tell("ban", room="#tea", mask="bob", by_address=True, reason="x", cid="3")
    app.hear("done", cid="3", text="127.0.0.1 is banned from #tea")
    bob.expect("server: Bob was kicked from tea by App (x)")
    bob.send("join tea")
    bob.expect("server: error banned: you are banned from #tea: x")
    app.tell("unban", room="#tea", mask="::ffff:127.0.0.1", cid="4")
    app.hear("done", cid="4")
    app.tell("setroom", room="#tea", invite_only=True, cid="5")
    app.hear("done", cid="5")
    app.tell("invite", room="#tea", name="Bob", cid="6")
    app.hear("done", cid="6")
    bob.expect("server: App invites you to tea, `join tea`")
    bob.send("join tea")
    bob.expect("server: joined tea")


def test_roles_bans_and_settings_are_there_after_a_restart(tmp_path: Path) -> None:
    """A room of accounts is as it was, its password, too; one of guests has ended."""
    path = tmp_path / "chat.db"
    with Hub(log=SqliteLog(path)) as hub:
        ana, bo = hub.connect("ana", account=True), hub.connect("bo", account=True)
        guest = hub.connect("guest")
        for person in (ana, bo, guest):
            person.join("#tea")
        guest.join("#guests")
        guest.set_room("#guests", secret=True)
        ana.grant("#tea", "bo", "operator")
        ana.set_room("#tea", password="kumquat", moderated=True)
        bo.ban("#tea", "eve")
        bo.mute("#tea", "guest")
    assert b"kumquat" not in path.read_bytes()
    with Hub(log=SqliteLog(path)) as hub:
        bo, eve, cy, guest = (hub.connect(name, account=name == "bo") for name in ("bo", "eve", "cy", "guest"))
        entered = bo.receive_event(10)
        assert isinstance(entered, m.Entered)
        assert (entered.room, entered.members, entered.role) == ("#tea", ("ana", "bo"), "operator")
        bans = bo.bans("#tea")
        assert ([each.mask for each in bans.bans], [each.mask for each in bans.mutes]) == (["eve"], ["guest"])
        assert bo.who("#tea")[0] == m.Present("ana", role="owner")
        assert _refused(lambda: eve.join("#tea", password="kumquat")) == "banned"
        assert _refused(lambda: cy.join("#tea", password="Kumquat")) == "room-password"
        cy.join("#tea", password="kumquat")
        assert _refused(lambda: cy.send("#tea", "hi").accepted(10)) == "moderated"
        guest.join("#tea", password="kumquat")
        assert _refused(lambda: guest.send("#tea", "hi").accepted(10)) == "muted"
        assert guest.join("#guests").role == "owner"
        assert [room.room for room in bo.rooms()] == ["#guests", "#tea"]


def test_the_audit_tells_of_rooms_and_of_accounts(tmp_path: Path) -> None:
    """Who has made an account, a room, or a wrong guess stands in one list, in order."""
    with libchat.serve(port=0, data=tmp_path) as server:
        with libchat.connect(server.link(), "ana", password="correct horse") as ana:
            ana.join("#tea")
            with pytest.raises(libchat.Refused):
                libchat.connect(server.link(), "ana", password="wrong horse")
            with libchat.connect(server.link(), "bo") as bo:
                bo.join("#tea")
                ana.kick("#tea", "bo")
        lines = [(line.actor, line.action, line.room) for line in read_audit(tmp_path / LOG_FILE, tmp_path / FILE)]
    assert [line for line in lines if line[1] != "device-added"] == [
        ("ana", "account-made", ""),
        ("ana", "make", "#tea"),
        ("", "wrong-password", ""),
        ("ana", "kick", "#tea"),
    ]


def _refused(do: Callable[[], object]) -> str:
    try:
        do()
    except libchat.Refused as refused:
        return refused.code
    return ""
