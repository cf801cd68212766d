"""Roll dice, toss coins and pick by chance: /roll 4d6kh3+2.

A roll is said in the room, so that all see it, with every die that fell. `--quiet` shows it to you alone. Whoever must
not trust the one who rolls has a bot roll: a shell's own rolls are as honest as its owner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Annotated, Final

from libchat.plugins import Arg, Context, UsageError, command

LIBCHAT_API = 1

DICE: Final = 100
"""Dice of one roll: what a screen still shows."""
SIDES: Final = 10_000
EXPLOSIONS: Final = 100
"""Further dice that exploding ones may bring; a die that always explodes would go on for ever."""
TIMES: Final = 20
EXAMPLES: Final = ("1d6", "2d6+3", "1d20", "2d20kh1", "4d6kh3", "3d6!", "d%")

_TERM: Final = re.compile(r"([+-])(?:(\d*)d(\d+|%)(!?)(?:(kh|kl|dh|dl|k)(\d*))?|(\d+))", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Dice:
    """One term: so many dice, whether the highest face rolls again, and which of them count."""

    sign: int
    count: int
    sides: int
    explodes: bool = False
    keep: int = 0
    """How many count: from the highest, or, when negative, from the lowest. 0: all."""

    def roll(self, random: Random) -> tuple[int, str]:
        """Return what it brings, and how it fell: dice that do not count stand in parentheses."""
        faces = list(self._faces(random))
        counted = self._counted(faces)
        shown = " ".join(str(face) if index in counted else f"({face})" for index, face in enumerate(faces))
        return self.sign * sum(faces[index] for index in counted), f"{'-' if self.sign < 0 else ''}[{shown}]"

    def _faces(self, random: Random) -> Iterable[int]:
        left, extra = self.count, EXPLOSIONS
        while left:
            left -= 1
            face = random.randint(1, self.sides)
            if self.explodes and face == self.sides and extra:
                left, extra = left + 1, extra - 1
            yield face

    def _counted(self, faces: list[int]) -> set[int]:
        order = sorted(range(len(faces)), key=lambda index: faces[index], reverse=self.keep > 0)
        return set(order[: abs(self.keep)] if self.keep else order)


@dataclass(frozen=True)
class Number:
    """A term that is a plain number."""

    value: int

    def roll(self, _random: Random) -> tuple[int, str]:
        """Return it, without a word on how it came."""
        return self.value, ""


def parse_dice(text: str) -> list[Dice | Number]:
    """Return the terms of `4d6kh3+2`. Raises UsageError, which says what is wrong with it."""
    compact = "".join(text.split())
    signed = compact if compact[:1] in ("+", "-") else f"+{compact}"
    terms, end = [], 0
    for match in _TERM.finditer(signed):
        if match.start() != end:
            break
        terms.append(_term(match))
        end = match.end()
    if end != len(signed) or not compact:
        raise UsageError(f"'{signed[end:].lstrip('+') or text}' is no dice; write it as 2d6+3, 4d6kh3, 3d6! or d%")
    if sum(term.count for term in terms if isinstance(term, Dice)) > DICE:
        raise UsageError(f"that is too many dice; {DICE} at most")
    return terms


def _term(match: re.Match[str]) -> Dice | Number:
    sign, count, sides, explodes, rule, number, plain = match.groups()
    factor = -1 if sign == "-" else 1
    if plain:
        return Number(factor * _bounded(plain, SIDES * DICE, "a number"))
    dice = _bounded(count or "1", DICE, "the number of dice")
    faces = 100 if sides == "%" else _bounded(sides, SIDES, "the number of sides")
    if not dice or not faces:
        raise UsageError("there must be at least one die, with at least one side")
    if explodes and faces == 1:
        raise UsageError("a die of one side would explode for ever; take one with more sides")
    return Dice(factor, dice, faces, bool(explodes), _keep((rule or "").lower(), number or "1", dice))


def _keep(rule: str, number: str, dice: int) -> int:
    """Return how many dice count, as `Dice.keep` has it: `dl1` of four is `kh3`."""
    if not rule:
        return 0
    count = _bounded(number, dice, "the number of dice to keep or drop")
    kept = dice - count if rule[0] == "d" else count
    if not kept:
        raise UsageError("no die would be left to count; keep at least one")
    return -kept if rule in ("kl", "dh") else kept


def _bounded(digits: str, limit: int, what: str) -> int:
    if len(digits) > len(str(limit)) or int(digits) > limit:
        raise UsageError(f"{what} is {limit} at most")
    return int(digits)


def roll_dice(text: str, random: Random) -> str:
    """Return `2d6+3: [4 2] + 3 = 9`."""
    terms = parse_dice(text)
    rolled = [term.roll(random) for term in terms]
    total = sum(value for value, _ in rolled)
    shown = " ".join(how or f"{value:+d}" for value, how in rolled)
    return f"{''.join(text.split())}: {shown} = {total}"


def examples(typed: str) -> list[str]:
    """Return dice that begin as what was typed."""
    return [example for example in EXAMPLES if example.startswith(typed.lower())]


@command("roll", rate="10/10s")
def roll(
    ctx: Context,
    dice: Annotated[str, Arg(complete=examples, help="as 2d6+3, 4d6kh3, 3d6! or d%")] = "1d6",
    *,
    times: int = 1,
    quiet: bool = False,
) -> str | None:
    """Roll dice, and show how each fell.

    2d6+3     two dice of six sides, and three
    4d6kh3    the three highest of four (kl: lowest; dh and dl drop); 2d20k is the higher of two
    3d6!      a six is rolled again, and added
    d%        a hundred sides
    """
    if not 1 <= times <= TIMES:
        raise UsageError(f"--times is between 1 and {TIMES}")
    return _tell(ctx, "\n".join(roll_dice(dice, SystemRandom()) for _ in range(times)), quiet)


@command("coin", rate="10/10s")
def coin(ctx: Context, *, quiet: bool = False) -> str | None:
    """Toss a coin."""
    return _tell(ctx, f"a coin: {SystemRandom().choice(('heads', 'tails'))}", quiet)


@command("pick", rate="10/10s")
def pick(ctx: Context, *options: str, quiet: bool = False) -> str | None:
    """Pick one of several: `pick tea coffee "hot water"`."""
    if len(options) < 2:
        raise UsageError("name at least two to pick from")
    return _tell(ctx, f"of {', '.join(options)}: {SystemRandom().choice(options)}", quiet)


def _tell(ctx: Context, text: str, quiet: bool) -> str | None:
    """Say it where all see it; a bot's answer is seen by all anyway."""
    if quiet or not ctx.target or ctx.surface != "shell":
        return text
    ctx.say(text)
    return None
