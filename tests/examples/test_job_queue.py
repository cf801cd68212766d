"""The job queue at a server."""

from __future__ import annotations

from pathlib import Path

import pytest

import libchat
from support.examples import Example

SECONDS = 20


def test_a_queue_that_is_run_again_tells_nothing_twice(tmp_path: Path) -> None:
    """Run twice with one folder, the same jobs are told once."""
    with libchat.serve(port=0) as server, libchat.connect(server.address, "ana", pin=server.pin) as ana:
        for _ in range(2):
            with Example("job_queue", server.invite(), "ana", str(tmp_path / "state"), home=tmp_path) as example:
                assert (example.end(), example.complaints) == (0, "")
        told = [ana.receive(timeout=SECONDS).text for _ in range(2)]
        assert [text.partition(":")[0] for text in told] == ["job 1 is done", "job 2 has failed"]
        ana.ping()
        with pytest.raises(TimeoutError):
            ana.receive(0)


def test_somebody_unknown_is_no_failure(tmp_path: Path) -> None:
    """When nobody was ever called so, the queue says it, and goes on."""
    with (
        libchat.serve(port=0) as server,
        Example("job_queue", server.invite(), "nobody", home=tmp_path) as example,
    ):
        assert example.end() == 0
        assert example.complaints.count("nobody could not be told 'job ") == 2
