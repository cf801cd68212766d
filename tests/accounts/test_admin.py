from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from libchat.accounts.admin import AccountAdmin, User
from libchat.accounts.desk import AccountDesk
from libchat.errors import Code, InvalidName, Refused, StoreError
from libchat.security.passwords import Argon2
from support.accounts import QUICK, SECRET, Clock, ask, claim, code, new_key

HASHER = Argon2(QUICK)


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the command line."""
    return Clock()


@pytest.fixture
def admin(tmp_path: Path, clock: Clock) -> Iterator[AccountAdmin]:
    """Return the accounts of a folder, as an administrator has them."""
    with AccountAdmin(tmp_path / "accounts.db", hasher=HASHER, clock=clock) as admin:
        yield admin


def refused(code: Code) -> pytest.RaisesExc[Refused]:
    """Expect a refusal with a code."""
    return pytest.raises(Refused, check=lambda error: error.code == code)


def test_users_are_made_and_listed(admin: AccountAdmin, clock: Clock, tmp_path: Path) -> None:
    """What is listed is how it is shown, since when, and what opens it."""
    admin.add_user("Ana", SECRET)
    made = clock()
    clock.pass_seconds(60)
    admin.add_user("bo", SECRET)
    admin.set_admin("BO", True)
    desk, key = AccountDesk(tmp_path / "accounts.db", admit="accounts", hasher=HASHER, clock=clock), new_key()
    assert code(ask(desk, claim("ana", SECRET, key=key))) == "granted"
    desk.close()
    assert admin.users() == (
        User("ana", "Ana", made, clock(), has_password=True, devices=1, is_admin=False),
        User("bo", "bo", clock(), 0, has_password=True, devices=0, is_admin=True),
    )
    admin.set_admin("bo", False)
    assert not admin.users()[1].is_admin


def test_names_and_passwords_are_checked(admin: AccountAdmin) -> None:
    """A name that is none, one that is taken or looks so, and a weak password are refused, and nothing is made."""
    admin.add_user("bill", SECRET)
    with refused(Code.NAME_TAKEN):
        admin.add_user("Bill", SECRET)
    with refused(Code.NAME_TAKEN):
        admin.add_user("bi1l", SECRET)
    with pytest.raises(InvalidName):
        admin.add_user("two words", SECRET)
    with pytest.raises(ValueError, match="8 characters"):
        admin.add_user("cy", "short")
    with pytest.raises(ValueError, match="8 characters"):
        admin.set_password("bill", "short")
    assert [user.name for user in admin.users()] == ["bill"]


def test_who_is_no_account_is_told(admin: AccountAdmin) -> None:
    """Every command about an account says that there is none."""
    for command in (
        lambda: admin.set_password("ana", SECRET),
        lambda: admin.remove_user("ana"),
        lambda: admin.set_admin("ana", True),
        lambda: admin.devices("ana"),
        lambda: admin.revoke_device("ana", "0" * 16),
    ):
        with refused(Code.NO_SUCH_NAME):
            command()
    assert admin.audit() == ()


def test_a_forgotten_password_is_set_anew(admin: AccountAdmin, tmp_path: Path) -> None:
    """The old one fits no more, and the devices stay signed in."""
    admin.add_user("ana", SECRET)
    desk, key = AccountDesk(tmp_path / "accounts.db", hasher=HASHER), new_key()
    ask(desk, claim("ana", SECRET, key=key))
    admin.set_password("ana", "battery staple")
    assert code(ask(desk, claim("ana", SECRET))) == Code.WRONG_PASSWORD
    assert code(ask(desk, claim("ana", "battery staple"))) == "granted"
    assert code(ask(desk, claim("ana", key=key))) == "granted"
    desk.close()


def test_a_removed_user_is_gone(admin: AccountAdmin, tmp_path: Path) -> None:
    """Neither name nor key nor the invite of old opens anything any more; the name is free for another."""
    desk, key = AccountDesk(tmp_path / "accounts.db", admit="invite", hasher=HASHER), new_key()
    made = admin.make_invite("#red", uses=2)
    assert code(ask(desk, claim("ana", SECRET, key=key, token=made.token))) == "granted"
    admin.remove_user("ana")
    assert admin.users() == ()
    assert code(ask(desk, claim("ana", key=key))) == Code.NOT_ADMITTED
    assert code(ask(desk, claim("ana", SECRET))) == Code.WRONG_PASSWORD
    assert code(ask(desk, claim("ana", "other password", key=new_key(), token=made.token))) == "granted"
    assert code(ask(desk, claim("cy", key=key, token=made.token))) == Code.INVITE_USED_UP
    desk.close()


def test_devices_are_revoked(admin: AccountAdmin, tmp_path: Path) -> None:
    """By their ids; an unknown one is refused."""
    desk, key = AccountDesk(tmp_path / "accounts.db", hasher=HASHER), new_key()
    ask(desk, claim("ana", SECRET, key=key, label="laptop"))
    desk.close()
    assert [(device.id, device.label) for device in admin.devices("ana")] == [(key.key_id, "laptop")]
    with refused(Code.BAD_VALUE):
        admin.revoke_device("ana", "0" * 16)
    admin.revoke_device("ana", key.key_id)
    assert admin.devices("ana") == ()


def test_invites_are_listed_and_taken_back(admin: AccountAdmin, clock: Clock, tmp_path: Path) -> None:
    """One that was taken back is as good as none; who came in by it stays."""
    desk = AccountDesk(tmp_path / "accounts.db", admit="invite", hasher=HASHER, clock=clock)
    made, key = admin.make_invite("#red", uses=3, seconds=60), new_key()
    assert ask(desk, claim(key=key, token=made.token)) != ask(desk, claim(key=new_key(), token="x"))
    (listed,) = admin.invites()
    assert (listed.by, listed.room, listed.uses, listed.remaining) == ("server", "#red", 3, 2)
    assert listed.expires == made.expires == clock() + 60_000
    with refused(Code.BAD_VALUE):
        admin.revoke_invite("0" * 8)
    admin.revoke_invite(listed.id)
    assert admin.invites() == ()
    assert code(ask(desk, claim("bo", token=made.token))) == Code.INVITE_UNKNOWN
    assert code(ask(desk, claim(key=key))) == "granted"
    desk.close()


def test_invites_are_forgotten_in_the_end(admin: AccountAdmin, clock: Clock) -> None:
    """One that has expired is told apart for a month; no invite is for nobody."""
    admin.make_invite(seconds=60)
    with refused(Code.BAD_VALUE):
        admin.make_invite(uses=0)
    clock.pass_seconds(30 * 24 * 3600)
    admin.make_invite()
    assert len(admin.invites()) == 2
    clock.pass_seconds(61)
    admin.make_invite()
    assert len(admin.invites()) == 2


def test_everything_is_in_the_audit(admin: AccountAdmin, clock: Clock) -> None:
    """What the command line did, by whom, when; the newest lines are to be had alone."""
    admin.add_user("Ana", SECRET)
    admin.set_password("ana", "battery staple")
    admin.set_admin("ana", True)
    admin.set_admin("ana", False)
    admin.make_invite("#red")
    admin.revoke_invite(admin.invites()[0].id)
    admin.remove_user("ana")
    notes = admin.audit()
    assert [note.action for note in notes] == [
        *("account-made", "password-set", "admin-made", "admin-unmade"),
        *("invite-made", "invite-revoked", "account-removed"),
    ]
    assert {(note.actor, note.time) for note in notes} == {("cli", clock()), ("server", clock())}
    assert admin.audit(2) == notes[-2:]


def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """The words name the file and what to do."""
    with pytest.raises(StoreError, match="choose a file"):
        AccountAdmin(tmp_path / "missing" / "accounts.db")
