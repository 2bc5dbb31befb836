"""The leader is cut off from its backup and the keepers, and from nobody else: for a while there are two brains."""

from squall.faults.fault import during
from squall.faults.network import Partition
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import NETWORK, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a leader that is cut off gets nothing out that its successor does not know, and stops; nothing is lost",
    campaign=True,
    stands_for=NETWORK,
)
def split_brain() -> Scenario:
    """The strategy still sends to it, and it can reach every venue: only its own word stands between it and the market.

    Its journal reaches nobody, and its lease cannot be renewed. The backup wins the next epoch meanwhile.
    """
    return Scenario(
        workload=Workload(
            orders_per_s=15, start_ns=4 * SECOND, stop_ns=7 * SECOND, lots_min=10, lots_max=40, amend_share=0.5
        ),
        plan=(during(5 * SECOND, 8 * SECOND, Partition(("oms1",), ("keepers", "oms2"), both_ways=True)),),
        promises=(*always(), *settles(), leader_reached("oms2")),
        duration_ns=14 * SECOND,
    )
