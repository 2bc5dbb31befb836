"""The dark pool: one price for all, the middle of the lit market; limits, minimum quantities and time decide who."""

from collections.abc import Generator
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from squall.sim.exchange.dark_participants import DarkParticipants, DarkProfile
from squall.sim.exchange.dark_pool import LOOK_NS, DarkPool, Hidden, midpoint
from squall.sim.exchange.engine import Engine, Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.participants import FairValue
from squall.sim.exchange.rules import Rules
from squall.sim.exchange.venue import Venue, VenueSpec
from squall.sim.exchange.wire.messages import (
    BookImage,
    ExecType,
    ExecutionReport,
    Level,
    Logon,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    OrdRejReason,
    OrdType,
    Print,
    Side,
    TimeInForce,
    TradeCaptureReport,
    TradeCaptureReportRequest,
)
from squall.sim.trace import Trace
from tests.fakes import FakeRuntime

SECOND = 1_000_000_000
DESK, WATCHER = "execution", "reconciler"
BUY, SELL, DAY, IOC = Side.BUY, Side.SELL, TimeInForce.DAY, TimeInForce.IOC


class Told:
    """What an engine tells, in one list."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def on_accepted(self, order: NewOrderSingle) -> None:
        self.events.append(("accepted", order.cl_ord_id))

    def on_triggered(self, order: NewOrderSingle) -> None:
        raise AssertionError("no stop orders here")

    def on_refused(self, order: NewOrderSingle, reason: OrdRejReason) -> None:
        self.events.append(("refused", order.cl_ord_id, reason))

    def on_executed(
        self, order: NewOrderSingle, lots: int, price_half_ticks: int, leaves_lots: int, *, takes: bool
    ) -> None:
        self.events.append(("executed", order.cl_ord_id, lots, price_half_ticks, leaves_lots))

    def on_closed(self, order: NewOrderSingle, leaves_lots: int) -> None:
        self.events.append(("closed", order.cl_ord_id, leaves_lots))

    def on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None: ...


class Stage:
    """Two lit books, empty but for what a test puts there, and a pool between them."""

    def __init__(self) -> None:
        self.world = Environment()
        listing = Listing("ACME", 200)
        self.lit = [MatchingEngine([listing]), MatchingEngine([listing])]
        for engine in self.lit:
            engine.listener = Told()
        self.pool = DarkPool(self.world, [listing], self.lit)
        self.told = self.pool.listener = Told()
        self.pool.start()

    def show(self, bid: int, ask: int, venue: int = 0) -> None:
        """A lit venue shows ten lots on each side."""
        for side, price in ((BUY, bid), (SELL, ask)):
            self.lit[venue].place("ACME", side, 10, price)
        self.lit[venue].publish("ACME")

    def enter(self, name: str, side: Side, lots: int, limit: int | None = None, **terms: Any) -> None:
        ord_type = OrdType.MARKET if limit is None else OrdType.LIMIT
        tif = terms.pop("time_in_force", DAY)
        self.pool.enter(NewOrderSingle(name, name, "ACME", side, lots, ord_type, tif, limit, **terms))

    def other(self, side: Side, lots: int, limit: int | None = None, min_lots: int = 0) -> Hidden:
        return self.pool.place("ACME", side, lots, limit, min_lots)

    @property
    def executions(self) -> list[tuple[Any, ...]]:
        return [event[1:] for event in self.told.events if event[0] == "executed"]


def test_orders_meet_at_the_middle_of_the_best_of_all_lit_venues() -> None:
    stage = Stage()
    stage.show(198, 204)
    stage.show(196, 202, venue=1)
    stage.other(SELL, 30)
    stage.enter("a", BUY, 50)
    assert stage.executions == [("a", 30, 200, 20)]


def test_an_odd_middle_is_exact_in_half_ticks() -> None:
    stage = Stage()
    stage.show(198, 200)
    stage.other(SELL, 5)
    stage.enter("a", BUY, 5)
    assert stage.executions == [("a", 5, 199, 0)]
    with pytest.raises(ValueError, match="ODD has a tick of 3 half ticks"):
        DarkPool(stage.world, [Listing("ODD", 201, 3)], [])


@pytest.mark.parametrize(
    ("touches", "middle"),
    [
        ([], None),
        ([(0, 0, 200, 5)], None),
        ([(200, 5, 0, 0)], None),
        ([(202, 5, 204, 5), (196, 5, 200, 5)], None),
        ([(202, 5, 206, 5), (198, 5, 202, 5)], 202),
        ([(198, 5, 0, 0), (0, 0, 204, 5)], 201),
    ],
    ids=["nothing", "no bid", "no ask", "crossed", "locked", "a side from each"],
)
def test_there_is_no_middle_without_two_sides_or_while_they_are_crossed(
    touches: list[tuple[int, int, int, int]], middle: int | None
) -> None:
    assert midpoint(touches) == middle


def test_nothing_trades_while_there_is_no_middle_and_all_that_can_does_at_the_next_look_after_it_is_back() -> None:
    stage = Stage()
    stage.other(SELL, 30)
    stage.enter("a", BUY, 20)
    stage.world.run(until=10 * LOOK_NS)
    assert stage.executions == []
    stage.show(198, 204)
    stage.world.run(until=11 * LOOK_NS + 1)
    assert stage.executions == [("a", 20, 201, 0)]


def test_nobody_trades_beyond_a_limit_and_a_better_one_buys_no_place() -> None:
    stage = Stage()
    stage.show(198, 202)
    stage.enter("too low", BUY, 10, 198)
    stage.enter("first", BUY, 10, 200)
    stage.enter("eager", BUY, 10, 240)
    stage.other(SELL, 15)
    assert stage.executions == [("first", 10, 200, 0), ("eager", 5, 200, 5)]


def test_no_execution_is_smaller_than_the_minimum_of_either_side_unless_less_is_left() -> None:
    stage = Stage()
    stage.show(198, 202)
    stage.enter("a", BUY, 100, min_lots=40)
    stage.other(SELL, 30)
    stage.other(SELL, 200, min_lots=150)
    assert stage.executions == []
    stage.other(SELL, 80)
    assert stage.executions == [("a", 80, 200, 20), ("a", 20, 200, 0)], "20 are less than 40, and all that was left"


def test_an_order_that_is_not_to_rest_trades_what_it_meets_and_ends() -> None:
    stage = Stage()
    stage.show(198, 202)
    stage.other(SELL, 30)
    stage.enter("a", BUY, 50, time_in_force=IOC)
    assert stage.told.events == [("accepted", "a"), ("executed", "a", 30, 200, 20), ("closed", "a", 20)]
    assert stage.pool.cancel("a") is False


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"min_lots": 11}, OrdRejReason.INVALID_QUANTITY),
        ({"time_in_force": TimeInForce.FOK}, OrdRejReason.UNSUPPORTED_ORDER),
        ({"limit": 199}, OrdRejReason.INVALID_PRICE),
        ({"limit": -2}, OrdRejReason.INVALID_PRICE),
    ],
)
def test_what_a_pool_does_not_know_it_refuses(terms: dict[str, Any], reason: OrdRejReason) -> None:
    stage = Stage()
    stage.enter("a", BUY, 10, **terms)
    assert stage.told.events == [("refused", "a", reason)]


def test_stop_orders_and_symbols_that_are_not_listed_are_refused() -> None:
    stage = Stage()
    stage.pool.enter(NewOrderSingle("a", "a", "ACME", BUY, 9, OrdType.STOP, DAY, None, stop_price_half_ticks=200))
    stage.pool.enter(NewOrderSingle("b", "b", "BOLT", BUY, 9, OrdType.MARKET, DAY, None))
    reasons = [event[2] for event in stage.told.events]
    assert reasons == [OrdRejReason.UNSUPPORTED_ORDER, OrdRejReason.UNKNOWN_SYMBOL]


def test_clients_do_not_meet_each_other() -> None:
    stage = Stage()
    stage.show(198, 202)
    stage.enter("a", BUY, 10)
    stage.enter("b", SELL, 10)
    assert stage.executions == []


def test_a_venue_that_comes_back_knows_no_client_and_the_others_have_not_noticed() -> None:
    stage = Stage()
    stage.enter("a", BUY, 10)
    other = stage.other(SELL, 10)
    stage.pool.start()
    assert stage.told.events[-1] == ("closed", "a", 10)
    assert other.lots == 10


def test_fewer_lots_keep_their_place_and_other_terms_do_not() -> None:
    stage = Stage()
    stage.enter("a", BUY, 10, 200)
    order = NewOrderSingle("a", "a", "ACME", BUY, 6, OrdType.LIMIT, DAY, 200)
    assert stage.pool.amend(order, 6)
    assert not stage.pool.amend(order, 7)
    assert stage.pool.take_out("a") == 6
    assert stage.pool.take_out("a") == 0
    assert not stage.pool.amend(order, 6)


# --- for any orders ---

terms = st.tuples(
    st.sampled_from(Side),
    st.integers(1, 60),
    st.none() | st.sampled_from((196, 198, 200, 202, 204)),
    st.integers(0, 60),
    st.booleans(),
)


@given(st.lists(terms, max_size=25))
def test_whoever_can_trade_has_traded_and_nobody_against_their_terms(
    orders: list[tuple[Side, int, int | None, int, bool]],
) -> None:
    stage = Stage()
    stage.show(198, 202)
    book: list[Hidden] = []
    bought = sold = 0
    for number, (side, lots, limit, least, ours) in enumerate(orders):
        least = min(least, lots)
        if ours:
            stage.enter(f"{number}", side, lots, limit, min_lots=least)
        else:
            book.append(stage.other(side, lots, limit, least))
    for name, lots, price, leaves in stage.executions:
        side, asked, limit, least, _ = orders[int(name)]
        assert price == 200
        assert limit is None or side.sign * (price - limit) <= 0
        assert lots >= min(least, asked, leaves + lots)
        bought, sold = (bought + lots, sold) if side is BUY else (bought, sold + lots)
    resting = stage.pool._resting["ACME"]
    assert not _could_meet(200, resting[BUY], resting[SELL])
    assert all(hidden.lots for side in Side for hidden in resting[side])


def _could_meet(price: int, buyers: list[Hidden], sellers: list[Hidden]) -> bool:
    """Slow and obvious: any pair of which not both are ours, within both limits, and large enough for both."""
    for one in buyers:
        for other in sellers:
            lots = min(one.lots, other.lots)
            large = all(lots >= each.min_lots or lots == each.lots for each in (one, other))
            within = (one.limit_half_ticks is None or price <= one.limit_half_ticks) and (
                other.limit_half_ticks is None or price >= other.limit_half_ticks
            )
            if large and within and not (one.order is not None and other.order is not None):
                return True
    return False


# --- who else is there ---


def _populated(seed: int, disturb: bool) -> tuple[Stage, list[tuple[int, Side, int, int]]]:
    stage = Stage()
    stage.show(19_998, 20_002)
    came: list[tuple[int, Side, int, int]] = []
    place = stage.pool.place

    def watched(symbol: str, side: Side, lots: int, limit: int | None, min_lots: int = 0) -> Hidden:
        came.append((int(stage.world.now), side, lots, min_lots))
        return place(symbol, side, lots, limit, min_lots)

    stage.pool.place = watched  # type: ignore[method-assign]
    listing = Listing("ACME", 20_000)
    worth = FairValue(stage.world, Random(f"worth/{seed}"), 20_000)
    DarkParticipants(stage.world, stage.pool, listing, Random(f"dark/{seed}"), worth, DarkProfile(events_per_s=20.0))
    stage.pool._at_open[0]()
    if disturb:
        stage.world.process(_buys(stage))
    stage.world.run(until=20 * SECOND)
    return stage, came


def _buys(stage: Stage) -> Generator[Any, Any, None]:
    for number in range(40):
        yield stage.world.timeout(SECOND // 3)
        stage.enter(f"{number}", BUY, 50, min_lots=10)


def test_what_the_desk_does_moves_nobodys_luck() -> None:
    alone, came = _populated(1, disturb=False)
    disturbed, came_too = _populated(1, disturb=True)
    assert came == came_too
    assert len(came) > 200
    assert any(least for *_, least in came)
    assert disturbed.executions
    assert not alone.executions
    assert _populated(2, disturb=False)[1] != came


def test_they_lose_patience_and_are_bounded() -> None:
    stage, _ = _populated(1, disturb=False)
    resting = stage.pool._resting["ACME"]
    assert 0 < sum(len(resting[side]) for side in Side) <= DarkProfile().orders_max


# --- as a venue ---


class StoppedClock:
    now_ns = 0
    cause = 0


class Session:
    """A venue with a pool behind it, and a client that has logged on."""

    def __init__(self) -> None:
        stage = Stage()
        stage.show(198, 202)
        self.runtime = FakeRuntime("dark-pool")
        self.pool = DarkPool(stage.world, [Listing("ACME", 200)], stage.lit)
        engine: Engine = self.pool
        self.rules = Rules()
        self.venue = Venue(self.runtime, VenueSpec("dark-pool"), engine, Trace(StoppedClock()), self.rules)
        self.venue.on_start()
        for peer, message in ((DESK, Logon(DESK, 1)), (WATCHER, TradeCaptureReportRequest(WATCHER, DESK, 0, 1))):
            self.runtime.connect(self.venue, peer)
            self.venue.on_message(peer, message)

    def order(self, lots: int, limit: int | None = None, min_lots: int = 0) -> None:
        ord_type = OrdType.MARKET if limit is None else OrdType.LIMIT
        self.tell(NewOrderSingle("a", "a", "ACME", BUY, lots, ord_type, DAY, limit, min_lots=min_lots))

    def tell(self, message: Any, peer: str = DESK) -> None:
        self.venue.on_message(peer, message)

    def reports(self) -> list[tuple[Any, ...]]:
        reports = self.runtime.take(ExecutionReport, DESK)
        return [(each.exec_type, each.last_lots, each.last_price_half_ticks, each.leaves_lots) for each in reports]


def test_a_pool_is_a_venue_like_the_others_to_its_clients() -> None:
    session = Session()
    session.order(50)
    session.pool.place("ACME", SELL, 30, None)
    session.tell(OrderCancelRequest("a~c", "a", "ACME", BUY))
    assert session.reports() == [
        (ExecType.NEW, 0, 0, 50),
        (ExecType.TRADE, 30, 200, 20),
        (ExecType.CANCELED, 0, 0, 0),
    ]
    [copy] = session.runtime.take(TradeCaptureReport, WATCHER)
    assert (copy.number, copy.last_lots, copy.last_price_half_ticks) == (1, 30, 200)


def test_what_rests_in_the_dark_is_in_the_list_of_open_orders_and_in_nobody_elses_sight() -> None:
    session = Session()
    session.order(50, 200)
    session.tell(OrderMassStatusRequest(WATCHER, DESK, 1), WATCHER)
    [told] = session.runtime.take(OrderMassStatusReport, WATCHER)
    assert [(each.cl_ord_id, each.leaves_lots) for each in told.orders] == [("a", 50)]
    assert session.pool.image() == (BookImage("ACME", ()),)
    assert session.pool.touch("ACME") == (0, 0, 0, 0)


def test_an_order_in_the_dark_is_given_another_limit() -> None:
    session = Session()
    session.order(50, 198)
    session.pool.place("ACME", SELL, 30, None)
    session.tell(OrderCancelReplaceRequest("a~r1", "a", "ACME", BUY, 50, 200))
    told = [each[:2] for each in session.reports()]
    assert told == [(ExecType.NEW, 0), (ExecType.REPLACED, 0), (ExecType.TRADE, 30)]


def test_a_venue_that_deals_in_small_pieces_keeps_to_a_minimum_quantity() -> None:
    for min_lots, pieces in ((0, [1, 29]), (20, [30])):
        session = Session()
        session.runtime.buggified.add("small pieces")
        session.order(50, min_lots=min_lots)
        session.pool.place("ACME", SELL, 30, None)
        assert [each.last_lots for each in session.runtime.take(ExecutionReport, DESK)][1:] == pieces


def test_a_pool_that_shows_no_price_guarantees_none() -> None:
    session = Session()
    session.order(50, 200)
    assert not session.rules.staff.hold("a", "stopped")
    assert session.rules.staff.hold("a", "suspended")
