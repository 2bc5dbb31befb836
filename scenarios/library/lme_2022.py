"""LME, 8 March 2022: the price ran away, and the exchange declared the day's trades void, hours after they happened."""

from squall.faults.fault import during
from squall.faults.venue_staff import TradesBusted, TradesCorrected
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="what a venue busts or corrects is folded out of positions, fees, profit and the read models",
    stands_for="LME 2022",
)
def lme_2022() -> Scenario:
    """exchange-a voids half of its trades a while after they happened, exchange-b sets prices right.

    Both venues charge those who take and pay those who rest.
    """
    return Scenario(
        settings=Settings(venue=VenueConfig(take_per_100_lots=60, make_per_100_lots=-40)),
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=14 * SECOND,
            lots_min=10,
            lots_max=60,
            marketable_share=0.8,
        ),
        plan=(
            during(2 * SECOND, 10 * SECOND, TradesBusted("exchange-a", share=0.5, delay_ns=1_500 * MILLISECOND)),
            during(
                2 * SECOND,
                10 * SECOND,
                TradesCorrected("exchange-b", by_half_ticks=-4, share=0.5, delay_ns=700 * MILLISECOND),
                must_touch=False,
            ),
        ),
        promises=(*always(), *settles(), protection_acted("portfolio.amend")),
        duration_ns=22 * SECOND,
    )
