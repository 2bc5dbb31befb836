"""The backup's copy of the journal has rotted unseen; then the leader is lost, and later it is lost again."""

from squall.faults.disk import BitRot
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.scenarios.checks.reached import leader_reached, protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="nobody leads from a journal with a hole in it: the backup waits for the leader's, and is whole again",
    stands_for=HARDWARE,
)
def rotten_backup() -> Scenario:
    """Bits flip in eight records on oms2's disk. It finds out when it is to take over, and does not.

    When oms1 is back it leads from its own copy, which it sends to oms2; and when it crashes again, oms2 leads.
    """
    return Scenario(
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=16 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.6,
            cancel_after_ns=2 * SECOND,
        ),
        plan=(
            during(4 * SECOND, 4_100 * MILLISECOND, BitRot("oms2", file="journal", records=8)),
            during(5 * SECOND, 7 * SECOND, Crash("oms1")),
            during(12 * SECOND, 14 * SECOND, Crash("oms1")),
        ),
        promises=(*always(), *settles(), protection_acted("oms.whole_log"), leader_reached("oms2")),
        duration_ns=24 * SECOND,
    )
