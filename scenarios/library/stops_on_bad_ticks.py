"""The desk holds stop orders, both feeds tell prices that nobody has seen, and later the market really falls."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.feed_lies import BadTick
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.stops import reached_stops_are_sent, stops_set_off_by_the_market
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Market, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a stop order that the desk holds is set off when the market is there, and by no price that is not believed",
    campaign=True,
)
def stops_on_bad_ticks() -> Scenario:
    """Decimal points slip from 4 s to 7 s; from 8 s to 12 s prices fall through what was to be sold below them."""
    return Scenario(
        market=Market(stop_venues=()),
        settings=Settings(venue=VenueConfig(events_per_s=2)),
        workload=Workload(
            orders_per_s=4,
            start_ns=1 * SECOND,
            stop_ns=7 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.2,
            stop_share=0.7,
            cancel_after_ns=12 * SECOND,
            amend_share=0.2,
        ),
        plan=(
            during(4 * SECOND, 7 * SECOND, BadTick("exchange-a", 0.5)),
            during(4 * SECOND, 7 * SECOND, BadTick("exchange-b", 0.5)),
            during(8 * SECOND, 12 * SECOND, PriceSlide("all of symbols", -20)),
        ),
        promises=(
            *always(),
            *settles(),
            stops_set_off_by_the_market(),
            reached_stops_are_sent(),
            protection_acted("router.believed_stops"),
        ),
        duration_ns=24 * SECOND,
    )
