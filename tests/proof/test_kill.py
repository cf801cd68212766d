"""A server that is killed while people talk."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.soak import soak

KILLS = 10


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_server_loses_nothing(tmp_path: Path, seed: int) -> None:
    """Killed ten times in the middle of conversations, a server loses and doubles nothing that it accepted."""
    report = soak(tmp_path, KILLS, seed=seed)
    assert len(report.kills) == KILLS
    assert report.accepted > KILLS
