"""The OMS as a decider, part three: what venues say of orders, in execution reports and when they are asked."""

from typing import Final, assert_never

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import (
    ExecType,
    Execution,
    ExecutionReport,
    OrderStatusReport,
    OrdRejReason,
    OrdStatus,
)
from squall.system.domain.commands import ApplyReport, ApplyStatus
from squall.system.domain.events import (
    AnyEvent,
    Blame,
    CancelRejected,
    CancelRequested,
    DoubtReason,
    FillQuarantined,
    OrderAcknowledged,
    OrderCanceled,
    OrderDoneForDay,
    OrderDoubted,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderRestated,
    OrderStopped,
    OrderSuspended,
    QuarantineReason,
    ReplaceRejected,
    ReplaceRepeated,
    TradeBusted,
    TradeCorrected,
)
from squall.system.domain.ids import ExecID
from squall.system.domain.oms_replace import done, is_done
from squall.system.domain.oms_state import OmsState, amending, changed
from squall.system.domain.orders import Order, OrderState, Trigger, allows
from squall.system.domain.rulings import NOTHING, Events, missing, refused
from squall.system.domain.terms import Terms
from squall.system.domain.trades import Trade

TRIGGERS: Final = {
    ExecType.NEW: Trigger.ACKNOWLEDGED,
    ExecType.TRADE: Trigger.TRADE,
    ExecType.CANCELED: Trigger.CANCELED,
    ExecType.REPLACED: Trigger.REPLACED,
    ExecType.RESTATED: Trigger.RESTATED,
    ExecType.STOPPED: Trigger.STOPPED,
    ExecType.SUSPENDED: Trigger.SUSPENDED,
    ExecType.DONE_FOR_DAY: Trigger.DONE_FOR_DAY,
    ExecType.EXPIRED: Trigger.EXPIRED,
    ExecType.REJECTED: Trigger.REJECTED,
    ExecType.TRADE_CANCEL: Trigger.BUSTED,
    ExecType.TRADE_CORRECT: Trigger.CORRECTED,
}
"""What a report of each kind does to an order. The venue's "pending" says only that it has got a request."""


# --- execution reports ---


def decide_report(state: OmsState, order: Order, command: ApplyReport, now_ns: int) -> Events:
    """What the report comes to; of an order that was being replaced, and bears the new name in it, that first."""
    report = command.report
    asked = is_done(order, report.cl_ord_id)
    if asked is None or report.exec_type is ExecType.REJECTED:
        return _reported(state, order, command, now_ns)
    terms = _terms(order, asked.terms, report.order_lots, report.price_half_ticks)
    replaced = done(order, asked, terms, command.actor, now_ns)
    after = changed(order, replaced)
    if report.exec_type is ExecType.REPLACED:
        lost = report.cum_lots > after.cum_lots and not after.ended
        return (replaced, missing(after, command, now_ns)) if lost else (replaced,)
    if after.ended:
        return (replaced,)
    return (replaced, *_reported(state, after, command, now_ns))


def _terms(order: Order, asked: Terms, lots: int, price: int | None) -> Terms:
    """As the venue says, and where it says nothing, as was asked."""
    if not lots:
        return asked
    return replace(asked, quantity_lots=lots, price_half_ticks=price)


def _reported(state: OmsState, order: Order, command: ApplyReport, now_ns: int) -> Events:
    report = command.report
    match report.exec_type:
        case ExecType.NEW:
            if order.acknowledged and order.state is not OrderState.IN_DOUBT:
                return NOTHING
            if not allows(order.state, Trigger.ACKNOWLEDGED):
                return refused(order, command, Trigger.ACKNOWLEDGED, Blame.VENUE, now_ns)
            return (OrderAcknowledged(order.cl_ord_id, now_ns, command.actor, command.venue),)
        case ExecType.TRADE:
            return _trade(state, order, command, report, now_ns)
        case ExecType.CANCELED | ExecType.EXPIRED:
            if not allows(order.state, TRIGGERS[report.exec_type]):
                return refused(order, command, TRIGGERS[report.exec_type], Blame.VENUE, now_ns)
            if report.cum_lots > order.cum_lots:
                return (missing(order, command, now_ns),)
            return (_ended(order, report.exec_type is ExecType.EXPIRED, command, now_ns),)
        case ExecType.REJECTED:
            return _rejected(order, command, report.reason, now_ns)
        case ExecType.STOPPED | ExecType.SUSPENDED | ExecType.DONE_FOR_DAY | ExecType.RESTATED:
            return _held(order, command, report, now_ns)
        case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
            return decide_amendment(state, order, command, now_ns)
        case ExecType.REPLACED:
            if report.cl_ord_id == order.wire_id:
                return NOTHING  # once more
            return refused(order, command, Trigger.REPLACED, Blame.VENUE, now_ns)
        case ExecType.PENDING_NEW | ExecType.PENDING_CANCEL | ExecType.PENDING_REPLACE:
            return NOTHING  # it has the request, and will answer
        case _:
            assert_never(report.exec_type)


