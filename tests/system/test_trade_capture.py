"""Captured trades: each execution once, with its order, as it counts by now; and orders that flow and balance."""

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import DeskConfig
from squall.system.domain.claims import FlowTold, ReadModelsTold
from squall.system.domain.events import (
    AnyEvent,
    FillQuarantined,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderSubmitted,
    QuarantineReason,
    TradeBusted,
    TradeCorrected,
)
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import Denial, DenyReason, JournalCopied
from squall.system.domain.orders import TERMINAL
from squall.system.domain.portfolio import Money
from squall.system.domain.projections.read_models import ReadModels
from squall.system.domain.projections.trades import Standing, decode_trades, read_trades
from squall.system.domain.terms import Attribution, Terms
from squall.system.services.audit import Audit
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
VENUE = Venue("exchange-a")
WIRING = Wiring(instruments=(Instrument(ACME),), venues=())
SECOND = 1_000_000_000
CLIENT = Attribution("fund/main", "fund", "ann", "twap", ClOrdID("fund-1"))


def taken(name: str, lots: int = 10, side: Side = Side.BUY, decision_twice: int = 400) -> tuple[AnyEvent, ...]:
    """An order that was taken, approved and sent."""
    order, terms = ClOrdID(name), Terms(ACME, side, lots, OrdType.LIMIT, TimeInForce.DAY, 205)
    return (
        OrderSubmitted(order, 2, "strategy/pulse", "pulse", terms, 1, CLIENT, decision_twice),
        OrderApproved(order, 3, "risk", Epoch(1)),
        OrderSent(order, 4, "execution", VENUE, 1),
    )


def fill(name: str, number: int, lots: int, price: int = 201, fee: int = 0, side: Side = Side.BUY) -> OrderFilled:
    exec_id = ExecID(f"{VENUE}/{name}/{number}")
    return OrderFilled(ClOrdID(name), 5, VENUE, exec_id, VENUE, ACME, side, lots, price, fee, number % 2 == 0)


def bust(name: str, number: int, lots: int, price: int = 201) -> TradeBusted:
    ref = ExecID(f"{VENUE}/{name}/{number}")
    return TradeBusted(ClOrdID(name), 6, VENUE, ExecID(f"{ref}/bust"), ref, VENUE, ACME, lots, price)


def folded(*events: AnyEvent) -> ReadModels:
    models = ReadModels()
    models.take(1, events, 0)
    return models


def test_a_trade_is_captured_with_its_order_and_what_it_came_to() -> None:
    """Erratum 45: the chapter's reports want client, trader, strategy and algorithm, which nothing captures."""
    models = folded(*taken("a"), fill("a", 2, 4, 203, 7))
    (row,) = models.trades.rows.values()
    assert (row.exec_id, row.venue, row.lots, row.price_half_ticks, row.commission) == (
        "exchange-a/a/2",
        VENUE,
        4,
        203,
        7,
    )
    assert (row.rested, row.standing, row.strategy, row.attribution) == (True, Standing.BOOKED, "pulse", CLIENT)
    assert (row.ordered_lots, row.limit_price_half_ticks, row.decision_twice_half_ticks) == (10, 205, 400)
    assert (row.intended_ns, row.submitted_ns, row.sent_ns, row.booked_ns) == (1, 2, 4, 5)
    assert (row.position_lots, row.realised, row.version) == (4, -7, 4)


def test_a_bust_and_a_correction_change_the_record_in_its_place() -> None:
    ref = ExecID(f"{VENUE}/a/1")
    correction = TradeCorrected(ClOrdID("a"), 6, VENUE, ExecID("c"), ref, VENUE, ACME, 4, 201, 4, 199, 3)
    models = folded(*taken("a"), fill("a", 1, 4), fill("a", 2, 3), correction, bust("a", 2, 3))
    first, second = models.trades.rows.values()
    assert (first.standing, first.lots, first.price_half_ticks, first.commission, first.amended_by) == (
        Standing.CORRECTED,
        4,
        199,
        3,
        "c",
    )
    assert (first.first_lots, first.first_price_half_ticks) == (4, 201)
    assert (second.standing, second.lots, second.first_lots, second.position_lots) == (Standing.BUSTED, 0, 3, 4)


