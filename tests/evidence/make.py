"""Make the evidence that the documentation shows, from real runs, into docs/evidence.

    python tests/evidence/make.py                 all of it
    python tests/evidence/make.py rooms kill      two pieces of it
    python tests/evidence/make.py --list          what there is

Each piece has a name, the files that it makes, and a function that makes them in a folder. What a piece needs and does
not find is said in words (`Missing`); the other pieces are made all the same, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

if __name__ == "__main__":
    # A script has its own folder on its path: the modules of the tests are above it, those of the shell beside them.
    ROOT = Path(__file__).parents[2]
    sys.path[:1] = [str(ROOT / "tests"), str(ROOT), str(ROOT / "shell"), str(ROOT / "plugins")]

from evidence import captures, killing, pages, plots, screens, transcript
from evidence.missing import Missing

FOLDER: Final = Path(__file__).parents[2] / "docs" / "evidence"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: what makes it in a folder, the files that are made, and what they show in one line."""

    make: Callable[[Path], None]
    """Raises `Missing` if something that it needs is not on this machine."""
    files: tuple[str, ...]
    shows: str


PIECES: Final[Mapping[str, Piece]] = {
    "server-start": Piece(screens.server_start, ("server-start.svg",), "a server starts, and says how others come in"),
    "two-shells": Piece(screens.two_shells, ("two-shells.svg",), "two people chat in two shells, with receipts"),
    "rooms": Piece(screens.rooms, ("rooms.svg",), "several rooms, what is unread in each, and a mention"),
    "offline": Piece(screens.offline, ("offline.svg",), "messages to somebody who is away wait for them"),
    "menu-commands": Piece(screens.menu_commands, ("menu-commands.svg",), "commands complete from a menu"),
    "menu-names": Piece(screens.menu_names, ("menu-names.svg",), "names complete from a menu"),
    "refused-name": Piece(screens.refused_name, ("refused-name.svg",), "names that are refused, and why"),
    "changed-key": Piece(screens.changed_key, ("changed-key.svg",), "a server with another key is a hard stop"),
    "openssl": Piece(transcript.make, ("openssl.txt",), "two people chat with nothing but `openssl s_client`"),
    "captures": Piece(
        captures.make,
        ("capture-tls.pcapng", "capture-tls.txt", "capture-plaintext.pcapng", "capture-plaintext.txt"),
        "what somebody sees who records the network, with TLS and without",
    ),
    "kill": Piece(
        killing.make, ("kill.txt",), "a server is killed twenty times while people talk, and nothing is lost"
    ),
    "load": Piece(
        plots.make,
        ("load.json", "throughput.svg", "latency.svg", "memory.svg"),
        "what a server carries with 10 to 5,000 people, how long that takes, and in how much memory",
    ),
    "pages": Piece(pages.make, (), "the pictures of other pages, in docs/pictures"),
}
"""By their names, in the order of the page."""


def main(words: Sequence[str] | None = None) -> int:
    """Make what is asked for, and return the exit code: 0, or 1 if a piece could not be made."""
    parser = argparse.ArgumentParser(description="Make the evidence that the documentation shows, from real runs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a piece of it (default: all)")
    parser.add_argument("--list", action="store_true", help="list the pieces, and make none")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="DIR", help="folder (default: docs/evidence)")
    options = parser.parse_args(words)
    if unknown := [name for name in options.names if name not in PIECES]:
        parser.error(f"there is no piece {', '.join(unknown)}; there are {', '.join(PIECES)}")
    if options.list:
        print("\n".join(f"{name:<14} {piece.shows}" for name, piece in PIECES.items()))
        return 0
    options.into.mkdir(parents=True, exist_ok=True)
    results = [_make(name, PIECES[name], options.into) for name in options.names or PIECES]
    return 0 if all(results) else 1


def _make(name: str, piece: Piece, folder: Path) -> bool:
    """Make one piece, tell how that went, and return whether it was made."""
    began = time.monotonic()
    try:
        piece.make(folder)
    except Missing as missing:
        print(f"{name}: not made: {missing}", file=sys.stderr, flush=True)
        return False
    print(f"{name}: {', '.join(piece.files) or piece.shows} in {time.monotonic() - began:.1f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
