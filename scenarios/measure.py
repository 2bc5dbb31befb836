"""Figures of a run, from what the world observed: latencies, counts and lanes, in memory that does not grow."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from hdrh.histogram import HdrHistogram
from msgspec import Struct

from squall.scenarios.desk import Floor
from squall.scenarios.lanes import LaneBook
from squall.scenarios.latencies import Series
from squall.scenarios.result import CountSeries, Lane, LatencySeries
from squall.sim.exchange.wire.messages import (
    ExecType,
    ExecutionReport,
    NewOrderSingle,
    OrderStatusReport,
    OrdRejReason,
    OrdStatus,
    OrdType,
    TimeInForce,
)
from squall.sim.kernel import OBSERVE
from squall.sim.trace import (
    Handled,
    HostCrashed,
    HostRestarted,
    PacketDropped,
    ProgramStarted,
    ProgramStopped,
    Record,
    Retransmitted,
    RoutesChanged,
    Sent,
    StreamClosed,
    VenueAccepted,
    VenueBusted,
    VenueClosed,
    VenueCorrected,
    VenueExecuted,
    VenueRefused,
    VenueReplaced,
)
from squall.sim.world import World
from squall.system.domain.claims import BreakerMoved, FeedMoved, LeadershipMoved, OrderMoved, ProtectionActed
from squall.system.domain.doubt import desk_id
from squall.system.domain.events import OrderCanceled, OrderDenied, OrderExpired, OrderMalformed, OrderRejected
from squall.system.domain.messages import JournalCopied, SubmitOrder
from squall.system.wiring import Wiring

SPANS: Final = ("signal_to_wire", "order_to_ack", "order_to_fill")
SPANS_OF_ANY_DESK: Final = SPANS[1:]
ENDED: Final = (OrderMalformed, OrderDenied, OrderRejected, OrderCanceled, OrderExpired)
"""The desk's own events that end an order, whatever it has filled; otherwise it ends when all of it is."""
BUCKETS: Final = 120
"""Over how many stretches of time a run's series are drawn."""


class _Open(Struct):
    """An order between its intention and its end."""

    intended_ns: int
    marketable: bool
    wired: bool = False
    acked: bool = False
    filled: bool = False


_WAITS: Final[dict[str, Callable[[_Open], bool]]] = {
    "signal_to_wire": lambda order: not order.wired,
    "order_to_ack": lambda order: not order.acked,
    "order_to_fill": lambda order: not order.filled and (order.marketable or not order.acked),
    "order_to_fill_marketable": lambda order: not order.filled and order.marketable,
}
"""Whether an open order still waits for the end of a span."""


