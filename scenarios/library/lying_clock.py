"""One of three time servers has lost the time, and says so to everybody who asks."""

from squall.faults.fault import during
from squall.faults.hardware import ClockStep
from squall.scenarios.checks.clocks import clocks_within
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a time server that lies is outvoted by the others: no clock follows it",
    stands_for=HARDWARE,
)
def lying_clock() -> Scenario:
    """ntp1's own clock jumps five milliseconds ahead and stays there for eight seconds."""
    return Scenario(
        workload=Workload(orders_per_s=6, start_ns=1 * SECOND, stop_ns=14 * SECOND, lots_min=10, lots_max=40),
        plan=(during(5 * SECOND, 13 * SECOND, ClockStep("ntp1", 5 * MILLISECOND)),),
        promises=(*always(), *settles(), clocks_within(settled_ns=2 * SECOND)),
        time_servers=3,
        duration_ns=20 * SECOND,
    )
