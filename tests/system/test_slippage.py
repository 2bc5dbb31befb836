"""Slippage against the same sentence in fractions, and what the blueprint's formula makes of the same trades."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.slippage import SlippageWindow, basis_points, twice_cost

EXECUTIONS = st.tuples(st.sampled_from(Side), st.integers(1, 500), st.integers(1_000, 30_000), st.integers(-50, 50))
DECISION = 40_001
"""Twice the middle: 100.0025 at a tick of a cent."""


def of(window: SlippageWindow, *executions: tuple[Side, int, int, int]) -> SlippageWindow:
    for side, lots, price, fee in executions:
        window.add(twice_cost(side, lots, price, fee, DECISION), lots * DECISION)
    return window


@given(st.lists(EXECUTIONS, min_size=1, max_size=60), st.integers(1, 40))
def test_it_is_what_was_paid_beyond_the_middle_over_what_the_middle_was_worth(
    executions: list[tuple[Side, int, int, int]], size: int
) -> None:
    window = of(SlippageWindow(size, alert_bp=10, target_bp=5), *executions)
    latest = executions[-size:]
    middle = Fraction(DECISION, 2)
    paid = sum(side.sign * lots * (price - middle) + fee for side, lots, price, fee in latest)
    found = 10_000 * Fraction(paid) / (sum(lots for _, lots, _, _ in latest) * middle)
    assert window.alarming == (found > 10)
    assert window.well == (found <= 5)
    assert window.in_basis_points - 1 < found <= window.in_basis_points


def test_what_is_better_than_the_middle_is_no_alarm() -> None:
    """Erratum 46: the chapter takes the absolute value, and calls a price that beats the average POOR."""
    cheap_buy, dear_sale = (Side.BUY, 100, 19_000, 0), (Side.SELL, 100, 21_000, 0)
    window = of(SlippageWindow(10, 10, 5), cheap_buy, dear_sale)
    assert window.in_basis_points < -400
    assert window.well


def test_one_lot_at_a_good_price_does_not_hide_a_hundred_at_a_bad_one() -> None:
    """Erratum 46: an unweighted mean of these two would be about zero."""
    window = of(SlippageWindow(10, 10, 5), (Side.BUY, 1, 19_900, 0), (Side.BUY, 100, 20_100, 0))
    assert window.alarming
    assert window.in_basis_points == 49


def test_fees_are_slippage_too_and_a_rebate_is_the_opposite() -> None:
    """Erratum 46: the chapter leaves fees out."""
    assert twice_cost(Side.BUY, 10, 20_000, 60, 40_000) == 120
    assert twice_cost(Side.SELL, 10, 20_000, -40, 40_000) == -80


def test_of_nothing_there_is_none() -> None:
    assert basis_points(0, 0) == 0
    assert not SlippageWindow(10, 10, 5).alarming
