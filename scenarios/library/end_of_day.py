"""The desk closes for the day while a venue is slow to answer, loses its leader over it, and opens again."""

from squall.faults.exchange import ApiSlow
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.faults.operator import PullSwitch
from squall.scenarios.checks.closing import closed_is_closed
from squall.scenarios.checks.reached import leader_reached, protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="an orderly end: nothing new, what does not outlive the day is cancelled, what is in flight is awaited, the "
    "venues' lists agree; then nothing leaves until a person opens the desk again",
)
def end_of_day() -> Scenario:
    """A person closes the desk at 8 s; exchange-a answers 600 ms late, and oms1 dies 300 ms after the word.

    Half of what rests is good till cancelled. The desk is opened again at 16 s, and trades on.
    """
    return Scenario(
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=20 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.4,
            gtc_share=0.5,
            cancel_after_ns=4 * SECOND,
        ),
        plan=(
            during(7_500 * MILLISECOND, 10 * SECOND, ApiSlow("exchange-a", delay_ns=600 * MILLISECOND)),
            during(8 * SECOND, 16 * SECOND, PullSwitch(state="closing")),
            during(8_300 * MILLISECOND, 12 * SECOND, Crash("oms1")),
        ),
        promises=(
            *always(),
            *settles(),
            closed_is_closed(),
            leader_reached("oms2"),
            protection_acted("risk.drain"),
        ),
        duration_ns=32 * SECOND,
    )
