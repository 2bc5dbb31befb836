"""What happened to the desk's orders: the facts that the OMS journals, replicates and folds into its state.

`JournalCopied.events` carries these values themselves; journal, `Replicate` and `JournalImage` carry each one
encoded by `event_log.encode_event`. Every event says when (*at_ns*, the leader's wall clock) and who acted (*actor*: a
strategy, trader, operator or recovering leader as `actors` names them, a service's address, or a venue's name).
"""

from enum import Enum

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.form import Malformed
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import Denial, ParentOrder, UnsentReason
from squall.system.domain.orders import OrderState, Trigger
from squall.system.domain.switches import Switch
from squall.system.domain.terms import HOUSE, Attribution, Terms


class Blame(Enum):
    """Who broke the rules of an order's life."""

    OURS = "ours"
    VENUE = "venue"


class ReplaceReason(Enum):
    """Why an order's terms stay what they are, before any venue was asked. The venues' reasons are theirs."""

    MALFORMED = "the new terms are no order"
    RISK = "risk refuses the new terms"
    NOT_AT_WORK = "no venue is known to have the order"
    PENDING = "a cancel or another replace is pending"
    TOO_FEW_LOTS = "as many lots, or more, have been executed"
    ENDED = "the order has ended"
    NO_CHANGE = "these are its terms"
    PARENT = "its parent has no room for the new terms"


class DoubtReason(Enum):
    NO_ANSWER = "no answer in time"
    MISSING_EXECUTIONS = "the venue counts more than it has reported"
    DUPLICATE = "the venue says that it has had it before"


class QuarantineReason(Enum):
    """Why an execution was set aside for people to look at, instead of being booked."""

    OVERFILL = "more than was ordered"
    ORDER_ENDED = "the order had ended"
    NOT_LET_OUT = "the order had not left the desk"
    WRONG_ORDER = "not this order's symbol or side, or no quantity"
    AMENDS_NOTHING = "a bust or correction of an execution that is not booked"
    AMENDS_ANOTHER = "a bust or correction of an execution of another order"


