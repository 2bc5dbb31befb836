"""The router's talking: ticks and health in, an order to execution or straight back."""

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import DeskConfig, RouterConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import OrderUnsent, RouteOrder, SendOrder, Tick, UnsentReason, VenueHealth
from squall.system.services.router import REOPEN_NS, Router
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
A, B = Venue("exchange-a"), Venue("exchange-b")
WIRING = Wiring(
    instruments=(Instrument(ACME),),
    venues=(VenueRoute(A, "exchange-a", (ACME,)), VenueRoute(B, "exchange-b", (ACME,))),
)


def tick(venue: Venue, ask: int, *, seq: int = 1, stale: bool = False) -> Tick:
    return Tick(venue, ACME, seq, ask - 4, 10, ask, 10, stale)


def order(price: int | None = None, attempt: int = 1) -> RouteOrder:
    return RouteOrder(
        epoch=Epoch(1),
        cl_ord_id=ClOrdID("pulse-ACME-1"),
        symbol=ACME,
        side=Side.BUY,
        quantity_lots=5,
        ord_type=OrdType.LIMIT if price else OrdType.MARKET,
        time_in_force=TimeInForce.IOC,
        price_half_ticks=price,
        attempt=attempt,
    )


def trading_router() -> tuple[FakeRuntime, Router]:
    """Both venues routable and quoted, exchange-a a tick cheaper; streams to execution and the OMS open."""
    runtime = FakeRuntime("router")
    router = Router(runtime, DeskConfig(), WIRING)
    router.on_start()
    runtime.connect(router, "execution")
    runtime.connect(router, "oms1")
    for number, venue in enumerate((A, B)):
        router.on_message("execution", VenueHealth(venue, True, number))
        router.on_message("market-data", tick(venue, 104 + 2 * number))
    return runtime, router


def sent_to(runtime: FakeRuntime) -> list[str]:
    return [sent.venue for sent in runtime.take(SendOrder, "execution")]


def test_an_order_goes_to_execution_with_the_venue_chosen() -> None:
    runtime, router = trading_router()
    router.on_message("oms1", order())
    assert runtime.take(SendOrder, "execution") == [SendOrder(A, order())]


def test_when_a_venue_stops_being_routable_the_flow_moves_to_the_other() -> None:
    runtime, router = trading_router()
    router.on_message("execution", VenueHealth(A, False, 2))
    router.on_message("oms1", order())
    router.on_message("execution", VenueHealth(A, True, 3))
    router.on_message("oms1", order())
    assert sent_to(runtime) == ["exchange-b", "exchange-a"]


def test_where_only_what_reduces_may_go_nothing_else_is_sent() -> None:
    runtime, router = trading_router()
    router.on_message("execution", VenueHealth(A, True, 2, reducing=True))
    router.on_message("oms1", order())
    router.on_message("oms1", replace(order(), reduces=True))
    router.on_message("execution", VenueHealth(A, True, 3))
    router.on_message("oms1", order())
    assert sent_to(runtime) == ["exchange-b", "exchange-a", "exchange-a"]


def acted(runtime: FakeRuntime) -> list[str]:
    return [claim.protection for claim in runtime.claims if isinstance(claim, ProtectionActed)]


def test_the_switch_acts_where_the_choice_would_have_been_another_one_without_it() -> None:
    runtime, router = trading_router()
    router.on_message("execution", VenueHealth(B, True, 2, reducing=True))
    router.on_message("oms1", order())
    assert (sent_to(runtime), acted(runtime)) == (["exchange-a"], [])
    router.on_message("execution", VenueHealth(B, True, 3))
    router.on_message("execution", VenueHealth(A, True, 4, reducing=True))
    router.on_message("oms1", order())
    assert (sent_to(runtime), acted(runtime)) == (["exchange-b"], ["risk.kill_switch"])


def test_a_stale_tick_takes_a_venue_out_until_a_fresh_one_comes() -> None:
    runtime, router = trading_router()
    router.on_message("market-data", tick(A, 104, seq=1, stale=True))
    router.on_message("oms1", order())
    router.on_message("market-data", tick(A, 104, seq=5))
    router.on_message("oms1", order())
    assert sent_to(runtime) == ["exchange-b", "exchange-a"]


def test_a_tick_that_was_overtaken_does_not_bring_an_old_price_back() -> None:
    runtime, router = trading_router()
    router.on_message("market-data", tick(A, 110, seq=9))
    router.on_message("market-data", tick(A, 100, seq=8))
    router.on_message("oms1", order())
    assert sent_to(runtime) == ["exchange-b"]


