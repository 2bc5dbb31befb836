"""A person closes the desk for the day while anything may be broken, and opens it again when all is well."""

from squall.faults.drawn import Dice
from squall.faults.fault import Plan, during
from squall.faults.operator import PullSwitch
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.swarm import Swarm
from squall.scenarios.checks.closing import closed_is_closed
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.sim.world import World
from squall.system.domain.signals import Workload

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=6 * SECOND, heal_ns=2 * SECOND, converge_ns=9 * SECOND)
OPENS_NS = PHASES.faults_end_ns + 7 * SECOND


def drawn(world: World) -> Plan:
    """What a swarm draws, and a close in the middle of it."""
    dice = Dice(world.chance, "close")
    start_ns = PHASES.baseline_ns + int(dice.uniform("start") * PHASES.faults_ns) // MILLISECOND * MILLISECOND
    return (*Swarm(PHASES)(world), during(start_ns, OPENS_NS, PullSwitch(state="closing"), must_touch=False))


@scenario(
    proves="whatever else is broken, nobody is told that the desk is closed while more is open than should be, and "
    "what is good till cancelled is the same on both sides",
    campaign=True,
)
def closed_under_fire() -> Scenario:
    """The desk is closed at some time among the faults of a swarm; half of what rests outlives the day."""
    return Scenario(
        workload=Workload(
            orders_per_s=4,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=20,
            marketable_share=0.4,
            gtc_share=0.5,
            cancel_after_ns=2 * SECOND,
        ),
        plan=drawn,
        promises=(*always(), *settles(), closed_is_closed(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
