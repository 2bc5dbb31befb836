"""Value at risk and expected shortfall, held against exact fractions, numpy, and what a risk measure has to satisfy."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from squall.system.domain.ids import Symbol
from squall.system.domain.var import (
    PriceHistory,
    TailRisk,
    expected_shortfall,
    losses_of,
    value_at_risk,
)

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")

some_losses = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=120)
levels = st.integers(1, 99)
two_books = st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6)), min_size=1, max_size=80)


def slow_value_at_risk(losses: list[int], percent: int) -> int:
    """By the definition: the smallest loss x such that P(L ≤ x) ≥ α."""
    return min(x for x in losses if Fraction(sum(each <= x for each in losses), len(losses)) >= Fraction(percent, 100))


def slow_expected_shortfall(losses: list[int], percent: int) -> Fraction:
    """By the other formula for it: VaR + E[(L − VaR)⁺] / (1 − α) (Rockafellar and Uryasev, 2002)."""
    boundary = slow_value_at_risk(losses, percent)
    beyond = Fraction(sum(max(each - boundary, 0) for each in losses), len(losses))
    return boundary + beyond / (1 - Fraction(percent, 100))


# --- the quantile and its tail ---


@given(some_losses, levels)
def test_both_are_what_their_definitions_say(losses: list[int], percent: int) -> None:
    assert value_at_risk(losses, percent) == slow_value_at_risk(losses, percent)
    assert expected_shortfall(losses, percent) == slow_expected_shortfall(losses, percent)


@given(some_losses, levels)
def test_value_at_risk_is_numpys_inverted_distribution(losses: list[int], percent: int) -> None:
    assume(percent * len(losses) % 100)  # where αN is whole, numpy's float may fall to either side of it
    quantile = np.quantile(np.array(losses), percent / 100, method="inverted_cdf")
    assert value_at_risk(losses, percent) == int(quantile)


@given(some_losses, levels)
def test_expected_shortfall_is_numpys_weighted_mean_of_the_tail(losses: list[int], percent: int) -> None:
    worst = np.sort(np.array(losses, dtype=float))[::-1]
    tail = (1 - percent / 100) * len(losses)
    weights = np.clip(tail - np.arange(len(losses)), 0.0, 1.0)
    expected = np.average(worst, weights=weights)
    assert float(expected_shortfall(losses, percent)) == pytest.approx(float(expected), rel=1e-9, abs=1e-3)


@given(some_losses, levels)
def test_expected_shortfall_is_never_less_than_value_at_risk(losses: list[int], percent: int) -> None:
    assert expected_shortfall(losses, percent) >= value_at_risk(losses, percent)


@given(some_losses, levels, st.integers(-(10**9), 10**9))
def test_a_sum_put_aside_takes_as_much_off_both(losses: list[int], percent: int, put_aside: int) -> None:
    """Translation: what is certain is no risk."""
    less = [each - put_aside for each in losses]
    assert value_at_risk(less, percent) == value_at_risk(losses, percent) - put_aside
    assert expected_shortfall(less, percent) == expected_shortfall(losses, percent) - put_aside


@given(some_losses, levels, st.integers(0, 1_000))
def test_twice_the_position_is_twice_the_risk(losses: list[int], percent: int, times: int) -> None:
    """Positive homogeneity."""
    more = [each * times for each in losses]
    assert value_at_risk(more, percent) == times * value_at_risk(losses, percent)
    assert expected_shortfall(more, percent) == times * expected_shortfall(losses, percent)


@given(two_books, levels)
def test_two_books_together_never_have_more_shortfall_than_apart(books: list[tuple[int, int]], percent: int) -> None:
    """Subadditivity, on the same scenarios."""
    one, other = [a for a, _ in books], [b for _, b in books]
    together = [a + b for a, b in books]
    apart = expected_shortfall(one, percent) + expected_shortfall(other, percent)
    assert expected_shortfall(together, percent) <= apart


def test_value_at_risk_is_not_subadditive_which_is_why_shortfall_stands_beside_it() -> None:
    one, other = [100] + [0] * 19, [0, 100] + [0] * 18
    together = [a + b for a, b in zip(one, other, strict=True)]
    assert value_at_risk(one, 95) + value_at_risk(other, 95) == 0
    assert value_at_risk(together, 95) == 100


@given(some_losses, st.integers(1, 98))
def test_a_higher_level_never_says_less(losses: list[int], percent: int) -> None:
    assert value_at_risk(losses, percent + 1) >= value_at_risk(losses, percent)
    assert expected_shortfall(losses, percent + 1) >= expected_shortfall(losses, percent)


def test_the_tail_of_ten_at_ninety_percent_is_one_loss_and_not_empty() -> None:
    """Erratum 29: the chapter's index is ⌊(1 − 0.9) · 10⌋, 0 in floats; its tail is then the mean of nothing."""
    losses = list(range(1, 11))
    assert int((1 - 0.9) * 10) == 0
    assert (value_at_risk(losses, 90), expected_shortfall(losses, 90)) == (9, 10)


