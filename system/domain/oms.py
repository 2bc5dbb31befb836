"""The OMS as a decider: what a command comes to, given what the log says."""

from typing import Final, assert_never

from squall.sim.exchange.wire.messages import CxlRejReason, ExecType
from squall.system.domain.commands import (
    AnyCommand,
    ApplyReport,
    ApplyStatus,
    DoubtOrder,
    ExpireStop,
    JudgeOrder,
    JudgeReplace,
    MarkSent,
    PlaceOrder,
    PlaceParent,
    RefuseCancel,
    RefuseReplace,
    ReplaceOrder,
    ReturnOrder,
    SetSwitch,
    TriggerStop,
    WithdrawOrder,
)
from squall.system.domain.events import (
    Blame,
    CancelRejected,
    CancelRequested,
    DoubtReason,
    FillQuarantined,
    NameTaken,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderDoubted,
    OrderExpired,
    OrderHeld,
    OrderMalformed,
    OrderRejected,
    OrderReturned,
    OrderSent,
    OrderSubmitted,
    ParentClosed,
    ParentTaken,
    QuarantineReason,
    StopTriggered,
    TradingSwitched,
    TransitionRefused,
    UnknownOrderReported,
)
from squall.system.domain.family import objections
from squall.system.domain.ids import ExecID
from squall.system.domain.messages import UnsentReason
from squall.system.domain.oms_replace import decide_replace, judge_replace, refuse_replace
from squall.system.domain.oms_reports import TRIGGERS, decide_amendment, decide_report, decide_status
from squall.system.domain.oms_state import OmsState, evolve, rebuild
from squall.system.domain.orders import Order, OrderState, Trigger, allows
from squall.system.domain.rulings import NOTHING, Events, refused

__all__ = ["Events", "OmsState", "decide", "evolve", "rebuild"]

HOPELESS: Final = (
    UnsentReason.NO_VENUE,
    UnsentReason.NO_STOPS,
    UnsentReason.NOT_MARKETABLE,
    UnsentReason.HALTED,
    UnsentReason.EXPIRED,
)
"""Reasons for which letting an order out again would end the same way."""
NOT_ASKED: Final = (UnsentReason.SESSION_DOWN.value, UnsentReason.FENCED.value, UnsentReason.NOT_NOW.value)
"""Reasons for which a cancel did not get as far as the venue."""


def decide(state: OmsState, command: AnyCommand, now_ns: int) -> Events:
    """What the command comes to; no events where it is no news. *now_ns* is the leader's wall clock."""
    if isinstance(command, PlaceOrder):
        return _place(state, command, now_ns)
    if isinstance(command, SetSwitch):
        switch = command.switch
        if state.switches.of(switch.scope, switch.name) is switch.state:
            return NOTHING
        return (TradingSwitched(command.cl_ord_id, now_ns, command.actor, switch),)
    order = state.orders.get(command.cl_ord_id)
    if order is None:
        name = command.cl_ord_id
        if name in state.families or name in state.closed or isinstance(command, PlaceParent):
            return _parent(state, command, now_ns)
        return _of_no_live_order(state, command, now_ns)
    match command:
        case ApplyReport():
            return decide_report(state, order, command, now_ns)
        case JudgeOrder():
            return _judge(order, command, now_ns)
        case MarkSent():
            return _mark_sent(order, command, now_ns)
        case ReturnOrder():
            return _return(order, command, now_ns)
        case DoubtOrder():
            return _doubt(order, command, now_ns)
        case ApplyStatus():
            return decide_status(state, order, command, now_ns)
        case WithdrawOrder():
            return _withdraw(order, command, now_ns)
        case RefuseCancel():
            return _refuse_cancel(order, command, now_ns)
        case ReplaceOrder():
            parent = order.attribution.parent
            return decide_replace(order, command, now_ns, None if parent is None else state.families.get(parent))
        case JudgeReplace():
            return judge_replace(order, command, now_ns)
        case RefuseReplace():
            return refuse_replace(order, command, now_ns)
        case TriggerStop():
            return _trigger(order, command, now_ns)
        case ExpireStop():
            if order.state is not OrderState.HELD:
                return NOTHING
            return (OrderExpired(order.cl_ord_id, now_ns, command.actor, order.leaves_lots),)
        case PlaceParent():
            return NOTHING  # an order has that name
        case _:
            assert_never(command)


