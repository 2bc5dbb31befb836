"""One of two venues is to be left: a person lets only such orders go there as bring a position nearer to zero."""

from squall.faults.fault import during
from squall.faults.operator import PullSwitch
from squall.scenarios.checks.kill_switch import halts_are_true
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.reducing import only_what_reduces
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="what widens a position goes to the other venue, or nowhere, while a person wants a venue only to reduce",
)
def reducing_venue() -> Scenario:
    """exchange-a is reducing from 4 s to 10 s, and on the way a name is mistyped: that switch is refused."""
    return Scenario(
        workload=Workload(orders_per_s=10, start_ns=1 * SECOND, stop_ns=12 * SECOND, lots_min=5, lots_max=20),
        plan=(
            during(4 * SECOND, 10 * SECOND, PullSwitch(scope="venue", which="exchange-a", state="reducing")),
            during(5 * SECOND, 6 * SECOND, PullSwitch(scope="venue", which="exchange-c")),
        ),
        promises=(
            *always(),
            *settles(),
            only_what_reduces(),
            halts_are_true(),
            protection_acted("risk.kill_switch"),
        ),
        duration_ns=16 * SECOND,
    )
