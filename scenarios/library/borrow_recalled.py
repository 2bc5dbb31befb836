"""A lender recalls its shares, and a strategy that sells more than it buys goes on."""

from squall.faults.fault import during
from squall.faults.reference import WrongEntry
from squall.scenarios.checks.money import shorts_located
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="nothing is sold short that nobody has lent",
)
def borrow_recalled() -> Scenario:
    """Seven orders in eight are sales; from 4 s on no lot of ACME may be short."""
    return Scenario(
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=9 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.9,
            buy_share=0.125,
        ),
        plan=(during(4 * SECOND, 8 * SECOND, WrongEntry("risk", "ACME", "locate", "0")),),
        promises=(*always(), *settles(), shorts_located(), protection_acted("risk.locates")),
        duration_ns=14 * SECOND,
    )
