"""A venue as small as can be, for lives of orders in tests: what it says is always right, if not always heard."""

from collections.abc import Mapping

from squall.sim.exchange.wire.orders import (
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusRequest,
)
from squall.sim.exchange.wire.reports import Execution, ExecutionReport, OrderCancelReject, OrderStatusReport
from squall.sim.exchange.wire.words import CxlRejReason, ExecType, OrdRejReason, OrdStatus, Side

Request = NewOrderSingle | OrderCancelRequest | OrderCancelReplaceRequest | OrderStatusRequest
"""What an OMS may write to a venue."""
Said = ExecutionReport | OrderCancelReject | OrderStatusReport
"""What a venue may say."""


class VenueOrder:
    """An order of the venue's, with every execution that it ever had."""

    def __init__(self, request: NewOrderSingle, number: int) -> None:
        self.request = request
        self.order_id = f"order-{number}"
        self.cl_ord_id = request.cl_ord_id
        self.quantity_lots = request.quantity_lots
        self.price_half_ticks = request.price_half_ticks
        self.executions: dict[str, Execution] = {}
        self.end: OrdStatus | None = None
        """What ended it, fills apart."""

    @property
    def side(self) -> Side:
        return self.request.side

    @property
    def cum_lots(self) -> int:
        return sum(execution.lots for execution in self.executions.values())

    @property
    def notional(self) -> int:
        """Price times lots of all that stands, in half tick × lot."""
        return sum(execution.lots * execution.price_half_ticks for execution in self.executions.values())

    @property
    def leaves_lots(self) -> int:
        return 0 if self.end is not None else self.quantity_lots - self.cum_lots

    @property
    def status(self) -> OrdStatus:
        if self.end is not None:
            return self.end
        if not self.leaves_lots:
            return OrdStatus.FILLED
        return OrdStatus.PARTIALLY_FILLED if self.cum_lots else OrdStatus.NEW

    @property
    def ended(self) -> bool:
        return not self.leaves_lots


