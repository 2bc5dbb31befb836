"""The drop copy: each client's trades once more, numbered, for whoever watches over it on a stream of its own."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from squall.sim.exchange.ledger import LiveOrder
from squall.sim.exchange.rules import Rules
from squall.sim.exchange.wire.messages import (
    DropCopyHeartbeat,
    ExecutionReport,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    TradeCaptureReport,
    TradeCaptureReportRequest,
    TradeCaptureReportRequestAck,
    VenueOpenOrder,
)
from squall.sim.program import Machine

COPY: Final = "copy"
MAX_TRADES_KEPT: Final = 20_000
"""Of one client: older ones cannot be asked for, busted or corrected any more."""


class Trade(Struct):
    """A trade, and the engine's key of the order that it is one of."""

    report: TradeCaptureReport
    key: str
    revised: bool = False


class Trades:
    """The latest trades, busts and corrections of each client, in order, by number and by ExecID."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, Trade]] = {}
        self._last: dict[str, int] = {}
        self._by_exec_id: dict[str, Trade] = {}
        self.find: Callable[[str], Trade | None] = self._by_exec_id.get
        """The trade of this ExecID."""

    def last_number(self, client: str) -> int:
        """Of the client's latest trade; 0 where there has been none."""
        return self._last.get(client, 0)

    def add(
        self, venue: str, client: str, key: str, cl_ord_link_id: str, report: ExecutionReport
    ) -> TradeCaptureReport:
        """The client's next one, as it was reported."""
        number = self.last_number(client) + 1
        trade = TradeCaptureReport(
            venue,
            client,
            number,
            report.exec_type,
            report.exec_id,
            report.exec_ref_id,
            report.cl_ord_id,
            cl_ord_link_id,
            report.symbol,
            report.side,
            report.last_lots,
            report.last_price_half_ticks,
            report.fee,
            report.cum_lots,
            report.transact_time_ns,
            report.rested,
        )
        self._keep(trade, key)
        return trade

    def _keep(self, report: TradeCaptureReport, key: str) -> None:
        trades = self._of.setdefault(report.of, {})
        trades[report.number] = self._by_exec_id[report.exec_id] = Trade(report, key)
        self._last[report.of] = report.number
        if len(trades) > MAX_TRADES_KEPT:
            oldest = trades.pop(next(iter(trades)))
            del self._by_exec_id[oldest.report.exec_id]

    def after(self, client: str, number: int) -> list[TradeCaptureReport]:
        """All that are kept with a higher number, in order."""
        trades = self._of.get(client, {})
        wanted = range(number + 1, self.last_number(client) + 1)
        return [trades[each].report for each in wanted if each in trades]


class DropCopies:
    """Who watches whom. A watcher that was not there when something happened asks for it by number."""

    def __init__(
        self, machine: Machine, trades: Trades, rules: Rules, live: Callable[[], tuple[LiveOrder, ...]]
    ) -> None:
        self._machine = machine
        self._trades = trades
        self._rules = rules
        self._live = live
        self._watchers: dict[str, str] = {}
        """Peer to the client that it watches."""
        self._held: dict[tuple[str, int], TradeCaptureReport] = {}
        self._beats = 0

    def subscribe(self, peer: str, request: TradeCaptureReportRequest) -> None:
        """Send what was asked for, and from now on what happens."""
        self._watchers[peer] = request.of
        last = self._trades.last_number(request.of)
        self._machine.write(peer, TradeCaptureReportRequestAck(request.of, request.attempt, last))
        for trade in self._trades.after(request.of, request.after):
            self._machine.write(peer, trade)

    def copy(self, trade: TradeCaptureReport) -> None:
        """Something happened: tell who watches, as far as the rules let it through."""
        for peer, client in self._watchers.items():
            if client != trade.of:
                continue
            fate = self._rules.on_copy(trade)
            if fate.discard:
                continue
            if fate.delay_ns:
                self._held[peer, trade.number] = trade
                self._machine.set_timer(fate.delay_ns, (COPY, peer, trade.number))
            else:
                self._machine.write(peer, trade)

    def on_timer(self, peer: str, number: int) -> None:
        """One that was held back is due."""
        trade = self._held.pop((peer, number), None)
        if trade is not None and peer in self._watchers:
            self._machine.write(peer, trade)

    def mass_status(self, peer: str, request: OrderMassStatusRequest) -> None:
        """Answer with every order of the client that may still trade."""
        orders = tuple(as_open(live) for live in self._live() if live.sender == request.of)
        last = self._trades.last_number(request.of)
        self._machine.write(
            peer, OrderMassStatusReport(request.of, request.attempt, orders, last, self._machine.now_ns)
        )

    def beat(self) -> None:
        """The number of the latest trade, to everybody who watches."""
        self._beats += 1
        for peer, client in self._watchers.items():
            self._machine.write(peer, DropCopyHeartbeat(client, self._trades.last_number(client), self._beats))

    def hung_up(self, peer: str) -> None:
        """The stream is gone."""
        self._watchers.pop(peer, None)


def as_open(live: LiveOrder) -> VenueOpenOrder:
    """A live order as the venue publishes it."""
    order = live.order
    return VenueOpenOrder(
        cl_ord_id=order.cl_ord_id,
        cl_ord_link_id=order.cl_ord_link_id,
        symbol=order.symbol,
        side=order.side,
        ord_type=order.ord_type,
        time_in_force=order.time_in_force,
        price_half_ticks=order.price_half_ticks,
        order_lots=order.quantity_lots,
        cum_lots=live.cum_lots,
        leaves_lots=live.leaves_lots,
        status=live.status,
        accepted_ns=live.accepted_ns,
    )
