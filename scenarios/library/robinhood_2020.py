"""Robinhood, 2 March 2020: a thundering herd. Whoever asks again and again keeps down what would be well."""

from squall.faults.exchange import SilentStall
from squall.faults.fault import during
from squall.scenarios.checks.reached import order_reached, protection_acted
from squall.scenarios.checks.recovery import venues_reached_again
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="who asks ever more seldom lets overloaded venues come back; who asks on and on keeps them down long after "
    "the cause is gone",
    stands_for="Robinhood 2020",
)
def robinhood_2020() -> Scenario:
    """Both venues stand still for four seconds. A question costs them 16 ms, and every open order asks."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(breaker=BreakerConfig(reset_timeout_ns=1 * SECOND)),
            venue=VenueConfig(query_cost_ns=16 * MILLISECOND),
        ),
        workload=Workload(
            orders_per_s=20,
            start_ns=1 * SECOND,
            stop_ns=18 * SECOND,
            lots_min=1,
            lots_max=5,
            marketable_share=0.9,
        ),
        plan=(during(4 * SECOND, 8 * SECOND, SilentStall("all of venues")),),
        promises=(
            *always(),
            *settles(),
            venues_reached_again(500 * MILLISECOND, 6 * SECOND),
            order_reached("in_doubt"),
            protection_acted("execution.back_off"),
        ),
        duration_ns=32 * SECOND,
    )
