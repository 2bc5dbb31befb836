"""A name comes onto the restricted list in the middle of the day, and a strategy does not know."""

from squall.faults.fault import during
from squall.faults.reference import WrongEntry
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.sent import none_restricted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="what compliance has put on the restricted list is not traded any more, whoever wants to",
)
def restricted_name() -> Scenario:
    """From 4 s on risk is told that BOLT is restricted; four seconds later it is not any more."""
    return Scenario(
        workload=Workload(
            orders_per_s=8, start_ns=1 * SECOND, stop_ns=9 * SECOND, lots_min=5, lots_max=20, marketable_share=0.9
        ),
        plan=(during(4 * SECOND, 8 * SECOND, WrongEntry("risk", "BOLT", "restricted", "on")),),
        promises=(*always(), *settles(), none_restricted(), protection_acted("risk.restricted_list")),
        duration_ns=14 * SECOND,
    )