def test_the_boundary_loss_counts_with_what_is_left_of_the_tail() -> None:
    """Erratum 29: of 30 losses at 95 % the tail is one and a half."""
    losses = list(range(1, 31))
    assert value_at_risk(losses, 95) == ceil(28.5)
    assert expected_shortfall(losses, 95) == (30 + Fraction(29, 2)) / Fraction(3, 2)


def test_a_single_observation_is_its_own_tail() -> None:
    assert (value_at_risk([7], 95), expected_shortfall([7], 95)) == (7, 7)


def test_nothing_observed_and_levels_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="no observation, expected at least one"):
        value_at_risk([], 95)
    for percent in (0, 100):
        with pytest.raises(ValueError, match=f"confidence is {percent} %, expected from 1 to 99"):
            expected_shortfall([1], percent)


# --- scenarios ---


def test_the_weights_are_market_values() -> None:
    """Erratum 29: the chapter weighs returns with quantities, to which a lot at 5,000 and one at 5 are the same."""
    past = [({ACME: 100, BOLT: 200}, {ACME: 90, BOLT: 210})]
    assert losses_of({ACME: 5_000, BOLT: 40}, past) == [500 - 2]


def test_a_short_loses_when_the_price_rises() -> None:
    assert losses_of({ACME: -1_000}, [({ACME: 100}, {ACME: 110}), ({ACME: 100}, {ACME: 90})]) == [100, -100]


@given(
    st.lists(st.tuples(st.integers(1, 10**5), st.integers(1, 10**5)), min_size=2, max_size=40),
    st.integers(-(10**9), 10**9),
    st.integers(-(10**9), 10**9),
)
def test_losses_are_numpys_product_of_values_and_returns(prices: list[tuple[int, int]], acme: int, bolt: int) -> None:
    history = PriceHistory(100)
    for one, other in prices:
        history.observe({ACME: one, BOLT: other})
    levels_of = np.array(prices, dtype=float)
    returns = levels_of[1:] / levels_of[:-1] - 1
    expected = -(returns @ np.array([acme, bolt], dtype=float))
    found = losses_of({ACME: acme, BOLT: bolt}, history.horizons())
    assert found == pytest.approx(list(expected), rel=1e-9, abs=2 if acme and bolt else 1.5)


def test_a_horizon_without_a_price_of_what_is_held_says_nothing() -> None:
    past = [({ACME: 100}, {ACME: 90}), ({ACME: 90, BOLT: 10}, {ACME: 90, BOLT: 9})]
    assert losses_of({ACME: 100, BOLT: 100}, past) == [10]
    assert losses_of({ACME: 100}, past) == [10, 0]
    assert losses_of({ACME: 100, BOLT: 0}, past) == [10, 0]


# --- history ---


def test_the_history_is_bounded_and_the_oldest_makes_room() -> None:
    history = PriceHistory(3)
    assert len(history) == 0
    for price in (100, 50, 50, 50, 60):
        history.observe({ACME: price})
    assert len(history) == 3
    assert losses_of({ACME: 100}, history.horizons()) == [0, 0, -20]


def test_over_an_interruption_there_is_no_horizon_and_it_counts_once() -> None:
    history = PriceHistory(10)
    history.interrupt()
    for price in (100, 50):
        history.observe({ACME: price})
    history.interrupt()
    history.interrupt()
    for price in (10, 11):
        history.observe({ACME: price})
    assert len(history) == 2
    assert losses_of({ACME: 100}, history.horizons()) == [50, -10]


def test_too_few_observations_say_nothing() -> None:
    history = PriceHistory(10)
    for price in (100, 90, 99):
        history.observe({ACME: price})
    assert history.tail_risk({ACME: 1_000}, 95, 3) is None
    assert history.tail_risk({ACME: 1_000}, 95, 2) == TailRisk(2, 100, Fraction(100))


def test_risk_follows_the_positions() -> None:
    history = PriceHistory(10)
    for price in (100, 90, 99):
        history.observe({ACME: price})
    found = [history.tail_risk({ACME: value}, 95, 2) for value in (1_000, 500, 0, -1_000)]
    assert [each.value_at_risk for each in found if each is not None] == [100, 50, 0, 100]


def test_utilisation_is_rounded_up_and_never_below_zero() -> None:
    """Erratum 30: there is a limit to be used."""
    assert TailRisk(20, 801, Fraction(900)).utilisation_percent(1_000) == 81
    assert TailRisk(20, 800, Fraction(900)).utilisation_percent(1_000) == 80
    assert TailRisk(20, -5, Fraction(0)).utilisation_percent(1_000) == 0
