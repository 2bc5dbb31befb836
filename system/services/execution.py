"""The last gate before the wire: sends orders to venues, and finds out what became of each."""

from collections.abc import Hashable
from typing import Any, Final

from squall.sim.exchange.wire.messages import (
    BusinessReject,
    ExecutionReport,
    Heartbeat,
    LogonAccepted,
    OrderCancelReject,
    OrderStatusReport,
)
from squall.system.config import DeskConfig
from squall.system.domain.doubt import Flight
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages import (
    CancelAtVenue,
    CancelRefused,
    Fence,
    FenceAccepted,
    OpenAtVenue,
    OrderLeft,
    OrderUnsent,
    ReplaceAtVenue,
    ReplaceRefused,
    SendOrder,
    SwitchesTold,
    UnsentReason,
)
from squall.system.domain.parents import Parents
from squall.system.domain.switches import NO_SWITCHES, Scope, Switch, Switches
from squall.system.runtime import Address, Runtime
from squall.system.services.flights import Flights
from squall.system.services.line import Line, opened_before
from squall.system.services.outcomes import Outcomes
from squall.system.wiring import Wiring

EPOCH_FILE: Final = "epoch"


class Execution:
    """Refuses fenced leaders and open breakers, and hands what venues say, or do not say, to `Outcomes`."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._listeners = (*wiring.routers, wiring.strategy)
        """Who is told how the venues are, as far as they have opened a stream."""
        self._lines: dict[Venue, Line] = {}
        self._by_address: dict[Address, Line] = {}
        for route in wiring.venues:
            line = Line(runtime, config, route, self._listeners)
            self._lines[route.venue] = self._by_address[route.address] = line
        self._flights = Flights(runtime, config.execution)
        self._outcomes = Outcomes(runtime, self._flights, self._transmit)
        self._switches = NO_SWITCHES
        self._fence: Fence | None = None
        """Waits until its epoch is on the disk."""
        self._fence_token = 0
        self._parents = Parents(config.execution.max_parents)
        self._void: dict[ClOrdID, int] = {}
        """Routing attempts that a fence asked about before they got here. The answer may be "unsent": what is
        still on its way through the router must not be sent."""

    # --- what it knows ---

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every venue as it is reached now; not to be acted upon."""
        return tuple(self._lines.values())

    @property
    def flights(self) -> tuple[Flight, ...]:
        """Orders that were written and have not ended, the oldest first."""
        return tuple(self._flights)

    @property
    def fenced(self) -> bool:
        """Whether the leader has claimed its epoch in this life, so that anything can leave."""
        return self._flights.highest > 0 and self._flights.served == self._flights.highest

    @property
    def epoch(self) -> Epoch:
        """The highest epoch seen: lower ones are fenced."""
        return self._flights.highest

    # --- Program ---

    def on_start(self) -> None:
        records = self._runtime.read(EPOCH_FILE)
        self._flights.highest = Epoch(int(records[-1]) if records else 0)
        opened = opened_before(self._runtime)
        for line in self._lines.values():
            line.start(opened.get(line.venue))

    def on_message(self, sender: Address, message: Any) -> None:
        match message:
            case ExecutionReport():
                self._outcomes.on_report(self._heard(sender), message)
            case SendOrder():
                self._on_send(message)
            case Heartbeat():
                self._heard(sender)
            case OrderStatusReport():
                self._outcomes.on_status(self._heard(sender), message)
            case CancelAtVenue():
                self._on_cancel(sender, message)
            case ReplaceAtVenue():
                self._on_replace(sender, message)
            case OrderCancelReject():
                self._heard(sender)
                self._outcomes.on_refused(message)
            case BusinessReject():
                self._outcomes.on_not_now(self._heard(sender), message)
            case LogonAccepted():
                line = self._heard(sender)
                if line.gateway.on_logon_accepted(message):
                    self._outcomes.on_established(line)
            case Fence():
                self._on_fence(message)
            case SwitchesTold():
                if message.epoch >= self._flights.highest:
                    self._on_switches(message.switches)
            case _:
                raise TypeError(f"execution: no use for a {type(message).__name__} from {sender}")

    def _heard(self, sender: Address) -> Line:
        line = self._by_address[sender]
        line.gateway.heard()
        return line

    def on_timer(self, key: Hashable) -> None:
        match key:
            # The first two may have rung, and waited for their turn, before they were cancelled.
            case ("ack", str(cl_ord_id)):
                flight = self._flights.get(ClOrdID(cl_ord_id))
                if flight is not None and flight.venue is not None:
                    self._outcomes.on_overdue(flight, self._lines[flight.venue])
            case ("ask", str(cl_ord_id), str(venue)):
                flight = self._flights.get(ClOrdID(cl_ord_id))
                if flight is not None and flight.is_asked(Venue(venue)):
                    self._flights.ask(flight, self._lines[Venue(venue)])
            case ("again", str(cl_ord_id)):
                flight = self._flights.get(ClOrdID(cl_ord_id))
                if flight is not None and flight.venue is not None and flight.paused:
                    self._outcomes.on_pause_over(flight, self._lines[flight.venue])
            case ("beat", str(venue)):
                if self._lines[Venue(venue)].gateway.on_beat():
                    self._outcomes.on_lost(self._lines[Venue(venue)])
            case ("reconnect", str(venue)):
                self._lines[Venue(venue)].gateway.on_reconnect()
            case ("breaker" | "throttled", str(venue)):
                self._lines[Venue(venue)].review()
            case _:
                raise ValueError(
                    f"execution: timer {key!r} is not one of ack, ask, again, beat, reconnect, breaker, throttled"
                )

    def on_durable(self, token: int) -> None:
        fence = self._fence
        if fence is not None and token >= self._fence_token:
            self._fence = None
            self._accept(fence)

    def on_stream_open(self, peer: Address) -> None:
        line = self._by_address.get(peer)
        if line is not None:
            line.gateway.on_stream_open()
        elif peer in self._listeners:
            for each in self._lines.values():
                each.tell_health((peer,))

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        line = self._by_address.get(peer)
        if line is not None and line.gateway.on_stream_closed():
            self._outcomes.on_lost(line)

    def on_config(self, config: DeskConfig) -> None:
        self._flights.config = config.execution
        self._parents.most = config.execution.max_parents
        for line in self._lines.values():
            line.on_config(config)

    # --- orders on their way out ---

    def _on_send(self, message: SendOrder) -> None:
        order = message.order
        cl_ord_id = order.cl_ord_id
        if not self._flights.serves(order.epoch):
            self._flights.acted("execution.fencing", cl_ord_id)
            unsent = OrderUnsent(cl_ord_id, order.attempt, UnsentReason.FENCED)
            self._flights.write(self._flights.leaders.get(order.epoch), unsent)
            return
        if order.epoch == self._flights.served and order.attempt <= self._void.get(cl_ord_id, 0):
            return
        known = self._flights.get(cl_ord_id)
        if known is not None:
            if known.epoch == order.epoch and order.attempt <= known.order.attempt:
                return  # one routing attempt is one write, however often it is handed over
            self._flights.forget(known)  # a leader wants it sent again: it has to know what it does
        if self._flights.config.within_parent and not self._parents.allows(order):
            self._flights.acted("execution.within_parent", cl_ord_id)  # and nobody asks for an answer about it
            return
        line = self._lines[message.venue]
        flight = Flight(order=order, epoch=order.epoch, wire_id=cl_ord_id, venue=line.venue)
        self._flights.add(flight)
        problem = self._transmit(flight, line, cl_ord_id)
        if problem is not None:
            self._flights.give_back(flight, problem)
        else:
            self._parents.wrote(order)
            self._flights.tell(flight, OrderLeft(cl_ord_id, line.venue, order.attempt))

    def _on_cancel(self, sender: Address, request: CancelAtVenue) -> None:
        cl_ord_id = request.cl_ord_id
        if not self._flights.serves(request.epoch):
            self._flights.acted("execution.fencing", cl_ord_id)
            self._flights.write(sender, CancelRefused(cl_ord_id, UnsentReason.FENCED.value))
            return
        flight = self._flights.get(cl_ord_id)
        wire_id: str = request.wire_id or cl_ord_id
        if flight is not None:
            flight.withdrawn = True
            wire_id = flight.wire_id
        if not self._lines[request.venue].gateway.cancel(request, wire_id):
            self._flights.write(sender, CancelRefused(cl_ord_id, UnsentReason.SESSION_DOWN.value))
        elif flight is not None and flight.answered and self._flights.config.timeouts:
            # The venue may never see it: ask what became of the order, and the OMS will ask for its end again.
            self._runtime.set_timer(self._flights.config.ack_timeout_ns, ("ack", cl_ord_id))

    def _on_replace(self, sender: Address, request: ReplaceAtVenue) -> None:
        """A replace puts lots at risk like a new order: it is fenced like one, and the breaker guards it."""
        cl_ord_id = request.cl_ord_id
        line, flight = self._lines[request.venue], self._flights.get(cl_ord_id)
        problem: UnsentReason | None = None
        if not self._flights.serves(request.epoch):
            self._flights.acted("execution.fencing", cl_ord_id)
            problem = UnsentReason.FENCED
        elif not line.admits_replace(cl_ord_id):
            problem = UnsentReason.BREAKER_OPEN
        elif not line.gateway.replace(request, (request.wire_id or cl_ord_id) if flight is None else flight.wire_id):
            problem = UnsentReason.SESSION_DOWN
        if problem is not None:
            self._flights.write(sender, ReplaceRefused(cl_ord_id, request.revision, problem.value))
        elif flight is not None:
            flight.revision = request.revision
            if self._flights.config.timeouts:
                # The venue may never see it: ask on what terms the order stands, and the OMS will ask for it again.
                self._runtime.set_timer(self._flights.config.ack_timeout_ns, ("ack", cl_ord_id))

    def _transmit(self, flight: Flight, line: Line, wire_id: str) -> UnsentReason | None:
        """Write it to the venue; the reason where that cannot be. What was approved before a halt stops here."""
        order, switches = flight.order, self._switches
        if switches.any:
            state = switches.state_of(order.strategy, order.symbol, order.client)
            problem = line.closed_to(order)
            if state.ends_trading or problem is not None:
                self._flights.acted("risk.kill_switch", order.cl_ord_id)
                return problem or UnsentReason.HALTED
        return line.transmit(flight, wire_id)

    def _on_switches(self, switches: tuple[Switch, ...]) -> None:
        """The leader's word for what is not active."""
        self._switches = Switches(switches)
        for line in self._lines.values():
            line.state = self._switches.of(Scope.VENUE, line.venue)
            line.review()

    # --- leaders ---

    def _on_fence(self, fence: Fence) -> None:
        if self._flights.config.fencing and fence.epoch < self._flights.highest:
            self._flights.acted("execution.fencing", fence.leader)
            return
        self._flights.leaders[fence.epoch] = fence.leader
        self._on_switches(fence.switches)
        if fence.epoch > self._flights.highest:
            self._flights.highest = fence.epoch
            self._void.clear()
            self._fence_token = self._runtime.append(EPOCH_FILE, str(fence.epoch).encode())
            self._fence = fence
        elif self._fence is not None and fence.epoch == self._fence.epoch:
            self._fence = fence  # the same leader, on a new stream, before the disk was done
        else:
            self._accept(fence)

    def _accept(self, fence: Fence) -> None:
        self._flights.served = fence.epoch
        self._flights.write(fence.leader, FenceAccepted(epoch=fence.epoch))
        for listed in fence.orders:
            self._reconcile(fence.epoch, listed)

    def _reconcile(self, epoch: Epoch, listed: OpenAtVenue) -> None:
        """Find out what became of an order, and tell the leader: no earlier one can send it any more."""
        order = listed.order
        flight = self._flights.get(order.cl_ord_id)
        if flight is not None and flight.venue is not None:
            flight.epoch = epoch
            flight.owed = True
            self._flights.ask(flight, self._lines[flight.venue])
            return
        # Sent by an earlier process, ended and forgotten, or never here: its venue knows, or one of them all.
        if flight is None:
            flight = Flight(order=order, epoch=epoch, wire_id=listed.wire_id or order.cl_ord_id)
            self._flights.add(flight)
        flight.order = order
        flight.epoch = epoch
        self._void[order.cl_ord_id] = order.attempt
        for line in self._lines.values():
            if listed.venue == line.venue or (listed.venue is None and order.symbol in line.symbols):
                self._flights.ask(flight, line)
        if not flight.questions:
            self._flights.give_back(flight, UnsentReason.NEVER_ARRIVED)
