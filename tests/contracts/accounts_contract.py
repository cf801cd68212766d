"""The contract of accounts: what every implementation of `libchat.store.base.Accounts` does."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import pytest

from libchat.claims import (
    Added,
    Admit,
    AskDevices,
    Changed,
    Claim,
    Denied,
    DevicesFound,
    Granted,
    NewInvite,
    Revoked,
    RevokeDevice,
    SetPassword,
)
from libchat.errors import Code
from libchat.limits import (
    ACCOUNT_KEYS,
    ADDRESS_TRIES,
    HASHES_PER_ADDRESS,
    INVITE_SECONDS,
    INVITE_USES,
    INVITES,
    LABEL_CHARACTERS,
    PAIR_TRIES,
)
from libchat.security.passwords import Cost, Hasher
from libchat.store.base import Accounts
from support.accounts import PIN, SECRET, Asked, Clock, CountingHasher, SlowHasher, ask, claim, code, invite, new_key


class AccountsContract(ABC):
    """Run on each implementation. `start` returns accounts of a new file, whatever that is; closed in the end."""

    @abstractmethod
    def make(self, admit: Admit, clock: Clock, hasher: Hasher, queue: int, threads: int) -> Accounts:
        """Return new accounts."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Return the clock of the accounts."""
        return Clock()

    @pytest.fixture
    def hasher(self) -> CountingHasher:
        """Return what hashes, quickly, and counts."""
        return CountingHasher()

    @pytest.fixture
    def start(self, clock: Clock, hasher: CountingHasher) -> Iterator[Callable[..., Accounts]]:
        """Return what makes accounts of a policy, which are closed in the end."""
        made: list[Accounts] = []

        def start(admit: Admit = "open", *, other: Hasher | None = None, queue: int = 64, threads: int = 2) -> Accounts:
            made.append(self.make(admit, clock, other or hasher, queue, threads))
            assert made[-1].admit == admit
            made[-1].load()
            return made[-1]

        yield start
        for accounts in made:
            accounts.close()

    # --- who may come -----------------------------------------------------------------------------------------------

    def test_an_open_server_takes_guests(self, start: Callable[..., Accounts]) -> None:
        """Without anything, one is a guest; a key that proves itself is told, and makes no account."""
        accounts, key = start(), new_key()
        assert ask(accounts, claim()) == Granted()
        assert ask(accounts, claim(key=key)) == Granted(key=key.public)

    def test_name_and_password_make_an_account(self, start: Callable[..., Accounts], hasher: CountingHasher) -> None:
        """On an open server the first who gives a password has the name; then only the password opens it."""
        accounts = start()
        assert ask(accounts, claim("ana", SECRET)) == Granted(is_account=True, has_proven=True)
        assert ask(accounts, claim("ana", SECRET)) == Granted(is_account=True, has_proven=True)
        assert code(ask(accounts, claim("ana", "something else"))) == Code.WRONG_PASSWORD
        assert code(ask(accounts, claim("ana"))) == Code.PASSWORD_NEEDED
        assert len(hasher.made) == 1

    def test_a_key_signs_in_after_the_password(self, start: Callable[..., Accounts]) -> None:
        """Who gave the password with a key never gives it again on that device, and nobody else's key does."""
        accounts, key = start(), new_key()
        by_key = Granted(is_account=True, key=key.public, has_proven=True)
        assert ask(accounts, claim("ana", SECRET)) == Granted(is_account=True, has_proven=True)
        assert code(ask(accounts, claim("ana", key=key))) == Code.PASSWORD_NEEDED
        assert ask(accounts, claim("ana", SECRET, key=key)) == by_key
        assert ask(accounts, claim("ana", key=key)) == by_key
        assert code(ask(accounts, claim("ana", key=new_key()))) == Code.PASSWORD_NEEDED

    @pytest.mark.parametrize("field", ["proof", "nonce", "pin", "device", "name", "key"])
    @pytest.mark.parametrize("admit", ["open", "invite", "accounts"])
    def test_a_proof_of_something_else_is_refused(
        self, start: Callable[..., Accounts], admit: Admit, field: str
    ) -> None:
        """A proof is good for this key, nonce, pin, name and device only: replayed or forged, it opens nothing."""
        accounts, key = start(admit), new_key()
        good = claim("ana", SECRET, key=key, token=invite(accounts).token)
        assert code(ask(accounts, good)) == "granted"
        values = {name: getattr(good, name) for name in Claim.__struct_fields__}
        values[field] = {"proof": new_key().prove(good.nonce, PIN, "ana", good.device), "key": new_key().public}.get(
            field, "other"
        )
        assert code(ask(accounts, Claim(**values))) == Code.BAD_PROOF

    def test_an_invite_only_server_takes_an_invite_once(self, start: Callable[..., Accounts]) -> None:
        """A guest with a key needs the invite once, and comes again without; nobody else does."""
        accounts, key = start("invite"), new_key()
        assert code(ask(accounts, claim(key=key))) == Code.NOT_ADMITTED
        made = invite(accounts, room="#red")
        for _ in range(2):
            granted = ask(accounts, claim(key=key, token=made.token))
            assert granted == Granted(key=key.public, room="#red", invited_by="host")
        assert ask(accounts, claim(key=key)) == Granted(key=key.public)
        assert code(ask(accounts, claim("bo", key=new_key(), token=made.token))) == Code.INVITE_USED_UP
        assert code(ask(accounts, claim("bo"))) == Code.NOT_ADMITTED

    def test_without_a_key_each_connection_uses_an_invite(self, start: Callable[..., Accounts]) -> None:
        """Who cannot be known again uses an invite up, time by time."""
        accounts = start("invite")
        made = invite(accounts, uses=2)
        answers = [code(ask(accounts, claim(token=made.token))) for _ in range(3)]
        assert answers == ["granted", "granted", Code.INVITE_USED_UP]

    def test_an_invite_makes_an_account(self, start: Callable[..., Accounts]) -> None:
        """With an invite and a password a name becomes an account, which then needs no invite."""
        accounts = start("invite")
        made = invite(accounts)
        assert ask(accounts, claim("ana", SECRET, token=made.token)) == Granted(is_account=True, has_proven=True)
        assert code(ask(accounts, claim("ana", SECRET))) == "granted"
        assert code(ask(accounts, claim("ana", SECRET, token=made.token))) == "granted"
        assert code(ask(accounts, claim("bo", SECRET, token=made.token))) == Code.INVITE_USED_UP

    def test_an_admitted_guest_becomes_an_account(self, start: Callable[..., Accounts]) -> None:
        """Whom an invite has let in may make an account, by coming with a password or by setting one."""
        accounts, key = start("invite"), new_key()
        ask(accounts, claim("ana", key=key, token=invite(accounts).token))
        assert code(ask(accounts, claim("ana", SECRET, key=key))) == "granted"
        assert code(ask(accounts, claim("ana", SECRET))) == "granted"

    def test_only_accounts(self, start: Callable[..., Accounts]) -> None:
        """Where only accounts may come, an invite makes one, by password or by key, and no guest."""
        accounts, key = start("accounts"), new_key()
        assert code(ask(accounts, claim(key=key))) == Code.PASSWORD_NEEDED
        made = invite(accounts, uses=2)
        assert code(ask(accounts, claim("ana", token=made.token))) == Code.PASSWORD_NEEDED
        assert ask(accounts, claim("ana", key=key, token=made.token)) == Granted(
            is_account=True, key=key.public, has_proven=True
        )
        assert code(ask(accounts, claim("bo", SECRET, token=made.token))) == "granted"
        assert code(ask(accounts, claim("ana", key=key))) == code(ask(accounts, claim("bo", SECRET))) == "granted"

    # --- invites ----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("admit", ["open", "invite", "accounts"])
    def test_bad_invites_are_told_apart(self, start: Callable[..., Accounts], clock: Clock, admit: Admit) -> None:
        """Expired, used up, and unknown here: three codes, and three reasons."""
        accounts, elsewhere = start(admit), start(admit)
        used, short = invite(accounts), invite(accounts, seconds=10)
        ask(accounts, claim("ana", SECRET, token=used.token))
        clock.pass_seconds(10)
        answers = [
            ask(accounts, claim("bo", token=token))
            for token in (short.token, used.token, invite(elsewhere).token, "x", "\ud800")
        ]
        assert [code(answer) for answer in answers] == [
            *(Code.INVITE_EXPIRED, Code.INVITE_USED_UP, Code.INVITE_UNKNOWN, Code.INVITE_UNKNOWN, Code.INVITE_UNKNOWN),
        ]
        assert len({answer.reason for answer in answers if isinstance(answer, Denied)}) == 3

    def test_an_account_needs_no_good_invite(self, start: Callable[..., Accounts]) -> None:
        """A bad invite does not keep an account out, nor one that its device used before."""
        accounts, key = start("invite"), new_key()
        made = invite(accounts)
        ask(accounts, claim("ana", SECRET, key=key, token=made.token))
        for token in ("x", made.token, ""):
            assert code(ask(accounts, claim("ana", SECRET, token=token))) == "granted"
            assert code(ask(accounts, claim("ana", key=key, token=token))) == "granted"

    def test_an_invite_goes_to_exactly_one(self, start: Callable[..., Accounts]) -> None:
        """Of many who use an invite of one use at once, with a password or without, one comes in."""
        accounts = start("invite", queue=100)
        made = invite(accounts)
        claims = [claim(f"n{n}", SECRET * (n % 2), token=made.token) for n in range(30)]
        barrier, answers = threading.Barrier(len(claims)), list[str]()

        def run(mine: Claim) -> None:
            barrier.wait()
            answers.append(code(ask(accounts, mine)))

        threads = [threading.Thread(target=run, args=(mine,)) for mine in claims]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == sorted(["granted"] + [Code.INVITE_USED_UP] * 29)

    def test_a_name_goes_to_exactly_one(self, start: Callable[..., Accounts]) -> None:
        """Of many who make an account of one name at once, one does: the others' passwords are wrong."""
        accounts = start(queue=200)
        asked = [Asked(accounts, claim("ana", f"{SECRET} {n}", address=f"192.0.2.{n}")) for n in range(30)]
        answers = [code(one.wait()) for one in asked]
        assert sorted(answers) == sorted(["granted"] + [Code.WRONG_PASSWORD] * 29)

    @pytest.mark.parametrize(
        ("uses", "seconds"), [(0, 1), (INVITE_USES + 1, 1), (1, 0), (1, INVITE_SECONDS + 1), (-1, -1)]
    )
    def test_invites_are_bounded(self, start: Callable[..., Accounts], uses: int, seconds: int) -> None:
        """No invite is for nobody, for everybody, or for ever."""
        assert code(ask(start(), NewInvite("host", uses=uses, seconds=seconds))) == Code.BAD_VALUE

    def test_open_invites_are_bounded(self, start: Callable[..., Accounts], clock: Clock) -> None:
        """One person has so many open at once; others make theirs, and those that have expired make room."""
        accounts = start()
        for _ in range(INVITES):
            invite(accounts, "ana", seconds=60)
        assert code(ask(accounts, NewInvite("ana"))) == Code.TOO_MANY
        invite(accounts, "bo")
        clock.pass_seconds(60)
        invite(accounts, "ana")

    def test_an_invite_says_what_it_is(self, start: Callable[..., Accounts], clock: Clock) -> None:
        """The answer tells token, room, uses and expiry; tokens are never the same."""
        made = [invite(start(), room="#red", uses=3, seconds=60) for _ in range(2)]
        assert made[0].token != made[1].token
        assert (made[0].room, made[0].uses, made[0].expires) == ("#red", 3, clock() + 60_000)
        assert made[0].token not in repr(made[0])

    # --- passwords --------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "password", ["short", "é" * 7, "x" * 129, "tab\tulator", "Ana" * 0 + "\x00" * 9, "\ud800" * 9]
    )
    def test_a_password_that_cannot_be_one(self, start: Callable[..., Accounts], password: str) -> None:
        """A new password of less than 8 or more than 128 characters, or with a control character, is refused."""
        accounts = start()
        for request in (claim("ana", password), SetPassword("ana", "Ana", password)):
            answer = ask(accounts, request)
            assert code(answer) == Code.BAD_VALUE
            assert password not in repr(answer)
        assert ask(accounts, claim("ana")) == Granted()

    def test_a_password_fits_however_it_is_typed(self, start: Callable[..., Accounts]) -> None:
        """Composed and decomposed letters are the same, and so are spaces (RFC 8265); capitals are not."""
        accounts = start()
        ask(accounts, claim("ana", "caf\u00e9 au lait"))
        assert code(ask(accounts, claim("ana", "cafe\u0301\u00a0au\u2003lait"))) == "granted"
        assert code(ask(accounts, claim("ana", "Caf\u00e9 au lait"))) == Code.WRONG_PASSWORD

    @pytest.mark.parametrize("admit", ["invite", "accounts"])
    def test_a_wrong_name_and_a_wrong_password_are_the_same(
        self, start: Callable[..., Accounts], hasher: CountingHasher, admit: Admit
    ) -> None:
        """Neither the answer nor the work tells whether a name is an account; also with a bad invite, or none."""
        accounts = start(admit)
        ask(accounts, claim("ana", SECRET, token=invite(accounts).token))
        by_key = claim("cy", key=new_key(), token=invite(accounts).token)
        ask(accounts, by_key)
        for password, token in ((f"{SECRET}!", ""), (f"{SECRET}!", "forged"), ("short", ""), ("", "forged")):
            answers, work = [], []
            for name in ("ana", "bo"):
                before = len(hasher.compared), len(hasher.made)
                answers.append(ask(accounts, claim(name, password, token=token)))
                work.append((len(hasher.compared) - before[0], len(hasher.made) - before[1]))
            if password or admit == "accounts":
                assert answers[0] == answers[1], (password, token)
            assert work[0] == work[1] == (1 if password else 0, 0)

    def test_hashes_grow_when_people_sign_in(self, start: Callable[..., Accounts], clock: Clock) -> None:
        """A password that was hashed with less effort is hashed anew when it is given; a wrong one changes nothing."""
        weak = CountingHasher()
        accounts = start(other=weak)
        ask(accounts, claim("ana", SECRET))
        weak._cost = Cost(16, 2)  # a newer libchat
        assert code(ask(accounts, claim("ana", "wrong one"))) == Code.WRONG_PASSWORD
        for _ in range(3):
            assert code(ask(accounts, claim("ana", SECRET))) == "granted"
        assert len(weak.made) == 2
        assert [phc.split("$")[3] for phc in weak.compared] == ["m=8,t=1,p=1"] * 2 + ["m=16,t=2,p=1"] * 2

    def test_a_guest_sets_a_password(self, start: Callable[..., Accounts]) -> None:
        """A guest becomes an account, and the key that came along signs in from then on."""
        accounts, key = start(), new_key()
        assert ask(accounts, SetPassword("ana", "Ana", SECRET, key=key.public, label="laptop")) == Changed(is_new=True)
        assert code(ask(accounts, claim("ana", key=key))) == "granted"
        assert code(ask(accounts, claim("ana", SECRET))) == "granted"

    def test_an_account_changes_its_password(self, start: Callable[..., Accounts]) -> None:
        """The old password is needed, unless the session has proven itself; afterwards only the new one fits."""
        accounts = start()
        ask(accounts, claim("ana", SECRET))
        assert code(ask(accounts, SetPassword("ana", "Ana", "new password"))) == Code.PASSWORD_NEEDED
        assert code(ask(accounts, SetPassword("ana", "Ana", "new password", "wrong"))) == Code.WRONG_PASSWORD
        assert ask(accounts, SetPassword("ana", "Ana", "new password", SECRET)) == Changed(is_new=False)
        assert code(ask(accounts, claim("ana", SECRET))) == Code.WRONG_PASSWORD
        assert ask(accounts, SetPassword("ana", "Ana", SECRET, has_proven=True)) == Changed(is_new=False)
        assert code(ask(accounts, claim("ana", SECRET))) == "granted"

    # --- who guesses ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("admit", ["open", "invite", "accounts"])
    def test_who_guesses_waits_and_nobody_else(
        self, start: Callable[..., Accounts], clock: Clock, hasher: CountingHasher, admit: Admit
    ) -> None:
        """After some wrong passwords one waits, by the right one too; others, and the own device, pass at once."""
        accounts, key = start(admit), new_key()
        ask(accounts, claim("ana", SECRET, key=key, token=invite(accounts).token))
        answers = [code(ask(accounts, claim("ana", f"guess number {n}"))) for n in range(PAIR_TRIES + 1)]
        assert answers == [Code.WRONG_PASSWORD] * PAIR_TRIES + [Code.TOO_MANY_TRIES]
        compared = len(hasher.compared)
        assert code(ask(accounts, claim("ana", SECRET))) == Code.TOO_MANY_TRIES
        assert len(hasher.compared) == compared
        assert code(ask(accounts, claim("ana", SECRET, address="192.0.2.2"))) == "granted"
        assert code(ask(accounts, claim("ana", key=key))) == "granted"
        clock.pass_seconds(1)
        assert code(ask(accounts, claim("ana", SECRET))) == "granted"
        assert code(ask(accounts, claim("ana", "guess number 9"))) == Code.WRONG_PASSWORD

    def test_many_guesses_at_once_are_no_better(self, start: Callable[..., Accounts]) -> None:
        """A try counts from its beginning: of many at once from one address only the free ones are looked at."""
        slow = SlowHasher()
        accounts = start("accounts", other=slow)
        asked = [Asked(accounts, claim("ana", f"guess number {n}")) for n in range(3 * ADDRESS_TRIES)]
        slow.let.release(len(asked))
        answers = [code(one.wait()) for one in asked]
        assert answers.count(Code.WRONG_PASSWORD) == PAIR_TRIES
        assert answers.count(Code.TOO_MANY_TRIES) == len(asked) - PAIR_TRIES

    def test_one_address_does_not_fill_the_queue(self, start: Callable[..., Accounts]) -> None:
        """Who makes account after account is told that it is busy; others find room, and pass."""
        slow = SlowHasher()
        accounts = start(other=slow, threads=1)
        greedy = [Asked(accounts, claim(f"n{n}", SECRET)) for n in range(2 * HASHES_PER_ADDRESS)]
        others = [Asked(accounts, claim(f"o{n}", SECRET, address=f"192.0.3.{n}")) for n in range(5)]
        slow.let.release(len(greedy) + len(others))
        assert [code(one.wait()) for one in others] == ["granted"] * 5
        answers = [code(one.wait()) for one in greedy]
        assert answers == ["granted"] * HASHES_PER_ADDRESS + [Code.BUSY] * HASHES_PER_ADDRESS
        slow.let.release()
        assert code(ask(accounts, claim("again", SECRET))) == "granted"

    def test_a_wrong_old_password_counts_too(self, start: Callable[..., Accounts]) -> None:
        """Who sits at somebody's open session does not guess the password any faster."""
        accounts = start()
        ask(accounts, claim("ana", SECRET))
        change = SetPassword("ana", "Ana", "new password", "wrong one", address="192.0.2.7")
        answers = [code(ask(accounts, change)) for _ in range(PAIR_TRIES + 1)]
        assert answers == [Code.WRONG_PASSWORD] * PAIR_TRIES + [Code.TOO_MANY_TRIES]

    # --- devices ----------------------------------------------------------------------------------------------------

    def test_devices_are_listed_and_revoked(self, start: Callable[..., Accounts], clock: Clock) -> None:
        """An account sees its devices, oldest first; one that is revoked needs the password again."""
        accounts, first, second = start(), new_key(), new_key()
        ask(accounts, claim("ana", SECRET, key=first, label="laptop"))
        made = clock()
        clock.pass_seconds(7200)
        ask(accounts, claim("ana", SECRET, key=second, label="x\x1b[2J\u202e" + "y" * 99))
        ask(accounts, claim("ana", key=first))
        found = ask(accounts, AskDevices("ana", second.public))
        assert isinstance(found, DevicesFound)
        assert [(one.id, one.is_current) for one in found.devices] == [(first.key_id, False), (second.key_id, True)]
        assert (found.devices[0].added, found.devices[0].seen) == (made, clock())
        assert found.devices[0].label == "laptop"
        assert found.devices[1].label == ("x[2J" + "y" * 99)[:LABEL_CHARACTERS]
        assert ask(accounts, RevokeDevice("ana", first.key_id)) == Revoked(first.public)
        assert code(ask(accounts, claim("ana", key=first))) == Code.PASSWORD_NEEDED
        assert code(ask(accounts, claim("ana", key=second))) == "granted"
        assert code(ask(accounts, RevokeDevice("ana", first.key_id))) == Code.BAD_VALUE

    def test_a_revoked_device_does_not_come_as_a_guest(self, start: Callable[..., Accounts]) -> None:
        """Where an invite is needed, a lost device's key has no use of its old one."""
        accounts, lost = start("invite"), new_key()
        made = invite(accounts)
        ask(accounts, claim("ana", key=lost, token=made.token))
        ask(accounts, claim("ana", SECRET, key=lost))
        ask(accounts, RevokeDevice("ana", lost.key_id))
        assert code(ask(accounts, claim("bo", key=lost))) == Code.NOT_ADMITTED
        assert code(ask(accounts, claim("bo", key=lost, token=made.token))) == Code.INVITE_USED_UP

    def test_the_last_way_in_is_not_revoked(self, start: Callable[..., Accounts]) -> None:
        """An account without a password keeps its only device."""
        accounts, key = start("accounts"), new_key()
        ask(accounts, claim("ana", key=key, token=invite(accounts).token))
        assert code(ask(accounts, RevokeDevice("ana", key.key_id))) == Code.NOT_PERMITTED
        ask(accounts, SetPassword("ana", "Ana", SECRET, has_proven=True))
        assert ask(accounts, RevokeDevice("ana", key.key_id)) == Revoked(key.public)

    def test_guests_have_no_devices(self, start: Callable[..., Accounts]) -> None:
        """Who is no account has none to list or revoke."""
        accounts = start()
        assert code(ask(accounts, AskDevices("ana"))) == Code.NOT_PERMITTED
        assert code(ask(accounts, RevokeDevice("ana", "0" * 16))) == Code.NOT_PERMITTED

    def test_the_device_that_was_away_longest_gives_way(self, start: Callable[..., Accounts], clock: Clock) -> None:
        """An account has a bounded number of devices."""
        accounts, keys = start(), [new_key() for _ in range(ACCOUNT_KEYS + 1)]
        for number, key in enumerate(keys):
            clock.pass_seconds(7200)
            ask(accounts, claim("ana", SECRET, key=key))
            if number:
                ask(accounts, claim("ana", key=keys[0]))
        found = ask(accounts, AskDevices("ana"))
        assert isinstance(found, DevicesFound)
        assert [one.id for one in found.devices] == [key.key_id for key in (keys[0], *keys[2:])]

    # --- threads ----------------------------------------------------------------------------------------------------

    def test_busy_is_said_at_once(self, start: Callable[..., Accounts]) -> None:
        """When as many hashes wait as may, the next one is told; guests, keys and those who wait are not held up."""
        slow = SlowHasher()
        accounts, key = start(other=slow, queue=2, threads=1), new_key()
        slow.let.release()
        ask(accounts, claim("ana", SECRET, key=key))
        waiting = [Asked(accounts, claim(f"n{n}", SECRET)) for n in range(3)]
        assert code(ask(accounts, claim("one-more", SECRET))) == Code.BUSY
        assert code(ask(accounts, claim("guest"))) == "granted"
        assert code(ask(accounts, claim("ana", key=key))) == "granted"
        assert not any(one.is_answered for one in waiting)
        slow.let.release(3)
        assert [code(one.wait()) for one in waiting] == ["granted"] * 3

    def test_busy_does_not_count_as_a_try(self, start: Callable[..., Accounts]) -> None:
        """Who was sent away has guessed nothing."""
        slow = SlowHasher()
        accounts = start("accounts", other=slow, queue=0, threads=1)
        held = Asked(accounts, claim("x", SECRET, address="192.0.2.9"))
        assert slow.entered.acquire(timeout=20)
        for _ in range(3 * ADDRESS_TRIES):
            assert code(ask(accounts, claim("ana", SECRET))) == Code.BUSY
        slow.let.release(2)
        held.wait()
        assert code(ask(accounts, claim("ana", SECRET))) in (Code.WRONG_PASSWORD, Code.BUSY)

    def test_closing_answers_everybody(self, start: Callable[..., Accounts]) -> None:
        """What is asked is answered, also while it closes and afterwards; closing twice is harmless."""
        slow = SlowHasher()
        accounts = start(other=slow, threads=1)
        asked = [Asked(accounts, claim(f"n{n}", SECRET)) for n in range(5)]
        assert slow.entered.acquire(timeout=20)
        closing = threading.Thread(target=accounts.close)
        closing.start()
        assert [code(one.wait()) for one in asked[1:]] == [Code.UNAVAILABLE] * 4
        slow.let.release()  # not before the others are dropped: one of them would begin
        assert code(asked[0].wait()) == "granted"
        closing.join(20)
        assert code(ask(accounts, claim())) == Code.UNAVAILABLE
        accounts.close()

    def test_threads_end(self, start: Callable[..., Accounts]) -> None:
        """No thread is left behind, and those that hash are few and named."""
        before = set(threading.enumerate())
        accounts = start(threads=2)
        for asked in [Asked(accounts, claim(f"n{n}", SECRET)) for n in range(20)]:
            asked.wait()
        names = sorted(thread.name for thread in set(threading.enumerate()) - before)
        assert names == ["libchat-accounts", "libchat-hash-0", "libchat-hash-1"]
        accounts.close()
        assert set(threading.enumerate()) <= before

    def test_accounts_are_loaded(self, start: Callable[..., Accounts]) -> None:
        """A new server has no accounts."""
        assert start().load() == ()


class PersistentAccountsContract(AccountsContract):
    """What accounts do besides that outlive their programs."""

    @abstractmethod
    def again(self, clock: Clock, hasher: Hasher) -> Accounts:
        """Return accounts over what the last ones have left, as another program finds it; the others may be open."""

    def test_everything_is_there_again(
        self, start: Callable[..., Accounts], clock: Clock, hasher: CountingHasher
    ) -> None:
        """Accounts, passwords, devices, invites, and who was let in outlive the program."""
        accounts, key, guest = start("invite"), new_key(), new_key()
        made = invite(accounts, uses=3)
        ask(accounts, claim("ana", SECRET, key=key, token=made.token))
        ask(accounts, claim("bo", key=guest, token=made.token))
        accounts.close()
        opened = self.again(clock, hasher)
        try:
            assert opened.load() == (Added("ana", "Ana"),)
            for one in (claim("ana", SECRET), claim("ana", key=key), claim("bo", key=guest)):
                assert code(ask(opened, one)) == "granted"
            answers = [code(ask(opened, claim("cy", token=made.token))) for _ in range(2)]
            assert answers == ["granted", Code.INVITE_USED_UP]
        finally:
            opened.close()
