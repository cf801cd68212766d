"""Somebody on the way who listens."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

import libchat
from libchat.client.address import parse_address
from libchat.security.invite import Invite, parse_invite
from support.proxy import Proxy

PASSWORD = "kingfisher-password"
NAME = "Kingfisher"
ROOM = "#kingfishers"
TEXTS = ("a private kingfisher", "kingfishers in a room", "a kingfisher's topic")


def talk(invite: Invite, *, plaintext: bool) -> None:
    """Come in by an invite, make the name an account, and say something in private and in a room."""
    link = invite.format()
    with (
        libchat.connect(link, NAME, password=PASSWORD, plaintext=plaintext) as one,
        libchat.connect(replace(invite, token="").format(), "Heron", plaintext=plaintext) as other,
    ):
        one.send("Heron", TEXTS[0]).accepted(timeout=20)
        assert other.receive(timeout=20).text == TEXTS[0]
        one.join(ROOM)
        one.send(ROOM, TEXTS[1]).accepted(timeout=20)
        one.set_topic(ROOM, TEXTS[2]).accepted(timeout=20)
        assert len(one.history(ROOM).entries) == 2


@pytest.mark.parametrize("plaintext", [False, True], ids=["tls", "plaintext"])
def test_nothing_can_be_read_on_the_way(plaintext: bool) -> None:
    """Over TLS, who listens finds no name, password, token or text in what passes; without TLS, all of it."""
    with libchat.serve(port=0, plaintext=plaintext) as server, Proxy(server.address, listens=True) as proxy:
        invite = parse_invite(server.invite())
        host, port = parse_address(proxy.address)
        talk(replace(invite, hosts=(host,), port=port), plaintext=plaintext)
        seen = bytes(proxy.seen)
    said = [NAME, ROOM, PASSWORD, invite.token, *TEXTS]
    spellings = {
        word: [word.encode(), word.encode("utf-16-le"), b64encode(word.encode()).rstrip(b"=")] for word in said
    }
    found = [word for word, forms in spellings.items() if any(form in seen for form in forms)]
    assert found == (said if plaintext else [])
    assert len(seen) > 2_000
