"""Prices go up and down for ten seconds, and a market maker's quotes have to follow. Is it there all the while?"""

from squall.faults.swings import swings
from squall.scenarios.checks.quotes import quoted_once, quotes_present
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.strategies import orders_paced
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.market_maker import MarketMaker

FROM_NS, TO_NS = 2 * SECOND, 12 * SECOND


@scenario(
    proves="a quote that has to move is replaced where it rests: it is in the market all the while, and never twice",
    campaign=True,
)
def maker_in_a_moving_market() -> Scenario:
    """Five ticks a second, down and up in turns; each quote follows what the touch does."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=12)),
        workload=Workload(
            strategy="maker",
            rule=MarketMaker(half_spread_ticks=3, skew_lots_per_tick=0),
            start_ns=1 * SECOND,
            stop_ns=TO_NS,
        ),
        plan=swings(FROM_NS, TO_NS, 2 * SECOND, half_ticks_per_s=10),
        promises=(
            *always(),
            *settles(),
            quoted_once(),
            orders_paced(12),
            quotes_present(90, FROM_NS, TO_NS),
            protection_acted("strategy.replace_quotes"),
        ),
        duration_ns=18 * SECOND,
    )
