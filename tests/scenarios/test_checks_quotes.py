"""Judges of quotes: in the market, once a side, and left alone where a venue has had enough."""

from msgspec.structs import replace

from squall.scenarios.checks.quotes import quoted_once, quotes_present, slows_at_throttled_venues
from squall.scenarios.checks.resting import RestingOrders
from squall.sim.trace import VenueReplaced
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import AmendOrder, VenueHealth
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, submit, undecided


def test_a_replaced_order_rests_under_its_new_name_for_what_is_left_of_it() -> None:
    tale = Tale()
    book = RestingOrders(tale.world.trace)
    tale.accepted("q", lots=10)
    tale.executed("q", lots=4)
    tale.saw(VenueReplaced("exchange-a", "q~r1", "q", "q", 20, 16, 20_010), "exchange-a")
    ((key, each),) = book.orders.items()
    assert (key, each.lots, each.price_half_ticks) == (("exchange-a", "q~r1"), 16, 20_010)
    tale.executed("q", lots=16, name="q~r1")
    assert book.orders == {}


def test_one_quote_a_side_and_symbol_holds_and_so_does_one_that_follows_another() -> None:
    tale = Tale()
    judge = tale.judge(quoted_once())
    tale.accepted("bid")
    tale.accepted("ask", buy=False, venue="exchange-b")
    tale.accepted("other", symbol="BOLT")
    tale.saw(VenueReplaced("exchange-a", "bid~r1", "bid", "bid", 10, 10, 20_010), "exchange-a")
    tale.closed("bid", 10, name="bid~r1")
    tale.accepted("next")
    assert held(judge.ruling())


def test_two_quotes_on_one_side_are_a_violation_wherever_they_rest() -> None:
    for venue in ("exchange-a", "exchange-b"):
        tale = Tale()
        judge = tale.judge(quoted_once())
        tale.accepted("first")
        tale.accepted("second", venue=venue)
        ruling = judge.ruling()
        assert fired(ruling)
        assert f"second comes to rest at {venue} while first rests at exchange-a" in ruling.detail


def test_presence_is_of_both_sides_and_of_the_time_that_has_passed() -> None:
    for gap_ms, verdict in ((100, held), (300, fired)):
        tale = Tale()
        judge = tale.judge(quotes_present(80, SECOND, 2 * SECOND))
        assert held(judge.ruling())
        for symbol in ("ACME", "BOLT"):
            tale.accepted(f"bid {symbol}", symbol=symbol)
            tale.accepted(f"ask {symbol}", symbol=symbol, buy=False)
        tale.at(SECOND + 100 * MS)
        tale.closed("bid ACME", 10)
        tale.at(SECOND + (100 + gap_ms) * MS)
        tale.accepted("bid ACME again")
        tale.at(3 * SECOND)
        assert verdict(judge.ruling())
        assert verdict(judge.ruling()), "asking twice changes nothing"


def _throttled(tale: Tale, throttled: bool) -> None:
    tale.handled("router", "execution", VenueHealth(Venue("exchange-a"), True, 1, False, throttled))


def _wishes(tale: Tale, spacing_ms: int, count: int = 3) -> None:
    tale.sent("strategy", "oms1", replace(submit("q"), symbol=Symbol("ACME")))
    tale.accepted("q")
    for number in range(count):
        tale.at(SECOND + number * spacing_ms * MS)
        tale.sent("strategy", "oms1", AmendOrder(ClOrdID("q"), number + 1, 10, 20_000))


def test_wishes_at_a_throttled_venue_may_be_few_and_where_none_is_throttled_nothing_is_shown() -> None:
    for throttled, spacing_ms, verdict in ((False, 100, undecided), (True, 100, fired), (True, 600, held)):
        tale = Tale()
        judge = tale.judge(slows_at_throttled_venues(2))
        _throttled(tale, throttled)
        _wishes(tale, spacing_ms)
        assert verdict(judge.ruling())


def test_a_venue_that_asks_for_few_requests_no_more_may_be_asked_again() -> None:
    tale = Tale()
    judge = tale.judge(slows_at_throttled_venues(2))
    _throttled(tale, True)
    _throttled(tale, False)
    _wishes(tale, 100)
    assert held(judge.ruling())
