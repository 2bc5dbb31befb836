"""A venue has had enough of a market maker's requests, and says so while prices go up and down."""

from squall.faults.exchange import ErrorStorm
from squall.faults.fault import during
from squall.faults.swings import swings
from squall.scenarios.checks.quotes import quoted_once, slows_at_throttled_venues
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.strategies import orders_paced
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.market_maker import MarketMaker


@scenario(
    proves="at a venue that turns requests away because they are too many quotes move less often",
    campaign=True,
    stands_for=EXCHANGE_API,
)
def maker_at_a_throttled_venue() -> Scenario:
    """Both venues turn half of all requests away for six seconds."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=6)),
        workload=Workload(
            strategy="maker",
            rule=MarketMaker(half_spread_ticks=3, requote_ticks=0, skew_lots_per_tick=0),
            start_ns=1 * SECOND,
            stop_ns=12 * SECOND,
        ),
        plan=(
            *swings(2 * SECOND, 12 * SECOND, 2 * SECOND, half_ticks_per_s=6),
            during(4 * SECOND, 10 * SECOND, ErrorStorm("exchange-a", 0.5, "throttled"), must_touch=False),
            during(4 * SECOND, 10 * SECOND, ErrorStorm("exchange-b", 0.5, "throttled"), must_touch=False),
        ),
        promises=(
            *always(),
            *settles(),
            quoted_once(),
            orders_paced(12),
            slows_at_throttled_venues(2),
            protection_acted("strategy.heed_throttle"),
        ),
        duration_ns=18 * SECOND,
    )
