"""A strategy runs away, and trades with itself in mind no more: the same again and again, and every order is filled."""

from squall.faults.fault import during
from squall.faults.operator import PullSwitch
from squall.faults.phases import MILLISECOND
from squall.faults.runaway import Runaway
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.sent import runaway_stopped
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="after so many executions alike a strategy is stopped, and stays so until a person sets it going again",
)
def runaway_strategy() -> Scenario:
    """For a second and a half every order has six copies behind it; a person looks at 7 s, and sets it going at 8 s."""
    return Scenario(
        settings=Settings(desk=DeskConfig(risk=RiskConfig(max_repeats=15, duplicate_filter=False))),
        workload=Workload(
            orders_per_s=8, start_ns=1 * SECOND, stop_ns=9 * SECOND, lots_min=5, lots_max=10, marketable_share=1.0
        ),
        plan=(
            during(4 * SECOND, 5_500 * MILLISECOND, Runaway(copies=6)),
            during(7 * SECOND, 8 * SECOND, PullSwitch(scope="strategy", which="pulse")),
        ),
        promises=(*always(), *settles(), runaway_stopped(), protection_acted("risk.repeat_throttle")),
        duration_ns=14 * SECOND,
    )
