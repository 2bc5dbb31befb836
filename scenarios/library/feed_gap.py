"""Both lines of a feed lose the same messages."""

from squall.faults.fault import during
from squall.faults.network import PacketLoss
from squall.scenarios.checks.reached import feed_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="what both lines have missed comes back by snapshot, and until then the book is called stale",
    stands_for=DATA_FEED,
)
def feed_gap() -> Scenario:
    """Two seconds without any market data from exchange-a."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=4)),
        workload=Workload(orders_per_s=8, start_ns=1 * SECOND, stop_ns=14 * SECOND, lots_min=10, lots_max=40),
        plan=(
            during(5 * SECOND, 7 * SECOND, PacketLoss("exchange-a/feed-A", 1.0)),
            during(5 * SECOND, 7 * SECOND, PacketLoss("exchange-a/feed-B", 1.0)),
        ),
        promises=(*always(), *settles(), feed_reached("gap"), feed_reached("in sequence")),
        duration_ns=20 * SECOND,
    )
