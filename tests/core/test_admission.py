from __future__ import annotations

from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.claims import Admit, Denied
from libchat.core.admission import (
    BAD_PROOF,
    Brought,
    CheckPassword,
    Facts,
    Grant,
    HashPassword,
    Progress,
    Step,
    TokenState,
    decide,
    decide_change,
)
from libchat.errors import Code

admits = st.sampled_from(get_args(Admit))
tokens = st.sampled_from(get_args(TokenState))
proofs = st.sampled_from(("none", "right"))


def walk(admit: Admit, brought: Brought, facts: Facts, is_right: bool) -> tuple[list[type[Step]], Grant | Denied]:
    """Return the work that was asked for on the way, and how it ended."""
    progress, work = Progress(), list[type[Step]]()
    while True:
        step = decide(admit, brought, facts, progress)
        match step:
            case CheckPassword():
                progress = Progress(is_right, progress.is_hashed)
            case HashPassword():
                progress = Progress(progress.is_right, is_hashed=True)
            case _:
                return work, step
        work.append(type(step))


@st.composite
def facts_of(draw: st.DrawFn, *, is_account: bool) -> Facts:
    """Return what may be known of an account, or of a name that is none."""
    return Facts(
        is_account,
        is_account and draw(st.booleans()),
        False,
        draw(st.booleans()),
        draw(tokens),
    )


@given(admits, st.booleans(), facts_of(is_account=True), proofs, st.booleans())
def test_nobody_has_an_account_without_its_password_or_key(
    admit: Admit, has_password: bool, facts: Facts, proof: Literal["none", "right"], is_right: bool
) -> None:
    """No invite, no foreign key and no mode opens an account: only its password, or a key of its own."""
    _, end = walk(admit, Brought(has_password, proof), facts, is_right)
    assert isinstance(end, Grant) == (has_password and is_right)
    if isinstance(end, Grant):
        assert end.is_account
        assert not end.makes_account
        assert end.adds_key == (proof == "right")


@given(st.sampled_from(("invite", "accounts")), tokens, proofs, st.booleans())
def test_a_stranger_cannot_tell_names(
    admit: Admit, token: TokenState, proof: Literal["none", "right"], is_outdated: bool
) -> None:
    """Who may not make an account learns nothing from the answer and the work, for any password and any bad invite."""
    if token in ("good", "again"):
        return
    account = Facts(is_account=True, is_outdated=is_outdated, token=token)
    for fault in ("", "too short"):
        brought = Brought(has_password=True, proof=proof, fault=fault)
        wrong = walk(admit, brought, account, is_right=False)
        assert wrong == walk(admit, brought, Facts(token=token), is_right=False)
        assert wrong[0] == [CheckPassword]


@given(st.booleans(), facts_of(is_account=False), proofs)
def test_only_accounts_come_where_only_accounts_may(
    has_password: bool, facts: Facts, proof: Literal["none", "right"]
) -> None:
    """In the mode `accounts` nobody is a guest, and nobody makes an account without an invite."""
    _, end = walk("accounts", Brought(has_password, proof), facts, is_right=False)
    if isinstance(end, Grant):
        assert end.is_account
        assert facts.token in ("good", "again")


@given(st.booleans(), facts_of(is_account=False), proofs)
def test_strangers_need_an_invite(has_password: bool, facts: Facts, proof: Literal["none", "right"]) -> None:
    """In the mode `invite` a new name comes in by an invite, or by a key that one has let in."""
    _, end = walk("invite", Brought(has_password, proof), facts, is_right=False)
    assert isinstance(end, Grant) == (facts.token in ("good", "again") or facts.is_admitted_key)


@given(admits, st.booleans(), st.booleans(), st.data())
def test_an_invite_is_used_when_it_is_good(
    admit: Admit, has_password: bool, is_account: bool, data: st.DataObject
) -> None:
    """Whoever comes with a good invite uses it, and nobody uses one that is not."""
    facts = data.draw(facts_of(is_account=is_account))
    _, end = walk(admit, Brought(has_password, "right"), facts, is_right=True)
    if isinstance(end, Grant):
        assert end.uses_token == (facts.token == "good")


@given(admits, st.booleans(), st.booleans(), st.data())
def test_a_proof_that_does_not_fit_ends_it(
    admit: Admit, has_password: bool, is_account: bool, data: st.DataObject
) -> None:
    """Whatever else is right, a wrong proof is refused, and nothing is hashed for it."""
    facts = data.draw(facts_of(is_account=is_account))
    assert walk(admit, Brought(has_password, "wrong"), facts, is_right=True) == ([], BAD_PROOF)


@pytest.mark.parametrize("admit", get_args(Admit))
def test_an_own_key_costs_no_hash(admit: Admit) -> None:
    """A device that is signed in passes at once, whatever password and invite it brings."""
    facts = Facts(is_account=True, is_own_key=True, is_outdated=True, token="unknown")
    assert walk(admit, Brought(True, "right"), facts, is_right=False) == ([], Grant(is_account=True))


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_a_password_is_changed_by_its_owner(is_account: bool, has_proven: bool, has_old: bool, is_right: bool) -> None:
    """The old password is needed for an account, unless the session has proven itself to be one that is still there."""
    facts, progress = Facts(is_account=is_account), Progress()
    step = decide_change(has_proven, Brought(has_old), facts, progress)
    if isinstance(step, CheckPassword):
        progress = Progress(is_right)
        step = decide_change(has_proven, Brought(has_old), facts, progress)
    if isinstance(step, HashPassword):
        step = decide_change(has_proven, Brought(has_old), facts, Progress(progress.is_right, is_hashed=True))
    may = has_proven or (has_old and is_right) if is_account else not has_proven
    assert isinstance(step, Grant) == may
    if isinstance(step, Grant):
        assert step.makes_account == (not is_account)


def test_a_weak_new_password_is_refused_before_any_work() -> None:
    """Nothing is hashed for a password that cannot be one."""
    step = decide_change(True, Brought(fault="too short"), Facts(is_account=True), Progress())
    assert step == Denied(Code.BAD_VALUE, "too short")
    assert walk("open", Brought(True, fault="too short"), Facts(), False) == ([], Denied(Code.BAD_VALUE, "too short"))
