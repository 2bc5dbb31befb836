"""Strategies for other people's tests: the lives that they make are legal, and our own OMS stands up to them."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import ExecType, NewOrderSingle, TimeInForce
from squall.strategies import OrderLife, order_lives, orders, workloads
from squall.system.domain.commands import AnyCommand, ApplyReport, JudgeOrder, MarkSent, PlaceOrder
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.oms import OmsState, decide, evolve
from squall.system.domain.signals import Workload
from tests.profiles import examples

VENUE = Venue("exchange-a")
SECOND = 1_000_000_000


def commands_for(order: NewOrderSingle) -> tuple[AnyCommand, ...]:
    """What brings an order to the point at which its venue may speak of it."""
    name = ClOrdID(order.cl_ord_id)
    return (
        PlaceOrder(
            actor="strategy",
            cl_ord_id=name,
            strategy="pulse",
            symbol=Symbol(order.symbol),
            side=order.side,
            quantity_lots=order.quantity_lots,
            ord_type=order.ord_type,
            time_in_force=order.time_in_force,
            price_half_ticks=order.price_half_ticks,
            intended_ns=0,
        ),
        JudgeOrder("risk", name, (), Epoch(1)),
        MarkSent("execution", name, VENUE, 1),
    )


@given(order_lives(tidy=True))
def test_a_tidy_life_is_heard_as_it_was_reported_and_its_quantities_add_up(life: OrderLife) -> None:
    assert life.heard == life.reports
    cum = 0
    for report in life.reports:
        cum += report.last_lots
        assert report.cum_lots == cum <= life.order.quantity_lots
        closes = report.exec_type in (ExecType.CANCELED, ExecType.REJECTED)
        assert report.leaves_lots == (0 if closes else life.order.quantity_lots - cum)
    assert cum == life.filled_lots
    assert len({report.exec_id for report in life.reports}) == len(life.reports)


@given(order_lives())
def test_an_immediate_order_ends_and_every_report_is_heard(life: OrderLife) -> None:
    assert life.ended or life.order.time_in_force is not TimeInForce.IOC
    assert {report.exec_id for report in life.heard} == {report.exec_id for report in life.reports}


@settings(max_examples=examples(200))
@given(order_lives())
def test_our_oms_ends_with_the_quantity_of_the_venue_however_the_reports_arrive(life: OrderLife) -> None:
    """Filled exactly, unless a cancel overtook a fill: then what is missing is in doubt, or set aside, not lost."""
    state, name = OmsState(), ClOrdID(life.order.cl_ord_id)
    reports = [ApplyReport(VENUE, name, VENUE, report) for report in life.heard]
    for command in (*commands_for(life.order), *reports):
        for event in decide(state, command, now_ns=0):
            order = evolve(state, event)
            if order is not None:
                last = order
    assert last.cum_lots == life.filled_lots or state.quarantined
    if last.cum_lots:
        prices = {report.last_price_half_ticks for report in life.reports if report.last_lots}
        assert min(prices) <= last.average_price_half_ticks <= Fraction(max(prices))


@given(st.data())
def test_orders_have_what_they_were_asked_to_have(data: st.DataObject) -> None:
    order = data.draw(orders(symbols=("XYZ",), max_lots=7, prices=(10, 12)))
    assert (order.symbol, 1 <= order.quantity_lots <= 7) == ("XYZ", True)
    assert order.price_half_ticks in (None, 10, 11, 12)


@given(workloads(max_orders=30, for_ns=3 * SECOND))
def test_a_workload_keeps_to_its_number_of_orders(workload: Workload) -> None:
    assert workload.stop_ns is not None
    assert workload.orders_per_s * (workload.stop_ns - workload.start_ns) <= 30 * SECOND
    assert workload.burst <= workload.orders_per_s
