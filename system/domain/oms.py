"""The OMS as a decider: what a command comes to, given what the log says."""

from typing import Final, assert_never

from squall.sim.exchange.wire.messages import CxlRejReason, ExecType, ExecutionReport, OrdRejReason, OrdStatus
from squall.system.domain.commands import (
    AnyCommand,
    ApplyReport,
    ApplyStatus,
    DoubtOrder,
    JudgeOrder,
    MarkSent,
    PlaceOrder,
    RefuseCancel,
    ReturnOrder,
    WithdrawOrder,
)
from squall.system.domain.events import (
    AnyEvent,
    Blame,
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
    QuarantineReason,
    TransitionRefused,
    UnknownOrderReported,
)
from squall.system.domain.ids import ExecID
from squall.system.domain.messages import UnsentReason
from squall.system.domain.oms_state import OmsState, changed, evolve, rebuild
from squall.system.domain.orders import Order, OrderState, Trigger, allows

__all__ = ["Events", "OmsState", "decide", "evolve", "rebuild"]

Events = tuple[AnyEvent, ...]
NOTHING: Final[Events] = ()

HOPELESS: Final = (UnsentReason.NO_VENUE, UnsentReason.NOT_MARKETABLE)
"""Reasons for which letting an order out again would end the same way."""
NOT_ASKED: Final = (UnsentReason.SESSION_DOWN.value, UnsentReason.FENCED.value, UnsentReason.NOT_NOW.value)
"""Reasons for which a cancel did not get as far as the venue."""


def decide(state: OmsState, command: AnyCommand, now_ns: int) -> Events:
    """What the command comes to; no events where it is no news. *now_ns* is the leader's wall clock."""
    if isinstance(command, PlaceOrder):
        return _place(state, command, now_ns)
    order = state.orders.get(command.cl_ord_id)
    if order is None:
        return _of_no_live_order(state, command, now_ns)
    match command:
        case ApplyReport():
            return _report(state, order, command, now_ns)
        case JudgeOrder():
            return _judge(order, command, now_ns)
        case MarkSent():
            return _mark_sent(order, command, now_ns)
        case ReturnOrder():
            return _return(order, command, now_ns)
        case DoubtOrder():
            return _doubt(order, command, now_ns)
        case ApplyStatus():
            return _status(state, order, command, now_ns)
        case WithdrawOrder():
            return _withdraw(order, command, now_ns)
        case RefuseCancel():
            return _refuse_cancel(order, command, now_ns)
        case _:
            assert_never(command)


def _place(state: OmsState, command: PlaceOrder, now_ns: int) -> Events:
    if command.cl_ord_id in state.seen:
        return NOTHING
    return (
        OrderSubmitted(
            cl_ord_id=command.cl_ord_id,
            at_ns=now_ns,
            actor=command.actor,
            strategy=command.strategy,
            terms=command.terms,
            intended_ns=command.intended_ns,
            attribution=command.attribution,
        ),
    )


def _refused(order: Order, command: AnyCommand, trigger: Trigger, blame: Blame, now_ns: int) -> Events:
    return (TransitionRefused(order.cl_ord_id, now_ns, command.actor, order.state, trigger, blame),)


def _judge(order: Order, command: JudgeOrder, now_ns: int) -> Events:
    if order.state is not OrderState.PENDING_VALIDATION:
        if not command.denials:
            return NOTHING  # it was asked twice, and both answers are yes
        return _refused(order, command, Trigger.DENIED, Blame.OURS, now_ns)
    if command.denials:
        return (OrderDenied(order.cl_ord_id, now_ns, command.actor, command.denials),)
    return (OrderApproved(order.cl_ord_id, now_ns, command.actor, command.epoch),)


def _mark_sent(order: Order, command: MarkSent, now_ns: int) -> Events:
    if command.attempt < order.attempt or order.acknowledged or order.cum_lots:
        return NOTHING  # superseded, or the venue has answered: that it was sent is no news
    if not allows(order.state, Trigger.SENT):
        return _refused(order, command, Trigger.SENT, Blame.OURS, now_ns)
    return (OrderSent(order.cl_ord_id, now_ns, command.actor, command.venue, command.attempt),)


