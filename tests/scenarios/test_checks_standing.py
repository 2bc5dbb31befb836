"""Promises fold busts, corrections, fees and replaces as the venues recorded them."""

from squall.scenarios.checks.exposure import exposure_within_limit
from squall.scenarios.checks.orders import filled_within_ordered, no_order_twice
from squall.scenarios.checks.positions import executions_booked_once
from squall.sim.trace import VenueBusted, VenueCorrected, VenueExecuted, VenueReplaced
from squall.system.domain.ids import ClOrdID, ExecID, Symbol
from squall.system.domain.messages import PositionChanged
from tests.scenarios.stages import Tale, fired, held, submit

A = "exchange-a"


def _booked(tale: Tale, net_lots: int, cash_flow: int) -> None:
    changed = PositionChanged(Symbol("ACME"), net_lots, cash_flow, 0, ClOrdID("o-1"), ExecID("x-1"), abs(net_lots), 1)
    tale.handled("risk", "positions", changed)


def _busted(tale: Tale, order: str, lots: int, price: int = 20_000, fee: int = 0) -> None:
    tale.saw(VenueBusted(A, f"{order}/b", f"{order}/1", order, order, "ACME", True, lots, price, fee), A)


def test_a_bust_takes_lots_money_and_fee_out_again() -> None:
    for net_lots, cash in ((0, 0), (10, -200_006)):
        tale = Tale()
        judge = tale.judge(executions_booked_once())
        tale.saw(VenueExecuted(A, "o-1/1", "o-1", "o-1", "ACME", True, 10, 20_000, 6), A)
        _busted(tale, "o-1", 10, fee=6)
        _booked(tale, net_lots, cash)
        assert held(judge.ruling()) is (net_lots == 0)


def test_a_correction_moves_the_money_alone() -> None:
    for cash in (-200_000, -200_020):
        tale = Tale()
        judge = tale.judge(executions_booked_once())
        tale.executed("o-1", lots=10, price_half_ticks=20_000)
        tale.saw(
            VenueCorrected(A, "o-1/c", "o-1/1", "o-1", "o-1", "ACME", True, 10, 20_002, 10, 20_000),
            A,
        )
        _booked(tale, 10, cash)
        assert held(judge.ruling()) is (cash == -200_020)


def test_what_was_busted_may_be_filled_again_and_no_more_than_that() -> None:
    tale = Tale()
    judges = [tale.judge(filled_within_ordered()), tale.judge(no_order_twice())]
    tale.sent("strategy", "oms1", submit("o-1", lots=10))
    tale.accepted("o-1", lots=10)
    tale.executed("o-1", lots=6)
    _busted(tale, "o-1", 6)
    tale.executed("o-1", lots=10)
    assert all(held(judge.ruling()) for judge in judges)

    tale.executed("o-1", lots=1)
    assert fired(judges[0].ruling())


def test_a_replace_beyond_what_was_ordered_is_a_violation_and_one_below_is_none() -> None:
    for lots in (8, 12):
        tale = Tale()
        judge = tale.judge(no_order_twice())
        tale.sent("strategy", "oms1", submit("o-1", lots=10))
        tale.accepted("o-1", lots=10)
        tale.executed("o-1", lots=2)
        tale.saw(VenueReplaced(A, "o-1/r1", "o-1", "o-1", lots, lots - 2, 20_000), A)
        assert held(judge.ruling()) is (lots == 8)


def test_a_replaced_order_is_open_for_its_new_quantity() -> None:
    tale = Tale()
    judge = tale.judge(exposure_within_limit(max_position_lots=15))
    tale.accepted("o-1", lots=10)
    tale.saw(VenueReplaced(A, "o-1/r1", "o-1", "o-1", 4, 4, 20_000), A)
    tale.accepted("o-2", lots=11)
    assert held(judge.ruling())
    tale.accepted("o-3", lots=1)
    assert fired(judge.ruling())
