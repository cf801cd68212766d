"""Where a server's data is: what the commands that look after a log share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli.parser import Options
from libchat.errors import StoreError
from libchat.files import own_folder

if TYPE_CHECKING:
    from argparse import _ActionsContainer


def add_data_option(parser: _ActionsContainer) -> None:
    """Add the option that says which server's log is meant."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the server's folder, as given to 'libchat serve' (default: what the server's settings say, or else where "
        "programs keep data, as ~/.local/share/libchat/server)",
    )


def data_folder(options: Options) -> Path:
    """Return the folder of a server's data: the one that was said, or the one of the server's settings.

    Raises `Failure` if the settings are wrong.
    """
    if options.data is not None:
        return options.data
    from libchat.cli.settings.sources import effective

    for each in effective({}, os.environ, None):
        if each.setting.key == "data" and isinstance(each.value, Path):
            return each.value
    return default_data_folder()


def default_data_folder() -> Path:
    """Return where a server keeps its data if nobody says otherwise."""
    return own_folder("data") / "server"


def default_plugin_folder() -> Path:
    """Return where a user's own plugins are if nobody says otherwise; those of a service without a home are in /etc."""
    try:
        return own_folder("settings") / "plugins"
    except StoreError:
        return Path("/etc/libchat/plugins")


def log_file(options: Options) -> Path:
    """Return the file of a server's log."""
    from libchat.server.folder import LOG_FILE

    return data_folder(options) / LOG_FILE
