"""A venue stops answering while a market maker has quotes in its book, and takes from both venues."""

from squall.faults.exchange import RequestsLost
from squall.faults.fault import during
from squall.faults.swings import swings
from squall.scenarios.checks.quotes import quoted_once
from squall.scenarios.checks.reached import breaker_reached, protection_acted
from squall.scenarios.checks.strategies import keeps_off_unsafe_venues, never_with_itself
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.market_maker import MarketMaker


@scenario(
    proves="a strategy pulls its quotes from a venue whose breaker opens, no others, and means nothing for it until "
    "it is well",
    campaign=True,
    stands_for=EXCHANGE_API,
)
def maker_at_a_sick_venue() -> Scenario:
    """Prices go up and down, so that quotes move and are hit; exchange-a loses four requests in ten for eleven seconds.

    One unanswered order opens its breaker here."""
    return Scenario(
        settings=Settings(
            venue=VenueConfig(events_per_s=4, take_per_100_lots=60, make_per_100_lots=-40),
            desk=DeskConfig(breaker=BreakerConfig(failure_threshold=1, reset_timeout_ns=700 * MILLISECOND)),
        ),
        workload=Workload(
            strategy="maker",
            rule=MarketMaker(half_spread_ticks=1, hedge_lots=60),
            start_ns=1 * SECOND,
            stop_ns=14 * SECOND,
        ),
        plan=(
            *swings(2 * SECOND, 14 * SECOND, 2 * SECOND, half_ticks_per_s=30),
            during(3 * SECOND, 14 * SECOND, RequestsLost("exchange-a", 0.4), must_touch=False),
        ),
        promises=(
            *always(),
            *settles(),
            never_with_itself(),
            quoted_once(),
            keeps_off_unsafe_venues(100 * MILLISECOND),
            breaker_reached("exchange-a", "open"),
            protection_acted("strategy.heed_venues"),
        ),
        duration_ns=20 * SECOND,
    )
