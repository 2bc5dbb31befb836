"""Stop orders that the desk holds itself: what reaches them, that they are set off once, and how they end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdStatus, OrdType, Side, TimeInForce
from squall.system.config import MILLISECOND, DeskConfig, OmsConfig, RouterConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    AmendOrder,
    CancelAtVenue,
    CancelOrder,
    CheckOrder,
    Denial,
    DenyReason,
    ForgetStop,
    HeldStop,
    OrderChecked,
    OrderUnsent,
    ReleaseOrder,
    RouteOrder,
    StopReached,
    SubmitOrder,
    SwitchTrading,
    SyncRisk,
    Tick,
    UnsentReason,
    WatchStop,
    WatchStops,
)
from squall.system.domain.orders import ORD_STATUS, OrderState
from squall.system.domain.routing import Choice, choose_venue
from squall.system.domain.signals import BestTouch
from squall.system.domain.stops import at_work, is_reached, over_ns
from squall.system.domain.switches import Scope, TradingState
from squall.system.domain.terms import Terms
from squall.system.services.stop_watch import StopWatch
from squall.system.wiring import DAY_NS, Instrument
from tests.fakes import FakeRuntime
from tests.system.test_oms_service import Rig

ACME = Symbol("ACME")
A, B = Venue("exchange-a"), Venue("exchange-b")
ONE = ClOrdID("pulse-ACME-1")
SELL = HeldStop(ONE, ACME, Side.SELL, 19_900)
STOP = SubmitOrder(ONE, "pulse", ACME, Side.SELL, 5, OrdType.STOP, TimeInForce.DAY, None, 0, 19_900)
STOP_LIMIT = replace(STOP, ord_type=OrdType.STOP_LIMIT, price_half_ticks=19_890)


# --- the rule ---


@given(st.sampled_from(Side), st.integers(1, 50), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_a_stop_is_reached_when_nobody_is_left_on_this_side_of_it(
    side: Side, stop: int, quotes: list[tuple[int, int]]
) -> None:
    """Against the slow way: every single quote has to be there, and one at least."""
    asks = [ask for _, ask in quotes if ask]
    bids = [bid for bid, _ in quotes if bid]
    best = BestTouch(max(bids, default=0), min(asks, default=0)) if quotes else None
    if side is Side.BUY:
        assert is_reached(side, stop, best) == (bool(asks) and all(ask >= stop for ask in asks))
    else:
        assert is_reached(side, stop, best) == (bool(bids) and all(bid <= stop for bid in bids))


def test_a_stop_that_is_reached_takes_what_there_is_and_one_with_a_limit_rests_at_it() -> None:
    terms = Terms(ACME, Side.SELL, 5, OrdType.STOP, TimeInForce.GTC, None, 19_900)
    assert at_work(terms) == (OrdType.MARKET, TimeInForce.IOC)
    limited = replace(terms, ord_type=OrdType.STOP_LIMIT, price_half_ticks=19_890)
    assert at_work(limited) == (OrdType.LIMIT, TimeInForce.GTC)


def test_a_day_stop_is_over_when_its_session_closes_first_and_one_till_cancelled_never() -> None:
    day = Terms(ACME, Side.SELL, 5, OrdType.STOP, TimeInForce.DAY, None, 19_900)
    hours = Instrument(ACME, opens_ns=100, closes_ns=200)
    assert over_ns(day, 3 * DAY_NS + 150, hours) == 3 * DAY_NS + 200
    assert over_ns(day, 3 * DAY_NS + 200, hours) == 4 * DAY_NS + 200
    assert over_ns(day, 3 * DAY_NS + 150, Instrument(ACME)) == 4 * DAY_NS
    assert over_ns(replace(day, time_in_force=TimeInForce.GTC), 150, hours) is None


def test_fix_calls_a_held_stop_new() -> None:
    assert ORD_STATUS[OrderState.HELD] is OrdStatus.NEW


# --- where it goes ---


def stop_route(venue: Venue | None = None) -> RouteOrder:
    return RouteOrder(
        Epoch(1),
        ONE,
        ACME,
        Side.SELL,
        5,
        OrdType.STOP,
        TimeInForce.DAY,
        None,
        1,
        stop_price_half_ticks=19_900,
        venue=venue,
    )


def quote(venue: Venue, bid: int, stale: bool = False, seq: int = 1) -> Tick:
    return Tick(venue, ACME, seq, bid, 10, bid + 4, 10, stale)


def test_a_stop_goes_to_a_venue_that_keeps_it_and_comes_back_where_none_does() -> None:
    quotes = [quote(A, 20_000), quote(B, 19_990)]
    choice = choose_venue(stop_route(), quotes, keepers=(B,))
    assert isinstance(choice, Choice)
    assert (choice.venue, choice.allocated_lots) == (B, 5)
    assert choose_venue(stop_route(), quotes) is UnsentReason.NO_STOPS
    assert choose_venue(stop_route(A), quotes, keepers=(B,)) is UnsentReason.NO_STOPS
    assert (
        choose_venue(stop_route(), [quote(A, 20_000), quote(B, 1, stale=True)], keepers=(B,)) is UnsentReason.NO_STOPS
    )


# --- the watch ---


class Watch:
    """A watch beside a router's quotes, and the leader it talks to."""

    def __init__(self, believed: bool = True) -> None:
        self.runtime = FakeRuntime("router")
        self.runtime.streams.update(("oms1", "oms2"))
        self.quotes: dict[Symbol, dict[Venue, Tick | None]] = {ACME: {A: None, B: None}}
        self.watch = StopWatch(self.runtime, RouterConfig(believed_stops=believed), self.quotes)
        for venue in (A, B):
            self.tick(quote(venue, 20_000))
        self.watch.on_message("oms1", WatchStop(Epoch(1), SELL))

    def tick(self, tick: Tick) -> None:
        self.quotes[tick.symbol][tick.venue] = tick
        self.watch.on_tick(tick)

    def told(self, to: str = "oms1") -> list[StopReached]:
        return self.runtime.take(StopReached, to)


