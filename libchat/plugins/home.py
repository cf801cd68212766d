"""One loaded plugin: all that its calls share."""

from __future__ import annotations


class Home:
    """What a plugin has as long as it is loaded."""

    name: str
