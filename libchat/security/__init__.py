"""Who is who: the server's key and certificate, pins, and the servers that a client knows.

Nothing is imported here, so that a program pays for `ssl` and `cryptography` only when it serves or connects. `pins`
says what a pin is, `identity` holds the server's key and the TLS settings of both sides, `known_servers` is the
client's memory of keys.
"""
