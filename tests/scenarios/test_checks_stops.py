"""The promises about held stop orders: each kept by one story, broken by another."""

from msgspec.structs import replace

from squall.scenarios.checks.stops import reached_stops_are_sent, stops_set_off_by_the_market
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.sim.trace import TouchChanged
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import AmendOrder, CancelOrder, Denial, DenyReason, OrderChecked, SubmitOrder
from tests.scenarios.stages import SECOND, Tale, fired, held, new_order, undecided


def stopped(tale: Tale, name: str = "o-1", stop: int = 19_900, side: Side = Side.SELL) -> None:
    order = SubmitOrder(ClOrdID(name), "pulse", Symbol("ACME"), side, 10, OrdType.STOP, TimeInForce.DAY, None, 0, stop)
    tale.sent("strategy", "oms1", order)


def shown(tale: Tale, bid: int, venue: str = "exchange-a") -> None:
    tale.saw(TouchChanged(venue, "ACME", 1, bid, 10, bid + 4, 10), venue)


def test_a_stop_that_leaves_before_any_venue_has_been_there_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(stops_set_off_by_the_market())
    shown(tale, 19_900)
    for name in ("o-1", "o-2"):
        stopped(tale, name, stop=19_800)
    shown(tale, 20_000)
    shown(tale, 19_800, "exchange-b")
    shown(tale, 20_000, "exchange-b")
    tale.left("o-1")
    assert held(judge.ruling())
    stopped(tale, "o-3", stop=19_700)
    tale.left("o-3")
    assert fired(judge.ruling())


def test_a_stop_to_buy_is_about_what_is_offered_and_one_that_a_venue_keeps_is_its_venues_affair() -> None:
    tale = Tale()
    judge = tale.judge(stops_set_off_by_the_market())
    shown(tale, 20_000)
    stopped(tale, "o-1", stop=20_050, side=Side.BUY)
    tale.sent("execution", "exchange-b", replace(new_order("o-1"), ord_type=OrdType.STOP))
    assert held(judge.ruling())
    stopped(tale, "o-2", stop=20_050, side=Side.BUY)
    shown(tale, 20_046)
    tale.left("o-2")
    assert held(judge.ruling())


def test_an_amended_stop_may_leave_at_either_price() -> None:
    tale = Tale()
    judge = tale.judge(stops_set_off_by_the_market())
    shown(tale, 20_000)
    stopped(tale, stop=19_900)
    tale.sent("strategy", "oms1", AmendOrder(ClOrdID("o-1"), 1, 10, None, 20_000))
    tale.left("o-1")
    assert held(judge.ruling())


def test_a_stop_that_all_venues_have_reached_for_long_and_that_is_not_sent_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(reached_stops_are_sent(SECOND))
    stopped(tale)
    shown(tale, 19_900)
    shown(tale, 19_950, "exchange-b")
    tale.at(5 * SECOND)
    shown(tale, 19_890, "exchange-b")
    tale.left("o-0")
    tale.at(6 * SECOND + 1)
    shown(tale, 19_870)
    assert fired(judge.ruling())


def test_where_no_stop_was_set_off_nothing_is_proved() -> None:
    assert undecided(Tale().judge(reached_stops_are_sent()).ruling())


def test_one_that_was_taken_back_or_denied_or_from_which_the_market_turned_need_not_be_sent() -> None:
    tale = Tale()
    judge = tale.judge(reached_stops_are_sent(SECOND))
    for name in ("o-1", "o-2", "o-3", "o-4"):
        stopped(tale, name)
    shown(tale, 19_900)
    tale.left("o-1")
    tale.sent("strategy", "oms1", CancelOrder(ClOrdID("o-2")))
    tale.sent("risk", "oms1", OrderChecked(ClOrdID("o-3"), (Denial(DenyReason.HALTED, 10, 0),)))
    tale.at(SECOND)
    shown(tale, 20_000)
    tale.at(9 * SECOND)
    assert held(judge.ruling())
