"""A market with a dark pool: the desk reaches it, hears nothing of it, and sends nothing there by its price."""

from pathlib import Path

from msgspec.structs import replace

from squall.scenarios.checks.dark import dark_at_the_middle, traded_in_the_dark
from squall.scenarios.checks.parents import parents_kept
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.find import choose
from squall.scenarios.result import Verdict
from squall.scenarios.run import Choice, run
from squall.scenarios.scenario import Market, Scenario
from squall.scenarios.settings import SECOND
from squall.scenarios.topology import build
from squall.sim.exchange.dark_pool import DarkPool
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import Handled, Record, Sent
from squall.system.domain.clients import ClientFlow
from squall.system.domain.messages import Algorithm, SubmitOrder
from squall.system.domain.signals import Workload
from tests.recordings import synthetic_lines, write

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


def test_over_a_recording_the_pool_trades_at_the_middle_of_it_and_the_venue_beside_it(
    tmp_path: Path,
) -> None:
    clients = ClientFlow(algorithms=(Algorithm.DARK_FIRST,), window_ns=6 * SECOND, limit_share=0.0)
    scenario = replace(
        SCENARIO,
        workload=Workload(orders_per_s=1, stop_ns=6 * SECOND, clients=clients),
        promises=(*always(), *parents_kept(), dark_at_the_middle(), traded_in_the_dark()),
    )
    file = write(tmp_path / "market.gz", synthetic_lines(duration_ms=16_000))
    result = run(Choice("a dark market", scenario, "the same over a recording", seed=1, market=str(file)))
    assert result.verdict is Verdict.PASS, [check for check in result.checks if check.verdict is not Verdict.PASS]


class _Arrivals:
    """A sink that keeps the orders that come to the pool, and what was meant for it."""

    def __init__(self) -> None:
        self.came: dict[str, int] = {}
        self.meant: dict[str, int] = {}

    def write(self, record: Record) -> None:
        event = record.event
        if type(event) is Handled and event.to == POOL and type(event.message) is NewOrderSingle:
            self.came[event.message.cl_ord_link_id] = event.message.min_lots
        elif type(event) is Sent and type(event.message) is SubmitOrder and event.message.min_lots:
            self.meant[event.message.cl_ord_id] = event.message.min_lots


def test_a_minimum_quantity_comes_to_the_pool_as_it_was_meant_and_nothing_comes_without_one() -> None:
    sink = _Arrivals()
    result = run(choose("dark-first", seed=2), sink)
    assert result.verdict is Verdict.PASS
    assert len(sink.came) == 6
    assert sink.came == sink.meant
