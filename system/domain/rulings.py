"""What the parts of the OMS's `decide` have in common: what a command can come to besides what it asks for."""

from typing import Final

from squall.system.domain.commands import AnyCommand, ApplyReport, ApplyStatus
from squall.system.domain.events import AnyEvent, Blame, DoubtReason, OrderDoubted, TransitionRefused
from squall.system.domain.orders import Order, Trigger

Events = tuple[AnyEvent, ...]
NOTHING: Final[Events] = ()


def refused(order: Order, command: AnyCommand, trigger: Trigger, blame: Blame, now_ns: int) -> Events:
    """The table forbids it: nothing changes, and it is on the record whose mistake that is."""
    return (TransitionRefused(order.cl_ord_id, now_ns, command.actor, order.state, trigger, blame),)


def missing(order: Order, command: ApplyReport | ApplyStatus, now_ns: int) -> OrderDoubted:
    """The venue counts more than we have heard of: whatever else it says can wait until it has been asked."""
    return OrderDoubted(order.cl_ord_id, now_ns, command.actor, command.venue, DoubtReason.MISSING_EXECUTIONS)
