"""Somebody floods a venue with quotes that come and go, and the strategy takes a while over each tick."""

from squall.faults.fault import during
from squall.faults.market import QuoteStuffing
from squall.faults.software import Sluggish
from squall.scenarios.checks.feed import market_data_within
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import DeskConfig, FeedConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="in a storm of quotes the strategy sees the latest touch in time, and not all that have been",
    stands_for=DATA_FEED,
)
def quote_storm() -> Scenario:
    """Two thousand touches a second for a strategy that takes a millisecond over each."""
    return Scenario(
        settings=Settings(desk=DeskConfig(feed=FeedConfig(ticks_per_s=400, tick_burst=20))),
        workload=Workload(orders_per_s=4, start_ns=1 * SECOND, stop_ns=6 * SECOND, lots_min=1, lots_max=10),
        plan=(
            during(2 * SECOND, 5 * SECOND, Sluggish("strategy", 700.0)),
            during(3 * SECOND, 4 * SECOND, QuoteStuffing("exchange-a", 2_000)),
        ),
        promises=(
            *always(),
            *settles(),
            market_data_within(100 * MILLISECOND),
            protection_acted("feed.conflate"),
        ),
        duration_ns=10 * SECOND,
    )
