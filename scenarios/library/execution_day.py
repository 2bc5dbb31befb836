"""A day of clients' orders in ten seconds: all four algorithms at work while something fails, another thing a seed."""

from squall.faults.phases import SECOND, Phases
from squall.faults.swarm import Swarm
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import Settings
from squall.system.config import AlgosConfig, DeskConfig
from squall.system.domain.clients import ClientFlow
from squall.system.domain.signals import Workload

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)

ALGOS = AlgosConfig(day_ns=10 * SECOND, twap_slices=4, shortfall_slices=5)


@scenario(
    proves="whatever few kinds of fault strike, clients' orders are worked off within their quantity, limit, time and "
    "share of volume, and end exactly filled or reported",
    campaign=True,
)
def execution_day() -> Scenario:
    """Four parents, one of each algorithm, from three clients, beside a little trading of the house."""
    return Scenario(
        settings=Settings(desk=DeskConfig(algos=ALGOS)),
        workload=Workload(
            orders_per_s=1,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=30,
            clients=ClientFlow(first_ns=1 * SECOND, window_ns=10 * SECOND, cancel_share=0.1),
        ),
        plan=Swarm(PHASES),
        promises=(*always(), *settles(), *parents_kept(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
