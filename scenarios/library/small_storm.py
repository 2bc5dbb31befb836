"""A storm of quotes in small: a strategy that takes long over each tick, and two hundred touches a second."""

from squall.faults.fault import during
from squall.faults.market import QuoteStuffing
from squall.faults.software import Sluggish
from squall.scenarios.checks.feed import market_data_within
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.config import DeskConfig, FeedConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="in a storm of quotes a slow strategy sees the latest touch in time, on every seed",
    campaign=True,
    stands_for=DATA_FEED,
)
def small_storm() -> Scenario:
    """`quote-storm` for thousands of seeds: a tenth of the touches, for a strategy that is ten times as slow."""
    return Scenario(
        settings=Settings(
            venue=VenueConfig(events_per_s=2),
            desk=DeskConfig(feed=FeedConfig(ticks_per_s=40, tick_burst=5)),
        ),
        workload=Workload(orders_per_s=4, start_ns=1 * SECOND, stop_ns=7 * SECOND, lots_min=1, lots_max=10),
        plan=(
            during(2 * SECOND, 6 * SECOND, Sluggish("strategy", 7_000.0)),
            during(3 * SECOND, 5 * SECOND, QuoteStuffing("exchange-a", 200)),
        ),
        promises=(
            *always(),
            *settles(),
            market_data_within(250 * MILLISECOND),
            protection_acted("feed.conflate"),
        ),
        duration_ns=11 * SECOND,
    )
