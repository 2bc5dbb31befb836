"""A day of clients' orders in ten seconds: all four algorithms at work while something fails, another thing a seed."""

from typing import Final

from squall.faults.drawn import Dice
from squall.faults.fault import Fault, Plan, during
from squall.faults.feed import FeedDead
from squall.faults.host import Crash
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.swarm import Swarm
from squall.faults.venue_staff import VenueCloses
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import Settings
from squall.sim.world import World
from squall.system.config import AlgosConfig, DeskConfig
from squall.system.domain.clients import ClientFlow
from squall.system.domain.signals import Workload

PHASES: Final = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)

ALGOS: Final = AlgosConfig(day_ns=10 * SECOND, twap_slices=4, shortfall_slices=5)

TROUBLES: Final[tuple[tuple[Fault, ...], ...]] = (
    (VenueCloses("exchange-a"), VenueCloses("exchange-b")),
    (FeedDead("exchange-a"), FeedDead("exchange-b")),
    (Crash("oms1"),),
    (Crash("algo"),),
)
"""What no schedule goes on under: venues halt, feeds go stale, the desk fails over, the algorithms themselves die."""
TROUBLE_NS: Final = 2_500 * MILLISECOND
"""Longer than from one slice of TWAP to the next."""


def drawn(world: World) -> Plan:
    """What a swarm draws, and one of these troubles in the middle of all schedules."""
    dice = Dice(world.chance, "schedules")
    start_ns = 2_500 * MILLISECOND + dice.ns("start", 1 * MILLISECOND, 2 * SECOND)
    trouble = dice.one("trouble", TROUBLES)
    return (*Swarm(PHASES)(world), *(during(start_ns, start_ns + TROUBLE_NS, fault, False) for fault in trouble))


@scenario(
    proves="whatever interrupts them, and whatever few kinds of fault strike beside it, clients' orders are worked off "
    "within their quantity, limit, time and share of volume, and end exactly filled or reported",
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
        plan=drawn,
        promises=(*always(), *settles(), *parents_kept(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
