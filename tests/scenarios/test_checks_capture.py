"""Whether the capture's file is the venues' tape joined with the orders, and whether the flow that is told balances."""

from msgspec.structs import replace

from squall.scenarios.checks.capture import captured_is_the_tape, flow_balances
from squall.scenarios.scenario import Judge
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.sim.trace import VenueBusted, VenueCorrected, VenueExecuted
from squall.system.domain.claims import FlowTold
from squall.system.domain.ids import ClOrdID, ExecID, Symbol, Venue
from squall.system.domain.messages import OrderTaken
from squall.system.domain.projections.trades import CapturedTrade, Standing, TradesWritten, encode_trades
from squall.system.domain.terms import HOUSE, Attribution
from tests.scenarios.stages import Tale, fired, held, submit

A = "exchange-a"
TRADE = CapturedTrade(
    exec_id=ExecID("a/1"),
    venue=Venue(A),
    symbol=Symbol("ACME"),
    side=Side.BUY,
    lots=10,
    price_half_ticks=20_000,
    commission=6,
    rested=True,
    standing=Standing.BOOKED,
    first_lots=10,
    first_price_half_ticks=20_000,
    amended_by=None,
    order_id=ClOrdID("a"),
    strategy="pulse",
    attribution=HOUSE,
    actor="strategy/pulse",
    order_type=OrdType.LIMIT,
    time_in_force=TimeInForce.DAY,
    ordered_lots=10,
    limit_price_half_ticks=20_010,
    decision_twice_half_ticks=0,
    intended_ns=0,
    submitted_ns=1,
    sent_ns=2,
    booked_ns=3,
    position_lots=10,
    realised=-6,
    version=5,
)
BUSTED = replace(TRADE, lots=0, commission=0, standing=Standing.BUSTED, position_lots=0, version=9)


def executed() -> tuple[Tale, Judge]:
    """One order is given to the OMS, and executed."""
    tale = Tale()
    judge = tale.judge(captured_is_the_tape())
    tale.handled("oms1", "strategy", submit("a"))
    tale.saw(VenueExecuted(A, "a/1", "a", "a", "ACME", True, 10, 20_000, 6, True), A)
    return tale, judge


def capture(tale: Tale, *trades: CapturedTrade) -> None:
    tale.stored("ops", "trades", encode_trades(TradesWritten(max(each.version for each in trades), trades)))


def test_what_is_captured_as_it_was_executed_is_as_it_should_be() -> None:
    tale, judge = executed()
    capture(tale, TRADE)
    assert held(judge.ruling())


def test_an_execution_that_is_not_captured_is_a_violation() -> None:
    _, judge = executed()
    assert fired(judge.ruling())


def test_so_is_one_that_is_captured_otherwise_in_any_of_its_parts() -> None:
    others = (
        replace(TRADE, venue=Venue("exchange-b")),
        replace(TRADE, order_id=ClOrdID("b")),
        replace(TRADE, side=Side.SELL),
        replace(TRADE, lots=9),
        replace(TRADE, price_half_ticks=20_001),
        replace(TRADE, commission=0),
        replace(TRADE, rested=False),
        replace(TRADE, strategy="other"),
        replace(TRADE, attribution=Attribution(client="fund")),
        replace(TRADE, decision_twice_half_ticks=40_000),
        replace(TRADE, position_lots=20),
    )
    for other in others:
        tale, judge = executed()
        capture(tale, other)
        assert fired(judge.ruling()), other


def test_the_last_word_on_an_execution_counts() -> None:
    for last in (TRADE, BUSTED):
        tale, judge = executed()
        tale.saw(VenueBusted(A, "a/2", "a/1", "a", "a", "ACME", True, 10, 20_000, 6), A)
        capture(tale, TRADE)
        capture(tale, last)
        assert held(judge.ruling()) is (last is BUSTED)


def test_a_correction_has_to_be_captured_too() -> None:
    corrected = replace(TRADE, price_half_ticks=19_990, standing=Standing.CORRECTED)
    for trade in (TRADE, corrected):
        tale, judge = executed()
        tale.saw(VenueCorrected(A, "a/2", "a/1", "a", "a", "ACME", True, 10, 19_990, 10, 20_000), A)
        capture(tale, trade)
        assert held(judge.ruling()) is (trade is corrected)


def test_a_trade_that_no_venue_executed_is_a_violation_unless_it_was_set_aside() -> None:
    for standing in (Standing.BOOKED, Standing.SET_ASIDE):
        tale, judge = executed()
        capture(tale, TRADE, replace(TRADE, exec_id=ExecID("z/1"), standing=standing, position_lots=20, version=6))
        assert held(judge.ruling()) is (standing is Standing.SET_ASIDE)


# --- the flow ---


def flow(*nodes: tuple[str, int, int, int], filled: int = 10, ended: tuple[int, int] = (10, 10)) -> FlowTold:
    return FlowTold(7, nodes, 10, filled, *ended)


def judged(*told: FlowTold) -> bool:
    """One order of ten lots was taken and executed; the flow was told so."""
    tale = Tale()
    judge = tale.judge(flow_balances())
    tale.handled("oms1", "strategy", submit("a"))
    tale.handled("strategy", "oms1", OrderTaken(ClOrdID("a")))
    tale.saw(VenueExecuted(A, "a/1", "a", "a", "ACME", True, 10, 20_000), A)
    for each in told:
        tale.heard(each, "ops")
    return held(judge.ruling())


def test_a_flow_in_which_all_that_came_has_left_or_is_there_balances() -> None:
    assert judged(
        flow(("submitted", 1, 0, 1), filled=0, ended=(0, 0)), flow(("submitted", 1, 1, 0), ("filled", 1, 0, 1))
    )


def test_more_that_leaves_than_enters_is_a_violation_and_so_is_an_order_or_a_lot_that_is_nowhere() -> None:
    """Erratum 47."""
    assert not judged(flow(("submitted", 1, 1, 1), ("filled", 1, 0, 1)))
    assert not judged(flow(("submitted", 1, 2, 0), ("filled", 1, 0, 1)))
    assert not judged(flow(("submitted", 1, 1, 0)))
    assert not judged(flow(("submitted", 2, 2, 0), ("filled", 2, 0, 2)))
    assert not judged(flow(("submitted", 1, 1, 0), ("filled", 1, 0, 1), filled=9, ended=(10, 9)))
    assert not judged(flow(("submitted", 1, 1, 0), ("filled", 1, 0, 1), ended=(9, 10)))
    assert not judged()
