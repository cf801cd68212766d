"""Plugins that hang, raise and exit, in a chat in which people talk on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from libchat.plugins.loaded.guard import IDLE
from libchat.server.vetting import SPARE
from support.program import Serving
from support.siege import besieged
from support.wire import Wire, open_tls

PLUGIN: Final = """
import sys, threading, time
from libchat.plugins import *

@hook("message")
def look(message: Message):
    if not message.text.startswith("{name}"):
        return None
    if "hang" in message.text:
        while True:
            time.sleep(0.01)
    if "exit" in message.text:
        sys.exit(1)
    if "threads" in message.text:
        for _ in range(100):
            threading.Thread(target=sum, args=([],)).start()
    raise RuntimeError("oh no")
"""

PLUGINS: Final = 5
"""Each can be made to fail until it is off: so there is always one that fails."""


def trouble(server: Serving, words: str, times: int) -> None:
    """Say to each plugin what it fails at, until it is off."""
    with open_tls(server) as eve:
        eve.send("server:register Eve", "join trouble")
        eve.expect("server: welcome Eve", "server: joined trouble")
        for number in range(PLUGINS):
            for _ in range(times):
                eve.send(f"bad{number} {words}")
                expect_refusal(eve, number)


def expect_refusal(eve: Wire, number: int) -> None:
    """Check that a message is refused because of a plugin."""
    words = f"the plugin bad{number} could not look at it; nothing was sent, try again"
    eve.expect(f"server: error unavailable: {words}")


@pytest.mark.parametrize(("words", "times"), [("hang", 1), ("exit", 3), ("threads", 3)])
def test_plugins_that_fail(words: str, times: int, tmp_path: Path) -> None:
    """Whatever plugins do to messages of one, two others chat on in time, and nothing is left of it afterwards."""
    for number in range(PLUGINS):
        path = tmp_path / f"bad{number}.py"
        path.write_text(PLUGIN.format(name=f"bad{number}"), encoding="utf-8")
    asked = ",".join(str(tmp_path / f"bad{number}.py") for number in range(PLUGINS))
    options = ("--plugins", asked, "--plugin-seconds", "1")
    with besieged(tmp_path, *options, what=f"plugins that {words}", spare_threads=SPARE + IDLE) as server:
        trouble(server, words, times)
