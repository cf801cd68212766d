"""Every parser with anything that hypothesis thinks of, and with changed versions of what it knows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.mutate import mutated
from fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_known_inputs(name: str) -> None:
    """The inputs to begin with are taken."""
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=400) | st.text(max_size=100).map(lambda text: text.encode(errors="surrogatepass")))
def test_anything(name: str, data: bytes) -> None:
    """Whatever comes, a parser returns or refuses it in the way that it says."""
    TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_what_is_nearly_right(name: str, data: st.DataObject) -> None:
    """So it does with inputs in which a few bytes are wrong."""
    seed = data.draw(st.sampled_from(TARGETS[name].seeds))
    for _ in range(data.draw(st.integers(1, 4))):
        seed = mutated(seed, data.draw(st.randoms(use_true_random=False)))
    TARGETS[name].run(seed)


def test_mutations_change_things() -> None:
    """Inputs grow, shrink and change."""
    rng = random.Random(1)
    made = {mutated(b"abc", rng) for _ in range(1_000)}
    assert len(made) > 100
    assert {len(data) for data in made} >= {1, 2, 3, 4}
