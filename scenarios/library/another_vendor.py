"""Both venues' own feeds die for five seconds while prices move, on a quiet desk that has a second provider."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.feed import FeedDead
from squall.scenarios.checks.providers import orders_go_on, second_provider_within
from squall.scenarios.checks.reached import feed_reached, protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Market, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a desk whose direct feeds are dead trades on by the second provider's prices, and comes back to its own",
    campaign=True,
    stands_for=DATA_FEED,
)
def another_vendor() -> Scenario:
    """`second-provider` in small, for thousands of seeds: one outage, no trouble with the vendor's own line."""
    return Scenario(
        market=Market(second_provider=True),
        settings=Settings(venue=VenueConfig(events_per_s=2)),
        workload=Workload(orders_per_s=4, start_ns=1 * SECOND, stop_ns=10 * SECOND, lots_min=1, lots_max=10),
        plan=(
            during(3 * SECOND, 8 * SECOND, FeedDead("exchange-a")),
            during(3 * SECOND, 8 * SECOND, FeedDead("exchange-b")),
            during(4 * SECOND, 8 * SECOND, PriceSlide("all of symbols", 100)),
        ),
        promises=(
            *always(),
            *settles(),
            second_provider_within(750 * MILLISECOND),
            orders_go_on(3 * SECOND),
            protection_acted("feed.second_provider"),
            feed_reached("direct feed"),
        ),
        duration_ns=14 * SECOND,
    )
