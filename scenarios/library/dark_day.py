"""Clients' large orders in a market with a dark pool, while something fails, another thing a seed."""

from typing import Final

from squall.faults.drawn import Dice
from squall.faults.exchange import CancelsSlow, ReportsLost, RequestsLost, SessionDrop, SilentStall
from squall.faults.fault import Fault, Plan, during
from squall.faults.feed import FeedDead
from squall.faults.host import Crash
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.swarm import Swarm
from squall.faults.venue_staff import TradesBusted, UnsolicitedCancels, VenueCloses
from squall.scenarios.checks.dark import dark_at_the_middle
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.market import DARK_POOL
from squall.scenarios.scenario import Market, Scenario, scenario
from squall.scenarios.settings import Settings
from squall.sim.world import World
from squall.system.config import AlgosConfig, DeskConfig
from squall.system.domain.clients import ClientFlow
from squall.system.domain.messages import Algorithm
from squall.system.domain.signals import Workload

PHASES: Final = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)

ALGOS: Final = AlgosConfig(day_ns=10 * SECOND, twap_slices=4, dark_patience_ns=1 * SECOND)

TROUBLES: Final[tuple[tuple[Fault, ...], ...]] = (
    (CancelsSlow(DARK_POOL, 400 * MILLISECOND),),
    (ReportsLost(DARK_POOL),),
    (ReportsLost(DARK_POOL, only="ends"),),
    (RequestsLost(DARK_POOL, share=0.5),),
    (SilentStall(DARK_POOL),),
    (SessionDrop(DARK_POOL),),
    (VenueCloses(DARK_POOL),),
    (UnsolicitedCancels(DARK_POOL), TradesBusted(DARK_POOL, share=0.5)),
    (FeedDead("exchange-a"), FeedDead("exchange-b")),
    (Crash("oms1"),),
    (Crash("algo"),),
)
"""What may come between an order in the dark and its end: the pool is slow, silent, deaf or shut, ends it by itself or
takes its trades back, there is no light to go to, and those who wait for it die."""
TROUBLE_NS: Final = 2_500 * MILLISECOND


def drawn(world: World) -> Plan:
    """What a swarm draws, and one of these troubles while orders are in the dark."""
    dice = Dice(world.chance, "in the dark")
    start_ns = 2_000 * MILLISECOND + dice.ns("start", 1 * MILLISECOND, 2 * SECOND)
    trouble = dice.one("trouble", TROUBLES)
    return (*Swarm(PHASES)(world), *(during(start_ns, start_ns + TROUBLE_NS, fault, False) for fault in trouble))


@scenario(
    proves="whatever becomes of an order in the dark, and whatever few kinds of fault strike beside it, its parent is "
    "worked off once: at the middle and on its terms in the dark, within its limit in the light",
    campaign=True,
)
def dark_day() -> Scenario:
    """Four parents that go to the dark first, and one by the clock, beside a little trading of the house."""
    return Scenario(
        settings=Settings(desk=DeskConfig(algos=ALGOS)),
        market=Market(dark_pool=True),
        workload=Workload(
            orders_per_s=1,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=30,
            clients=ClientFlow(
                algorithms=(Algorithm.DARK_FIRST, Algorithm.DARK_FIRST, Algorithm.TWAP),
                parents=5,
                first_ns=1 * SECOND,
                every_ns=700 * MILLISECOND,
                window_ns=6 * SECOND,
                lots_min=80,
                lots_max=320,
                cancel_share=0.1,
            ),
        ),
        plan=drawn,
        promises=(*always(), *settles(), *parents_kept(), dark_at_the_middle(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