def test_a_venue_that_was_never_quoted_is_not_routable() -> None:
    runtime = FakeRuntime("router")
    router = Router(runtime, DeskConfig(), WIRING)
    runtime.connect(router, "execution")
    runtime.connect(router, "oms1")
    router.on_message("execution", VenueHealth(A, True, 1))
    router.on_message("oms1", order())
    assert runtime.take(OrderUnsent, "oms1") == [OrderUnsent(order().cl_ord_id, 1, UnsentReason.NO_VENUE)]


def test_an_order_beyond_every_price_comes_straight_back_to_the_one_who_sent_it() -> None:
    """Errata 15: the limit holds, and what is not routed is reported."""
    runtime, router = trading_router()
    runtime.connect(router, "oms2")
    router.on_message("oms2", order(price=102, attempt=3))
    unsent = runtime.take(OrderUnsent, "oms2")
    assert unsent == [OrderUnsent(order().cl_ord_id, 3, UnsentReason.NOT_MARKETABLE)]
    assert sent_to(runtime) == []


def test_while_execution_is_away_an_order_waits_for_it_and_for_a_session_of_its_next_life() -> None:
    runtime, router = trading_router()
    runtime.disconnect(router, "execution")
    router.on_message("oms1", order())
    router.on_message("oms1", order(attempt=2))  # the first one was given up meanwhile
    runtime.connect(router, "execution")
    router.on_message("execution", VenueHealth(A, False, 7))
    assert runtime.take(OrderUnsent) == runtime.take(SendOrder) == []
    router.on_message("execution", VenueHealth(A, True, 8))
    assert [sent.order.attempt for sent in runtime.take(SendOrder, "execution")] == [2]


def test_what_has_waited_for_execution_for_long_enough_is_sent_back() -> None:
    runtime, router = trading_router()
    runtime.disconnect(router, "execution")
    router.on_message("oms1", order())
    runtime.advance(router, 249_000_000)
    assert runtime.take(OrderUnsent) == []
    runtime.advance(router, 1_000_000)
    assert [unsent.reason for unsent in runtime.take(OrderUnsent, "oms1")] == [UnsentReason.NO_VENUE]


def test_without_execution_nothing_is_routable_and_the_stream_is_opened_again() -> None:
    runtime, router = trading_router()
    router.on_config(DeskConfig(router=RouterConfig(await_execution=False)))
    assert runtime.opened == ["execution"]
    runtime.disconnect(router, "execution")
    router.on_message("oms1", order())
    assert [unsent.reason for unsent in runtime.take(OrderUnsent, "oms1")] == [UnsentReason.NO_VENUE]
    runtime.advance(router, REOPEN_NS)
    assert runtime.opened == ["execution", "execution"]


def test_an_order_that_could_not_be_written_is_certainly_unsent() -> None:
    runtime, router = trading_router()
    runtime.streams.discard("execution")  # gone, and the router has not heard of it yet
    router.on_message("oms1", order())
    assert [unsent.reason for unsent in runtime.take(OrderUnsent, "oms1")] == [UnsentReason.SESSION_DOWN]


POOL = Venue("dark-pool")


def test_a_leg_for_the_dark_goes_there_without_any_quote_and_no_other_order_does() -> None:
    runtime = FakeRuntime("router")
    wiring = replace(WIRING, venues=(*WIRING.venues, VenueRoute(POOL, "dark-pool", (ACME,), dark=True)))
    router = Router(runtime, DeskConfig(), wiring)
    router.on_start()
    runtime.connect(router, "execution")
    runtime.connect(router, "oms1")
    router.on_message("execution", VenueHealth(POOL, True, 1))
    leg = replace(order(100), venue=POOL, min_lots=2, time_in_force=TimeInForce.DAY)
    router.on_message("oms1", leg)
    assert runtime.take(SendOrder, "execution") == [SendOrder(POOL, leg)]
    router.on_message("oms1", order(100))
    assert [unsent.reason for unsent in runtime.take(OrderUnsent, "oms1")] == [UnsentReason.NO_VENUE]
    router.on_message("execution", VenueHealth(POOL, False, 2))
    router.on_message("oms1", leg)
    assert [unsent.reason for unsent in runtime.take(OrderUnsent, "oms1")] == [UnsentReason.NO_VENUE]
    assert sent_to(runtime) == []
