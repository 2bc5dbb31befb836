"""The life of an order: its states, what moves it between them, and the order itself as a frozen value."""

from enum import Enum
from fractions import Fraction
from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import OrdStatus
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.terms import Attribution, Terms


class OrderState(Enum):
    """The chapter's names, and FIX's for all that it forgot. `ORD_STATUS` says what each is to a venue."""

    # Members are single objects: as keys of a dict they need not be hashed by their names, in Python.
    __hash__ = object.__hash__

    NEW = "new"
    """The strategy's command, before anything has been written down."""
    PENDING_VALIDATION = "pending_validation"
    """Risk has been asked."""
    PENDING_SUBMISSION = "pending_submission"
    """Approved; let out, but not known to have been written to a venue's session."""
    SUBMITTED = "submitted"
    """Written to a venue's session, not answered."""
    ACKNOWLEDGED = "acknowledged"
    """FIX's New."""
    PARTIALLY_FILLED = "partially_filled"
    STOPPED = "stopped"
    """The venue guarantees a price and has yet to execute. Nothing to do with stop prices."""
    HELD = "held"
    """A stop order that the desk keeps itself, until the market has reached it. FIX's New: the desk has accepted it."""
    SUSPENDED = "suspended"
    """The venue holds it back, and may put it to work again."""
    DONE_FOR_DAY = "done_for_day"
    """Nothing more happens today; a GTC order is at work again tomorrow."""
    PENDING_REPLACE = "pending_replace"
    """Other terms were asked for, and risk or the venue has yet to answer."""
    PENDING_CANCEL = "pending_cancel"
    IN_DOUBT = "in_doubt"
    """It may or may not be at the venue, or the venue did things to it that we have not been told."""
    FILLED = "filled"
    CANCELED = "canceled"
    """On request, or of the venue's own accord."""
    EXPIRED = "expired"
    """Its time in force has run out."""
    REJECTED = "rejected"
    """By the desk's form checks, by risk, by the desk (no venue would have it) or by a venue."""


class Trigger(Enum):
    """What can happen to an order."""

    __hash__ = object.__hash__

    SUBMITTED = "submitted"
    APPROVED = "approved"
    DENIED = "denied"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    TRADE = "trade"
    CANCEL_REQUESTED = "cancel_requested"
    CANCEL_REJECTED = "cancel_rejected"
    CANCELED = "canceled"
    REPLACE_REQUESTED = "replace_requested"
    REPLACE_REJECTED = "replace_rejected"
    REPLACED = "replaced"
    RESTATED = "restated"
    """Unasked, the venue says how the order stands: at work, on these terms."""
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    DONE_FOR_DAY = "done_for_day"
    EXPIRED = "expired"
    REJECTED = "rejected"
    BUSTED = "busted"
    """An execution did not happen after all, or with fewer lots."""
    CORRECTED = "corrected"
    """An execution had another price, or more lots."""
    DOUBTED = "doubted"
    RETURNED = "returned"
    """It is certain that no venue has it."""
    HELD = "held"
    """No venue keeps the stop order: the desk does."""
    REACHED = "reached"
    """The market has reached the stop price: what it is now, risk is asked about."""


class ByPrecedence(Enum):
    """Several things may hold of an order at once: the next state is the highest of them (`PRECEDENCE`)."""

    BY_PRECEDENCE = "by precedence"


Next = OrderState | ByPrecedence
BY_PRECEDENCE: Final = ByPrecedence.BY_PRECEDENCE

PRECEDENCE: Final = (
    OrderState.PENDING_CANCEL,
    OrderState.PENDING_REPLACE,
    OrderState.DONE_FOR_DAY,
    OrderState.FILLED,
    OrderState.STOPPED,
    OrderState.SUSPENDED,
    OrderState.PARTIALLY_FILLED,
    OrderState.ACKNOWLEDGED,
    OrderState.SUBMITTED,
)
"""Of an open order's states the highest first, as FIX 4.4 has it: volume 4, appendix D, OrdStatus precedence."""