def _ended(order: Order, expired: bool, command: ApplyReport | ApplyStatus, now_ns: int) -> AnyEvent:
    """The end of an order with lots left; one that was to rest and that nobody wanted back was not to end so."""
    if expired:
        return OrderExpired(order.cl_ord_id, now_ns, command.actor, order.leaves_lots)
    unsolicited = not order.cancels and order.terms.time_in_force.rests
    return OrderCanceled(order.cl_ord_id, now_ns, command.actor, order.leaves_lots, unsolicited)


def _held(order: Order, command: ApplyReport, report: ExecutionReport, now_ns: int) -> Events:
    name, actor, venue = order.cl_ord_id, command.actor, command.venue
    trigger = TRIGGERS[report.exec_type]
    if not order.leaves_lots:
        return NOTHING  # there is nothing left of it to be held
    if not allows(order.state, trigger):
        return refused(order, command, trigger, Blame.VENUE, now_ns)
    if report.exec_type is ExecType.RESTATED:
        terms = _terms(order, order.terms, report.order_lots, report.price_half_ticks)
        if order.held is None and terms == order.terms and order.acknowledged:
            return NOTHING
        return (OrderRestated(name, now_ns, actor, terms),)
    event = _HOLDS[report.exec_type]
    if order.held is _HELD[report.exec_type]:
        return NOTHING
    return (event(name, now_ns, actor, venue),)


_HOLDS: Final[dict[ExecType, type[OrderStopped] | type[OrderSuspended] | type[OrderDoneForDay]]] = {
    ExecType.STOPPED: OrderStopped,
    ExecType.SUSPENDED: OrderSuspended,
    ExecType.DONE_FOR_DAY: OrderDoneForDay,
}
_HELD: Final = {
    ExecType.STOPPED: OrderState.STOPPED,
    ExecType.SUSPENDED: OrderState.SUSPENDED,
    ExecType.DONE_FOR_DAY: OrderState.DONE_FOR_DAY,
}
_SAID: Final = {
    OrdStatus.STOPPED: ExecType.STOPPED,
    OrdStatus.SUSPENDED: ExecType.SUSPENDED,
    OrdStatus.DONE_FOR_DAY: ExecType.DONE_FOR_DAY,
}


# --- executions ---


def _trade(state: OmsState, order: Order, command: ApplyReport, report: ExecutionReport, now_ns: int) -> Events:
    exec_id = ExecID(report.exec_id)
    if exec_id in state.exec_ids:
        return NOTHING
    right = report.symbol == order.terms.symbol and report.side is order.terms.side
    lots = report.last_lots if right else 0
    fill = _execution(order, command, exec_id, lots, report.last_price_half_ticks, report.fee, report.rested, now_ns)
    counted = min(report.cum_lots, order.terms.quantity_lots)
    if isinstance(fill, OrderFilled) and order.cum_lots + fill.lots < counted:
        return (fill, missing(order, command, now_ns))
    return (fill,)


def _execution(
    order: Order,
    command: ApplyReport | ApplyStatus,
    exec_id: ExecID,
    lots: int,
    price: int,
    fee: int,
    rested: bool,
    now_ns: int,
) -> OrderFilled | FillQuarantined:
    """Book it, or set it aside."""
    if lots <= 0:
        reason = QuarantineReason.WRONG_ORDER
    elif not allows(order.state, Trigger.TRADE):
        reason = QuarantineReason.ORDER_ENDED if order.ended else QuarantineReason.NOT_LET_OUT
    elif lots > order.leaves_lots:
        reason = QuarantineReason.OVERFILL
    else:
        return OrderFilled(
            cl_ord_id=order.cl_ord_id,
            at_ns=now_ns,
            actor=command.actor,
            exec_id=exec_id,
            venue=command.venue,
            symbol=order.terms.symbol,
            side=order.terms.side,
            lots=lots,
            price_half_ticks=price,
            commission=fee,
            rested=rested,
        )
    return FillQuarantined(order.cl_ord_id, now_ns, command.actor, exec_id, command.venue, lots, price, reason)


