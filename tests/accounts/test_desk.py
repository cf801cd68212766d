from __future__ import annotations

import gc
import logging
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from libchat.accounts.admin import AccountAdmin
from libchat.accounts.desk import AccountDesk, MemoryAccounts
from libchat.claims import Added, Change, Granted, KeyRevoked, Removed, Request, RevokeDevice, SetPassword
from libchat.errors import Closed, Code, StoreError
from libchat.security.passwords import Argon2
from support.accounts import QUICK, SECONDS, Asked, Clock, CountingHasher, SlowHasher, ask, claim, code, invite, new_key

HASHER = Argon2(QUICK)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a file of accounts may be."""
    return tmp_path / "accounts.db"


@pytest.fixture
def desk(path: Path) -> Iterator[AccountDesk]:
    """Return the accounts of a server that looks at its file all the time."""
    desk = AccountDesk(path, admit="invite", hasher=HASHER, watch_seconds=0.01)
    yield desk
    desk.close()


@pytest.fixture
def changes(desk: AccountDesk) -> SimpleQueue[Change]:
    """Return what the server is told of others."""
    changes: SimpleQueue[Change] = SimpleQueue()
    desk.load()
    desk.watch(changes.put)
    return changes


# --- beside another program -----------------------------------------------------------------------------------------


def test_what_the_command_line_does_is_noticed(path: Path, desk: AccountDesk, changes: SimpleQueue[Change]) -> None:
    """An account that is made, one that is removed, and a device that is revoked elsewhere are told, in order."""
    key = new_key()
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.add_user("Ana", "correct horse")
        assert changes.get(timeout=SECONDS) == Added("ana", "Ana")
        assert code(ask(desk, claim("ana", "correct horse", key=key))) == "granted"
        admin.revoke_device("ana", key.key_id)
        assert changes.get(timeout=SECONDS) == KeyRevoked("ana", key.public)
        assert code(ask(desk, claim("ana", key=key))) == Code.PASSWORD_NEEDED
        admin.remove_user("ana")
        assert changes.get(timeout=SECONDS) == Removed("ana")
        made = admin.make_invite()
        assert code(ask(desk, claim("bo", token=made.token))) == "granted"


def test_own_changes_are_not_told(path: Path, desk: AccountDesk, changes: SimpleQueue[Change]) -> None:
    """What a server did itself it knows; what is told next is what another program did after it."""
    first, second = new_key(), new_key()
    token = invite(desk, uses=9).token
    ask(desk, claim("ana", "correct horse", key=first, token=token))
    ask(desk, claim("ana", "correct horse", key=second))
    ask(desk, RevokeDevice("ana", first.key_id))
    ask(desk, SetPassword("bo", "Bo", "correct horse"))
    ask(desk, claim("cy", "wrong password"))
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.set_password("bo", "another one")
        admin.add_user("last", "correct horse")
    assert changes.get(timeout=SECONDS) == Added("last", "last")


def test_an_account_that_was_made_again_is_another(path: Path, desk: AccountDesk, changes: SimpleQueue[Change]) -> None:
    """Removed and made again between two looks: the sessions of the old one are to end."""
    clock = Clock()
    with AccountAdmin(path, hasher=HASHER, clock=clock) as admin:
        admin.add_user("ana", "correct horse")
        assert changes.get(timeout=SECONDS) == Added("ana", "ana")
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("UPDATE accounts SET made = made + 1, display = 'Ana'")  # one transaction, as if it were two
        connection.close()
    assert [changes.get(timeout=SECONDS) for _ in range(2)] == [Removed("ana"), Added("ana", "Ana")]


def test_a_watcher_that_fails_ends_nothing(path: Path, desk: AccountDesk, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody else's mistake is logged, and the accounts go on."""
    called: SimpleQueue[Change] = SimpleQueue()

    def fail(change: Change) -> None:
        called.put(change)
        raise RuntimeError("no")

    desk.load()
    desk.watch(fail)
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.add_user("ana", "correct horse")
        called.get(timeout=SECONDS)
        admin.add_user("bo", "correct horse")
        assert called.get(timeout=SECONDS) == Added("bo", "bo")
    assert "could not be passed on" in caplog.text


