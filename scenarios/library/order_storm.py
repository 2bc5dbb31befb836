"""A strategy sends twenty orders for each one that it means."""

from squall.faults.fault import during
from squall.faults.phases import MILLISECOND
from squall.faults.runaway import Runaway
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.sent import rate_kept
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="no more orders leave in a second than venues are to get",
)
def order_storm() -> Scenario:
    """For a second and a half every order has twenty copies behind it."""
    return Scenario(
        settings=Settings(desk=DeskConfig(risk=RiskConfig(max_orders_per_s=40, duplicate_filter=False))),
        workload=Workload(
            orders_per_s=8, start_ns=1 * SECOND, stop_ns=9 * SECOND, lots_min=5, lots_max=10, marketable_share=1.0
        ),
        plan=(during(4 * SECOND, 5_500 * MILLISECOND, Runaway(copies=20)),),
        promises=(*always(), *settles(), rate_kept(40), protection_acted("risk.rate_limit")),
        duration_ns=14 * SECOND,
    )
