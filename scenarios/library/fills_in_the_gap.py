"""A leader dies while venues are still working on its orders: what they report meanwhile reaches nobody."""

from squall.faults.exchange import ApiSlow
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import DeskConfig, ExecutionConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a new leader replays the journal and asks the venues what it has missed",
    stands_for=HARDWARE,
)
def fills_in_the_gap() -> Scenario:
    """Both venues take 600 ms over each request; in the middle of it, oms1 crashes."""
    slow = 600 * MILLISECOND
    return Scenario(
        settings=Settings(desk=DeskConfig(execution=ExecutionConfig(ack_timeout_ns=2 * SECOND))),
        workload=Workload(
            orders_per_s=20,
            start_ns=1 * SECOND,
            stop_ns=16 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.8,
        ),
        plan=(
            during(7 * SECOND, 8_200 * MILLISECOND, ApiSlow("exchange-a", slow)),
            during(7 * SECOND, 8_200 * MILLISECOND, ApiSlow("exchange-b", slow), must_touch=False),
            during(8 * SECOND, 14 * SECOND, Crash("oms1")),
        ),
        promises=(*always(), *settles(), leads_again("oms1")),
        duration_ns=25 * SECOND,
    )
