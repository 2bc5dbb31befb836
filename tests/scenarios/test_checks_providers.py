"""How old the second provider's data may be, and whether orders go on: each promise firing and holding."""

from squall.scenarios.checks.providers import orders_go_on, second_provider_within
from squall.sim.trace import TouchChanged
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, undecided


def _touch(tale: Tale, bid: int) -> int:
    return tale.saw(TouchChanged("exchange-a", "ACME", 1, bid, 10, bid + 4, 10), "exchange-a")


def _tick(tale: Tale, bid: int, second: bool = True, stale: bool = False) -> int:
    tick = Tick(Venue("exchange-a"), Symbol("ACME"), 1, bid, 10, bid + 4, 10, stale, second=second)
    return tale.handled("strategy", "market-data", tick)


def test_what_a_venue_has_shown_lately_may_be_told_and_what_it_showed_before_may_not() -> None:
    tale = Tale()
    judge = tale.judge(second_provider_within(500 * MS))
    _touch(tale, 100)
    tale.at(1 * SECOND)
    _touch(tale, 102)
    tale.at(1 * SECOND + 500 * MS)
    _tick(tale, 100)
    _tick(tale, 102)
    assert held(judge.ruling())
    tale.at(1 * SECOND + 501 * MS)
    seq = _tick(tale, 100)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq


def test_what_no_venue_has_ever_shown_may_not_be_told_unless_as_stale_or_by_the_venue() -> None:
    tale = Tale()
    judge = tale.judge(second_provider_within(500 * MS))
    _touch(tale, 100)
    _tick(tale, 90, stale=True)
    _tick(tale, 90, second=False)
    assert held(judge.ruling())
    _tick(tale, 90)
    assert fired(judge.ruling())


def test_orders_that_stop_coming_are_a_violation_when_the_next_one_comes_or_at_the_end() -> None:
    tale = Tale()
    judge = tale.judge(orders_go_on(3 * SECOND))
    start_ns = tale.stage.scenario.workload.start_ns
    tale.at(start_ns + 2 * SECOND)
    tale.accepted("o-1")
    assert held(judge.ruling())
    tale.at(start_ns + 6 * SECOND)
    assert fired(judge.ruling())


def test_a_gap_in_the_middle_counts_too() -> None:
    tale = Tale()
    judge = tale.judge(orders_go_on(3 * SECOND))
    start_ns = tale.stage.scenario.workload.start_ns
    tale.at(start_ns + 4 * SECOND)
    seq = tale.accepted("o-1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq


def test_before_any_order_could_have_come_there_is_nothing_to_say() -> None:
    tale = Tale()
    assert undecided(tale.judge(orders_go_on(3 * SECOND)).ruling())
