"""A new build is rolled out while anything may be broken."""

from squall.faults.drawn import Dice
from squall.faults.fault import Plan, during
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.releases import StartRollOut
from squall.faults.swarm import Swarm
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.our_desk import our_desk
from squall.scenarios.scenario import Scenario, scenario
from squall.sim.world import World
from squall.system.domain.signals import Workload

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=6 * SECOND, heal_ns=2 * SECOND, converge_ns=12 * SECOND)


def drawn(world: World) -> Plan:
    """What a swarm draws, and a roll-out that begins in the middle of it."""
    dice = Dice(world.chance, "roll-out")
    start_ns = PHASES.baseline_ns + int(dice.uniform("start") * PHASES.faults_ns) // MILLISECOND * MILLISECOND
    return (*Swarm(PHASES)(world), during(start_ns, start_ns + SECOND, StartRollOut(), must_touch=False))


@scenario(
    proves="whatever else is broken while builds are rolled out, nothing is lost or done twice, and what cannot be "
    "replaced is left as it was",
    campaign=True,
)
def upgraded_under_fire() -> Scenario:
    """The roll-out begins at some time among the faults of a swarm; a build that does not get ready is taken back."""
    return Scenario(
        desk=our_desk(agents=True),
        workload=Workload(
            orders_per_s=4,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=20,
            marketable_share=0.4,
            cancel_after_ns=2 * SECOND,
        ),
        plan=drawn,
        promises=(*always(), *settles(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
