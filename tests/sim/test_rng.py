"""Keyed draws depend on seed and name alone; streams are sequences of their own."""

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.rng import Chance


@given(st.integers(-(2**63), 2**63), st.text())
def test_a_keyed_draw_does_not_depend_on_what_was_drawn_before(seed: int, key: str) -> None:
    fresh, used = Chance(seed), Chance(seed)
    for other in range(5):
        used.uniform(f"other {other}")
        used.stream("somebody").random()
    assert fresh.uniform(key) == used.uniform(key)
    assert 0.0 <= fresh.uniform(key) < 1.0


def test_other_seeds_and_other_names_draw_otherwise() -> None:
    draws = {Chance(seed).draw(f"key {key}") for seed in range(50) for key in range(50)}
    assert len(draws) == 2_500


def test_keyed_draws_are_uniform_enough() -> None:
    chance = Chance(7)
    draws = [chance.uniform(f"packet {n}") for n in range(20_000)]
    tenths = [sum(1 for draw in draws if int(draw * 10) == tenth) for tenth in range(10)]
    # Chi-square with 9 degrees of freedom: 27.9 is its 99.9th percentile; the seed is fixed.
    assert sum((count - 2_000) ** 2 / 2_000 for count in tenths) < 27.9


def test_the_halves_of_a_pair_are_independent_of_each_other() -> None:
    chance = Chance(3)
    pairs = [chance.pair(f"packet {n}") for n in range(4_000)]
    low = [b for a, b in pairs if a < 2**31]
    assert 1_850 < len(low) < 2_150
    assert 0.46 < sum(1 for b in low if b < 2**31) / len(low) < 0.54


def test_a_stream_is_the_same_again_and_no_other_streams_business() -> None:
    one, again = Chance(1).stream("participants/a"), Chance(1).stream("participants/a")
    Chance(1).stream("participants/b").random()
    assert [one.random() for _ in range(10)] == [again.random() for _ in range(10)]
    assert Chance(1).stream("x").random() != Chance(2).stream("x").random()
