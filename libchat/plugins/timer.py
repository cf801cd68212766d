"""Timers of plugins."""

from __future__ import annotations


class Timer:
    """Something that will be called. `cancel` it if it need not be."""

    def cancel(self) -> None:
        """Have it not called any more. Harmless when it was called already."""
        raise NotImplementedError
