"""Reconciliation: what follows for the desk's orders from a venue's own account of trades and open orders.

The venue's word settles a thing only where it cannot be older than ours. Clocks are not asked, they step. What counts
is that one list after another says so: the second was asked for when the first had come to the leader, so whatever
the desk knew at the first was known before the venue made the second. A query that failed is no list: it says nothing
at all.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import (
    ExecType,
    ExecutionReport,
    OrdStatus,
    TradeCaptureReport,
    VenueOpenOrder,
)
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.orders import Order

LEAVES_UNKNOWN: Final = 0
"""A copy of a trade does not say what is left of its order; nothing that books it asks."""


class Suspicions(Struct, frozen=True):
    """What one list of a venue's open orders made doubtful: settled where the next one says the same."""

    missing: Mapping[ClOrdID, Order] = {}
    """Orders that should have been in it, as the desk had them then."""
    strays: Mapping[ClOrdID, int] = {}
    """Orders that should not, and the lots that had been executed of each."""


NONE: Final = Suspicions()


class Comparison(Struct, frozen=True):
    """What a list of a venue's open orders comes to."""

    over: tuple[Order, ...]
    """No longer open at the venue, for certain, whatever has become of the report that said so."""
    behind: tuple[Order, ...]
    """Of these the venue has executed more than we know of: they have to be asked about."""
    strays: tuple[VenueOpenOrder, ...]
    """Open at the venue, for certain, and over or unknown on the desk."""
    suspicions: Suspicions


def compare(
    venue: Venue,
    ours: Mapping[ClOrdID, Order],
    listed: Iterable[VenueOpenOrder],
    before: Suspicions,
    trades_complete: bool,
) -> Comparison:
    """Hold the desk's live orders against a venue's list of those that are open there.

    *trades_complete*: every trade that the venue had made by then has been handed on. Where one is missing nothing is
    over yet: it may be what ended the order.
    """
    at_venue = {ClOrdID(each.cl_ord_link_id): each for each in listed}
    over: list[Order] = []
    behind: list[Order] = []
    missing: dict[ClOrdID, Order] = {}
    for cl_ord_id, order in ours.items():
        if order.venue != venue or not order.acknowledged:
            continue
        found = at_venue.get(cl_ord_id)
        if found is None:
            if trades_complete and before.missing.get(cl_ord_id) == order:
                over.append(order)
            else:
                missing[cl_ord_id] = order
        elif found.cum_lots > order.cum_lots:
            behind.append(order)
    certain: list[VenueOpenOrder] = []
    strays: dict[ClOrdID, int] = {}
    for cl_ord_id, found in at_venue.items():
        if cl_ord_id in ours:
            continue
        strays[cl_ord_id] = found.cum_lots
        if cl_ord_id in before.strays:
            certain.append(found)
    return Comparison(tuple(over), tuple(behind), tuple(certain), Suspicions(missing, strays))


def as_report(trade: TradeCaptureReport) -> ExecutionReport:
    """The execution report that a drop copy stands for.

    It bears the venue's own ExecID: when the report itself comes after all, it is known to be the same execution.
    """
    return ExecutionReport(
        exec_id=trade.exec_id,
        exec_type=trade.exec_type,
        ord_status=OrdStatus.PARTIALLY_FILLED,
        cl_ord_id=trade.cl_ord_id,
        order_id="",
        symbol=trade.symbol,
        side=trade.side,
        cum_lots=trade.cum_lots,
        leaves_lots=LEAVES_UNKNOWN,
        last_lots=trade.last_lots,
        last_price_half_ticks=trade.last_price_half_ticks,
        transact_time_ns=trade.transact_time_ns,
        exec_ref_id=trade.exec_ref_id,
        fee=trade.fee,
        rested=trade.rested,
    )


def as_ended(order: Order, venue: Venue) -> ExecutionReport:
    """The report that must have been lost: the venue has ended the order, with what we know to be executed of it.

    Its ExecID is made of what it is about, so that every leader makes the same one.
    """
    return ExecutionReport(
        exec_id=f"{venue}/{order.cl_ord_id}/over",
        exec_type=ExecType.CANCELED,
        ord_status=OrdStatus.CANCELED,
        cl_ord_id=order.cl_ord_id,
        order_id="",
        symbol=order.terms.symbol,
        side=order.terms.side,
        cum_lots=order.cum_lots,
        leaves_lots=0,
    )
