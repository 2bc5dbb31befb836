"""Market data crash in the instant in which both venues' feeds die, and begin anew knowing nothing."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.feed import FeedDead
from squall.faults.host import Crash
from squall.scenarios.checks.quotes import quoted_once
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.strategies import never_with_itself, no_quote_in_the_dark
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import DATA_FEED, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.market_maker import MarketMaker


@scenario(
    proves="what market data say that have only just begun counts: that they have heard of no venue pulls every quote",
    campaign=True,
    stands_for=DATA_FEED,
)
def blind_from_the_start() -> Scenario:
    """The last good word was an earlier life's, with a high number; that there is nothing comes with none."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=6)),
        workload=Workload(
            strategy="maker",
            rule=MarketMaker(half_spread_ticks=1, hedge_lots=300),
            start_ns=1 * SECOND,
            stop_ns=12 * SECOND,
        ),
        plan=(
            during(4 * SECOND, 8 * SECOND, FeedDead("exchange-a")),
            during(4 * SECOND, 8 * SECOND, FeedDead("exchange-b")),
            during(4 * SECOND + 50 * MILLISECOND, 4 * SECOND + 400 * MILLISECOND, Crash("md")),
            during(5 * SECOND, 8 * SECOND, PriceSlide("all of symbols", -40)),
        ),
        promises=(
            *always(),
            *settles(),
            never_with_itself(),
            quoted_once(),
            no_quote_in_the_dark(250 * MILLISECOND),
            protection_acted("strategy.pull_stale_quotes"),
        ),
        duration_ns=18 * SECOND,
    )
