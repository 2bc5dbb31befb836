"""Every venue's own feed is dead on both lines, for long, and the market moves on. Another vendor still has prices."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.feed import FeedDead
from squall.faults.network import LinkCut
from squall.scenarios.checks.providers import orders_go_on, second_provider_within
from squall.scenarios.checks.reached import feed_reached, protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Market, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="while the direct feeds are dead the desk trades on the second provider's data, no older than they may be, "
    "and goes back to the venues' own when these have been well for a while",
    stands_for=DATA_FEED,
)
def second_provider() -> Scenario:
    """Both feeds are dead for ten seconds, in one of which the other vendor's line is cut as well."""
    return Scenario(
        market=Market(second_provider=True),
        workload=Workload(orders_per_s=7, start_ns=1 * SECOND, stop_ns=22 * SECOND, lots_min=1, lots_max=10),
        plan=(
            during(4 * SECOND, 14 * SECOND, FeedDead("exchange-a")),
            during(4 * SECOND, 14 * SECOND, FeedDead("exchange-b")),
            during(4 * SECOND, 14 * SECOND, PriceSlide("all of symbols", 160)),
            during(8 * SECOND, 9 * SECOND, LinkCut("vendor/feed-md")),
        ),
        promises=(
            *always(),
            *settles(),
            second_provider_within(750 * MILLISECOND),
            orders_go_on(3 * SECOND),
            protection_acted("feed.second_provider"),
            feed_reached("direct feed"),
        ),
        duration_ns=28 * SECOND,
    )