class Event(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base of all events."""

    cl_ord_id: ClOrdID
    at_ns: int
    actor: str


class OrderSubmitted(Event, frozen=True, gc=False, tag="OrderSubmitted/2"):
    """The desk has taken an order: the event carries the whole of it."""

    strategy: str
    terms: Terms
    intended_ns: int
    attribution: Attribution = HOUSE
    decision_twice_half_ticks: int = 0
    """Twice the middle of the market at which its sender decided: slippage counts from there. 0: not known."""


class ParentTaken(Event, frozen=True, gc=False, tag=True):
    """The desk has taken a client's order that an algorithm works off; the event carries the whole of it."""

    order: ParentOrder


class ParentClosed(Event, frozen=True, gc=False, tag=True):
    """The algorithm is done with it: no child is taken any more. *filled_lots* is what its children have traded."""

    filled_lots: int


class OrderApproved(Event, frozen=True, gc=False, tag=True):
    """Risk let it pass: it counts as in flight, and leader *epoch* lets it out for the first time."""

    epoch: Epoch
    reduces: bool = False
    """At worst it brings the position nearer to zero: no venue that only takes such orders is closed to it."""


class OrderHeld(Event, frozen=True, gc=False, tag=True):
    """No venue keeps the stop order now, so the desk does: nothing of it is in flight."""


class StopAmended(Event, frozen=True, gc=False, tag=True):
    """A stop order that the desk holds is on these terms now."""

    terms: Terms
    revision: int


class StopTriggered(Event, frozen=True, gc=False, tag=True):
    """The market has reached the stop price, as this venue's tick showed: from here on it is an order like others."""

    venue: Venue
    seq: int


class OrderDenied(Event, frozen=True, gc=False, tag=True):
    """Risk refused it, or its parent has no room for it, for all of these reasons; it never left the building."""

    denials: tuple[Denial, ...]


class OrderSent(Event, frozen=True, gc=False, tag=True):
    """It was written to a venue's session."""

    venue: Venue
    attempt: int


class OrderAcknowledged(Event, frozen=True, gc=False, tag=True):
    """The venue has it."""

    venue: Venue


class OrderFilled(Event, frozen=True, gc=False, tag=True):
    """An execution, booked once. Lots are positive and the side is explicit; money is half tick × lot."""

    exec_id: ExecID
    venue: Venue
    symbol: Symbol
    side: Side
    lots: int
    price_half_ticks: int
    commission: int = 0
    """What the venue charged for it; venues that state none charge none."""
    rested: bool = False
    """It rested and added liquidity; otherwise it took."""


class CancelRequested(Event, frozen=True, gc=False, tag=True):
    """Somebody wants it back. Nothing has been cancelled yet, and a fill may win the race."""

    attempt: int


class CancelRejected(Event, frozen=True, gc=False, tag=True):
    """The venue would not, or could no longer, take it out."""

    reason: str


class OrderCanceled(Event, frozen=True, gc=False, tag=True):
    """It has ended with *leaves_lots* unexecuted. *unsolicited*: the venue did it, and nobody had asked."""

    leaves_lots: int
    unsolicited: bool = False


class OrderExpired(Event, frozen=True, gc=False, tag=True):
    """Its time in force has run out, with *leaves_lots* unexecuted."""

    leaves_lots: int


class OrderMalformed(Event, frozen=True, gc=False, tag=True):
    """It failed the form checks, all of these: nobody was asked about it, and it never left the building."""

    faults: tuple[Malformed, ...]


class NameTaken(Event, frozen=True, gc=False, tag=True):
    """There is, or was, an order of this name with other terms, and nothing happens to it: *terms* are refused."""

    terms: Terms


class ReplaceRequested(Event, frozen=True, gc=False, tag=True):
    """Somebody wants other terms for it. The old ones hold until the venue says otherwise."""

    terms: Terms
    revision: int


class ReplaceApproved(Event, frozen=True, gc=False, tag=True):
    """Risk let the new terms pass: leader *epoch* asks the venue."""

    revision: int
    epoch: Epoch


class ReplaceDenied(Event, frozen=True, gc=False, tag=True):
    """The desk does not ask, for its own reasons or risk's. Nothing has changed."""

    revision: int
    reason: ReplaceReason
    denials: tuple[Denial, ...] = ()
    faults: tuple[Malformed, ...] = ()


class ReplaceRejected(Event, frozen=True, gc=False, tag=True):
    """The venue would not, or could not, give it other terms: the old ones hold."""

    revision: int
    reason: str


class ReplaceSeen(Event, frozen=True, gc=False, tag=True):
    """The venue says that it has had this replace before: what came of it has to be asked."""

    revision: int


class ReplaceRepeated(Event, frozen=True, gc=False, tag=True):
    """The venue says that the order stands on its old terms: the request was lost, and is made again."""

    revision: int


class OrderReplaced(Event, frozen=True, gc=False, tag=True):
    """It is on these terms now, and bears *wire_id* at its venue. An execution type of FIX's, and no state."""

    terms: Terms
    revision: int
    wire_id: str


class OrderRestated(Event, frozen=True, gc=False, tag=True):
    """Unasked, the venue says how it stands: at work, on these terms."""

    terms: Terms


class OrderStopped(Event, frozen=True, gc=False, tag=True):
    """The venue guarantees a price for it, and has yet to execute."""

    venue: Venue


class OrderSuspended(Event, frozen=True, gc=False, tag=True):
    """The venue holds it back; it may be at work again later."""

    venue: Venue


class OrderDoneForDay(Event, frozen=True, gc=False, tag=True):
    """The venue will do nothing more to it today."""

    venue: Venue


class TradeBusted(Event, frozen=True, gc=False, tag=True):
    """The execution *ref_exec_id* did not happen after all. *lots* and *price_half_ticks* are what was booked of it.

    No lots: it had not been heard of, and is remembered so that a late report of it is not booked.
    """

    exec_id: ExecID
    ref_exec_id: ExecID
    venue: Venue
    symbol: Symbol
    lots: int
    price_half_ticks: int


class TradeCorrected(Event, frozen=True, gc=False, tag=True):
    """The execution *ref_exec_id* counts from now on with other lots, price or commission than were booked."""

    exec_id: ExecID
    ref_exec_id: ExecID
    venue: Venue
    symbol: Symbol
    was_lots: int
    was_price_half_ticks: int
    lots: int
    price_half_ticks: int
    commission: int


class OrderRejected(Event, frozen=True, gc=False, tag=True):
    """No venue would have it: the venue said so, or (the actor tells) the desk gave up."""

    reason: str


class OrderDoubted(Event, frozen=True, gc=False, tag=True):
    """We do not know what the venue has done with it; somebody is asking."""

    venue: Venue
    reason: DoubtReason


class OrderReturned(Event, frozen=True, gc=False, tag=True):
    """It is certainly at no venue: leader *epoch* lets it out again, as attempt *next_attempt*."""

    reason: UnsentReason
    epoch: Epoch
    next_attempt: int


class TransitionRefused(Event, frozen=True, gc=False, tag=True):
    """Something was said of an order that its state forbids. Nothing changes, and it is on the record.

    *state* is None where the order had ended so long ago that it is no longer kept.
    """

    state: OrderState | None
    trigger: Trigger
    blame: Blame


class FillQuarantined(Event, frozen=True, gc=False, tag=True):
    """An execution that cannot be right: not booked, remembered, and shown to people."""

    exec_id: ExecID
    venue: Venue
    lots: int
    price_half_ticks: int
    reason: QuarantineReason


class UnknownOrderReported(Event, frozen=True, gc=False, tag=True):
    """Somebody speaks of an order that this desk never took; *what* is the name of the message."""

    what: str


class TradingSwitched(Event, frozen=True, gc=False, tag=True):
    """Somebody has halted something, or set it going again. It is about no order: *cl_ord_id* is empty."""

    switch: Switch


AnyEvent = (
    OrderSubmitted
    | ParentTaken
    | ParentClosed
    | OrderApproved
    | OrderHeld
    | StopAmended
    | StopTriggered
    | OrderDenied
    | OrderSent
    | OrderAcknowledged
    | OrderFilled
    | CancelRequested
    | CancelRejected
    | OrderCanceled
    | OrderExpired
    | OrderMalformed
    | NameTaken
    | ReplaceRequested
    | ReplaceApproved
    | ReplaceDenied
    | ReplaceRejected
    | ReplaceSeen
    | ReplaceRepeated
    | OrderReplaced
    | OrderRestated
    | OrderStopped
    | OrderSuspended
    | OrderDoneForDay
    | TradeBusted
    | TradeCorrected
    | OrderRejected
    | OrderDoubted
    | OrderReturned
    | TransitionRefused
    | FillQuarantined
    | UnknownOrderReported
    | TradingSwitched
)
