"""Market data that cannot be: locked books, prices of nothing, names nobody knows, and the past played again."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.feed_lies import FeedImpossible, FeedLocked
from squall.faults.feed_old import FeedMisnamed, FeedReplays
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="what a feed tells that cannot be is never traded on, and the venue's own image mends what it has spoilt",
    stands_for=DATA_FEED,
)
def impossible_market_data() -> Scenario:
    """exchange-a locks and quotes at nothing; then it names a symbol wrongly and later replays the past, both times in
    a market that moves."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=4)),
        workload=Workload(orders_per_s=7, start_ns=1 * SECOND, stop_ns=36 * SECOND, lots_min=1, lots_max=10),
        plan=(
            during(3 * SECOND, 6 * SECOND, FeedLocked("exchange-a", 0.3)),
            during(7 * SECOND, 10 * SECOND, FeedImpossible("exchange-a", 0.3)),
            during(11 * SECOND, 19 * SECOND, FeedMisnamed("exchange-a", 1.0)),
            during(11 * SECOND, 19 * SECOND, PriceSlide("all of symbols", 160)),
            during(20 * SECOND, 34 * SECOND, FeedReplays("exchange-a", 7 * SECOND)),
            during(20 * SECOND, 34 * SECOND, PriceSlide("all of symbols", -160)),
        ),
        promises=(
            *always(),
            *settles(),
            protection_acted("feed.check_locked"),
            protection_acted("feed.check_numbers"),
            protection_acted("feed.check_symbol"),
            protection_acted("feed.check_time"),
        ),
        duration_ns=42 * SECOND,
    )
