"""An invite as a QR code (ISO/IEC 18004), in characters: a telephone takes it from the screen."""

from __future__ import annotations

import io

from libchat.cli.exits import Exit, Failure


def check_qr() -> None:
    """Raise `Failure`, with the command that helps, if nothing can be drawn here."""
    try:
        import segno  # noqa: F401  # whether it is there is the question
    except ImportError as error:
        reason = "--qr needs the package segno; install it with: pip install 'libchat[qr]'"
        raise Failure(Exit.REFUSED, reason) from error


def draw_qr(link: str) -> str:
    """Return lines of block characters: light on dark, with the margin that readers need, and nothing else in them."""
    import segno

    picture = io.StringIO()
    segno.make(link, error="l", micro=False).terminal(picture, compact=True)
    return picture.getvalue().rstrip("\n")
