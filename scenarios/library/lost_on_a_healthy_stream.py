"""A venue forgets to report trades, on a session that is well in every other way. Who tells the desk?"""

from squall.faults.exchange import ReportsLost
from squall.faults.fault import during
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a trade that was never reported is booked from the drop copy, and its order comes to an end",
    stands_for=EXCHANGE_API,
)
def lost_on_a_healthy_stream() -> Scenario:
    """For three seconds exchange-a tells of no trade but to whoever watches; orders that rest there go on trading."""
    return Scenario(
        settings=Settings(desk=DeskConfig(breaker=BreakerConfig(reset_timeout_ns=5 * SECOND))),
        workload=Workload(
            orders_per_s=6,
            start_ns=1 * SECOND,
            stop_ns=14 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.9,
        ),
        plan=(during(5 * SECOND, 8 * SECOND, ReportsLost("exchange-a", only="trades")),),
        promises=(*always(), *settles()),
        duration_ns=25 * SECOND,
    )
