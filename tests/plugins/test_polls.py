"""Polls: one vote a person, also over a restart, and results that can be read."""

from __future__ import annotations

import pytest

from libchat.plugins import Message
from libchat.testing.stage import MakeStage, Stage
from support.coming import plugin

QUESTION = 'poll "Lunch?" pizza soup'


@pytest.fixture
def bot(make_stage: MakeStage) -> Stage:
    """Give a bot that has polls."""
    stage = make_stage("bot")
    stage.load(plugin("polls"))
    return stage


def test_a_room_is_asked(stage: Stage) -> None:
    """The question, its options and how to vote are said in the room."""
    stage.load(plugin("polls"))
    assert stage.run(QUESTION) == []
    asked = "poll 1, ana asks: Lunch?\n  1 pizza\n  2 soup\nsay: vote 1 in 1"
    assert stage.said == [("#team", asked)]


def test_everybody_has_one_vote(bot: Stage) -> None:
    """By message or command, under any spelling of a name: the last one counts."""
    bot.run(QUESTION, sender="bo")
    bot.play("vote 2", sender="bo")
    bot.play("Vote #1 in 1!", sender="cy")
    bot.play("vote 1", sender="BO")
    assert bot.run("vote 1", sender="dan") == ["you voted for pizza in poll 1"]
    (result,) = bot.run("results")
    assert result.splitlines()[0] == "poll 1: Lunch? (3 votes, open)"
    assert [line.split()[-3:] for line in result.splitlines()[1:]] == [["3", "(100", "%)"], ["0", "(0", "%)"]]


@pytest.mark.parametrize("text", ["vote 3", "vote 0", "vote 1 in 2", "I vote 1", "vote", "vote one", "vote 1 2"])
def test_other_messages_are_no_votes(bot: Stage, text: str) -> None:
    """What is no vote, or for nothing that there is, is let be in silence."""
    bot.run(QUESTION)
    assert bot.play(text) == text
    assert "(0 votes" in bot.run("results")[0]
    assert bot.errors == []


def test_a_vote_is_acknowledged_by_a_reaction(bot: Stage) -> None:
    """Who voted by a message sees that it was counted."""
    bot.run(QUESTION)
    bo = bot.others["bo"]
    accepted = bo.send("#team", "vote 1").accepted(timeout=5)
    bot.host.transform("message", [Message("bo", "#team", "vote 1", seq=accepted.seq)])
    (entry,) = [entry for entry in bo.history("#team").entries if entry.seq == accepted.seq]
    assert [(one.text, one.names) for one in entry.reactions] == [("✓", ("ana",))]


def test_an_own_message_is_a_vote(stage: Stage) -> None:
    """Who has polls in their shell votes as the others do."""
    stage.load(plugin("polls"))
    stage.run(QUESTION)
    stage.play("vote 2", sender="ana", hook="send")
    assert "(1 vote, open)" in stage.run("results")[0]


def test_polls_survive_a_restart(bot: Stage) -> None:
    """Question and votes are on disk, and the next poll has another number."""
    bot.run(QUESTION)
    bot.play("vote 1")
    bot.restart("polls")
    bot.play("vote 2", sender="cy")
    assert "(2 votes, open)" in bot.run("results")[0]
    bot.run("poll Again?")
    assert "poll 2" in bot.run("results")[0]
    assert "poll 1" in bot.run("results 1")[0]


def test_only_who_has_asked_ends_a_poll(bot: Stage) -> None:
    """Then the room is told, and no vote counts any more."""
    bot.run(QUESTION, sender="bo")
    bot.play("vote 1", sender="cy")
    assert "bo's" in bot.run("endpoll", sender="cy")[0]
    assert bot.run("endpoll", sender="bo") == []
    assert bot.said[-1][1].startswith("poll 1: Lunch? (1 vote, closed)\n1 pizza ████")
    bot.play("vote 1", sender="dan")
    assert "(1 vote, closed)" in bot.run("results")[0]
    assert "closed already" in bot.run("endpoll", sender="bo")[0]


def test_a_poll_may_close_by_itself(bot: Stage) -> None:
    """When its time is over the room is told, also if that was while nobody was here."""
    bot.run(f"{QUESTION} --minutes 10")
    bot.pass_time(599)
    assert len(bot.said) == 1
    bot.host.unload("polls")
    bot.pass_time(3_600)
    bot.host.load("polls")
    bot.pass_time(5)
    assert [target for target, text in bot.said[1:] if "(0 votes, closed)" in text] == ["#team"]


@pytest.mark.parametrize(
    ("line", "target", "why"),
    [
        (QUESTION, "bo", "a poll is for a room"),
        ('poll "Lunch?" pizza', "#team", "2 to 20 options"),
        ('poll "Lunch?" pizza pizza', "#team", "2 to 20 options"),
        (f"{QUESTION} --minutes -1", "#team", "--minutes is between"),
        ("vote 1", "#team", "#team has no poll"),
        ("results 7", "#team", "#team has no poll 7"),
    ],
)
def test_mistakes_are_told(bot: Stage, line: str, target: str, why: str) -> None:
    """What cannot be asked is not asked."""
    (told,) = bot.run(line, target=target)
    assert why in told
    assert bot.said == []


def test_polls_of_other_rooms_are_not_here(bot: Stage) -> None:
    """A vote counts in the room where it was said."""
    bot.run(QUESTION)
    bot.play("vote 1", target="#other")
    assert "(0 votes" in bot.run("results")[0]
    assert "#other has no poll" in bot.run("results", target="#other")[0]


def test_there_is_an_end_of_polls(bot: Stage) -> None:
    """No more than so many are open at a time."""
    for number in range(50):
        bot.run(f"poll {number}?")
    assert "50 polls are open" in bot.run("poll more?")[0]
