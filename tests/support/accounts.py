"""What tests of accounts share: quick hashes that are counted, people with keys, and answers that are waited for."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from libchat.claims import Answer, Claim, Granted, Invited, NewInvite, Request
from libchat.limits import PASSWORD_MEMORY_KIB
from libchat.locks import HUB, tiered_lock
from libchat.security.device_keys import DeviceKey, new_device_key
from libchat.security.passwords import Argon2, Cost
from libchat.store.base import Accounts

SECONDS = 20.0
QUICK = Cost(memory_kib=8, passes=1)
"""The least that Argon2 takes."""

assert QUICK.memory_kib < PASSWORD_MEMORY_KIB

PIN = "sha256:" + "0" * 64
SECRET = "Correct Horse 7"


class Clock:
    """A clock that a test sets, in milliseconds."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * 1000)


class CountingHasher(Argon2):
    """Quick hashes; it knows how much Argon2 has worked: the memory and passes of each, in order."""

    def __init__(self, cost: Cost = QUICK) -> None:
        super().__init__(cost)
        self.made: list[str] = []
        self.compared: list[str] = []

    def hash(self, password: str) -> str:
        self.made.append(password)
        return super().hash(password)

    def fits(self, password: str, phc: str) -> bool:
        self.compared.append(phc)
        return super().fits(password, phc)


class SlowHasher(Argon2):
    """Hashes when it is let: `entered` counts the hashes under way."""

    def __init__(self) -> None:
        super().__init__(QUICK)
        self.entered = threading.Semaphore(0)
        self.let = threading.Semaphore(0)

    def hash(self, password: str) -> str:
        self._wait()
        return super().hash(password)

    def fits(self, password: str, phc: str) -> bool:
        self._wait()
        return super().fits(password, phc)

    def _wait(self) -> None:
        self.entered.release()
        assert self.let.acquire(timeout=SECONDS)


class Asked:
    """The answer to a request, when it comes."""

    def __init__(self, accounts: Accounts, request: Request) -> None:
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        accounts.ask(request, self._take)

    def _take(self, answer: Answer) -> None:
        with tiered_lock(HUB):  # must not be called under any lock
            self._answers.put(answer)

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return not self._answers.empty()

    def wait(self) -> Answer:
        """Return the answer, of which there is one only."""
        answer = self._answers.get(timeout=SECONDS)
        assert self._answers.empty()
        return answer


def ask(accounts: Accounts, request: Request) -> Answer:
    """Return the answer to a request."""
    return Asked(accounts, request).wait()


def code(answer: Answer) -> str:
    """Return the code of a refusal, "granted" for what was granted."""
    return "granted" if isinstance(answer, Granted) else str(getattr(answer, "code", answer))


def claim(
    name: str = "ana",
    password: str = "",
    *,
    key: DeviceKey | None = None,
    token: str = "",
    address: str = "192.0.2.1",
    label: str = "",
) -> Claim:
    """Return a claim; with a key, it is proven."""
    nonce, device = "bm9uY2U", f"device-of-{name}"
    proof = "" if key is None else key.prove(nonce, PIN, name, device)
    public = "" if key is None else key.public
    return Claim(name, name.title(), password, public, proof, nonce, PIN, device, token, label, address)


def invite(accounts: Accounts, by: str = "host", room: str = "", uses: int = 1, seconds: int = 3600) -> Invited:
    """Make an invite."""
    made = ask(accounts, NewInvite(by, room, uses, seconds))
    assert isinstance(made, Invited), made
    return made


def new_key() -> DeviceKey:
    """Return the key of another device."""
    return new_device_key()
