"""The orderly end of trading: which orders go, which stay, and what a close still waits for.

What would not outlive the day is cancelled; what is good till cancelled stays at its venue. A close is done when
nothing is under way any more, in either direction, and each venue's own list of open orders says what ours says. A
venue that does not answer has not confirmed anything: then the close waits, and says for what.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from squall.sim.exchange.wire.messages import TimeInForce, VenueOpenOrder
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.messages import KeptOrder
from squall.system.domain.orders import Order, OrderState

AT_REST: Final = (
    OrderState.ACKNOWLEDGED,
    OrderState.PARTIALLY_FILLED,
    OrderState.STOPPED,
    OrderState.SUSPENDED,
    OrderState.DONE_FOR_DAY,
)
"""A venue has it, and nothing that was asked for is unanswered."""


def stays(order: Order) -> bool:
    """Whether a close leaves the order to its venue: it is good till cancelled, and was let out."""
    return order.terms.time_in_force is TimeInForce.GTC and order.attempt > 0


def at_rest(order: Order) -> bool:
    """Whether it stays, and nobody waits for anything about it."""
    return stays(order) and order.state in AT_REST


def agrees(venue: Venue, ours: Mapping[ClOrdID, Order], listed: Iterable[VenueOpenOrder]) -> bool:
    """Whether the venue's list of open orders says what ours says: the same orders, with as much done and left."""
    here = {name: (order.cum_lots, order.leaves_lots) for name, order in ours.items() if order.venue == venue}
    there = {ClOrdID(each.cl_ord_link_id): (each.cum_lots, each.leaves_lots) for each in listed}
    return here == there


def kept(orders: Iterable[Order]) -> tuple[KeptOrder, ...]:
    """Those that outlive the day, as the proof names them."""
    return tuple(KeptOrder(order.cl_ord_id, order.venue, order.leaves_lots) for order in orders if order.venue)
