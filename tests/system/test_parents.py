"""Under an order's name no more is sent than was let out, in however many children."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Epoch, Symbol
from squall.system.domain.messages import RouteOrder
from squall.system.domain.parents import Parents

ORDER = RouteOrder(Epoch(1), ClOrdID("o-1"), Symbol("ACME"), Side.BUY, 10, OrdType.MARKET, TimeInForce.IOC, None, 1)


def child(number: int, lots: int = 10) -> RouteOrder:
    return replace(ORDER, cl_ord_id=ClOrdID(f"o-1~{number}"), quantity_lots=lots)


def test_an_order_goes_out_once_for_each_time_that_it_is_let_out() -> None:
    parents = Parents(10)
    assert parents.allows(ORDER)
    parents.wrote(ORDER)
    assert not parents.allows(ORDER)
    again = replace(ORDER, attempt=2)
    assert parents.allows(again)
    parents.wrote(again)
    assert not parents.allows(again)
    assert parents.allows(replace(ORDER, epoch=Epoch(2)))


def test_a_child_of_an_order_that_went_out_whole_does_not() -> None:
    parents = Parents(10)
    parents.wrote(ORDER)
    assert not parents.allows(child(2))
    assert not parents.allows(child(3, lots=1))


def test_a_child_of_an_order_of_which_nothing_went_out_does_not_either() -> None:
    parents = Parents(10)
    assert not parents.allows(child(2))
    parents.wrote(ORDER)
    assert not parents.allows(replace(child(2), attempt=2))


def test_what_an_earlier_leader_let_out_is_not_its_business_and_changes_nothing() -> None:
    parents = Parents(10)
    parents.wrote(replace(ORDER, epoch=Epoch(2)))
    assert parents.allows(ORDER)
    parents.wrote(ORDER)
    assert not parents.allows(replace(ORDER, epoch=Epoch(2)))


def test_the_latest_orders_are_remembered_and_no_more() -> None:
    parents = Parents(2)
    orders = [replace(ORDER, cl_ord_id=ClOrdID(f"o-{number}")) for number in range(3)]
    for order in (orders[0], orders[1]):
        parents.wrote(order)
    parents.wrote(replace(orders[0], attempt=2))
    parents.wrote(orders[2])
    assert len(parents) == 2
    assert [parents.allows(order) for order in orders] == [True, True, False]
    assert not parents.allows(replace(orders[0], attempt=2)), "it was written last but one"


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(1, 2)), max_size=30))
def test_whatever_a_router_asks_for_nothing_exceeds_what_was_let_out(asked: list[tuple[int, int, int]]) -> None:
    parents = Parents(100)
    written: dict[tuple[str, int], int] = {}
    for number, part, attempt in asked:
        name = f"o-{number}" + (f"~{part}" if part else "")
        order = replace(ORDER, cl_ord_id=ClOrdID(name), attempt=attempt, quantity_lots=10 if not part else 3)
        if attempt < max((a for (n, a) in written if n == f"o-{number}"), default=0):
            continue  # what was superseded is the business of the fence
        if parents.allows(order):
            parents.wrote(order)
            key = (f"o-{number}", attempt)
            written[key] = written.get(key, 0) + order.quantity_lots
    assert all(lots <= 10 for lots in written.values())
