"""Citi, 2 May 2022: what a basket was to be worth was typed where its quantity belonged, and warnings did not help."""

from squall.faults.fault import during
from squall.faults.messages import ValueAsQuantity
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="an order that is a hundred times too large draws a warning that anybody may override, and meets a "
    "block that nobody can",
    stands_for="Citi, 2022",
)
def citi_2022() -> Scenario:
    """For two seconds some orders' values are typed as their quantities: a hundred times the lots, at 100 a share."""
    return Scenario(
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=10 * SECOND,
            lots_min=120,
            lots_max=200,
            marketable_share=0.9,
        ),
        plan=(during(4 * SECOND, 6 * SECOND, ValueAsQuantity("strategy", share=0.4)),),
        promises=(*always(), *settles(), protection_acted("risk.hard_block")),
        duration_ns=16 * SECOND,
    )
