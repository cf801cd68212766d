"""The server: sockets and threads around a hub. See `libchat.server.poller` for how a turn goes."""
