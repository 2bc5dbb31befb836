"""A venue's own staff: suspends and cancels orders, busts and corrects trades, ends the day and begins the next."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from squall.sim.exchange.blotter import Blotter
from squall.sim.exchange.drop_copy import Trade, as_open
from squall.sim.exchange.engine import Engine
from squall.sim.exchange.ledger import History, LiveOrder
from squall.sim.exchange.staff import Handle, Held
from squall.sim.exchange.wire.messages import (
    ExecType,
    ExecutionReport,
    NewOrderSingle,
    OrdStatus,
    Side,
    TimeInForce,
)
from squall.sim.program import Machine
from squall.sim.trace import Event, VenueBusted, VenueCorrected

BUST: Final = "bust"
CORRECT: Final = "correct"


class House:
    """The `Staff` of a venue. Orders and trades are the blotter's; this is what may be done to them unasked."""

    def __init__(
        self, machine: Machine, venue: str, engine: Engine, blotter: Blotter, observe: Callable[[Event], int]
    ) -> None:
        self._machine = machine
        self._venue = venue
        self._engine = engine
        self._blotter = blotter
        self._ledger = blotter.ledger
        self._observe = observe

    def open_orders(self) -> tuple[Handle, ...]:
        """All orders of clients that are at work or held back, the oldest first."""
        return tuple(Handle(live.key, live.sender, as_open(live)) for live in self._ledger.live_orders)

    def cancel(self, key: str) -> bool:
        """Cancel an order that nobody asked to have cancelled."""
        live = self._ledger.live(key)
        return live is not None and self._blotter.end(live)

    def hold(self, key: str, held: Held) -> bool:
        """Take an order out of the market."""
        live = self._ledger.live(key)
        return live is not None and self._hold(live, held)

    def _hold(self, live: LiveOrder, held: Held | None) -> bool:
        """None is done for the day."""
        if live.held is not None:
            return False
        if held == "stopped":
            price = self._price_now(live.order)
            if price is None:
                return False
            live.stopped_at_half_ticks = price
        if not self._engine.take_out(live.key):
            return False
        live.held, exec_type = {
            "suspended": (OrdStatus.SUSPENDED, ExecType.SUSPENDED),
            "stopped": (OrdStatus.STOPPED, ExecType.STOPPED),
            None: (OrdStatus.DONE_FOR_DAY, ExecType.DONE_FOR_DAY),
        }[held]
        self._blotter.remember(live)
        self._blotter.tell(live, exec_type)
        return True

    def _price_now(self, order: NewOrderSingle) -> int | None:
        """The best price on the other side, within the order's limit; its limit where that side is empty."""
        touch = self._engine.touch(order.symbol)
        if not any(touch):
            return None  # a venue that shows nothing guarantees nothing
        price = touch[2] if order.side is Side.BUY else touch[0]
        limit = order.price_half_ticks
        if order.ord_type.has_stop or (not price and limit is None):
            return None
        if not price or (limit is not None and (price - limit) * order.side.sign > 0):
            return limit
        return price

    def release(self, key: str) -> bool:
        """Let a held order go to work again; one that is stopped is executed at its price."""
        live = self._ledger.live(key)
        return live is not None and live.held is not OrdStatus.DONE_FOR_DAY and self._release(live)

    def _release(self, live: LiveOrder) -> bool:
        held, live.held = live.held, None
        if held is None:
            return False
        self._blotter.remember(live)
        if held is OrdStatus.STOPPED:
            self._blotter.execute(live, live.leaves_lots, live.stopped_at_half_ticks, 0, takes=False)
            return True
        self._blotter.tell(live, ExecType.RESTATED, anew=True)
        self._engine.put_back(replace(live.order, cl_ord_id=live.key), live.leaves_lots)
        return True

    def close(self) -> int:
        """The day ends for every order of a client."""
        self._blotter.is_closed = True
        orders = self._ledger.live_orders
        for live in orders:
            if live.order.time_in_force is TimeInForce.GTC:
                if live.held is OrdStatus.SUSPENDED:
                    live.held = OrdStatus.DONE_FOR_DAY
                    self._blotter.remember(live)
                    self._blotter.tell(live, ExecType.DONE_FOR_DAY)
                else:
                    self._hold(live, None)
            elif live.held is OrdStatus.STOPPED:
                self._release(live)
            else:
                self._blotter.end(live, expired=True)
        return len(orders)

    def reopen(self) -> int:
        """The next day begins: what is done for the day goes to work again."""
        self._blotter.is_closed = False
        orders = [live for live in self._ledger.live_orders if live.held is OrdStatus.DONE_FOR_DAY]
        for live in orders:
            self._release(live)
        return len(orders)

    def bust(self, exec_id: str, after_ns: int = 0) -> bool:
        """Declare a trade void; what it had filled of an order that is still open goes to work again."""
        if after_ns:
            self._machine.set_timer(after_ns, (BUST, exec_id, 0))
            return True
        trade = self._revisable(exec_id)
        if trade is None:
            return False
        was = trade.report
        history, live = self._orders_of(trade)
        by = self._ledger.next_exec_id(was.cl_ord_id, history)
        history.cum_lots -= was.last_lots
        history.revise(exec_id, 0, was.last_price_half_ticks, 0, by)
        at_work = False
        if live is not None:
            at_work = live.held is None and bool(self._engine.take_out(live.key))
            live.cum_lots -= was.last_lots
            live.leaves_lots += was.last_lots
            history.leaves_lots += was.last_lots
            history.settle(OrdStatus.FILLED, live.held)
        elif history.status is OrdStatus.FILLED:
            history.status = OrdStatus.CANCELED
        self._observe(
            VenueBusted(
                venue=self._venue,
                exec_id=by,
                exec_ref_id=exec_id,
                cl_ord_id=was.cl_ord_id,
                cl_ord_link_id=was.cl_ord_link_id,
                symbol=was.symbol,
                buy=was.side is Side.BUY,
                lots=was.last_lots,
                price_half_ticks=was.last_price_half_ticks,
                fee=was.fee,
            )
        )
        self._tell_revision(trade, history, ExecType.TRADE_CANCEL, by, was.last_price_half_ticks, was.fee)
        if live is not None and at_work:
            self._engine.put_back(replace(live.order, cl_ord_id=live.key), live.leaves_lots)
        return True

    def correct(self, exec_id: str, by_half_ticks: int, after_ns: int = 0) -> bool:
        """Set the price of a trade right."""
        if after_ns:
            self._machine.set_timer(after_ns, (CORRECT, exec_id, by_half_ticks))
            return True
        trade = self._revisable(exec_id, by_half_ticks)
        if trade is None:
            return False
        was = trade.report
        price = was.last_price_half_ticks + by_half_ticks
        history, _ = self._orders_of(trade)
        by = self._ledger.next_exec_id(was.cl_ord_id, history)
        history.revise(exec_id, was.last_lots, price, was.fee, by)
        self._observe(
            VenueCorrected(
                venue=self._venue,
                exec_id=by,
                exec_ref_id=exec_id,
                cl_ord_id=was.cl_ord_id,
                cl_ord_link_id=was.cl_ord_link_id,
                symbol=was.symbol,
                buy=was.side is Side.BUY,
                lots=was.last_lots,
                price_half_ticks=price,
                was_lots=was.last_lots,
                was_price_half_ticks=was.last_price_half_ticks,
            )
        )
        self._tell_revision(trade, history, ExecType.TRADE_CORRECT, by, price, was.fee)
        return True

    def on_timer(self, deed: str, exec_id: str, by_half_ticks: int) -> None:
        """What was put off is due."""
        if deed == BUST:
            self.bust(exec_id)
        else:
            self.correct(exec_id, by_half_ticks)

    def _revisable(self, exec_id: str, by_half_ticks: int = 0) -> Trade | None:
        trade = self._blotter.trades.find(exec_id)
        if trade is None or trade.revised or trade.report.exec_type is not ExecType.TRADE:
            return None
        if trade.report.last_price_half_ticks + by_half_ticks <= 0:
            return None
        trade.revised = True
        return trade

    def _orders_of(self, trade: Trade) -> tuple[History, LiveOrder | None]:
        history = self._ledger.history(trade.report.cl_ord_id)
        assert history is not None, "a trade's order is remembered for good"
        return history, self._ledger.live(trade.key)

    def _tell_revision(
        self, trade: Trade, history: History, exec_type: ExecType, by: str, price_half_ticks: int, fee: int
    ) -> None:
        was = trade.report
        live = self._ledger.live(trade.key)
        report = ExecutionReport(
            exec_id=by,
            exec_type=exec_type,
            ord_status=history.status,
            cl_ord_id=history.latest,
            order_id=self._blotter.order_id_of(history),
            symbol=was.symbol,
            side=was.side,
            cum_lots=history.cum_lots if live is None else live.cum_lots,
            leaves_lots=0 if live is None else live.leaves_lots,
            last_lots=was.last_lots,
            last_price_half_ticks=price_half_ticks,
            transact_time_ns=self._machine.now_ns,
            exec_ref_id=was.exec_id,
            fee=fee,
        )
        self._blotter.send(was.of, report)
        self._blotter.record(was.of, trade.key, was.cl_ord_link_id, report)
