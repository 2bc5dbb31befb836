"""A person has the desk closed while a venue is slow to answer, and then every program stopped."""

from typing import Final

from squall.faults.exchange import ApiSlow
from squall.faults.fault import during
from squall.faults.releases import StopTheDesk
from squall.scenarios.checks.closing import closed_is_closed
from squall.scenarios.checks.feed import feeds_in_sequence
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.releases import stopped_in_order
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.our_desk import our_desk
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload

IN_SEQUENCE: Final = feeds_in_sequence().name
"""Not promised here: market data have stopped, and the venues go on."""


@scenario(
    proves="programs stop in the reverse order of their start, and none before the desk is closed: nothing that it "
    "would have had to hear is lost",
)
def stopped_for_the_day() -> Scenario:
    """The word comes at 8 s, and exchange-a answers 600 ms late: the close waits for it, and the programs for that."""
    return Scenario(
        desk=our_desk(agents=True),
        workload=Workload(
            orders_per_s=16,
            start_ns=1 * SECOND,
            stop_ns=12 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.4,
            cancel_after_ns=4 * SECOND,
        ),
        plan=(
            during(7_500 * MILLISECOND, 10 * SECOND, ApiSlow("exchange-a", delay_ns=600 * MILLISECOND)),
            during(8 * SECOND, 9 * SECOND, StopTheDesk()),
        ),
        promises=(
            *always(),
            *(promise for promise in settles() if promise.name != IN_SEQUENCE),
            closed_is_closed(),
            stopped_in_order(),
            protection_acted("upgrade.await_close"),
        ),
        duration_ns=20 * SECOND,
    )
