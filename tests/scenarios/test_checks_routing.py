"""The judge of where orders take: it compares what they paid, fees included, with what other venues showed."""

from squall.scenarios.checks.routing import best_net_price
from squall.scenarios.scenario import Judge
from squall.sim.trace import TouchChanged, VenueAccepted, VenueExecuted
from tests.scenarios.stages import SECOND, Tale, fired, held, undecided


def _touch(tale: Tale, venue: str, ask: int, lots: int = 50) -> None:
    tale.saw(TouchChanged(venue, "ACME", 1, ask - 4, lots, ask, lots), venue)


def _takes(tale: Tale, price: int, *, ioc: bool = True) -> int:
    """An order of 10 lots comes to exchange-a and trades there at this price."""
    tale.saw(VenueAccepted("exchange-a", "a", "a", "ACME", True, 10, 20_010, ioc), "exchange-a")
    return tale.saw(VenueExecuted("exchange-a", "e-1", "a", "a", "ACME", True, 10, price), "exchange-a")


def _after(*asks: int, wait_ns: int = SECOND, lots: int = 50) -> tuple[Tale, Judge]:
    """Both venues have shown these offers for so long."""
    tale = Tale()
    judge = tale.judge(best_net_price())
    for venue, ask in zip(("exchange-a", "exchange-b"), asks, strict=True):
        _touch(tale, venue, ask, lots)
    tale.at(wait_ns)
    return tale, judge


def test_taking_at_the_best_price_holds_and_where_it_is_dearer_is_a_violation() -> None:
    tale, judge = _after(20_000, 20_002)
    _takes(tale, 20_000)
    assert held(judge.ruling())
    tale, judge = _after(20_004, 20_002)
    seq = _takes(tale, 20_004)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert ruling.detail == "a trades at exchange-a; exchange-b is 2.00 half ticks cheaper"


def test_what_the_desk_could_not_know_is_not_held_against_it() -> None:
    tale, judge = _after(20_004, 20_002, wait_ns=1_000)
    _takes(tale, 20_004)
    assert undecided(judge.ruling())


def test_a_venue_that_shows_too_little_for_the_order_is_no_better_one() -> None:
    tale, judge = _after(20_004, 20_002, lots=9)
    _takes(tale, 20_004)
    assert held(judge.ruling())


def test_what_may_rest_is_not_judged() -> None:
    tale, judge = _after(20_004, 20_002)
    _takes(tale, 20_004, ioc=False)
    assert undecided(judge.ruling())
