"""What the tests of packages share: both are built once, and the wheel is installed once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.installed import OFFLINE, Built, Installed, build, install


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this run of tests share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def built(shared: Path) -> Built:
    """Return the wheel and the source archive of the repository as it is now."""
    return build(shared / "dist")


@pytest.fixture(scope="session")
def environment(built: Built, shared: Path) -> Path:
    """Return an environment with the wheel in it."""
    if os.environ.get(OFFLINE):
        pytest.skip(f"{OFFLINE} is set: the wheel is not installed")
    return install(built.wheel, shared / "installed")


@pytest.fixture
def installed(environment: Path, tmp_path: Path) -> Installed:
    """Return programs of the environment, with a new home."""
    return Installed(environment, tmp_path)