def _return(order: Order, command: ReturnOrder, now_ns: int) -> Events:
    if command.attempt < order.attempt:
        return NOTHING
    if order.acknowledged or order.cum_lots or not order.attempt:
        # A venue has spoken of it, or nobody has let it out: then it is not certain at all.
        return _refused(order, command, Trigger.RETURNED, Blame.OURS, now_ns)
    if order.state is OrderState.PENDING_CANCEL:
        return (OrderCanceled(order.cl_ord_id, now_ns, command.actor, order.leaves_lots),)
    if command.reason in HOPELESS or order.attempt > command.max_reroutes:
        return (OrderRejected(order.cl_ord_id, now_ns, command.actor, command.reason.value),)
    return (OrderReturned(order.cl_ord_id, now_ns, command.actor, command.reason, command.epoch, command.attempt + 1),)


def _doubt(order: Order, command: DoubtOrder, now_ns: int) -> Events:
    if command.attempt < order.attempt:
        return NOTHING
    if not allows(order.state, Trigger.DOUBTED):
        return _refused(order, command, Trigger.DOUBTED, Blame.OURS, now_ns)
    return (OrderDoubted(order.cl_ord_id, now_ns, command.actor, command.venue, DoubtReason.NO_ANSWER),)


def _withdraw(order: Order, command: WithdrawOrder, now_ns: int) -> Events:
    requested = CancelRequested(order.cl_ord_id, now_ns, command.actor, order.cancels + 1)
    if order.state is OrderState.PENDING_VALIDATION:  # it never left: nobody else need be asked
        return (requested, OrderCanceled(order.cl_ord_id, now_ns, command.actor, order.leaves_lots))
    return (requested,)


def _refuse_cancel(order: Order, command: RefuseCancel, now_ns: int) -> Events:
    """The venue's word ends the wish to cancel, unless it was not asked, or has not got the order yet."""
    unseen = not order.acknowledged and not order.cum_lots
    if command.reason in NOT_ASKED or (unseen and command.reason == CxlRejReason.UNKNOWN_ORDER.value):
        return NOTHING  # were the wish dropped, the order could still come to a venue, and rest there for ever
    if not allows(order.state, Trigger.CANCEL_REJECTED):
        return _refused(order, command, Trigger.CANCEL_REJECTED, Blame.VENUE, now_ns)
    return (CancelRejected(order.cl_ord_id, now_ns, command.actor, command.reason),)


def _report(state: OmsState, order: Order, command: ApplyReport, now_ns: int) -> Events:
    report = command.report
    match report.exec_type:
        case ExecType.NEW:
            if order.acknowledged and order.state is not OrderState.IN_DOUBT:
                return NOTHING
            if not allows(order.state, Trigger.ACKNOWLEDGED):
                return _refused(order, command, Trigger.ACKNOWLEDGED, Blame.VENUE, now_ns)
            return (OrderAcknowledged(order.cl_ord_id, now_ns, command.actor, command.venue),)
        case ExecType.TRADE:
            return _trade(state, order, command, report, now_ns)
        case ExecType.CANCELED | ExecType.EXPIRED:
            if not allows(order.state, Trigger.CANCELED):
                return _refused(order, command, Trigger.CANCELED, Blame.VENUE, now_ns)
            if report.cum_lots > order.cum_lots:
                return (_missing(order, command, now_ns),)
            return (OrderCanceled(order.cl_ord_id, now_ns, command.actor, order.leaves_lots),)
        case ExecType.REJECTED:
            return _rejected(order, command, report.reason, now_ns)
        case (
            ExecType.PENDING_NEW
            | ExecType.PENDING_CANCEL
            | ExecType.PENDING_REPLACE
            | ExecType.REPLACED
            | ExecType.DONE_FOR_DAY
            | ExecType.STOPPED
            | ExecType.SUSPENDED
            | ExecType.RESTATED
            | ExecType.TRADE_CANCEL
            | ExecType.TRADE_CORRECT
        ):
            return NOTHING  # the table has no such state yet, and nothing that the desk asks for leads to one
        case _:
            assert_never(report.exec_type)


