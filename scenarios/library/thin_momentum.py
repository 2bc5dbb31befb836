"""A trend, and a book that has gone: whatever the strategy sends comes back, and the next tick says the same again."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.market import BookThins
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.strategies import never_with_itself, orders_paced
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.config import DeskConfig, StrategyConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.momentum import Momentum


@scenario(
    proves="a strategy whose orders do not fill does not send one at every tick",
)
def thin_momentum() -> Scenario:
    """Prices slide for five seconds in a book of which next to nothing is left; momentum sells into it."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(strategy=StrategyConfig(max_take_lots=500)), venue=VenueConfig(events_per_s=20)
        ),
        workload=Workload(
            strategy="momentum",
            rule=Momentum(fast_ticks=1, slow_ticks=8, enter_half_ticks=1),
            start_ns=1 * SECOND,
            stop_ns=16 * SECOND,
        ),
        plan=(
            during(5 * SECOND, 10 * SECOND, PriceSlide("all of symbols", -60)),
            during(5 * SECOND, 10 * SECOND, BookThins("all of symbols", 0.02)),
        ),
        promises=(
            *always(),
            *settles(),
            orders_paced(12),
            never_with_itself(),
            protection_acted("strategy.cool_down"),
        ),
        duration_ns=20 * SECOND,
    )
