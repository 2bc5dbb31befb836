"""The desk's own OMS, its rules alone, for lives of orders: risk says yes, and a bare line stands in for execution."""

from collections.abc import Mapping, Sequence

from squall.sim.exchange.wire.orders import (
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusRequest,
)
from squall.sim.exchange.wire.reports import ExecutionReport, OrderCancelReject, OrderStatusReport
from squall.sim.exchange.wire.words import OrdType, TimeInForce
from squall.system.domain.commands import (
    AnyCommand,
    ApplyReport,
    ApplyStatus,
    DoubtOrder,
    JudgeOrder,
    JudgeReplace,
    MarkSent,
    PlaceOrder,
    RefuseCancel,
    RefuseReplace,
    ReplaceOrder,
    ReturnOrder,
    WithdrawOrder,
)
from squall.system.domain.doubt import desk_id, replace_id, revision_of
from squall.system.domain.effects import Effect, effects_of, needs_inquiry
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.events import AnyEvent
from squall.system.domain.fill_book import FillBook
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    AmendFill,
    BookFill,
    CancelAtVenue,
    ReplaceAtVenue,
    RouteOrder,
    UnsentReason,
)
from squall.system.domain.oms import OmsState, decide, evolve
from squall.system.domain.orders import Order
from squall.system.domain.terms import Terms
from squall.testing.order_lives import NewOrder, OrderView, Request, Said

VENUE = Venue("exchange-a")
EPOCH = Epoch(1)
OFTEN = 1_000
"""An order that never arrived is let out again, however often that happens."""