def test_two_programs_share_an_invite(path: Path) -> None:
    """Two programs on one file use an invite together exactly as often as it may be used."""
    desk = AccountDesk(path, admit="invite", hasher=HASHER)
    made = invite(desk, uses=25)
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "support.claiming", str(path), made.token, "40"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        for _ in range(2)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    answers = [code(ask(desk, claim(token=made.token))) for _ in range(40)]
    for program in programs:
        answers += program.communicate(timeout=60)[0].split()
    desk.close()
    assert answers.count("granted") == 25
    assert answers.count(Code.INVITE_USED_UP) == 120 - 25


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_use_that_was_answered_is_never_given_back(path: Path) -> None:
    """However often the program is killed: the uses that are gone are those that were answered, or one more."""
    uses = 1000
    desk = AccountDesk(path, admit="invite", hasher=HASHER)
    made = invite(desk, uses=uses)
    desk.close()
    answered = 0
    for kill_after in (1, 4, 9):
        program = subprocess.Popen(
            [sys.executable, "-m", "support.claiming", str(path), made.token, str(uses)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        assert program.stdout is not None
        assert program.stdin is not None
        assert program.stdout.readline() == "ready\n"
        program.stdin.write("go\n")
        program.stdin.flush()
        seen = sum(program.stdout.readline() == "granted\n" for _ in range(kill_after))
        program.send_signal(signal.SIGKILL)
        rest = program.communicate(timeout=60)[0]
        answered += seen + rest.count("granted\n")
    with AccountAdmin(path, hasher=HASHER) as admin:
        (kept,) = admin.invites()
        used = [note for note in admin.audit() if note.action == "invite-used"]
    assert uses - kept.remaining == len(used)
    assert answered <= uses - kept.remaining <= answered + 3


def test_what_happens_while_a_password_is_checked_counts(path: Path) -> None:
    """Who gave the old password comes too late when a new one is set meanwhile, and so does who makes a taken name."""
    slow = SlowHasher()
    desk = AccountDesk(path, hasher=slow)
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.add_user("ana", "correct horse")
        asked = Asked(desk, claim("ana", "correct horse"))
        assert slow.entered.acquire(timeout=SECONDS)
        admin.set_password("ana", "battery staple")
        slow.let.release(2)
        assert code(asked.wait()) == Code.WRONG_PASSWORD
        asked = Asked(desk, claim("bo", "correct horse"))
        assert all(slow.entered.acquire(timeout=SECONDS) for _ in range(2))  # the first one had to check again
        admin.add_user("bo", "battery staple")
        slow.let.release(2)
        assert code(asked.wait()) == Code.WRONG_PASSWORD
    desk.close()


def test_a_removed_account_does_not_come_back(path: Path) -> None:
    """A session that lives a moment longer than its account cannot make it anew by setting a password."""
    desk = AccountDesk(path, admit="accounts", hasher=HASHER)
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.add_user("ana", "correct horse")
        assert code(ask(desk, claim("ana", "correct horse"))) == "granted"
        admin.remove_user("ana")
        change = SetPassword("ana", "Ana", "battery staple", has_proven=True)
        assert code(ask(desk, change)) == Code.NOT_PERMITTED
        assert admin.users() == ()
    desk.close()


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_used_refuses(path: Path, desk: AccountDesk, caplog: pytest.LogCaptureFixture) -> None:
    """When the tables are gone, every request is refused as unavailable, and logged; nothing is granted."""
    desk.load()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DROP TABLE accounts")
    connection.close()
    for request in (claim(), claim("ana", "correct horse"), SetPassword("ana", "Ana", "correct horse")):
        assert code(ask(desk, request)) == Code.UNAVAILABLE
    assert "no such table" in caplog.text


def test_a_hash_that_fails_refuses(caplog: pytest.LogCaptureFixture) -> None:
    """Without memory for a hash nobody comes in, the try does not count, and the next one works."""

    class Failing(CountingHasher):
        is_failing = True

        def hash(self, password: str) -> str:
            if self.is_failing:
                raise MemoryError("no room for 64 MiB")
            return super().hash(password)

    hasher = Failing()
    desk = MemoryAccounts(hasher=hasher)
    assert code(ask(desk, claim("ana", "correct horse"))) == Code.UNAVAILABLE
    hasher.is_failing = False
    assert code(ask(desk, claim("ana", "correct horse"))) == "granted"
    desk.close()
    assert "no room for 64 MiB" in caplog.text
    assert "correct horse" not in caplog.text


def test_too_many_requests_are_busy() -> None:
    """What waits in all is bounded; who comes beyond is told at once, from within."""
    desk = MemoryAccounts(hasher=HASHER, requests=2)
    let: SimpleQueue[None] = SimpleQueue()
    entered: SimpleQueue[None] = SimpleQueue()

    def hold(answer: object) -> None:
        entered.put(None)
        let.get(timeout=SECONDS)

    desk.ask(claim("slow"), hold)
    entered.get(timeout=SECONDS)
    second = Asked(desk, claim("ana"))
    third = Asked(desk, claim("bo"))
    assert third.is_answered
    assert code(third.wait()) == Code.BUSY
    let.put(None)
    assert code(second.wait()) == "granted"
    desk.close()


def test_an_answer_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody else's mistake is logged, and the accounts go on."""

    def fail(answer: object) -> None:
        raise RuntimeError("no")

    desk = MemoryAccounts(hasher=HASHER)
    desk.ask(claim(), fail)
    assert code(ask(desk, claim())) == "granted"
    desk.close()
    assert "could not be passed on" in caplog.text


def test_a_closed_desk_loads_nothing() -> None:
    """Using accounts after closing them is a mistake of the caller's."""
    desk = MemoryAccounts(hasher=HASHER)
    desk.close()
    with pytest.raises(Closed):
        desk.load()


def test_a_word_that_is_no_policy() -> None:
    """Whom to admit is one of three words."""
    with pytest.raises(ValueError, match="choose one of open, invite, accounts"):
        MemoryAccounts(admit="everybody")  # type: ignore[arg-type]


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    """The words say what it is and what to do."""
    path.write_bytes(b"not a database, but long enough to be told from one" * 20)
    with pytest.raises(StoreError, match="put a backup in its place"):
        AccountDesk(path)


# --- secrets --------------------------------------------------------------------------------------------------------


def test_secrets_are_nowhere(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No password and no token is in the file's bytes, in a log record, in a repr, or left in the accounts' memory."""
    caplog.set_level(logging.DEBUG)
    canary, other = "Canary-Of-The-Mine", "Canary-Of-Another"
    key = new_key()
    desk = AccountDesk(path, admit="invite", hasher=HASHER)
    made = invite(desk)
    asked: list[Request] = [
        claim("ana", canary, key=key, token=made.token),
        claim("ana", canary),
        claim("ana", other),
        claim("bo", other, token=made.token),
        SetPassword("ana", "Ana", other, canary),
        SetPassword("ana", "Ana", canary, canary),
    ]
    answers = [ask(desk, request) for request in asked]
    assert [code(answer) for answer in answers[:2]] == ["granted"] * 2
    gc.collect()
    desk.close()
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.set_password("ana", canary)
        shown = repr((asked, answers, made, admin.users(), admin.audit(), admin.invites(), admin.devices("ana")))
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for secret in (canary, other, made.token):
        assert secret not in shown
        assert secret not in caplog.text
        assert secret.encode() not in written


def test_an_old_hash_is_erased(path: Path) -> None:
    """A password that was changed, or whose account was removed, leaves nothing in the file to guess at."""
    desk = AccountDesk(path, hasher=HASHER)
    ask(desk, claim("ana", "correct horse"))
    connection = sqlite3.connect(path)
    (old,) = connection.execute("SELECT password FROM accounts").fetchone()
    connection.close()
    assert old.encode() in path.read_bytes()
    ask(desk, SetPassword("ana", "Ana", "battery staple", has_proven=True))
    desk.close()
    assert old.encode() not in path.read_bytes()
    connection = sqlite3.connect(path)
    (old,) = connection.execute("SELECT password FROM accounts").fetchone()
    connection.close()
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.remove_user("ana")
    assert old.encode() not in path.read_bytes()


def test_a_restart_writes_nothing_for_those_who_come_back(path: Path) -> None:
    """Devices that come back soon cost no write, and those that come back later are noted."""
    clock, key, guest = Clock(), new_key(), new_key()
    desk = AccountDesk(path, admit="invite", hasher=HASHER, clock=clock)
    token = invite(desk, uses=2).token
    ask(desk, claim("ana", "correct horse", key=key, token=token))
    ask(desk, claim("bo", key=guest, token=token))
    before = path.read_bytes()
    clock.pass_seconds(60)
    for one in (claim("ana", key=key), claim("bo", key=guest)):
        assert code(ask(desk, one)) == "granted"
    assert path.read_bytes() == before
    clock.pass_seconds(3600)
    for one in (claim("ana", key=key), claim("bo", key=guest)):
        assert code(ask(desk, one)) == "granted"
    assert path.read_bytes() != before
    desk.close()
    with AccountAdmin(path, hasher=HASHER) as admin:
        assert admin.users()[0].seen == admin.devices("ana")[0].seen == clock()


def test_an_administrator_is_told(path: Path) -> None:
    """The grant of an administrator's account says that it is one."""
    with AccountAdmin(path, hasher=HASHER) as admin:
        admin.add_user("ana", "correct horse")
        admin.set_admin("ana", True)
    desk = AccountDesk(path, hasher=HASHER)
    assert ask(desk, claim("ana", "correct horse")) == Granted(is_account=True, has_proven=True, is_admin=True)
    desk.close()


def test_the_audit_tells_who_did_what(path: Path) -> None:
    """Accounts, devices, invites, and wrong passwords (counted) are in it, with who and from where."""
    desk = AccountDesk(path, hasher=HASHER, clock=Clock(5_000_000))
    key = new_key()
    made = invite(desk, room="#red")
    ask(desk, claim("ana", "correct horse", key=key, label="laptop", token=made.token))
    for _ in range(3):
        ask(desk, claim("ana", "wrong horse"))
    ask(desk, SetPassword("ana", "Ana", "battery staple", "correct horse", address="192.0.2.1"))
    ask(desk, RevokeDevice("ana", key.key_id))
    desk.close()
    with AccountAdmin(path, hasher=HASHER) as admin:
        notes = admin.audit()
    assert [(note.actor, note.action, note.subject, note.address, note.count) for note in notes] == [
        ("host", "invite-made", "#red", "", 1),
        ("ana", "account-made", "ana", "192.0.2.1", 1),
        ("ana", "device-added", "ana", "192.0.2.1", 1),
        ("ana", "invite-used", "ana", "192.0.2.1", 1),
        ("", "wrong-password", "ana", "192.0.2.1", 3),
        ("ana", "password-set", "ana", "192.0.2.1", 1),
        ("ana", "device-revoked", "ana", "", 1),
    ]
    assert notes[2].detail == f"{key.key_id} laptop"
    assert {note.time for note in notes} == {5_000_000}
