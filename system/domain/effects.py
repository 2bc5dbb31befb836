"""What the OMS has to tell the rest of the desk about an event, once the event is safe."""

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from squall.system.domain.doubt import replace_id
from squall.system.domain.events import (
    AnyEvent,
    Blame,
    CancelRejected,
    CancelRequested,
    DoubtReason,
    FillQuarantined,
    NameTaken,
    OrderAcknowledged,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderDoneForDay,
    OrderDoubted,
    OrderExpired,
    OrderFilled,
    OrderHeld,
    OrderMalformed,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrderReturned,
    OrderSent,
    OrderStopped,
    OrderSubmitted,
    OrderSuspended,
    ParentClosed,
    ParentTaken,
    ReplaceApproved,
    ReplaceDenied,
    ReplaceReason,
    ReplaceRejected,
    ReplaceRepeated,
    ReplaceRequested,
    ReplaceSeen,
    StopAmended,
    StopTriggered,
    TradeBusted,
    TradeCorrected,
    TradingSwitched,
    TransitionRefused,
    UnknownOrderReported,
)
from squall.system.domain.family import Family
from squall.system.domain.fill_book import FillBook
from squall.system.domain.ids import ClOrdID, Epoch, Symbol
from squall.system.domain.messages import (
    AmendFill,
    BookFill,
    CancelAtVenue,
    CheckOrder,
    CheckReplace,
    ChildMoved,
    FamilyTold,
    OpenAtVenue,
    OpenHolding,
    OpenOrder,
    OrderProgressed,
    ReleaseOrder,
    ReplaceAtVenue,
    ResizeOrder,
    RouteOrder,
    Wish,
)
from squall.system.domain.orders import Order, OrderState
from squall.system.domain.stops import at_work

NetLots = dict[Symbol, int]
Effect = RouteOrder | BookFill | AmendFill | ReleaseOrder | ResizeOrder | CancelAtVenue | ReplaceAtVenue


def effects_of(event: AnyEvent, order: Order, epoch: Epoch) -> tuple[Effect, ...]:
    """What *event* makes due, given the *order* after it. *epoch* is the leader's."""
    match event:
        case OrderAcknowledged() | OrderDenied() | OrderDoubted() | OrderSubmitted() | OrderMalformed():
            return ()
        case OrderFilled():
            fill = book_fill(event, order.strategy)
            return (fill, _release(order)) if order.ended else (fill,)
        case OrderApproved() | OrderReturned():
            return (route_order(order, epoch),)
        case OrderCanceled() | OrderExpired() | OrderRejected() | OrderHeld():
            return (_release(order),)
        case CancelRejected():
            return (_release(order),) if order.ended else ()
        case CancelRequested():
            return _cancel(order, epoch)
        case OrderSent():
            # It was wanted back before anybody knew where it was.
            return _cancel(order, epoch) if order.state is OrderState.PENDING_CANCEL else ()
        case TradeBusted() | TradeCorrected():
            # Of an order that has ended, risk waits for the fills that there are by now.
            amended = _amend_fill(event)
            return (*amended, _release(order)) if order.ended else amended
        case ReplaceApproved() | ReplaceRepeated():
            return _replace(order, epoch)
        case ReplaceDenied() | ReplaceRejected() | OrderReplaced() | OrderRestated():
            return _reservation(event, order)
        case StopAmended() | StopTriggered():
            return ()
        case ReplaceRequested() | ReplaceSeen() | OrderStopped() | OrderSuspended() | OrderDoneForDay():
            return ()
        case TransitionRefused() | FillQuarantined() | UnknownOrderReported() | NameTaken() | TradingSwitched():
            return ()
        case ParentTaken() | ParentClosed():
            return ()
        case _:
            assert_never(event)


def child_moved(event: AnyEvent, order: Order, families: Mapping[ClOrdID, Family]) -> ChildMoved | None:
    """What the algorithm is told of its child: that it has traded, or has ended; None where there is no such news.

    Nor is it news where the algorithm is done with the family.
    """
    parent = order.attribution.parent
    if parent is None or not (order.ended or isinstance(event, OrderFilled | TradeBusted | TradeCorrected)):
        return None
    family = families.get(parent)
    return None if family is None else ChildMoved(parent, family.children[order.cl_ord_id])


def family_told(family: Family, epoch: Epoch) -> FamilyTold:
    """All that is known of a parent's children, for an algorithm that may have missed some of it."""
    return FamilyTold(epoch, family.parent.cl_ord_id, tuple(family.children.values()))


_PROGRESS: Final = (OrderFilled, OrderReplaced, OrderRestated, ReplaceDenied, ReplaceRejected)


def order_progressed(event: AnyEvent, order: Order) -> OrderProgressed | None:
    """What a strategy is told of its order after this event; None where that is no news to it."""
    if order.ended:
        if type(event) is ReplaceDenied and event.reason is ReplaceReason.ENDED:
            return (
                None  # of its end it has heard; another refusal may be the end, of what filled as it was to be replaced
            )
    elif type(event) is OrderAcknowledged:
        if not order.terms.time_in_force.rests:
            return None  # its end is on the way
    elif type(event) not in _PROGRESS:
        return None
    now = open_holding(order)
    return OrderProgressed(
        now.cl_ord_id, now.cum_lots, order.ended, now.venue, now.lots, now.price_half_ticks, now.revision, now.asked
    )


def open_holding(order: Order) -> OpenHolding:
    """How it stands, to the strategy whose it is."""
    terms, asked = order.terms, order.replacing
    wish = None if asked is None else Wish(asked.revision, asked.terms.quantity_lots, asked.terms.price_half_ticks)
    return OpenHolding(
        order.cl_ord_id,
        order.cum_lots,
        order.worked_at,
        terms.quantity_lots,
        terms.price_half_ticks,
        order.revision,
        wish,
    )


