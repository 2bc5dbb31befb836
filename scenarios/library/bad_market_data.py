"""The market data feed of figure 10.4: prices that cannot be, a book that crosses, one that is stuck, a frozen feed."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.feed import FeedStale
from squall.faults.feed_lies import BadTick, FeedCrossed, FeedStuck
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="no order is priced off a bad tick, a crossed book, a price that is stuck or a feed that has stopped; after "
    "each, the desk trades on the venue's true book again",
    stands_for=DATA_FEED,
)
def bad_market_data() -> Scenario:
    """exchange-a's feed lies, twice over; then it is stuck and later frozen, each time in a market that moves."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=4)),
        workload=Workload(orders_per_s=7, start_ns=1 * SECOND, stop_ns=38 * SECOND, lots_min=1, lots_max=10),
        plan=(
            during(4 * SECOND, 7 * SECOND, BadTick("exchange-a", 0.3)),
            during(9 * SECOND, 12 * SECOND, FeedCrossed("exchange-a", 0.3)),
            during(14 * SECOND, 22 * SECOND, FeedStuck("exchange-a")),
            during(14 * SECOND, 22 * SECOND, PriceSlide("all of symbols", 160)),
            during(27 * SECOND, 35 * SECOND, FeedStale("exchange-a")),
            during(27 * SECOND, 35 * SECOND, PriceSlide("all of symbols", -160)),
        ),
        promises=(
            *always(),
            *settles(),
            protection_acted("feed.check_prices"),
            protection_acted("feed.watch_stuck"),
            protection_acted("feed.watch_quiet"),
        ),
        duration_ns=45 * SECOND,
    )