def _trigger(order: Order, command: TriggerStop, now_ns: int) -> Events:
    """Once, and only at the price that it has now: whoever says it again, or of an earlier one, says nothing new."""
    if order.state is not OrderState.HELD or order.terms.stop_price_half_ticks != command.stop_price_half_ticks:
        return NOTHING
    return (StopTriggered(order.cl_ord_id, now_ns, command.actor, command.venue, command.seq),)


def _place(state: OmsState, command: PlaceOrder, now_ns: int) -> Events:
    name, actor = command.cl_ord_id, command.actor
    if command.cl_ord_id in state.seen:
        known = state.order(name)
        if known is None or known.terms == command.terms or known.revision:
            return NOTHING
        return (NameTaken(name, now_ns, actor, command.terms),)
    submitted = OrderSubmitted(
        cl_ord_id=name,
        at_ns=now_ns,
        actor=actor,
        strategy=command.strategy,
        terms=command.terms,
        intended_ns=command.intended_ns,
        attribution=command.attribution,
        decision_twice_half_ticks=command.decision_twice_half_ticks,
    )
    if command.faults:
        return (submitted, OrderMalformed(name, now_ns, actor, command.faults))
    parent = command.attribution.parent
    if parent is None or not command.parent_cap:
        return (submitted,)
    denials = objections(state.families.get(parent), command.terms, now_ns)
    return (submitted, OrderDenied(name, now_ns, actor, denials)) if denials else (submitted,)


def _parent(state: OmsState, command: AnyCommand, now_ns: int) -> Events:
    """A parent is taken once, and closed once; nothing else can happen to it."""
    name, actor = command.cl_ord_id, command.actor
    match command:
        case PlaceParent():
            return NOTHING if name in state.seen else (ParentTaken(name, now_ns, actor, command.order),)
        case WithdrawOrder():
            family = state.families.get(name)
            return NOTHING if family is None else (ParentClosed(name, now_ns, actor, family.filled_lots),)
        case _:
            return (UnknownOrderReported(name, now_ns, actor, type(command).__name__),)


def _judge(order: Order, command: JudgeOrder, now_ns: int) -> Events:
    if order.state is not OrderState.PENDING_VALIDATION:
        if not command.denials:
            return NOTHING  # it was asked twice, and both answers are yes
        return refused(order, command, Trigger.DENIED, Blame.OURS, now_ns)
    if command.denials:
        return (OrderDenied(order.cl_ord_id, now_ns, command.actor, command.denials),)
    return (OrderApproved(order.cl_ord_id, now_ns, command.actor, command.epoch, command.reduces),)


def _mark_sent(order: Order, command: MarkSent, now_ns: int) -> Events:
    if command.attempt < order.attempt or order.acknowledged or order.cum_lots:
        return NOTHING  # superseded, or the venue has answered: that it was sent is no news
    if not allows(order.state, Trigger.SENT):
        return refused(order, command, Trigger.SENT, Blame.OURS, now_ns)
    return (OrderSent(order.cl_ord_id, now_ns, command.actor, command.venue, command.attempt),)


def _return(order: Order, command: ReturnOrder, now_ns: int) -> Events:
    if command.attempt < order.attempt:
        return NOTHING
    if order.acknowledged or order.cum_lots or not order.attempt:
        # A venue has spoken of it, or nobody has let it out: then it is not certain at all.
        return refused(order, command, Trigger.RETURNED, Blame.OURS, now_ns)
    if order.state is OrderState.PENDING_CANCEL:
        return (OrderCanceled(order.cl_ord_id, now_ns, command.actor, order.leaves_lots),)
    if command.reason is UnsentReason.NO_STOPS and order.terms.ord_type.has_stop and not order.reached:
        return (OrderHeld(order.cl_ord_id, now_ns, command.actor),)
    if command.reason in HOPELESS or order.attempt > command.max_reroutes:
        return (OrderRejected(order.cl_ord_id, now_ns, command.actor, command.reason.value),)
    return (OrderReturned(order.cl_ord_id, now_ns, command.actor, command.reason, command.epoch, command.attempt + 1),)


