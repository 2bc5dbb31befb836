"""Prices slide, and the strategy buys all the way down."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="past the daily loss only what reduces the position is let through",
)
def falling_market() -> Scenario:
    """Four orders in five are buys, and for twelve seconds everything falls by half a dollar a second."""
    return Scenario(
        # Of a large portfolio, so that nothing else stops it before the day's loss does.
        settings=Settings(desk=DeskConfig(risk=RiskConfig(max_portfolio_value=10_000_000, cash=10_000_000))),
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=30 * SECOND,
            lots_min=200,
            lots_max=300,
            lots_step=10,
            buy_share=0.8,
            marketable_share=1.0,
        ),
        plan=(
            during(8 * SECOND, 20 * SECOND, PriceSlide("ACME", -100)),
            during(8 * SECOND, 20 * SECOND, PriceSlide("BOLT", -100)),
        ),
        promises=(*always(), *settles(), protection_acted("risk.loss_limit")),
        duration_ns=36 * SECOND,
    )
