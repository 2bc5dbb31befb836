"""The OMS as a decider, part two: other terms for an order that is at a venue (FIX 4.4, volume 4, D.2: cancel/replace).

The wish is journaled first, risk is asked about it, then the venue. Until the venue answers, the old terms hold, and
fills count as ever; what is in flight is the larger of both quantities. Each wish has a number, the *revision*, and
its ClOrdID is made of it, so that asking twice is harmless: a venue refuses a ClOrdID that it has seen.
"""

from typing import Final

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import CxlRejReason
from squall.system.domain.commands import JudgeReplace, RefuseReplace, ReplaceOrder
from squall.system.domain.doubt import replace_id
from squall.system.domain.events import (
    Blame,
    OrderReplaced,
    ReplaceApproved,
    ReplaceDenied,
    ReplaceReason,
    ReplaceRejected,
    ReplaceRequested,
    ReplaceSeen,
    StopAmended,
)
from squall.system.domain.family import Family, objections
from squall.system.domain.messages import UnsentReason
from squall.system.domain.orders import Order, OrderState, Replacement, Trigger, allows
from squall.system.domain.rulings import NOTHING, Events, refused
from squall.system.domain.terms import Terms

SEEN_BEFORE: Final = (CxlRejReason.DUPLICATE_ORDER.value, CxlRejReason.UNKNOWN_ORDER.value)
"""What a venue says to a request that it has had before: the new name is used, or the old one is not the latest."""


def new_terms(order: Order, quantity_lots: int, price: int | None, stop_price: int | None) -> Terms:
    """The order's terms with another quantity, limit and stop price: all that a replace may change."""
    return replace(
        order.terms,
        quantity_lots=quantity_lots,
        price_half_ticks=price,
        stop_price_half_ticks=stop_price,
    )


def decide_replace(order: Order, command: ReplaceOrder, now_ns: int, family: Family | None = None) -> Events:
    """Take the wish down, or say why the desk does not ask for it. *family*: a child's, where there is one."""
    if command.revision <= order.revision:
        return NOTHING
    terms = new_terms(order, command.quantity_lots, command.price_half_ticks, command.stop_price_half_ticks)
    reason = _why_not(order, terms, command)
    name, actor, revision = order.cl_ord_id, command.actor, command.revision
    if reason is not None:
        return (ReplaceDenied(name, now_ns, actor, revision, reason, faults=command.faults),)
    if order.attribution.parent is not None and command.parent_cap:
        denials = objections(family, terms, now_ns, instead_of=name)
        if denials:
            return (ReplaceDenied(name, now_ns, actor, revision, ReplaceReason.PARENT, denials),)
    if order.state is OrderState.HELD:
        return (StopAmended(name, now_ns, actor, terms, revision),)
    return (ReplaceRequested(name, now_ns, actor, terms, revision),)


def _why_not(order: Order, terms: Terms, command: ReplaceOrder) -> ReplaceReason | None:
    if order.ended:
        return ReplaceReason.ENDED
    if order.state is OrderState.PENDING_CANCEL or order.replacing is not None:
        return ReplaceReason.PENDING
    at_work = allows(order.state, Trigger.REPLACE_REQUESTED) and order.held is None
    if not at_work and order.state is not OrderState.HELD:
        return ReplaceReason.NOT_AT_WORK
    if command.faults:
        return ReplaceReason.MALFORMED
    if terms.quantity_lots <= order.cum_lots:
        return ReplaceReason.TOO_FEW_LOTS
    return ReplaceReason.NO_CHANGE if terms == order.terms else None


def judge_replace(order: Order, command: JudgeReplace, now_ns: int) -> Events:
    """Risk's answer; meanwhile the order may have been filled, or somebody may want it back."""
    name, actor, asked = order.cl_ord_id, command.actor, order.replacing
    if asked is None or asked.revision != command.revision or asked.approved:
        return NOTHING  # it was asked twice
    if command.denials:
        return (ReplaceDenied(name, now_ns, actor, asked.revision, ReplaceReason.RISK, command.denials),)
    if order.state is OrderState.PENDING_CANCEL:
        return (ReplaceDenied(name, now_ns, actor, asked.revision, ReplaceReason.PENDING),)
    if not order.leaves_lots or asked.terms.quantity_lots <= order.cum_lots:
        return (ReplaceDenied(name, now_ns, actor, asked.revision, ReplaceReason.TOO_FEW_LOTS),)
    return (ReplaceApproved(name, now_ns, actor, asked.revision, command.epoch),)


def refuse_replace(order: Order, command: RefuseReplace, now_ns: int) -> Events:
    """The venue's no, or the desk's that asked it: unless it only says that it has been asked before."""
    asked = order.replacing
    if asked is None or asked.revision != command.revision:
        if command.revision <= order.revision:
            return NOTHING  # an old one's answer, once more
        return refused(order, command, Trigger.REPLACE_REJECTED, Blame.VENUE, now_ns)
    if command.reason == UnsentReason.FENCED.value:
        return NOTHING  # whoever leads now asks what became of it
    if command.reason in SEEN_BEFORE:
        if asked.seen:
            return NOTHING
        return (ReplaceSeen(order.cl_ord_id, now_ns, command.actor, asked.revision),)
    return (ReplaceRejected(order.cl_ord_id, now_ns, command.actor, asked.revision, command.reason),)


def is_done(order: Order, wire_id: str) -> Replacement | None:
    """The replace that was asked for, where *wire_id* is the name that the venue gives the order once it is done."""
    asked = order.replacing
    if asked is None or not asked.approved or not allows(order.state, Trigger.REPLACED):
        return None
    return asked if wire_id == replace_id(order.cl_ord_id, asked.revision) else None


def done(order: Order, asked: Replacement, terms: Terms, actor: str, now_ns: int) -> OrderReplaced:
    """The order stands on these terms, under the name that the replace has given it."""
    wire_id = replace_id(order.cl_ord_id, asked.revision)
    return OrderReplaced(order.cl_ord_id, now_ns, actor, terms, asked.revision, wire_id)