def _doubt(order: Order, command: DoubtOrder, now_ns: int) -> Events:
    if command.attempt < order.attempt:
        return NOTHING
    if not allows(order.state, Trigger.DOUBTED):
        return refused(order, command, Trigger.DOUBTED, Blame.OURS, now_ns)
    return (OrderDoubted(order.cl_ord_id, now_ns, command.actor, command.venue, DoubtReason.NO_ANSWER),)


def _withdraw(order: Order, command: WithdrawOrder, now_ns: int) -> Events:
    requested = CancelRequested(order.cl_ord_id, now_ns, command.actor, order.cancels + 1)
    if order.state in (OrderState.PENDING_VALIDATION, OrderState.HELD):  # it is not out: nobody else need be asked
        return (requested, OrderCanceled(order.cl_ord_id, now_ns, command.actor, order.leaves_lots))
    return (requested,)


def _refuse_cancel(order: Order, command: RefuseCancel, now_ns: int) -> Events:
    """The venue's word ends the wish to cancel, unless it was not asked, or has not got the order yet."""
    unseen = not order.acknowledged and not order.cum_lots
    if command.reason in NOT_ASKED or (unseen and command.reason == CxlRejReason.UNKNOWN_ORDER.value):
        return NOTHING  # were the wish dropped, the order could still come to a venue, and rest there for ever
    if not allows(order.state, Trigger.CANCEL_REJECTED):
        return refused(order, command, Trigger.CANCEL_REJECTED, Blame.VENUE, now_ns)
    return (CancelRejected(order.cl_ord_id, now_ns, command.actor, command.reason),)


def _of_no_live_order(state: OmsState, command: AnyCommand, now_ns: int) -> Events:
    """The order has ended, or never was."""
    name, actor = command.cl_ord_id, command.actor
    if name not in state.seen:
        return (UnknownOrderReported(name, now_ns, actor, type(command).__name__),)
    order = state.ended.get(name)
    trigger, blame = Trigger.SUBMITTED, Blame.OURS
    match command:
        case ApplyReport():
            report = command.report
            if report.exec_type is ExecType.TRADE:
                return _too_late(state, command, report.exec_id, report.last_lots, report.last_price_half_ticks, now_ns)
            if report.exec_type in (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT) and order is not None:
                return decide_amendment(state, order, command, now_ns)
            if report.exec_type not in TRIGGERS:
                return NOTHING  # the venue has got a request: it says so late
            trigger, blame = TRIGGERS[report.exec_type], Blame.VENUE
        case ApplyStatus():
            if order is not None:
                return decide_status(state, order, command, now_ns)
            executions = command.report.executions
            return tuple(
                event
                for each in executions
                for event in _too_late(state, command, each.exec_id, each.lots, each.price_half_ticks, now_ns)
            )
        case JudgeOrder() | JudgeReplace() | PlaceOrder() | PlaceParent() | SetSwitch() | TriggerStop() | ExpireStop():
            return NOTHING  # withdrawn, or filled, while risk was thinking
        case ReplaceOrder():
            if order is not None:
                return decide_replace(order, command, now_ns)
            trigger = Trigger.REPLACE_REQUESTED
        case MarkSent():
            trigger = Trigger.SENT
        case ReturnOrder():
            trigger = Trigger.RETURNED
        case DoubtOrder():
            trigger = Trigger.DOUBTED
        case WithdrawOrder():
            if order is not None and order.cancels:
                return NOTHING  # said again, to a new leader, by who has not heard of the end
            trigger = Trigger.CANCEL_REQUESTED
        case RefuseCancel():
            trigger, blame = Trigger.CANCEL_REJECTED, Blame.VENUE
        case RefuseReplace():
            trigger, blame = Trigger.REPLACE_REJECTED, Blame.VENUE
        case _:
            assert_never(command)
    return (TransitionRefused(name, now_ns, actor, None if order is None else order.state, trigger, blame),)


def _too_late(
    state: OmsState, command: ApplyReport | ApplyStatus, execution: str, lots: int, price: int, now_ns: int
) -> Events:
    """An execution of an order that has ended: one that we have is old news, another cannot be right."""
    exec_id = ExecID(execution)
    if exec_id in state.exec_ids:
        return NOTHING
    name, actor, reason = command.cl_ord_id, command.actor, QuarantineReason.ORDER_ENDED
    return (FillQuarantined(name, now_ns, actor, exec_id, command.venue, lots, price, reason),)
