"""Names for those who give none."""

from __future__ import annotations

import getpass
import re
import secrets

from libchat.errors import InvalidName
from libchat.names import parse_name

FALLBACK = "host"
LONGEST_LOGIN = 27
"""Characters of a script's name that come from the login: with a hyphen and four digits they make 32."""


def login_name(fallback: str = FALLBACK) -> str:
    """Return the login name, cleaned until it can be a name in a chat, or the fallback."""
    try:
        login = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no environment variable, and no entry for the user
        return fallback
    cleaned = re.sub(r"[^\w.-]+", "_", login.rpartition("\\")[2]).lstrip("-.")
    try:
        return str(parse_name(cleaned[:LONGEST_LOGIN]))
    except InvalidName:
        return fallback


def script_name() -> str:
    """Return a name that nobody is likely to have: several scripts of one person do not get in each other's way."""
    return f"{login_name('script')}-{secrets.token_hex(2)}"
