"""Write the tables of docs/reference/limits.md from the limits in the code: `python tests/generate_limits.py`.

Number, unit, reason and setting are the code's. What happens beyond a limit stands here, since no constant knows it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from libchat.cli.settings import table

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "reference" / "limits.md"

BEGIN: Final = "<!-- limits -->\n"
END: Final = "\n<!-- end of limits -->"

MAIN: Final = "libchat/limits.py"

OVER: Final = {
    # what a person may write
    "NAME_CHARACTERS": "`bad-name`",
    "TEXT_BYTES": "`text-too-long`; people's programs split a text before",
    "TOPIC_BYTES": "`text-too-long`",
    "CID_BYTES": "`bad-value`; in Python ValueError",
    "KEY_CHARACTERS": "`bad-value`",
    "PROOF_CHARACTERS": "`bad-value`",
    "NONCE_BYTES": "it always has as many",
    "KEY_ID_CHARACTERS": "it always has as many",
    # the wire
    "LINE_BYTES": "`line-too-long`, and the connection ends",
    "HISTORY_ENTRIES": "`bad-value`",
    "REACTIONS": "`too-many`",
    "REACTION_CHARACTERS": "`text-too-long`",
    "PAGE_BYTES": "the page is shorter, and says that there is more",
    "REPLAY_ENTRIES": "the next ones follow",
    # keys
    "STATEMENT_CHARACTERS": "the statement is not believed",
    # invites
    "LINK_CHARACTERS": "it is no invite: ValueError, exit code 2",
    "LINK_HOSTS": "ValueError when it is made or read",
    "TOKEN_CHARACTERS": "`bad-value`",
    # the log and the offline queue
    "MEMORY_ENTRIES": "the oldest give way",
    "MEMORY_TOTAL": "the oldest give way",
    "MEMORY_POSITIONS": "those that were moved longest ago give way",
    "DEVICES": "the one that was here longest ago counts as new",
    "QUEUE_ENTRIES": "`queue-full` for the sender",
    "QUEUE_SECONDS": "it does not come any more; the history has it, and who comes back is told (`skipped`)",
    "KNOWN_NAMES": "who left longest ago is forgotten; if something waits for all of them, `queue-full`",
    "KNOWN_TOPICS": "that of the room that ended longest ago is forgotten",
    "SEARCH_ENTRIES": "`bad-value`; what is older comes with the next answer",
    "SEARCH_WORDS": "`text-too-long`",
    "QUESTION_SECONDS": "`unavailable`",
    "BACKLOG_EFFECTS": "servers read no more until it is less; `queue-full` for programs in process",
    # how fast
    "MESSAGE_RATE": "lines wait; see [who sends too fast](../topics/limits.md#who-sends-too-fast)",
    "MESSAGE_BURST": "lines wait, and who sends is told (`slowed`)",
    "MESSAGE_PATIENCE": "`rate-limited`",
    "REGISTRATIONS": "`rate-limited`",
    # how many
    "CONNECTIONS": "`busy`, and the connection is closed",
    "CONNECTIONS_BY_ADDRESS": "`busy`, and the connection is closed",
    "HANDSHAKES_BY_ADDRESS": "the oldest of that address is closed",
    "LIMIT_LOOPBACK": "",
    "ROOMS_BY_NAME": "`too-many`",
    "MEMBERS_BY_ROOM": "`too-many`",
    "REFUSALS": "it is closed without a word",
    "SPARE_DESCRIPTORS": "",
    "DESCRIPTORS": "what the system gives is enough",
    # in process
    "INBOX_EVENTS": "a client of a server reads no more until the program has; in process the chat ends for it",
    "PENDING_SENDS": "`queue-full`",
    "ROOM_ACK_ENTRIES": "it tells the server",
    "ANSWER_EVENTS": "a client of a server reads no more; in process the chat ends for it",
    # the server
    "HANDSHAKE_SECONDS": "the connection is closed",
    "HANDSHAKES": "the oldest is closed",
    "REGISTER_SECONDS": "the connection is closed with a reason",
    "WAITING_COMMANDS": "`queue-full`",
    "LINGER_SECONDS": "the socket is closed",
    "STOP_SECONDS": "the rest is cut off; the log has it",
    "PLUGIN_SECONDS": "the plugin is switched off; what waited for it is refused with `unavailable`, or passes",
    "OUTBOX_BYTES": "the connection is closed with a reason; the client comes back and goes on where it was",
    "RECEIVE_BYTES": "the rest is read in the next turn",
    "RECEIVE_BUFFER_BYTES": "the sender's system waits",
    "SEND_BUFFER_BYTES": "it waits in the outbox",
    "LISTEN_BACKLOG": "the system of who connects tries again",
    # accounts
    "PASSWORD_CHARACTERS": "`bad-value`",
    "NEW_PASSWORD_CHARACTERS": "`bad-value`, below it",
    "PASSWORD_MEMORY_KIB": "",
    "PASSWORD_PASSES": "",
    "PASSWORD_LANES": "",
    "HASH_QUEUE": "`busy`",
    "HASHES_PER_ADDRESS": "`busy`",
    "ACCOUNT_REQUESTS": "`busy`",
    "ACCOUNTS": "`too-many`: one may come as a guest",
    "ACCOUNT_KEYS": "the one that was not used for the longest time is signed out",
    "LABEL_CHARACTERS": "`bad-value`",
    "SEEN_SECONDS": "",
    "ADMITTED_KEYS": "the one longest away needs an invite again",
    "INVITES": "`too-many`",
    "INVITES_KEPT": "`too-many`",
    "INVITE_USES": "`bad-value`",
    "INVITE_SECONDS": "`bad-value`",
    "INVITE_KEEP_SECONDS": "`invite-unknown` instead of `invite-expired`",
    "PAIR_TRIES": "`too-many-tries`",
    "ADDRESS_TRIES": "`too-many-tries`",
    "TRIES_FIRST_SECONDS": "the next one waits twice as long",
    "TRIES_LAST_SECONDS": "it waits no longer than that",
    "TRIES_REMEMBERED": "the one that was quiet for the longest time is forgotten",
    "WRONG_PASSWORD_NOTES": "the oldest give way",
    "AUDIT_NOTES": "the oldest give way",
    # order in rooms
    "ROOM_BANS": "`too-many`",
    "ROOM_MUTES": "`too-many`",
    "ROOM_INVITATIONS": "the oldest give way",
    "INVITATION_SECONDS": "`invite-only`",
    "KICKS_BY_ACCOUNT": "the oldest give way",
    "BAN_SECONDS": "`bad-value`",
    "MASK_CHARACTERS": "`bad-value`",
    # the client
    "CONNECT_SECONDS": "TimeoutError, or the next try",
    "ANSWER_SECONDS": "TimeoutError",
    "BACKOFF_FIRST_SECONDS": "the next delay is longer",
    "BACKOFF_LAST_SECONDS": "no delay is longer",
    "PING_SECONDS": "it asks, and then connects anew",
    # elsewhere
    "EVENT_BYTES": "the connection is given up: ProtocolError",
    "LINES_AT_ONCE": "the rest is carried out in the next turn",
    "REMEMBERED": "the longest-known ones are forgotten",
    "BATCH": "they are looked at in the next batch",
    "THREADS": "the next batch waits; its senders wait, nobody else",
    "WAITING": "plugins are not told of it",
    "MOST": "further ones are not shown",
    "STORE_BYTES": "StoreError for the plugin",
    "REPLY_CHARACTERS": "it is cut off",
    "PRINTED": "it is cut off",
    "SENDERS": "who was silent longest may begin anew",
    "RUNNING": "the next one is refused: try again",
    "RUNNING_OF_ONE": "the next one of this sender is refused",
    "FAILURES": "the plugin is switched off",
    "SOURCE_BYTES": "the plugin is not loaded",
}
"""What happens beyond each limit, "" where that is no question."""

ELSEWHERE: Final = (
    ("client", "EVENT_BYTES"),
    ("client", "MOST"),
    ("server", "LINES_AT_ONCE"),
    ("server", "REMEMBERED"),
    ("server", "BATCH"),
    ("server", "THREADS"),
    ("server", "WAITING"),
    ("plugins", "STORE_BYTES"),
    ("plugins", "REPLY_CHARACTERS"),
    ("plugins", "PRINTED"),
    ("plugins", "SENDERS"),
    ("plugins", "RUNNING"),
    ("plugins", "RUNNING_OF_ONE"),
    ("plugins", "FAILURES"),
    ("plugins", "SOURCE_BYTES"),
)
"""Limits that stand beside the code which keeps them: a folder of `libchat`, and the name of the constant."""

GROUPS: Final = {"client": "In a client", "server": "In a server", "plugins": "Plugins"}
"""Their headings."""

UNITS: Final = {"BYTES": " bytes", "CHARACTERS": " characters", "SECONDS": " s", "KIB": " KiB"}
"""What the last word of a constant's name says about its number."""

