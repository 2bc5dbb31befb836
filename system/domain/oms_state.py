"""What the log of the desk's orders amounts to: the OMS's state, changed by events and by nothing else."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from squall.system.domain.events import (
    AnyEvent,
    CancelRejected,
    CancelRequested,
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
from squall.system.domain.ids import ClOrdID, ExecID
from squall.system.domain.orders import TERMINAL, Order, OrderState, Trigger, next_state

_PACK: Final = msgspec.msgpack.Encoder()


class OmsState:
    """What the log says: live orders, and the names of all that ever was. Changed by `evolve` only.

    Orders that have ended leave; what stays of them is their name, so that a repeated command or a late
    report is known for what it is. The names are all that grows: `id_set_sizes` says how many there are.
    """

    __slots__ = ("_names", "exec_ids", "orders", "quarantined", "refused", "seen", "unknown", "version")

    def __init__(self) -> None:
        self.version = 0
        """How many events have been folded in."""
        self.orders: dict[ClOrdID, Order] = {}
        """Live orders, in order of arrival."""
        self.seen: set[ClOrdID] = set()
        self.exec_ids: set[ExecID] = set()
        self.refused = 0
        self.quarantined = 0
        self.unknown = 0
        self._names = blake2b(digest_size=16)

    def remember_order(self, cl_ord_id: ClOrdID) -> None:
        """This order has been taken."""
        self.seen.add(cl_ord_id)
        self._names.update(f"order {cl_ord_id}\n".encode())

    def remember_execution(self, exec_id: ExecID) -> None:
        """This execution has been booked, or set aside."""
        self.exec_ids.add(exec_id)
        self._names.update(f"execution {exec_id}\n".encode())

    def id_set_sizes(self) -> dict[str, int]:
        """How many names are kept, for the memory report: these grow with the day, nothing else does."""
        return {"cl_ord_ids": len(self.seen), "exec_ids": len(self.exec_ids)}

    def hash(self) -> str:
        """BLAKE2b over the live orders by name, the counts, and all names in the order in which they came."""
        orders = [self.orders[cl_ord_id] for cl_ord_id in sorted(self.orders)]
        counts = (self.version, self.refused, self.quarantined, self.unknown)
        whole = _PACK.encode((counts, orders, self._names.digest()))
        return blake2b(whole, digest_size=16).hexdigest()


def placed(event: OrderSubmitted) -> Order:
    """The order as the event carries it: whole."""
    return Order(
        cl_ord_id=event.cl_ord_id,
        strategy=event.strategy,
        terms=event.terms,
        attribution=event.attribution,
        intended_ns=event.intended_ns,
        state=next_state(OrderState.NEW, Trigger.SUBMITTED, 0, event.terms.quantity_lots, False),
    )


def _moved(order: Order, trigger: Trigger, acknowledged: bool) -> OrderState:
    return next_state(order.state, trigger, order.cum_lots, order.terms.quantity_lots, acknowledged)


def changed(order: Order, event: AnyEvent) -> Order:
    """The order after the event. KeyError where the table forbids it: `decide` never lets that happen."""
    match event:
        case OrderFilled():
            cum_lots = order.cum_lots + event.lots
            return replace(
                order,
                state=next_state(order.state, Trigger.TRADE, cum_lots, order.terms.quantity_lots, order.acknowledged),
                cum_lots=cum_lots,
                cum_notional=order.cum_notional + event.price_half_ticks * event.lots,
                venue=event.venue,
            )
        case OrderAcknowledged():
            state = _moved(order, Trigger.ACKNOWLEDGED, True)
            return replace(order, state=state, acknowledged=True, venue=event.venue)
        case OrderSent():
            state = _moved(order, Trigger.SENT, order.acknowledged)
            return replace(order, state=state, venue=event.venue)
        case OrderApproved():
            state = _moved(order, Trigger.APPROVED, False)
            return replace(order, state=state, epoch=event.epoch, attempt=1)
        case OrderDenied():
            return replace(order, state=_moved(order, Trigger.DENIED, False))
        case CancelRequested():
            state = _moved(order, Trigger.CANCEL_REQUESTED, order.acknowledged)
            return replace(order, state=state, cancels=event.attempt)
        case CancelRejected():
            return replace(order, state=_moved(order, Trigger.CANCEL_REJECTED, order.acknowledged))
        case OrderCanceled():
            return replace(order, state=_moved(order, Trigger.CANCELED, order.acknowledged))
        case OrderRejected():
            return replace(order, state=_moved(order, Trigger.REJECTED, order.acknowledged))
        case OrderDoubted():
            state = _moved(order, Trigger.DOUBTED, order.acknowledged)
            return replace(order, state=state, venue=event.venue)
        case OrderReturned():
            state = _moved(order, Trigger.RETURNED, order.acknowledged)
            return replace(order, state=state, venue=None, epoch=event.epoch, attempt=event.next_attempt)
        case OrderSubmitted() | TransitionRefused() | FillQuarantined() | UnknownOrderReported():
            return order
        case _:
            assert_never(event)


def evolve(state: OmsState, event: AnyEvent) -> Order | None:
    """Fold one event into *state*, in place; returns the order that it moved, ended or not."""
    state.version += 1
    match event:
        case OrderSubmitted():
            state.remember_order(event.cl_ord_id)
            state.orders[event.cl_ord_id] = order = placed(event)
            return order
        case TransitionRefused():
            state.refused += 1
            return None
        case FillQuarantined():
            state.remember_execution(event.exec_id)
            state.quarantined += 1
            return None
        case UnknownOrderReported():
            state.unknown += 1
            return None
        case OrderFilled():
            state.remember_execution(event.exec_id)
    order = changed(state.orders[event.cl_ord_id], event)
    if order.state in TERMINAL:
        del state.orders[event.cl_ord_id]
    else:
        state.orders[event.cl_ord_id] = order
    return order


def rebuild(events: Iterable[AnyEvent]) -> OmsState:
    """The state that a log amounts to, from nothing."""
    state = OmsState()
    for event in events:
        evolve(state, event)
    return state
