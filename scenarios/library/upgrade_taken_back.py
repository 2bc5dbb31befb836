"""A roll-out comes to a program that cannot do its part in any build: the line to a venue is down."""

from squall.faults.fault import during
from squall.faults.network import LinkCut
from squall.faults.releases import StartRollOut
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.releases import taken_back
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.our_desk import our_desk
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import DeskConfig, UpgradeConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a build that does not get ready in time is taken back, and the roll-out stops there: two builds in one "
    "desk, which trades on",
)
def upgrade_taken_back() -> Scenario:
    """exchange-b is cut off from 4 s to 6.5 s; execution's next build, which needs it, has a second to get ready."""
    return Scenario(
        desk=our_desk(agents=True),
        settings=Settings(desk=DeskConfig(upgrade=UpgradeConfig(patience_ns=1 * SECOND))),
        workload=Workload(
            orders_per_s=16,
            start_ns=1 * SECOND,
            stop_ns=10 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.6,
            cancel_after_ns=2 * SECOND,
        ),
        plan=(
            during(4 * SECOND, 6_500 * MILLISECOND, LinkCut("exchange-b/orders")),
            during(5 * SECOND, 6 * SECOND, StartRollOut()),
        ),
        promises=(*always(), *settles(), taken_back("execution"), protection_acted("upgrade.await_ready")),
        duration_ns=20 * SECOND,
    )
