"""The chat itself, pure: who is here, who is in which room, what waits for whom, and what follows from a command.

No sockets, files, threads, clock or randomness: those are passed in. See `libchat.core.router` for how it works.
"""
