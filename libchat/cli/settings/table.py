"""Every setting of a server, in one table. To add one, add a line: flag, variable, file, help and reference follow.

The limits come from `libchat.server.bounds.Bounds`: each of its fields is a setting of the table `[limits]`, with the
reason that stands behind its number in `libchat.limits`.
"""

from __future__ import annotations

import ast
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from libchat import limits
from libchat.cli.settings import kinds
from libchat.cli.settings.kinds import Kind, Value
from libchat.server import bounds
from libchat.server.bounds import Bounds

PREFIX: Final = "LIBCHAT_SERVER_"
"""How variables begin. LIBCHAT_HOST and LIBCHAT_PORT are taken: they say where clients connect to."""

LIMITS: Final = "limits"
"""The table of the file in which the limits stand."""

PLUGINS: Final = "plugins"
"""The table of the file for plugins. The tables in it are the plugins' own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `key` is as in the file, with its table before a dot; `reason` says why the default is what it is.

    `shown` is how help tells a default that is no plain value, `word` what flag and variable are called, if it is not
    the key without its table.
    """

    key: str
    kind: Kind
    default: Value
    help: str
    reason: str
    shown: str = ""
    word: str = ""

    @property
    def table(self) -> str:
        """The table of the file in which it stands, "" for none."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The key in its table."""
        return self.key.rpartition(".")[2]

    @property
    def flag(self) -> str:
        """The option of the command line."""
        return "--" + (self.word or self.name).replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + (self.word or self.name).upper()

    @property
    def is_limit(self) -> bool:
        """Whether it is one of the limits."""
        return self.table == LIMITS

    @property
    def told_default(self) -> str:
        """The default, for a person."""
        if self.shown:
            return self.shown
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)


_OWN: Final = (
    Setting(
        "host",
        kinds.ADDRESS,
        "",
        "address to listen on",
        "A chat for a LAN is for others to join; for this machine only, say 127.0.0.1.",
        "all addresses of this machine",
    ),
    Setting(
        "port",
        kinds.PORT,
        8080,
        "port to listen on, 0 for any free one",
        "No rights are needed for it, and firewalls of development machines often let it through.",
    ),
    Setting(
        "data",
        kinds.FOLDER,
        None,
        "folder that keeps the server's key and the messages",
        "Each system has a place for the data of a user's programs.",
        "where programs keep data, as ~/.local/share/libchat/server",
    ),
    Setting(
        "memory",
        kinds.SWITCH,
        False,
        "keep nothing: no messages, and a new key at each start",
        "A chat that forgets has to be asked for.",
        "false, keep both",
    ),
    Setting(
        "durability",
        kinds.choice("full", "normal", "memory"),
        "full",
        "what accepted messages survive: full, a loss of power; normal, the end of the server; memory, nothing",
        "What was accepted is to be kept; whoever needs more speed than the disk has can say so.",
    ),
    Setting(
        "keep_days",
        kinds.NUMBER,
        0,
        "delete messages after so many days",
        "Nobody has asked for messages to be deleted.",
        "0, never",
    ),
    Setting(
        "keep_messages",
        kinds.NUMBER,
        0,
        "keep the newest so many messages of each conversation",
        "A million messages take some hundred megabytes.",
        "0, all",
    ),
    Setting(
        "cert",
        kinds.FILE,
        None,
        "your own certificate, as PEM; read anew on SIGHUP",
        "Clients trust the key, not an authority: the server's own certificate does.",
        "one made by the server",
    ),
    Setting(
        "key", kinds.FILE, None, "the key of the certificate, as PEM", "It belongs to your own certificate.", "none"
    ),
    Setting(
        "admit",
        kinds.choice("open", "invite", "accounts"),
        "open",
        "whom to let in: everybody; those with an invite or an account; or accounts only",
        "A chat on a LAN is for whoever is on it.",
    ),
    Setting(
        "public",
        kinds.TEXT,
        "",
        "names and addresses, with commas between, by which others reach this machine and which it does not know "
        "itself; invites name them first",
        "A machine knows the addresses of its own interfaces only.",
        "none",
    ),
    Setting(
        "plaintext",
        kinds.SWITCH,
        False,
        "serve without TLS, on this machine only",
        "Without TLS everybody on the way reads along.",
        "false, TLS",
    ),
    Setting(
        "insecure",
        kinds.SWITCH,
        False,
        "allow plaintext for other machines, too",
        "It should take two mistakes to send messages in the clear.",
        "false, refuse",
    ),
    Setting(
        "announce",
        kinds.SWITCH,
        None,
        "tell the local network that the server is here, so that `libchat join` finds it; needs the extra 'lan'",
        "A server that others can reach is meant to be found; one on loopback is not.",
        "if others can reach it, and zeroconf is installed",
    ),
    Setting(
        "announce_name",
        kinds.TEXT,
        "",
        "what the server is called there",
        "The machine's name is what people know it by.",
        "`libchat on`, and the machine's name",
    ),
    Setting(
        "log_level",
        kinds.choice("debug", "info", "warning", "error", "critical"),
        "warning",
        "how much is logged on standard error; info tells of start, stop, connections, names and refusals",
        "A server that is well says nothing. No level logs messages or secrets.",
    ),
    Setting(
        "log_json",
        kinds.SWITCH,
        False,
        "log one JSON object a line",
        "People read logs first; programs are told to.",
        "false, words",
    ),
    Setting(
        f"{PLUGINS}.load",
        kinds.TEXT,
        "",
        "plugins to load, with commas between: names out of the folder or of installed packages, or paths of files",
        "A plugin is code that can do whatever the server can: none is loaded unasked.",
        "none",
        "plugins",
    ),
    Setting(
        f"{PLUGINS}.folder",
        kinds.FOLDER,
        None,
        "folder with plugins of your own, one file each",
        "They lie beside a user's settings, where nobody else can write.",
        "where programs keep settings, as ~/.config/libchat/plugins",
        "plugin_folder",
    ),
)


