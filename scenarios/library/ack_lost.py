"""The venue accepts, and we never hear of it. Do we send the order twice?"""

from squall.faults.exchange import ReportsLost
from squall.faults.fault import during
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="an order that nobody answers is asked after, and never doubled",
    stands_for=EXCHANGE_API,
)
def ack_lost() -> Scenario:
    """exchange-a acts on every order and says nothing for three seconds; its answers to questions do arrive."""
    return Scenario(
        settings=Settings(desk=DeskConfig(breaker=BreakerConfig(reset_timeout_ns=5 * SECOND))),
        workload=Workload(orders_per_s=10, start_ns=1 * SECOND, stop_ns=14 * SECOND, lots_min=10, lots_max=40),
        plan=(during(5 * SECOND, 8 * SECOND, ReportsLost("exchange-a")),),
        promises=(*always(), *settles()),
        duration_ns=22 * SECOND,
    )