def needs_inquiry(event: AnyEvent) -> bool:
    """Whether the OMS itself has to ask about the order: nobody else has noticed that something is amiss."""
    match event:
        case OrderDoubted():
            return event.reason is not DoubtReason.NO_ANSWER
        case TransitionRefused():
            return event.blame is Blame.VENUE
        case ReplaceSeen():
            return True
        case _:
            return False


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


def _amend_fill(event: TradeBusted | TradeCorrected) -> tuple[AmendFill, ...]:
    """Positions hear of what they have booked; a trade that was set aside they do not know."""
    name, exec_id, ref, symbol = event.cl_ord_id, event.exec_id, event.ref_exec_id, event.symbol
    if isinstance(event, TradeBusted):
        return (AmendFill(exec_id, ref, name, symbol, 0, event.price_half_ticks),) if event.lots else ()
    return (AmendFill(exec_id, ref, name, symbol, event.lots, event.price_half_ticks, event.commission),)


def amendments_of(events: Iterable[AnyEvent]) -> tuple[AmendFill, ...]:
    """All busts and corrections of a log, in order."""
    amended: list[AmendFill] = []
    for event in events:
        if isinstance(event, TradeBusted | TradeCorrected):
            amended += _amend_fill(event)
    return tuple(amended)


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


def holdings_of(
    events: Iterable[AnyEvent], live: Iterable[Order], strategy: str
) -> tuple[NetLots, tuple[OpenHolding, ...]]:
    """What all executions of a log come to by now for one strategy, and its orders among the *live* ones."""
    log, book = tuple(events), FillBook()
    for fill in fills_of(log):
        book.book(fill)
    for amendment in amendments_of(log):
        book.amend(amendment)
    net_lots = {key.symbol: each.net_lots for key, each in book.positions.items() if key.strategy == strategy}
    return net_lots, tuple(open_holding(order) for order in live if order.strategy == strategy)


def route_order(order: Order, epoch: Epoch) -> RouteOrder:
    """Let the order out, as the attempt that it is on."""
    terms = order.terms
    ord_type, time_in_force, stop_price = terms.ord_type, terms.time_in_force, terms.stop_price_half_ticks
    if order.reached:
        ord_type, time_in_force = at_work(terms)
        stop_price = None
    return RouteOrder(
        epoch=epoch,
        cl_ord_id=order.cl_ord_id,
        symbol=terms.symbol,
        side=terms.side,
        quantity_lots=terms.quantity_lots,
        ord_type=ord_type,
        time_in_force=time_in_force,
        price_half_ticks=terms.price_half_ticks,
        attempt=order.attempt,
        stop_price_half_ticks=stop_price,
        strategy=order.strategy,
        client=order.attribution.client or "",
        venue=terms.venue,
        expire_ns=terms.expire_ns,
        reduces=order.reduces,
        min_lots=terms.min_lots,
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


def check_replace(order: Order, epoch: Epoch) -> CheckReplace | None:
    """Ask risk about the terms that the order is to have; None where it has been asked, and has said yes."""
    asked = order.replacing
    if asked is None or asked.approved:
        return None
    terms, name = asked.terms, order.cl_ord_id
    lots, price = terms.quantity_lots, terms.price_half_ticks
    client = order.attribution.client or ""
    return CheckReplace(epoch, name, replace_id(name, asked.revision), lots, price, client, order.venue)


def open_order(order: Order) -> OpenOrder:
    """An order in flight, as risk is told of it: on its larger terms, while a venue is asked to replace it."""
    terms, asked, lots = order.terms, order.replacing, order.terms.quantity_lots
    if asked is not None and asked.approved:
        lots = max(lots, asked.terms.quantity_lots)
    return OpenOrder(order.cl_ord_id, terms.symbol, terms.side, lots, order.cum_lots, order.strategy)


def open_at_venue(order: Order, epoch: Epoch) -> OpenAtVenue:
    """An order to ask execution about."""
    return OpenAtVenue(order=route_order(order, epoch), venue=order.venue, wire_id=order.wire_id)


def _reservation(
    event: ReplaceDenied | ReplaceRejected | OrderReplaced | OrderRestated, order: Order
) -> tuple[Effect, ...]:
    if order.ended:
        return (_release(order),)
    return (ResizeOrder(order.cl_ord_id, order.terms.quantity_lots),)


def _release(order: Order) -> ReleaseOrder:
    return ReleaseOrder(order.cl_ord_id, order.cum_lots)


def _cancel(order: Order, epoch: Epoch) -> tuple[Effect, ...]:
    if order.venue is None or order.ended:
        return ()
    return (
        CancelAtVenue(
            epoch, order.cl_ord_id, order.venue, order.terms.symbol, order.terms.side, order.cancels, order.wire_id
        ),
    )


def _replace(order: Order, epoch: Epoch) -> tuple[Effect, ...]:
    asked = order.replacing
    if order.venue is None or asked is None:
        return ()
    terms = asked.terms
    return (
        ReplaceAtVenue(
            epoch=epoch,
            cl_ord_id=order.cl_ord_id,
            venue=order.venue,
            symbol=terms.symbol,
            side=terms.side,
            revision=asked.revision,
            quantity_lots=terms.quantity_lots,
            price_half_ticks=terms.price_half_ticks,
            stop_price_half_ticks=None if order.reached else terms.stop_price_half_ticks,
            wire_id=order.wire_id,
        ),
    )
