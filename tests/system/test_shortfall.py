"""Almgren and Chriss's trajectory, held against numpy's sines and against the blueprint's formula."""

from fractions import Fraction
from itertools import pairwise
from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.system.config import SECOND
from squall.system.domain.shortfall import Impact, trajectory, urgency
from squall.system.domain.slicing import Slice, Window, along, twap

MARKET = Impact(variance_millionths=1_600_000, temporary_millionths=5_000, permanent_millionths=10)
THREE_MINUTES = 180 * SECOND

urgencies = st.fractions(min_value=0, max_value=100, max_denominator=10**6)
steps = st.sampled_from((1, 1, 5, 100))


@given(st.integers(0, 10**6), st.integers(1, 40), urgencies, steps)
def test_it_falls_from_all_to_nothing_in_whole_steps(count: int, slices: int, urgent: Fraction, step: int) -> None:
    left = trajectory(count * step, slices, urgent, step)
    assert (left[0], left[-1], len(left)) == (count * step, 0, slices + 1)
    assert all(before >= after for before, after in pairwise(left))
    assert all(type(each) is int and each % step == 0 for each in left)


@given(st.integers(1, 10**6), st.integers(1, 40), urgencies, urgencies)
def test_more_aversion_is_never_slower(lots: int, slices: int, one: Fraction, other: Fraction) -> None:
    patient, hurried = trajectory(lots, slices, min(one, other)), trajectory(lots, slices, max(one, other))
    assert all(hasty <= calm for hasty, calm in zip(hurried, patient, strict=True))


@given(st.integers(1, 10**6), st.integers(1, 40), steps)
def test_without_aversion_it_is_twap_to_the_lot(count: int, slices: int, step: int) -> None:
    window = Window(0, slices * THREE_MINUTES)
    left = trajectory(count * step, slices, Fraction(0), step)
    assert along(left, window) == twap(count * step, window, slices, step)


@given(st.integers(1, 10**6), st.integers(1, 30), st.floats(1e-9, 2.0))
def test_it_tends_to_twap_as_aversion_vanishes(lots: int, slices: int, aversion: float) -> None:
    tiny = trajectory(lots, slices, Fraction(aversion) / 10**15)
    assert all(abs(each - lots * (slices - edge) / slices) <= 1 for edge, each in enumerate(tiny))


@given(st.integers(1, 10**6), st.integers(1, 40), st.fractions(min_value=Fraction(1, 10**4), max_value=50))
def test_it_is_what_numpys_hyperbolic_sines_make_of_the_paper(lots: int, slices: int, urgent: Fraction) -> None:
    """x_j = X·sinh κ(T − t_j) / sinh κT with τ = 1, so that κ = arcosh(1 + κ̃²/2)."""
    kappa = np.arccosh(1 + float(urgent) / 2)
    remaining = np.arange(slices, -1, -1, dtype=np.longdouble)
    # The ratio of sines, written so that a long horizon does not overflow.
    expected = lots * np.exp(kappa * (remaining - slices)) * np.expm1(-2 * kappa * remaining)
    expected = expected / np.expm1(-2 * kappa * np.longdouble(slices))
    left = np.array(trajectory(lots, slices, urgent), dtype=np.longdouble)
    assert np.all(np.abs(left - expected) <= 0.5 + 1e-6 * lots)


@given(st.integers(1, 10**5), st.integers(2, 20), urgencies)
def test_no_small_shift_between_two_slices_is_cheaper(lots: int, slices: int, urgent: Fraction) -> None:
    """The trajectory minimises Σ(x_(j−1) − x_j)² + κ̃²τ²·Σ x_j² (the paper's objective over η̃/τ), but for rounding."""
    left = list(trajectory(lots, slices, urgent))

    def cost(holdings: list[int]) -> Fraction:
        return sum((Fraction(a - b) ** 2 for a, b in pairwise(holdings)), Fraction(0)) + urgent * sum(
            Fraction(x) ** 2 for x in holdings[1:]
        )

    # A shift by s at one edge changes the cost by at most the curvature (4 + 2u)/2·(s² − …): beyond rounding, it rises.
    for edge in range(1, slices):
        for shift in (-3, 3):
            moved = [*left[:edge], left[edge] + shift, *left[edge + 1 :]]
            slack = 2 * abs(shift) * (Fraction(1, 2) * (2 + urgent) + 1)
            assert cost(moved) + slack >= cost(left)


def test_urgency_is_lambda_sigma_squared_tau_squared_over_eta() -> None:
    eta = Fraction(5_000, 10**6) - Fraction(10, 10**6) * 180 / 2
    assert urgency(MARKET, 1_000, THREE_MINUTES) == Fraction(1_000, 10**9) * Fraction(16, 10) * 180**2 / eta
    assert urgency(MARKET, 0, THREE_MINUTES) == 0


def test_intervals_for_which_the_model_breaks_down_have_no_urgency() -> None:
    assert urgency(MARKET, 1_000, 999 * SECOND) is not None
    assert urgency(MARKET, 1_000, 1_000 * SECOND) is None


def test_twenty_times_three_minutes() -> None:
    hurried = urgency(MARKET, 1_000, THREE_MINUTES)
    assert hurried is not None
    slices = along(trajectory(1_000, 20, hurried), Window(0, 20 * THREE_MINUTES))
    assert [each.at_ns for each in slices] == [index * THREE_MINUTES for index in range(20)]
    assert sum(each.lots for each in slices) == 1_000
    assert slices[0] == Slice(0, max(each.lots for each in slices))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a whole number of steps of 10"):
        trajectory(15, 20, Fraction(1), 10)
    with pytest.raises(ValueError, match="found 0 slices"):
        trajectory(15, 0, Fraction(1))


def _blueprint(lots: int, aversion: float) -> list[float]:
    """Its decay, for volatility 0.02 and participation 0.05, in twenty slices."""
    tau = aversion * sqrt(0.02 / 0.05)
    return [lots * exp(index / 20 - tau) / 20 for index in range(20)]


def test_erratum_19_the_slices_sum_to_the_order_decay_and_hurry_with_aversion() -> None:
    """Erratum 19."""
    timid, bold = _blueprint(1_000, 0.1), _blueprint(1_000, 2.0)
    assert (round(sum(timid)), round(sum(bold))) == (1_573, 473), "157 % of the order, and 47 %"
    assert timid[0] < timid[-1], "it grows where it should decay"
    assert bold[0] < timid[0], "and more aversion is slower"

    window = Window(0, 20 * THREE_MINUTES)
    mild = along(trajectory(1_000, 20, Fraction(1, 100)), window)
    keen = along(trajectory(1_000, 20, Fraction(1, 4)), window)
    for slices in (mild, keen):
        assert sum(each.lots for each in slices) == 1_000
        assert slices[0].lots > slices[-1].lots
    assert keen[0].lots > mild[0].lots
