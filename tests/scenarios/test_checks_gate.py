"""What the gate stands for, judged from the wire and the venues: each promise kept by one story, broken by another."""

from typing import Any

from msgspec.structs import replace

from squall.scenarios.checks.kill_switch import halts_are_proved, halts_are_true, nothing_after_halt
from squall.scenarios.checks.money import drawdown_kept, gross_within_limit, name_within_share, shorts_located
from squall.scenarios.checks.prices import not_far_through
from squall.scenarios.checks.reducing import only_what_reduces
from squall.scenarios.checks.sent import no_copies, none_restricted, rate_kept, runaway_stopped, sizes_as_meant
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import ConfigPushed, TouchChanged
from squall.system.domain.messages import SwitchDone, SwitchTrading
from squall.system.domain.switches import Scope, TradingState
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, new_order, undecided


def said(tale: Tale, state: TradingState = TradingState.HALTED, scope: Scope = Scope.DESK, name: str = "") -> None:
    tale.handled("operator", "a person", SwitchTrading(0, scope, name, state))


def proved(tale: Tale, left: int = 0, scope: Scope = Scope.DESK, name: str = "") -> None:
    tale.handled("operator", "oms1", SwitchDone(1, scope, name, TradingState.HALTED, left))


def touched(tale: Tale, middle: int, venue: str = "exchange-a", symbol: str = "ACME") -> None:
    tale.saw(TouchChanged(venue, symbol, 1, middle - 1, 10, middle + 1, 10), venue)


def pushed(tale: Tale, what: str, program: str = "risk") -> None:
    tale.saw(ConfigPushed(program, 1, what))


def on_wire(tale: Tale, name: str, **fields: Any) -> int:
    return tale.sent("execution", "exchange-a", replace(new_order(name), **fields))


# --- the kill switch ---


def test_an_order_that_leaves_long_after_a_halt_is_a_violation_and_one_on_its_way_is_none() -> None:
    tale = Tale()
    judge = tale.judge(nothing_after_halt(100 * MS))
    tale.left("o-1")
    said(tale)
    tale.at(100 * MS)
    tale.left("o-2")
    tale.at(101 * MS)
    tale.left("o-1")  # again: it had left before
    assert held(judge.ruling())
    tale.left("o-3")
    assert fired(judge.ruling())


def test_a_halt_of_one_strategy_or_venue_says_nothing_of_others() -> None:
    tale = Tale()
    judge = tale.judge(nothing_after_halt(100 * MS))
    for order in ("o-1", "o-2", "o-3"):
        tale.submitted(order)
    said(tale, scope=Scope.STRATEGY, name="drift")
    said(tale, scope=Scope.VENUE, name="exchange-b")
    tale.at(200 * MS)
    tale.left("o-1")
    assert held(judge.ruling())
    tale.left("o-2", venue="exchange-b")
    assert fired(judge.ruling())


def test_at_a_venue_that_is_reducing_a_sale_of_what_is_held_is_none_and_one_lot_more_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(only_what_reduces(100 * MS))
    tale.executed("o-1", lots=5)
    said(tale, TradingState.REDUCING, Scope.VENUE, "exchange-a")
    on_wire(tale, "o-2", side=Side.BUY)  # it was on its way
    tale.at(101 * MS)
    on_wire(tale, "o-3", side=Side.SELL, quantity_lots=5)
    tale.sent("execution", "exchange-b", replace(new_order("o-4"), side=Side.BUY))
    assert held(judge.ruling())
    on_wire(tale, "o-5", side=Side.SELL, quantity_lots=6)
    assert fired(judge.ruling())


def test_what_buys_at_a_venue_that_is_reducing_is_a_violation_until_it_is_set_back() -> None:
    tale = Tale()
    judge = tale.judge(only_what_reduces(100 * MS))
    said(tale, TradingState.REDUCING, Scope.VENUE, "exchange-a")
    tale.at(200 * MS)
    said(tale, TradingState.ACTIVE, Scope.VENUE, "exchange-a")
    on_wire(tale, "o-1", side=Side.BUY)
    assert undecided(judge.ruling())
    said(tale, TradingState.REDUCING, Scope.VENUE, "exchange-a")
    tale.at(301 * MS)
    on_wire(tale, "o-2", side=Side.BUY)
    assert fired(judge.ruling())


