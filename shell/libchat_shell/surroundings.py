"""What a shell finds around it: the program says so. It is made before anything else of the shell is loaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from libchat_shell.settings import Settings

if TYPE_CHECKING:
    from libchat import InviteMade, Participant
    from libchat_shell.places import Place, Places


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a shell finds around it."""

    connect: Callable[[str], Participant] | None = None
    """Connects under another name, None if that cannot be done."""
    link: Callable[[InviteMade], str] = lambda made: ""
    """Makes the link of an invite, "" if there is no server to which it could lead."""
    settings: Settings = field(default_factory=Settings)
    places: Places | None = None
    place: Place | None = None
    """Where one is, to be remembered; with the rooms of the last time."""
    rooms: tuple[str, ...] = ()
    """Rooms to go to at the start, the last one on the screen."""
    has_plugins: bool = True
    plugin_folder: Path | None = None
    data: Path | None = None
    clock: Callable[[], float] = time.time
    is_unicode: bool = True
