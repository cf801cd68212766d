"""Dice: what can be written, what counts, and where it ends."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.plugins import UsageError
from libchat.testing.stage import MakeStage, Stage
from libchat_plugins.dice import DICE, EXPLOSIONS, Dice, Number, parse_dice, roll_dice
from support.coming import plugin


class Falls(Random):
    """Chance that was told what to bring; the last face falls again and again."""

    def __init__(self, *faces: int) -> None:
        super().__init__()
        self.faces = list(faces)

    def randint(self, a: int, b: int) -> int:
        face = self.faces.pop(0) if len(self.faces) > 1 else self.faces[0]
        assert a <= face <= b, "this die has no such face"
        return face


@pytest.mark.parametrize(
    ("text", "faces", "told"),
    [
        ("2d6+3", (4, 2), "2d6+3: [4 2] +3 = 9"),
        ("d20", (17,), "d20: [17] = 17"),
        ("d%", (99,), "d%: [99] = 99"),
        ("4d6kh3", (1, 6, 3, 2), "4d6kh3: [(1) 6 3 2] = 11"),
        ("4d6dl1", (1, 6, 3, 2), "4d6dl1: [(1) 6 3 2] = 11"),
        ("4d6kl1", (2, 6, 3, 4), "4d6kl1: [2 (6) (3) (4)] = 2"),
        ("4d6dh1", (2, 6, 3, 4), "4d6dh1: [2 (6) 3 4] = 9"),
        ("2d20k", (5, 18), "2d20k: [(5) 18] = 18"),
        ("2d6!", (6, 6, 2, 3), "2d6!: [6 6 2 3] = 17"),
        ("1d6 - 1d4 - 1", (5, 2), "1d6-1d4-1: [5] -[2] -1 = 2"),
        ("2D6KH1", (4, 4), "2D6KH1: [4 (4)] = 4"),
        ("-3", (1,), "-3: -3 = -3"),
    ],
)
def test_rolls(text: str, faces: tuple[int, ...], told: str) -> None:
    """Each die is told, those that do not count in parentheses, and the sum is of those that do."""
    assert roll_dice(text, Falls(*faces)) == told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no dice"),
        ("ana", "'ana' is no dice"),
        ("2d6++3", "is no dice"),
        ("2d6x", "'x' is no dice"),
        ("0d6", "at least one die"),
        ("2d0", "at least one die"),
        ("101d6", "100 at most"),
        ("60d6+60d6", "too many dice"),
        ("1d10001", "10000 at most"),
        ("9" * 5000, "at most"),
        ("9" * 5000 + "d6", "at most"),
        ("3d6dl3", "no die would be left"),
        ("3d6kh0", "no die would be left"),
        ("3d6kh4", "to keep or drop is 3 at most"),
        ("1d1!", "explode for ever"),
        ("²d6", "is no dice"),
    ],
)
def test_what_is_no_dice_is_refused(text: str, why: str) -> None:
    """A mistake is told in words that say what was wrong."""
    with pytest.raises(UsageError, match=why):
        parse_dice(text)


def test_explosions_end() -> None:
    """A die that always shows its highest face comes to an end."""
    total, told = Dice(1, 3, 6, explodes=True).roll(Falls(6))
    assert total == 6 * (3 + EXPLOSIONS)
    assert told.count("6") == 3 + EXPLOSIONS


def test_terms_are_read_with_their_signs() -> None:
    """What is added and taken away is in the terms."""
    assert parse_dice("-2d6+4d8kl2-1") == [Dice(-1, 2, 6), Dice(1, 4, 8, keep=-2), Number(-1)]


@given(st.text(st.sampled_from("0123456789dkhl!%+- D"), max_size=12), st.integers())
def test_anything_is_rolled_or_refused(text: str, seed: int) -> None:
    """No text does anything but roll within its bounds, or raise UsageError."""
    try:
        terms = parse_dice(text)
    except UsageError:
        return
    for term in terms:
        value, told = term.roll(Random(seed))
        if isinstance(term, Dice):
            assert len(told.split()) <= DICE + EXPLOSIONS
            assert 1 <= abs(value) <= term.sides * (DICE + EXPLOSIONS)


def test_a_roll_is_said_in_the_room(stage: Stage) -> None:
    """All see it, unless it is rolled quietly."""
    stage.load(plugin("dice"))
    assert stage.run("roll 3d1+2") == []
    assert stage.said == [("#team", "3d1+2: [1 1 1] +2 = 5")]
    assert stage.run("roll 2d1 --times 2 --quiet") == ["2d1: [1 1] = 2\n2d1: [1 1] = 2"]
    assert len(stage.said) == 1


def test_a_bot_answers_where_it_was_asked(make_stage: MakeStage) -> None:
    """It says nothing twice."""
    stage = make_stage("bot")
    stage.load(plugin("dice"))
    assert stage.run("roll 1d1", sender="bo") == ["1d1: [1] = 1"]
    assert stage.said == []


@pytest.mark.parametrize(
    ("line", "why"),
    [("roll 2x6", "is no dice"), ("roll --times 21", "between 1 and 20"), ("pick tea", "at least two")],
)
def test_a_mistake_is_told_to_who_made_it(stage: Stage, line: str, why: str) -> None:
    """Nobody else hears of it."""
    stage.load(plugin("dice"))
    (told,) = stage.run(line)
    assert why in told
    assert stage.said == []


def test_coins_and_picks_are_one_of_what_there_is(stage: Stage) -> None:
    """A coin has two sides, and a pick is one of the options."""
    stage.load(plugin("dice"))
    assert stage.run("coin --quiet")[0] in ("a coin: heads", "a coin: tails")
    assert stage.run('pick tea "hot tea" --quiet')[0] in ("of tea, hot tea: tea", "of tea, hot tea: hot tea")


def test_dice_are_offered(stage: Stage) -> None:
    """Who does not know the grammar sees examples."""
    stage.load(plugin("dice"))
    assert stage.complete("roll 2d") == ["2d6+3", "2d20kh1"]
