"""People and strategies get things wrong, two or three at once: values for quantities, copies, locates, halts."""

from squall.faults.drawn import Dice
from squall.faults.exchange import PriceSlide
from squall.faults.fault import Fault, Plan, during
from squall.faults.messages import OffByOne, ValueAsQuantity
from squall.faults.operator import PullSwitch
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.reference import WrongEntry
from squall.faults.runaway import Runaway
from squall.scenarios.checks.kill_switch import halts_are_true, nothing_after_halt
from squall.scenarios.checks.money import drawdown_kept, gross_within_limit, name_within_share, shorts_located
from squall.scenarios.checks.prices import not_far_through, priced_off_the_market
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.checks.reducing import only_what_reduces
from squall.scenarios.checks.sent import no_copies, none_restricted, rate_kept, runaway_stopped, sizes_as_meant
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import Settings
from squall.sim.world import World
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=1 * SECOND, converge_ns=4 * SECOND)
SLIPS: tuple[Fault, ...] = (
    ValueAsQuantity("strategy", share=0.4),
    OffByOne("strategy", "SubmitOrder", "price_half_ticks", by=3_000, share=0.5),
    Runaway(copies=2, share=0.6),
    Runaway(copies=12),
    WrongEntry("risk", "ACME", "restricted", "on"),
    WrongEntry("risk", "BOLT", "restricted", "on"),
    WrongEntry("risk", "ACME", "locate", "0"),
    PriceSlide("ACME", -600),
    PriceSlide("BOLT", -600),
    PriceSlide("BOLT", 600),
    PullSwitch(scope="strategy", which="pulse"),
    PullSwitch(scope="symbol", which="ACME"),
    PullSwitch(scope="venue", which="exchange-b"),
    PullSwitch(scope="venue", which="exchange-a", state="reducing"),
    PullSwitch(scope="symbol", which="BOTL"),
)
MOST_SLIPS = 3


def drawn(world: World) -> Plan:
    """One to three different slips, each for a second or two."""
    dice = Dice(world.chance, "slips")
    slips: Plan = ()
    for number in range(1 + int(dice.uniform("how many") * MOST_SLIPS)):
        fault = dice.one(f"slip/{number}", SLIPS)
        if all(fault != planned.fault for planned in slips):
            start_ns = PHASES.baseline_ns + int(dice.uniform(f"start/{number}") * PHASES.faults_ns)
            lasts_ns = dice.ns(f"window/{number}", 800 * MILLISECOND, 2 * SECOND)
            slips = (*slips, during(start_ns, min(start_ns + lasts_ns, PHASES.healed_ns), fault, must_touch=False))
    return slips


@scenario(
    proves="whatever is mistyped, doubled, forbidden or halted, no more of it leaves than the gate lets pass",
    campaign=True,
)
def slips_of_the_hand() -> Scenario:
    """A small portfolio near each of its limits, and each seed gets other things wrong.

    Nothing rests: what is sent behind the strategy's back, nobody would take back.
    """
    risk = RiskConfig(
        max_portfolio_value=200_000,
        max_gross_percent=15,
        max_drawdown_percent=1,
        cash=40_000,
        max_alike=3,
        duplicate_window_ns=20 * MILLISECOND,
        max_orders_per_s=12,
        max_repeats=5,
    )
    return Scenario(
        settings=Settings(desk=DeskConfig(risk=risk)),
        workload=Workload(
            orders_per_s=5,
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
            lots_min=20,
            lots_max=80,
            marketable_share=1.0,
            buy_share=0.5,
        ),
        plan=drawn,
        promises=(
            # A limit to sell that is typed too high rests far off the market, or is not filled: no harm is done.
            *(promise for promise in always() if promise.name != priced_off_the_market().name),
            not_far_through(),
            *settles(),
            sizes_as_meant(),
            no_copies(10 * MILLISECOND, most=3),
            rate_kept(12),
            runaway_stopped(),
            none_restricted(),
            shorts_located(),
            name_within_share(),
            gross_within_limit(),
            drawdown_kept(),
            nothing_after_halt(),
            halts_are_true(),
            only_what_reduces(proves=False),
            something_struck(),
        ),
        duration_ns=PHASES.total_ns,
    )
