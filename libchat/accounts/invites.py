"""Invites: how they are made, and what the token of one is worth."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final

from libchat import limits
from libchat.claims import Claim, Denied, Invited, NewInvite
from libchat.core.admission import TokenState
from libchat.errors import Code
from libchat.store.accounts import Account, AccountBook, Invite, Note, digest_of

TOKEN_BYTES: Final = 16
"""Random bytes of an invite's token: as many as a UUID has, and too many to guess."""


def make_invite(book: AccountBook, request: NewInvite, now: int, entropy: bytes) -> Invited | Denied:
    """Make an invite in a transaction of the caller's, with a token of these random bytes."""
    if fault := fault_of_invite(request):
        return Denied(Code.BAD_VALUE, fault)
    token = urlsafe_b64encode(entropy).decode().rstrip("=")
    expires = now + request.seconds * 1000
    invite = Invite(digest_of(token), now, request.by, request.room, request.uses, request.uses, expires)
    book.add_invite(invite)
    detail = f"{invite.id}, {request.uses} uses, {request.seconds} seconds"
    book.note(Note(now, request.by, "invite-made", request.room, "", detail))
    return Invited(token, request.room, request.uses, expires)


def make_invite_of_person(book: AccountBook, request: NewInvite, now: int, entropy: bytes) -> Invited | Denied:
    """Make an invite as `make_invite`, unless there are too many open ones already."""
    own, all_of_them = book.count_open_invites(request.by, now)
    if own >= limits.INVITES or all_of_them >= limits.INVITES_KEPT:
        return Denied(Code.TOO_MANY, "too many invites are open: use one of them, or wait until some have expired")
    return make_invite(book, request, now, entropy)


def fault_of_invite(request: NewInvite) -> str:
    """Return why there can be no such invite, "" if there can."""
    if not 1 <= request.uses <= limits.INVITE_USES:
        return f"an invite has 1 to {limits.INVITE_USES} uses"
    if not 1 <= request.seconds <= limits.INVITE_SECONDS:
        return f"an invite is good for 1 to {limits.INVITE_SECONDS} seconds (a year)"
    return ""


def token_state(
    book: AccountBook, claim: Claim, account: Account | None, key: str, invite: Invite | None, now: int
) -> TokenState:
    """Return what the token of a claim is worth; `key` is the one that was proven."""
    if invite is None:
        return "unknown" if claim.token else "none"
    users = [f"key:{key}"] * bool(key) + [f"name:{claim.name}"] * (account is not None)
    if any(book.has_used(invite.digest, who) for who in users):
        return "again"
    if invite.expires <= now:
        return "expired"
    return "good" if invite.remaining > 0 else "used-up"
