"""The promise about replaced orders: where it holds, and each way in which it fires."""

from squall.scenarios.checks.replaced import terms_respected
from squall.sim.trace import VenueReplaced
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import AmendOrder
from tests.scenarios.stages import Tale, fired, held


def wished(tale: Tale, lots: int, price: int = 20_000, revision: int = 1) -> None:
    tale.sent("strategy", "oms1", AmendOrder(ClOrdID("o-1"), revision, lots, price))


def replaced(tale: Tale, lots: int, price: int = 20_000, revision: int = 1) -> None:
    tale.saw(VenueReplaced("exchange-a", f"o-1~r{revision}", "o-1", "o-1", lots, lots, price), "exchange-a")


def test_an_order_replaced_as_was_asked_and_filled_within_it_holds() -> None:
    tale = Tale()
    judge = tale.judge(terms_respected())
    tale.accepted("o-1", lots=10)
    wished(tale, 6)
    replaced(tale, 6)
    tale.executed("o-1", 6)
    assert held(judge.ruling())


def test_it_fires_on_terms_that_nobody_asked_for() -> None:
    tale = Tale()
    judge = tale.judge(terms_respected())
    tale.accepted("o-1", lots=10)
    wished(tale, 6)
    replaced(tale, 7)
    assert fired(judge.ruling())


def test_it_fires_where_a_replaced_order_is_taken_once_more() -> None:
    tale = Tale()
    judge = tale.judge(terms_respected())
    tale.accepted("o-1", lots=10)
    wished(tale, 6)
    replaced(tale, 6)
    tale.accepted("o-1", lots=1, venue="exchange-b")
    assert fired(judge.ruling())


def test_it_fires_where_more_is_executed_than_it_was_replaced_to() -> None:
    tale = Tale()
    judge = tale.judge(terms_respected())
    tale.accepted("o-1", lots=10)
    wished(tale, 6)
    replaced(tale, 6)
    tale.executed("o-1", 7)
    assert fired(judge.ruling())