_AT_REST: Final[dict[Trigger, Next]] = {
    Trigger.TRADE: BY_PRECEDENCE,
    Trigger.DOUBTED: OrderState.IN_DOUBT,
    Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
    Trigger.CANCELED: OrderState.CANCELED,
    Trigger.REPLACE_REQUESTED: OrderState.PENDING_REPLACE,
    Trigger.RESTATED: BY_PRECEDENCE,
    Trigger.STOPPED: BY_PRECEDENCE,
    Trigger.SUSPENDED: BY_PRECEDENCE,
    Trigger.DONE_FOR_DAY: BY_PRECEDENCE,
    Trigger.EXPIRED: OrderState.EXPIRED,
    Trigger.BUSTED: BY_PRECEDENCE,
    Trigger.CORRECTED: BY_PRECEDENCE,
}
"""Of an order that a venue has acknowledged, while nothing is asked for."""

_ON_ITS_WAY: Final[dict[Trigger, Next]] = {
    Trigger.SENT: OrderState.SUBMITTED,  # written again, under the same ClOrdID
    Trigger.RETURNED: OrderState.PENDING_SUBMISSION,  # routed again
    Trigger.DOUBTED: OrderState.IN_DOUBT,
    Trigger.ACKNOWLEDGED: BY_PRECEDENCE,
    Trigger.TRADE: BY_PRECEDENCE,  # a fill may come before the acknowledgement (D.11)
    Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
    Trigger.CANCELED: OrderState.CANCELED,
    Trigger.RESTATED: BY_PRECEDENCE,
    Trigger.STOPPED: BY_PRECEDENCE,
    Trigger.SUSPENDED: BY_PRECEDENCE,
    Trigger.DONE_FOR_DAY: BY_PRECEDENCE,
    Trigger.EXPIRED: OrderState.EXPIRED,
    Trigger.REJECTED: OrderState.REJECTED,
    Trigger.HELD: OrderState.HELD,
}
"""Of an order that was let out and of which no venue has spoken yet, as far as we know."""

