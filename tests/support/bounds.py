"""Bounds for tests that are not about limits."""

from __future__ import annotations

from libchat.server.bounds import Bounds

UNLIMITED = Bounds(message_rate=0, connections_by_address=0, handshakes_by_address=0, registrations=0)
"""What tests need that do alone, from one address and as fast as they can, what otherwise hundreds do."""
