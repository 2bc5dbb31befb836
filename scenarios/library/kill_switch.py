"""An operator pulls the kill switch while a venue cannot be reached, and the leader dies before it is done."""

from squall.faults.exchange import SessionDrop
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.faults.operator import PullSwitch
from squall.scenarios.checks.kill_switch import halts_are_proved, halts_are_true, nothing_after_halt
from squall.scenarios.checks.reached import leader_reached, protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a kill switch stops everything at once, cancels what is open as soon as its venue can be reached, "
    "whoever leads by then, and says when nothing is left",
)
def kill_switch() -> Scenario:
    """Half of all orders rest. The session to exchange-a is down from 3.9 s to 5.5 s, the switch is pulled at 4 s."""
    return Scenario(
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=12 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.5,
            cancel_after_ns=5 * SECOND,
        ),
        plan=(
            during(3_900 * MILLISECOND, 5_500 * MILLISECOND, SessionDrop("exchange-a")),
            during(4 * SECOND, 20 * SECOND, PullSwitch()),
            during(4_200 * MILLISECOND, 6 * SECOND, Crash("oms1")),
        ),
        promises=(
            *always(),
            *settles(),
            nothing_after_halt(),
            halts_are_true(),
            halts_are_proved(),
            leader_reached("oms2"),
            protection_acted("risk.kill_switch"),
        ),
        duration_ns=18 * SECOND,
    )
