"""A market maker on a day on which anything may break, several things together."""

from squall.faults.phases import SECOND, Phases
from squall.faults.swarm import Swarm
from squall.scenarios.checks.quotes import quoted_once
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.checks.strategies import budget_kept, orders_paced
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import Settings, VenueConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.market_maker import MarketMaker

PHASES = Phases(baseline_ns=2 * SECOND, faults_ns=8 * SECOND, heal_ns=2 * SECOND, converge_ns=6 * SECOND)


@scenario(
    proves="any few kinds of fault together leave a strategy that decides by itself within its promises",
    campaign=True,
)
def strategies_swarm() -> Scenario:
    """What `swarm` does to a desk that quotes: orders come and go by the market's ticks, and rest until it moves."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=3)),
        workload=Workload(
            strategy="maker",
            rule=MarketMaker(half_spread_ticks=1, hedge_lots=150),
            start_ns=1 * SECOND,
            stop_ns=PHASES.faults_end_ns,
        ),
        plan=Swarm(PHASES),
        promises=(*always(), *settles(), orders_paced(12), budget_kept(500), quoted_once(), something_struck()),
        duration_ns=PHASES.total_ns,
        swarm=True,
    )
