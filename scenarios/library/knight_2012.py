"""Knight Capital, 1 August 2012: one of eight routers runs old code, and an order's flag means something else to it."""

from squall.faults.fault import during
from squall.faults.software import OldVersion
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RouterConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a router that sends child after child of a parent that is filled gets none of them out: under an order's "
    "name no more is sent than was let out",
    stands_for="Knight Capital, 2012",
)
def knight_2012() -> Scenario:
    """Three seconds with the build of 2003 on one of eight routers: what says IOC today said "keep sending" then."""
    return Scenario(
        settings=Settings(desk=DeskConfig(router=RouterConfig(count=8))),
        workload=Workload(
            orders_per_s=16,
            start_ns=1 * SECOND,
            stop_ns=10 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.9,
        ),
        plan=(during(4 * SECOND, 7 * SECOND, OldVersion("one of routers", "2003")),),
        promises=(*always(), *settles(), protection_acted("execution.within_parent")),
        duration_ns=16 * SECOND,
    )
