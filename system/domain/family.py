"""A parent and its children at the OMS: what it lets out of one, however often an algorithm asks.

The algorithm has its own count. This one is made of the OMS's own events alone, so that a bug on one side, a message
that was changed on its way, or a diary that was lost does not trade a client's order twice.
"""

from collections.abc import Iterable
from typing import Final

from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import ChildState, Denial, DenyReason, ParentOrder
from squall.system.domain.orders import Order
from squall.system.domain.terms import Terms

SEPARATOR: Final = "."
"""Between a parent's name and its child's number; the router's own children have another."""


FAMILY_REASONS: Final = (
    DenyReason.NO_SUCH_PARENT,
    DenyReason.NOT_THE_PARENTS,
    DenyReason.PARENT_OVER,
    DenyReason.PARENT_LIMIT,
    DenyReason.PARENT_QUANTITY,
)
"""Why a child is denied before risk is asked."""


def child_name(parent: ClOrdID, number: int) -> ClOrdID:
    """``fund-3.12``: the twelfth child of ``fund-3``."""
    return ClOrdID(f"{parent}{SEPARATOR}{number}")


class Family:
    """A parent that the OMS has taken, and its children. Changed by the fold of events only."""

    __slots__ = ("children", "committed_lots", "parent")

    def __init__(self, parent: ParentOrder) -> None:
        self.parent = parent
        self.children: dict[ClOrdID, ChildState] = {}
        """In the order in which they were taken."""
        self.committed_lots = 0
        """What all of them can have traded by the time that they have ended: filled and in flight."""

    @property
    def filled_lots(self) -> int:
        """Of all children."""
        return sum(child.filled_lots for child in self.children.values())

    def moved(self, order: Order, fees: int = 0) -> None:
        """A child was taken, traded, or came to its end; by so much more than before it costs in *fees*."""
        before = self.children.get(order.cl_ord_id)
        fees += before.fees if before is not None else 0
        after = self.children[order.cl_ord_id] = child_state(order, fees)
        self.committed_lots += after.committed_lots - (before.committed_lots if before is not None else 0)


def child_state(order: Order, fees: int = 0) -> ChildState:
    """A child as the OMS knows it; while a replace is pending it is for the larger of both quantities."""
    lots, asked = order.terms.quantity_lots, order.replacing
    if asked is not None:
        lots = max(lots, asked.terms.quantity_lots)
    return ChildState(order.cl_ord_id, lots, order.cum_lots, order.cum_notional, order.ended, fees)


def objections(
    family: Family | None, terms: Terms, now_ns: int, instead_of: ClOrdID | None = None
) -> tuple[Denial, ...]:
    """Why this child may not be taken, or may not have these terms *instead of* those that the child of that name has;
    nothing where it may. All reasons, not just the first.

    A child's quantity, with what its siblings have filled and what they have in flight, never exceeds the parent's; it
    trades the parent's symbol on the parent's side, not beyond its limit, and not after its end.
    """
    if family is None:
        return (Denial(DenyReason.NO_SUCH_PARENT, 0, 0),)
    before = family.children.get(instead_of) if instead_of is not None else None
    others_lots = family.committed_lots - (before.committed_lots if before is not None else 0)
    return tuple(_objections(family.parent, others_lots, terms, now_ns))


def _objections(parent: ParentOrder, others_lots: int, terms: Terms, now_ns: int) -> Iterable[Denial]:
    if terms.symbol != parent.symbol or terms.side is not parent.side:
        yield Denial(DenyReason.NOT_THE_PARENTS, 0, 0)
    if now_ns >= parent.end_ns:
        yield Denial(DenyReason.PARENT_OVER, now_ns, parent.end_ns)
    limit, price = parent.limit_half_ticks, terms.price_half_ticks
    if limit is not None and (price is None or parent.side.sign * (price - limit) > 0):
        yield Denial(DenyReason.PARENT_LIMIT, price or 0, limit)
    if others_lots + terms.quantity_lots > parent.quantity_lots:
        yield Denial(DenyReason.PARENT_QUANTITY, others_lots + terms.quantity_lots, parent.quantity_lots)
