from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from libchat.errors import StoreError
from libchat.security.passwords import Argon2
from libchat.store.accounts import ACTIONS, AccountBook, Invite, Key, Note, digest_of
from libchat.store.accounts_schema import APPLICATION_ID, STEPS, open_accounts
from libchat.store.schema import connect_to_write, prepare

FIXTURES = sorted((Path(__file__).parent / "accounts_fixtures").glob("*.sql"))
SECOND = ("ALTER TABLE accounts ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine'",)
on_posix = pytest.mark.skipif(os.name != "posix", reason="Windows has access lists instead of mode bits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of accounts with one account."""
    path = tmp_path / "accounts.db"
    book = AccountBook(path)
    with book.writing():
        book.add_account("ana", "Ana", 7, seen=8)
    book.close()
    return path


def test_the_file_says_what_it_is(path: Path) -> None:
    """Its header has an id and a version; it has a rollback journal, and is written with care."""
    connection = open_accounts(path)
    pragmas = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "journal_mode", "synchronous", "secure_delete", "foreign_keys")
    }
    connection.close()
    assert pragmas == {
        "application_id": APPLICATION_ID,
        "user_version": len(STEPS),
        "journal_mode": "delete",
        "synchronous": 3,
        "secure_delete": 1,
        "foreign_keys": 1,
    }


def test_versions_have_fixtures() -> None:
    """There is a file of each version of the tables."""
    assert [fixture.stem for fixture in FIXTURES] == [f"version-{number}" for number in range(1, len(STEPS) + 1)]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.stem)
def test_old_files_open_and_read(tmp_path: Path, fixture: Path) -> None:
    """A file of any version opens with everything in it."""
    path = tmp_path / "accounts.db"
    connection = sqlite3.connect(path)
    connection.executescript(fixture.read_text(encoding="utf-8"))
    connection.close()
    book = AccountBook(path)
    ana, bo = book.accounts()
    assert (ana.name, ana.display, ana.made, ana.seen, ana.is_admin) == ("ana", "Ana", 1, 5, True)
    assert Argon2().fits("correct horse", ana.password)
    assert (bo.password, bo.is_admin) == ("", False)
    assert book.keys("ana") == [Key("ana", "A" * 43, "laptop", 3, 3)]
    assert book.all_keys() == {"ana": {"A" * 43}, "bo": {"B" * 43}}
    assert book.admitted("C" * 43) == 5
    assert book.invite(digest_of("token")) == Invite(digest_of("token"), 6, "ana", "#red", 3, 2, 10**13)
    assert book.has_used(digest_of("token"), "key:" + "C" * 43)
    assert book.notes() == [
        Note(6, "ana", "invite-made", "#red", "", "detail"),
        Note(7, "", "wrong-password", "ana", "192.0.2.1", "", 3),
    ]
    book.close()


@on_posix
def test_the_file_is_private(path: Path) -> None:
    """Only its owner reads it, from the start; one that others can read is shut."""
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    AccountBook(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_newer_file_is_refused(path: Path) -> None:
    """A file of a newer version is left as it is, and the words say what to do."""
    open_accounts(path, (*STEPS, SECOND)).close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="upgrade libchat"):
        AccountBook(path)
    assert path.read_bytes() == before


def test_missing_steps_are_taken(path: Path) -> None:
    """A file of an older version becomes a new one, once, with everything in it."""
    for _ in range(2):
        connection = open_accounts(path, (*STEPS, SECOND))
        assert connection.execute("SELECT name, mood FROM accounts").fetchall() == [("ana", "fine")]
        connection.close()


def test_programs_that_start_at_once_make_one_file(tmp_path: Path) -> None:
    """Of several that open a new file at the same time one makes the tables, and all can use it."""
    path, barrier, errors = tmp_path / "accounts.db", threading.Barrier(6), list[BaseException]()

    def run() -> None:
        barrier.wait()
        try:
            AccountBook(path).close()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_log_is_refused(tmp_path: Path) -> None:
    """The log of a chat is another database, and stays untouched."""
    path = tmp_path / "chat.db"
    path.touch()
    connection = connect_to_write(path)
    prepare(connection, path, lambda: "id")
    connection.close()
    with pytest.raises(StoreError, match="database of something else"):
        AccountBook(path)


