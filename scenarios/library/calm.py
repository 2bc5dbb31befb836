"""Nothing goes wrong."""

from squall.scenarios.checks.sla import latency_within
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="on a day without faults every promise holds, and the latency targets are met",
)
def calm() -> Scenario:
    """A busy third of a minute in which nothing breaks: the desk trades two symbols on two venues."""
    return Scenario(
        workload=Workload(orders_per_s=25, start_ns=1 * SECOND, stop_ns=17 * SECOND, lots_min=10, lots_max=60),
        promises=(
            *always(),
            *settles(),
            latency_within("signal_to_wire", 99, 100_000),
            latency_within("order_to_fill_marketable", 99, 50 * MILLISECOND),
        ),
        duration_ns=20 * SECOND,
    )
