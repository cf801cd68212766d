"""Addresses as people write them."""

from __future__ import annotations

from typing import Final

DEFAULT_PORT: Final = 8080


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """Return host and port of `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; without a port it is the default.

    Raises ValueError, which says what is wrong.
    """
    host, port = _split(text.strip(), str(default_port))
    if not _is_host(host):
        raise ValueError(f"{text!r} is no address: write HOST:PORT")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{port!r} is no port: write a number from 1 to 65535")
    return host, int(port)


def format_address(host: str, port: int) -> str:
    """Return an address that `parse_address` reads."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(text: str, default_port: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no address: write [IPV6]:PORT")
        return host, rest[1:] if rest else default_port
    if text.count(":") > 1:
        raise ValueError(f"{text!r} is no address: write an IPv6 address in brackets, [IPV6]:PORT")
    host, colon, port = text.partition(":")
    return host, port if colon else default_port


def _is_host(text: str) -> bool:
    """Return whether a resolver would look at it at all: it raises UnicodeError for what cannot be a domain name."""
    try:
        text.encode("idna")
    except UnicodeError:
        return False
    return text != "" and text.isprintable() and not any(character.isspace() for character in text)
