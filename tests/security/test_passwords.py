from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat import limits
from libchat.security.passwords import Argon2, Cost, fault_of_new, prepare, prepare_new
from support.accounts import QUICK

ARGON2 = Argon2(QUICK)


def test_a_hash_is_a_phc_string() -> None:
    """What is kept says how it was made, has a new salt each time, and does not show the password."""
    first, second = ARGON2.hash("correct horse"), ARGON2.hash("correct horse")
    assert first.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert first != second
    assert "correct" not in first


def test_only_the_password_fits() -> None:
    """The password fits its hash, and another one does not."""
    phc = ARGON2.hash("correct horse")
    assert ARGON2.fits("correct horse", phc)
    assert not ARGON2.fits("correct horsf", phc)
    assert not ARGON2.fits("", phc)


def test_a_hash_of_another_cost_fits_too() -> None:
    """A hash brings its own cost along."""
    phc = ARGON2.hash("correct horse")
    assert Argon2(Cost(64, 2)).fits("correct horse", phc)


@pytest.mark.parametrize(
    "phc",
    ["", "x", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "$argon2id$v=19$m=64,t=1,p=4$c2FsdHNhbHQ$aGFzaA"],
)
def test_what_is_no_hash_fits_nothing(phc: str) -> None:
    """Another kind of string, also one of several lanes (which must never be computed), fits no password."""
    assert not ARGON2.fits("correct horse", phc)
    assert not ARGON2.is_outdated(phc)


def test_the_vector_of_the_format_fits() -> None:
    """A hash that the reference implementation made fits: `echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1`."""
    phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
    assert ARGON2.fits("password", phc)


@pytest.mark.parametrize("phc", ["", "x", "$argon2id$v=19$m=8,t=1,p=2$c2FsdHNhbHQ$aGFzaA"])
def test_no_hash_costs_as_much_as_one(phc: str) -> None:
    """Where there is no password to compare with, the processor works as long: nobody learns who has one."""
    argon2 = Argon2(Cost(8192, 3))
    kept = argon2.hash("correct horse")
    spent = []
    for one in (kept, phc):
        start = time.thread_time()
        assert not argon2.fits("battery staple", one)
        spent.append(time.thread_time() - start)
    assert spent[1] > spent[0] / 3  # of this thread alone, so other programs do not matter


@pytest.mark.parametrize(("cost", "is_outdated"), [(QUICK, False), (Cost(16, 1), True), (Cost(8, 2), True)])
def test_hashes_of_less_effort_are_outdated(cost: Cost, is_outdated: bool) -> None:
    """When the cost has grown, older hashes are to be made anew; when it has shrunk, they are good."""
    assert Argon2(cost).is_outdated(ARGON2.hash("x")) == is_outdated
    assert not ARGON2.is_outdated(Argon2(cost).hash("x"))


def test_many_threads_hash_at_once() -> None:
    """Hashes side by side all come out right: with more lanes than one they would fail, or hang."""
    results: list[bool] = []

    def run() -> None:
        for _ in range(20):
            results.append(ARGON2.fits("correct horse", ARGON2.hash("correct horse")))

    threads = [threading.Thread(target=run, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [True] * 80


def test_the_default_is_the_second_option_of_the_rfc() -> None:
    """The cost of what is kept in earnest: RFC 9106, section 4, with one lane."""
    assert Argon2().hash("x" * 8).startswith("$argon2id$v=19$m=65536,t=3,p=1$")


@pytest.mark.parametrize("spelling", ["cafe\u0301 noir", "café\u00a0noir", "café\u3000noir"])
def test_spellings_of_one_password_are_one(spelling: str) -> None:
    """RFC 8265, section 4.2: composed, and with plain spaces."""
    assert prepare(spelling) == "café noir"


@pytest.mark.parametrize("password", ["Correct Horse", "  two  ", "ＡＢ", "πß∞"])
def test_a_password_stays_as_it_is(password: str) -> None:
    """Neither case, nor width, nor spaces around it change: section 4.2 again."""
    assert prepare(password) == password


@pytest.mark.parametrize("password", ["", "x" * 129, "a\tb", "a\x7fb", "\ud800", "a\u0378b"])
def test_what_cannot_be_a_password(password: str) -> None:
    """Nothing, too much, control characters and what is no character; the words never show it."""
    with pytest.raises(ValueError) as caught:
        prepare(password)
    assert not password or password not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_limits_are_exact() -> None:
    """128 characters may be, and 8 must be, as they are counted after composition."""
    assert prepare("x" * limits.PASSWORD_CHARACTERS)
    assert fault_of_new("x" * (limits.NEW_PASSWORD_CHARACTERS - 1), "ana")
    assert not fault_of_new("x" * limits.NEW_PASSWORD_CHARACTERS, "ana")
    assert fault_of_new("Alexandra", "alexandra")
    with pytest.raises(ValueError, match="8 characters at least"):
        prepare_new("e\u0301" * 7, "ana")
    assert prepare_new("e\u0301" * 8, "ana") == "é" * 8


@given(st.text(max_size=40))
def test_preparing_twice_changes_nothing(text: str) -> None:
    """What is prepared is stable, so that it fits whoever prepares it again."""
    try:
        prepared = prepare(text)
    except ValueError:
        return
    assert prepare(prepared) == prepared
