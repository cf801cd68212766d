"""Invites: one link that says where a server is, which key it shows, and by what right one comes.

    libchat://HOST[,HOST...]:PORT/[ROOM][?k=KEY][&t=TOKEN][&e=EXPIRY]

    HOST     a DNS name, an IPv4 address, or an IPv6 address in brackets; several are tried in this order
    ROOM     percent-encoded UTF-8, without its `#`
    k        the pin of the server's key, without its prefix: 32 bytes in base64url (RFC 4648, section 5), no padding
    t        a secret that the server has made, base64url; who brings it may come in
    e        until when the secret is good, in seconds since 1970

Other parameters are ignored, so that a newer server may add some. A link without `k` says nothing of the key: it is
worth as much as the address alone.

A link is what people paste: brackets and quotes around it, white space and line ends in it, words before it and the
`&amp;` of web pages are forgiven. What is wrong with one is told in words that show nothing of it, since it may hold a
secret.

Nothing here is slow to import, but a room or a host beyond ASCII brings the tables of Unicode along.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, unquote

from libchat.errors import InvalidName
from libchat.limits import LINK_CHARACTERS, LINK_HOSTS, TOKEN_CHARACTERS
from libchat.names import parse_room
from libchat.security.pins import PREFIX, parse_pin

SCHEME: Final = "libchat://"

_DNS_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9._~-]{1,32}", re.ASCII)
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{1,{TOKEN_CHARACTERS}}}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_EXPIRY = re.compile(r"[0-9]{1,12}", re.ASCII)
_CLOSING: Final = "<>\"'`“”„‘’«»()[]{}.,;!?"
"""What may stand around a link, or end the sentence in which it stands."""


@dataclass(frozen=True, slots=True)
class Invite:
    """What a link says. `hosts` come best first; `expires` is in seconds since 1970, 0 for a link that names no end.

    Raises ValueError, with words for a person, for what no link can say. Values are put into their one form: hosts as
    ASCII in lower case, the pin as `format_pin` writes it, the room with its `#`, as it is shown.
    """

    hosts: tuple[str, ...]
    port: int
    room: str = ""
    pin: str = ""
    token: str = field(default="", repr=False)
    expires: int = 0

    def __post_init__(self) -> None:
        set_field = object.__setattr__  # the way of a frozen dataclass
        set_field(self, "hosts", _hosts(self.hosts))
        set_field(self, "room", _room(self.room))
        set_field(self, "pin", parse_pin(self.pin) if self.pin else "")
        if not 0 < self.port < 65536:
            raise ValueError("the port of the link is no number from 1 to 65535")
        if self.token and not _TOKEN.fullmatch(self.token):
            raise ValueError("the token of the link is damaged; copy the whole link")
        if not 0 <= self.expires < 10**12:
            raise ValueError("the expiry of the link is no time")

    def format(self) -> str:
        """Return the link, which `parse_invite` reads. It is a secret if it has a token."""
        hosts = ",".join(_format_host(host) for host in self.hosts)
        room = quote(self.room.removeprefix("#"), safe="").replace(".", "%2E")  # a dot at the end would be a sentence's
        link = f"{SCHEME}{hosts}:{self.port}/{room}"
        said = {"k": _format_key(self.pin), "t": self.token, "e": str(self.expires or "")}
        query = "&".join(f"{key}={value}" for key, value in said.items() if value)
        return f"{link}?{query}" if query else link


def is_invite(text: str) -> bool:
    """Return whether a text is meant to be a link, and not an address."""
    return SCHEME in text.lower()


def parse_invite(text: str) -> Invite:
    """Return what a link says, as people paste it. Raises ValueError, with words for a person, for what is none."""
    if len(text) > LINK_CHARACTERS:
        raise ValueError(f"an invite has {LINK_CHARACTERS} characters at most; paste the link alone")
    link = "".join(character for character in text if character.isprintable() and not character.isspace())
    start = link.lower().find(SCHEME)
    if start < 0:
        raise ValueError(f"this is no invite: one begins with {SCHEME}")
    link = link[start + len(SCHEME) :].rstrip(_CLOSING).replace("&amp;", "&")
    authority, path, query = _split(link)
    hosts, port = _parse_authority(authority)
    parameters = _parse_query(query)
    return Invite(
        hosts,
        port,
        room=_decode_room(path),
        pin=_parse_key(parameters.get("k", "")),
        token=parameters.get("t", ""),
        expires=_parse_expiry(parameters.get("e", "")),
    )


def _split(link: str) -> tuple[str, str, str]:
    """Return authority, path and query (RFC 3986, section 3). A `#` belongs to the room, as people write it."""
    before, _, query = link.partition("?")
    authority, _, path = before.partition("/")
    return authority, path, query.partition("#")[0]


def _parse_authority(authority: str) -> tuple[tuple[str, ...], int]:
    hosts, _, port = authority.rpartition(":")
    if not hosts or "]" in port:
        raise ValueError("the link names no port: it has to say HOST:PORT")
    if not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise ValueError("the port of the link is no number from 1 to 65535")
    return tuple(map(_unwrap_host, hosts.split(","))), int(port)


def _unwrap_host(text: str) -> str:
    """Return a host without what a link wraps it into: brackets, and percent signs in a zone (RFC 6874)."""
    if text.startswith("[") and text.endswith("]"):
        return text[1:-1].replace("%25", "%")
    if ":" in text:
        raise ValueError("a host of the link is damaged; an IPv6 address has to be in brackets")
    return _unquote(text)


def _parse_query(query: str) -> dict[str, str]:
    """Return the parameters that have a meaning. One that is said twice might mean either."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if key not in ("k", "t", "e"):
            continue
        if key in found:
            raise ValueError(f"the link says {key}= twice; copy it once more")
        if not value:
            raise ValueError("the link ends too early; copy the whole link")
        found[key] = value
    return found