class LivesVenue:
    """Answers requests, and executes, expires, cancels, busts and corrects when it is told to.

    It holds a price as good as another: nothing is matched. A ClOrdID that was seen is refused.
    """

    def __init__(self) -> None:
        self.orders: dict[str, VenueOrder] = {}
        """By the first ClOrdID, in order of arrival; those that were refused are not among them."""
        self.said: list[Said] = []
        """What is on its way to the OMS, the oldest first."""
        self._names: dict[str, VenueOrder | None] = {}
        """Every ClOrdID that was ever used, replaces included; None for that of an order that was refused."""
        self._reports = 0

    @property
    def standing(self) -> tuple[VenueOrder, ...]:
        """Orders that may still trade."""
        return tuple(order for order in self.orders.values() if not order.ended)

    @property
    def executions(self) -> Mapping[str, VenueOrder]:
        """Every execution that was not revised yet, and whose it is: none is revised twice."""
        return {
            exec_id: order
            for order in self.orders.values()
            for exec_id, execution in order.executions.items()
            if not execution.revised_by
        }

    # --- requests ---

    def take(self, request: Request, refuse: bool = False) -> None:
        """Act upon a request. *refuse*: turn down a new order, or call a cancel or replace too late, for no reason."""
        match request:
            case NewOrderSingle():
                self._new(request, refuse)
            case OrderCancelRequest():
                order = self._names.get(request.orig_cl_ord_id)
                if order is None or order.ended or refuse:
                    self._reject_cancel(request, order, to_replace=False)
                else:
                    order.end = OrdStatus.CANCELED
                    self._report(order, ExecType.CANCELED, orig_cl_ord_id=request.orig_cl_ord_id)
            case OrderCancelReplaceRequest():
                self._replace(request, refuse)
            case OrderStatusRequest():
                self.said.append(self._status(request))

    def _new(self, request: NewOrderSingle, refuse: bool) -> None:
        name = request.cl_ord_id
        order = VenueOrder(request, len(self._names) + 1)
        if name in self._names:
            self._report(order, ExecType.REJECTED, OrdStatus.REJECTED, reason=OrdRejReason.DUPLICATE_ORDER)
        elif refuse:
            self._names[name] = None
            self._report(order, ExecType.REJECTED, OrdStatus.REJECTED, reason=OrdRejReason.EXCHANGE_CLOSED)
        else:
            self._names[name] = self.orders[name] = order
            self._report(order, ExecType.NEW)

    def _replace(self, request: OrderCancelReplaceRequest, refuse: bool) -> None:
        order = self._names.get(request.orig_cl_ord_id)
        latest = order is not None and order.cl_ord_id == request.orig_cl_ord_id
        if order is None or order.ended or refuse or not latest or request.quantity_lots <= order.cum_lots:
            self._reject_cancel(request, order, to_replace=True)
            return
        self._names[request.cl_ord_id] = order
        order.cl_ord_id, order.quantity_lots = request.cl_ord_id, request.quantity_lots
        order.price_half_ticks = request.price_half_ticks
        self._report(
            order,
            ExecType.REPLACED,
            orig_cl_ord_id=request.orig_cl_ord_id,
            order_lots=order.quantity_lots,
            price_half_ticks=order.price_half_ticks,
        )

    def _reject_cancel(
        self, request: OrderCancelRequest | OrderCancelReplaceRequest, order: VenueOrder | None, to_replace: bool
    ) -> None:
        reason = CxlRejReason.UNKNOWN_ORDER if order is None else CxlRejReason.TOO_LATE
        status = None if order is None else order.status
        self.said.append(
            OrderCancelReject(request.cl_ord_id, request.orig_cl_ord_id, reason, to_replace, ord_status=status)
        )

    def _status(self, request: OrderStatusRequest) -> OrderStatusReport:
        order = self._names.get(request.cl_ord_id)
        if order is None:
            status = OrdStatus.REJECTED if request.cl_ord_id in self._names else None
            return OrderStatusReport(request.cl_ord_id, request.attempt, status)
        return OrderStatusReport(
            cl_ord_id=request.cl_ord_id,
            attempt=request.attempt,
            status=order.status,
            cum_lots=order.cum_lots,
            leaves_lots=order.leaves_lots,
            executions=tuple(order.executions.values()),
            latest_cl_ord_id=order.cl_ord_id,
            order_lots=order.quantity_lots,
            price_half_ticks=order.price_half_ticks,
        )

    # --- what it does of its own accord ---

    def execute(self, order: VenueOrder, lots: int, price_half_ticks: int) -> None:
        """A trade; no more than what is left."""
        lots = min(lots, order.leaves_lots)
        exec_id = f"trade-{self._reports + 1}"
        order.executions[exec_id] = Execution(exec_id, lots, price_half_ticks)
        self._report(order, ExecType.TRADE, exec_id=exec_id, last_lots=lots, last_price_half_ticks=price_half_ticks)

    def end(self, order: VenueOrder, status: OrdStatus) -> None:
        """Cancel it unasked, or let it expire."""
        order.end = status
        self._report(order, ExecType.EXPIRED if status is OrdStatus.EXPIRED else ExecType.CANCELED)

    def bust(self, exec_id: str) -> None:
        """Declare a trade void: its lots go back to work, unless the order has ended."""
        order = self.executions[exec_id]
        was = order.executions[exec_id]
        if order.ended and order.end is None:
            order.end = OrdStatus.CANCELED
        self._revise(order, was, ExecType.TRADE_CANCEL, 0, was.price_half_ticks)

    def correct(self, exec_id: str, price_half_ticks: int) -> None:
        """Set the price of a trade right."""
        order = self.executions[exec_id]
        was = order.executions[exec_id]
        self._revise(order, was, ExecType.TRADE_CORRECT, was.lots, price_half_ticks)

    def _revise(self, order: VenueOrder, was: Execution, exec_type: ExecType, lots: int, price_half_ticks: int) -> None:
        revision = f"revision-{self._reports + 1}"
        order.executions[was.exec_id] = Execution(was.exec_id, lots, price_half_ticks, revised_by=revision)
        self._report(
            order,
            exec_type,
            exec_id=revision,
            exec_ref_id=was.exec_id,
            last_lots=was.lots,
            last_price_half_ticks=price_half_ticks,
        )

    def _report(
        self,
        order: VenueOrder,
        exec_type: ExecType,
        status: OrdStatus | None = None,
        exec_id: str | None = None,
        reason: OrdRejReason | None = None,
        last_lots: int = 0,
        last_price_half_ticks: int = 0,
        orig_cl_ord_id: str = "",
        exec_ref_id: str = "",
        order_lots: int = 0,
        price_half_ticks: int | None = None,
    ) -> None:
        self._reports += 1
        self.said.append(
            ExecutionReport(
                exec_id=exec_id or f"report-{self._reports}",
                exec_type=exec_type,
                ord_status=status or order.status,
                cl_ord_id=order.cl_ord_id,
                order_id=order.order_id,
                symbol=order.request.symbol,
                side=order.side,
                cum_lots=order.cum_lots,
                leaves_lots=order.leaves_lots,
                last_lots=last_lots,
                last_price_half_ticks=last_price_half_ticks,
                reason=reason,
                orig_cl_ord_id=orig_cl_ord_id,
                exec_ref_id=exec_ref_id,
                order_lots=order_lots,
                price_half_ticks=price_half_ticks,
            )
        )
