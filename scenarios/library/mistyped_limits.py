"""Limits are typed wrong by fifteen dollars, far through the market."""

from squall.faults.fault import during
from squall.faults.messages import OffByOne
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a limit far through the mark stops at the gate",
)
def mistyped_limits() -> Scenario:
    """For two seconds half of all limits to buy are fifteen dollars too high, at a hundred a share."""
    return Scenario(
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=9 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.9,
            buy_share=1.0,
        ),
        plan=(
            during(
                4 * SECOND, 6 * SECOND, OffByOne("strategy", "SubmitOrder", "price_half_ticks", by=3_000, share=0.5)
            ),
        ),
        promises=(*always(), *settles(), protection_acted("risk.price_collar")),
        duration_ns=14 * SECOND,
    )
