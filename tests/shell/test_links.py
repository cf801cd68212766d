"""Links for newcomers, made by somebody who is in the chat."""

from __future__ import annotations

import libchat
from libchat.security.invite import parse_invite
from libchat.server.addresses import reachable_hosts
from libchat_shell.links import link_of


def test_a_link_brings_somebody_in() -> None:
    """Who is in the chat makes a link; another one comes in by it, and into the room."""
    with libchat.serve(host="127.0.0.1", port=0) as server, libchat.connect(server.invite(), "ana") as ana:
        ana.join("#red")
        link = ana.link(ana.make_invite("#red"))
        assert parse_invite(link).pin == server.pin
        with libchat.connect(link, "bo") as bo:
            assert bo.invite_room == "#red"


def test_a_link_that_others_can_use() -> None:
    """Who is on the server's own machine names the addresses by which others reach it."""
    with libchat.serve(host="127.0.0.1", port=0) as server, libchat.connect(server.invite(), "ana") as ana:
        made = ana.make_invite()
        link = parse_invite(link_of(ana, made))
        assert link.hosts == reachable_hosts("")
        assert (link.port, link.token, link.expires) == (server.port, made.token, made.expires // 1000)
    with libchat.serve(port=0) as server, libchat.connect(f"localhost:{server.port}", "ana", pin=server.pin) as ana:
        assert "localhost" not in link_of(ana, ana.make_invite())
