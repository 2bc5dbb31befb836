"""A day of clients' orders in ten seconds: all four algorithms at work while something fails, another thing a seed."""

from typing import Final

from squall.faults.drawn import Dice
from squall.faults.exchange import PriceSlide
from squall.faults.fault import Fault, Plan, during
from squall.faults.feed import FeedDead
from squall.faults.host import Crash
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.swarm import Swarm
from squall.faults.venue_staff import VenueCloses
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.checks.reached import parent_reached, something_struck
from squall.scenarios.checks.schedules import interrupted_and_went_on
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import Settings
from squall.sim.world import World
from squall.system.config import AlgosConfig, DeskConfig
from squall.system.domain.clients import ClientFlow
from squall.system.domain.messages import ParentOutcome
from squall.system.domain.signals import Workload

PHASES: Final = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)

ALGOS: Final = AlgosConfig(day_ns=10 * SECOND, twap_slices=4, shortfall_slices=5, pace_ns=600 * MILLISECOND)

LASTS: Final = 2_500 * MILLISECOND
"""Longer than from one slice of TWAP to the next."""
UP, DOWN = PriceSlide("all of symbols", 120), PriceSlide("all of symbols", -120)

Trouble = tuple[tuple[int, int, Fault], ...]
"""Faults, each from when until when after the trouble begins."""


def at_once(*faults: Fault) -> Trouble:
    """All of them, for the usual time."""
    return tuple((0, LASTS, fault) for fault in faults)


TROUBLES: Final = (
    at_once(VenueCloses("exchange-a"), VenueCloses("exchange-b")),
    at_once(FeedDead("exchange-a"), FeedDead("exchange-b")),
    at_once(Crash("oms1")),
    at_once(Crash("oms1"), Crash("oms2")),
    at_once(Crash("algo")),
    ((0, SECOND, UP), (2 * SECOND, 4 * SECOND, DOWN), (5 * SECOND, 6 * SECOND, UP)),
)
"""What comes between a schedule and its market: venues halt, feeds go stale, the desk fails over, nobody leads it at
all, the algorithms themselves die, the market goes beyond the limits of those who buy and then of those who sell."""


def drawn(world: World) -> Plan:
    """What a swarm draws, and one of these troubles in the middle of all schedules."""
    dice = Dice(world.chance, "schedules")
    start_ns = 2_500 * MILLISECOND + dice.ns("start", 1 * MILLISECOND, 2 * SECOND)
    trouble = dice.one("trouble", TROUBLES)
    return (
        *Swarm(PHASES)(world),
        *(during(start_ns + from_ns, start_ns + to_ns, fault, must_touch=False) for from_ns, to_ns, fault in trouble),
    )


@scenario(
    proves="whatever interrupts them, and whatever few kinds of fault strike beside it, clients' orders are worked off "
    "within their quantity, limit, time and share of volume, and end exactly filled or reported",
    campaign=True,
)
def execution_day() -> Scenario:
    """Five parents, of all four algorithms, from three clients, beside a little trading of the house. The last one is
    wanted back half-way."""
    return Scenario(
        settings=Settings(desk=DeskConfig(algos=ALGOS)),
        workload=Workload(
            orders_per_s=1,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=30,
            clients=ClientFlow(parents=5, first_ns=1 * SECOND, window_ns=10 * SECOND, wanted_back=1, limit_share=0.7),
        ),
        plan=drawn,
        promises=(
            *always(),
            *settles(),
            *parents_kept(),
            something_struck(),
            interrupted_and_went_on(),
            parent_reached("done", ParentOutcome.FILLED.value),
            parent_reached("done", ParentOutcome.CANCELED.value),
        ),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