class DeskOms:
    """`decide` and `evolve` with their log on a disk; positions fold what the events make due."""

    def __init__(self) -> None:
        self._log: list[bytes] = []
        self._asked = 0
        self._fresh()

    def _fresh(self) -> None:
        self._state = OmsState()
        self._orders: dict[str, Order] = {}
        self._book = FillBook()
        self._outbox: list[Request] = []
        self._revisions: dict[str, int] = {}
        self._sent_at: dict[str, int] = {}
        """Number of the last question before an order was last written: what was asked before it says nothing."""

    # --- the log ---

    def _tell(self, command: AnyCommand) -> None:
        for event in decide(self._state, command, now_ns=len(self._log)):
            self._log.append(encode_event(event))
            order = self._fold(event)
            if order is None:
                order = self._orders.get(event.cl_ord_id)
            if order is not None and needs_inquiry(event):
                self._ask(order)

    def _fold(self, event: AnyEvent) -> Order | None:
        order = evolve(self._state, event)
        if order is not None:
            self._orders[order.cl_ord_id] = order
            for effect in effects_of(event, order, EPOCH):
                self._do(effect)
        return order

    def _do(self, effect: Effect) -> None:
        match effect:
            case RouteOrder():
                self._outbox.append(_new(effect))
            case CancelAtVenue():
                self._asked += 1
                name = f"{effect.cl_ord_id}~x{self._asked}"
                self._outbox.append(
                    OrderCancelRequest(name, effect.wire_id or effect.cl_ord_id, effect.symbol, effect.side)
                )
            case ReplaceAtVenue():
                name = replace_id(effect.cl_ord_id, effect.revision)
                lots, price = effect.quantity_lots, effect.price_half_ticks
                self._outbox.append(
                    OrderCancelReplaceRequest(
                        name, effect.wire_id or effect.cl_ord_id, effect.symbol, effect.side, lots, price
                    )
                )
            case BookFill():
                self._book.book(effect)
            case AmendFill():
                self._book.amend(effect)

    def restart(self) -> None:
        self._fresh()
        for data in self._log:
            self._fold(decode_event(data))
        self._outbox.clear()
        self._revisions = {name: order.revision for name, order in self._orders.items()}
        self.session_lost()

    # --- clients ---

    def submit(self, order: NewOrder) -> None:
        name = ClOrdID(order.name)
        terms = Terms(
            Symbol(order.symbol),
            order.side,
            order.quantity_lots,
            OrdType.LIMIT,
            TimeInForce.DAY,
            order.price_half_ticks,
        )
        self._tell(PlaceOrder("strategy", name, "client", terms, intended_ns=0))
        self._tell(JudgeOrder("risk", name, (), EPOCH))

    def cancel(self, name: str) -> None:
        if not self._orders[name].ended:
            self._tell(WithdrawOrder("strategy", ClOrdID(name)))

    def replace(self, name: str, quantity_lots: int, price_half_ticks: int) -> None:
        revision = self._revisions[name] = self._revisions.get(name, 0) + 1
        self._tell(ReplaceOrder("strategy", ClOrdID(name), revision, quantity_lots, price_half_ticks))
        self._tell(JudgeReplace("risk", ClOrdID(name), revision, (), EPOCH))

    # --- the line ---

    def session_lost(self) -> None:
        """Whatever was written and not answered is in doubt."""
        self._outbox = [request for request in self._outbox if isinstance(request, NewOrderSingle)]
        unwritten = {request.cl_ord_link_id for request in self._outbox if isinstance(request, NewOrderSingle)}
        for name, order in list(self._state.orders.items()):
            if order.attempt and name not in unwritten:
                self._tell(DoubtOrder("execution", name, VENUE, order.attempt))

    def session_stands(self) -> None:
        """Every order is asked about, as a desk reconciles at the beginning of a session: also those that ended."""
        for order in list(self._orders.values()):
            if order.attempt:
                self._ask(order)

    def time_passes(self) -> None:
        for order in list(self._state.orders.values()):
            if order.attempt:
                self._ask(order)

    def requests(self) -> Sequence[Request]:
        requests, self._outbox = self._outbox, []
        for request in requests:
            if isinstance(request, NewOrderSingle):
                self._sent_at[request.cl_ord_link_id] = self._asked
                self._tell(MarkSent("execution", ClOrdID(request.cl_ord_link_id), VENUE, request.attempt))
        return [*requests, *self.requests()] if self._outbox else requests

    def _ask(self, order: Order) -> None:
        self._asked += 1
        self._outbox.append(OrderStatusRequest(order.wire_id or order.cl_ord_id, self._asked))

    def heard(self, said: Said) -> None:
        name = desk_id(said.orig_cl_ord_id if isinstance(said, OrderCancelReject) else said.cl_ord_id)
        match said:
            case ExecutionReport():
                self._tell(ApplyReport(VENUE, name, VENUE, said))
            case OrderStatusReport(status=None):
                order = self._state.orders.get(name)
                certain = order is not None and not order.acknowledged and not order.cum_lots
                if order is not None and certain and said.attempt > self._sent_at.get(name, 0):
                    reason = UnsentReason.NEVER_ARRIVED
                    self._tell(ReturnOrder("execution", name, order.attempt, reason, EPOCH, OFTEN))
            case OrderStatusReport():
                self._tell(ApplyStatus(VENUE, name, VENUE, said))
            case OrderCancelReject(to_replace=True):
                self._tell(RefuseReplace("execution", name, revision_of(said.cl_ord_id), said.reason.value))
            case OrderCancelReject():
                self._tell(RefuseCancel("execution", name, said.reason.value))

    # --- what it says ---

    def orders(self) -> Mapping[str, OrderView]:
        return {
            name: OrderView(order.ended, order.terms.quantity_lots, order.cum_lots, order.cum_notional)
            for name, order in self._orders.items()
        }

    def position_lots(self, symbol: str) -> int:
        total = self._book.totals.get(Symbol(symbol))
        return total.net_lots if total is not None else 0


def _new(order: RouteOrder) -> NewOrderSingle:
    return NewOrderSingle(
        cl_ord_id=order.cl_ord_id,
        cl_ord_link_id=order.cl_ord_id,
        symbol=order.symbol,
        side=order.side,
        quantity_lots=order.quantity_lots,
        ord_type=order.ord_type,
        time_in_force=order.time_in_force,
        price_half_ticks=order.price_half_ticks,
        attempt=order.attempt,
    )
