"""How well a parent was executed: weighted by quantity, signed by side, and with what was not traded (erratum 46)."""

from fractions import Fraction
from math import floor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.benchmarks import Tape, cost_millionths, measured, shortfall_millionths
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import Algorithm, ParentDone, ParentOrder, ParentOutcome

prices = st.integers(1, 10**6)
fills = st.lists(st.tuples(st.integers(1, 10**4), prices), min_size=1, max_size=20)
sides = st.sampled_from(Side)


def total(trades: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(lots for lots, _ in trades), sum(lots * price for lots, price in trades)


@given(sides, fills, prices)
def test_the_cost_is_that_of_the_average_lot_and_both_sides_see_the_other_one_of_it(
    side: Side, trades: list[tuple[int, int]], benchmark: int
) -> None:
    lots, notional = total(trades)
    each_lot = [price for count, price in trades for _ in range(count)] if lots < 10**3 else None
    cost = cost_millionths(side, lots, notional, Fraction(benchmark))
    assert cost is not None
    if each_lot is not None:
        mean = Fraction(sum(each_lot), len(each_lot))
        worse = mean - benchmark if side is Side.BUY else benchmark - mean
        assert cost == floor(worse / benchmark * 10**6 + Fraction(1, 2))
    other = Side.SELL if side is Side.BUY else Side.BUY
    mirrored = cost_millionths(other, lots, notional, Fraction(benchmark))
    assert mirrored is not None
    assert abs(cost + mirrored) <= 1, "but for what is rounded"


@given(sides, fills, prices, st.integers(0, 10**4), prices, st.integers(-(10**6), 10**6))
def test_the_shortfall_is_what_the_paper_order_has_more(
    side: Side, trades: list[tuple[int, int]], arrival: int, left: int, last: int, fees: int
) -> None:
    """Perold: the paper's gain on all of it at the arrival price, less the real gain on what was traded, which pays
    fees."""
    lots, notional = total(trades)
    found = shortfall_millionths(side, lots + left, lots, notional, fees, Fraction(arrival), Fraction(last))
    paper = side.sign * (last - arrival) * (lots + left)
    real = side.sign * (last * lots - notional) - fees
    assert found == floor(Fraction(paper - real, arrival * (lots + left)) * 10**6 + Fraction(1, 2))


@given(sides, fills, prices, prices)
def test_of_what_is_filled_the_shortfall_is_the_cost_against_arrival(
    side: Side, trades: list[tuple[int, int]], arrival: int, last: int
) -> None:
    lots, notional = total(trades)
    price = Fraction(arrival)
    cost = cost_millionths(side, lots, notional, price)
    assert shortfall_millionths(side, lots, lots, notional, 0, price, None) == cost
    assert shortfall_millionths(side, lots, lots, notional, 0, price, Fraction(last)) == cost


# --- the report ---

ORDER = ParentOrder(
    ClOrdID("fund-1"), "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 100, Algorithm.VWAP, end_ns=10
)
TAPE = Tape(turnover=20_000_000, lots=1_000, bars=3)
DONE = ParentDone(ClOrdID("fund-1"), ParentOutcome.FILLED, 100, 2_002_000)


def report(**changes: Any) -> Any:
    asked = {"order": ORDER, "done": DONE, "arrival_twice": 40_000, "last_twice": 40_100, "tape": TAPE, "poor_bps": 5}
    return measured(**{**asked, **changes})


def test_erratum_46_only_worse_than_the_average_is_poor_and_worse_is_another_way_for_a_seller() -> None:
    """Erratum 46: the blueprint calls a price poor that is far from the average, on whichever side of it."""
    assert (report().vwap_cost_millionths, report().poor) == (1_000, True), "10 bps more than others paid"
    seller = report(order=replace(ORDER, side=Side.SELL))
    assert (seller.vwap_cost_millionths, seller.poor) == (-1_000, False), "10 bps more than others got"
    blueprint = abs(10_000 * (20_020 - 20_000) / 20_000) < 5
    assert not blueprint, "it calls this seller POOR"


def test_erratum_46_lots_are_weighed_and_not_executions() -> None:
    """Erratum 46: ninety lots at the average price, and ten far above it, are not half of them far above it."""
    lots, notional = total([(90, 20_000), (10, 20_100)])
    assert cost_millionths(Side.BUY, lots, notional, Fraction(20_000)) == 500
    blueprint = Fraction(20_000 + 20_100, 2) / 20_000 - 1
    assert blueprint * 10**6 == 2_500


def test_erratum_46_what_was_not_traded_costs_what_the_price_has_moved() -> None:
    """Erratum 46."""
    half = report(done=replace(DONE, filled_lots=50, notional=50 * 20_000))
    assert (half.arrival_cost_millionths, half.shortfall_millionths) == (0, 1_250)


def test_exactly_at_the_threshold_is_not_poor() -> None:
    assert not report(done=replace(DONE, notional=2_001_000)).poor
    assert report(done=replace(DONE, notional=2_001_100)).poor


def test_what_is_not_known_is_not_made_up() -> None:
    blind = report(arrival_twice=None, tape=Tape(bars_missing=3))
    assert (blind.arrival_cost_millionths, blind.vwap_cost_millionths, blind.shortfall_millionths) == (None,) * 3
    assert (blind.poor, blind.bars_missing) == (False, 3)
    nothing = report(done=replace(DONE, filled_lots=0, notional=0))
    assert (nothing.arrival_cost_millionths, nothing.vwap_cost_millionths) == (None, None)
    assert nothing.shortfall_millionths == 2_500
    assert report(done=replace(DONE, filled_lots=50), last_twice=None).shortfall_millionths is None
