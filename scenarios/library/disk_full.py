"""The leader's disk is full, so that orders pile up unwritten; then its host goes down, and the rest is recovery."""

from squall.faults.fault import during
from squall.faults.hardware import DiskFull
from squall.faults.host import Crash
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="what a leader could not write it has not let out, and whoever leads next sees every order to its end",
    campaign=True,
    stands_for=HARDWARE,
)
def disk_full() -> Scenario:
    """Nothing leaves while there is no room: not even answers that came in are acted upon. Cascading into a crash.

    The backup has more of the journal than the leader's own disk, and orders that nobody has asked a venue about.
    """
    return Scenario(
        workload=Workload(
            orders_per_s=15, start_ns=4 * SECOND, stop_ns=7 * SECOND, lots_min=10, lots_max=40, amend_share=0.5
        ),
        plan=(
            during(5 * SECOND, 6_500 * MILLISECOND, DiskFull("oms1")),
            during(6 * SECOND, 9 * SECOND, Crash("oms1")),
        ),
        promises=(*always(), *settles(), leader_reached("oms2")),
        duration_ns=15 * SECOND,
    )
