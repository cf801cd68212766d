"""libchat for asyncio: `async with libchat.aio.connect("HOST:PORT", name="ana") as chat: ...`."""

from __future__ import annotations

from libchat.client.aio import AsyncClient, connect

__all__ = ["AsyncClient", "connect"]
