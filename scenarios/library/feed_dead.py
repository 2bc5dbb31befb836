"""Both lines of a venue's feed are dead, heartbeats and all, and the market moves on."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.feed import FeedDead, FeedLineDead
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a feed of which nothing is heard is not traded on, and one line is as good as two", stands_for=DATA_FEED
)
def feed_dead() -> Scenario:
    """First one line of exchange-a, then both, for eight seconds in which prices rise."""
    return Scenario(
        workload=Workload(orders_per_s=7, start_ns=1 * SECOND, stop_ns=20 * SECOND, lots_min=1, lots_max=10),
        plan=(
            during(3 * SECOND, 6 * SECOND, FeedLineDead("exchange-a", "A")),
            during(8 * SECOND, 16 * SECOND, FeedDead("exchange-a")),
            during(8 * SECOND, 16 * SECOND, PriceSlide("all of symbols", 160)),
        ),
        promises=(*always(), *settles(), protection_acted("feed.watch_silence")),
        duration_ns=26 * SECOND,
    )
