"""The portfolio hangs at the peak of the day, and is started again when prices have fallen half of the way."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.faults.software import Hangs
from squall.scenarios.checks.portfolio import drawdown_told
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import INTERNAL_BUGS, Scenario, scenario
from squall.scenarios.settings import SECOND, Settings
from squall.system.config import DeskConfig, PortfolioConfig, VarConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a drawdown is counted from the peak of the day, also by a portfolio that was started again after it",
    campaign=True,
    stands_for=INTERNAL_BUGS,
)
def peak_forgotten() -> Scenario:
    """A small purse, bought into while prices rise by half a dollar a second; they fall back, and further."""
    return Scenario(
        settings=Settings(desk=DeskConfig(portfolio=PortfolioConfig(cash=8_000), var=VarConfig(observations_min=4))),
        workload=Workload(
            orders_per_s=8,
            start_ns=500_000_000,
            stop_ns=4 * SECOND,
            lots_min=20,
            lots_max=40,
            buy_share=1.0,
            marketable_share=1.0,
        ),
        plan=(
            during(3 * SECOND, 7 * SECOND, PriceSlide("all of symbols", 100)),
            during(8 * SECOND, 12 * SECOND, PriceSlide("all of symbols", -160)),
            during(7 * SECOND, 10 * SECOND, Hangs("portfolio", "MarksTold")),
        ),
        promises=(*always(), *settles(), drawdown_told(), protection_acted("portfolio.remember")),
        duration_ns=16 * SECOND,
    )
