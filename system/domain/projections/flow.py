"""The flow of orders through the states of their lives: what enters a state leaves it, or is there.

The figure in the blueprint has more leaving a node than entering it, and a rate of success that its numbers deny. Here
an order that is neither filled nor failed is open, canceled or expired, and counted there; and the fill rate is this:
lots executed, less what was busted, over lots ordered, of all orders that have ended at a venue. What risk denied, what
no venue could take and what is still open is not in it; an order that rested and was taken back is.
"""

from fractions import Fraction

from msgspec import Struct

from squall.system.domain.orders import TERMINAL, OrderState
from squall.system.domain.projections.orders import OrderRow


class Node(Struct, gc=False):
    """One state: how many orders have come and gone, and what is there now."""

    entered: int = 0
    left: int = 0
    ordered_lots: int = 0
    filled_lots: int = 0


class Flow:
    """Counted as orders move, in no other way: that it balances is for others to check."""

    def __init__(self) -> None:
        self.nodes: dict[OrderState, Node] = {}
        self.moves: dict[tuple[OrderState, OrderState], int] = {}
        """From one state to the next; every order begins as new."""
        self.ended_ordered_lots = 0
        self.ended_filled_lots = 0

    @property
    def fill_rate_percent(self) -> Fraction | None:
        """As defined above; None while nothing has ended."""
        return Fraction(100 * self.ended_filled_lots, self.ended_ordered_lots) if self.ended_ordered_lots else None

    @property
    def taken(self) -> int:
        """Orders that have come in."""
        return sum(count for (before, _), count in self.moves.items() if before is OrderState.NEW)

    def move(self, before: OrderRow | None, after: OrderRow) -> None:
        """An order was so, and is so now; None: it has just come."""
        if before is None:
            self._step(OrderState.NEW, after.status)
        else:
            gone = self.nodes[before.status]
            gone.ordered_lots -= before.quantity_lots
            gone.filled_lots -= before.filled_lots
            if before.status is not after.status:
                gone.left += 1
                self._step(before.status, after.status)
            if _ended_at_a_venue(before):
                self.ended_ordered_lots -= before.quantity_lots
                self.ended_filled_lots -= before.filled_lots
        node = self.nodes[after.status]
        node.ordered_lots += after.quantity_lots
        node.filled_lots += after.filled_lots
        if _ended_at_a_venue(after):
            self.ended_ordered_lots += after.quantity_lots
            self.ended_filled_lots += after.filled_lots

    def _step(self, before: OrderState, after: OrderState) -> None:
        self.moves[before, after] = self.moves.get((before, after), 0) + 1
        self.nodes.setdefault(after, Node()).entered += 1


def _ended_at_a_venue(order: OrderRow) -> bool:
    """What was executed somewhere, and then came back, counts too."""
    return order.status in TERMINAL and (order.venue is not None or order.filled_lots > 0)