def test_what_was_busted_before_it_was_heard_of_and_what_cannot_be_right_are_captured_as_such() -> None:
    aside = FillQuarantined(ClOrdID("a"), 6, VENUE, ExecID("x"), VENUE, 99, 201, QuarantineReason.OVERFILL)
    models = folded(*taken("a"), bust("a", 7, 0), aside)
    unheard, odd = models.trades.rows.values()
    assert (unheard.exec_id, unheard.standing, unheard.lots) == ("exchange-a/a/7", Standing.BUSTED, 0)
    assert (odd.standing, odd.lots, odd.first_lots, odd.attribution) == (Standing.SET_ASIDE, 0, 99, CLIENT)


# --- the file ---


def copied(first: int, *events: AnyEvent) -> JournalCopied:
    return JournalCopied(Epoch(1), first, events)


def started(runtime: FakeRuntime) -> Audit:
    audit = Audit(runtime, DeskConfig(), WIRING)
    audit.on_start()
    return audit


def test_what_has_changed_is_written_once_an_interval_and_the_lag_is_said() -> None:
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    audit.on_message("oms1", copied(1, *taken("a"), fill("a", 1, 4), fill("a", 2, 3)))
    assert (audit.captured_version, audit.uncaptured) == (0, 2)
    runtime.advance(audit, SECOND)
    assert (audit.captured_version, audit.uncaptured) == (0, 1)
    runtime.sync(audit)
    assert (audit.captured_version, audit.uncaptured) == (5, 0)
    runtime.advance(audit, 3 * SECOND)
    audit.on_message("oms1", copied(6, bust("a", 1, 4)))
    runtime.advance(audit, SECOND)
    assert [len(decode_trades(data).trades) for data in runtime.files["trades"]] == [2, 1]
    version, trades = read_trades(runtime.files["trades"])
    assert (version, list(trades.values())) == (6, list(audit.read_models.trades.rows.values()))
    told = [claim for claim in runtime.claims if isinstance(claim, ReadModelsTold)]
    assert [(each.captured_version, each.uncaptured) for each in told] == [(0, 1), (5, 1)]


def test_a_restart_writes_what_the_file_lacks_and_nothing_twice() -> None:
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    audit.on_message("oms1", copied(1, *taken("a"), fill("a", 1, 4)))
    runtime.advance(audit, SECOND)
    audit.on_message("oms1", copied(5, fill("a", 2, 3)))  # and then its host goes down
    again = started(runtime)
    assert again.uncaptured == 1
    runtime.advance(again, SECOND)
    assert [trade.exec_id for data in runtime.files["trades"] for trade in decode_trades(data).trades] == [
        "exchange-a/a/1",
        "exchange-a/a/2",
    ]
    assert again.read_models.hash() == audit.read_models.hash()


# --- the flow ---


@st.composite
def lives(draw: st.DrawFn) -> list[AnyEvent]:
    """Some orders, each to wherever it has come, one after the other."""
    events: list[AnyEvent] = []
    for number in range(draw(st.integers(1, 6))):
        name, lots = f"o{number}", draw(st.integers(2, 9))
        whole = taken(name, lots)
        how_far = draw(st.integers(1, 3))
        if how_far < 3 and draw(st.booleans()):
            events += [whole[0], OrderDenied(ClOrdID(name), 3, "risk", (Denial(DenyReason.ORDER_SIZE, lots, 1),))]
            continue
        events += whole[:how_far]
        if how_far < 3:
            continue
        filled = draw(st.integers(0, lots))
        if filled:
            events.append(fill(name, 1, filled))
        elif draw(st.booleans()):
            events.append(OrderRejected(ClOrdID(name), 6, VENUE, "no reason given"))
            continue
        if filled < lots and draw(st.booleans()):
            events.append(OrderCanceled(ClOrdID(name), 7, VENUE, lots - filled))
        if filled and draw(st.booleans()):
            events.append(bust(name, 1, filled))
    return events


