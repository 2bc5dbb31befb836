"""Exchange API time-outs, the commonest failure of figure 10.4: requests lost, reports lost, everything slow."""

from squall.faults.exchange import ApiSlow, ReportsLost, RequestsLost
from squall.faults.fault import during
from squall.faults.network import PacketLoss
from squall.scenarios.checks.breaker import flow_moves_from
from squall.scenarios.checks.reached import breaker_reached, order_reached, protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="after five unanswered orders in a row the breaker opens, refuses, probes and closes; the flow moves to the "
    "other venue; nothing is lost or sent twice",
    stands_for=EXCHANGE_API,
)
def exchange_api_timeouts() -> Scenario:
    """exchange-a loses requests, then reports; later it is slow; then the line to it is bad."""
    return Scenario(
        settings=Settings(desk=DeskConfig(breaker=BreakerConfig(reset_timeout_ns=5 * SECOND))),
        workload=Workload(orders_per_s=7, start_ns=1 * SECOND, stop_ns=52 * SECOND, lots_min=10, lots_max=60),
        plan=(
            during(8 * SECOND, 14 * SECOND, RequestsLost("exchange-a")),
            during(22 * SECOND, 26 * SECOND, ReportsLost("exchange-a")),
            during(34 * SECOND, 38 * SECOND, ApiSlow("exchange-a", 400 * MILLISECOND)),
            during(46 * SECOND, 49 * SECOND, PacketLoss("exchange-a/orders", 0.3)),
        ),
        promises=(
            *always(),
            *settles(),
            breaker_reached("exchange-a", "open"),
            breaker_reached("exchange-a", "half-open"),
            breaker_reached("exchange-a", "closed"),
            flow_moves_from("exchange-a"),
            order_reached("in_doubt"),
            protection_acted("execution.resolve_in_doubt"),
        ),
    )