def _trade(state: OmsState, order: Order, command: ApplyReport, report: ExecutionReport, now_ns: int) -> Events:
    exec_id = ExecID(report.exec_id)
    if exec_id in state.exec_ids:
        return NOTHING
    right = report.symbol == order.terms.symbol and report.side is order.terms.side
    fill = _execution(order, command, exec_id, report.last_lots if right else 0, report.last_price_half_ticks, now_ns)
    counted = min(report.cum_lots, order.terms.quantity_lots)
    if isinstance(fill, OrderFilled) and order.cum_lots + fill.lots < counted:
        return (fill, _missing(order, command, now_ns))
    return (fill,)


def _execution(
    order: Order, command: ApplyReport | ApplyStatus, exec_id: ExecID, lots: int, price: int, now_ns: int
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
        )
    return FillQuarantined(order.cl_ord_id, now_ns, command.actor, exec_id, command.venue, lots, price, reason)


def _missing(order: Order, command: ApplyReport, now_ns: int) -> OrderDoubted:
    """The venue counts more than we have heard of: whatever else it says can wait until it has been asked."""
    return OrderDoubted(order.cl_ord_id, now_ns, command.actor, command.venue, DoubtReason.MISSING_EXECUTIONS)


def _rejected(order: Order, command: ApplyReport, reason: OrdRejReason | None, now_ns: int) -> Events:
    if reason is OrdRejReason.DUPLICATE_ORDER:
        # It refuses this copy because it has, or had, the order: that is no end, it is a question.
        if order.acknowledged:
            return NOTHING
        if allows(order.state, Trigger.DOUBTED):
            doubt = DoubtReason.DUPLICATE
            return (OrderDoubted(order.cl_ord_id, now_ns, command.actor, command.venue, doubt),)
    if order.cum_lots or not allows(order.state, Trigger.REJECTED):
        return _refused(order, command, Trigger.REJECTED, Blame.VENUE, now_ns)
    words = "no reason given" if reason is None else reason.value
    return (OrderRejected(order.cl_ord_id, now_ns, command.actor, words),)


def _status(state: OmsState, order: Order, command: ApplyStatus, now_ns: int) -> Events:
    """First the executions that we have not heard of, then what the venue says has become of the order."""
    report = command.report
    events: list[AnyEvent] = []
    listed: set[str] = set()
    for execution in report.executions:
        exec_id = ExecID(execution.exec_id)
        if exec_id not in state.exec_ids and exec_id not in listed:
            listed.add(exec_id)
            fill = _execution(order, command, exec_id, execution.lots, execution.price_half_ticks, now_ns)
            events.append(fill)
            order = changed(order, fill)
    if report.status is not None and not order.ended:
        events += _settled(order, command, report.status, now_ns)
    return tuple(events)


