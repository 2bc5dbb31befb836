"""How well orders were executed: implementation shortfall, by whatever one looks by.

Against a paper portfolio that got everything at once at the middle of its decision (Perold, *The Implementation
Shortfall*, 1988), an order has lost what its executions cost beyond that middle, its fees, and, on what was never
executed, what the market has moved away since. All three are signed by side and add up over lots, so that a better
price is a gain, a large order weighs more than a small one, and an order that was left unfilled in a market that ran
is not a good one. Amounts are in parts (`portfolio.Money`).
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.portfolio import Money
from squall.system.domain.projections.orders import OrderRow
from squall.system.domain.projections.trades import CapturedTrade, Trades
from squall.system.domain.slippage import basis_points, twice_cost


class Quality(Struct, gc=False):
    """Of some orders together. Costs are positive, gains negative."""

    orders: int = 0
    ordered_lots: int = 0
    filled_lots: int = 0
    worth: int = 0
    """All that was ordered, at the middles of the decisions."""
    execution: int = 0
    fees: int = 0
    opportunity: int = 0
    """Of what went unfilled, at the marks."""
    unmarked_lots: int = 0
    """Unfilled, and no price is known: of these nothing is said."""

    @property
    def shortfall(self) -> int:
        """All three together."""
        return self.execution + self.fees + self.opportunity

    @property
    def shortfall_bp(self) -> int:
        """Of what was ordered, rounded up."""
        return basis_points(self.shortfall, self.worth)


def quality_by(
    by: Callable[[OrderRow], str],
    orders: Iterable[OrderRow],
    trades: Trades,
    twice_marks: Mapping[Symbol, int],
    money: Money,
) -> dict[str, Quality]:
    """Of all orders that have left the desk, and whose decision's market is known; by what *by* says of them."""
    executed: dict[ClOrdID, list[CapturedTrade]] = {}
    for trade in trades.rows.values():
        executed.setdefault(trade.order_id, []).append(trade)
    found: dict[str, Quality] = {}
    for order in orders:
        asked = trades.submitted(order.order_id)
        if asked is None or not asked.decision_twice_half_ticks or not trades.has_left(order.order_id):
            continue
        decision, weight, side = asked.decision_twice_half_ticks, money.weights[order.symbol], order.side
        each = found.setdefault(by(order), Quality())
        each.orders += 1
        each.ordered_lots += order.quantity_lots
        each.filled_lots += order.filled_lots
        each.worth += order.quantity_lots * decision * weight
        for trade in executed.get(order.order_id, ()):
            each.execution += twice_cost(side, trade.lots, trade.price_half_ticks, 0, decision) * weight
            each.fees += money.parts(order.symbol, trade.commission)
        unfilled, mark = order.quantity_lots - order.filled_lots, twice_marks.get(order.symbol, 0)
        if mark:
            each.opportunity += side.sign * unfilled * (mark - decision) * weight
        else:
            each.unmarked_lots += unfilled
    return found
