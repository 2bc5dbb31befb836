"""Judges of strategies that decide by themselves: each holds on a sound tale, and fires where it should."""

from msgspec.structs import replace

from squall.scenarios.checks.strategies import (
    budget_kept,
    keeps_off_unsafe_venues,
    never_with_itself,
    no_quote_in_the_dark,
    orders_paced,
)
from squall.scenarios.scenario import Judge
from squall.sim.trace import VenueAccepted
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import AmendOrder, CancelOrder, OrderProgressed, Tick, VenueHealth
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, submit, undecided


def _send(tale: Tale, name: str, symbol: str = "ACME") -> int:
    return tale.sent("strategy", "oms1", replace(submit(name), symbol=Symbol(symbol)))


def test_orders_within_the_pace_hold_and_one_that_is_repeated_counts_once() -> None:
    tale = Tale()
    judge = tale.judge(orders_paced(2))
    for at_ns, name in ((1, "a"), (2, "b"), (3, "b"), (SECOND + 1, "c"), (SECOND + 2, "d")):
        tale.at(at_ns)
        _send(tale, name)
    tale.at(SECOND + 3)
    _send(tale, "e", "BOLT")
    assert held(judge.ruling())


def test_a_quote_that_is_moved_counts_as_an_order_and_each_wish_once() -> None:
    for revisions, verdict in (((1, 1), held), ((1, 2), fired)):
        tale = Tale()
        judge = tale.judge(orders_paced(2))
        _send(tale, "a")
        for revision in revisions:
            tale.sent("strategy", "oms1", AmendOrder(ClOrdID("a"), revision, 10, 20_000))
        assert verdict(judge.ruling())


def test_one_order_too_many_within_a_second_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(orders_paced(2))
    for at_ns, name in ((1, "a"), (2, "b"), (SECOND, "c")):
        tale.at(at_ns)
        seq = _send(tale, name)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert ruling.detail == "c is order 3 to buy ACME within a second"


def test_two_of_our_orders_that_meet_are_seen_and_two_that_follow_each_other_are_not() -> None:
    for later_ns, verdict in ((0, fired), (1, held)):
        tale = Tale()
        judge = tale.judge(never_with_itself())
        tale.at(SECOND)
        tale.executed("a", 10)
        tale.at(SECOND + later_ns)
        tale.executed("b", 10, buy=False)
        assert verdict(judge.ruling())


def test_without_an_execution_nothing_is_known_of_trading_with_oneself_nor_of_the_budget() -> None:
    tale = Tale()
    assert undecided(tale.judge(never_with_itself()).ruling())
    assert undecided(tale.judge(budget_kept(10)).ruling())


def test_the_budget_is_of_one_symbol_long_or_short() -> None:
    tale = Tale()
    judge = tale.judge(budget_kept(15))
    tale.executed("a", 10)
    tale.executed("b", 10, symbol="BOLT")
    tale.executed("c", 20, buy=False)
    assert held(judge.ruling())
    tale.executed("d", 10, buy=False)
    assert judge.ruling().detail == "d makes it -20 lots of ACME"


def _tick(tale: Tale, at_ns: int, *, stale: bool, venue: str = "exchange-a") -> None:
    tale.at(at_ns)
    tale.handled("strategy", "market-data", Tick(Venue(venue), Symbol("ACME"), at_ns, 100, 5, 104, 5, stale))


def test_an_order_that_leaves_in_time_or_rests_in_a_market_that_is_seen_is_no_quote_in_the_dark() -> None:
    tale = Tale()
    judge = tale.judge(no_quote_in_the_dark(200 * MS))
    tale.accepted("a")
    tale.accepted("b")
    _tick(tale, 1 * SECOND, stale=False)
    _tick(tale, 1 * SECOND + 1, stale=False, venue="exchange-b")
    _tick(tale, 2 * SECOND, stale=True)  # the other venue is still seen
    tale.at(3 * SECOND)
    tale.closed("a", 10)
    _tick(tale, 4 * SECOND, stale=True, venue="exchange-b")
    tale.at(4 * SECOND + 200 * MS)
    tale.closed("b", 10)
    _tick(tale, 9 * SECOND, stale=False)
    assert held(judge.ruling())