def _parse_key(text: str) -> str:
    if not text:
        return ""
    if not _KEY.fullmatch(text.rstrip("=")):
        raise ValueError("the key of the link is damaged; copy the whole link")
    return PREFIX + urlsafe_b64decode(text.rstrip("=") + "=").hex()


def _format_key(pin: str) -> str:
    return urlsafe_b64encode(bytes.fromhex(pin.removeprefix(PREFIX))).decode().rstrip("=")


def _parse_expiry(text: str) -> int:
    if text and not _EXPIRY.fullmatch(text):
        raise ValueError("the expiry of the link is no time")
    return int(text or 0)


# --- rooms ----------------------------------------------------------------------------------------------------------


def _decode_room(path: str) -> str:
    room, _, more = path.partition("/")
    if more.strip("/"):
        raise ValueError("the link names more than one room")
    return _unquote(room)


def _room(text: str) -> str:
    if not text.removeprefix("#"):
        return ""
    try:
        return str(parse_room(text))
    except InvalidName as error:
        raise ValueError(f"the room of the link cannot be one: {error.reason}") from error


def _unquote(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise ValueError("the link is damaged: it holds what is no UTF-8; copy it once more") from error


# --- hosts ----------------------------------------------------------------------------------------------------------


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    if not 0 < len(hosts) <= LINK_HOSTS:
        raise ValueError(f"a link names from 1 to {LINK_HOSTS} hosts")
    return tuple(dict.fromkeys(map(_host, hosts)))


def _host(text: str) -> str:
    """Return an address or a name of a host in its one form."""
    address, percent, zone = text.partition("%")
    try:
        parsed = ip_address(address)
    except ValueError:
        return _dns_name(text)
    if parsed.is_unspecified:
        raise ValueError(f"{parsed} is the address of no machine; a link has to name one that others can reach")
    if percent and (parsed.version == 4 or not _ZONE.fullmatch(zone)):
        raise ValueError("an address of the link is damaged")
    return f"{parsed}{percent}{zone}"


def _dns_name(text: str) -> str:
    """Return a DNS name in lower case and ASCII (IDNA, RFC 3490), as resolvers take it everywhere."""
    try:
        name = text[:254].encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        name = ""
    if not _DNS_NAME.fullmatch(name):
        raise ValueError("a host of the link is damaged: it is neither an address nor a name")
    return name


def _format_host(host: str) -> str:
    return f"[{host.replace('%', '%25')}]" if ":" in host else host