CHARACTERS: Final = {"CID_BYTES"}
"""Constants whose bytes are characters: they are ASCII."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A constant, the heading it stands under, and the text that stands behind it."""

    name: str
    value: int | float
    group: str
    text: str

    @property
    def shown(self) -> str:
        """The number with its unit, as a person reads it."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        unit = "CHARACTERS" if self.name in CHARACTERS else self.name.rpartition("_")[2]
        if unit == "SECONDS" and self.value >= 3600:
            days, rest = divmod(int(self.value), 24 * 3600)
            return f"{days} days" if not rest else f"{int(self.value) // 3600} h"
        number = f"{self.value:,g}" if isinstance(self.value, float) else f"{self.value:,}"
        return number + UNITS.get(unit, "")


def page() -> str:
    """Return the page as it has to be: what is between the marks is written anew."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1, f"{PAGE} has no place for the limits"
    return f"{text.partition(BEGIN)[0]}{BEGIN}\n{tables()}{END}{text.partition(END)[2]}"


def tables() -> str:
    """Return a table for each group of limits."""
    everything = [*limits(), *elsewhere()]
    groups = dict.fromkeys(limit.group for limit in everything)
    return "\n".join(_table(group, [limit for limit in everything if limit.group == group]) for group in groups)


def limits() -> list[Limit]:
    """Return the limits of `libchat.limits`, in their order."""
    return list(_constants(ROOT / MAIN))


