"""What a venue does of its own accord, and what becomes of drop copies: effects, windows, heals, refusals."""

import pytest

from squall.faults.drop_copy import DropCopyLate, DropCopyLost
from squall.faults.fault import Fault, during
from squall.faults.venue_staff import OrdersHeld, TradesBusted, TradesCorrected, UnsolicitedCancels, VenueCloses
from squall.sim.exchange.rules import DISCARDED, PASS, Fate
from squall.sim.exchange.wire.messages import (
    ExecType,
    ExecutionReport,
    NewOrderSingle,
    OrdType,
    Side,
    TimeInForce,
    TradeCaptureReport,
)
from squall.sim.trace import Sent, VenueBusted, VenueCorrected, VenueExecuted, VenueRefused
from tests.faults.stages import Market
from tests.sim.markets import MILLISECOND, REFERENCE_HALF_TICKS

START_NS, END_NS = 100 * MILLISECOND, 200 * MILLISECOND


def broken(fault: Fault, until_ns: int = 400 * MILLISECOND) -> Market:
    """A market in which it is in force from 100 ms to 200 ms, and two orders stand far below the touch."""
    market = Market(during(START_NS, END_NS, fault)).run(50 * MILLISECOND)
    for name in ("low-1", "low-2"):
        market.trader.runtime.write(
            "left",
            NewOrderSingle(
                name, name, "ACME", Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, REFERENCE_HALF_TICKS - 100
            ),
        )
    return market.run(until_ns)


def told(market: Market, exec_type: ExecType) -> list[int]:
    """When the venue sent reports of this type."""
    return [
        record.at_ns
        for record in market.memory.records
        if type(record.event) is Sent
        and type(record.event.message) is ExecutionReport
        and record.event.message.exec_type is exec_type
    ]


def effects(market: Market) -> int:
    return market.plan.tallies[0].effects


@pytest.mark.parametrize("kind", [TradesBusted, TradesCorrected])
def test_trades_of_the_window_are_revised_a_while_after_they_happened(
    kind: type[TradesBusted] | type[TradesCorrected],
) -> None:
    market = broken(kind("left", share=0.5, delay_ns=10 * MILLISECOND))

    event = VenueBusted if kind is TradesBusted else VenueCorrected
    revised = market.times(event)
    executed = [at_ns for at_ns in market.times(VenueExecuted) if START_NS <= at_ns < END_NS]
    assert 0 < len(revised) == effects(market) < len(executed)
    assert all(START_NS + 10 * MILLISECOND <= at_ns <= END_NS + 10 * MILLISECOND for at_ns in revised)
    assert len(told(market, ExecType.TRADE_CANCEL if kind is TradesBusted else ExecType.TRADE_CORRECT)) == len(revised)


def test_orders_that_stand_are_cancelled_and_nobody_asked() -> None:
    market = broken(UnsolicitedCancels("left"))

    at_the_start = [at_ns for at_ns in told(market, ExecType.CANCELED) if at_ns == START_NS]
    assert 0 < len(at_the_start) == effects(market)


@pytest.mark.parametrize(
    ("held", "first", "then"),
    [
        ("suspended", ExecType.SUSPENDED, ExecType.RESTATED),
        ("stopped", ExecType.STOPPED, ExecType.TRADE),
    ],
)
def test_orders_are_held_and_let_go_as_it_heals(held: str, first: ExecType, then: ExecType) -> None:
    market = broken(OrdersHeld("left", held=held))  # type: ignore[arg-type]

    assert told(market, first) == [START_NS] * effects(market) != []
    assert told(market, then).count(END_NS) >= effects(market)


def test_the_day_ends_and_begins_again() -> None:
    market = broken(VenueCloses("left"))

    expired = told(market, ExecType.EXPIRED)
    assert expired == [START_NS] * (effects(market) - 1) != []
    refused = market.times(VenueRefused)
    assert refused
    assert all(START_NS <= at_ns <= END_NS + MILLISECOND for at_ns in refused)


TRADE = TradeCaptureReport(
    "left", "left-trader", 1, ExecType.TRADE, "e", "", "o", "o", "ACME", Side.BUY, 1, 200, 0, 1, 0
)


@pytest.mark.parametrize(
    ("fault", "fate"),
    [(DropCopyLost("left"), DISCARDED), (DropCopyLate("left", 5), Fate(delay_ns=5))],
)
def test_copies_are_lost_or_late_while_it_lasts(fault: Fault, fate: Fate) -> None:
    market = Market(during(START_NS, END_NS, fault))
    rules = market.world.venue("left")
    assert rules.on_copy(TRADE) is PASS
    market.run(START_NS + 1)
    assert rules.on_copy(TRADE) == fate
    market.run(END_NS + 1)
    assert rules.on_copy(TRADE) is PASS
    assert effects(market) == 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (TradesBusted("right"), "no venue 'right'"),
        (TradesBusted("left", 0.0), "the share must be above 0"),
        (TradesBusted("left", delay_ns=0), "the delay must be above 0 ns, found 0"),
        (TradesCorrected("left", 0), "expected 1 to 1000000 half ticks, up or down, found 0"),
        (OrdersHeld("left", held="frozen"), "expected suspended or stopped, found 'frozen'"),  # type: ignore[arg-type]
        (UnsolicitedCancels("left", 2.0), "the share must be above 0"),
        (DropCopyLate("left", 0), "the delay must be above 0 ns, found 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(fault: Fault, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Market(during(START_NS, END_NS, fault))
