"""The leader of the order management hangs on an order: its host answers every packet, and nobody is at home."""

from squall.faults.fault import during
from squall.faults.software import Hangs
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import INTERNAL_BUGS, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a leader that hangs is replaced although its machine and its streams are well, and nothing is sent twice",
    stands_for=INTERNAL_BUGS,
)
def oms_hangs() -> Scenario:
    """A bug in oms1 that some order brings out: the handler does not return. After five seconds somebody kills it."""
    return Scenario(
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=18 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.6,
        ),
        plan=(during(6 * SECOND, 11 * SECOND, Hangs("oms1", "SubmitOrder")),),
        promises=(*always(), *settles(), leads_again("oms1"), leader_reached("oms2")),
        duration_ns=24 * SECOND,
    )
