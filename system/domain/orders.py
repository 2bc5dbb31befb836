"""The life of an order: its states, what moves it between them, and the order itself as a frozen value."""

from enum import Enum
from fractions import Fraction
from typing import Final

from msgspec import Struct

from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.terms import Attribution, Terms


class OrderState(Enum):
    """The chapter's names, with the two that it forgot: PENDING_CANCEL and IN_DOUBT."""

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
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REJECTED = "rejected"
    """By risk, by the desk (no venue would have it) or by a venue."""
    IN_DOUBT = "in_doubt"
    """It may or may not be at the venue, or the venue did things to it that we have not been told."""


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
    REJECTED = "rejected"
    DOUBTED = "doubted"
    RETURNED = "returned"
    """It is certain that no venue has it."""


class ByQuantity(Enum):
    """The next state is what the fills say."""

    BY_QUANTITY = "by quantity"


Next = OrderState | ByQuantity
BY_QUANTITY: Final = ByQuantity.BY_QUANTITY

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
    OrderState.PENDING_SUBMISSION: {
        Trigger.SENT: OrderState.SUBMITTED,
        Trigger.RETURNED: OrderState.PENDING_SUBMISSION,  # routed again
        Trigger.DOUBTED: OrderState.IN_DOUBT,
        Trigger.ACKNOWLEDGED: BY_QUANTITY,  # the word that it had been sent was lost with a leader
        Trigger.TRADE: BY_QUANTITY,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
        Trigger.CANCELED: OrderState.CANCELED,
        Trigger.REJECTED: OrderState.REJECTED,
    },
    OrderState.SUBMITTED: {
        Trigger.SENT: OrderState.SUBMITTED,  # written again, under the same ClOrdID
        Trigger.RETURNED: OrderState.PENDING_SUBMISSION,
        Trigger.DOUBTED: OrderState.IN_DOUBT,
        Trigger.ACKNOWLEDGED: BY_QUANTITY,
        Trigger.TRADE: BY_QUANTITY,  # a fill may come before the acknowledgement (D.11)
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
        Trigger.CANCELED: OrderState.CANCELED,
        Trigger.REJECTED: OrderState.REJECTED,
    },
    OrderState.ACKNOWLEDGED: {
        Trigger.TRADE: BY_QUANTITY,
        Trigger.DOUBTED: OrderState.IN_DOUBT,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
        Trigger.CANCELED: OrderState.CANCELED,
    },
    OrderState.PARTIALLY_FILLED: {
        Trigger.ACKNOWLEDGED: BY_QUANTITY,  # overtaken by a fill
        Trigger.TRADE: BY_QUANTITY,
        Trigger.DOUBTED: OrderState.IN_DOUBT,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
        Trigger.CANCELED: OrderState.CANCELED,
    },
    OrderState.IN_DOUBT: {
        Trigger.SENT: OrderState.SUBMITTED,
        Trigger.RETURNED: OrderState.PENDING_SUBMISSION,
        Trigger.DOUBTED: OrderState.IN_DOUBT,
        Trigger.ACKNOWLEDGED: BY_QUANTITY,
        Trigger.TRADE: BY_QUANTITY,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,
        Trigger.CANCELED: OrderState.CANCELED,
        Trigger.REJECTED: OrderState.REJECTED,
    },
    OrderState.PENDING_CANCEL: {
        # Pending cancel takes precedence, even at LeavesQty 0 (B.1.c): only its answer ends it.
        Trigger.SENT: OrderState.PENDING_CANCEL,
        Trigger.DOUBTED: OrderState.PENDING_CANCEL,
        Trigger.ACKNOWLEDGED: OrderState.PENDING_CANCEL,
        Trigger.TRADE: OrderState.PENDING_CANCEL,
        Trigger.CANCEL_REQUESTED: OrderState.PENDING_CANCEL,  # asked again
        Trigger.CANCEL_REJECTED: BY_QUANTITY,  # back to what the fills say: never simply "acknowledged"
        Trigger.CANCELED: OrderState.CANCELED,
        Trigger.REJECTED: OrderState.REJECTED,
    },
    OrderState.FILLED: {},
    OrderState.CANCELED: {},
    OrderState.REJECTED: {},
}

TERMINAL: Final = (OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED)


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
    cancels: int = 0
    """How often its cancellation was asked for."""

    @property
    def leaves_lots(self) -> int:
        """What may still be executed while the order lives."""
        return self.terms.quantity_lots - self.cum_lots

    @property
    def ended(self) -> bool:
        """Nothing moves it any more."""
        return self.state in TERMINAL

    @property
    def average_price_half_ticks(self) -> Fraction:
        """Volume-weighted, exact; zero without fills."""
        return Fraction(self.cum_notional, self.cum_lots) if self.cum_lots else Fraction(0)


def state_by_quantity(cum_lots: int, quantity_lots: int, acknowledged: bool) -> OrderState:
    """What the fills, and failing those the acknowledgement, say of an order that is at a venue."""
    if cum_lots >= quantity_lots:
        return OrderState.FILLED
    if cum_lots:
        return OrderState.PARTIALLY_FILLED
    return OrderState.ACKNOWLEDGED if acknowledged else OrderState.SUBMITTED


def allows(state: OrderState, trigger: Trigger) -> bool:
    """Whether the table has an entry."""
    return trigger in TRANSITIONS[state]


def next_state(
    state: OrderState, trigger: Trigger, cum_lots: int, quantity_lots: int, acknowledged: bool
) -> OrderState:
    """The state after *trigger*; the quantities are those after it. KeyError where the table forbids it."""
    target = TRANSITIONS[state][trigger]
    if target is BY_QUANTITY:
        return state_by_quantity(cum_lots, quantity_lots, acknowledged)
    return target