# The table is the specification, to be held against FIX 4.4, volume 4, appendix D. What it lacks is refused.
TRANSITIONS: Final[dict[OrderState, dict[Trigger, Next]]] = {
    OrderState.NEW: {
        Trigger.SUBMITTED: OrderState.PENDING_VALIDATION,
    },
    OrderState.PENDING_VALIDATION: {
        Trigger.APPROVED: OrderState.PENDING_SUBMISSION,
        Trigger.DENIED: OrderState.REJECTED,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
    },
    OrderState.HELD: {
        Trigger.REACHED: OrderState.PENDING_VALIDATION,
        Trigger.REPLACED: OrderState.HELD,  # nobody but the desk need be asked
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
        Trigger.EXPIRED: OrderState.EXPIRED,
    },
    OrderState.PENDING_SUBMISSION: _ON_ITS_WAY,  # an answer may come first: the word that it was sent can be lost
    OrderState.SUBMITTED: _ON_ITS_WAY,
    OrderState.ACKNOWLEDGED: _AT_REST,
    OrderState.PARTIALLY_FILLED: {
        **_AT_REST,
        Trigger.ACKNOWLEDGED: BY_PRECEDENCE,  # overtaken by a fill
    },
    OrderState.STOPPED: {**_AT_REST, Trigger.ACKNOWLEDGED: BY_PRECEDENCE},
    OrderState.SUSPENDED: {**_AT_REST, Trigger.ACKNOWLEDGED: BY_PRECEDENCE},
    OrderState.DONE_FOR_DAY: {**_AT_REST, Trigger.ACKNOWLEDGED: BY_PRECEDENCE},
    OrderState.IN_DOUBT: {
        **_ON_ITS_WAY,
        Trigger.BUSTED: OrderState.IN_DOUBT,
        Trigger.CORRECTED: OrderState.IN_DOUBT,
    },
    OrderState.PENDING_REPLACE: {
        # Comes before fills, even at LeavesQty 0: only its answer ends it, or the order's end does (C.1, C.2).
        Trigger.DOUBTED: OrderState.PENDING_REPLACE,
        Trigger.ACKNOWLEDGED: OrderState.PENDING_REPLACE,
        Trigger.TRADE: OrderState.PENDING_REPLACE,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,  # which comes before all
        Trigger.CANCELED: OrderState.CANCELED,
        Trigger.REPLACE_REQUESTED: OrderState.PENDING_REPLACE,  # asked again
        Trigger.REPLACE_REJECTED: BY_PRECEDENCE,
        Trigger.REPLACED: BY_PRECEDENCE,
        Trigger.RESTATED: OrderState.PENDING_REPLACE,
        Trigger.STOPPED: OrderState.PENDING_REPLACE,
        Trigger.SUSPENDED: OrderState.PENDING_REPLACE,
        Trigger.DONE_FOR_DAY: OrderState.PENDING_REPLACE,
        Trigger.EXPIRED: OrderState.EXPIRED,
        Trigger.BUSTED: OrderState.PENDING_REPLACE,
        Trigger.CORRECTED: OrderState.PENDING_REPLACE,
    },
    OrderState.PENDING_CANCEL: {
        # Comes before all else, even at LeavesQty 0 (B.1.c): only its answer ends it, or the order's end does.
        Trigger.SENT: OrderState.PENDING_CANCEL,
        Trigger.DOUBTED: OrderState.PENDING_CANCEL,
        Trigger.ACKNOWLEDGED: OrderState.PENDING_CANCEL,
        Trigger.TRADE: OrderState.PENDING_CANCEL,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,  # asked again
        Trigger.CANCEL_REJECTED: BY_PRECEDENCE,  # back to what else holds: never simply "acknowledged"
        Trigger.CANCELED: OrderState.CANCELED,
        Trigger.REPLACE_REJECTED: OrderState.PENDING_CANCEL,
        Trigger.REPLACED: OrderState.PENDING_CANCEL,
        Trigger.RESTATED: OrderState.PENDING_CANCEL,
        Trigger.STOPPED: OrderState.PENDING_CANCEL,
        Trigger.SUSPENDED: OrderState.PENDING_CANCEL,
        Trigger.DONE_FOR_DAY: OrderState.PENDING_CANCEL,
        Trigger.EXPIRED: OrderState.EXPIRED,
        Trigger.REJECTED: OrderState.REJECTED,
        Trigger.BUSTED: OrderState.PENDING_CANCEL,
        Trigger.CORRECTED: OrderState.PENDING_CANCEL,
    },
    # What has ended stays ended, also when a trade is taken back: the lots do not go to work again.
    OrderState.FILLED: {Trigger.BUSTED: OrderState.CANCELED, Trigger.CORRECTED: OrderState.FILLED},
    OrderState.CANCELED: {Trigger.BUSTED: OrderState.CANCELED, Trigger.CORRECTED: OrderState.CANCELED},
    OrderState.EXPIRED: {Trigger.BUSTED: OrderState.EXPIRED, Trigger.CORRECTED: OrderState.EXPIRED},
    OrderState.REJECTED: {},
}

TERMINAL: Final = (OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED)

ORD_STATUS: Final[dict[OrderState, OrdStatus]] = {
    OrderState.NEW: OrdStatus.PENDING_NEW,
    OrderState.PENDING_VALIDATION: OrdStatus.PENDING_NEW,
    OrderState.PENDING_SUBMISSION: OrdStatus.PENDING_NEW,
    OrderState.SUBMITTED: OrdStatus.PENDING_NEW,
    OrderState.ACKNOWLEDGED: OrdStatus.NEW,
    OrderState.HELD: OrdStatus.NEW,
    OrderState.PARTIALLY_FILLED: OrdStatus.PARTIALLY_FILLED,
    OrderState.STOPPED: OrdStatus.STOPPED,
    OrderState.SUSPENDED: OrdStatus.SUSPENDED,
    OrderState.DONE_FOR_DAY: OrdStatus.DONE_FOR_DAY,
    OrderState.PENDING_REPLACE: OrdStatus.PENDING_REPLACE,
    OrderState.PENDING_CANCEL: OrdStatus.PENDING_CANCEL,
    OrderState.IN_DOUBT: OrdStatus.PENDING_NEW,
    OrderState.FILLED: OrdStatus.FILLED,
    OrderState.CANCELED: OrdStatus.CANCELED,
    OrderState.EXPIRED: OrdStatus.EXPIRED,
    OrderState.REJECTED: OrdStatus.REJECTED,
}
"""FIX's word for each; a doubt is the desk's own, and FIX has none for it."""


