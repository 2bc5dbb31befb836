"""Orders that are too large, each within its limits, pile up in one name."""

from squall.faults.fault import during
from squall.faults.messages import ValueAsQuantity
from squall.scenarios.checks.money import name_within_share
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="no name becomes too large a share of the portfolio, whatever is still in flight",
)
def all_eggs_in_one_basket() -> Scenario:
    """Orders grow a hundredfold for two seconds, and nobody looks at the single one."""
    return Scenario(
        settings=Settings(desk=DeskConfig(risk=RiskConfig(fat_finger=False))),
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=9 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.9,
            buy_share=0.9,
        ),
        plan=(during(4 * SECOND, 6 * SECOND, ValueAsQuantity("strategy", share=0.6)),),
        promises=(*always(), *settles(), name_within_share(), protection_acted("risk.concentration")),
        duration_ns=14 * SECOND,
    )
