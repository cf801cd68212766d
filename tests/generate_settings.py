"""Write docs/reference/settings.md from the table of settings: `python tests/generate_settings.py`."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Final

from libchat.cli.settings.table import Setting, settings

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"

COLUMNS: Final = 120
"""Of a line of the page that is no row of a table."""

HEAD: Final = """\
# Settings of a server

Each setting of `libchat serve` and `libchat host` is a flag, an environment variable, and a key in a file. A flag goes
before a variable, that before the file, and that before the default. `libchat config` prints all of them as they are,
and where each comes from; what it prints is such a file.

The file is that of `--config`, or of `$LIBCHAT_SERVER_CONFIG`; or else `server.toml` in the first of these folders that
has one: `$CONFIGURATION_DIRECTORY`, which systemd sets, the user's folder for settings (`~/.config/libchat` on Linux),
the machine's (`/etc/xdg/libchat`), and `/etc/libchat`. Paths in it start at its own folder.

```toml
port = 9000
data = "/srv/chat"
keep_days = 90

[limits]
outbox_bytes = 4194304

[plugins]
load = "word_filter"

[plugins.word_filter]
words = ["damn"]
```

What stands in `[plugins.NAME]` is for the plugin of that name: see [plugins of a server](../topics/plugins.md).

A key that does not exist, or a value of the wrong type, ends the program with exit code 2, and a line that tells where
it is and what may have been meant. Switches are `true` or `false`, and as flags `--memory` or `--no-memory`. Variables
begin with `LIBCHAT_SERVER_`, since `LIBCHAT_HOST`, `LIBCHAT_PORT` and `LIBCHAT_PIN` say where clients connect to.
"""


def page() -> str:
    """Return the page."""
    own = [setting for setting in settings() if not setting.is_limit]
    limits = [setting for setting in settings() if setting.is_limit]
    heading = "## Limits\n\nThey stand in the table `[limits]`.\n"
    return "\n".join([HEAD, *map(_section, own), heading, _table(limits)])


def _section(setting: Setting) -> str:
    value = setting.kind.metavar or "true or false"
    return (
        f"## `{setting.key}`\n\n{fill(f'{setting.help[0].upper()}{setting.help[1:]}.', COLUMNS)}\n\n"
        f"| flag | variable | value | default |\n|---|---|---|---|\n"
        f"| `{setting.flag}` | `{setting.variable}` | `{value}` | {setting.told_default} |\n\n"
        f"{setting.reason}\n"
    )


def _table(limits: list[Setting]) -> str:
    lines = ["| key | flag and variable | default | what it is | why |", "|---|---|---|---|---|"]
    lines += [
        f"| `{limit.key.partition('.')[2]}` | `{limit.flag}`, `{limit.variable}` | {limit.told_default} "
        f"| {limit.help} | {limit.reason if limit.reason != limit.help else ''} |"
        for limit in limits
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
