"""Venues that charge and pay void some of their trades and set the prices of others, for thousands of seeds."""

from squall.faults.fault import during
from squall.faults.host import Crash
from squall.faults.venue_staff import TradesBusted, TradesCorrected
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="fees, rebates, busts and corrections are in positions, profit, read models and trade capture, every time",
    campaign=True,
    stands_for="LME 2022",
)
def voided_trades() -> Scenario:
    """`lme-2022` in small: half of exchange-a's trades are void after a second, exchange-b's prices are set right.

    In the middle of it the host of audit, portfolio and reconciler goes down for a moment.
    """
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=2, take_per_100_lots=60, make_per_100_lots=-40)),
        workload=Workload(
            orders_per_s=6,
            start_ns=1 * SECOND,
            stop_ns=8 * SECOND,
            lots_min=10,
            lots_max=60,
            marketable_share=0.7,
            cancel_after_ns=2 * SECOND,
        ),
        plan=(
            during(4_700 * MILLISECOND, 5_200 * MILLISECOND, Crash("ops")),
            during(
                1 * SECOND, 7 * SECOND, TradesBusted("exchange-a", share=0.5, delay_ns=1 * SECOND), must_touch=False
            ),
            during(
                1 * SECOND,
                7 * SECOND,
                TradesCorrected("exchange-b", by_half_ticks=-4, share=0.5, delay_ns=700 * MILLISECOND),
                must_touch=False,
            ),
        ),
        promises=(*always(), *settles(), protection_acted("portfolio.amend")),
        duration_ns=14 * SECOND,
    )
