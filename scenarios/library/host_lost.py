"""The replication link is cut; then the leader is lost together with its disk."""

from squall.faults.fault import during
from squall.faults.host import Crash
from squall.faults.network import Partition
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="no effect leaves before the backup has its events: a host may be lost with its disk (RPO 0)",
    stands_for=HARDWARE,
)
def host_lost() -> Scenario:
    """For two seconds the leader cannot reach its backup. What it does in that time nobody else knows."""
    return Scenario(
        workload=Workload(orders_per_s=10, start_ns=1 * SECOND, stop_ns=16 * SECOND, lots_min=10, lots_max=40),
        plan=(
            during(6 * SECOND, 12 * SECOND, Partition(("oms1",), ("oms2",), both_ways=True)),
            during(8 * SECOND, 13 * SECOND, Crash("oms1", with_disk=True)),
        ),
        promises=(*always(), *settles(), leads_again("oms1"), leader_reached("oms2")),
        duration_ns=26 * SECOND,
    )