def test_one_venue_alone_does_not_set_a_stop_off_and_both_do_once() -> None:
    rig = Watch()
    rig.tick(quote(A, 19_900, seq=2))
    assert rig.told() == []
    rig.tick(quote(B, 19_898, seq=7))
    assert rig.told() == [StopReached(ONE, 19_900, B, 7)]
    rig.tick(quote(B, 19_890, seq=8))
    assert rig.told() == []


def test_a_price_that_is_not_believed_sets_nothing_off() -> None:
    rig = Watch()
    rig.tick(quote(A, 2_000, stale=True, seq=2))
    assert rig.told() == []
    assert rig.runtime.claims == [ProtectionActed("router.believed_stops", ONE)]
    unguarded = Watch(believed=False)
    unguarded.tick(quote(A, 2_000, stale=True, seq=2))
    assert unguarded.told() == [StopReached(ONE, 19_900, A, 2)]


def test_while_no_venue_is_believed_nothing_is_reached() -> None:
    rig = Watch()
    for venue in (A, B):
        rig.tick(quote(venue, 20_000, stale=True, seq=2))
    rig.watch.on_message("oms1", WatchStop(Epoch(1), replace(SELL, stop_price_half_ticks=20_500)))
    assert rig.told() == []


def test_a_stop_that_is_reached_already_is_told_at_once() -> None:
    rig = Watch()
    rig.watch.on_message("oms1", WatchStop(Epoch(1), replace(SELL, stop_price_half_ticks=20_000)))
    assert [each.stop_price_half_ticks for each in rig.told()] == [20_000]


def test_what_was_reached_while_nobody_led_is_told_to_who_leads_next_though_the_market_is_back() -> None:
    rig = Watch()
    rig.runtime.streams.discard("oms1")
    for venue in (A, B):
        rig.tick(quote(venue, 19_900, seq=2))
    for venue in (A, B):
        rig.tick(quote(venue, 20_000, seq=3))
    assert rig.told() == []
    rig.watch.on_message("oms2", WatchStops(Epoch(2), (SELL,)))
    assert len(rig.told("oms2")) == 1
    rig.watch.on_message("oms1", WatchStop(Epoch(1), SELL))  # deposed
    assert rig.told() == []


def test_what_a_new_leader_does_not_name_is_watched_no_more_nor_what_is_held_no_more() -> None:
    rig = Watch()
    rig.watch.on_message("oms2", WatchStops(Epoch(2), ()))
    assert rig.watch.watched == ()
    rig.watch.on_message("oms2", WatchStop(Epoch(2), SELL))
    rig.watch.on_message("oms2", ForgetStop(Epoch(2), ONE))
    assert rig.watch.watched == ()


# --- the leader ---


def holding(order: SubmitOrder = STOP, config: DeskConfig | None = None) -> Rig:
    """A leader that holds one stop order, no venue having it."""
    rig = Rig(config=config)
    rig.lead()
    rig.hear("strategy", order)
    rig.hear("risk", OrderChecked(ONE, ()))
    rig.sync()
    rig.hear("router", OrderUnsent(ONE, 1, UnsentReason.NO_STOPS))
    rig.sync()
    return rig


def state_of(rig: Rig) -> OrderState:
    (order,) = rig.oms.orders
    return order.state


def reached(price: int = 19_900) -> StopReached:
    return StopReached(ONE, price, A, 9)


