"""The leader of the order management loses power with orders in flight."""

from squall.faults.fault import during
from squall.faults.host import Crash
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="the backup leads within the RTO, nothing is lost (RPO 0), nothing is sent twice",
    stands_for=HARDWARE,
)
def oms_crash() -> Scenario:
    """oms1 crashes and comes back ten seconds later, as standby."""
    return Scenario(
        workload=Workload(
            orders_per_s=7,
            start_ns=1 * SECOND,
            stop_ns=52 * SECOND,
            lots_min=10,
            lots_max=60,
            marketable_share=0.6,
            cancel_after_ns=3 * SECOND,
        ),
        plan=(during(20 * SECOND, 30 * SECOND, Crash("oms1")),),
        promises=(*always(), *settles(), leads_again("oms1"), leader_reached("oms2")),
    )
