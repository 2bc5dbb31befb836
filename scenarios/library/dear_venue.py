"""Two venues show alike prices, and one of them charges three ticks more for taking them."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import during
from squall.scenarios.checks.routing import best_net_price
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Market, Scenario, scenario
from squall.scenarios.settings import SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="the router goes by the price with the fee, and nothing trades beyond its limit for the fee's sake",
    campaign=True,
)
def dear_venue() -> Scenario:
    """A strategy takes on both sides while prices rise a little; the dear venue looks the better one now and then."""
    return Scenario(
        market=Market(dear_venues=("exchange-a",)),
        workload=Workload(
            orders_per_s=4, start_ns=1 * SECOND, stop_ns=13 * SECOND, lots_min=5, lots_max=40, marketable_share=1.0
        ),
        plan=(during(4 * SECOND, 10 * SECOND, PriceSlide("all of symbols", 3)),),
        promises=(*always(), *settles(), best_net_price()),
        duration_ns=18 * SECOND,
    )
