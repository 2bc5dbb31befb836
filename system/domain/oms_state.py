"""What the log of the desk's orders amounts to: the OMS's state, changed by events and by nothing else."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec.structs import replace

from squall.system.domain.events import (
    AnyEvent,
    CancelRejected,
    CancelRequested,
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
from squall.system.domain.ids import ClOrdID, ExecID
from squall.system.domain.names import Names
from squall.system.domain.orders import TERMINAL, Order, OrderState, Replacement, Trigger, next_state
from squall.system.domain.switches import NO_SWITCHES
from squall.system.domain.trades import Trade

_PACK: Final = msgspec.msgpack.Encoder()

ENDED_KEPT: Final = 10_000
"""How many orders are kept when they have ended, the latest ones. What is said of the rest is held against the log."""

ENDED_KEPT_MIN: Final = 2
"""An order that is looked up, and another whose trade it means to amend."""


class OmsState:
    """What the log says: live orders, the latest that have ended, and the names of all that ever were.

    Changed by `evolve` only. Memory is bounded by the live orders: of those that have ended *ended_kept* are kept,
    with their executions, and of the rest their names, in runs of numbers. What is said of one of those is decided
    with what the log has of it (`recall`). How many are kept, and which, changes no hash.
    """

    __slots__ = (
        "_executions_of",
        "closed",
        "digest",
        "ended",
        "ended_kept",
        "exec_ids",
        "families",
        "orders",
        "quarantined",
        "refused",
        "seen",
        "switches",
        "unknown",
        "version",
    )

    def __init__(self, ended_kept: int = ENDED_KEPT) -> None:
        self.ended_kept = ended_kept
        self.version = 0
        """How many events have been folded in."""
        self.orders: dict[ClOrdID, Order] = {}
        """Live orders, in order of arrival."""
        self.ended: dict[ClOrdID, Order] = {}
        """The latest orders that have ended, in the order of their ends."""
        self.families: dict[ClOrdID, Family] = {}
        """Client parents and their children, in order of arrival, until the algorithm is done with them."""
        self.closed = Names()
        """Those with which it is: no child of theirs is taken any more."""
        self.seen = Names()
        self.exec_ids: dict[ExecID, Trade] = {}
        """Executions, busts and corrections of the orders above."""
        self._executions_of: dict[ClOrdID, list[ExecID]] = {}
        self.refused = 0
        self.quarantined = 0
        self.unknown = 0
        self.switches = NO_SWITCHES
        """What is not active."""
        self.digest = b""
        """Over all that was named, in the order in which it came: each name with the digest before it."""

    def remember_order(self, cl_ord_id: ClOrdID) -> None:
        """This order has been taken."""
        self.seen.add(cl_ord_id)
        self.digest = blake2b(b"%b order %b" % (self.digest, cl_ord_id.encode()), digest_size=16).digest()

    def name_execution(self, exec_id: ExecID) -> None:
        """A report of this name has been booked, set aside, or has amended another."""
        self.digest = blake2b(b"%b execution %b" % (self.digest, exec_id.encode()), digest_size=16).digest()

    def remember_execution(self, exec_id: ExecID, trade: Trade) -> None:
        """So this execution counts now."""
        if exec_id not in self.exec_ids:
            self._executions_of.setdefault(trade.cl_ord_id, []).append(exec_id)
        self.exec_ids[exec_id] = trade

    def trade(self, exec_id: ExecID) -> Trade | None:
        """The execution of this name, or that a correction of this name is about, as it counts now."""
        trade = self.exec_ids.get(exec_id)
        while trade is not None and trade.of is not None:
            trade = self.exec_ids.get(trade.of)
        return trade

    def original(self, exec_id: ExecID) -> ExecID:
        """The name of the execution itself, where *exec_id* may be that of its last correction."""
        trade = self.exec_ids.get(exec_id)
        while trade is not None and trade.of is not None:
            exec_id = trade.of
            trade = self.exec_ids.get(exec_id)
        return exec_id

    def order(self, cl_ord_id: ClOrdID) -> Order | None:
        """A live order, or one of those that have ended and are kept."""
        return self.orders.get(cl_ord_id) or self.ended.get(cl_ord_id)

    def forgot(self, cl_ord_id: ClOrdID) -> bool:
        """Whether the order ended so long ago that only its name is kept."""
        if self.order(cl_ord_id) is not None or cl_ord_id not in self.seen:
            return False
        return cl_ord_id not in self.families and cl_ord_id not in self.closed

    def end(self, order: Order) -> None:
        """Keep an order that has ended, and forget those that ended longest ago."""
        self.orders.pop(order.cl_ord_id, None)
        self.ended[order.cl_ord_id] = order
        while len(self.ended) > max(self.ended_kept, ENDED_KEPT_MIN):
            oldest = next(iter(self.ended))
            del self.ended[oldest]
            for exec_id in self._executions_of.pop(oldest, ()):
                del self.exec_ids[exec_id]

    def recall(self, order: Order, trades: Iterable[tuple[ExecID, Trade]]) -> None:
        """Keep an order again that ended long ago, with its executions, as the log has them."""
        for exec_id, trade in trades:
            self.remember_execution(exec_id, trade)
        self.end(order)

    def id_set_sizes(self) -> dict[str, int]:
        """How many names are known, for the memory report."""
        return {"cl_ord_ids": len(self.seen), "exec_ids": len(self.exec_ids)}

    def hash(self) -> str:
        """BLAKE2b over the live orders by name, the counts, the families, and all names in their order of arrival."""
        orders = [self.orders[cl_ord_id] for cl_ord_id in sorted(self.orders)]
        counts = (self.version, self.refused, self.quarantined, self.unknown)
        families: list[object] = [
            (family.parent, family.committed_lots, tuple(family.children.values())) for family in self.families.values()
        ]
        if self.closed:
            families.append((self.closed.runs(), self.closed.odd()))
        whole = _PACK.encode((counts, orders, families, self.switches.all, self.digest))
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


def _moved(order: Order, trigger: Trigger) -> OrderState:
    return next_state(
        order.state,
        trigger,
        order.cum_lots,
        order.terms.quantity_lots,
        order.acknowledged,
        order.held,
        order.replacing is not None,
    )


def changed(order: Order, event: AnyEvent) -> Order:
    """The order after the event. KeyError where the table forbids it: `decide` never lets that happen."""
    match event:
        case OrderFilled():
            cum_lots, quantity_lots = order.cum_lots + event.lots, order.terms.quantity_lots
            # Nothing is held back of an order that is done.
            held = None if cum_lots >= quantity_lots else order.held
            replacing = order.replacing is not None
            return replace(
                order,
                state=next_state(
                    order.state, Trigger.TRADE, cum_lots, quantity_lots, order.acknowledged, held, replacing
                ),
                cum_lots=cum_lots,
                cum_notional=order.cum_notional + event.price_half_ticks * event.lots,
                venue=event.venue,
                held=held,
            )
        case OrderAcknowledged():
            quantity_lots, replacing = order.terms.quantity_lots, order.replacing is not None
            state = next_state(
                order.state, Trigger.ACKNOWLEDGED, order.cum_lots, quantity_lots, True, order.held, replacing
            )
            return replace(order, state=state, acknowledged=True, venue=event.venue)
        case OrderSent():
            return replace(order, state=_moved(order, Trigger.SENT), venue=event.venue)
        case OrderApproved():
            state = _moved(order, Trigger.APPROVED)
            attempt = order.tried + 1
            return replace(order, state=state, epoch=event.epoch, attempt=attempt, reduces=event.reduces)
        case OrderHeld() | StopAmended() | StopTriggered():
            return _held(order, event)
        case OrderDenied() | OrderMalformed():
            return replace(order, state=_moved(order, Trigger.DENIED))
        case CancelRequested():
            return replace(order, state=_moved(order, Trigger.CANCEL_REQUESTED), cancels=event.attempt)
        case CancelRejected():
            return replace(order, state=_moved(order, Trigger.CANCEL_REJECTED))
        case OrderCanceled():
            return replace(order, state=_moved(order, Trigger.CANCELED))
        case OrderExpired():
            return replace(order, state=_moved(order, Trigger.EXPIRED))
        case OrderRejected():
            return replace(order, state=_moved(order, Trigger.REJECTED))
        case OrderDoubted():
            return replace(order, state=_moved(order, Trigger.DOUBTED), venue=event.venue)
        case OrderReturned():
            state = _moved(order, Trigger.RETURNED)
            return replace(order, state=state, venue=None, epoch=event.epoch, attempt=event.next_attempt)
        case OrderStopped() | OrderSuspended() | OrderDoneForDay():
            trigger, held = _HOLDS[type(event)]
            order = replace(order, held=held, acknowledged=True, venue=event.venue)
            return replace(order, state=_moved(order, trigger))
        case OrderRestated():
            order = replace(order, held=None, acknowledged=True, terms=event.terms)
            return replace(order, state=_moved(order, Trigger.RESTATED))
        case TradeBusted() | TradeCorrected():
            return _amended(order, event)
        case _:
            return _with_other_terms(order, event)


def _held(order: Order, event: OrderHeld | StopAmended | StopTriggered) -> Order:
    match event:
        case OrderHeld():
            state = _moved(order, Trigger.HELD)
            return replace(order, state=state, venue=None, attempt=0, tried=order.attempt, held_ns=event.at_ns)
        case StopAmended():
            return replace(order, state=_moved(order, Trigger.REPLACED), terms=event.terms, revision=event.revision)
        case StopTriggered():
            return replace(order, state=_moved(order, Trigger.REACHED), reached=True)


_HOLDS: Final[dict[type, tuple[Trigger, OrderState]]] = {
    OrderStopped: (Trigger.STOPPED, OrderState.STOPPED),
    OrderSuspended: (Trigger.SUSPENDED, OrderState.SUSPENDED),
    OrderDoneForDay: (Trigger.DONE_FOR_DAY, OrderState.DONE_FOR_DAY),
}


def amending(event: TradeBusted | TradeCorrected) -> Trigger:
    """Fewer lots than were booked are a bust, whatever the venue calls it."""
    if isinstance(event, TradeBusted):
        return Trigger.BUSTED
    return Trigger.BUSTED if event.lots < event.was_lots else Trigger.CORRECTED


def _amended(order: Order, event: TradeBusted | TradeCorrected) -> Order:
    if isinstance(event, TradeBusted):
        lots, notional = -event.lots, -event.lots * event.price_half_ticks
    else:
        lots = event.lots - event.was_lots
        notional = event.lots * event.price_half_ticks - event.was_lots * event.was_price_half_ticks
    order = replace(order, cum_lots=order.cum_lots + lots, cum_notional=order.cum_notional + notional)
    if not lots:
        return order  # the same lots at another price, or none that were booked
    return replace(order, state=_moved(order, amending(event)))


def _with_other_terms(order: Order, event: AnyEvent) -> Order:
    """A replace on its way; the events that change no order are here too."""
    match event:
        case ReplaceRequested():
            order = replace(order, replacing=Replacement(event.terms, event.revision), revision=event.revision)
            return replace(order, state=_moved(order, Trigger.REPLACE_REQUESTED))
        case ReplaceApproved():
            assert order.replacing is not None, "nothing to approve"
            asked = replace(order.replacing, approved=True, seen=False)
            return replace(order, replacing=asked, epoch=event.epoch)
        case ReplaceSeen():
            assert order.replacing is not None, "nothing to ask about"
            return replace(order, replacing=replace(order.replacing, seen=True))
        case ReplaceRepeated():
            return replace(order, state=_moved(order, Trigger.REPLACE_REQUESTED))
        case ReplaceDenied():
            if order.replacing is None or order.replacing.revision != event.revision:
                return replace(order, revision=max(order.revision, event.revision))
            order = replace(order, replacing=None)
            return replace(order, state=_moved(order, Trigger.REPLACE_REJECTED))
        case ReplaceRejected():
            order = replace(order, replacing=None)
            return replace(order, state=_moved(order, Trigger.REPLACE_REJECTED))
        case OrderReplaced():
            order = replace(order, replacing=None, terms=event.terms, wire_id=event.wire_id, acknowledged=True)
            return replace(order, state=_moved(order, Trigger.REPLACED))
        case _:
            return order


def evolve(state: OmsState, event: AnyEvent) -> Order | None:
    """Fold one event into *state*, in place; returns the order that it moved, ended or not."""
    state.version += 1
    name = event.cl_ord_id
    if type(event) is OrderSubmitted:
        state.remember_order(name)
        state.orders[name] = order = placed(event)
        _tell_family(state, order)
        return order
    fees = 0
    if type(event) in _MORE_THAN_ITS_ORDER:
        fees = _charged(state, event)
        if not _record(state, name, event):
            return None
    before = state.orders.get(name)
    if before is None:  # only what happened to its trades moves an order that has ended
        if state.forgot(name):
            return None  # whoever decided this kept more of them than we do
        order = changed(state.ended[name], event)
        state.ended[name] = order
        _tell_family(state, order, fees)
        return order
    order = changed(before, event)
    if order.state in TERMINAL:
        state.end(order)
    else:
        state.orders[name] = order
    _tell_family(state, order, fees)
    return order


_MORE_THAN_ITS_ORDER: Final = frozenset(
    (
        FillQuarantined,
        NameTaken,
        OrderFilled,
        ParentClosed,
        ParentTaken,
        TradeBusted,
        TradeCorrected,
        TradingSwitched,
        TransitionRefused,
        UnknownOrderReported,
    )
)
"""Events that leave something in the state beside the order they are about."""


def _charged(state: OmsState, event: AnyEvent) -> int:
    """By how much the event changes what its order has cost in fees: a trade that is busted costs none."""
    match event:
        case OrderFilled():
            return event.commission
        case TradeBusted() | TradeCorrected():
            was = state.exec_ids.get(event.ref_exec_id)
            fee = event.commission if isinstance(event, TradeCorrected) else 0
            return fee - (was.fee if was is not None else 0)
        case _:
            return 0


def _record(state: OmsState, name: ClOrdID, event: AnyEvent) -> bool:
    """What an event leaves beside its order; whether it moves that, too."""
    match event:
        case OrderFilled():
            state.name_execution(event.exec_id)
            trade = Trade(name, event.lots, event.price_half_ticks, event.commission)
            state.remember_execution(event.exec_id, trade)
            return True
        case TradeBusted():
            state.name_execution(event.exec_id)
            state.remember_execution(event.ref_exec_id, Trade(name))
            state.remember_execution(event.exec_id, Trade(name, of=event.ref_exec_id))
            return True
        case TradeCorrected():
            state.name_execution(event.exec_id)
            trade = Trade(name, event.lots, event.price_half_ticks, event.commission)
            state.remember_execution(event.ref_exec_id, trade)
            state.remember_execution(event.exec_id, Trade(name, of=event.ref_exec_id))
            return True
        case FillQuarantined():
            state.quarantined += 1
            state.name_execution(event.exec_id)
            if state.order(name) is not None:
                state.remember_execution(event.exec_id, Trade(name))
        case ParentTaken():
            state.remember_order(name)
            state.families[name] = Family(event.order)
        case ParentClosed():
            del state.families[name]
            state.closed.add(name)
        case TransitionRefused() | NameTaken():
            state.refused += 1
        case UnknownOrderReported():
            state.unknown += 1
        case TradingSwitched():
            state.switches = state.switches.switched(event.switch)
        case _:
            raise AssertionError(f"nothing to record of {type(event).__name__}")
    return False


def _tell_family(state: OmsState, child: Order, fees: int = 0) -> None:
    parent = child.attribution.parent
    if parent is not None and parent in state.families:
        state.families[parent].moved(child, fees)


def rebuild(events: Iterable[AnyEvent], state: OmsState | None = None) -> OmsState:
    """The state that a log amounts to, from nothing or from the *state* before it, which is changed in place."""
    if state is None:
        state = OmsState()
    for event in events:
        evolve(state, event)
    return state
