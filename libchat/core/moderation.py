"""What is set in a room, who is banned from it, muted in it or invited to it: values, and what follows from them.

While a decision is under way to the log, both count: how the room is, and how it is going to be. So nobody slips
through who is being banned, and nobody does already what they are only being allowed to; and if the log cannot store
the decision, nothing has to be taken back.

A room's password is kept as a salted SHA-256, not as a slow hash. It is checked under the hub's lock, where scrypt
would hold everybody up for each guess; it is a word that is told to many, not the key to a person; and who can read the
hash in the log's file can read there all that was said in the room.

Times are milliseconds since 1970.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from libchat.core.roles import Rank, rank_of
from libchat.errors import Code, Refused
from libchat.names import Name, parse_name, skeleton
from libchat.records import Fact, Member, RoomBan, RoomMute, RoomSettings

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Value = TypeVar("Value")
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(Struct, frozen=True, gc=False):
    """What is set in a room. `password` is a hash, "" if there is none."""

    invite_only: bool = False
    password: str = ""
    moderated: bool = False
    secret: bool = False
    open_topic: bool = True

    def __repr__(self) -> str:
        return "Settings()"


class Rules(Struct, frozen=True):
    """How a room is. `roles` holds those who have one, `leaving` those who are being put out."""

    settings: Settings = Settings()
    bans: Mapping[str, RoomBan] = {}
    mutes: Mapping[str, RoomMute] = {}
    roles: Mapping[str, str] = {}
    leaving: frozenset[str] = frozenset()

    def rank(self, name: str) -> Rank:
        """Return the rank of a canonical name."""
        return rank_of(self.roles.get(name, ""))

    def owners(self) -> list[str]:
        """Return the canonical names of the owners."""
        return [name for name, role in self.roles.items() if role == "owner"]


class Invitation(Struct, frozen=True, gc=False):
    """A canonical name may enter a room once until a time, also if it takes only those, or has a password."""

    name: str
    until: int


Change: TypeAlias = Fact | Invitation
"""What can be decided about a room."""


def changed(rules: Rules, fact: Change) -> Rules:
    """Return how a room is when a fact counts."""
    match fact:
        case RoomSettings():
            now = {key: value for key in Settings.__struct_fields__ if (value := getattr(fact, key)) is not None}
            return replace(rules, settings=replace(rules.settings, **now))
        case RoomBan():
            return replace(rules, bans=_with(rules.bans, fact.mask, fact if fact.is_on else None))
        case RoomMute():
            return replace(rules, mutes=_with(rules.mutes, fact.name, fact if fact.is_on else None))
        case Member(name=name, is_in=False):
            return replace(rules, roles=_with(rules.roles, name, None), leaving=rules.leaving | {name})
        case Member(name=name, role=role):
            return replace(rules, roles=_with(rules.roles, name, role or None))
        case _:
            return rules


def _with(values: Mapping[str, Value], key: str, value: Value | None) -> Mapping[str, Value]:
    rest = {other: each for other, each in values.items() if other != key}
    return rest if value is None else {**rest, key: value}


# --- bans and mutes -------------------------------------------------------------------------------------------------


def is_over(until: int, now: int) -> bool:
    """Return whether a ban or mute has ended."""
    return 0 < until <= now


def find_ban(bans: Iterable[RoomBan], name: Name, address: str, now: int) -> RoomBan | None:
    """Return a ban that keeps somebody out who comes from an address ("" in process), None if none does."""
    return next((ban for ban in bans if not is_over(ban.until, now) and fits(ban.mask, name, (address,))), None)


def fits(mask: str, name: Name, addresses: Iterable[str]) -> bool:
    """Return whether a mask is for somebody: by the name, or one that looks like it, or by one of the addresses."""
    network = _network(mask)
    if network is None:
        return mask == name.key or skeleton(parse_name(mask)) == skeleton(name)
    found = (_address(address) for address in addresses if address)
    return any(address is not None and address in network for address in found)


def parse_mask(text: str) -> str:
    """Return a mask in its canonical form: a network, an address, or a name. Raises `InvalidName`."""
    network = _network(text.strip())
    if network is None:
        return parse_name(text).key
    return mask_of(str(network.network_address)) if network.prefixlen == network.max_prefixlen else str(network)


def is_network(mask: str) -> bool:
    """Return whether a mask is for addresses."""
    return _network(mask) is not None


def mask_of(address: str) -> str:
    """Return the mask for one address, "" if it is none."""
    found = _address(address)
    return "" if found is None else str(found)


def _address(text: str) -> Address | None:
    """Return an address without its scope; an IPv4-mapped one (RFC 4291, section 2.5.5.2) as what it stands for."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped if mapped is not None else address


