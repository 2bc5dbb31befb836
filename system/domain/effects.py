"""What the OMS has to tell the rest of the desk about an event, once the event is safe."""

from collections.abc import Iterable
from typing import assert_never

from squall.system.domain.events import (
    AnyEvent,
    CancelRejected,
    CancelRequested,
    DoubtReason,
    FillQuarantined,
    OrderAcknowledged,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderDoubted,
    OrderFilled,
    OrderRejected,
    OrderReturned,
    OrderSent,
    OrderSubmitted,
    TransitionRefused,
    UnknownOrderReported,
)
from squall.system.domain.ids import Epoch
from squall.system.domain.messages import (
    BookFill,
    CancelAtVenue,
    CheckOrder,
    OpenAtVenue,
    OpenOrder,
    ReleaseOrder,
    RouteOrder,
)
from squall.system.domain.orders import Order, OrderState

Effect = RouteOrder | BookFill | ReleaseOrder | CancelAtVenue


def effects_of(event: AnyEvent, order: Order, epoch: Epoch) -> tuple[Effect, ...]:
    """What *event* makes due, given the *order* after it. *epoch* is the leader's."""
    match event:
        case OrderAcknowledged() | OrderDenied() | OrderDoubted() | OrderSubmitted():
            return ()
        case OrderFilled():
            fill = book_fill(event, order.strategy)
            return (fill, _release(order)) if order.ended else (fill,)
        case OrderApproved() | OrderReturned():
            return (route_order(order, epoch),)
        case OrderCanceled() | OrderRejected():
            return (_release(order),)
        case CancelRejected():
            return (_release(order),) if order.ended else ()
        case CancelRequested():
            return _cancel(order, epoch)
        case OrderSent():
            # It was wanted back before anybody knew where it was.
            return _cancel(order, epoch) if order.state is OrderState.PENDING_CANCEL else ()
        case TransitionRefused() | FillQuarantined() | UnknownOrderReported():
            return ()
        case _:
            assert_never(event)


def needs_inquiry(doubt: OrderDoubted) -> bool:
    """Whether the OMS itself has to ask about the order: nobody else has noticed that something is amiss."""
    return doubt.reason is not DoubtReason.NO_ANSWER


def book_fill(fill: OrderFilled, strategy: str) -> BookFill:
    """What positions are told of an execution."""
    return BookFill(
        exec_id=fill.exec_id,
        cl_ord_id=fill.cl_ord_id,
        venue=fill.venue,
        symbol=fill.symbol,
        side=fill.side,
        lots=fill.lots,
        price_half_ticks=fill.price_half_ticks,
        strategy=strategy,
        commission=fill.commission,
    )


def fills_of(events: Iterable[AnyEvent]) -> tuple[BookFill, ...]:
    """All executions of a log, in order."""
    strategies: dict[str, str] = {}
    fills: list[BookFill] = []
    for event in events:
        match event:
            case OrderSubmitted():
                strategies[event.cl_ord_id] = event.strategy
            case OrderFilled():
                fills.append(book_fill(event, strategies.get(event.cl_ord_id, "")))
    return tuple(fills)


def route_order(order: Order, epoch: Epoch) -> RouteOrder:
    """Let the order out, as the attempt that it is on."""
    terms = order.terms
    return RouteOrder(
        epoch=epoch,
        cl_ord_id=order.cl_ord_id,
        symbol=terms.symbol,
        side=terms.side,
        quantity_lots=terms.quantity_lots,
        ord_type=terms.ord_type,
        time_in_force=terms.time_in_force,
        price_half_ticks=terms.price_half_ticks,
        attempt=order.attempt,
        stop_price_half_ticks=terms.stop_price_half_ticks,
    )


def check_order(order: Order, epoch: Epoch) -> CheckOrder:
    """Ask risk."""
    terms = order.terms
    return CheckOrder(
        epoch,
        order.cl_ord_id,
        terms.symbol,
        terms.side,
        terms.quantity_lots,
        terms.price_half_ticks,
        order.strategy,
        order.attribution.client or "",
    )


def open_order(order: Order) -> OpenOrder:
    """An order in flight, as risk is told of it."""
    terms = order.terms
    lots, cum_lots = terms.quantity_lots, order.cum_lots
    return OpenOrder(order.cl_ord_id, terms.symbol, terms.side, lots, cum_lots, order.strategy)


def open_at_venue(order: Order, epoch: Epoch) -> OpenAtVenue:
    """An order to ask execution about."""
    return OpenAtVenue(order=route_order(order, epoch), venue=order.venue)


def _release(order: Order) -> ReleaseOrder:
    return ReleaseOrder(order.cl_ord_id, order.cum_lots)


def _cancel(order: Order, epoch: Epoch) -> tuple[Effect, ...]:
    if order.venue is None or order.ended:
        return ()
    return (CancelAtVenue(epoch, order.cl_ord_id, order.venue, order.terms.symbol, order.terms.side, order.cancels),)
