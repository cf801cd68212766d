"""Links for newcomers."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libchat import Client, InviteMade


def link_of(chat: Client, made: InviteMade) -> str:
    """Return the link of an invite that others can use: who talks to a server on the same machine knows it otherwise.

    Looks the machine's addresses up for that, which may take a second.
    """
    from libchat.security.invite import parse_invite
    from libchat.server.addresses import reachable_hosts

    invite = parse_invite(chat.link(made))
    if not all(map(_is_loopback, invite.hosts)):
        return invite.format()
    return replace(invite, hosts=reachable_hosts("")).format()


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
