"""Close to every limit: bursts of one-sided orders, a small position limit, a breaker that opens and probes soon."""

from squall.faults.phases import SECOND, Phases
from squall.faults.swarm import Swarm
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, Settings
from squall.system.config import BreakerConfig, DeskConfig, OmsConfig, RiskConfig
from squall.system.domain.signals import Workload

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)


@scenario(
    proves="any few kinds of fault together leave the desk within its limits, however near they are",
    campaign=True,
)
def near_the_limits() -> Scenario:
    """What `swarm` does, where every fill counts: orders come four at a time, and five in eight of them buy."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(
                oms=OmsConfig(snapshot_events=100),
                risk=RiskConfig(max_position_lots=150),
                breaker=BreakerConfig(failure_threshold=2, reset_timeout_ns=1_500 * MILLISECOND),
            )
        ),
        workload=Workload(
            orders_per_s=5,
            burst=4,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=10,
            lots_max=40,
            buy_share=0.625,
            marketable_share=0.7,
            cancel_after_ns=1 * SECOND,
            amend_share=0.5,
        ),
        plan=Swarm(PHASES),
        promises=(*always(), *settles(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