def test_what_no_venue_keeps_the_desk_holds_and_nothing_of_it_is_in_flight() -> None:
    rig = holding()
    assert state_of(rig) is OrderState.HELD
    assert rig.take(WatchStop, "router") == [WatchStop(Epoch(1), SELL)]
    assert rig.take(ReleaseOrder, "risk") == [ReleaseOrder(ONE, 0)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (STOP, (OrdType.MARKET, TimeInForce.IOC, None)),
        (STOP_LIMIT, (OrdType.LIMIT, TimeInForce.DAY, 19_890)),
    ],
)
def test_a_stop_that_is_reached_goes_through_the_gate_again_and_out_once(
    order: SubmitOrder, expected: tuple[OrdType, TimeInForce, int | None]
) -> None:
    rig = holding(order)
    rig.take(CheckOrder)
    rig.take(RouteOrder)
    for _ in range(2):
        rig.hear("router", reached())
    assert [asked.cl_ord_id for asked in rig.take(CheckOrder, "risk")] == [ONE]
    rig.hear("risk", OrderChecked(ONE, ()))
    rig.hear("router", reached())
    rig.sync()
    (route,) = rig.take(RouteOrder, "router")
    assert (route.ord_type, route.time_in_force, route.price_half_ticks) == expected
    assert (route.attempt, route.stop_price_half_ticks) == (2, None)
    assert rig.take(ForgetStop, "router") == [ForgetStop(Epoch(1), ONE)]


def test_a_stop_that_the_gate_refuses_when_it_is_reached_is_over() -> None:
    rig = holding()
    rig.hear("router", reached())
    rig.hear("risk", OrderChecked(ONE, (Denial(DenyReason.HALTED, 5, 0),)))
    assert rig.oms.orders == ()


def test_a_held_stop_is_taken_back_without_asking_anybody() -> None:
    rig = holding()
    rig.hear("strategy", CancelOrder(ONE))
    rig.sync()
    assert rig.oms.orders == ()
    assert rig.take(CancelAtVenue) == []
    assert len(rig.take(ForgetStop, "router")) == 1
    rig.hear("router", reached())  # it was on its way
    assert rig.oms.orders == ()


def test_a_halt_takes_back_what_is_held_too() -> None:
    rig = holding()
    rig.hear("operator", SwitchTrading(1, Scope.SYMBOL, "ACME", TradingState.HALTED))
    assert rig.oms.orders == ()


def test_a_held_stop_is_amended_at_once_and_its_old_price_sets_nothing_off() -> None:
    rig = holding()
    rig.take(WatchStop)
    rig.hear("strategy", AmendOrder(ONE, 1, 7, None, 19_800))
    rig.sync()
    assert rig.take(WatchStop, "router") == [WatchStop(Epoch(1), replace(SELL, stop_price_half_ticks=19_800))]
    rig.hear("router", reached(19_900))
    assert state_of(rig) is OrderState.HELD
    rig.hear("router", reached(19_800))
    assert [asked.quantity_lots for asked in rig.take(CheckOrder)][-1] == 7


def test_a_day_stop_expires_when_the_day_is_over() -> None:
    rig = holding()
    (order,) = rig.oms.orders
    assert order.held_ns is not None
    rig.runtime.now_ns = DAY_NS - 150 * MILLISECOND
    rig.beat_on(100 * MILLISECOND)
    assert state_of(rig) is OrderState.HELD
    rig.beat_on(200 * MILLISECOND)
    assert rig.oms.orders == ()


@pytest.mark.parametrize("keeps", [True, False])
def test_who_leads_next_goes_on_with_what_is_held(keeps: bool) -> None:
    config = DeskConfig(oms=OmsConfig(keep_stops=keeps))
    rig = holding(config=config)
    rig.start()  # the same disk, a new life: epoch 2
    rig.pass_time(2_000 * MILLISECOND)
    rig.lead()
    assert rig.take(WatchStops, "router")[-1] == WatchStops(Epoch(2), (SELL,) if keeps else ())
    assert [sync.open_orders for sync in rig.take(SyncRisk)][-1] == ()
    rig.hear("router", reached())
    assert state_of(rig) is (OrderState.PENDING_VALIDATION if keeps else OrderState.HELD)


def test_one_that_was_set_off_before_is_not_set_off_again_by_who_leads_next() -> None:
    rig = holding()
    rig.hear("router", reached())
    rig.hear("risk", OrderChecked(ONE, ()))
    rig.sync()
    rig.start()
    rig.pass_time(2_000 * MILLISECOND)
    rig.lead()
    assert rig.take(WatchStops, "router")[-1].stops == ()
    rig.take(CheckOrder)
    rig.hear("router", reached())
    assert rig.take(CheckOrder) == []