def elsewhere() -> list[Limit]:
    """Return those that stand beside the code which keeps them."""
    found = []
    for folder, name in ELSEWHERE:
        files = [
            path for path in sorted((ROOT / "libchat" / folder).rglob("*.py")) if f"\n{name}" in path.read_text("utf-8")
        ]
        here = [limit for path in files for limit in _constants(path) if limit.name == name]
        assert here, f"nothing in libchat/{folder} is called {name}"
        found.append(Limit(name, here[0].value, GROUPS[folder], here[0].text))
    return found


def _constants(path: Path) -> Iterator[Limit]:
    """Yield the numbers of a module, with the text behind each, or behind the last one of a few."""
    source = path.read_text(encoding="utf-8")
    headings = {number: found[1] for number, found in _headings(source)}
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    body = ast.parse(source).body
    waiting: list[tuple[str, int]] = []
    for node in body:
        name = _name(node)
        if name is not None and isinstance(getattr(module, name, None), (int, float)):
            waiting.append((name, node.lineno))
        elif waiting:
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            text = " ".join(str(node.value.value).split()) if is_text else ""  # type: ignore[attr-defined]
            for each, line in waiting:
                group = headings.get(max((at for at in headings if at < line), default=0), "")
                yield Limit(each, getattr(module, each), group[:1].upper() + group[1:], text)
            waiting = []


def _headings(source: str) -> Iterator[tuple[int, re.Match[str]]]:
    for number, line in enumerate(source.splitlines(), start=1):
        if found := re.fullmatch(r"# --- (.+?) -+", line):
            yield number, found


def _name(node: ast.stmt) -> str | None:
    target = (
        node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    )
    return target.id if isinstance(target, ast.Name) else None


def _table(group: str, members: list[Limit]) -> str:
    lines = [f"## {group}\n", "| limit | default | what it is, and why | beyond it |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, members)]) + "\n"


def _row(limit: Limit) -> str:
    key = _settings().get(limit.name)
    name = f"`{limit.name}`" + (f", setting [`{key}`](settings.md#limits)" if key else "")
    return f"| {name} | {limit.shown} | {_prose(limit.text)} | {OVER[limit.name]} |"


def _prose(text: str) -> str:
    return re.sub(r"\\u\w+", r"`\g<0>`", text).replace("|", "\\|")


def _settings() -> dict[str, str]:
    """Return the settings that are limits, by the constants that are their defaults."""
    return {constant: field for field, constant in table._constants().items()}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
