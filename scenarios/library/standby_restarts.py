"""The standby restarts, and soon afterwards the leader is lost: the streams of its first life are dead."""

from squall.faults.fault import during
from squall.faults.host import Crash
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a standby that has just restarted takes over, and the strategy trades on through it",
    stands_for=HARDWARE,
)
def standby_restarts() -> Scenario:
    """oms2 is gone for a second, which nobody who never writes to it can notice; then oms1 is gone for six."""
    return Scenario(
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=20 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.6,
        ),
        plan=(
            during(4 * SECOND, 5 * SECOND, Crash("oms2")),
            during(9 * SECOND, 15 * SECOND, Crash("oms1")),
        ),
        promises=(*always(), *settles(), leads_again("oms1"), leader_reached("oms2")),
        duration_ns=26 * SECOND,
    )
