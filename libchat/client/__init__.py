"""Clients: one sans-IO link, and two ways to drive it, blocking (`client`) and asyncio (`aio`)."""
