"""The portfolio hangs on a set of marks. Its stream to the monitor stands, since the host's network is well."""

from squall.faults.fault import during
from squall.faults.software import Hangs
from squall.scenarios.checks.health import silence_told
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import INTERNAL_BUGS, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import DeskConfig, MonitorConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a service that hangs behind a stream that stands is named to people within one round of knocks",
    campaign=True,
    stands_for=INTERNAL_BUGS,
)
def portfolio_hangs() -> Scenario:
    """A knock every two seconds, half a second to answer it; the portfolio hangs for five, and is started again."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(monitor=MonitorConfig(health_interval_ns=2 * SECOND, health_timeout_ns=500 * MILLISECOND))
        ),
        workload=Workload(orders_per_s=4, start_ns=1 * SECOND, stop_ns=10 * SECOND, lots_min=5, lots_max=40),
        plan=(during(4 * SECOND, 9 * SECOND, Hangs("portfolio", "MarksTold")),),
        promises=(*always(), *settles(), silence_told("portfolio", 2 * SECOND + 600 * MILLISECOND)),
        duration_ns=15 * SECOND,
    )
