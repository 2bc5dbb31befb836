"""A market with a dark pool: the desk reaches it, hears nothing of it, and sends nothing there by its price."""

from squall.scenarios.checks.dark import dark_at_the_middle
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.result import Verdict
from squall.scenarios.run import Choice, run
from squall.scenarios.scenario import Market, Scenario
from squall.scenarios.settings import SECOND
from squall.scenarios.topology import build
from squall.sim.exchange.dark_pool import DarkPool
from squall.system.domain.signals import Workload

POOL = "dark-pool"
SCENARIO = Scenario(
    workload=Workload(orders_per_s=10, stop_ns=6 * SECOND),
    market=Market(dark_pool=True, second_provider=True),
    promises=(*always(), *settles(), dark_at_the_middle()),
    duration_ns=10 * SECOND,
)


def test_it_has_lines_for_orders_and_drop_copies_and_none_for_market_data() -> None:
    stage = build("a dark market", SCENARIO, seed=1)
    lines = [name for name in stage.world.network.links if name.startswith(POOL)]
    assert lines == [f"{POOL}/orders", f"{POOL}/drop-copy"]
    assert isinstance(stage.exchanges.engines[POOL], DarkPool)
    assert [route.dark for route in stage.floor.venues] == [False, False, True]


def test_what_is_routed_by_price_goes_to_the_lit_venues_as_if_there_were_no_pool() -> None:
    result = run(Choice("a dark market", SCENARIO, "nothing of the pool is in the way", seed=1))
    assert result.verdict is Verdict.PASS, [check for check in result.checks if check.verdict is not Verdict.PASS]