def decide_amendment(state: OmsState, order: Order, command: ApplyReport, now_ns: int) -> Events:
    """A bust or a correction, of a live order or of one that has ended, known by the execution that it is about."""
    report = command.report
    exec_id = ExecID(report.exec_id)
    if exec_id in state.exec_ids:
        return NOTHING
    ref = state.original(ExecID(report.exec_ref_id))
    lots = 0 if report.exec_type is ExecType.TRADE_CANCEL else report.last_lots
    price = report.last_price_half_ticks
    return _amended(state, order, command, exec_id, ref, lots, price, report.fee, now_ns)


def _amended(
    state: OmsState,
    order: Order,
    command: ApplyReport | ApplyStatus,
    exec_id: ExecID,
    ref: ExecID,
    lots: int,
    price: int,
    fee: int,
    now_ns: int,
) -> Events:
    """The execution *ref* is to count with these lots and this price from now on; no lots: it is busted."""
    name, actor, venue, symbol = order.cl_ord_id, command.actor, command.venue, order.terms.symbol
    if ref == exec_id:  # it names itself
        reason = QuarantineReason.AMENDS_NOTHING
        return (FillQuarantined(name, now_ns, actor, exec_id, venue, lots, price, reason),)
    trade = state.exec_ids.get(ref)
    if trade is not None and trade.cl_ord_id != name:
        trigger = Trigger.CORRECTED if lots else Trigger.BUSTED
        reason = QuarantineReason.AMENDS_ANOTHER
        aside = FillQuarantined(name, now_ns, actor, exec_id, venue, lots, price, reason)
        return (*refused(order, command, trigger, Blame.VENUE, now_ns), aside)
    was = trade if trade is not None else Trade(name)
    if not lots:
        event: TradeBusted | TradeCorrected = TradeBusted(
            name, now_ns, actor, exec_id, ref, venue, symbol, was.lots, was.price_half_ticks
        )
    elif not was.lots or order.leaves_lots + was.lots < lots:
        reason = QuarantineReason.OVERFILL if was.lots else QuarantineReason.AMENDS_NOTHING
        aside = FillQuarantined(name, now_ns, actor, exec_id, venue, lots, price, reason)
        lost = trade is None and isinstance(command, ApplyReport) and allows(order.state, Trigger.DOUBTED)
        return (aside, missing(order, command, now_ns)) if lost else (aside,)
    else:
        if (was.lots, was.price_half_ticks) == (lots, price):
            return NOTHING
        event = TradeCorrected(
            name, now_ns, actor, exec_id, ref, venue, symbol, was.lots, was.price_half_ticks, lots, price, fee
        )
    if was.lots and not allows(order.state, amending(event)):
        return refused(order, command, amending(event), Blame.VENUE, now_ns)
    return (event,)


def _rejected(order: Order, command: ApplyReport, reason: OrdRejReason | None, now_ns: int) -> Events:
    if reason is OrdRejReason.DUPLICATE_ORDER:
        # It refuses this copy because it has, or had, the order: that is no end, it is a question.
        if order.acknowledged:
            return NOTHING
        if allows(order.state, Trigger.DOUBTED):
            doubt = DoubtReason.DUPLICATE
            return (OrderDoubted(order.cl_ord_id, now_ns, command.actor, command.venue, doubt),)
    if order.cum_lots or not allows(order.state, Trigger.REJECTED):
        return refused(order, command, Trigger.REJECTED, Blame.VENUE, now_ns)
    words = "no reason given" if reason is None else reason.value
    return (OrderRejected(order.cl_ord_id, now_ns, command.actor, words),)


# --- answers to questions ---


def decide_status(state: OmsState, order: Order, command: ApplyStatus, now_ns: int) -> Events:
    """First a replace that was done, then executions that are news, then what has become of the order."""
    report = command.report
    events: list[AnyEvent] = []
    asked = is_done(order, report.latest_cl_ord_id)
    if asked is not None:
        terms = _terms(order, asked.terms, report.order_lots, report.price_half_ticks)
        events.append(done(order, asked, terms, command.actor, now_ns))
        order = changed(order, events[-1])
    listed: set[str] = set()
    for execution in report.executions:
        exec_id = ExecID(execution.exec_id)
        if exec_id not in state.exec_ids and exec_id not in listed:
            listed.add(exec_id)
            if execution.revised_by and not execution.lots:
                void = ExecID(execution.revised_by)
                events += _amended(state, order, command, void, exec_id, 0, 0, 0, now_ns)
                continue
            lots, price, fee = execution.lots, execution.price_half_ticks, execution.fee
            fill = _execution(order, command, exec_id, lots, price, fee, execution.rested, now_ns)
            events.append(fill)
            order = changed(order, fill)
        elif execution.revised_by and ExecID(execution.revised_by) not in state.exec_ids:
            for event in _revised(state, order, command, execution, now_ns):
                events.append(event)
                order = changed(order, event)
    if report.status is not None and not order.ended:
        events += _settled(order, command, report, report.status, now_ns)
    return tuple(events)


