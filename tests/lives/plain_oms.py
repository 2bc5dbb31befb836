"""An OMS that shares nothing with the desk's: facts about each order, merged in whatever order they come.

Executions are a union by ExecID in which a revision wins, an end is for ever, and of two names in a chain of replaces
the later one counts: what is heard twice, late or out of order comes to the same.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy

from squall.sim.exchange.wire.orders import (
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusRequest,
)
from squall.sim.exchange.wire.reports import ExecutionReport, OrderCancelReject, OrderStatusReport
from squall.sim.exchange.wire.words import ExecType, OrdRejReason, OrdType, Side, TimeInForce
from squall.testing.order_lives import NewOrder, OrderView, Request, Said

ENDS = (ExecType.CANCELED, ExecType.EXPIRED, ExecType.REJECTED)


class PlainOrder:
    """What is known of one order."""

    def __init__(self, order: NewOrder) -> None:
        self.order = order
        self.quantity = order.quantity_lots
        self.price = order.price_half_ticks
        self.link = 0
        """How many replaces the venue has done."""
        self.asked = 0
        """How many replaces, cancels and questions we have written: the next one's name has the next number."""
        self.fills: dict[str, tuple[int, int]] = {}
        self.revisions: dict[str, tuple[int, int]] = {}
        """What stands of an execution, by its ExecID, which may come later."""
        self.written = False
        self.known = False
        """The venue has spoken of it."""
        self.end = False
        self.cancel = False
        self.replace: tuple[int, int] | None = None

    @property
    def standing(self) -> list[tuple[int, int]]:
        return [self.revisions.get(exec_id, fill) for exec_id, fill in self.fills.items()]

    @property
    def cum(self) -> int:
        return sum(lots for lots, _ in self.standing)

    @property
    def ended(self) -> bool:
        return self.end or self.cum >= self.quantity

    def name(self, link: int) -> str:
        return f"{self.order.name}/r{link}" if link else self.order.name


class PlainOms:
    """Writes down whatever it hears; asks about every order on a new session, and about open ones as time passes."""

    def __init__(self) -> None:
        self._orders: dict[str, PlainOrder] = {}
        self._outbox: list[Request] = []

    def submit(self, order: NewOrder) -> None:
        self._orders.setdefault(order.name, PlainOrder(order))

    def cancel(self, name: str) -> None:
        order = self._orders[name]
        if not order.written:
            order.end = True
        order.cancel = True

    def replace(self, name: str, quantity_lots: int, price_half_ticks: int) -> None:
        order = self._orders[name]
        if order.ended:
            return
        if order.written:
            order.replace = (quantity_lots, price_half_ticks)
        else:
            order.quantity, order.price = quantity_lots, price_half_ticks

    def session_lost(self) -> None:
        self._outbox.clear()

    def session_stands(self) -> None:
        for order in self._orders.values():
            if order.written:
                self._ask(order)

    def time_passes(self) -> None:
        for order in self._orders.values():
            if order.written and not order.ended:
                self._ask(order)

    def restart(self) -> None:
        self._orders, self._outbox = deepcopy(self._orders), []

    def requests(self) -> Sequence[Request]:
        for order in self._orders.values():
            if not order.written and not order.ended:
                order.written = True
                self._outbox.append(_new(order))
        requests, self._outbox = self._outbox, []
        return requests

    def orders(self) -> Mapping[str, OrderView]:
        return {
            name: OrderView(order.ended, order.quantity, order.cum, sum(lots * price for lots, price in order.standing))
            for name, order in self._orders.items()
        }

    def position_lots(self, symbol: str) -> int:
        return sum((1 if each.order.side is Side.BUY else -1) * each.cum for each in self._orders.values())

    # --- the venue ---

    def heard(self, said: Said) -> None:
        order = self._orders[said.cl_ord_id.partition("/")[0]]
        match said:
            case ExecutionReport():
                self._report(order, said)
            case OrderStatusReport():
                self._status(order, said)
            case OrderCancelReject(to_replace=True):
                order.replace = None

    def _report(self, order: PlainOrder, said: ExecutionReport) -> None:
        if said.reason is OrdRejReason.DUPLICATE_ORDER:
            return
        order.known = True
        fact = (said.last_lots, said.last_price_half_ticks)
        match said.exec_type:
            case ExecType.TRADE:
                order.fills[said.exec_id] = fact
            case ExecType.TRADE_CANCEL:
                # It was filled before, or is heard of for the first time: where it is missing it is nothing anyway.
                order.revisions[said.exec_ref_id] = (0, 0)
            case ExecType.TRADE_CORRECT:
                order.fills.setdefault(said.exec_ref_id, fact)
                order.revisions[said.exec_ref_id] = fact
            case ExecType.REPLACED:
                self._replaced(order, said.cl_ord_id, said.order_lots, said.price_half_ticks)
            case kind if kind in ENDS:
                order.end = True
        order.end = order.end or said.ord_status.ended

    def _status(self, order: PlainOrder, said: OrderStatusReport) -> None:
        if said.status is None:
            if not order.known and not order.ended:
                self._outbox.append(_new(order))
            return
        order.known = True
        for execution in said.executions:
            order.fills.setdefault(execution.exec_id, (execution.lots, execution.price_half_ticks))
            if execution.revised_by:
                order.revisions[execution.exec_id] = (execution.lots, execution.price_half_ticks)
        self._replaced(order, said.latest_cl_ord_id or said.cl_ord_id, said.order_lots, said.price_half_ticks)
        order.end = order.end or said.status.ended

    def _replaced(self, order: PlainOrder, name: str, quantity: int, price: int | None) -> None:
        link = int(name.partition("/r")[2] or 0)
        if link > order.link and price is not None:
            order.link, order.quantity, order.price = link, quantity, price
            order.replace = None

    def _ask(self, order: PlainOrder) -> None:
        """What became of it; and what is still wanted of it."""
        order.asked += 1
        name = order.name(order.link)
        if order.cancel and not order.ended:
            cancel = f"{order.order.name}/x{order.asked}"
            self._outbox.append(OrderCancelRequest(cancel, name, order.order.symbol, order.order.side))
        elif order.replace is not None and not order.ended:
            quantity, price = order.replace
            to = order.name(order.asked)
            self._outbox.append(
                OrderCancelReplaceRequest(to, name, order.order.symbol, order.order.side, quantity, price)
            )
        self._outbox.append(OrderStatusRequest(order.order.name, order.asked))


def _new(order: PlainOrder) -> NewOrderSingle:
    return NewOrderSingle(
        cl_ord_id=order.order.name,
        cl_ord_link_id=order.order.name,
        symbol=order.order.symbol,
        side=order.order.side,
        quantity_lots=order.quantity,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        price_half_ticks=order.price,
    )
