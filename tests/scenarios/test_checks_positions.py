"""The desk's positions against the venues' own execution logs, to the lot and to the cent."""

from squall.scenarios.checks.positions import executions_booked_once
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol
from squall.system.domain.messages import PositionChanged, PositionState, PositionsTold
from tests.scenarios.stages import Tale, fired, held, undecided


def _booked(tale: Tale, net_lots: int, cash_flow: int, symbol: str = "ACME") -> None:
    changed = PositionChanged(Symbol(symbol), net_lots, cash_flow, 0, ClOrdID("o-1"), ExecID("x-1"), abs(net_lots), 1)
    tale.handled("risk", "positions", changed)


def test_executions_that_are_each_booked_once_agree_to_the_cent() -> None:
    tale = Tale()
    judge = tale.judge(executions_booked_once())
    tale.executed("o-1", lots=10, price_half_ticks=20_000)
    tale.executed("o-2", lots=4, price_half_ticks=20_010, buy=False, venue="exchange-b")
    _booked(tale, 6, -10 * 20_000 + 4 * 20_010)
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "2 executions, each booked once (ACME +6)"


def test_an_execution_that_was_never_booked_is_missing() -> None:
    tale = Tale()
    judge = tale.judge(executions_booked_once())
    seq = tale.executed("o-1", lots=10, price_half_ticks=20_000)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert ruling.detail == (
        "ACME: the venues' executions make +10 lots and a cash flow of -200000, the desk has booked +0 and +0"
    )


def test_an_execution_that_was_booked_twice_is_too_much() -> None:
    tale = Tale()
    judge = tale.judge(executions_booked_once())
    tale.executed("o-1", lots=10, price_half_ticks=20_000)
    _booked(tale, 20, -400_000)
    assert fired(judge.ruling())


def test_lots_that_agree_do_not_make_up_for_money_that_does_not() -> None:
    tale = Tale()
    judge = tale.judge(executions_booked_once())
    tale.executed("o-1", lots=10, price_half_ticks=20_000)
    _booked(tale, 10, -200_001)
    assert fired(judge.ruling())


def test_a_position_in_what_was_never_traded_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(executions_booked_once())
    _booked(tale, 5, -100, symbol="BOLT")
    assert fired(judge.ruling())


def test_after_a_restart_what_the_positions_tell_anew_is_their_word() -> None:
    tale = Tale()
    judge = tale.judge(executions_booked_once())
    tale.executed("o-1", lots=10, price_half_ticks=20_000)
    _booked(tale, 3, -60_000)
    state = PositionState(Symbol("ACME"), 10, -200_000, 0, 200_000, 1)
    tale.handled("risk", "positions", PositionsTold(Epoch(2), (state,), (), 1))
    assert held(judge.ruling())


def test_a_day_without_an_execution_ends_flat_and_one_without_an_order_shows_nothing() -> None:
    tale = Tale()
    judge = tale.judge(executions_booked_once())
    assert undecided(judge.ruling())
    tale.accepted("o-1")
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "0 executions, each booked once (flat)"
