"""Large orders go to the dark first; the pool lets them go slowly, and they trade there while they are taken back."""

from squall.faults.exchange import CancelsSlow, ReportsLost
from squall.faults.fault import during
from squall.scenarios.checks.dark import dark_at_the_middle, traded_in_the_dark
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Market, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import AlgosConfig, DeskConfig
from squall.system.domain.clients import ClientFlow
from squall.system.domain.messages import Algorithm
from squall.system.domain.signals import Workload


@scenario(
    proves="what is taken back from a dark pool is routed on once its end is confirmed, and what it trades until then "
    "is counted: nothing is done twice",
    campaign=True,
    stands_for=EXCHANGE_API,
)
def dark_first() -> Scenario:
    """Six large parents. The pool takes half a second over each cancel, and for a while says nothing at all."""
    return Scenario(
        settings=Settings(desk=DeskConfig(algos=AlgosConfig(day_ns=16 * SECOND, dark_patience_ns=1 * SECOND))),
        market=Market(dark_pool=True),
        workload=Workload(
            orders_per_s=1,
            start_ns=1 * SECOND,
            stop_ns=12 * SECOND,
            lots_min=5,
            lots_max=30,
            clients=ClientFlow(
                algorithms=(Algorithm.DARK_FIRST,),
                parents=6,
                every_ns=1_200 * MILLISECOND,
                window_ns=8 * SECOND,
                lots_min=200,
                lots_max=400,
                limit_share=0.3,
            ),
        ),
        plan=(
            during(1_500 * MILLISECOND, 12 * SECOND, CancelsSlow("dark-pool", 500 * MILLISECOND)),
            during(5_500 * MILLISECOND, 7_500 * MILLISECOND, ReportsLost("dark-pool")),
        ),
        promises=(
            *always(),
            *settles(),
            *parents_kept(),
            dark_at_the_middle(),
            traded_in_the_dark(),
            protection_acted("algos.await_end"),
        ),
        duration_ns=22 * SECOND,
    )