class Measure:
    """Attach to a world before it starts; read when it is over."""

    def __init__(self, world: World, floor: Floor, wiring: Wiring | None, duration_ns: int) -> None:
        """Without a *wiring*, on another desk than ours, an order begins when it is first sent to a venue."""
        self._world = world
        self._wiring = wiring
        self._duration_ns = duration_ns
        self._bucket_ns = max(duration_ns // BUCKETS, 1)
        buckets = -(-duration_ns // self._bucket_ns)
        self._open: dict[str, _Open] = {}
        self._seen: set[str] = set()
        """Every order that was ever submitted: a new leader is told of orders again that have ended long ago."""
        self._desk_id: Callable[[str], str] = desk_id
        """The order that a ClOrdID of the wire is about."""
        spans = SPANS if wiring is not None else SPANS_OF_ANY_DESK
        self.latencies = {span: Series(self._bucket_ns, buckets) for span in spans}
        self.marketable_fill = Series(self._bucket_ns, buckets)
        self._counts = {name: [0] * buckets for name in ("orders", "fills", "messages")}
        self.totals: dict[str, int] = {}
        self.protections: dict[str, int] = {}
        self._venues = frozenset(route.address for route in floor.venues)
        self._accepted_at = {route.venue: f"accepted_{route.venue}" for route in floor.venues}
        self._lanes = LaneBook()
        self._messages_before = 0
        if wiring is not None:
            self._strategy_clock = world.transport.slot_of(wiring.strategy).host.clock
            self._attach_to_our_desk(floor)
        else:
            self._sent_as: dict[str, str] = {}
            self._desk_id = lambda wire_id: self._sent_as.get(wire_id, wire_id)
            world.trace.watch(self._on_first_sent, Sent, NewOrderSingle)
        self._attach()
        self._sample_later()

    def _attach(self) -> None:
        trace = self._world.trace
        trace.watch(self._on_wire, Sent, NewOrderSingle)
        trace.watch(self._on_report, Handled, ExecutionReport)
        trace.watch(self._on_status, Handled, OrderStatusReport)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)
        for event, name in ((VenueReplaced, "replaces"), (VenueBusted, "busts"), (VenueCorrected, "corrections")):
            trace.watch(partial(self._on_revised, name), event)
        trace.watch(self._on_closed, VenueClosed)
        trace.watch(self._on_refused, VenueRefused)
        trace.watch(self._on_dropped, PacketDropped)
        trace.watch(self._on_retransmitted, Retransmitted)
        trace.watch(self._on_routes, RoutesChanged)
        trace.watch(self._on_stream_closed, StreamClosed)
        trace.watch(self._on_host, HostCrashed)
        trace.watch(self._on_host, HostRestarted)
        trace.watch(self._on_program, ProgramStopped)
        trace.watch(self._on_program, ProgramStarted)
        trace.watch_claims(self._on_breaker, BreakerMoved)
        trace.watch_claims(self._on_leadership, LeadershipMoved)
        trace.watch_claims(self._on_feed, FeedMoved)
        trace.watch_claims(self._on_protection, ProtectionActed)
        trace.watch_claims(self._on_order, OrderMoved)

    def _attach_to_our_desk(self, floor: Floor) -> None:
        trace = self._world.trace
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_journal, Handled, JournalCopied)
        for venue in floor.venues:
            self._lanes.move(f"breaker {venue.venue}", 0, "closed")
            self._lanes.move(f"feed {venue.venue}", 0, "in sequence")

    def _sample(self, _: None) -> None:
        """At the end of each bucket: how many messages were handled in it."""
        world = self._world
        self._in_bucket("messages", world.kernel.now_ns - 1, world.messages - self._messages_before)
        self._messages_before = world.messages
        self._sample_later()

    def _sample_later(self) -> None:
        kernel = self._world.kernel
        next_ns = (kernel.now_ns // self._bucket_ns + 1) * self._bucket_ns
        if next_ns <= self._duration_ns:
            kernel.call_at(next_ns, self._sample, turn=OBSERVE)

    def count(self, name: str) -> None:
        """One more of these."""
        self.totals[name] = self.totals.get(name, 0) + 1

    def _in_bucket(self, name: str, at_ns: int, by: int = 1) -> None:
        counts = self._counts[name]
        counts[min(at_ns // self._bucket_ns, len(counts) - 1)] += by

    # --- the order's way ---

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        if order.cl_ord_id in self._seen:
            return
        self._seen.add(order.cl_ord_id)
        marketable = order.ord_type is OrdType.MARKET or order.time_in_force is TimeInForce.IOC
        intended_ns = self._strategy_clock.true_of_wall_ns(order.intended_ns)
        self._open[order.cl_ord_id] = _Open(intended_ns, marketable)
        self.count("orders")
        self._in_bucket("orders", record.at_ns)

    def _on_first_sent(self, record: Record) -> None:
        """On a desk of one's own: an order is what bears a ClOrdLinkID that was not seen before."""
        message: NewOrderSingle = record.event.message
        if record.event.to not in self._venues:
            return
        order = self._sent_as[message.cl_ord_id] = message.cl_ord_link_id
        if order in self._seen:
            return
        self._seen.add(order)
        marketable = message.ord_type is OrdType.MARKET or message.time_in_force is TimeInForce.IOC
        self._open[order] = _Open(record.at_ns, marketable, wired=True)
        self.count("orders")
        self._in_bucket("orders", record.at_ns)

    def _on_wire(self, record: Record) -> None:
        message: NewOrderSingle = record.event.message
        self.count("orders_sent_to_venues")
        order = self._open.get(message.cl_ord_link_id)
        if order is not None and not order.wired:
            order.wired = True
            self.latencies["signal_to_wire"].add(record.at_ns, record.at_ns - order.intended_ns)

    def _on_report(self, record: Record) -> None:
        report: ExecutionReport = record.event.message
        # A duplicate's reject is about the second copy, and says nothing of the order.
        if report.reason is not OrdRejReason.DUPLICATE_ORDER:
            is_trade = report.exec_type is ExecType.TRADE
            self._answered(record, report.cl_ord_id, is_trade, report.leaves_lots == 0)

    def _on_status(self, record: Record) -> None:
        """The answer to a question is often the first that is heard of an order: those are the late ones."""
        answer: OrderStatusReport = record.event.message
        if answer.status is not None:
            ended = answer.leaves_lots == 0 or answer.status in (OrdStatus.CANCELED, OrdStatus.REJECTED)
            self._answered(record, answer.cl_ord_id, bool(answer.executions), ended)

    def _answered(self, record: Record, wire_id: str, is_filled: bool, is_ended: bool) -> None:
        """A venue has spoken of an order, and execution has heard it."""
        cl_ord_id = wire_id if wire_id in self._open else self._desk_id(wire_id)
        order = self._open.get(cl_ord_id)
        if order is None:
            return
        latency_ns = record.at_ns - order.intended_ns
        if not order.acked:
            order.acked = True
            self.latencies["order_to_ack"].add(record.at_ns, latency_ns)
        if is_filled and not order.filled:
            order.filled = True
            self.latencies["order_to_fill"].add(record.at_ns, latency_ns)
            if order.marketable:
                self.marketable_fill.add(record.at_ns, latency_ns)
        if is_ended:
            del self._open[cl_ord_id]

    def _on_journal(self, record: Record) -> None:
        """What the desk itself has ended, as risk's denials, is not waiting for anything any more."""
        for event in record.event.message.events:
            if type(event) in ENDED:
                self._open.pop(event.cl_ord_id, None)

    def has_seen(self, cl_ord_id: str) -> bool:
        """Whether this order was ever submitted."""
        return cl_ord_id in self._seen

    def missed(self, span: str, older_than_ns: int) -> int:
        """How many orders still wait for this, *older_than_ns* and more after they were meant.

        A resting order that a venue has acknowledged does not wait for its fill: it may rest.
        """
        before_ns = self._world.kernel.now_ns - older_than_ns
        waits = _WAITS[span]
        return sum(order.intended_ns < before_ns and waits(order) for order in self._open.values())

    # --- the venues ---

    def _on_accepted(self, record: Record) -> None:
        self.count(self._accepted_at[record.event.venue])

    def _on_executed(self, record: Record) -> None:
        self.count("fills")
        self.totals["filled_lots"] = self.totals.get("filled_lots", 0) + record.event.lots
        self._in_bucket("fills", record.at_ns)

    def _on_revised(self, name: str, record: Record) -> None:
        self.count(name)
        if name == "busts":
            self.totals["filled_lots"] -= record.event.lots

    def _on_closed(self, record: Record) -> None:
        self.count("orders_closed")

    def _on_refused(self, record: Record) -> None:
        self.count("orders_refused_by_venues")
        if record.event.reason == OrdRejReason.DUPLICATE_ORDER.value:
            self.act("venue.refuse_duplicates")

    # --- the network ---

    def _is_order_entry(self, one: str, other: str) -> bool:
        """A repetition on a stream to a venue: snapshots apart, where a service of ours asks for them."""
        venue, client = (one, other) if one in self._venues else (other, one)
        return venue in self._venues and (self._wiring is None or client == self._wiring.execution)

    def _on_dropped(self, record: Record) -> None:
        self.count("packets_dropped")

    def _on_retransmitted(self, record: Record) -> None:
        self.count("retransmissions")
        if self._is_order_entry(record.event.sender, record.event.to):
            self.count("order_entry_retransmissions")

    def _on_routes(self, record: Record) -> None:
        if record.event.around:
            self.act("network.reroute")

    def _on_stream_closed(self, record: Record) -> None:
        self.count("streams_closed")

    # --- lanes and claims ---

    def _on_host(self, record: Record) -> None:
        state = "down" if type(record.event) is HostCrashed else "up"
        name = f"host {record.host}"
        if name not in self._lanes.lanes:
            self._lanes.move(name, 0, "up")
        self._lanes.move(name, record.at_ns, state)

    def _on_program(self, record: Record) -> None:
        """One that died alone; its host's lane tells of the others."""
        state = "down" if type(record.event) is ProgramStopped else "up"
        name = f"program {record.event.program}"
        if name not in self._lanes.lanes:
            self._lanes.move(name, 0, "up")
        self._lanes.move(name, record.at_ns, state)

    def _on_breaker(self, record: Record) -> None:
        self._lanes.move(f"breaker {record.event.venue}", record.at_ns, record.event.state)

    def _on_leadership(self, record: Record) -> None:
        move: LeadershipMoved = record.event
        state = f"{move.role}, epoch {move.epoch}" if move.role == "leading" else move.role
        self._lanes.move(f"leader {move.oms}", record.at_ns, state)

    def _on_feed(self, record: Record) -> None:
        self._lanes.move(f"feed {record.event.venue}", record.at_ns, record.event.state)

    def _on_protection(self, record: Record) -> None:
        self.act(record.event.protection)

    def act(self, protection: str) -> None:
        """This protection has done its work once more."""
        self.protections[protection] = self.protections.get(protection, 0) + 1

    def _on_order(self, record: Record) -> None:
        self.count(f"orders_{record.event.state.lower()}")

    # --- reading ---

    def histogram(self, span: str) -> HdrHistogram:
        """All latencies of one span so far."""
        if span == "order_to_fill_marketable":
            return self.marketable_fill.histogram
        return self.latencies[span].histogram

    def metrics(self) -> dict[str, Any]:
        """All figures, by name; names carry units."""
        figures: dict[str, Any] = {}
        spans = [*self.latencies.items(), ("order_to_fill_marketable", self.marketable_fill)]
        for span, latencies in spans:
            histogram = latencies.histogram
            figures[f"{span}_count"] = histogram.get_total_count()
            if histogram.get_total_count():
                for percent, name in ((50, "p50"), (99, "p99"), (99.9, "p999")):
                    figures[f"{span}_{name}_ns"] = int(histogram.get_value_at_percentile(percent))
                figures[f"{span}_max_ns"] = int(histogram.get_max_value())
        figures.update(sorted(self.totals.items()))
        world = self._world
        figures["messages"] = world.messages
        if self._wiring is not None:
            figures["execution_timeouts"] = self.protections.get("execution.timeouts", 0)
        orders = self.totals.get("orders", 0)
        figures["messages_per_order"] = round(world.messages / orders, 2) if orders else None
        figures["orders_per_virtual_s"] = round(orders * 1_000_000_000 / self._duration_ns, 3)
        if world.transport.hurried:
            self.protections["network.no_delay"] = world.transport.hurried
        for name in sorted(self.protections):
            figures[f"acted.{name}"] = self.protections[name]
        for name, host in world.hosts.items():
            if host.disk.size_bytes:
                figures[f"disk.{name}_bytes"] = host.disk.size_bytes
        return figures

    def lanes(self) -> tuple[Lane, ...]:
        """Breakers, feeds, leaders, and hosts that went down."""
        return self._lanes.spans(self._duration_ns)

    def latency_series(self) -> tuple[LatencySeries, ...]:
        """Percentiles over time of each span."""
        for latencies in self.latencies.values():
            latencies.flush()
        return tuple(
            LatencySeries(span, self._bucket_ns, tuple(each.p50), tuple(each.p99), tuple(each.max))
            for span, each in self.latencies.items()
        )

    def count_series(self) -> tuple[CountSeries, ...]:
        """Orders, fills and messages over time."""
        return tuple(CountSeries(name, self._bucket_ns, tuple(counts)) for name, counts in self._counts.items())
