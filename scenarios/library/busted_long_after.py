"""A venue takes trades back whose orders ended so long ago that the order management keeps only their names."""

from squall.faults.fault import during
from squall.faults.venue_staff import TradesBusted, TradesCorrected
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, OmsConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="what is said of an order that ended long ago is held against the journal, and its trades are amended",
    stands_for="LME 2022",
)
def busted_long_after() -> Scenario:
    """Ten orders that have ended are kept; trades are voided or set right five seconds, or forty orders, later."""
    return Scenario(
        settings=Settings(desk=DeskConfig(oms=OmsConfig(ended_kept=10))),
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=14 * SECOND,
            lots_min=10,
            lots_max=60,
            marketable_share=0.8,
        ),
        plan=(
            during(2 * SECOND, 8 * SECOND, TradesBusted("exchange-a", share=0.5, delay_ns=5 * SECOND)),
            during(2 * SECOND, 8 * SECOND, TradesCorrected("exchange-b", -4, share=0.5, delay_ns=5 * SECOND)),
        ),
        promises=(*always(), *settles()),
        duration_ns=22 * SECOND,
    )
