"""Without the extra `lan` nothing is announced and nothing is found, and everything else works as before."""

from __future__ import annotations

import subprocess
import sys

ABSENT = "import sys; sys.modules['zeroconf'] = None\n"
"""Has Python believe that the library is not installed."""


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ABSENT + program], capture_output=True, text=True, check=True, timeout=30
    )


def test_who_looks_for_servers_is_told_what_to_install() -> None:
    """`find_servers` raises ImportError with the name of the extra; the doctor skips the step and says so."""
    done = _run(
        "from libchat.cli.doctor import check_multicast\n"
        "from libchat.client.discovery import find_servers\n"
        "step = check_multicast()\n"
        "print(step.state, step.remedy)\n"
        "try: find_servers()\n"
        "except ImportError as error: print(error)\n"
    )
    step, error = done.stdout.splitlines()
    assert step == "skipped install the extra 'lan', or go on giving addresses"
    assert error == "finding servers needs zeroconf: install the extra 'lan', or give an address"


def test_a_server_is_not_announced_by_itself() -> None:
    """A server that others can reach serves without a word; one that was told to announce itself warns, and serves."""
    done = _run(
        "import logging; logging.basicConfig(format='%(levelname)s %(message)s')\n"
        "import libchat\n"
        "for announce in (None, True):\n"
        "    with libchat.serve('', port=0, announce=announce) as server:\n"
        "        with libchat.connect(server.address, 'ana', pin=server.pin) as ana: print(ana.name)\n"
    )
    assert done.stdout == "ana\nana\n"
    assert done.stderr == (
        "WARNING the server is not announced: install the extra 'lan' (zeroconf), or say --no-announce\n"
    )