@cache
def settings() -> tuple[Setting, ...]:
    """Return all settings, in the order in which they are shown."""
    return (*_OWN, *_limits())


@cache
def by_key() -> dict[str, Setting]:
    """Return all settings by their keys."""
    return {setting.key: setting for setting in settings()}


def _limits() -> list[Setting]:
    reasons, constants = _reasons(), _constants()
    found = []
    for field in fields(Bounds):
        assert field.default is not MISSING
        default: Value = field.default
        words = reasons.get(constants.get(field.name, ""), field.name.replace("_", " "))
        what, colon, why = words.partition(": ")
        found.append(Setting(f"{LIMITS}.{field.name}", _kind_of(default), default, what, why if colon else what))
    return found


def _kind_of(default: Value) -> Kind:
    if isinstance(default, bool):
        return kinds.SWITCH
    if isinstance(default, int):
        return kinds.NUMBER
    return kinds.SECONDS if isinstance(default, float) else kinds.TEXT


# Python keeps neither the docstrings of constants nor the names of defaults: both are read from the source.


def _constants() -> dict[str, str]:
    """Return the constant of `libchat.limits` that is the default of each field of `Bounds`."""
    return {
        field.target.id: field.value.attr
        for each in _parse(bounds)
        if isinstance(each, ast.ClassDef) and each.name == Bounds.__name__
        for field in each.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(field.value, ast.Attribute)
    }


def _reasons() -> dict[str, str]:
    """Return what is written below the constants of `libchat.limits`, by their names."""
    found: dict[str, str] = {}
    names: list[str] = []
    for each in _parse(limits):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            names.append(each.target.id)
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            found |= dict.fromkeys(names, " ".join(str(each.value.value).removesuffix(".").split()))
            names = []
        else:
            names = []
    return found


def _parse(module: ModuleType) -> list[ast.stmt]:
    """Return the statements of a module, none where its source is not at hand: then limits have no reasons in help."""
    try:
        return ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8")).body
    except OSError:
        return []
