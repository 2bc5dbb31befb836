"""Tokyo, 1 October 2020: memory fails in the primary for good, and the switch-over hangs on one setting."""

from squall.faults.fault import during
from squall.faults.host import Crash
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.checks.reached import leader_reached, protection_acted
from squall.scenarios.checks.recovery import venues_reached_again
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a primary that is not coming back costs two seconds and not the day, as long as the backup takes over by "
    "itself",
    stands_for="TSE 2020",
)
def tse_2020() -> Scenario:
    """A module of oms1's memory fails at five seconds: the machine stops, and is not repaired before tomorrow."""
    return Scenario(
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=20 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.7,
            cancel_after_ns=2 * SECOND,
        ),
        plan=(during(5 * SECOND, 6 * SECOND, Crash("oms1", comes_back=False)),),
        promises=(
            *always(),
            *settles(),
            leads_again("oms1"),
            venues_reached_again(500 * MILLISECOND, 2 * SECOND),
            leader_reached("oms2"),
            protection_acted("lease.takeover"),
        ),
        duration_ns=28 * SECOND,
    )
