"""One program's reference data is wrong: the strategy thinks that prices may be half as fine again."""

from squall.faults.fault import during
from squall.faults.reference import WrongEntry
from squall.scenarios.checks.form import well_formed
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="an order that is malformed goes no further than the OMS, where it is on the record with every fault",
)
def wrong_tick() -> Scenario:
    """For four seconds the strategy quotes ACME in half ticks, which no venue takes."""
    return Scenario(
        workload=Workload(orders_per_s=20, start_ns=1 * SECOND, stop_ns=10 * SECOND, lots_min=10, lots_max=40),
        plan=(during(4 * SECOND, 8 * SECOND, WrongEntry("strategy", "ACME", "tick", "1")),),
        promises=(*always(), *settles(), well_formed(), protection_acted("oms.form_checks")),
        duration_ns=15 * SECOND,
    )
