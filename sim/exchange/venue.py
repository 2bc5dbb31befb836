"""A venue: order-entry sessions, an application that may misbehave, an engine of any kind, and its feed."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from squall.sim.exchange.engine import Engine
from squall.sim.exchange.feed import LATE_FEED, Feed
from squall.sim.exchange.ledger import History, Ledger, LiveOrder, cl_ord_id_of
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.rules import ApiRule, Refusal, Report, Request, Rules
from squall.sim.exchange.session import Session, Sessions
from squall.sim.exchange.stuffing import Flicker
from squall.sim.exchange.wire.messages import (
    BusinessReject,
    CxlRejReason,
    ExecType,
    Execution,
    ExecutionReport,
    Heartbeat,
    Level,
    Logon,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelRequest,
    OrderStatusRequest,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Print,
    Side,
    SnapshotRequest,
    TimeInForce,
)
from squall.sim.program import Machine
from squall.sim.trace import (
    Event,
    TouchChanged,
    Trace,
    VenueAccepted,
    VenueClosed,
    VenueExecuted,
    VenueIgnored,
    VenueRefused,
)

FEED_HEARTBEAT: Final = "feed-heartbeat"
SESSION_HEARTBEAT: Final = "session-heartbeat"
SNAPSHOT: Final = "snapshot"
LATE_SNAPSHOT_NS: Final = 60_000_000
LATE_CANCEL_NS: Final = 40_000_000
LATE_STATUS_NS: Final = 80_000_000
"""What `buggify` makes of a venue's haste."""


class VenueSpec(Struct, frozen=True):
    """What sets one venue apart. Subscribers are the addresses that each line's datagrams go to."""

    name: str
    address: str = ""
    """Of its order entry and snapshots; the name, unless another is given."""
    subscribers_a: tuple[str, ...] = ()
    subscribers_b: tuple[str, ...] = ()
    refuse_duplicates: bool = True
    """Refuse a ClOrdID that was ever seen here; otherwise it is another order of the same name."""
    heartbeat_interval_ns: int = 1_000_000_000
    feed_heartbeat_interval_ns: int = 100_000_000

    def __post_init__(self) -> None:
        if not self.address:
            force_setattr(self, "address", self.name)


