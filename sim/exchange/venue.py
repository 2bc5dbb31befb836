"""A venue: order-entry sessions, an application that may misbehave, an engine of any kind, and its feed."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import force_setattr

from squall.sim.exchange.blotter import Blotter, Terms
from squall.sim.exchange.drop_copy import COPY, DropCopies
from squall.sim.exchange.engine import Engine
from squall.sim.exchange.feed import LATE_FEED, Feed
from squall.sim.exchange.house import BUST, CORRECT, House
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.rules import ApiRule, Refusal, Report, Request, Rules
from squall.sim.exchange.session import Session, Sessions
from squall.sim.exchange.stuffing import Flicker
from squall.sim.exchange.wire.messages import (
    FREE,
    BusinessReject,
    ExecType,
    Heartbeat,
    Level,
    Logon,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderMassStatusRequest,
    OrderStatusRequest,
    OrdRejReason,
    Print,
    SnapshotRequest,
    Tariff,
    TradeCaptureReport,
    TradeCaptureReportRequest,
)
from squall.sim.program import Machine
from squall.sim.trace import (
    Event,
    TouchChanged,
    Trace,
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
    own_words_for: tuple[str, ...] = ()
    """Programs that get market data in the venue's own words, depth increments; the others get the plain protocol."""
    refuse_duplicates: bool = True
    """Refuse a ClOrdID that was ever seen here; otherwise it is another order of the same name."""
    tariff: Tariff = FREE
    heartbeat_interval_ns: int = 1_000_000_000
    feed_heartbeat_interval_ns: int = 100_000_000

    def __post_init__(self) -> None:
        if not self.address:
            force_setattr(self, "address", self.name)


