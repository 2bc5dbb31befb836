"""A strategy sends some orders twice and thrice, each time under another name."""

from squall.faults.fault import during
from squall.faults.phases import MILLISECOND
from squall.faults.runaway import Runaway
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.sent import no_copies
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="the same order at once again is not another order, whatever it is called",
)
def echoed_orders() -> Scenario:
    """For two seconds two of five orders have three copies behind them."""
    return Scenario(
        settings=Settings(desk=DeskConfig(risk=RiskConfig(max_alike=1, duplicate_window_ns=20 * MILLISECOND))),
        workload=Workload(
            orders_per_s=8, start_ns=1 * SECOND, stop_ns=9 * SECOND, lots_min=5, lots_max=20, marketable_share=1.0
        ),
        plan=(during(4 * SECOND, 6 * SECOND, Runaway(copies=3, share=0.4)),),
        promises=(*always(), *settles(), no_copies(10 * MILLISECOND), protection_acted("risk.duplicate_filter")),
        duration_ns=14 * SECOND,
    )
