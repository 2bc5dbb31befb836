"""The reconciler hangs on a venue's list, and the operator's console on a knock. Their hosts open every stream."""

from squall.faults.fault import during
from squall.faults.software import Hangs
from squall.scenarios.checks.health import silence_told
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import INTERNAL_BUGS, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import DeskConfig, MonitorConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="who is knocked at has to answer, reconciler and operator: that a host opens the door is no sign of life",
    campaign=True,
    stands_for=INTERNAL_BUGS,
)
def back_office_hangs() -> Scenario:
    """A knock every two seconds, half a second to answer it; both hang for five, and are started again."""
    within_ns = 2 * SECOND + 600 * MILLISECOND
    return Scenario(
        settings=Settings(
            desk=DeskConfig(monitor=MonitorConfig(health_interval_ns=2 * SECOND, health_timeout_ns=500 * MILLISECOND))
        ),
        workload=Workload(orders_per_s=4, start_ns=1 * SECOND, stop_ns=10 * SECOND, lots_min=5, lots_max=40),
        plan=(
            during(4_500 * MILLISECOND, 9_500 * MILLISECOND, Hangs("reconciler", "OrderMassStatusReport")),
            during(4_500 * MILLISECOND, 9_500 * MILLISECOND, Hangs("operator", "AreYouThere")),
        ),
        promises=(*always(), *settles(), silence_told("reconciler", within_ns), silence_told("operator", within_ns)),
        duration_ns=15 * SECOND,
    )
