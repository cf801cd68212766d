"""A server whose disk is full, and then is not any more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import libchat
from libchat.store.schema import connect_to_read
from support.program import environment

SECONDS = 20.0
resource = pytest.importorskip("resource", reason="Windows has no such limits")
LIMIT = 400_000
"""How long a file of the server may become, in bytes: the write-ahead log is full after a few hundred messages."""

LIMITED = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, resource.RLIM_INFINITY))
sys.argv = ["libchat", *sys.argv[1:]]
runpy.run_module("libchat", run_name="__main__")
"""
"""Becomes the program, on a disk that seems to have no more room than that. The limit may be lifted later."""

pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux lifts the limit of a process")


def fill(chat: libchat.Client) -> list[str]:
    """Send until the server takes no more, and return what it took."""
    taken: list[str] = []
    for number in range(10_000):
        text = f"{number} " + "x" * 1_000
        try:
            chat.send("#red", text).accepted(SECONDS)
        except libchat.Unavailable as error:
            assert "the disk" in error.reason  # noqa: PT017 - that it is raised is what ends the loop
            return taken
        taken.append(text)
    raise AssertionError("the disk was never full")


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """Nothing is accepted that is not kept; what needs no disk goes on; with room again, so does everything."""
    words = ("serve", "--host", "127.0.0.1", "--port", "0", "--data", str(tmp_path), "--json", "--message-rate", "0")
    command = [sys.executable, "-c", LIMITED, *words]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = json.loads(process.stdout.readline())
        try:
            address, pin = f"127.0.0.1:{told['port']}", told["fingerprint"]
            with libchat.connect(address, "ana", pin=pin) as ana, libchat.connect(address, "bo", pin=pin) as bo:
                ana.join("#red")
                bo.join("#red")
                taken = fill(ana)
                assert [bo.receive(SECONDS).text for _ in taken] == taken
                with pytest.raises(libchat.Unavailable):
                    bo.send("ana", "nor is there room for this").accepted(SECONDS)
                assert [present.name for present in bo.who()] == ["ana", "bo"]
                assert bo.history("#red", limit=1).entries[0].text == taken[-1]
                resource.prlimit(told["pid"], resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                taken.append("room again")
                assert ana.send("#red", taken[-1]).accepted(SECONDS).seq == len(taken)
                assert bo.receive(SECONDS).text == taken[-1]
        finally:
            os.kill(told["pid"], signal.SIGTERM)
        said = process.stderr.read()
        assert process.wait(SECONDS) == 0
    assert "cannot store" in said
    assert kept(tmp_path / "chat.db") == taken


def kept(path: Path) -> list[str]:
    """Return the texts in a log's file, in order."""
    reader = connect_to_read(path)
    texts = [text for (text,) in reader.execute("SELECT text FROM entries ORDER BY id")]
    reader.close()
    return texts