def test_an_order_that_rests_on_in_the_dark_is_a_violation_whatever_ends_it() -> None:
    def filled(tale: Tale) -> None:
        tale.executed("a")

    def taken_back(tale: Tale) -> None:
        tale.closed("a", 10)

    def seen_again(tale: Tale) -> None:
        _tick(tale, 3 * SECOND, stale=False)

    for end in (filled, taken_back, seen_again, lambda tale: None):
        tale = Tale()
        judge = tale.judge(no_quote_in_the_dark(200 * MS))
        _tick(tale, 1 * SECOND, stale=False)
        tale.accepted("a")
        _tick(tale, 2 * SECOND, stale=True)
        tale.at(3 * SECOND)
        end(tale)
        ruling = judge.ruling()
        assert fired(ruling)
        assert ruling.detail == "a rests at exchange-a 1.00 s after the last price of ACME was believed"


def test_a_quote_that_is_wanted_back_in_time_may_be_at_a_venue_that_does_not_hear_of_it() -> None:
    for wanted_ms, verdict in ((150, held), (250, fired)):
        tale = Tale()
        judge = tale.judge(no_quote_in_the_dark(200 * MS))
        _tick(tale, 1 * SECOND, stale=False)
        tale.accepted("a")
        _tick(tale, 2 * SECOND, stale=True)
        tale.at(2 * SECOND + wanted_ms * MS)
        tale.sent("strategy", "oms1", CancelOrder(ClOrdID("a")))
        tale.at(5 * SECOND)
        tale.executed("a")
        assert verdict(judge.ruling())


def test_what_takes_at_once_does_not_rest() -> None:
    tale = Tale()
    judge = tale.judge(no_quote_in_the_dark(200 * MS))
    _tick(tale, 1 * SECOND, stale=True)
    tale.saw(VenueAccepted("exchange-a", "a", "a", "ACME", True, 10, 20_000, True), "exchange-a")
    tale.at(3 * SECOND)
    assert held(judge.ruling())


# --- venues that are not safe ---


def _healthy(tale: Tale, venue: str, routable: bool) -> None:
    tale.handled("router", "execution", VenueHealth(Venue(venue), routable, 1))


def _resting_at_a_sick_venue() -> tuple[Tale, Judge]:
    tale = Tale()
    judge = tale.judge(keeps_off_unsafe_venues(100 * MS))
    tale.accepted("q", venue="exchange-a")
    tale.at(SECOND)
    _healthy(tale, "exchange-a", False)
    return tale, judge


def test_a_quote_that_is_wanted_back_in_time_from_a_sick_venue_is_as_it_should_be() -> None:
    tale, judge = _resting_at_a_sick_venue()
    tale.at(SECOND + 50 * MS)
    tale.sent("strategy", "oms1", CancelOrder(ClOrdID("q")))
    tale.at(9 * SECOND)
    assert held(judge.ruling())


def test_one_that_is_left_there_or_wanted_back_late_is_a_violation() -> None:
    for late in (True, False):
        tale, judge = _resting_at_a_sick_venue()
        tale.at(SECOND + 101 * MS)
        if late:
            tale.sent("strategy", "oms1", CancelOrder(ClOrdID("q")))
        assert fired(judge.ruling())


def test_an_order_that_is_meant_for_a_sick_venue_is_a_violation_and_one_for_another_is_not() -> None:
    for venue in ("exchange-a", "exchange-b"):
        tale = Tale()
        judge = tale.judge(keeps_off_unsafe_venues(100 * MS))
        _healthy(tale, "exchange-a", False)
        tale.at(SECOND)
        tale.sent("strategy", "oms1", replace(submit("leg"), venue=Venue(venue)))
        assert fired(judge.ruling()) is (venue == "exchange-a")


def test_while_every_venue_is_safe_quotes_may_rest() -> None:
    tale = Tale()
    judge = tale.judge(keeps_off_unsafe_venues(100 * MS))
    _healthy(tale, "exchange-a", True)
    tale.accepted("q", venue="exchange-a")
    tale.at(9 * SECOND)
    assert held(judge.ruling())


def test_a_quote_that_is_known_to_rest_elsewhere_stays_there() -> None:
    """What the strategy does because of a word about one venue is about orders there."""
    for known, verdict in (("exchange-b", fired), ("exchange-a", held), (None, held)):
        tale = Tale()
        judge = tale.judge(keeps_off_unsafe_venues(100 * MS))
        if known is not None:
            tale.handled("strategy", "oms1", OrderProgressed(ClOrdID("q"), 0, False, Venue(known), 10, 20_000))
        seq = tale.handled("strategy", "execution", VenueHealth(Venue("exchange-a"), False, 1))
        tale.world.kernel.cause = seq
        tale.sent("strategy", "oms1", CancelOrder(ClOrdID("q")))
        assert verdict(judge.ruling())