def _network(text: str) -> Network | None:
    address, slash, size = text.partition("/")
    try:
        network = ipaddress.ip_network(f"{address.partition('%')[0]}{slash}{size}", strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}")
    return network


# --- passwords ------------------------------------------------------------------------------------------------------


def hash_password(password: str, salt: str) -> str:
    """Return what is kept of a room's password: "" of an empty one. `salt` is random, and another one each time."""
    from hashlib import sha256  # loads OpenSSL, for which not every program that imports libchat has a use

    return f"{salt}${sha256(f'{salt}${password}'.encode(errors='surrogatepass')).hexdigest()}" if password else ""


def is_password(password: str, kept: str) -> bool:
    """Return whether a password is the one that was kept. It takes as long for a wrong one."""
    from hmac import compare_digest

    salt = kept.partition("$")[0]
    return bool(password) and compare_digest(hash_password(password, salt).encode(), kept.encode())


# --- entering and speaking ------------------------------------------------------------------------------------------


def check_entry(
    rules: Rules, room: str, name: Name, address: str, password: str, now: int, *, is_invited: bool
) -> None:
    """Raise `Refused` unless somebody may enter a room. An invitation stands for the password, never against a ban."""
    ban = find_ban(rules.bans.values(), name, address, now)
    if ban is not None:
        why = f": {ban.reason}" if ban.reason else ""
        raise Refused(Code.BANNED, f"you are banned from {room}{_left(ban.until, now)}{why}", room)
    settings = rules.settings
    if is_invited:
        return
    if settings.invite_only:
        raise Refused(Code.INVITE_ONLY, f"{room} takes only those who were invited; ask somebody in it", room)
    if settings.password and not is_password(password, settings.password):
        words = "is wrong" if password else "is missing"
        raise Refused(Code.ROOM_PASSWORD, f"{room} has a password, which {words}; join with it", room)


def check_speech(rules: Rules, room: str, name: str, rank: Rank, kind: str, now: int) -> None:
    """Raise `Refused` unless a member may say something of this kind, or is typing it."""
    if name in rules.leaving:
        raise Refused(Code.NOT_IN_ROOM, f"you are not in {room} any more; join it again", room)
    if kind == "delete":
        return
    mute = rules.mutes.get(name)
    if mute is not None and not is_over(mute.until, now):
        why = f": {mute.reason}" if mute.reason else ""
        raise Refused(Code.MUTED, f"you are muted in {room}{_left(mute.until, now)}{why}", room)
    if rules.settings.moderated and rank < Rank.VOICE:
        raise Refused(Code.MODERATED, f"only those with a voice speak in {room}; ask an operator for one", room)
    if kind == "topic" and not rules.settings.open_topic and rank < Rank.OPERATOR:
        raise Refused(Code.NOT_PERMITTED, f"only operators set the topic of {room}; ask one", room)


def _left(until: int, now: int) -> str:
    """Return for how long something holds, in words."""
    if not until:
        return ""
    seconds = max(-(-(until - now) // 1000), 1)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f" for another {-(-seconds // size)} {unit}"
    return f" for another {seconds} s"