@pytest.mark.parametrize("damage", ["cut", "overwritten", "rubbish"])
def test_a_damaged_file_is_refused(path: Path, damage: str) -> None:
    """It is not used, not changed, and the words say what to do."""
    data = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "overwritten":
            path.write_bytes(data[:4096] + b"\xaa" * (len(data) - 4096))
        case _:
            path.write_bytes(b"rubbish " * 1000)
    with pytest.raises(StoreError, match="put a backup in its place"):
        AccountBook(path)


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    """All of a block is written, or nothing."""
    book = AccountBook(path)

    def add_twice() -> None:
        with book.writing():
            book.add_account("bo", "Bo", 1, seen=1)
            book.add_account("ana", "Ana", 1, seen=1)

    with pytest.raises(sqlite3.IntegrityError):
        add_twice()
    assert [account.name for account in book.accounts()] == ["ana"]
    book.close()


def test_writers_wait_for_each_other(path: Path) -> None:
    """Two connections write in turn, and each sees that the other has."""
    one, other = AccountBook(path), AccountBook(path)
    entered = threading.Event()

    def write() -> None:
        entered.set()
        with other.writing():
            other.set_admin("ana", True)

    with one.writing():
        thread = threading.Thread(target=write)
        thread.start()
        entered.wait()
        one.set_password("ana", "x")
    thread.join()
    with one.reading():
        account = one.account("ana")
    assert account is not None
    assert (account.password, account.is_admin) == ("x", True)
    assert (one.has_changed(), one.has_changed()) == (True, False)
    one.close()
    other.close()


def test_who_writes_has_read_what_is_newest(path: Path) -> None:
    """A block that writes keeps others from writing as soon as it begins: what it reads stays true until it ends."""
    book = AccountBook(path)
    other = sqlite3.connect(path, isolation_level=None, timeout=0)
    with book.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()
    book.close()


def test_guests_that_were_let_in_are_bounded(path: Path) -> None:
    """The one that was away for the longest time gives way."""
    book = AccountBook(path)
    with book.writing():
        for number in range(3):
            book.admit(f"k{number}", number, most=3)
        book.admit("k0", 3, most=3)
        book.admit("k3", 4, most=3)
    assert [book.admitted(f"k{number}") for number in range(4)] == [3, None, 2, 4]
    book.close()


def test_invites_that_cannot_be_used_give_way() -> None:
    """Of too many, the oldest that are used up or have expired are forgotten, and never an open one."""
    book = AccountBook(None)
    made = [
        Invite(digest_of(f"t{made}"), made, "ana", "", 1, remaining, expires)
        for made, remaining, expires in ((1, 1, 900), (2, 0, 900), (3, 1, 4), (4, 0, 900), (5, 1, 900), (6, 1, 900))
    ]
    with book.writing():
        for one in made:
            book.add_invite(one, most=4)
        assert book.invites() == [made[0], *made[3:]]
        book.add_invite(Invite(digest_of("new"), 7, "ana", "", 1, 1, 900), most=2)
    assert [one.made for one in book.invites()] == [1, 5, 6, 7]
    assert book.count_open_invites("ana", 8) == (4, 4)
    assert book.count_open_invites("bo", 8) == (0, 4)
    book.close()


def test_wrong_passwords_are_counted(path: Path) -> None:
    """One line for a name, an address and an hour; another name, address or hour is another line."""
    book = AccountBook(path)
    hour = 3_600_000
    with book.writing():
        for time, name, address in (
            (1, "ana", "a"),
            (2, "ana", "a"),
            (3, "bo", "a"),
            (4, "ana", "b"),
            (hour + 1, "ana", "a"),
        ):
            book.note(Note(time, "", "wrong-password", name, address))
    assert [(note.time, note.subject, note.address, note.count) for note in book.notes()] == [
        (1, "ana", "a", 2),
        (3, "bo", "a", 1),
        (4, "ana", "b", 1),
        (hour + 1, "ana", "a", 1),
    ]
    book.close()


def test_guessing_pushes_nothing_out_of_the_audit() -> None:
    """Lines about wrong passwords are bounded by themselves."""
    book = AccountBook(None, wrong_passwords=100)
    with book.writing():
        book.note(Note(1, "cli", "account-made", "ana"))
        for number in range(150):
            book.note(Note(2, "", "wrong-password", f"n{number}", "a"))
    notes = book.notes()
    book.close()
    assert len(notes) == 101
    assert notes[0].action == "account-made"
    assert notes[1].subject == "n50"


def test_a_token_is_kept_as_a_digest() -> None:
    """What is kept does not show what was given, and nothing but the token has it."""
    assert digest_of("token") != digest_of("Token")
    assert len(digest_of("\ud800")) == 32
    assert Invite(digest_of("token"), 0, "", "", 1, 1, 0).id == digest_of("token").hex()[:8]


def test_what_the_audit_tells_of_is_listed() -> None:
    """Every action that the code writes is in the list that people are given."""
    root = Path(__file__).parent.parent.parent / "libchat" / "accounts"
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(root.glob("*.py")))
    assert [action for action in ACTIONS if f'"{action}"' not in code] == []
