"""Read models, held at every prefix of a log against a recomputation that shares no code with them."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import DeskConfig
from squall.system.domain.audit_trail import AuditRecord, encode_record
from squall.system.domain.claims import ReadModelsTold
from squall.system.domain.events import (
    AnyEvent,
    CancelRequested,
    OrderAcknowledged,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderSent,
    OrderSubmitted,
)
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import Denial, DenyReason, JournalCopied
from squall.system.domain.orders import OrderState
from squall.system.domain.portfolio import Money
from squall.system.domain.positions import PositionKey
from squall.system.domain.projections.fills import PositionEvent
from squall.system.domain.projections.read_models import Lag, ReadModels, position_events, rebuilt
from squall.system.domain.terms import Terms
from squall.system.services.audit import Audit
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
VENUE = Venue("exchange-a")
SECOND = 1_000_000_000


def life(data: st.DataObject, name: str) -> list[AnyEvent]:
    """An order's events, from its submission to wherever it has come."""
    order, side = ClOrdID(name), data.draw(st.sampled_from(Side))
    symbol, strategy = data.draw(st.sampled_from((ACME, BOLT))), data.draw(st.sampled_from(("pulse", "other")))
    lots = data.draw(st.integers(1, 9))
    terms = Terms(symbol, side, lots, OrdType.LIMIT, TimeInForce.DAY, 200)
    events: list[AnyEvent] = [OrderSubmitted(order, 0, strategy, strategy, terms, 0)]
    if data.draw(st.integers(0, 5)) == 0:
        return [*events, OrderDenied(order, 0, "risk", (Denial(DenyReason.ORDER_SIZE, lots, 1),))]
    events += [OrderApproved(order, 0, "risk", Epoch(1)), OrderSent(order, 0, "execution", VENUE, 1)]
    if data.draw(st.booleans()):
        events.append(OrderAcknowledged(order, 0, VENUE, VENUE))
    left = lots
    for number, wanted in enumerate(data.draw(st.lists(st.integers(1, 9), max_size=4)), 1):
        filled = min(wanted, left)
        if filled:
            left -= filled
            exec_id, price = ExecID(f"{name}/{number}"), data.draw(st.integers(100, 300))
            fee = data.draw(st.integers(-3, 3))
            events.append(OrderFilled(order, 0, VENUE, exec_id, VENUE, symbol, side, filled, price, fee))
    if left and data.draw(st.booleans()):
        events += [CancelRequested(order, 0, strategy, 1), OrderCanceled(order, 0, VENUE, left)]
    return events


@st.composite
def logs(draw: st.DrawFn) -> list[AnyEvent]:
    """Some lives of orders, dealt into one log; each event a millisecond after the one before."""
    data = draw(st.data())
    lives = [life(data, f"o{number}") for number in range(draw(st.integers(1, 6)))]
    log: list[AnyEvent] = []
    while any(lives):
        waiting = [each for each in lives if each]
        log.append(draw(st.sampled_from(waiting)).pop(0))
    return [stamped(event, 1_000_000 * number) for number, event in enumerate(log, 1)]


def stamped(event: AnyEvent, at_ns: int) -> AnyEvent:
    values = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**{**values, "at_ns": at_ns})


def folded(log: Iterable[AnyEvent]) -> ReadModels:
    models = ReadModels()
    for version, event in enumerate(log, 1):
        models.take(version, (event,), 0)
    return models


def records(log: list[AnyEvent], cuts: Iterable[int] = ()) -> list[bytes]:
    """The log as an audit file, in batches that end at the cuts."""
    bounds = [0, *sorted({cut for cut in cuts if 0 < cut < len(log)}), len(log)]
    return [encode_record(AuditRecord(Epoch(1), a + 1, 0, tuple(log[a:b]))) for a, b in pairwise(bounds) if a < b]


# --- at every prefix ---


@given(logs())
def test_at_every_prefix_they_show_what_a_recomputation_finds(log: list[AnyEvent]) -> None:
    models = ReadModels()
    for version, event in enumerate(log, 1):
        models.take(version, (event,), 0)
        prefix = log[:version]
        assert models.version == version
        _orders_are_right(models, prefix)
        _fills_are_right(models, prefix)
        _positions_are_right(models, prefix)


