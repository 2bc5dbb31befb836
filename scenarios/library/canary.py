"""The canary: a desk without one of its safeguards, which every campaign has to find."""

from squall.faults.exchange import ApiSlow
from squall.faults.fault import during
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import DeskConfig, ExecutionConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="that a campaign finds what is broken: orders in flight do not count here, so it must be violated",
    campaign=True,
    canary=True,
)
def canary() -> Scenario:
    """Fills come late, a one-sided strategy goes on buying, and what is in flight does not count."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(
                risk=RiskConfig(max_position_lots=500, count_in_flight=False),
                execution=ExecutionConfig(ack_timeout_ns=2 * SECOND),
            )
        ),
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=4 * SECOND,
            lots_min=50,
            lots_max=150,
            buy_share=0.9,
            marketable_share=1.0,
        ),
        plan=tuple(
            during(1_500 * MILLISECOND, 5 * SECOND, ApiSlow(venue, 600 * MILLISECOND), must_touch=False)
            for venue in ("exchange-a", "exchange-b")
        ),
        promises=(*always(), *settles()),
        duration_ns=8 * SECOND,
    )
