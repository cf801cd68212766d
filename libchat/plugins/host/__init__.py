"""What runs plugins in a program: a shell, a bot or a server."""

from __future__ import annotations

from libchat.plugins.host.host import Host
from libchat.plugins.host.listed import Failure, Listed
from libchat.plugins.host.runs import Outcome

__all__ = ["Failure", "Host", "Listed", "Outcome"]
