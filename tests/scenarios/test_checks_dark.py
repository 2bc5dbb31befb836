"""Dark trades against the lit market and their orders' terms: each way to break them is seen, an honest one is not."""

from msgspec.structs import replace

from squall.scenarios.checks.dark import dark_at_the_middle, traded_in_the_dark
from squall.scenarios.scenario import Judge, Market
from squall.sim.trace import Handled, TouchChanged, VenueAccepted, VenueBusted, VenueExecuted, VenueReplaced
from tests.scenarios.stages import Tale, fired, held, new_order, submit, undecided

POOL = "dark-pool"


class Story:
    """A pool, two lit venues that show 19,998 to 20,004 between them, and an order for 100 lots in the dark."""

    def __init__(self, limit: int | None = 20_002, min_lots: int = 0, buy: bool = True) -> None:
        self.tale = Tale(market=Market(dark_pool=True))
        self.judge: Judge = self.tale.judge(dark_at_the_middle())
        self.buy = buy
        self.touch("exchange-a", 19_996, 20_004)
        self.touch("exchange-b", 19_998, 20_006)
        order = replace(new_order("a", lots=100), price_half_ticks=limit, min_lots=min_lots)
        self.tale.saw(Handled(POOL, "execution", order), POOL)
        self.tale.saw(VenueAccepted(POOL, "a", "a", "ACME", buy, 100, limit, False), POOL)

    def touch(self, venue: str, bid: int, ask: int) -> None:
        lots = (10 if bid else 0, 10 if ask else 0)
        self.tale.saw(TouchChanged(venue, "ACME", 1, bid, lots[0], ask, lots[1]), venue)

    def trades(self, lots: int, price: int = 20_001, venue: str = POOL, name: str = "a") -> None:
        self.tale.saw(VenueExecuted(venue, f"{lots}", name, "a", "ACME", self.buy, lots, price), venue)


def test_the_middle_of_the_best_of_all_lit_venues_is_the_price() -> None:
    story = Story()
    story.trades(60)
    ruling = story.judge.ruling()
    assert held(ruling)
    assert ruling.detail == "1 executions in the dark, all at the middle and on their terms"


def test_any_other_price_is_a_violation_and_so_is_the_middle_of_a_moment_ago() -> None:
    story = Story()
    story.trades(60, 20_000)
    assert fired(story.judge.ruling())
    late = Story()
    late.touch("exchange-b", 20_000, 20_006)
    late.trades(60)
    ruling = late.judge.ruling()
    assert ruling.detail == "a buys 60 lots in dark-pool at 20001 half ticks; the others show 20000 to 20004"


def test_trading_while_there_is_no_middle_is_a_violation() -> None:
    for bid, ask in ((20_008, 20_010), (0, 20_004)):
        story = Story()
        story.touch("exchange-a", bid, ask)
        if not bid:
            story.touch("exchange-b", 0, 20_006)
        story.trades(60)
        assert "no middle" in story.judge.ruling().detail


def test_beyond_its_limit_is_a_violation_on_either_side() -> None:
    for limit, buy, verdict in (
        (20_000, True, fired),
        (20_002, False, fired),
        (20_000, False, held),
        (None, True, held),
    ):
        story = Story(limit, buy=buy)
        story.trades(60)
        assert verdict(story.judge.ruling())


def test_less_than_its_minimum_is_a_violation_unless_no_more_was_left() -> None:
    story = Story(min_lots=50)
    story.trades(80)
    story.trades(20)
    assert held(story.judge.ruling())
    small = Story(min_lots=50)
    small.trades(40)
    assert small.judge.ruling().detail == "a buys 40 lots in dark-pool; 50 lots is the least of it, and 100 were left"


def test_a_minimum_that_is_lost_between_who_meant_it_and_the_pool_counts_all_the_same() -> None:
    story = Story()
    story.tale.sent("algos", "oms1", replace(submit("b", lots=100), min_lots=50))
    story.tale.saw(VenueAccepted(POOL, "b", "b", "ACME", True, 100, 20_002, False), POOL)
    story.tale.saw(VenueExecuted(POOL, "e", "b", "b", "ACME", True, 40, 20_001), POOL)
    assert fired(story.judge.ruling())


def test_it_is_held_against_the_terms_that_it_has_by_then() -> None:
    story = Story(19_998, min_lots=30)
    story.tale.saw(VenueReplaced(POOL, "a~r1", "a", "a", 120, 120, 20_002), POOL)
    story.trades(100, name="a~r1")
    story.tale.saw(VenueBusted(POOL, "x", "100", "a~r1", "a", "ACME", True, 100, 20_001, 0), POOL)
    assert held(story.judge.ruling())
    story.trades(20, name="a~r1")
    assert fired(story.judge.ruling()), "the bust has put a hundred back, so twenty are less than what was left"


def test_what_trades_in_the_light_is_another_promises_business() -> None:
    story = Story()
    story.trades(60, 19_000, venue="exchange-a")
    assert held(story.judge.ruling())


def test_without_a_dark_venue_there_is_nothing_to_judge() -> None:
    assert undecided(Tale().judge(dark_at_the_middle()).ruling())


def test_a_run_in_which_nothing_trades_in_the_dark_says_nothing_of_it() -> None:
    story = Story()
    judge = story.tale.judge(traded_in_the_dark())
    story.trades(60, venue="exchange-a")
    assert undecided(judge.ruling())
    story.trades(60)
    assert held(judge.ruling())