class Venue:
    """The program of an exchange, and the `EngineListener` of whatever engine it is given.

    What its orders and trades come to goes to the trace as observed records: that is the oracle. Its own
    memory is a `Ledger`, and is lost with its host, as nothing is persisted: a fresh Venue on the same engine
    takes all client orders out of the books, knows no ClOrdID and counts its channel from 1.
    """

    def __init__(
        self, runtime: Machine, spec: VenueSpec, engine: Engine, trace: Trace, rules: Rules | None = None
    ) -> None:
        """Pass the same *rules* to the next Venue where faults are to outlive a crash of the host."""
        self.spec = spec
        self.engine = engine
        self.ledger = Ledger(spec.name)
        self._runtime = runtime
        self._observe: Callable[[Event], int] = partial(trace.observe, spec.name)
        self._rules = rules or Rules()
        self._rules.gate.forget_all()
        self.sessions = Sessions(runtime, spec.name, self._act, self._rules.gate, self._discarded)
        self._rules.hang_up = self.sessions.hang_up
        self._rules.flicker = Flicker(engine) if isinstance(engine, MatchingEngine) else None
        subscribers = (spec.subscribers_a, spec.subscribers_b)
        self.feed = Feed(runtime, spec.name, subscribers, engine, self._rules.feed, self._observe)
        self._touches: dict[str, tuple[int, int, int, int]] = {}

    def install(self, rule: ApiRule) -> Callable[[], None]:
        """Put a rule between sessions and application into force; returns what takes it out again."""
        return self._rules.install(rule)

    # --- Program ---

    def on_start(self) -> None:
        self.engine.listener = self
        self._runtime.set_timer(self.spec.feed_heartbeat_interval_ns, FEED_HEARTBEAT)
        self._runtime.set_timer(self.spec.heartbeat_interval_ns, SESSION_HEARTBEAT)
        self.engine.start()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case NewOrderSingle() | OrderStatusRequest() | OrderCancelRequest():
                self._take(sender, message)
            case Heartbeat():
                pass
            case Logon() if self._rules.refuses_logon():
                self._runtime.close(sender)
            case Logon():
                for request in self.sessions.log_on(sender, message):
                    self._ignored(request.identity, report=False)
            case SnapshotRequest():
                if self._runtime.buggify("late snapshot", message.identity):
                    self._runtime.set_timer(LATE_SNAPSHOT_NS, (SNAPSHOT, sender, message))
                else:
                    self.feed.snapshot(sender, message)
            case _:
                raise TypeError(f"{self.spec.name}: {type(message).__name__} is not a message to a venue")

    def on_timer(self, key: Hashable) -> None:
        if key == FEED_HEARTBEAT:
            self.feed.beat()
            self._runtime.set_timer(self.spec.feed_heartbeat_interval_ns, FEED_HEARTBEAT)
        elif key == SESSION_HEARTBEAT:
            self.sessions.beat()
            self._runtime.set_timer(self.spec.heartbeat_interval_ns, SESSION_HEARTBEAT)
        elif isinstance(key, tuple) and key[0] == SNAPSHOT:
            self.feed.snapshot(key[1], key[2])
        elif isinstance(key, tuple) and key[0] == LATE_FEED:
            self.feed.on_timer(key)
        else:
            self.sessions.on_timer(key)

    def on_durable(self, token: int) -> None:
        """Nothing is ever written."""

    def on_stream_open(self, peer: str) -> None:
        """A stream is nothing until it says who it is: by a Logon, or by a request for a snapshot."""

    def on_stream_closed(self, peer: str, reason: str) -> None:
        self.sessions.hung_up(peer)

    def on_config(self, config: Any) -> None:
        """A venue's spec stands for the day."""

    # --- requests, through the rules ---

    def _take(self, peer: str, request: Request) -> None:
        session = self.sessions.on_peer(peer)
        if session is None:
            self._runtime.close(peer)
            return
        fate = self._rules.on_request(request)
        if fate.discard:
            self._ignored(request.identity, report=False)
        elif fate.refusal is not None:
            self._turn_away(session.sender, request, fate.refusal)
        else:
            session.requests.put(request, fate.delay_ns + self._dawdling_ns(request))

    def _turn_away(self, sender: str, request: Request, refusal: Refusal) -> None:
        """Answer a request without acting upon it: no for good to a new order, or not now to anything."""
        if isinstance(refusal, OrdRejReason):
            assert isinstance(request, NewOrderSingle), "only new orders are refused for good"
            self._enter(sender, request, refusal)
            return
        if isinstance(request, NewOrderSingle):
            self._observe(VenueRefused(self.spec.name, request.cl_ord_id, refusal.value))
        cl_ord_id = request.orig_cl_ord_id if isinstance(request, OrderCancelRequest) else request.cl_ord_id
        self._send(sender, BusinessReject(request.identity, cl_ord_id, refusal))

    def _dawdling_ns(self, request: Request) -> int:
        match request:
            case OrderCancelRequest() if self._runtime.buggify("late cancel", request.identity):
                return LATE_CANCEL_NS
            case OrderStatusRequest() if self._runtime.buggify("late status", request.identity):
                return LATE_STATUS_NS
        return 0

    def _act(self, session: Session, request: Request) -> None:
        match request:
            case NewOrderSingle():
                self._enter(session.sender, request)
            case OrderStatusRequest():
                self._send(session.sender, self.ledger.status_report(request.cl_ord_id, request.attempt))
            case OrderCancelRequest():
                self._cancel(session.sender, request)

    def _enter(self, sender: str, order: NewOrderSingle, refusal: OrdRejReason | None = None) -> None:
        history = self.ledger.history(order.cl_ord_id)
        if history is not None and self.spec.refuse_duplicates:
            self._refuse(sender, order, history, OrdRejReason.DUPLICATE_ORDER)
            return
        live = self.ledger.open(order, sender)
        entering = order if live.key == order.cl_ord_id else replace(order, cl_ord_id=live.key)
        if refusal is None:
            self.engine.enter(entering)
        else:
            self.on_refused(entering, refusal)

    def _cancel(self, sender: str, request: OrderCancelRequest) -> None:
        cl_ord_id = request.orig_cl_ord_id
        canceled = 0
        for live in self.ledger.live_of(cl_ord_id):
            canceled += self.engine.cancel(live.key)
        if not canceled:
            known = self.ledger.history(cl_ord_id) is not None
            reason = CxlRejReason.TOO_LATE if known else CxlRejReason.UNKNOWN_ORDER
            self._send(sender, OrderCancelReject(request.cl_ord_id, cl_ord_id, reason))

    # --- EngineListener ---

    def on_accepted(self, order: NewOrderSingle) -> None:
        live = self._live(order)
        order, history = live.order, live.history
        history.accepted += 1
        history.leaves_lots += order.quantity_lots
        history.settle(OrdStatus.NEW)
        self._observe(
            VenueAccepted(
                venue=self.spec.name,
                cl_ord_id=order.cl_ord_id,
                cl_ord_link_id=order.cl_ord_link_id,
                symbol=order.symbol,
                buy=order.side is Side.BUY,
                lots=order.quantity_lots,
                price_half_ticks=order.price_half_ticks if order.ord_type is OrdType.LIMIT else None,
                ioc=order.time_in_force is TimeInForce.IOC,
            )
        )
        exec_id = self.ledger.next_exec_id(order.cl_ord_id, history)
        self._send(live.sender, self._report(live, exec_id, ExecType.NEW, OrdStatus.NEW, order.quantity_lots))

    def on_refused(self, order: NewOrderSingle, reason: OrdRejReason) -> None:
        live = self._live(order)
        self.ledger.close(order.cl_ord_id)
        self._refuse(live.sender, live.order, live.history, reason)

    def on_executed(self, order: NewOrderSingle, lots: int, price_half_ticks: int, leaves_lots: int) -> None:
        live = self._live(order)
        if lots > 1 and self._runtime.buggify("small pieces", order.cl_ord_id, live.cum_lots):
            self._execute(live, 1, price_half_ticks, leaves_lots + lots - 1)
            lots -= 1
        self._execute(live, lots, price_half_ticks, leaves_lots)

    def _execute(self, live: LiveOrder, lots: int, price_half_ticks: int, leaves_lots: int) -> None:
        order, history = live.order, live.history
        cl_ord_id = order.cl_ord_id
        exec_id = self.ledger.next_exec_id(cl_ord_id, history)
        live.cum_lots += lots
        history.cum_lots += lots
        history.leaves_lots -= lots
        history.settle(OrdStatus.FILLED)
        history.executions = (*history.executions, Execution(exec_id, lots, price_half_ticks))
        self._observe(
            VenueExecuted(
                venue=self.spec.name,
                exec_id=exec_id,
                cl_ord_id=cl_ord_id,
                cl_ord_link_id=order.cl_ord_link_id,
                symbol=order.symbol,
                buy=order.side is Side.BUY,
                lots=lots,
                price_half_ticks=price_half_ticks,
            )
        )
        if not leaves_lots:
            self.ledger.close(live.key)
            self._observe(VenueClosed(self.spec.name, cl_ord_id, order.cl_ord_link_id, 0))
        status = OrdStatus.PARTIALLY_FILLED if leaves_lots else OrdStatus.FILLED
        report = self._report(live, exec_id, ExecType.TRADE, status, leaves_lots, lots, price_half_ticks)
        self._send(live.sender, report)

    def on_closed(self, order: NewOrderSingle, leaves_lots: int) -> None:
        live = self.ledger.live(order.cl_ord_id)
        if live is None:
            # Left by a Venue that went down with its host: its owner will ask, and hear that we know nothing.
            cl_ord_id = cl_ord_id_of(order.cl_ord_id)
            self._observe(VenueClosed(self.spec.name, cl_ord_id, order.cl_ord_link_id, leaves_lots))
            return
        order, history = live.order, live.history
        history.leaves_lots -= leaves_lots
        history.settle(OrdStatus.CANCELED)
        self.ledger.close(live.key)
        self._observe(VenueClosed(self.spec.name, order.cl_ord_id, order.cl_ord_link_id, leaves_lots))
        exec_id = self.ledger.next_exec_id(order.cl_ord_id, history)
        self._send(live.sender, self._report(live, exec_id, ExecType.CANCELED, OrdStatus.CANCELED, 0))

    def on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None:
        seq = self.feed.publish(symbol, levels, prints, source_id)
        touch = self.engine.touch(symbol)
        if touch != self._touches.get(symbol):
            self._touches[symbol] = touch
            self._observe(TouchChanged(self.spec.name, symbol, seq, *touch))

    # --- reports, through the rules ---

    def _refuse(self, sender: str, order: NewOrderSingle, history: History, reason: OrdRejReason) -> None:
        """Say no. The history of a ClOrdID that was accepted before stays what it is."""
        self._observe(VenueRefused(self.spec.name, order.cl_ord_id, reason.value))
        report = ExecutionReport(
            exec_id=self.ledger.next_exec_id(order.cl_ord_id, history),
            exec_type=ExecType.REJECTED,
            ord_status=OrdStatus.REJECTED,
            cl_ord_id=order.cl_ord_id,
            order_id=f"{self.spec.name}-{order.cl_ord_id}",
            symbol=order.symbol,
            side=order.side,
            cum_lots=0,
            leaves_lots=0,
            reason=reason,
            transact_time_ns=self._runtime.now_ns,
        )
        self._send(sender, report)

    def _report(
        self,
        live: LiveOrder,
        exec_id: str,
        exec_type: ExecType,
        status: OrdStatus,
        leaves_lots: int,
        last_lots: int = 0,
        last_price_half_ticks: int = 0,
    ) -> ExecutionReport:
        order = live.order
        return ExecutionReport(
            exec_id,
            exec_type,
            status,
            order.cl_ord_id,
            f"{self.spec.name}-{order.cl_ord_id}",
            order.symbol,
            order.side,
            live.cum_lots,
            leaves_lots,
            last_lots,
            last_price_half_ticks,
            None,
            self._runtime.now_ns,
        )

    def _send(self, sender: str, report: Report) -> None:
        session = self.sessions.live_of(sender)
        if session is None:
            # It dies here, without troubling the rules, for good: a client asks for order status.
            self.sessions.reports_discarded += 1
            return
        fate = self._rules.on_report(report)
        if fate.discard:
            self._ignored(report.identity, report=True)
            return
        if fate.overtaken:
            session.strays.put(report, fate.delay_ns)
        else:
            session.reports.put(report, fate.delay_ns)
        for after_ns in fate.repeats_ns:
            if after_ns:
                session.strays.put(report, fate.delay_ns + after_ns)
            else:
                session.reports.put(report, fate.delay_ns)

    def _discarded(self, message: Request | Report) -> None:
        request = isinstance(message, NewOrderSingle | OrderCancelRequest | OrderStatusRequest)
        self._ignored(message.identity, report=not request)

    def _ignored(self, what: str, *, report: bool) -> None:
        self._observe(VenueIgnored(self.spec.name, what, report))

    def _live(self, order: NewOrderSingle) -> LiveOrder:
        live = self.ledger.live(order.cl_ord_id)
        if live is None:
            raise KeyError(f"{self.spec.name}: the engine speaks of {order.cl_ord_id!r}, which is not live here")
        return live
