"""The desk holds stop orders when its leader dies, and the market reaches them when another one leads."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.scenarios.checks.reached import leader_reached, protection_acted
from squall.scenarios.checks.stops import reached_stops_are_sent, stops_set_off_by_the_market
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Market, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a stop order that the desk holds outlives the leader that took it, and is set off once",
)
def stops_outlive_the_leader() -> Scenario:
    """oms1 crashes at 5 s, and from 6 s to 10 s prices fall."""
    return Scenario(
        market=Market(stop_venues=()),
        workload=Workload(
            orders_per_s=6,
            start_ns=1 * SECOND,
            stop_ns=5 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.3,
            stop_share=0.6,
            cancel_after_ns=12 * SECOND,
        ),
        plan=(
            during(5 * SECOND, 12 * SECOND, Crash("oms1")),
            during(6 * SECOND, 10 * SECOND, PriceSlide("all of symbols", -20)),
        ),
        promises=(
            *always(),
            *settles(),
            stops_set_off_by_the_market(),
            reached_stops_are_sent(),
            leader_reached("oms2"),
            protection_acted("oms.keep_stops"),
        ),
        duration_ns=22 * SECOND,
    )
