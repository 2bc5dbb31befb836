"""The leader's oscillator runs away, and its clock is held at the time by what three servers say."""

from squall.faults.fault import during
from squall.faults.hardware import ClockDrift
from squall.faults.packets import Latency
from squall.scenarios.checks.clocks import clocks_within
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import MICROSECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="every clock stays within 100 us of true time (RTS 25), whatever its oscillator does and one line hides",
    stands_for=HARDWARE,
)
def drifting_clocks() -> Scenario:
    """oms1's oscillator is 100 ppm too fast for eight seconds; then one server's answers take 400 us longer than its
    questions, as if it were 200 us behind."""
    return Scenario(
        workload=Workload(orders_per_s=6, start_ns=1 * SECOND, stop_ns=14 * SECOND, lots_min=10, lots_max=40),
        plan=(
            during(4 * SECOND, 12 * SECOND, ClockDrift("oms1", 100)),
            during(8 * SECOND, 14 * SECOND, Latency("ntp2/lan", 400 * MICROSECOND, sender="ntp2")),
        ),
        promises=(*always(), *settles(), clocks_within(settled_ns=2 * SECOND)),
        time_servers=3,
        duration_ns=20 * SECOND,
    )
