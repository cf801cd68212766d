"""Welcomes: once a person, and only where somebody has written one."""

from __future__ import annotations

import pytest

from libchat.testing.stage import MakeStage, Stage
from support.coming import plugin


@pytest.fixture
def bot(make_stage: MakeStage) -> Stage:
    """Give a bot's stage."""
    return make_stage("bot")


def enter(stage: Stage, name: str, room: str = "#team") -> None:
    """Tell the plugins that somebody has entered a room."""
    stage.observe("join", sender=name, target=room, room=room, name=name)


def test_somebody_new_is_welcomed_in_private(bot: Stage) -> None:
    """Name, room and rules are filled in; other braces are the author's."""
    bot.load(plugin("welcome"), text="Hello {name}, this is {room} {x}.\n{rules}", rules=["Be kind.", "No spoilers."])
    enter(bot, "bo")
    assert bot.said == [("bo", "Hello bo, this is #team {x}.\n1. Be kind.\n2. No spoilers.")]


def test_everybody_is_welcomed_once_in_each_room(bot: Stage) -> None:
    """Under any spelling, and over a restart."""
    bot.load(plugin("welcome"), text="{room}", where="room")
    enter(bot, "bo")
    enter(bot, "BO")
    bot.restart("welcome")
    enter(bot, "bo")
    assert bot.said == [("#team", "#team")]
    bot.participant.join("#x")
    enter(bot, "bo", "#x")
    assert bot.said[1:] == [("#x", "#x")]


def test_people_may_be_welcomed_again(bot: Stage) -> None:
    """Where that is wanted."""
    bot.load(plugin("welcome"), text="hi", greet_again=True)
    enter(bot, "bo")
    enter(bot, "bo")
    assert len(bot.said) == 2


def test_nobody_is_welcomed_unasked(bot: Stage) -> None:
    """Not without a text, not in other rooms, and never oneself."""
    bot.load(plugin("welcome"))
    enter(bot, "bo")
    bot.host.unload("welcome")
    bot.participant.join("#lobby")
    bot.load(plugin("welcome"), text="hi", where="room", rooms=["Lobby"])
    enter(bot, "bo")
    enter(bot, "ana", "#lobby")
    assert bot.said == []
    enter(bot, "bo", "#lobby")
    assert bot.said == [("#lobby", "hi")]


def test_the_rules_are_told(bot: Stage) -> None:
    """In their order, with numbers; without any, how to write some."""
    bot.load(plugin("welcome"), rules=["Be kind.", "No spoilers."])
    assert bot.run("rules", sender="bo") == ["1. Be kind.\n2. No spoilers."]
    bot.host.unload("welcome")
    bot.load(plugin("welcome"))
    assert "there are no rules yet" in bot.run("rules", sender="bo")[0]