def _orders_are_right(models: ReadModels, log: list[AnyEvent]) -> None:
    submitted = [event for event in log if isinstance(event, OrderSubmitted)]
    assert list(models.orders.rows) == [event.cl_ord_id for event in submitted]
    for order in submitted:
        row = models.orders.rows[order.cl_ord_id]
        mine = [(version, event) for version, event in enumerate(log, 1) if event.cl_ord_id == order.cl_ord_id]
        filled = sum(event.lots for _, event in mine if isinstance(event, OrderFilled))
        kinds = [type(event) for _, event in mine]
        assert (row.symbol, row.side, row.strategy) == (order.terms.symbol, order.terms.side, order.strategy)
        assert (row.quantity_lots, row.filled_lots) == (order.terms.quantity_lots, filled)
        assert (row.limit_price_half_ticks, row.order_type) == (200, OrdType.LIMIT)
        assert (row.created_at_ns, row.updated_at_ns) == (order.at_ns, mine[-1][1].at_ns)
        assert (row.version, row.actor) == (mine[-1][0], mine[-1][1].actor)
        if OrderDenied in kinds:
            assert row.status is OrderState.REJECTED
        elif OrderCanceled in kinds:
            assert row.status is OrderState.CANCELED
        elif CancelRequested in kinds:
            assert row.status is OrderState.PENDING_CANCEL
        elif filled:
            whole = filled == order.terms.quantity_lots
            assert row.status is (OrderState.FILLED if whole else OrderState.PARTIALLY_FILLED)
    for name, strategy in models.orders.strategies.items():
        given_by = {event.cl_ord_id for event in submitted if event.strategy == name}
        fills = [event for event in log if isinstance(event, OrderFilled) and event.cl_ord_id in given_by]
        assert (strategy.orders, strategy.fills) == (len(given_by), len(fills))
        assert strategy.filled_lots == sum(event.lots for event in fills)


def _fills_are_right(models: ReadModels, log: list[AnyEvent]) -> None:
    fills = [(version, event) for version, event in enumerate(log, 1) if isinstance(event, OrderFilled)]
    rows = list(models.fills.fills.values())
    assert [
        (row.exec_id, row.order_id, row.lots, row.price_half_ticks, row.commission, row.fill_time_ns, row.version)
        for row in rows
    ] == [(e.exec_id, e.cl_ord_id, e.lots, e.price_half_ticks, e.commission, e.at_ns, version) for version, e in fills]


def _positions_are_right(models: ReadModels, log: list[AnyEvent]) -> None:
    strategies = {event.cl_ord_id: event.strategy for event in log if isinstance(event, OrderSubmitted)}
    lots: dict[PositionKey, int] = {}
    cash: dict[PositionKey, int] = {}
    cost: dict[PositionKey, Fraction] = {}
    for event in log:
        if isinstance(event, OrderFilled):
            key = PositionKey(event.symbol, strategies[event.cl_ord_id])
            held, basis = lots.get(key, 0), cost.get(key, Fraction(0))
            for _ in range(event.lots):  # one lot at a time, each at the average of what is open
                step = event.side.sign
                basis += event.price_half_ticks * step if held * step >= 0 else -basis / held * -step
                held += step
            lots[key], cost[key] = held, basis
            flow = event.side.sign * event.lots * event.price_half_ticks
            cash[key] = cash.get(key, 0) - flow - event.commission
    assert models.fills.rows.keys() == lots.keys()
    for key, row in models.fills.rows.items():
        assert row.quantity_lots == lots[key]
        assert models.fills.positions[key].cash_flow == cash[key]
        assert abs(row.realised - (cash[key] + cost[key])) <= Fraction(501, 1_000)
        if lots[key]:
            assert abs(row.average_cost_half_ticks - cost[key] / lots[key]) < Fraction(1, 1_000)


# --- dropped and rebuilt, in pieces, out of order ---


@given(logs(), st.lists(st.integers(1, 30), max_size=6), st.data())
def test_dropped_and_rebuilt_they_are_the_same(log: list[AnyEvent], cuts: list[int], data: st.DataObject) -> None:
    file = records(log, cuts)
    live = folded(log)
    assert rebuilt(file).hash() == live.hash()
    shuffled = data.draw(st.permutations(file))
    assert rebuilt([*shuffled, *file]).hash() == live.hash()


