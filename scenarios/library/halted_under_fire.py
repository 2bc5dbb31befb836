"""An operator halts one thing or another while anything may be broken, and wants to know that nothing is left of it."""

from squall.faults.drawn import Dice
from squall.faults.fault import Plan, during
from squall.faults.operator import PullSwitch
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.swarm import Swarm
from squall.scenarios.checks.kill_switch import halts_are_proved, halts_are_true
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.sim.world import World
from squall.system.domain.signals import Workload

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=6 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)
HALTS = (
    PullSwitch(),
    PullSwitch(scope="strategy", which="pulse"),
    PullSwitch(scope="symbol", which="ACME"),
    PullSwitch(scope="venue", which="exchange-a"),
)


def drawn(world: World) -> Plan:
    """What a swarm draws, and a halt in the middle of it that lasts beyond the end of the run."""
    dice = Dice(world.chance, "halt")
    start_ns = PHASES.baseline_ns + int(dice.uniform("start") * PHASES.faults_ns) // MILLISECOND * MILLISECOND
    halt = during(start_ns, PHASES.total_ns + SECOND, dice.one("what", HALTS), must_touch=False)
    return (*Swarm(PHASES)(world), halt)


@scenario(
    proves="whatever else is broken, what was halted stays halted, and nobody is told that nothing is left of it "
    "while something is",
    campaign=True,
)
def halted_under_fire() -> Scenario:
    """The desk, the strategy, a symbol or a venue is halted at some time, among the faults of a swarm."""
    return Scenario(
        workload=Workload(
            orders_per_s=4,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=20,
            marketable_share=0.5,
            cancel_after_ns=1 * SECOND,
        ),
        plan=drawn,
        promises=(*always(), *settles(), halts_are_true(), halts_are_proved(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
