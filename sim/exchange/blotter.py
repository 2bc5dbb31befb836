"""What becomes of client orders at a venue: acceptance, trades, replaces, ends, busts; told, copied and observed."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from squall.sim.exchange.drop_copy import Trades
from squall.sim.exchange.engine import Engine
from squall.sim.exchange.ledger import History, Ledger, LiveOrder, cl_ord_id_of
from squall.sim.exchange.rules import Report
from squall.sim.exchange.wire.messages import (
    CxlRejReason,
    ExecType,
    Execution,
    ExecutionReport,
    Level,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrdRejReason,
    OrdStatus,
    Print,
    Side,
    Tariff,
    TradeCaptureReport,
)
from squall.sim.program import Machine
from squall.sim.trace import (
    Event,
    VenueAccepted,
    VenueClosed,
    VenueExecuted,
    VenueRefused,
    VenueReplaced,
)

_NOT_REPLACED: Final = {
    OrdRejReason.INVALID_QUANTITY: CxlRejReason.INVALID_QUANTITY,
    OrdRejReason.INVALID_PRICE: CxlRejReason.INVALID_PRICE,
}


class Terms(Struct, frozen=True):
    """On which a venue deals."""

    venue: str
    refuse_duplicates: bool
    tariff: Tariff


class Blotter:
    """Acts upon requests, and on what the engine and the venue's own staff do; the venue itself is who it tells.

    What orders and trades come to goes to the trace as observed records: that is the oracle.
    """

    def __init__(
        self,
        machine: Machine,
        terms: Terms,
        engine: Engine,
        observe: Callable[[Event], int],
        send: Callable[[str, Report], None],
        copy: Callable[[TradeCaptureReport], None],
        public: Callable[[str, tuple[Level, ...], tuple[Print, ...], int], None],
    ) -> None:
        """*send* tells a client by its name; *copy* gets every trade, bust and correction; *public* each step."""
        self._machine = machine
        self._terms = terms
        self._venue = terms.venue
        self._engine = engine
        self._observe = observe
        self.send = send
        self._copy = copy
        self._public = public
        self.ledger = Ledger(terms.venue)
        self.trades = Trades()
        self.is_closed = False

    # --- requests ---

    def enter(self, sender: str, order: NewOrderSingle, refusal: OrdRejReason | None = None) -> None:
        """A new order, which may be refused for good out of hand."""
        history = self.ledger.history(order.cl_ord_id)
        if history is not None and self._terms.refuse_duplicates:
            self._refuse(sender, order, history, OrdRejReason.DUPLICATE_ORDER)
            return
        live = self.ledger.open(order, sender)
        entering = order if live.key == order.cl_ord_id else replace(order, cl_ord_id=live.key)
        if refusal is None and self.is_closed:
            refusal = OrdRejReason.EXCHANGE_CLOSED
        if refusal is None:
            self._engine.enter(entering)
        else:
            self.on_refused(entering, refusal)

    def cancel(self, sender: str, request: OrderCancelRequest) -> None:
        """Any name of its chain finds the order."""
        canceled = 0
        for live in self.ledger.live_of(request.orig_cl_ord_id):
            canceled += self.end(live, asked=True)
        if not canceled:
            history = self.ledger.history(request.orig_cl_ord_id)
            reason = CxlRejReason.TOO_LATE if history is not None else CxlRejReason.UNKNOWN_ORDER
            self._refuse_change(sender, request, history, reason)

    def replace(self, sender: str, request: OrderCancelReplaceRequest) -> None:
        """Another quantity or price, under another name; fewer lots at the same price keep the order's place."""
        history = self.ledger.history(request.orig_cl_ord_id)
        lives = self.ledger.live_of(request.orig_cl_ord_id)
        reason = self._why_not_replaced(request, history, lives)
        if reason is not None:
            self._refuse_change(sender, request, history, reason)
            return
        live = lives[0]
        before = live.order
        stop = before.stop_price_half_ticks if request.stop_price_half_ticks is None else request.stop_price_half_ticks
        order = replace(
            before,
            cl_ord_id=request.cl_ord_id,
            quantity_lots=request.quantity_lots,
            price_half_ticks=request.price_half_ticks,
            stop_price_half_ticks=stop,
        )
        leaves_lots = request.quantity_lots - live.cum_lots
        entering = replace(order, cl_ord_id=live.key)
        refusal = self._engine.refusal(entering)
        if refusal is not None:
            reason = _NOT_REPLACED.get(refusal, CxlRejReason.NOT_REPLACEABLE)
            self._refuse_change(sender, request, history, reason)
            return
        keeps_its_place = self._engine.amend(entering, leaves_lots)
        if not keeps_its_place:
            self._engine.take_out(live.key)
        self.ledger.rename(live, order)
        live.history.leaves_lots += leaves_lots - live.leaves_lots
        live.leaves_lots = leaves_lots
        self.remember(live)
        self._observe(
            VenueReplaced(
                venue=self._venue,
                cl_ord_id=order.cl_ord_id,
                orig_cl_ord_id=before.cl_ord_id,
                cl_ord_link_id=order.cl_ord_link_id,
                lots=order.quantity_lots,
                leaves_lots=leaves_lots,
                price_half_ticks=order.price_half_ticks,
            )
        )
        self.tell(live, ExecType.REPLACED, orig_cl_ord_id=before.cl_ord_id, anew=True)
        if not keeps_its_place:
            self._engine.put_back(entering, leaves_lots)

    def _why_not_replaced(
        self, request: OrderCancelReplaceRequest, history: History | None, lives: list[LiveOrder]
    ) -> CxlRejReason | None:
        if history is None or history.latest != request.orig_cl_ord_id:
            return CxlRejReason.UNKNOWN_ORDER
        if self.ledger.history(request.cl_ord_id) is not None:
            return CxlRejReason.DUPLICATE_ORDER
        if not lives:
            return CxlRejReason.TOO_LATE
        live = lives[0]
        if live.held is not None or len(lives) > 1 or self.is_closed:
            return CxlRejReason.NOT_REPLACEABLE
        if request.quantity_lots <= 0:
            return CxlRejReason.INVALID_QUANTITY
        return CxlRejReason.TOO_LATE if request.quantity_lots <= live.cum_lots else None

    def _refuse_change(
        self,
        sender: str,
        request: OrderCancelRequest | OrderCancelReplaceRequest,
        history: History | None,
        reason: CxlRejReason,
    ) -> None:
        self.send(
            sender,
            OrderCancelReject(
                request.cl_ord_id,
                request.orig_cl_ord_id,
                reason,
                isinstance(request, OrderCancelReplaceRequest),
                None if history is None else history.status,
            ),
        )

    # --- what the engine tells ---

    def on_accepted(self, order: NewOrderSingle) -> None:
        live = self._live(order)
        order, history = live.order, live.history
        live.leaves_lots = order.quantity_lots
        live.accepted_ns = self._machine.now_ns
        history.accepted += 1
        history.leaves_lots += order.quantity_lots
        self.remember(live)
        self._observe(
            VenueAccepted(
                venue=self._venue,
                cl_ord_id=order.cl_ord_id,
                cl_ord_link_id=order.cl_ord_link_id,
                symbol=order.symbol,
                buy=order.side is Side.BUY,
                lots=order.quantity_lots,
                price_half_ticks=order.price_half_ticks if order.ord_type.has_limit else None,
                ioc=not order.time_in_force.rests,
            )
        )
        self.tell(live, ExecType.NEW)

    def on_triggered(self, order: NewOrderSingle) -> None:
        live = self._live(order)
        live.order = replace(live.order, ord_type=order.ord_type)

    def on_refused(self, order: NewOrderSingle, reason: OrdRejReason) -> None:
        live = self._live(order)
        self.ledger.close(order.cl_ord_id)
        self._refuse(live.sender, live.order, live.history, reason)

    def on_executed(
        self, order: NewOrderSingle, lots: int, price_half_ticks: int, leaves_lots: int, *, takes: bool
    ) -> None:
        live = self._live(order)
        # Who names a minimum quantity is not given less of it in a piece.
        if lots > 1 and not order.min_lots and self._machine.buggify("small pieces", order.cl_ord_id, live.cum_lots):
            self.execute(live, 1, price_half_ticks, leaves_lots + lots - 1, takes)
            lots -= 1
        self.execute(live, lots, price_half_ticks, leaves_lots, takes)

    def execute(self, live: LiveOrder, lots: int, price_half_ticks: int, leaves_lots: int, takes: bool) -> None:
        """The order traded, by whatever way."""
        order, history = live.order, live.history
        cl_ord_id = order.cl_ord_id
        exec_id = self.ledger.next_exec_id(cl_ord_id, history)
        fee, rested = self._terms.tariff.fee(lots, takes), not takes
        live.cum_lots += lots
        live.leaves_lots = leaves_lots
        history.cum_lots += lots
        history.leaves_lots -= lots
        history.settle(OrdStatus.FILLED)
        history.executions = (*history.executions, Execution(exec_id, lots, price_half_ticks, fee, rested=rested))
        self._observe(
            VenueExecuted(
                venue=self._venue,
                exec_id=exec_id,
                cl_ord_id=cl_ord_id,
                cl_ord_link_id=order.cl_ord_link_id,
                symbol=order.symbol,
                buy=order.side is Side.BUY,
                lots=lots,
                price_half_ticks=price_half_ticks,
                fee=fee,
                rested=rested,
            )
        )
        if not leaves_lots:
            self.ledger.close(live.key)
            self._observe(VenueClosed(self._venue, cl_ord_id, order.cl_ord_link_id, 0))
        status = OrdStatus.PARTIALLY_FILLED if leaves_lots else OrdStatus.FILLED
        report = ExecutionReport(
            exec_id,
            ExecType.TRADE,
            status,
            cl_ord_id,
            self.order_id_of(history),
            order.symbol,
            order.side,
            live.cum_lots,
            leaves_lots,
            lots,
            price_half_ticks,
            None,
            self._machine.now_ns,
            fee=fee,
            rested=rested,
        )
        self.send(live.sender, report)
        self.record(live.sender, live.key, order.cl_ord_link_id, report)

    def on_closed(self, order: NewOrderSingle, leaves_lots: int) -> None:
        live = self.ledger.live(order.cl_ord_id)
        if live is None:
            # Left by a Venue that went down with its host: its owner will ask, and hear that we know nothing.
            cl_ord_id = cl_ord_id_of(order.cl_ord_id)
            self._observe(VenueClosed(self._venue, cl_ord_id, order.cl_ord_link_id, leaves_lots))
            return
        self.ended(live, ExecType.CANCELED, OrdStatus.CANCELED)

    def on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None:
        self._public(symbol, levels, prints, source_id)

    # --- ends ---

    def ended(self, live: LiveOrder, exec_type: ExecType, status: OrdStatus) -> None:
        """What is left of the order will not be executed."""
        order, history, leaves_lots = live.order, live.history, live.leaves_lots
        history.leaves_lots -= leaves_lots
        live.leaves_lots = 0
        history.settle(status)
        self.ledger.close(live.key)
        self._observe(VenueClosed(self._venue, order.cl_ord_id, order.cl_ord_link_id, leaves_lots))
        self.tell(live, exec_type, status, order.cl_ord_id if live.asked_to_cancel else "")

    def end(self, live: LiveOrder, asked: bool = False, expired: bool = False) -> bool:
        """Cancel an order, or let it expire. The engine tells of one that it has and that is cancelled."""
        live.asked_to_cancel = asked
        if live.held is None and not expired:
            return self._engine.cancel(live.key)
        if live.held is None:
            self._engine.take_out(live.key)
        if expired:
            self.ended(live, ExecType.EXPIRED, OrdStatus.EXPIRED)
        else:
            self.ended(live, ExecType.CANCELED, OrdStatus.CANCELED)
        return True

    # --- telling ---

    def order_id_of(self, history: History) -> str:
        """The venue's own name for an order, the same through all replaces."""
        return f"{self._venue}-{history.root}"

    def record(self, sender: str, key: str, cl_ord_link_id: str, report: ExecutionReport) -> None:
        """Number what is a trade, a bust or a correction, and hand it on to whoever watches."""
        self._copy(self.trades.add(self._venue, sender, key, cl_ord_link_id, report))

    def _refuse(self, sender: str, order: NewOrderSingle, history: History, reason: OrdRejReason) -> None:
        """Say no. The history of a ClOrdID that was accepted before stays what it is."""
        self._observe(VenueRefused(self._venue, order.cl_ord_id, reason.value))
        report = ExecutionReport(
            exec_id=self.ledger.next_exec_id(order.cl_ord_id, history),
            exec_type=ExecType.REJECTED,
            ord_status=OrdStatus.REJECTED,
            cl_ord_id=order.cl_ord_id,
            order_id=f"{self._venue}-{order.cl_ord_id}",
            symbol=order.symbol,
            side=order.side,
            cum_lots=0,
            leaves_lots=0,
            reason=reason,
            transact_time_ns=self._machine.now_ns,
        )
        self.send(sender, report)

    def tell_pending(self, request: OrderCancelRequest | OrderCancelReplaceRequest) -> None:
        """The request has come, and will be looked at: the order stands as it was until then."""
        for live in self.ledger.live_of(request.orig_cl_ord_id):
            if isinstance(request, OrderCancelRequest):
                self.tell(live, ExecType.PENDING_CANCEL, OrdStatus.PENDING_CANCEL)
            else:
                self.tell(live, ExecType.PENDING_REPLACE, OrdStatus.PENDING_REPLACE)

    def tell(
        self,
        live: LiveOrder,
        exec_type: ExecType,
        status: OrdStatus | None = None,
        orig_cl_ord_id: str = "",
        anew: bool = False,
    ) -> None:
        """How the order stands; *anew*: with its quantity and limit."""
        order = live.order
        report = ExecutionReport(
            self.ledger.next_exec_id(order.cl_ord_id, live.history),
            exec_type,
            live.status if status is None else status,
            order.cl_ord_id,
            self.order_id_of(live.history),
            order.symbol,
            order.side,
            live.cum_lots,
            live.leaves_lots,
            0,
            live.stopped_at_half_ticks if exec_type is ExecType.STOPPED else 0,
            None,
            self._machine.now_ns,
            orig_cl_ord_id,
            order_lots=order.quantity_lots if anew else 0,
            price_half_ticks=order.price_half_ticks if anew else None,
        )
        self.send(live.sender, report)

    def remember(self, live: LiveOrder) -> None:
        """Keep what a question about the order will be answered with."""
        history = live.history
        history.order_lots = live.order.quantity_lots
        history.price_half_ticks = live.order.price_half_ticks if live.order.ord_type.has_limit else None
        history.settle(OrdStatus.NEW, live.held)

    def _live(self, order: NewOrderSingle) -> LiveOrder:
        live = self.ledger.live(order.cl_ord_id)
        if live is None:
            raise KeyError(f"{self._venue}: the engine speaks of {order.cl_ord_id!r}, which is not live here")
        return live