class Venue:
    """The program of an exchange, over whatever engine it is given.

    Its memory is a `Blotter`'s, and is lost with its host, as nothing is persisted: a fresh Venue on the same engine
    takes all client orders out of the books, knows no ClOrdID and counts its channel from 1.
    """

    def __init__(
        self, runtime: Machine, spec: VenueSpec, engine: Engine, trace: Trace, rules: Rules | None = None
    ) -> None:
        """Pass the same *rules* to the next Venue where faults are to outlive a crash of the host."""
        self.spec = spec
        self.engine = engine
        self._runtime = runtime
        self._observe: Callable[[Event], int] = partial(trace.observe, spec.name)
        terms = Terms(spec.name, spec.refuse_duplicates, spec.tariff)
        self.blotter = Blotter(runtime, terms, engine, self._observe, self._send, self._copied, self._on_book)
        self.ledger = self.blotter.ledger
        self._rules = rules or Rules()
        self._rules.gate.forget_all()
        self.sessions = Sessions(runtime, spec.name, self._act, self._rules.gate, self._discarded)
        self._rules.hang_up = self.sessions.hang_up
        self._rules.flicker = Flicker(engine) if isinstance(engine, MatchingEngine) else None
        subscribers = (spec.subscribers_a, spec.subscribers_b)
        feed_rules = self._rules.feed
        self.feed = Feed(runtime, spec.name, subscribers, engine, feed_rules, self._observe, spec.own_words_for)
        self.copies = DropCopies(runtime, self.blotter.trades, self._rules, lambda: self.ledger.live_orders)
        self.house = self._rules.staff = House(runtime, spec.name, engine, self.blotter, self._observe)
        self._touches: dict[str, tuple[int, int, int, int]] = {}

    def install(self, rule: ApiRule) -> Callable[[], None]:
        """Put a rule between sessions and application into force; returns what takes it out again."""
        return self._rules.install(rule)

    # --- Program ---

    def on_start(self) -> None:
        self.engine.listener = self.blotter
        self._runtime.set_timer(self.spec.feed_heartbeat_interval_ns, FEED_HEARTBEAT)
        self._runtime.set_timer(self.spec.heartbeat_interval_ns, SESSION_HEARTBEAT)
        self.engine.start()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case NewOrderSingle() | OrderStatusRequest() | OrderCancelRequest() | OrderCancelReplaceRequest():
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
            case TradeCaptureReportRequest() | OrderMassStatusRequest() if self._rules.ignores_question():
                self._ignored(message.identity, report=False)
            case TradeCaptureReportRequest():
                self.copies.subscribe(sender, message)
            case OrderMassStatusRequest():
                self.copies.mass_status(sender, message)
            case _:
                raise TypeError(f"{self.spec.name}: {type(message).__name__} is not a message to a venue")

    def on_timer(self, key: Hashable) -> None:
        if key == FEED_HEARTBEAT:
            self.feed.beat()
            self._runtime.set_timer(self.spec.feed_heartbeat_interval_ns, FEED_HEARTBEAT)
        elif key == SESSION_HEARTBEAT:
            self.sessions.beat()
            self.copies.beat()
            self._runtime.set_timer(self.spec.heartbeat_interval_ns, SESSION_HEARTBEAT)
        elif isinstance(key, tuple) and key[0] == SNAPSHOT:
            self.feed.snapshot(key[1], key[2])
        elif isinstance(key, tuple) and key[0] == LATE_FEED:
            self.feed.on_timer(key)
        elif isinstance(key, tuple) and key[0] == COPY:
            self.copies.on_timer(key[1], key[2])
        elif isinstance(key, tuple) and key[0] in (BUST, CORRECT):
            self.house.on_timer(*key)
        else:
            self.sessions.on_timer(key)

    def on_durable(self, token: int) -> None:
        """Nothing is ever written."""

    def on_stream_open(self, peer: str) -> None:
        """A stream is nothing until it says who it is: by a Logon, or by a request for a snapshot."""

    def on_stream_closed(self, peer: str, reason: str) -> None:
        self.sessions.hung_up(peer)
        self.copies.hung_up(peer)

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
            self.blotter.enter(sender, request, refusal)
            return
        if isinstance(request, NewOrderSingle):
            self._observe(VenueRefused(self.spec.name, request.cl_ord_id, refusal.value))
        about = request.cl_ord_id
        if isinstance(request, OrderCancelRequest | OrderCancelReplaceRequest):
            about = request.orig_cl_ord_id
        self._send(sender, BusinessReject(request.identity, about, refusal))

    def _dawdling_ns(self, request: Request) -> int:
        match request:
            case OrderCancelRequest() if self._runtime.buggify("late cancel", request.identity):
                return LATE_CANCEL_NS
            case OrderCancelReplaceRequest() if self._runtime.buggify("late cancel", request.identity):
                self.blotter.tell_pending(request)
                return LATE_CANCEL_NS
            case OrderStatusRequest() if self._runtime.buggify("late status", request.identity):
                return LATE_STATUS_NS
        return 0

    def _act(self, session: Session, request: Request) -> None:
        match request:
            case NewOrderSingle():
                self.blotter.enter(session.sender, request)
            case OrderStatusRequest():
                self._send(session.sender, self.ledger.status_report(request.cl_ord_id, request.attempt))
            case OrderCancelRequest():
                self.blotter.cancel(session.sender, request)
            case OrderCancelReplaceRequest():
                self.blotter.replace(session.sender, request)

    # --- what the public is told ---

    def _on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None:
        seq = self.feed.publish(symbol, levels, prints, source_id)
        touch = self.engine.touch(symbol)
        if touch != self._touches.get(symbol):
            self._touches[symbol] = touch
            self._observe(TouchChanged(self.spec.name, symbol, seq, *touch))

    # --- reports, through the rules ---

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

    def _copied(self, trade: TradeCaptureReport) -> None:
        self.copies.copy(trade)
        if trade.exec_type is ExecType.TRADE:
            self._rules.traded(trade)

    def _discarded(self, message: Request | Report) -> None:
        request = isinstance(
            message, NewOrderSingle | OrderCancelRequest | OrderCancelReplaceRequest | OrderStatusRequest
        )
        self._ignored(message.identity, report=not request)

    def _ignored(self, what: str, *, report: bool) -> None:
        self._observe(VenueIgnored(self.spec.name, what, report))
