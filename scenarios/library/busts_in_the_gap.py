"""The leader loses power while venues void trades of orders that are over. Who tells the next leader?"""

from squall.faults.fault import during
from squall.faults.host import Crash
from squall.faults.venue_staff import TradesBusted, TradesCorrected
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import HARDWARE, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="busts and corrections that come while nobody leads reach the positions, also of orders that are over",
    stands_for=HARDWARE,
)
def busts_in_the_gap() -> Scenario:
    """Both venues amend half of the trades of six seconds, a second and a half later; oms1 crashes in between.

    Execution has nobody to report to just then, and a new leader asks after open orders alone.
    """
    return Scenario(
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=14 * SECOND,
            lots_min=10,
            lots_max=60,
            marketable_share=0.8,
        ),
        plan=(
            during(4 * SECOND, 10 * SECOND, TradesBusted("exchange-a", share=0.5, delay_ns=1_500 * MILLISECOND)),
            during(
                4 * SECOND,
                10 * SECOND,
                TradesCorrected("exchange-b", by_half_ticks=-4, share=0.5, delay_ns=1_500 * MILLISECOND),
            ),
            during(8 * SECOND, 12 * SECOND, Crash("oms1")),
        ),
        promises=(*always(), *settles(), leads_again("oms1"), leader_reached("oms2")),
        duration_ns=22 * SECOND,
    )
