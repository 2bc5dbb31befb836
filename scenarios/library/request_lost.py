"""The venue's session takes the order, and its application never sees it. Who notices that there is no answer?"""

from squall.faults.exchange import RequestsLost
from squall.faults.fault import during
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="an order that is not answered in time is noticed, and comes to an end",
    stands_for=EXCHANGE_API,
)
def request_lost() -> Scenario:
    """For three seconds exchange-a acts on nothing. All orders are to trade at once, so that none is cancelled."""
    return Scenario(
        settings=Settings(desk=DeskConfig(breaker=BreakerConfig(reset_timeout_ns=5 * SECOND))),
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=14 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=1.0,
        ),
        plan=(during(5 * SECOND, 8 * SECOND, RequestsLost("exchange-a")),),
        promises=(*always(), *settles()),
        duration_ns=22 * SECOND,
    )