class Replacement(Struct, frozen=True, gc=False):
    """The terms that were asked for, until risk has refused them or the venue has answered."""

    terms: Terms
    revision: int
    approved: bool = False
    """Risk lets it pass: it has been let out."""
    seen: bool = False
    """The venue has had the request, and its answer was lost: it says so when it is asked again."""


class Order(Struct, frozen=True, gc=False):
    """An order as the desk knows it. Lots are positive, whatever the side; prices are in half ticks."""

    cl_ord_id: ClOrdID
    strategy: str
    terms: Terms
    attribution: Attribution
    intended_ns: int
    state: OrderState
    cum_lots: int = 0
    cum_notional: int = 0
    """Sum of price × lots of all fills, in half tick × lot: from it the average price is exact."""
    venue: Venue | None = None
    """Where it was last sent, as far as we know."""
    epoch: Epoch = Epoch(0)
    """Of the leader that last let it out."""
    attempt: int = 0
    """How often it was let out; 0 before risk has approved it."""
    acknowledged: bool = False
    reduces: bool = False
    """Risk said so when it let it pass."""
    held_ns: int | None = None
    """Since when the desk has kept it, a stop order that no venue keeps; by a leader's wall clock."""
    tried: int = 0
    """How often it had been let out before that: attempts are never counted from 1 again."""
    reached: bool = False
    """The market has reached its stop price while the desk kept it: it is a market or limit order now."""
    cancels: int = 0
    """How often its cancellation was asked for."""
    held: OrderState | None = None
    """STOPPED, SUSPENDED or DONE_FOR_DAY, where the venue said so last."""
    revision: int = 0
    """The highest revision that was asked for: one that is not higher is a repetition."""
    replacing: Replacement | None = None
    wire_id: str | None = None
    """What it bears at the venue since it was last replaced: the latest ClOrdID of its chain. None: its own name."""

    @property
    def leaves_lots(self) -> int:
        """What may still be executed while the order lives: OrderQty = CumQty + LeavesQty."""
        return self.terms.quantity_lots - self.cum_lots

    @property
    def worked_at(self) -> Venue | None:
        """The venue that had it in its book, as its own words show; None: none that we know of."""
        return self.venue if self.acknowledged or self.cum_lots else None

    @property
    def ended(self) -> bool:
        """Nothing moves it any more, but for a bust or a correction."""
        return self.state in TERMINAL

    @property
    def average_price_half_ticks(self) -> Fraction:
        """Volume-weighted, exact; zero without fills."""
        return Fraction(self.cum_notional, self.cum_lots) if self.cum_lots else Fraction(0)


def state_by_precedence(
    cum_lots: int, quantity_lots: int, acknowledged: bool, held: OrderState | None = None, replacing: bool = False
) -> OrderState:
    """The highest state that holds of an order at a venue whose cancellation nobody waits for."""
    if replacing:
        return OrderState.PENDING_REPLACE
    if held is OrderState.DONE_FOR_DAY:
        return held
    if cum_lots >= quantity_lots:
        return OrderState.FILLED
    if held is not None:
        return held
    if cum_lots:
        return OrderState.PARTIALLY_FILLED
    return OrderState.ACKNOWLEDGED if acknowledged else OrderState.SUBMITTED


def allows(state: OrderState, trigger: Trigger) -> bool:
    """Whether the table has an entry."""
    return trigger in TRANSITIONS[state]


def next_state(
    state: OrderState,
    trigger: Trigger,
    cum_lots: int,
    quantity_lots: int,
    acknowledged: bool,
    held: OrderState | None = None,
    replacing: bool = False,
) -> OrderState:
    """The state after *trigger*; what is said of the order holds after it. KeyError where the table forbids it."""
    target = TRANSITIONS[state][trigger]
    if target is BY_PRECEDENCE:
        return state_by_precedence(cum_lots, quantity_lots, acknowledged, held, replacing)
    return target
