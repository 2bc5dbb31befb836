"""What people are told of an event of the desk's orders, where it is out of the ordinary."""

from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.events import (
    AnyEvent,
    FillQuarantined,
    OrderCanceled,
    OrderDenied,
    OrderMalformed,
    ReplaceDenied,
    ReplaceReason,
    TradeBusted,
    TradeCorrected,
    TransitionRefused,
    UnknownOrderReported,
)
from squall.system.domain.family import FAMILY_REASONS


def alert_of(event: AnyEvent) -> AlertRaised | ProtectionActed | None:
    """The alert, or which protection has acted; None where nobody need be told."""
    match event:
        case TransitionRefused():
            state = "ended long ago" if event.state is None else f"is {event.state.value}"
            blame, what = event.blame.value, event.trigger.value
            text = f"{event.actor} says {what} of {event.cl_ord_id}, which {state}: the mistake is {blame}"
            return AlertRaised("warning", "oms.illegal_transition", text)
        case OrderDenied() if event.denials[0].reason in FAMILY_REASONS:
            what = f"{event.cl_ord_id}: {', '.join(denial.reason.value for denial in event.denials)}"
            return ProtectionActed("oms.parent_cap", what)
        case ReplaceDenied(reason=ReplaceReason.PARENT):
            what = f"{event.cl_ord_id}: {', '.join(denial.reason.value for denial in event.denials)}"
            return ProtectionActed("oms.parent_cap", what)
        case OrderMalformed():
            text = f"{event.cl_ord_id}: {', '.join(fault.reason.value for fault in event.faults)}"
            return AlertRaised("warning", "oms.malformed", text)
        case OrderCanceled() if event.unsolicited:
            text = f"{event.actor} cancelled {event.cl_ord_id}, and nobody had asked"
            return AlertRaised("warning", "oms.unsolicited_cancel", text)
        case TradeBusted() | TradeCorrected():
            text = f"{event.actor} amends {event.ref_exec_id} of {event.cl_ord_id}"
            return AlertRaised("warning", "oms.amended_trade", text)
        case FillQuarantined():
            text = f"{event.exec_id} of {event.cl_ord_id} is not booked: {event.reason.value}"
            return AlertRaised("critical", "oms.quarantine", text)
        case UnknownOrderReported():
            text = f"{event.actor} speaks of {event.cl_ord_id} ({event.what}), which we never took"
            return AlertRaised("critical", "oms.unknown_order", text)
    return None
