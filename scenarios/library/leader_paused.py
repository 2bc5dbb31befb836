"""The leader stops for two seconds in the middle of a burst, wakes up, and believes that it still leads."""

from squall.faults.fault import during
from squall.faults.host import Pause
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import INTERNAL_BUGS, Scenario, scenario
from squall.scenarios.settings import MICROSECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a leader whose lease has ended gets nothing out: it stops itself, and is fenced if it does not",
    stands_for=INTERNAL_BUGS,
)
def leader_paused() -> Scenario:
    """A stop-the-world pause of oms1, 0.345 ms into a burst: orders are approved and replicated, and not yet let out.

    Early in the run, when the strategy's clock has hardly drifted, so that every seed hits that moment.
    """
    return Scenario(
        workload=Workload(orders_per_s=80, burst=80, start_ns=1 * SECOND, stop_ns=7 * SECOND, lots_min=10, lots_max=20),
        plan=(during(2 * SECOND + 345 * MICROSECOND, 4 * SECOND, Pause("oms1")),),
        promises=(*always(), *settles(), leader_reached("oms2")),
        duration_ns=15 * SECOND,
    )
