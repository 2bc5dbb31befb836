"""Fills come late, and the strategy goes on buying: what is in flight has to count."""

from squall.faults.exchange import ApiSlow
from squall.faults.fault import during
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import EXCHANGE_API, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import DeskConfig, ExecutionConfig, RiskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="orders in flight count against the position limit",
    stands_for=EXCHANGE_API,
)
def slow_fills() -> Scenario:
    """Both venues take 600 ms over each order while a one-sided strategy runs into its position limit."""
    slow = 600 * MILLISECOND
    return Scenario(
        settings=Settings(
            desk=DeskConfig(
                # Of a large portfolio, so that it is the position that is limited, and not its share.
                risk=RiskConfig(max_position_lots=1_000, max_portfolio_value=10_000_000, cash=10_000_000),
                execution=ExecutionConfig(ack_timeout_ns=2 * SECOND),
            )
        ),
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=12 * SECOND,
            lots_min=100,
            lots_max=100,
            buy_share=1.0,
            marketable_share=1.0,
        ),
        plan=(
            during(1_500 * MILLISECOND, 12 * SECOND, ApiSlow("exchange-a", slow)),
            during(1_500 * MILLISECOND, 12 * SECOND, ApiSlow("exchange-b", slow), must_touch=False),
        ),
        promises=(*always(), *settles()),
        duration_ns=18 * SECOND,
    )
