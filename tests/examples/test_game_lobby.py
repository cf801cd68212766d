"""The lobby at a server."""

from __future__ import annotations

from pathlib import Path

import pytest

import libchat
from support.examples import Example

SECONDS = 20


def answer(ear: libchat.Client, speaker: libchat.Client, text: str) -> str:
    """Have somebody say something in the lobby, and return what the lobby answers, as one hears it who hears all."""
    speaker.send("#lobby", text)
    while (entry := ear.receive(timeout=SECONDS)).sender != "lobby":
        pass
    return entry.text


def come(chat: libchat.Client) -> None:
    """Enter the lobby, and wait until the bot is there."""
    if "lobby" not in chat.join("#lobby").members:
        while not isinstance(event := chat.receive_event(SECONDS), libchat.Joined) or event.name != "lobby":
            pass


def test_a_table_fills_and_others_stay_outside(tmp_path: Path) -> None:
    """Who leaves gives up the seat; who has one is invited to a room that takes no others; Ctrl-C ends it."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "ana", pin=server.pin) as ana,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        libchat.connect(server.address, "cy", pin=server.pin) as cy,
        Example("game_lobby", server.invite(), home=tmp_path) as example,
    ):
        cy.join("#chess-1")  # a room of somebody else's: the lobby takes the next one
        for player in (ana, bo, cy):
            come(player)
        assert answer(ana, cy, "!play chess") == "cy waits for chess: 1 of 2"
        assert answer(ana, cy, "!tables") == "chess: cy"
        cy.leave("#lobby")
        while answer(ana, bo, "!tables") != "all empty":
            pass  # it is about to hear that cy has left
        assert answer(ana, ana, "!play chess") == "ana waits for chess: 1 of 2"
        assert answer(ana, bo, "!play whist") == "bo waits for whist: 1 of 4"
        assert answer(ana, bo, "!play chess") == "ana and bo play chess in #chess-2"
        assert answer(ana, ana, "!tables") == "all empty"
        assert ana.join("#chess-2").role == ""
        with pytest.raises(libchat.Refused):
            cy.join("#chess-2")
        example.interrupt()
        assert (example.end(), example.complaints) == (0, "")
