"""Prices rise, the desk is rich on paper, and then they fall: no loss on the day, and still a fall."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.scenarios.checks.money import drawdown_kept
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a fall from the peak stops what adds to the position, also where the day is not lost",
)
def from_the_peak() -> Scenario:
    """Nine orders in ten buy; prices rise by a dollar and a half a second for six seconds, and fall back as fast."""
    return Scenario(
        settings=Settings(
            desk=DeskConfig(
                risk=RiskConfig(
                    max_portfolio_value=10_000_000,
                    cash=1_000_000,
                    exposure_limits=False,
                    max_drawdown_percent=1,
                    max_daily_loss=1_000_000,
                    price_collar=False,
                )
            )
        ),
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=22 * SECOND,
            lots_min=100,
            lots_max=200,
            lots_step=10,
            buy_share=0.9,
            marketable_share=1.0,
        ),
        plan=(
            *(during(3 * SECOND, 9 * SECOND, PriceSlide(symbol, 300)) for symbol in ("ACME", "BOLT")),
            *(during(12 * SECOND, 18 * SECOND, PriceSlide(symbol, -300)) for symbol in ("ACME", "BOLT")),
        ),
        promises=(*always(), *settles(), drawdown_kept(), protection_acted("risk.drawdown_limit")),
        duration_ns=28 * SECOND,
    )
