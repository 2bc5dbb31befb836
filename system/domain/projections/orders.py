"""ORDERS and STRATEGIES as read models: every order of the day, ended ones too, and who gave them.

An order's state changes by the OMS's own `evolve`, here as there: a second table could only disagree.
"""

from msgspec import Struct

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.events import AnyEvent, OrderFilled, OrderSubmitted
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.oms_state import OmsState, evolve
from squall.system.domain.orders import Order, OrderState


class OrderRow(Struct, frozen=True, gc=False):
    """An order as it stands."""

    order_id: ClOrdID
    symbol: Symbol
    side: Side
    quantity_lots: int
    limit_price_half_ticks: int | None
    order_type: OrdType
    time_in_force: TimeInForce
    status: OrderState
    filled_lots: int
    venue: Venue | None
    created_at_ns: int
    updated_at_ns: int
    strategy: str
    actor: str
    """Who acted last."""
    version: int
    """Of the journal, at its last change."""


class StrategyRow(Struct, frozen=True, gc=False):
    """A strategy, by what it has done."""

    strategy: str
    created_at_ns: int
    """Of its first order."""
    updated_at_ns: int
    orders: int = 0
    fills: int = 0
    filled_lots: int = 0


class Orders:
    """One row for each order that was ever taken, in order of arrival; one for each strategy."""

    def __init__(self) -> None:
        self._state = OmsState()
        self.rows: dict[ClOrdID, OrderRow] = {}
        self.strategies: dict[str, StrategyRow] = {}

    @property
    def standing(self) -> dict[OrderState, int]:
        """How many orders are in each state in which an order can be open, counted now."""
        found: dict[OrderState, int] = {}
        for order in self._state.orders.values():
            found[order.state] = found.get(order.state, 0) + 1
        return found

    def strategy_of(self, cl_ord_id: ClOrdID) -> str:
        """Who gave this order; nobody's where it was never taken."""
        row = self.rows.get(cl_ord_id)
        return "" if row is None else row.strategy

    def apply(self, version: int, event: AnyEvent) -> None:
        """Fold the event of this version."""
        order = evolve(self._state, event)
        if order is None:
            return
        known = self.rows.get(event.cl_ord_id)
        created_ns = event.at_ns if known is None else known.created_at_ns
        self.rows[event.cl_ord_id] = row_of(order, version, event, created_ns)
        if isinstance(event, (OrderSubmitted, OrderFilled)):
            self._credit(order.strategy, event)

    def _credit(self, strategy: str, event: OrderSubmitted | OrderFilled) -> None:
        row = self.strategies.get(strategy) or StrategyRow(strategy, event.at_ns, event.at_ns)
        filled_lots = event.lots if isinstance(event, OrderFilled) else 0
        self.strategies[strategy] = StrategyRow(
            strategy,
            row.created_at_ns,
            event.at_ns,
            row.orders + isinstance(event, OrderSubmitted),
            row.fills + isinstance(event, OrderFilled),
            row.filled_lots + filled_lots,
        )


def row_of(order: Order, version: int, event: AnyEvent, created_at_ns: int) -> OrderRow:
    """The order as a row, after this event."""
    terms = order.terms
    return OrderRow(
        order.cl_ord_id,
        terms.symbol,
        terms.side,
        terms.quantity_lots,
        terms.price_half_ticks,
        terms.ord_type,
        terms.time_in_force,
        order.state,
        order.cum_lots,
        order.venue,
        created_at_ns,
        event.at_ns,
        order.strategy,
        event.actor,
        version,
    )