@given(logs(), st.integers(1, 30))
def test_another_prefix_is_another_state(log: list[AnyEvent], cut: int) -> None:
    shorter = folded(log[: min(cut, len(log) - 1)])
    assert shorter.hash() != folded(log).hash()


@given(logs())
def test_the_history_of_a_position_adds_up_to_it(log: list[AnyEvent]) -> None:
    history = position_events(records(log))
    rows = folded(log).fills.rows
    for key, row in rows.items():
        assert sum(each.lots_delta for each in history if each.key == key) == row.quantity_lots
    assert [each.version for each in history] == sorted(each.version for each in history)


# --- behind ---


def order_and_fill() -> tuple[AnyEvent, ...]:
    order = ClOrdID("a")
    terms = Terms(ACME, Side.SELL, 10, OrdType.LIMIT, TimeInForce.DAY, 200)
    return (
        OrderSubmitted(order, 1, "pulse", "pulse", terms, 0),
        OrderApproved(order, 2, "risk", Epoch(1)),
        OrderFilled(order, 3, VENUE, ExecID("x/1"), VENUE, ACME, Side.SELL, 10, 210, 7),
    )


def test_what_is_ahead_of_its_turn_waits_and_they_say_how_far_behind_they_are() -> None:
    """They show a moment that there was: no fill of an order that nobody has submitted."""
    submitted, approved, filled = order_and_fill()
    models = ReadModels()
    models.take(3, (filled,), 100)
    assert (models.version, models.fills.rows) == (0, {})
    assert models.lag(350) == Lag(3, 250)
    models.take(1, (submitted,), 400)
    assert (models.version, models.lag(450)) == (1, Lag(2, 350))
    models.take(2, (approved,), 500)
    assert (models.version, models.lag(900)) == (3, Lag())
    assert models.fills.rows[PositionKey(ACME, "pulse")].quantity_lots == -10


def test_a_position_has_one_key_of_symbol_and_strategy_and_its_history_says_who_and_when() -> None:
    """Erratum 12: the chapter's positions have two primary keys, and its events neither order nor actor."""
    (moved,) = folded(order_and_fill()[:2]).take(3, order_and_fill()[2:], 0)
    assert moved == PositionEvent(3, PositionKey(ACME, "pulse"), "OrderFilled", -10, 210, 3, ExecID("x/1"))


def test_the_portfolio_is_valued_from_the_same_rows() -> None:
    money = Money((Instrument(ACME),))
    models = folded(order_and_fill())
    at_last = models.portfolio(money, {}, 1_000 * money.per_unit, {})
    assert money.in_cents(at_last.profit) == -4  # the fee of 7 half ticks × lot, to the cent and to even
    lower = models.portfolio(money, {}, 1_000 * money.per_unit, {ACME: 2 * 200})
    assert money.in_cents(lower.profit) == 46


# --- in their place beside the audit ---


def test_the_audit_shows_what_it_has_been_copied_and_after_a_restart_what_is_on_its_disk() -> None:
    runtime = FakeRuntime("audit")
    wiring = Wiring(instruments=(Instrument(ACME),), venues=())
    audit = Audit(runtime, DeskConfig(), wiring)
    audit.on_start()
    runtime.advance(audit, SECOND)
    assert runtime.claims == []
    audit.on_message("oms1", JournalCopied(Epoch(1), 1, order_and_fill()))
    runtime.advance(audit, 2 * SECOND)
    shown = (("ACME", -10, 2_100 - 7),)
    told = [ReadModelsTold(3, 0, 0, shown, captured_version=0, uncaptured=1)]
    assert [claim for claim in runtime.claims if isinstance(claim, ReadModelsTold)] == told
    again = Audit(runtime, DeskConfig(), wiring)
    again.on_start()
    assert again.read_models.hash() == audit.read_models.hash()
    runtime.advance(again, SECOND)
    told.append(ReadModelsTold(3, 0, 0, shown, captured_version=3))
    assert [claim for claim in runtime.claims if isinstance(claim, ReadModelsTold)] == told
