"""What a piece of evidence raises when something that it needs is not on this machine."""

from __future__ import annotations


class Missing(Exception):
    """Something that a piece of evidence needs is not here: the text says what, and how to get it."""
