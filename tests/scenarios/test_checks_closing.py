"""A closed desk is closed: each way in which it would not be fires."""

import msgspec
import pytest

from squall.scenarios.checks.closing import closed_is_closed
from squall.sim.exchange.wire.messages import OrderCancelRequest, Side, TimeInForce
from squall.system.domain.events import TradingSwitched
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages import CancelOrder, JournalCopied, KeptOrder, SwitchDone, SwitchTrading
from squall.system.domain.switches import Scope, Switch, TradingState
from tests.scenarios.stages import Tale, fired, held, new_order, submit, undecided

MILLISECOND = 1_000_000


class Evening:
    """Two orders rest, one for the day and one that is good till cancelled; then a person closes the desk."""

    def __init__(self) -> None:
        self.tale = Tale()
        self.judge = self.tale.judge(closed_is_closed())
        for order, term in (("day", TimeInForce.DAY), ("gtc", TimeInForce.GTC)):
            self.tale.sent("strategy", "oms1", msgspec.structs.replace(submit(order), time_in_force=term))
            self.tale.accepted(order)

    def word(self, state: TradingState = TradingState.CLOSING) -> None:
        self.tale.handled("operator", "a person", SwitchTrading(0, Scope.DESK, "", state))

    def proof(self, left: int = 0, **kept: int) -> int:
        orders = tuple(KeptOrder(ClOrdID(name), Venue("exchange-a"), lots) for name, lots in kept.items())
        return self.tale.handled(
            "operator", "oms1", SwitchDone(1, Scope.DESK, "", TradingState.CLOSING, left, (), orders)
        )


def test_a_desk_that_keeps_what_stays_and_sends_nothing_more_is_closed() -> None:
    evening = Evening()
    evening.word()
    evening.proof(left=1)
    evening.tale.closed("day", leaves_lots=10)
    evening.proof(gtc=10)
    assert held(evening.judge.ruling())
    evening.word(TradingState.ACTIVE)
    evening.tale.sent("execution", "exchange-a", new_order("next"))
    assert held(evening.judge.ruling())


def test_an_order_for_the_day_that_is_open_at_the_word_is_named() -> None:
    evening = Evening()
    evening.word()
    said = evening.proof(gtc=10)
    ruling = evening.judge.ruling()
    assert fired(ruling)
    assert ruling.seq == said
    assert "day is open at exchange-a, is not good till cancelled" in ruling.detail


@pytest.mark.parametrize("kept", [{}, {"gtc": 9}, {"gtc": 11}, {"gtc": 10, "ghost": 5}])
def test_what_stays_is_the_same_on_both_sides(kept: dict[str, int]) -> None:
    evening = Evening()
    evening.tale.closed("day", leaves_lots=10)
    evening.word()
    evening.proof(**kept)
    assert fired(evening.judge.ruling())


def test_what_was_executed_a_moment_ago_the_desk_may_not_have_heard() -> None:
    evening = Evening()
    evening.tale.closed("day", leaves_lots=10)
    evening.word()
    evening.tale.executed("gtc", lots=4)
    evening.proof(gtc=10)
    assert held(evening.judge.ruling())


def test_an_order_that_leaves_after_the_word_is_a_violation() -> None:
    evening = Evening()
    evening.tale.closed("day", leaves_lots=10)
    evening.word()
    evening.proof(gtc=10)
    late = evening.tale.sent("execution", "exchange-a", new_order("late"))
    ruling = evening.judge.ruling()
    assert fired(ruling)
    assert ruling.seq == late


def test_what_is_good_till_cancelled_is_taken_back_by_nobody_but_who_wanted_it_before() -> None:
    cancel = OrderCancelRequest("gtc~c1", "gtc", "ACME", Side.BUY)
    evening = Evening()
    evening.word()
    evening.tale.sent("execution", "exchange-a", cancel)
    ruling = evening.judge.ruling()
    assert fired(ruling)
    assert "gtc is good till cancelled, and is taken back" in ruling.detail
    earlier = Evening()
    earlier.tale.sent("strategy", "oms1", CancelOrder(ClOrdID("gtc")))
    earlier.word()
    earlier.tale.sent("execution", "exchange-a", cancel)
    earlier.tale.closed("gtc", leaves_lots=10)
    earlier.tale.closed("day", leaves_lots=10)
    earlier.proof()
    assert held(earlier.judge.ruling())


@pytest.mark.parametrize("written", [False, True])
def test_a_wish_is_good_until_the_leader_that_it_goes_to_has_written_the_close_down(written: bool) -> None:
    """Seed 26 of closed-under-fire: the person's word reached the leader 300 ms later, behind a partition."""
    evening = Evening()
    evening.word()
    if written:
        switched = TradingSwitched(ClOrdID(""), 0, "operator", Switch(Scope.DESK, "", TradingState.CLOSING))
        evening.tale.sent("oms1", "audit", JournalCopied(Epoch(1), 7, (switched,)))
    evening.tale.at(500 * MILLISECOND)
    evening.tale.sent("strategy", "oms1", CancelOrder(ClOrdID("gtc")))
    evening.tale.sent("execution", "exchange-a", OrderCancelRequest("gtc~c1", "gtc", "ACME", Side.BUY))
    assert ("is taken back" in evening.judge.ruling().detail) is written


def test_a_close_that_nobody_confirms_is_a_violation_and_none_is_undecided() -> None:
    evening = Evening()
    assert undecided(evening.judge.ruling())
    evening.word()
    evening.proof(left=2)
    assert fired(evening.judge.ruling())
