"""An invite as a QR code (ISO/IEC 18004), in characters: a telephone takes it from the screen."""

from __future__ import annotations

import io
from importlib.util import find_spec

from libchat.cli.exits import Exit, Failure


def check_qr() -> None:
    """Raise `Failure`, with the command that helps, if nothing can be drawn here."""
    if find_spec("segno") is None:
        raise Failure(Exit.REFUSED, "--qr needs the package segno; install it with: pip install 'libchat[qr]'")


def draw_qr(link: str) -> str:
    """Return lines of block characters: light on dark, with the margin that readers need, and nothing else in them."""
    import segno

    picture = io.StringIO()
    segno.make(link, error="l", micro=False).terminal(picture, compact=True)
    return picture.getvalue().rstrip("\n")
