"""A new build of every program is rolled out while the desk trades, one after the other."""

from squall.faults.fault import during
from squall.faults.releases import StartRollOut
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.releases import accepted_meanwhile, all_replaced
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.our_desk import our_desk
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="while every program is replaced by its next build, two builds side by side, nothing is lost or done twice, "
    "and orders go on being accepted: a lease that is handed over costs less than one that runs out",
)
def rolling_upgrade() -> Scenario:
    """At 4 s a person rolls out the next build, under trading; market data first, the operator's own console last."""
    return Scenario(
        desk=our_desk(agents=True),
        workload=Workload(
            orders_per_s=20,
            start_ns=1 * SECOND,
            stop_ns=10 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.6,
            cancel_after_ns=2 * SECOND,
        ),
        plan=(during(4 * SECOND, 5 * SECOND, StartRollOut()),),
        promises=(
            *always(),
            *settles(),
            accepted_meanwhile(250 * MILLISECOND),
            all_replaced(),
            protection_acted("lease.hand_over"),
            protection_acted("upgrade.await_ready"),
            protection_acted("oms.upcast"),
        ),
        duration_ns=18 * SECOND,
    )