def test_that_what_does_not_exist_is_halted_is_never_true_and_need_not_be_proved() -> None:
    tale = Tale()
    judge, liveness = tale.judge(halts_are_true()), tale.judge(halts_are_proved())
    said(tale, scope=Scope.SYMBOL, name="ACNE")
    assert held(judge.ruling())
    assert undecided(liveness.ruling())
    proved(tale, scope=Scope.SYMBOL, name="ACNE")
    assert fired(judge.ruling())


def test_after_a_person_has_set_it_going_orders_may_leave() -> None:
    tale = Tale()
    judge = tale.judge(nothing_after_halt(100 * MS))
    said(tale)
    tale.at(200 * MS)
    said(tale, TradingState.ACTIVE)
    tale.left("o-1")
    assert held(judge.ruling())


def test_a_proof_is_true_only_where_the_venues_have_nothing_open() -> None:
    tale = Tale()
    judge, liveness = tale.judge(halts_are_true()), tale.judge(halts_are_proved())
    tale.submitted("o-1")
    tale.accepted("o-1")
    said(tale)
    proved(tale, left=1)
    assert held(judge.ruling())
    assert fired(liveness.ruling())
    tale.closed("o-1")
    proved(tale)
    assert held(judge.ruling())
    assert held(liveness.ruling())


def test_a_proof_with_an_order_open_is_a_lie() -> None:
    tale = Tale()
    judge = tale.judge(halts_are_true())
    tale.submitted("o-1")
    tale.accepted("o-1")
    said(tale, scope=Scope.SYMBOL, name="ACME")
    proved(tale, scope=Scope.SYMBOL, name="ACME")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "o-1 is open at exchange-a, and the operator was told that nothing is"


def test_what_comes_to_a_venue_after_the_proof_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(halts_are_true())
    said(tale)
    proved(tale)
    tale.accepted("o-1")
    assert fired(judge.ruling())


def test_where_nothing_was_halted_nothing_is_proved() -> None:
    tale = Tale()
    assert undecided(tale.judge(halts_are_proved()).ruling())


# --- lists ---


def test_an_order_in_a_restricted_name_is_a_violation_once_risk_has_had_a_moment() -> None:
    tale = Tale()
    judge = tale.judge(none_restricted())
    pushed(tale, "reference.ACME.restricted=on")
    pushed(tale, "reference.BOLT.restricted=on", program="strategy")
    tale.at(50 * MS)
    tale.left("o-1")
    on_wire(tale, "o-2", symbol="BOLT")
    assert held(judge.ruling())
    tale.at(51 * MS)
    tale.left("o-3")
    assert fired(judge.ruling())


def test_a_name_that_is_not_restricted_any_more_may_be_traded() -> None:
    tale = Tale()
    judge = tale.judge(none_restricted())
    pushed(tale, "reference.ACME.restricted=on")
    tale.at(60 * MS)
    pushed(tale, "without reference.ACME.restricted=on")
    tale.left("o-1")
    assert held(judge.ruling())


def test_a_name_that_is_restricted_from_the_start_is_so_from_the_start() -> None:
    tale = Tale("reference.ACME.restricted=on")
    judge = tale.judge(none_restricted())
    tale.at(60 * MS)
    tale.left("o-1")
    assert fired(judge.ruling())


def test_more_sold_than_located_is_a_violation_with_open_sales_and_what_is_held() -> None:
    tale = Tale()
    judge = tale.judge(shorts_located())
    tale.accepted("long", lots=30)
    tale.executed("long", lots=30)
    tale.closed("long")
    pushed(tale, "reference.ACME.locate=10")
    tale.at(200 * MS)
    tale.accepted("s-1", lots=40, buy=False)
    assert held(judge.ruling())
    tale.accepted("s-2", lots=1, buy=False)
    assert fired(judge.ruling())


# --- the stream ---


def test_an_order_larger_than_the_workload_means_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(sizes_as_meant())
    tale.left("o-1", lots=5)
    assert held(judge.ruling())
    tale.left("o-2", lots=6)
    assert fired(judge.ruling())


def test_the_same_order_under_another_name_is_a_copy_and_a_resend_is_none() -> None:
    tale = Tale()
    judge = tale.judge(no_copies(10 * MS))
    tale.left("o-1")
    tale.left("o-1", name="o-1~2")
    tale.at(10 * MS)
    tale.left("o-2")
    on_wire(tale, "o-3", price_half_ticks=20_002)
    assert held(judge.ruling())
    tale.left("o-4")
    assert fired(judge.ruling())