def _revised(state: OmsState, order: Order, command: ApplyStatus, execution: Execution, now_ns: int) -> Events:
    """A bust or correction whose own report we have not heard."""
    exec_id, ref = ExecID(execution.revised_by), ExecID(execution.exec_id)
    lots, price = execution.lots, execution.price_half_ticks
    return _amended(state, order, command, exec_id, ref, lots, price, execution.fee, now_ns)


def _settled(
    order: Order, command: ApplyStatus, report: OrderStatusReport, status: OrdStatus, now_ns: int
) -> list[AnyEvent]:
    """The order stands at what its executions say; this is what the venue's word for its status adds."""
    name, actor = order.cl_ord_id, command.actor
    match status:
        case OrdStatus.FILLED:
            if order.leaves_lots or not (order.state is OrderState.PENDING_CANCEL or order.replacing is not None):
                return [*refused(order, command, Trigger.TRADE, Blame.VENUE, now_ns)]
            return _answered_by_fills(order, actor, now_ns)
        case OrdStatus.CANCELED | OrdStatus.EXPIRED:
            trigger = Trigger.CANCELED if status is OrdStatus.CANCELED else Trigger.EXPIRED
            if report.cum_lots > order.cum_lots or not allows(order.state, trigger):
                return [*refused(order, command, trigger, Blame.VENUE, now_ns)]
            return [_ended(order, status is OrdStatus.EXPIRED, command, now_ns)]
        case OrdStatus.REJECTED:
            if order.cum_lots or not allows(order.state, Trigger.REJECTED):
                return [*refused(order, command, Trigger.REJECTED, Blame.VENUE, now_ns)]
            return [OrderRejected(name, now_ns, actor, "rejected by the venue")]
        case _:
            return _at_work(order, command, report, status, now_ns)


def _answered_by_fills(order: Order, actor: str, now_ns: int) -> list[AnyEvent]:
    """Whatever was asked for comes too late."""
    events: list[AnyEvent] = []
    if order.replacing is not None:
        revision = order.replacing.revision
        events.append(ReplaceRejected(order.cl_ord_id, now_ns, actor, revision, "filled"))
    if order.state is OrderState.PENDING_CANCEL:
        events.append(CancelRejected(order.cl_ord_id, now_ns, actor, "filled"))
    return events


def _at_work(
    order: Order, command: ApplyStatus, report: OrderStatusReport, status: OrdStatus, now_ns: int
) -> list[AnyEvent]:
    """The venue has it, and it is open."""
    name, actor, venue = order.cl_ord_id, command.actor, command.venue
    if not allows(order.state, Trigger.ACKNOWLEDGED) and not order.acknowledged:
        return [*refused(order, command, Trigger.ACKNOWLEDGED, Blame.VENUE, now_ns)]
    events: list[AnyEvent] = []
    if not order.acknowledged or order.state is OrderState.IN_DOUBT:
        events.append(OrderAcknowledged(name, now_ns, actor, venue))
    kind = _SAID.get(status)
    if kind is not None and order.leaves_lots and order.held is not _HELD[kind]:
        events.append(_HOLDS[kind](name, now_ns, actor, venue))
    elif order.held is not None and status in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED):
        terms = _terms(order, order.terms, report.order_lots, report.price_half_ticks)
        events.append(OrderRestated(name, now_ns, actor, terms))
    asked = order.replacing
    if order.state is OrderState.PENDING_CANCEL:
        # It knows nothing of our request, or has not come to it: asking twice is harmless.
        events.append(CancelRequested(name, now_ns, actor, order.cancels + 1))
    elif asked is not None and asked.approved:
        # On its old terms: what it has seen it has refused, and what it has not seen is asked again.
        if asked.seen:
            events.append(ReplaceRejected(name, now_ns, actor, asked.revision, OrdRejReason.DUPLICATE_ORDER.value))
        else:
            events.append(ReplaceRepeated(name, now_ns, actor, asked.revision))
    return events
