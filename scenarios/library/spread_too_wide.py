"""Orders that are too large, each within its limits, pile up on both sides of the book."""

from squall.faults.fault import during
from squall.faults.messages import ValueAsQuantity
from squall.scenarios.checks.money import gross_within_limit
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="long and short together stay within what the desk is meant to run",
)
def spread_too_wide() -> Scenario:
    """Orders grow a hundredfold for two seconds; nobody looks at the single one, nor at the single name."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(risk=RiskConfig(max_gross_percent=15, fat_finger=False, concentration=False))
        ),
        workload=Workload(
            orders_per_s=8, start_ns=1 * SECOND, stop_ns=9 * SECOND, lots_min=5, lots_max=20, marketable_share=0.9
        ),
        plan=(during(4 * SECOND, 6 * SECOND, ValueAsQuantity("strategy", share=0.6)),),
        promises=(*always(), *settles(), gross_within_limit(), protection_acted("risk.exposure_limits")),
        duration_ns=14 * SECOND,
    )