def test_one_order_more_than_the_rate_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(rate_kept(2))
    tale.left("o-1")
    tale.left("o-2")
    tale.at(SECOND)
    tale.left("o-3")
    assert held(judge.ruling())
    tale.left("o-4")
    tale.left("o-5")
    assert fired(judge.ruling())


def test_an_order_after_too_many_executions_is_a_violation_until_a_person_says_so() -> None:
    for person in (True, False):
        tale = Tale("risk.max_repeats=2")
        judge = tale.judge(runaway_stopped())
        for number in range(3):
            tale.executed(f"o-{number}")
        tale.left("on its way")
        tale.at(200 * MS)
        if person:
            said(tale, TradingState.ACTIVE, Scope.STRATEGY, "pulse")
        tale.left("o-9")
        assert held(judge.ruling()) is person


def test_a_limit_far_through_the_market_is_a_violation_and_one_far_behind_it_is_none() -> None:
    for side, behind, within, through in ((Side.BUY, 1_000, 21_401, 21_402), (Side.SELL, 90_000, 18_600, 18_599)):
        tale = Tale()
        judge = tale.judge(not_far_through())
        touched(tale, 20_001 if side is Side.SELL else 20_000)
        on_wire(tale, "o-1", side=side, price_half_ticks=behind)
        on_wire(tale, "o-2", side=side, price_half_ticks=within)
        on_wire(tale, "o-3", side=side, price_half_ticks=None)
        assert held(judge.ruling())
        on_wire(tale, "o-4", side=side, price_half_ticks=through)
        assert fired(judge.ruling())


# --- money ---


def test_a_name_worth_more_than_its_share_is_a_violation_beyond_what_the_market_may_have_moved() -> None:
    tale = Tale()
    judge = tale.judge(name_within_share())
    touched(tale, 20_000)
    tale.accepted("o-1", lots=1_020)
    assert held(judge.ruling())
    tale.accepted("o-2", lots=1)
    assert fired(judge.ruling())


def test_an_order_that_lowers_the_worst_is_never_held_against_it() -> None:
    tale = Tale()
    judge = tale.judge(name_within_share())
    touched(tale, 10_000)
    tale.accepted("o-1", lots=1_500)
    tale.executed("o-1", lots=1_500)
    tale.closed("o-1")
    touched(tale, 20_000)
    tale.accepted("out", lots=500, buy=False)
    assert held(judge.ruling())


def test_gross_exposure_adds_longs_and_shorts() -> None:
    tale = Tale("risk.max_gross_percent=10")
    judge = tale.judge(gross_within_limit())
    touched(tale, 20_000)
    touched(tale, 20_000, symbol="BOLT")
    tale.accepted("o-1", lots=510)
    tale.accepted("o-2", lots=510, buy=False, symbol="BOLT")
    assert held(judge.ruling())
    tale.accepted("o-3", lots=1, buy=False, symbol="BOLT")
    assert fired(judge.ruling())


def test_after_a_fall_from_the_peak_an_order_that_adds_is_a_violation_and_one_that_reduces_is_none() -> None:
    tale = Tale("risk.max_drawdown_percent=10")
    judge = tale.judge(drawdown_kept())
    tale.accepted("o-1", lots=2_000)
    tale.executed("o-1", lots=2_000)
    tale.closed("o-1")
    touched(tale, 40_000)  # equity 1,200,000
    touched(tale, 27_000)  # 130,000 below: more than a tenth
    tale.at(50 * MS)
    tale.accepted("in good faith", lots=1)
    tale.at(200 * MS)
    tale.accepted("out", lots=100, buy=False)
    assert held(judge.ruling())
    tale.accepted("in", lots=1)
    assert fired(judge.ruling())


def test_a_reducing_venue_to_which_no_order_came_proves_nothing_unless_it_is_one_mishap_of_many() -> None:
    for promise, verdict in ((only_what_reduces(), undecided), (only_what_reduces(proves=False), held)):
        tale = Tale()
        judge = tale.judge(promise)
        said(tale, TradingState.REDUCING, Scope.VENUE, "exchange-a")
        assert verdict(judge.ruling())


def test_where_nobody_wants_a_venue_only_to_reduce_there_is_nothing_to_prove() -> None:
    tale = Tale()
    judge = tale.judge(only_what_reduces())
    on_wire(tale, "o-1", side=Side.BUY)
    assert held(judge.ruling())
