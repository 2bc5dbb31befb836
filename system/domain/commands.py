"""What the OMS is told to do or to take note of; *actor* is whoever wants it or says so (see `actors`)."""

from msgspec import Struct

from squall.sim.exchange.wire.messages import ExecutionReport, OrderStatusReport
from squall.system.domain.form import Malformed
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages import Denial, ParentOrder, UnsentReason
from squall.system.domain.switches import Switch
from squall.system.domain.terms import HOUSE, Attribution, Terms


class Command(Struct, frozen=True, gc=False):
    """Base of all commands."""

    actor: str
    cl_ord_id: ClOrdID


class PlaceOrder(Command, frozen=True, gc=False):
    """Take this order, unless you have it already."""

    strategy: str
    terms: Terms
    intended_ns: int
    attribution: Attribution = HOUSE
    faults: tuple[Malformed, ...] = ()
    """What the form checks say of it."""
    parent_cap: bool = True
    """Whether a child that its parent has no room for is denied."""
    decision_twice_half_ticks: int = 0


class PlaceParent(Command, frozen=True, gc=False):
    """Take this parent order, unless you have it already: its children will bear its name."""

    order: ParentOrder


class JudgeOrder(Command, frozen=True, gc=False):
    """Risk has spoken; no denials means approved. Leader *epoch* lets an approved order out."""

    denials: tuple[Denial, ...]
    epoch: Epoch
    reduces: bool = False


class MarkSent(Command, frozen=True, gc=False):
    """Execution wrote it to this venue's session."""

    venue: Venue
    attempt: int


class ReturnOrder(Command, frozen=True, gc=False):
    """It is certainly at no venue: let it out again, or give up after *max_reroutes* repetitions."""

    attempt: int
    reason: UnsentReason
    epoch: Epoch
    max_reroutes: int


class TriggerStop(Command, frozen=True, gc=False):
    """The market has reached this stop price, by a tick of this venue."""

    stop_price_half_ticks: int
    venue: Venue
    seq: int


class ExpireStop(Command, frozen=True, gc=False):
    """The day is over for a stop order that the desk holds."""


class DoubtOrder(Command, frozen=True, gc=False):
    """Nobody answered in time."""

    venue: Venue
    attempt: int


class ApplyReport(Command, frozen=True, gc=False):
    """A venue reports."""

    venue: Venue
    report: ExecutionReport


class ApplyStatus(Command, frozen=True, gc=False):
    """A venue answers the question what became of it."""

    venue: Venue
    report: OrderStatusReport


class WithdrawOrder(Command, frozen=True, gc=False):
    """Take the order back, if it is still there."""


class ReplaceOrder(Command, frozen=True, gc=False):
    """Give the order other terms. *revision* rises with each wish: one that is not higher is a repetition."""

    revision: int
    quantity_lots: int
    price_half_ticks: int | None
    stop_price_half_ticks: int | None = None
    faults: tuple[Malformed, ...] = ()
    """What the form checks say of it."""
    parent_cap: bool = True
    """Whether a child stays as it is where its parent has no room for the new terms."""


class JudgeReplace(Command, frozen=True, gc=False):
    """Risk has spoken of the new terms; no denials means approved. Leader *epoch* asks the venue."""

    revision: int
    denials: tuple[Denial, ...]
    epoch: Epoch


class RefuseReplace(Command, frozen=True, gc=False):
    """The venue refused, or was not asked: *reason* is a CxlRejReason's or UnsentReason's value."""

    revision: int
    reason: str


class RefuseCancel(Command, frozen=True, gc=False):
    """The venue refused to cancel it, or was not asked: *reason* is a CxlRejReason's or UnsentReason's value."""

    reason: str


class SetSwitch(Command, frozen=True, gc=False):
    """From now on this trades so. It is about no order: *cl_ord_id* is empty."""

    switch: Switch


AnyCommand = (
    PlaceOrder
    | PlaceParent
    | JudgeOrder
    | MarkSent
    | ReturnOrder
    | TriggerStop
    | ExpireStop
    | DoubtOrder
    | ApplyReport
    | ApplyStatus
    | WithdrawOrder
    | RefuseCancel
    | ReplaceOrder
    | JudgeReplace
    | RefuseReplace
    | SetSwitch
)
