"""A program that uses an invite again and again: `python -m support.claiming PATH TOKEN COUNT`.

It says `ready`, waits for a line, and then says what became of each claim as soon as it is answered.
"""

from __future__ import annotations

import sys

from libchat.accounts.desk import AccountDesk
from libchat.security.passwords import Argon2
from support.accounts import QUICK, ask, claim, code


def main(path: str, token: str, count: str) -> None:
    """Use the invite so many times, without a key: each time counts."""
    desk = AccountDesk(path, admit="invite", hasher=Argon2(QUICK))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for _ in range(int(count)):
        sys.stdout.write(code(ask(desk, claim(token=token))) + "\n")
        sys.stdout.flush()
    desk.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
