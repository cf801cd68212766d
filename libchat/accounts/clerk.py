"""What is done with a request: read what is known, decide, check or hash a password elsewhere, decide again, write.

A case goes round: `advance` reads the accounts as they are now and asks the policy. If a password has to be checked or
hashed, it returns that as work for another thread, and the case comes back when it is done; then everything is read
anew, so nothing that happened meanwhile is missed. What is answered is committed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

from libchat import limits
from libchat.accounts.case import Case, Work
from libchat.accounts.devices import clean_label, devices_of
from libchat.accounts.invites import TOKEN_BYTES, make_invite_of_person, token_state
from libchat.accounts.known import Known
from libchat.claims import (
    Admit,
    Answer,
    AskDevices,
    Changed,
    Claim,
    Denied,
    DevicesFound,
    Granted,
    NewInvite,
    Request,
    Revoked,
    RevokeDevice,
    SetPassword,
)
from libchat.core.admission import (
    Brought,
    CheckPassword,
    Facts,
    Grant,
    HashPassword,
    Step,
    decide,
    decide_change,
)
from libchat.core.backoff import Backoff
from libchat.errors import Code
from libchat.security.device_keys import check_proof, key_id
from libchat.security.passwords import Hasher, fault_of_new, prepare
from libchat.store.accounts import Account, AccountBook, Invite, Note, digest_of

BUSY: Final = Denied(Code.BUSY, "many sign in at the moment: try again in a few seconds")


class Clerk:
    """Works on cases, in one thread. Everything that it raises is sqlite3.Error, and then nothing was written."""

    def __init__(
        self,
        book: AccountBook,
        admit: Admit,
        hasher: Hasher,
        backoff: Backoff,
        clock: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._book = book
        self._admit = admit
        self._hasher = hasher
        self._backoff = backoff
        self._clock = clock
        self._entropy = entropy
        self.known = Known()

    def begin(self, request: Request) -> Answer | Case:
        """Return the answer, or a case to advance."""
        match request:
            case Claim():
                return self._begin_claim(request)
            case SetPassword():
                return self._begin_change(request)
            case AskDevices():
                return self._devices(request)
            case RevokeDevice():
                return self._revoke(request)
            case NewInvite():
                return self._invite(request)

    def advance(self, case: Case) -> Answer | Work:
        """Return the answer to a case, or work to be done before it is advanced again."""
        now = self._clock()
        result = self._try(case, now, is_writing=False)
        if result is None:
            result = self._try(case, now, is_writing=True)
            assert result is not None  # only reading alone leaves something to write
        if isinstance(result, Granted | Changed) and case.is_charged:
            self._backoff.forgive(case.request.address, case.request.name)
        return result

    def cancel(self, case: Case) -> None:
        """Give a case up that could not be worked on."""
        if case.is_charged:
            self._backoff.cancel(case.request.address, case.request.name)

    # --- claims and passwords ---------------------------------------------------------------------------------------

    def _begin_claim(self, claim: Claim) -> Denied | Case:
        case = Case(claim)
        proof: Literal["none", "right", "wrong"] = "none"
        if claim.key or claim.proof:
            is_right = check_proof(claim.key, claim.proof, claim.nonce, claim.pin, claim.name, claim.device)
            proof = "right" if is_right else "wrong"
        try:
            case.old = case.new = prepare(claim.password) if claim.password else ""
        except ValueError as error:
            return Denied(Code.BAD_VALUE, str(error))
        case.brought = Brought(bool(case.old), proof, fault_of_new(case.new, claim.name))
        return case

    def _begin_change(self, change: SetPassword) -> Denied | Case:
        case = Case(change)
        try:
            case.new = prepare(change.new)
            case.old = prepare(change.old) if change.old else ""
        except ValueError as error:
            return Denied(Code.BAD_VALUE, str(error))
        case.brought = Brought(bool(case.old), fault=fault_of_new(case.new, change.name))
        return case

    def _try(self, case: Case, now: int, *, is_writing: bool) -> Answer | Work | None:
        """Return how it goes on, None if something is to be written and this only reads."""
        with self._writing() if is_writing else self._book.reading():
            if isinstance(case.request, Claim):
                return self._try_claim(case, case.request, now, is_writing)
            return self._try_change(case, case.request, now, is_writing)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write; what was written is known when it is committed."""
        try:
            with self._book.writing():
                yield
            self.known.commit()
        finally:
            self.known.roll_back()

    def _try_claim(self, case: Case, claim: Claim, now: int, is_writing: bool) -> Answer | Work | None:
        account = self._book.account(claim.name)
        key = claim.key if case.brought.proof == "right" else ""
        invite = self._book.invite(digest_of(claim.token)) if claim.token else None
        facts = self._facts(claim, account, key, invite, now)
        step = decide(self._admit, case.brought, facts, case.progress(account))
        if not isinstance(step, Grant):
            return self._pass_on(step, case, account, now, is_writing)
        if not is_writing and self._has_to_write(step, account, key, now):
            return None
        if is_writing and (denied := self._write_grant(step, case, claim, key, invite, now)):
            return denied
        leads = invite if invite is not None and invite.room and facts.token in ("good", "again") else None
        room, by = (leads.room, leads.by) if leads is not None else ("", "")
        is_admin = account is not None and account.is_admin
        return Granted(step.is_account, key, step.is_account, room, is_admin, by)

    def _try_change(self, case: Case, change: SetPassword, now: int, is_writing: bool) -> Answer | Work | None:
        account = self._book.account(change.name)
        facts = Facts(is_account=account is not None)
        step = decide_change(change.has_proven, case.brought, facts, case.progress(account))
        if not isinstance(step, Grant):
            return self._pass_on(step, case, account, now, is_writing)
        if not is_writing:
            return None
        if step.makes_account and (denied := self._make_account(change, "password", now)):
            return denied
        self._book.set_password(change.name, case.new_phc)
        if change.key and step.makes_account:
            self._add_key(change, change.key, now)
        if not step.makes_account:
            self._note(now, "password-set", change.name, change.address)
        return Changed(step.makes_account)

    def _facts(self, claim: Claim, account: Account | None, key: str, invite: Invite | None, now: int) -> Facts:
        return Facts(
            is_account=account is not None,
            is_outdated=account is not None and self._hasher.is_outdated(account.password),
            is_own_key=bool(key) and self._book.key(claim.name, key) is not None,
            is_admitted_key=bool(key) and self._book.admitted(key) is not None,
            token=token_state(self._book, claim, account, key, invite, now),
        )

    def _pass_on(
        self, step: Step, case: Case, account: Account | None, now: int, is_writing: bool
    ) -> Answer | Work | None:
        """Return the work or the refusal of a step; a wrong password is noted first."""
        match step:
            case CheckPassword():
                return self._check(case, account.password if account is not None else "", now)
            case HashPassword():
                return lambda: case.hash(self._hasher)
        assert isinstance(step, Denied)
        if case.checked is not None and not case.checked[1]:
            if not is_writing:
                return None
            self._note(now, "wrong-password", case.request.name, case.request.address, actor="")
        return step

    def _check(self, case: Case, phc: str, now: int) -> Denied | Work:
        if not case.is_charged:
            seconds = self._backoff.begin(case.request.address, case.request.name, now)
            if seconds:
                wait = f"wait {seconds} seconds" if seconds > 1 else "wait a second"
                return Denied(Code.TOO_MANY_TRIES, f"too many wrong passwords: {wait}, then try again")
            case.is_charged = True
        return lambda: case.compare(phc, self._hasher)

    # --- what a grant writes ----------------------------------------------------------------------------------------

    def _has_to_write(self, grant: Grant, account: Account | None, key: str, now: int) -> bool:
        return (
            grant.makes_account
            or grant.sets_password
            or grant.adds_key
            or grant.admits_key
            or grant.uses_token
            or self._is_long_unseen(account, key, now)
        )

    def _is_long_unseen(self, account: Account | None, key: str, now: int) -> bool:
        long_ago = now - limits.SEEN_SECONDS * 1000
        if account is None:
            seen = self._book.admitted(key) if key else None
            return seen is not None and seen <= long_ago
        known = self._book.key(account.name, key) if key else None
        return account.seen <= long_ago or (known is not None and known.seen <= long_ago)

    def _write_grant(
        self, grant: Grant, case: Case, claim: Claim, key: str, invite: Invite | None, now: int
    ) -> Denied | None:
        if grant.makes_account and (denied := self._make_account(claim, "password" if case.new else "key", now)):
            return denied
        if grant.sets_password:
            self._book.set_password(claim.name, case.new_phc)
        if grant.adds_key:
            self._add_key(claim, key, now)
        if grant.uses_token and invite is not None:
            self._use_invite(grant, claim, key, invite, now)
        if grant.is_account:
            self._book.see(claim.name, key, now)
        elif grant.admits_key or (key and self._book.admitted(key) is not None):
            self._book.admit(key, now)
        return None

    def _make_account(self, request: Claim | SetPassword, proof: str, now: int) -> Denied | None:
        if self._book.count_accounts() >= limits.ACCOUNTS:
            return Denied(Code.TOO_MANY, "this server has as many accounts as it may: come as a guest")
        self._book.add_account(request.name, request.display, now, seen=now)
        self.known.add(request.name, request.display, now)
        self._note(now, "account-made", request.name, request.address, detail=f"with a {proof}")
        return None

    def _add_key(self, request: Claim | SetPassword, key: str, now: int) -> None:
        label = clean_label(request.label)
        dropped = self._book.add_key(request.name, key, label, now)
        self.known.change_keys(request.name, added=(key,), removed=dropped)
        self._note(now, "device-added", request.name, request.address, detail=f"{key_id(key)} {label}".strip())

    def _use_invite(self, grant: Grant, claim: Claim, key: str, invite: Invite, now: int) -> None:
        who = f"key:{key}" if key else f"name:{claim.name}" if grant.is_account else ""
        self._book.use_invite(invite.digest, who)
        self._note(now, "invite-used", claim.name, claim.address, detail=f"{invite.id} of {invite.by}")

    def _note(
        self, now: int, action: str, subject: str, address: str = "", *, detail: str = "", actor: str | None = None
    ) -> None:
        self._book.note(Note(now, subject if actor is None else actor, action, subject, address, detail))

    # --- devices and invites ----------------------------------------------------------------------------------------

    def _devices(self, ask: AskDevices) -> Answer:
        with self._book.reading():
            if self._book.account(ask.name) is None:
                return _NO_ACCOUNT
            return DevicesFound(devices_of(self._book, ask.name, ask.key))

    def _revoke(self, request: RevokeDevice) -> Answer:
        with self._writing():
            account = self._book.account(request.name)
            if account is None:
                return _NO_ACCOUNT
            keys = self._book.keys(request.name)
            key = next((known.key for known in keys if key_id(known.key) == request.key_id), "")
            if not key:
                return Denied(Code.BAD_VALUE, "none of your devices is called so: look at the list of devices")
            if not account.password and len(keys) == 1:
                reason = "this device is the only way into your account: set a password first"
                return Denied(Code.NOT_PERMITTED, reason)
            self._book.remove_key(request.name, key)
            self.known.change_keys(request.name, removed=(key,))
            self._note(self._clock(), "device-revoked", request.name, detail=request.key_id)
            return Revoked(key)

    def _invite(self, request: NewInvite) -> Answer:
        now = self._clock()
        with self._writing():
            return make_invite_of_person(self._book, request, now, self._entropy(TOKEN_BYTES))


_NO_ACCOUNT: Final = Denied(Code.NOT_PERMITTED, "only an account has devices: set a password, and you have one")
