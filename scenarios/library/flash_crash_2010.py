"""The flash crash of 6 May 2010: an algorithm sells 9 % of the volume, at any price, into a book that has gone."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.market import BookThins
from squall.scenarios.checks.prices import executed_near_the_market
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="an execution algorithm that follows volume has a limit on each child order and stops while the market runs "
    "away; without, it sells at a hundredth of the price",
    stands_for="the flash crash of 2010",
)
def flash_crash_2010() -> Scenario:
    """Prices fall for ten seconds, while makers withdraw and leave stub quotes; then they come back."""
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=20)),
        workload=Workload(
            strategy="sell-algo",
            orders_per_s=1,
            start_ns=2 * SECOND,
            stop_ns=32 * SECOND,
            buy_share=0.0,
            participation_percent=9,
        ),
        plan=(
            during(10 * SECOND, 20 * SECOND, PriceSlide("all of symbols", -150)),
            during(11 * SECOND, 20 * SECOND, BookThins("all of symbols", 0.004)),
            during(20 * SECOND, 30 * SECOND, PriceSlide("all of symbols", 120)),
        ),
        promises=(
            *always(),
            *settles(),
            executed_near_the_market(5),
            protection_acted("strategy.price_collar"),
        ),
        duration_ns=36 * SECOND,
    )
