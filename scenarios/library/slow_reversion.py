"""Mean reversion on venues that take their time: what it has sent is not yet what it holds."""

from squall.faults.exchange import ApiSlow, PriceSlide
from squall.faults.fault import during
from squall.scenarios.checks.strategies import budget_kept, never_with_itself
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings, VenueConfig
from squall.system.config import DeskConfig, ExecutionConfig, StrategyConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.mean_reversion import MeanReversion


@scenario(
    proves="a strategy that repeats what it wants at every tick buys it once, however late its fills are told",
    campaign=True,
    stands_for=EXCHANGE_API,
)
def slow_reversion() -> Scenario:
    """Both venues take 600 ms over each order; prices fall, rise and fall, and it leans against each move."""
    slow = 600 * MILLISECOND
    return Scenario(
        settings=Settings(
            desk=DeskConfig(
                execution=ExecutionConfig(ack_timeout_ns=2 * SECOND),
                strategy=StrategyConfig(risk_budget_lots=200, max_take_lots=100),
            ),
            venue=VenueConfig(events_per_s=4),
        ),
        workload=Workload(
            strategy="reversion", rule=MeanReversion(window_ticks=10), start_ns=1 * SECOND, stop_ns=12 * SECOND
        ),
        plan=(
            during(3 * SECOND, 12 * SECOND, ApiSlow("exchange-a", slow), must_touch=False),
            during(3 * SECOND, 12 * SECOND, ApiSlow("exchange-b", slow), must_touch=False),
            during(4 * SECOND, 6 * SECOND, PriceSlide("all of symbols", -40)),
            during(7 * SECOND, 9 * SECOND, PriceSlide("all of symbols", 40)),
        ),
        promises=(*always(), *settles(), budget_kept(200), never_with_itself()),
        duration_ns=18 * SECOND,
    )
