"""Two people and nothing but OpenSSL: what each typed and saw, in order."""

from __future__ import annotations

from pathlib import Path


def make(folder: Path) -> None:
    """Write openssl.txt; raises `Missing` without the program `openssl`."""
    raise NotImplementedError(folder)
