"""A venue cancels all that stands in its book, and its word of it is lost. Does the desk wait for ever?"""

from squall.faults.exchange import ReportsLost
from squall.faults.fault import during
from squall.faults.venue_staff import UnsolicitedCancels
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="an order that a venue no longer lists as open comes to its end, whatever was not told of it",
    stands_for=EXCHANGE_API,
)
def ended_unheard() -> Scenario:
    """Many orders rest. At 6 s exchange-a cancels its own, unasked, and for half a second tells of no order's end."""
    return Scenario(
        settings=Settings(desk=DeskConfig(breaker=BreakerConfig(reset_timeout_ns=5 * SECOND))),
        workload=Workload(
            orders_per_s=6,
            start_ns=1 * SECOND,
            stop_ns=14 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.3,
        ),
        plan=(
            during(5_900 * MILLISECOND, 6_500 * MILLISECOND, ReportsLost("exchange-a", only="ends")),
            during(6 * SECOND, 7 * SECOND, UnsolicitedCancels("exchange-a")),
        ),
        promises=(*always(), *settles()),
        duration_ns=25 * SECOND,
    )
