"""Packet loss, the second commonest failure of figure 10.4: one packet in a hundred, on orders and on market data."""

from squall.faults.fault import during
from squall.faults.network import PacketLoss
from squall.scenarios.checks.feed import market_data_within
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.sla import latency_within
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import NETWORK, Market, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="with 1 % loss on exchange-a's order link and feed line A, marketable orders fill within 100 ms at p99 and "
    "no market data stays missing",
    stands_for=NETWORK,
)
def packet_loss() -> Scenario:
    """A bad line for most of a minute. Streams are late instead of lossy, and line B fills in for line A."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=3)),
        # Most orders go where the line is bad, or one in a hundred of all of them would hardly feel it.
        market=Market(thin_venues=("exchange-b",)),
        workload=Workload(
            orders_per_s=8,
            burst=2,
            start_ns=1 * SECOND,
            stop_ns=55 * SECOND,
            lots_min=10,
            lots_max=60,
            marketable_share=1.0,
        ),
        plan=(
            during(3 * SECOND, 56 * SECOND, PacketLoss("exchange-a/orders", 0.01)),
            during(3 * SECOND, 56 * SECOND, PacketLoss("exchange-a/feed-A", 0.01)),
        ),
        promises=(
            *always(),
            *settles(),
            latency_within("order_to_fill_marketable", 99, 100 * MILLISECOND),
            market_data_within(50 * MILLISECOND),
            protection_acted("feed.arbitration"),
        ),
    )
