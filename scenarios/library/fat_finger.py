"""A value is typed for a quantity, and the order is still within every limit of size."""

from squall.faults.fault import during
from squall.faults.messages import ValueAsQuantity
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.sent import sizes_as_meant
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="an order a hundred times as large as usual is taken for a slip of the hand, however far from the limits",
)
def fat_finger() -> Scenario:
    """For two seconds some orders of five to twenty lots are for five hundred to two thousand."""
    return Scenario(
        settings=Settings(desk=DeskConfig(risk=RiskConfig(max_portfolio_value=10_000_000, cash=10_000_000))),
        workload=Workload(
            orders_per_s=8, start_ns=1 * SECOND, stop_ns=9 * SECOND, lots_min=5, lots_max=20, marketable_share=0.9
        ),
        plan=(during(4 * SECOND, 6 * SECOND, ValueAsQuantity("strategy", share=0.4)),),
        promises=(*always(), *settles(), sizes_as_meant(), protection_acted("risk.fat_finger")),
        duration_ns=14 * SECOND,
    )