@given(lives())
def test_what_enters_a_state_leaves_it_or_is_there_after_every_event(events: list[AnyEvent]) -> None:
    """Erratum 47: in the chapter's figure 6,700 leave a node that 6,500 have entered."""
    models = ReadModels()
    for version, event in enumerate(events, 1):
        models.take(version, (event,), 0)
        rows = models.orders.rows.values()
        there = Counter(row.status for row in rows)
        for state, node in models.flow.nodes.items():
            assert node.entered == node.left + there[state]
            assert node.ordered_lots == sum(row.quantity_lots for row in rows if row.status is state)
            assert node.filled_lots == sum(row.filled_lots for row in rows if row.status is state)
        assert models.flow.taken == len(rows)
        open_now = {state: count for state, count in there.items() if state not in TERMINAL}
        assert models.orders.standing == open_now


@given(lives())
def test_the_fill_rate_is_of_what_has_ended_at_a_venue(events: list[AnyEvent]) -> None:
    """Erratum 47: the chapter's 97 % are 93.8 % by its own numbers."""
    models = folded(*events)
    sent = {event.cl_ord_id for event in events if isinstance(event, OrderSent)}
    ended = [row for row in models.orders.rows.values() if row.status in TERMINAL and row.order_id in sent]
    ordered = sum(row.quantity_lots for row in ended)
    rate = Fraction(100 * sum(row.filled_lots for row in ended), ordered) if ordered else None
    assert models.flow.fill_rate_percent == rate


def test_the_flow_is_told_with_the_read_models() -> None:
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    audit.on_message("oms1", copied(1, *taken("a"), fill("a", 1, 10), *taken("b"), fill("b", 1, 4)))
    runtime.advance(audit, SECOND)
    (told,) = [claim for claim in runtime.claims if isinstance(claim, FlowTold)]
    assert told.nodes[-2:] == (("filled", 1, 0, 1), ("partially_filled", 1, 0, 1))
    assert (told.ordered_lots, told.filled_lots, told.ended_ordered_lots, told.ended_filled_lots) == (20, 14, 10, 10)


# --- quality ---


def quality_of(mark_twice: int, *events: AnyEvent) -> tuple[int, int, int]:
    money = Money(WIRING.instruments)
    (each,) = folded(*events).quality(money, {ACME: mark_twice}).values()
    return each.execution, each.fees, each.opportunity


def test_shortfall_is_signed_weighted_by_lots_with_fees_and_what_went_unfilled() -> None:
    """Erratum 46: an unweighted mean, no side, absolute values, no fees, and what went unfilled left out."""
    part = money_of(1)
    bought = (*taken("a"), fill("a", 1, 4, 201, 3), OrderCanceled(ClOrdID("a"), 7, VENUE, 6))
    assert quality_of(410, *bought) == (4 * 2 * part, 2 * 3 * part, 6 * 10 * part)
    sold = (
        *taken("b", side=Side.SELL),
        fill("b", 1, 4, 201, 0, Side.SELL),
        OrderCanceled(ClOrdID("b"), 7, VENUE, 6),
    )
    assert quality_of(410, *sold) == (-4 * 2 * part, 0, -6 * 10 * part)


def money_of(twice: int) -> int:
    """So many halves of a half tick × lot, in parts."""
    return twice * Money(WIRING.instruments).weights[ACME]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(150, 250)), min_size=1, max_size=6), st.integers(300, 500))
def test_the_shortfall_is_what_a_paper_portfolio_would_have_made_more(
    executions: list[tuple[int, int]], mark_twice: int
) -> None:
    """Perold's definition, directly: paper less real, both at the mark."""
    ordered = sum(lots for lots, _ in executions) + 5
    fills = (fill("a", number, lots, price, 1) for number, (lots, price) in enumerate(executions, 1))
    models = folded(*taken("a", ordered), *fills)
    (each,) = models.quality(Money(WIRING.instruments), {ACME: mark_twice}).values()
    paper = ordered * (mark_twice - 400)
    real = sum(lots * (mark_twice - 2 * price) - 2 for lots, price in executions)
    assert each.shortfall == money_of(paper - real)
    assert (each.ordered_lots, each.filled_lots) == (ordered, ordered - 5)


def test_orders_that_never_left_or_were_decided_in_the_dark_are_not_judged() -> None:
    never = OrderDenied(ClOrdID("c"), 3, "risk", (Denial(DenyReason.ORDER_SIZE, 10, 1),))
    models = folded(*taken("a", decision_twice=0), fill("a", 1, 4), taken("c")[0], never)
    assert models.quality(Money(WIRING.instruments), {}) == {}
