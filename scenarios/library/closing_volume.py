"""Volume comes at the close, day after day: a VWAP waits for it, whatever becomes of the tick store that knows."""

from typing import Final

from squall.faults.drawn import Dice
from squall.faults.exchange import PriceSlide
from squall.faults.fault import Fault, Plan, during
from squall.faults.hardware import DiskFull, DiskSlow
from squall.faults.host import Crash, Pause
from squall.faults.network import LinkCut, PacketLoss
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.venue_staff import TradesBusted
from squall.scenarios.checks.benchmarks import executions_measured
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.checks.reached import parent_reached
from squall.scenarios.checks.volume import volume_followed, volume_kept_up_with
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.past import PastDays
from squall.scenarios.scenario import Market, Scenario, scenario
from squall.scenarios.settings import Settings, VenueConfig
from squall.sim.world import World
from squall.system.config import AlgosConfig, DeskConfig
from squall.system.domain.clients import ClientFlow
from squall.system.domain.messages import Algorithm, ParentOutcome
from squall.system.domain.signals import Workload

PHASES: Final = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)
VOLUMES: Final = (100, 100, 100, 100, 200, 200, 300, 500, 800, 1_200)
TROUBLES: Final[tuple[Fault, ...]] = (
    Crash("ops"),
    Pause("ops"),
    DiskFull("ops"),
    DiskSlow("ops", 10_000.0),
    LinkCut("ops/lan"),
    PacketLoss("ops/lan", 0.5),
)
"""What becomes of the tick store: it dies, stands still, cannot write, and is not heard."""


def drawn(world: World) -> Plan:
    """One trouble of the tick store at some time, a venue that takes some trades back, and a market that rises or falls
    all the while.

    Before it the first parent is at its end, and what was traded meanwhile has been told.
    """
    dice = Dice(world.chance, "closing volume")
    latest_ns = PHASES.faults_ns - 1 * SECOND
    start_ns = 3 * SECOND + int(dice.uniform("start") * latest_ns) // MILLISECOND * MILLISECOND
    trouble = during(start_ns, start_ns + dice.ns("lasts", SECOND // 2, 3 * SECOND), dice.one("what", TROUBLES), False)
    busts = TradesBusted(dice.one("busts", ("exchange-a", "exchange-b")), share=0.2, delay_ns=300 * MILLISECOND)
    return (
        trouble,
        during(3 * SECOND, 10 * SECOND, busts, must_touch=False),
        during(2 * SECOND, 10 * SECOND, PriceSlide("all of symbols", dice.one("way", (4, -4)))),
    )


@scenario(
    proves="a VWAP follows the volume that was recorded and no order waits for the tick store; what clients hear about "
    "their executions adds up, signed by their side, and says what is not known",
    campaign=True,
)
def closing_volume() -> Scenario:
    """An order to be filled at once, three VWAPs and a POV, which buy or sell as the seed says."""
    return Scenario(
        settings=Settings(
            venue=VenueConfig(take_per_100_lots=60, make_per_100_lots=-40),
            desk=DeskConfig(algos=AlgosConfig(day_ns=10 * SECOND)),
        ),
        market=Market(past=PastDays(VOLUMES)),
        workload=Workload(
            orders_per_s=1,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=5,
            lots_max=30,
            clients=ClientFlow(
                algorithms=(Algorithm.DARK_FIRST, Algorithm.VWAP, Algorithm.VWAP, Algorithm.POV, Algorithm.VWAP),
                parents=5,
                window_ns=9 * SECOND,
                limit_share=0.0,
            ),
        ),
        plan=drawn,
        promises=(
            *always(),
            *settles(),
            *parents_kept(),
            volume_followed(),
            volume_kept_up_with(),
            executions_measured(),
            parent_reached("done", ParentOutcome.FILLED.value),
        ),
        duration_ns=PHASES.total_ns,
    )
