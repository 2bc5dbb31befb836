"""How much: a pure rule of what is held, what is in flight, the risk budget and the lot."""

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.strategies.seen import WHOLE


class Held(Struct, frozen=True, gc=False):
    """What a strategy has of one symbol: lots held (short: negative), and lots of its orders that may still fill."""

    position_lots: int = 0
    buying_lots: int = 0
    selling_lots: int = 0

    def if_filled(self, side: Side) -> int:
        """The position if all that is in flight on this side fills."""
        return self.position_lots + (self.buying_lots if side is Side.BUY else -self.selling_lots)


class Budget(Struct, frozen=True, gc=False):
    """What one strategy may have of one symbol, long or short, and in one order; orders are of whole lots' steps."""

    max_lots: int
    order_lots: int
    step_lots: int = 1

    def whole(self, lots: int) -> int:
        """So much of it as one order may be, in whole steps; never negative."""
        return max(min(lots, self.order_lots), 0) // self.step_lots * self.step_lots


def lots_towards(thousandths: int, held: Held, budget: Budget) -> tuple[Side, int] | None:
    """The order that brings the position nearer to a lean; None where it is there, with what is in flight.

    What is in flight counts as filled, so that repeating a lean buys nothing twice. No order leads past the lean.
    """
    sign = 1 if thousandths >= 0 else -1
    target = sign * (budget.max_lots * min(abs(thousandths), WHOLE) // WHOLE)
    for side in (Side.BUY, Side.SELL):
        lots = budget.whole(side.sign * (target - held.if_filled(side)))
        if lots:
            return side, lots
    return None


def quote_lots(side: Side, held: Held, budget: Budget) -> int:
    """How much may stand quoted on this side, so that the budget holds even if all of it fills; 0 for nothing."""
    return budget.whole(budget.max_lots - side.sign * held.if_filled(side))
