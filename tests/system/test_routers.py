"""Several routers: whose business an order is, who is told what, and one of them on old code."""

from collections import Counter

from msgspec.structs import replace

from squall.scenarios.topology import build
from squall.sim.exchange.wire.messages import TimeInForce
from squall.system.config import DeskConfig
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import SendOrder, VenueHealth
from squall.system.services.old_router import CHILD_NS, OldRouter
from squall.system.wiring import Wiring, router_addresses
from tests.fakes import FakeRuntime
from tests.scenarios.runs import brief, library_run
from tests.system.test_router import WIRING, A, B, order, tick

EIGHT = Wiring(instruments=(), venues=(), routers=router_addresses(8))


def old_router() -> tuple[FakeRuntime, OldRouter]:
    """As `trading_router`, of 2003."""
    runtime = FakeRuntime("router")
    router = OldRouter(runtime, DeskConfig(), WIRING)
    router.on_start()
    for peer in ("execution", "oms1"):
        runtime.connect(router, peer)
    for number, venue in enumerate((A, B)):
        router.on_message("execution", VenueHealth(venue, True, number))
        router.on_message("market-data", tick(venue, 104 + 2 * number))
    return runtime, router


def test_routers_have_names_and_one_alone_has_the_name_that_it_always_had() -> None:
    assert router_addresses(1) == ("router",)
    assert router_addresses(3) == ("router", "router2", "router3")


def test_an_order_is_always_the_business_of_the_same_router_and_each_has_its_share() -> None:
    names = [ClOrdID(f"pulse-{symbol}-{number}") for symbol in ("ACME", "BOLT") for number in range(1, 401)]
    owners = [EIGHT.router_of(name) for name in names]
    assert owners == [EIGHT.router_of(name) for name in names]
    counts = Counter(owners)
    assert sorted(counts) == sorted(EIGHT.routers)
    assert min(counts.values()) > 60


def test_a_stage_has_as_many_routers_as_are_set_side_by_side_and_a_group_of_them() -> None:
    choice = brief(overrides=("router.count=3",))
    world = build("brief", choice.settled(), 1).world
    routers = ("router", "router2", "router3")
    assert world.groups["routers"] == routers
    assert [slot.address for slot in world.host("exec").slots] == [*routers, "execution"]
    assert len({slot.core for slot in world.host("exec").slots}) == 4


def test_every_order_comes_to_its_end_through_eight_routers_too() -> None:
    result = library_run("oms-crash", "router.count=8")
    assert result.verdict.value == "pass"


# --- the build of 2003 ---


def test_the_old_build_sends_child_after_child_of_what_says_ioc_and_never_stops() -> None:
    runtime, router = old_router()
    router.on_message("oms1", order())
    runtime.advance(router, 4 * CHILD_NS)
    sent = [send.order.cl_ord_id for send in runtime.take(SendOrder, "execution")]
    assert sent == ["pulse-ACME-1", *(f"pulse-ACME-1~{number}" for number in (2, 3, 4, 5))]


def test_a_day_order_it_treats_as_today_s_build_does() -> None:
    runtime, router = old_router()
    router.on_message("oms1", replace(order(200), time_in_force=TimeInForce.DAY))
    runtime.advance(router, 4 * CHILD_NS)
    assert len(runtime.take(SendOrder, "execution")) == 1


def test_it_reaches_out_for_execution_again_like_any_router() -> None:
    runtime, router = old_router()
    runtime.disconnect(router, "execution")
    runtime.opened.clear()
    runtime.advance(router, CHILD_NS * 4)
    assert runtime.opened == ["execution"]
