"""What a strategy means to send, and when, as functions that can be held against their definitions."""

from itertools import accumulate, pairwise
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import SECOND
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import SubmitOrder, Tick
from squall.system.domain.signals import (
    RESTING_TICKS,
    THROUGH_TICKS,
    BestTouch,
    Draws,
    DropReason,
    Schedule,
    Workload,
    best_touch,
    order_name,
    pulse_ns,
    rests,
    reversion_side,
    shape_order,
)
from squall.system.wiring import Instrument

ACME = Instrument(Symbol("ACME"))
NAME = ClOrdID("pulse-ACME-1")
TOUCH = BestTouch(100, 104)

draws = st.floats(0, 1, exclude_max=True)


def shape(workload: Workload, drawn: Draws, touch: BestTouch = TOUCH) -> SubmitOrder:
    order = shape_order(workload, ACME, NAME, touch, drawn, 77)
    assert isinstance(order, SubmitOrder)
    return order


def test_steady_pulses_are_even_and_no_rounding_adds_up() -> None:
    workload = Workload(orders_per_s=3, start_ns=10)
    assert [pulse_ns(workload, pulse, 0, 0.0) for pulse in range(4)] == [
        10,
        10 + SECOND // 3,
        10 + 2 * SECOND // 3,
        10 + SECOND,
    ]


def test_a_burst_comes_at_once_and_the_rate_stays() -> None:
    workload = Workload(orders_per_s=100, burst=10)
    assert pulse_ns(workload, 10, 0, 0.0) == SECOND


def test_poisson_gaps_are_the_logarithm_of_the_draw() -> None:
    workload = Workload(schedule=Schedule.POISSON, orders_per_s=10, start_ns=5)
    assert pulse_ns(workload, 0, 999, 0.0) == 5
    assert pulse_ns(workload, 1, 1_000, 0.5) == 1_000 + 69_314_718  # ln 2 / 10 s


def test_poisson_gaps_have_the_mean_and_the_spread_of_the_exponential() -> None:
    """Stratified draws: mean 1/rate, and 1 − 1/e of all gaps are shorter than it."""
    workload = Workload(schedule=Schedule.POISSON, orders_per_s=1_000, burst=2)
    number = 10_000
    times = list(
        accumulate(range(number), lambda at, pulse: pulse_ns(workload, 1, at, (pulse + 0.5) / number), initial=0)
    )
    gaps = [after - before for before, after in pairwise(times)]
    assert mean(gaps) == pytest.approx(2_000_000, rel=0.001)
    assert sum(gap < 2_000_000 for gap in gaps) / number == pytest.approx(0.6321, abs=0.001)


def test_an_order_is_named_after_its_strategy_symbol_and_number() -> None:
    assert order_name(Workload(), Symbol("ACME"), 17) == "pulse-ACME-17"


def test_the_best_touch_is_taken_side_by_side_from_venues_that_are_not_stale() -> None:
    def tick(venue: str, bid: int, ask: int, stale: bool = False) -> Tick:
        return Tick(Venue(venue), ACME.symbol, 1, bid, min(bid, 1), ask, min(ask, 1), stale)

    assert best_touch([tick("a", 100, 106), tick("b", 98, 104)]) == BestTouch(100, 104)
    assert best_touch([tick("a", 100, 106, stale=True), tick("b", 98, 0)]) == BestTouch(98, 0)
    assert best_touch([tick("a", 100, 106, stale=True)]) is None
    assert best_touch([]) is None


def test_the_reversion_rule_trades_against_the_last_move() -> None:
    assert reversion_side(BestTouch(102, 106), TOUCH) is Side.SELL
    assert reversion_side(BestTouch(98, 104), TOUCH) is Side.BUY
    assert reversion_side(BestTouch(98, 106), TOUCH) is None
    assert reversion_side(TOUCH, None) is None
    assert reversion_side(BestTouch(0, 104), TOUCH) is None


def test_the_three_styles_are_market_ioc_through_the_touch_and_day_behind_it() -> None:
    workload = Workload(marketable_share=0.8, market_share=0.25)
    market = shape(workload, Draws(0.1, 0.0, 0.19, 0.0))
    assert (market.ord_type, market.price_half_ticks) == (OrdType.MARKET, None)
    through = shape(workload, Draws(0.1, 0.0, 0.2, 0.0))
    assert (through.side, through.time_in_force, through.price_half_ticks) == (Side.BUY, TimeInForce.IOC, 106)
    resting = shape(workload, Draws(0.9, 0.0, 0.8, 0.99))
    assert (resting.side, resting.time_in_force, resting.price_half_ticks) == (
        Side.SELL,
        TimeInForce.DAY,
        108,
    )
    assert [rests(order) for order in (market, through, resting)] == [False, False, True]


def test_an_order_that_needs_an_empty_side_is_dropped_for_it() -> None:
    bought = Draws(0.0, 0.0, 0.0, 0.0)
    assert shape_order(Workload(), ACME, NAME, BestTouch(100, 0), bought, 0) is DropReason.EMPTY_SIDE


def test_the_side_that_a_rule_has_chosen_is_not_drawn() -> None:
    order = shape_order(Workload(), ACME, NAME, TOUCH, Draws(0.0, 0.0, 0.0, 0.0), 0, Side.SELL)
    assert isinstance(order, SubmitOrder)
    assert order.side is Side.SELL


@given(
    st.builds(Draws, draws, draws, draws, draws),
    st.integers(1, 200),
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(0, 20),
    st.integers(1, 4),
)
def test_orders_are_on_the_grid_in_size_and_as_near_the_touch_as_promised(
    drawn: Draws, bid: int, spread: int, lots_min: int, more: int, step: int
) -> None:
    workload = Workload(lots_min=lots_min, lots_max=lots_min + more, lots_step=step)
    touch = BestTouch(bid, bid + spread)
    order = shape(workload, drawn, touch)
    assert order.quantity_lots in range(lots_min, lots_min + more + 1, step)
    assert order.intended_ns == 77
    price = order.price_half_ticks
    if price is None:
        assert order.ord_type is OrdType.MARKET
        return
    assert price > 0
    assert price % 2 == 0
    sign = order.side.sign
    ask_or_bid = touch.ask_half_ticks if order.side is Side.BUY else touch.bid_half_ticks
    if order.time_in_force is TimeInForce.IOC:
        assert price == 2 or 0 < sign * (price - ask_or_bid) <= 2 * THROUGH_TICKS
    else:
        assert price == 2 or 0 < sign * (ask_or_bid - price) <= spread + 2 * RESTING_TICKS + 1


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"orders_per_s": 0}, r"workload\.orders_per_s: found 0, expected at least 1"),
        ({"lots_min": 5, "lots_max": 4}, r"workload\.lots_max: found 4, expected at least 5"),
        ({"buy_share": 1.5}, r"workload\.buy_share: found 1\.5, expected a share from 0 to 1"),
        ({"start_ns": -1}, r"workload\.start_ns: found -1, expected at least 0"),
    ],
)
def test_a_workload_that_makes_no_sense_is_refused_by_name(settings: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Workload(**settings)  # type: ignore[arg-type]


def test_a_workload_runs_from_its_start_to_just_before_its_stop() -> None:
    workload = Workload(start_ns=10, stop_ns=20)
    assert [workload.runs_at(at_ns) for at_ns in (9, 10, 19, 20)] == [False, True, True, False]
    assert Workload().runs_at(10**18)
