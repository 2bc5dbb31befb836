"""The mix of production: what fails in the shares in which it fails, eight times in ten seconds."""

from squall.faults.mix import Mix
from squall.faults.phases import SECOND, Phases
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import Settings
from squall.system.config import DeskConfig, OmsConfig
from squall.system.domain.signals import Workload

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=10 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)


@scenario(
    proves="whatever production brings, in its own shares: nothing is lost or sent twice, and all is well after it",
    campaign=True,
)
def production_mix() -> Scenario:
    """Another plan for each seed: baseline, faults, heal, converge."""
    return Scenario(
        settings=Settings(desk=DeskConfig(oms=OmsConfig(ended_kept=5))),
        workload=Workload(
            orders_per_s=4,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=30,
            cancel_after_ns=2 * SECOND,
            amend_share=0.5,
        ),
        plan=Mix(PHASES, per_minute=48),
        promises=(*always(), *settles(), something_struck()),
        duration_ns=PHASES.total_ns,
    )