def _settled(order: Order, command: ApplyStatus, status: OrdStatus, now_ns: int) -> Events:
    """The order stands at what its executions say; this is what the venue's word for its status adds."""
    name, actor = order.cl_ord_id, command.actor
    pending_cancel = order.state is OrderState.PENDING_CANCEL
    match status:
        case (
            OrdStatus.PENDING_NEW
            | OrdStatus.NEW
            | OrdStatus.PARTIALLY_FILLED
            | OrdStatus.DONE_FOR_DAY
            | OrdStatus.PENDING_CANCEL
            | OrdStatus.PENDING_REPLACE
            | OrdStatus.STOPPED
            | OrdStatus.SUSPENDED
        ):
            if not allows(order.state, Trigger.ACKNOWLEDGED) and not order.acknowledged:
                return _refused(order, command, Trigger.ACKNOWLEDGED, Blame.VENUE, now_ns)
            events: list[AnyEvent] = []
            if not order.acknowledged or order.state is OrderState.IN_DOUBT:
                events.append(OrderAcknowledged(name, now_ns, actor, command.venue))
            if pending_cancel:  # it knows nothing of our request, or has not come to it: asking twice is harmless
                events.append(CancelRequested(name, now_ns, actor, order.cancels + 1))
            return tuple(events)
        case OrdStatus.FILLED:
            if pending_cancel and not order.leaves_lots:
                return (CancelRejected(name, now_ns, actor, "filled"),)
            return _refused(order, command, Trigger.TRADE, Blame.VENUE, now_ns)
        case OrdStatus.CANCELED | OrdStatus.EXPIRED:
            if command.report.cum_lots > order.cum_lots or not allows(order.state, Trigger.CANCELED):
                return _refused(order, command, Trigger.CANCELED, Blame.VENUE, now_ns)
            return (OrderCanceled(name, now_ns, actor, order.leaves_lots),)
        case OrdStatus.REJECTED:
            if order.cum_lots or not allows(order.state, Trigger.REJECTED):
                return _refused(order, command, Trigger.REJECTED, Blame.VENUE, now_ns)
            return (OrderRejected(name, now_ns, actor, "rejected by the venue"),)
        case _:
            assert_never(status)


_TRIGGER_OF_REPORT: Final = {
    ExecType.NEW: Trigger.ACKNOWLEDGED,
    ExecType.TRADE: Trigger.TRADE,
    ExecType.CANCELED: Trigger.CANCELED,
    ExecType.EXPIRED: Trigger.CANCELED,
    ExecType.REJECTED: Trigger.REJECTED,
}


def _of_no_live_order(state: OmsState, command: AnyCommand, now_ns: int) -> Events:
    """The order has ended, or never was."""
    name, actor = command.cl_ord_id, command.actor
    if name not in state.seen:
        return (UnknownOrderReported(name, now_ns, actor, type(command).__name__),)
    trigger, blame = Trigger.SUBMITTED, Blame.OURS
    match command:
        case ApplyReport():
            report = command.report
            if report.exec_type is ExecType.TRADE:
                return _too_late(
                    state,
                    command,
                    ((report.exec_id, report.last_lots, report.last_price_half_ticks),),
                    now_ns,
                )
            if report.exec_type not in _TRIGGER_OF_REPORT:
                return NOTHING
            trigger, blame = _TRIGGER_OF_REPORT[report.exec_type], Blame.VENUE
        case ApplyStatus():
            executions = tuple((e.exec_id, e.lots, e.price_half_ticks) for e in command.report.executions)
            return _too_late(state, command, executions, now_ns)
        case JudgeOrder():
            return NOTHING  # withdrawn while risk was thinking
        case MarkSent():
            trigger = Trigger.SENT
        case ReturnOrder():
            trigger = Trigger.RETURNED
        case DoubtOrder():
            trigger = Trigger.DOUBTED
        case WithdrawOrder():
            trigger = Trigger.CANCEL_REQUESTED
        case RefuseCancel():
            trigger, blame = Trigger.CANCEL_REJECTED, Blame.VENUE
        case PlaceOrder():
            return NOTHING
        case _:
            assert_never(command)
    return (TransitionRefused(name, now_ns, actor, None, trigger, blame),)


def _too_late(
    state: OmsState,
    command: ApplyReport | ApplyStatus,
    executions: tuple[tuple[str, int, int], ...],
    now_ns: int,
) -> Events:
    """Executions of an order that has ended: those that we have are old news, others cannot be right."""
    return tuple(
        FillQuarantined(
            command.cl_ord_id,
            now_ns,
            command.actor,
            ExecID(exec_id),
            command.venue,
            lots,
            price,
            QuarantineReason.ORDER_ENDED,
        )
        for exec_id, lots, price in executions
        if ExecID(exec_id) not in state.exec_ids
    )
