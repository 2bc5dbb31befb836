"""An algorithm's children grow a hundredfold on their way: what a client ordered is all that may be let out."""

from squall.faults.fault import during
from squall.faults.messages import ValueAsQuantity
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import AlgosConfig, DeskConfig
from squall.system.domain.clients import ClientFlow
from squall.system.domain.messages import Algorithm
from squall.system.domain.signals import Workload

BY_SCHEDULE = (Algorithm.TWAP, Algorithm.VWAP, Algorithm.SHORTFALL)
"""How much was traded in the market the OMS does not know: whose share it is, is the algorithms' business alone."""


@scenario(
    proves="a child that is larger than what is left of its parent, in flight included, is denied where children are "
    "taken, whatever the algorithm believes",
    stands_for="Knight Capital, 2012: 212 parent orders became 4 million executions",
)
def oversized_children() -> Scenario:
    """For three seconds half of the children ask for their value, typed as a quantity: a hundred times the lots."""
    return Scenario(
        settings=Settings(desk=DeskConfig(algos=AlgosConfig(day_ns=12 * SECOND))),
        workload=Workload(
            orders_per_s=1,
            start_ns=1 * SECOND,
            stop_ns=10 * SECOND,
            lots_min=5,
            lots_max=30,
            clients=ClientFlow(parents=6, window_ns=9 * SECOND, limit_share=0.0, algorithms=BY_SCHEDULE),
        ),
        plan=(during(4 * SECOND, 7 * SECOND, ValueAsQuantity("algos", share=0.5)),),
        promises=(*always(), *settles(), *parents_kept(), protection_acted("oms.parent_cap")),
        duration_ns=16 * SECOND,
    )
