"""The tick store's disk is slow, then full; then its machine goes down. The orders' way does not feel it."""

from squall.faults.fault import during
from squall.faults.hardware import DiskFull, DiskSlow
from squall.faults.host import Crash
from squall.scenarios.checks.history import bars_are_true
from squall.scenarios.checks.sla import latency_within
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.config import DeskConfig, HistoryConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="the tick store may lag, or lose its tail, and no order is slower for it; what it has is true",
    campaign=True,
    stands_for=HARDWARE,
)
def tick_store_in_trouble() -> Scenario:
    """Three faults of the machine that audit, monitor and tick store share."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(history=HistoryConfig(batch=2, max_unsynced=2)), venue=VenueConfig(events_per_s=2)
        ),
        workload=Workload(orders_per_s=3, start_ns=1 * SECOND, stop_ns=14 * SECOND, lots_min=1, lots_max=20),
        plan=(
            during(3 * SECOND, 5 * SECOND, DiskSlow("ops", 100_000.0)),
            during(6 * SECOND, 10 * SECOND, DiskFull("ops")),
            during(11 * SECOND, 13 * SECOND, Crash("ops")),
        ),
        promises=(
            *always(),
            *settles(),
            bars_are_true(),
            latency_within("order_to_ack", 99, 2 * MILLISECOND),
        ),
        duration_ns=18 * SECOND,
    )
