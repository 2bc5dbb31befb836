"""The last gate before the wire: sends orders to venues, and finds out what became of each."""

from collections.abc import Hashable
from typing import Any, Final

from squall.sim.exchange.wire.messages import (
    BusinessReject,
    BusinessRejectReason,
    CxlRejReason,
    ExecType,
    ExecutionReport,
    Heartbeat,
    LogonAccepted,
    OrderCancelReject,
    OrderStatusReport,
    OrdRejReason,
)
from squall.system.config import DeskConfig
from squall.system.domain import back_off, doubt
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.doubt import Finding, Flight, Step
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages import (
    CancelAtVenue,
    CancelRefused,
    DeskMessage,
    Fence,
    FenceAccepted,
    OpenAtVenue,
    OrderDoubtful,
    OrderLeft,
    OrderUnsent,
    ReplaceAtVenue,
    ReplaceRefused,
    SendOrder,
    SwitchesTold,
    UnsentReason,
    VenueReport,
)
from squall.system.domain.parents import Parents
from squall.system.domain.switches import NO_SWITCHES, Scope, Switch, Switches
from squall.system.runtime import Address, Runtime
from squall.system.services.line import Line, opened_before
from squall.system.wiring import Wiring

EPOCH_FILE: Final = "epoch"


class Execution:
    """Refuses fenced leaders and open breakers, times out, asks, re-sends or gives back.

    It remembers an order from its first write to its end, and nothing of those that have ended. What it has
    to say goes to the leader. Where no stream to the leader is open it is dropped, on purpose: a leader that
    opens one begins with a fence that names its open orders, and gets the answers then.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._listeners = (*wiring.routers, wiring.strategy)
        """Who is told how the venues are, as far as they have opened a stream."""
        self._lines: dict[Venue, Line] = {}
        self._by_address: dict[Address, Line] = {}
        for route in wiring.venues:
            line = Line(runtime, config, route, self._listeners)
            self._lines[route.venue] = self._by_address[route.address] = line
        self._flights: dict[ClOrdID, Flight] = {}
        self._switches = NO_SWITCHES
        self._highest = Epoch(0)
        """The highest epoch seen, in this life or before."""
        self._served = Epoch(0)
        """The epoch whose fence was accepted in this life; 0 until one was."""
        self._leaders: dict[Epoch, Address] = {}
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
        return tuple(self._flights.values())

    @property
    def fenced(self) -> bool:
        """Whether the leader has claimed its epoch in this life, so that anything can leave."""
        return self._highest > 0 and self._served == self._highest

    @property
    def epoch(self) -> Epoch:
        """The highest epoch seen: lower ones are fenced."""
        return self._highest

    # --- Program ---

    def on_start(self) -> None:
        records = self._runtime.read(EPOCH_FILE)
        self._highest = Epoch(int(records[-1]) if records else 0)
        opened = opened_before(self._runtime)
        for line in self._lines.values():
            line.start(opened.get(line.venue))

    def on_message(self, sender: Address, message: Any) -> None:
        match message:
            case ExecutionReport():
                self._on_report(self._heard(sender), message)
            case SendOrder():
                self._on_send(message)
            case Heartbeat():
                self._heard(sender)
            case OrderStatusReport():
                self._on_status(self._heard(sender), message)
            case CancelAtVenue():
                self._on_cancel(sender, message)
            case ReplaceAtVenue():
                self._on_replace(sender, message)
            case OrderCancelReject():
                self._heard(sender)
                self._on_refused(message)
            case BusinessReject():
                self._on_not_now(self._heard(sender), message)
            case LogonAccepted():
                line = self._heard(sender)
                if line.gateway.on_logon_accepted(message):
                    self._on_established(line)
            case Fence():
                self._on_fence(message)
            case SwitchesTold():
                if message.epoch >= self._highest:
                    self._on_switches(message.switches)
            case _:
                raise TypeError(f"execution: no use for a {type(message).__name__} from {sender}")

    def on_timer(self, key: Hashable) -> None:
        match key:
            # The first two may have rung, and waited for their turn, before they were cancelled.
            case ("ack", str(cl_ord_id)):
                flight = self._flights.get(ClOrdID(cl_ord_id))
                if flight is not None and flight.venue is not None:
                    self._on_overdue(flight, self._lines[flight.venue])
            case ("ask", str(cl_ord_id), str(venue)):
                flight = self._flights.get(ClOrdID(cl_ord_id))
                if flight is not None and flight.is_asked(Venue(venue)):
                    self._ask(flight, self._lines[Venue(venue)])
            case ("again", str(cl_ord_id)):
                flight = self._flights.get(ClOrdID(cl_ord_id))
                if flight is not None and flight.venue is not None and flight.paused:
                    self._on_pause_over(flight, self._lines[flight.venue])
            case ("beat", str(venue)):
                if self._lines[Venue(venue)].gateway.on_beat():
                    self._on_lost(self._lines[Venue(venue)])
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
            self._on_lost(line)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config
        self._parents.most = config.execution.max_parents
        for line in self._lines.values():
            line.on_config(config)

    # --- orders on their way out ---

    def _on_send(self, message: SendOrder) -> None:
        order = message.order
        cl_ord_id = order.cl_ord_id
        if not self._serves(order.epoch):
            self._acted("execution.fencing", cl_ord_id)
            unsent = OrderUnsent(cl_ord_id, order.attempt, UnsentReason.FENCED)
            self._write(self._leaders.get(order.epoch), unsent)
            return
        if order.epoch == self._served and order.attempt <= self._void.get(cl_ord_id, 0):
            return
        known = self._flights.get(cl_ord_id)
        if known is not None:
            if known.epoch == order.epoch and order.attempt <= known.order.attempt:
                return  # one routing attempt is one write, however often it is handed over
            self._forget(known)  # a leader wants it sent again: it has to know what it does
        if self._config.execution.within_parent and not self._parents.allows(order):
            self._acted("execution.within_parent", cl_ord_id)  # and nobody asks for an answer about it
            return
        line = self._lines[message.venue]
        flight = Flight(order=order, epoch=order.epoch, wire_id=cl_ord_id, venue=line.venue)
        self._flights[cl_ord_id] = flight
        problem = self._transmit(flight, line, cl_ord_id)
        if problem is not None:
            self._give_back(flight, problem)
        else:
            self._parents.wrote(order)
            self._tell(flight, OrderLeft(cl_ord_id, line.venue, order.attempt))

    def _on_cancel(self, sender: Address, request: CancelAtVenue) -> None:
        cl_ord_id = request.cl_ord_id
        if not self._serves(request.epoch):
            self._acted("execution.fencing", cl_ord_id)
            self._write(sender, CancelRefused(cl_ord_id, UnsentReason.FENCED.value))
            return
        flight = self._flights.get(cl_ord_id)
        wire_id: str = request.wire_id or cl_ord_id
        if flight is not None:
            flight.withdrawn = True
            wire_id = flight.wire_id
        if not self._lines[request.venue].gateway.cancel(request, wire_id):
            self._write(sender, CancelRefused(cl_ord_id, UnsentReason.SESSION_DOWN.value))
        elif flight is not None and flight.answered and self._config.execution.timeouts:
            # The venue may never see it: ask what became of the order, and the OMS will ask for its end again.
            self._runtime.set_timer(self._config.execution.ack_timeout_ns, ("ack", cl_ord_id))

    def _on_replace(self, sender: Address, request: ReplaceAtVenue) -> None:
        """A replace puts lots at risk like a new order: it is fenced like one, and the breaker guards it."""
        cl_ord_id = request.cl_ord_id
        line, flight = self._lines[request.venue], self._flights.get(cl_ord_id)
        problem: UnsentReason | None = None
        if not self._serves(request.epoch):
            self._acted("execution.fencing", cl_ord_id)
            problem = UnsentReason.FENCED
        elif not line.admits_replace(cl_ord_id):
            problem = UnsentReason.BREAKER_OPEN
        elif not line.gateway.replace(request, (request.wire_id or cl_ord_id) if flight is None else flight.wire_id):
            problem = UnsentReason.SESSION_DOWN
        if problem is not None:
            self._write(sender, ReplaceRefused(cl_ord_id, request.revision, problem.value))
        elif flight is not None:
            flight.revision = request.revision
            if self._config.execution.timeouts:
                # The venue may never see it: ask on what terms the order stands, and the OMS will ask for it again.
                self._runtime.set_timer(self._config.execution.ack_timeout_ns, ("ack", cl_ord_id))

    # --- what venues say ---

    def _on_refused(self, reject: OrderCancelReject) -> None:
        """To a cancel, or to a replace, whose revision its name bears."""
        cl_ord_id, flight = doubt.desk_id(reject.orig_cl_ord_id), self._flight(reject.orig_cl_ord_id)
        if not reject.to_replace:
            self._tell(flight, CancelRefused(cl_ord_id, reject.reason.value))
            return
        revision = doubt.revision_of(reject.cl_ord_id)
        if flight is not None and flight.revision == revision and reject.reason is not CxlRejReason.DUPLICATE_ORDER:
            flight.revision = 0
        self._tell(flight, ReplaceRefused(cl_ord_id, revision, reject.reason.value))

    def _heard(self, sender: Address) -> Line:
        line = self._by_address[sender]
        line.gateway.heard()
        return line

    def _flight(self, wire_id: str) -> Flight | None:
        """What bears this name on the wire: an order, a child of one, or an order whose retry was given a new name."""
        return self._flights.get(ClOrdID(wire_id)) or self._flights.get(doubt.desk_id(wire_id))

    def _on_report(self, line: Line, report: ExecutionReport) -> None:
        cl_ord_id = doubt.desk_id(report.cl_ord_id)
        flight = self._flight(report.cl_ord_id)
        if flight is not None and (flight.venue is None or flight.venue == line.venue):
            flight.venue = line.venue
            flight.answered = True
            line.succeeded(flight)
            self._follow(flight, report)
            flight.owed |= report.reason is OrdRejReason.DUPLICATE_ORDER
            if flight.is_asked(line.venue):
                pass  # the answer will tell what reports did not, so the order is not let go before it
            elif flight.owed or flight.filled_lots != report.cum_lots:
                self._ask(flight, line)  # it was there already, or a report was lost on the way
            elif doubt.ended(report.ord_status):
                self._forget(flight)
        # A duplicate's reject is about the second copy. The order is there: to the desk nothing was refused.
        if report.reason is not OrdRejReason.DUPLICATE_ORDER:
            self._tell(flight, VenueReport(line.venue, cl_ord_id, report))

    def _follow(self, flight: Flight, report: ExecutionReport) -> None:
        """What the report says of fills, and of the name that the order bears from here on."""
        match report.exec_type:
            case ExecType.TRADE:
                flight.filled_lots += report.last_lots
            case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
                flight.filled_lots = report.cum_lots
            case ExecType.REPLACED:
                self._renamed(flight, report.cl_ord_id)

    def _renamed(self, flight: Flight, wire_id: str) -> None:
        flight.wire_id = wire_id
        if flight.revision == doubt.revision_of(wire_id):
            flight.revision = 0

    def _on_status(self, line: Line, answer: OrderStatusReport) -> None:
        flight = self._flight(answer.cl_ord_id)
        question = flight.questions.get(line.venue) if flight is not None else None
        if flight is None or question is None or not question.is_open:
            return
        if flight.venue is not None and flight.venue != line.venue:
            self._close_question(flight, line.venue)  # it has been found elsewhere meanwhile
            return
        order_session = flight.session if flight.sends else line.gateway.inherited
        match doubt.judge(question, answer, order_session, line.gateway.closed_below):
            case Finding.KNOWN:
                self._close_questions(flight)
                self._on_known(flight, line, answer)
            case Finding.ABSENT if not flight.answered:
                self._close_question(flight, line.venue)
                self._on_absent(flight, line)
            # Anything else proves nothing yet: the timer asks again.

    def _on_known(self, flight: Flight, line: Line, answer: OrderStatusReport) -> None:
        # Of an order that should be cancelled and still stands, that it stands is news.
        is_awaited = flight.owed or flight.withdrawn or bool(flight.revision)
        is_news = is_awaited or not flight.answered or flight.filled_lots != answer.cum_lots
        if flight.doubted and not flight.answered:
            self._acted("execution.resolve_in_doubt", flight.order.cl_ord_id)
        flight.venue = line.venue
        flight.owed = False
        if answer.latest_cl_ord_id:
            self._renamed(flight, answer.latest_cl_ord_id)
        flight.filled_lots = answer.cum_lots
        flight.answered = True
        line.succeeded(flight)
        if is_news or doubt.ended(answer.status):
            self._tell(flight, VenueReport(line.venue, flight.order.cl_ord_id, answer))
        if doubt.ended(answer.status):
            self._forget(flight)
        elif self._config.execution.timeouts:
            wait_ns = doubt.check_wait_ns(flight, self._config.execution)
            self._runtime.set_timer(wait_ns, ("ack", flight.order.cl_ord_id))

    def _on_absent(self, flight: Flight, line: Line) -> None:
        if any(map(flight.is_asked, flight.questions)):
            return  # another venue has still to speak
        if flight.doubted:
            self._acted("execution.resolve_in_doubt", flight.order.cl_ord_id)
        line.failed(flight)
        problem: UnsentReason | None = UnsentReason.NEVER_ARRIVED
        if doubt.after_absence(flight, self._config.execution, self._serves(flight.epoch)) is Step.SEND_AGAIN:
            problem = self._send_again(flight, line)
        if problem is not None:
            self._give_back(flight, problem)

    def _on_not_now(self, line: Line, message: BusinessReject) -> None:
        """The venue did not look at it. A question is asked again anyway, and the wish to cancel stands."""
        cl_ord_id, config = doubt.desk_id(message.cl_ord_id), self._config.execution
        flight = self._flight(message.cl_ord_id)
        if message.reason is BusinessRejectReason.THROTTLED:
            line.throttled()
        if message.refused.startswith("replace/"):
            revision = doubt.revision_of(message.refused)
            if flight is not None and flight.revision == revision:
                flight.revision = 0
            self._tell(flight, ReplaceRefused(cl_ord_id, revision, UnsentReason.NOT_NOW.value))
        elif message.refused.startswith("cancel/"):
            self._tell(flight, CancelRefused(cl_ord_id, UnsentReason.NOT_NOW.value))
        elif (
            flight is not None and flight.venue == line.venue and doubt.is_turned_away(flight, message.refused, config)
        ):
            line.succeeded(flight)
            self._close_questions(flight)
            if doubt.after_absence(flight, config, self._serves(flight.epoch)) is not Step.SEND_AGAIN:
                self._give_back(flight, UnsentReason.NOT_NOW)
                return
            flight.paused = True
            self._runtime.cancel_timer(("ack", cl_ord_id))
            interval_ns, longest_ns = config.retry_interval_ns, config.retry_interval_max_ns
            self._runtime.set_timer(
                self._wait_ns(interval_ns, longest_ns, flight.sends, message.refused), ("again", cl_ord_id)
            )

    def _on_pause_over(self, flight: Flight, line: Line) -> None:
        flight.paused = False
        if flight.is_asked(line.venue):
            return  # a new leader or a new session wants to know first: the answer decides
        problem: UnsentReason | None = UnsentReason.NOT_NOW
        if doubt.after_absence(flight, self._config.execution, self._serves(flight.epoch)) is Step.SEND_AGAIN:
            problem = self._send_again(flight, line)
        if problem is not None:
            self._give_back(flight, problem)

    # --- when venues say nothing ---

    def _on_overdue(self, flight: Flight, line: Line) -> None:
        if flight.answered:
            flight.checks += 1
            if not flight.is_asked(line.venue):
                self._ask(flight, line)
            return
        self._acted("execution.timeouts", flight.order.cl_ord_id)
        line.failed(flight)
        config = self._config.execution
        if config.resolve_in_doubt:
            self._doubt(flight, line)
        elif flight.sends < config.max_sends and self._send_again(flight, line) is not None:
            self._runtime.set_timer(config.ack_timeout_ns, ("ack", flight.order.cl_ord_id))

    def _transmit(self, flight: Flight, line: Line, wire_id: str) -> UnsentReason | None:
        """Write it to the venue; the reason where that cannot be. What was approved before a halt stops here."""
        order, switches = flight.order, self._switches
        if switches.any:
            state = switches.state_of(order.strategy, order.symbol, order.client)
            problem = line.closed_to(order)
            if state.ends_trading or problem is not None:
                self._acted("risk.kill_switch", order.cl_ord_id)
                return problem or UnsentReason.HALTED
        return line.transmit(flight, wire_id)

    def _on_switches(self, switches: tuple[Switch, ...]) -> None:
        """The leader's word for what is not active."""
        self._switches = Switches(switches)
        for line in self._lines.values():
            line.state = self._switches.of(Scope.VENUE, line.venue)
            line.review()

    def _send_again(self, flight: Flight, line: Line) -> UnsentReason | None:
        cl_ord_id = flight.order.cl_ord_id
        keep = self._config.execution.keep_cl_ord_id
        wire_id = flight.wire_id if keep else doubt.fresh_wire_id(cl_ord_id, flight.sends + 1)
        problem = self._transmit(flight, line, wire_id)
        if problem is None and keep:
            self._acted("execution.keep_cl_ord_id", cl_ord_id)
        return problem

    def _doubt(self, flight: Flight, line: Line) -> None:
        order = flight.order
        if not flight.doubted:
            flight.doubted = True
            self._tell(flight, OrderDoubtful(order.cl_ord_id, line.venue, order.attempt))
        self._ask(flight, line)

    def _ask(self, flight: Flight, line: Line) -> None:
        """Ask the venue what became of the order, now or when its session stands again, until it answers."""
        gateway = line.gateway
        question = doubt.open_question(flight.questions.get(line.venue), flight.order.attempt)
        if gateway.established:
            question = doubt.ask(question, gateway.session)
            gateway.query(flight.wire_id, question.asked)
            interval_ns, longest_ns = (
                self._config.execution.query_interval_ns,
                self._config.execution.query_interval_max_ns,
            )
            times = doubt.times_asked(question)
            wait_ns = self._wait_ns(interval_ns, longest_ns, times, f"{flight.wire_id}/{question.asked}")
            self._runtime.set_timer(wait_ns, ("ask", flight.order.cl_ord_id, line.venue))
        flight.questions[line.venue] = question

    def _on_established(self, line: Line) -> None:
        """Reports may have died with the last session: ask about every order that may be at this venue."""
        line.review()
        for flight in self._flights.values():
            if flight.is_asked(line.venue) or (flight.answered and flight.venue == line.venue):
                self._ask(flight, line)

    def _on_lost(self, line: Line) -> None:
        for flight in self._flights.values():
            if flight.venue == line.venue and not flight.answered:
                flight.permit = None  # one failure for all of them, below
                if self._config.execution.resolve_in_doubt:
                    self._runtime.cancel_timer(("ack", flight.order.cl_ord_id))
                    self._doubt(flight, line)
        line.session_failed()

    # --- leaders ---

    def _serves(self, epoch: Epoch) -> bool:
        """Whether this epoch's leader has a say here: not superseded, and fenced in since a restart."""
        return epoch == self._served == self._highest or not self._config.execution.fencing

    def _on_fence(self, fence: Fence) -> None:
        if self._config.execution.fencing and fence.epoch < self._highest:
            self._acted("execution.fencing", fence.leader)
            return
        self._leaders[fence.epoch] = fence.leader
        self._on_switches(fence.switches)
        if fence.epoch > self._highest:
            self._highest = fence.epoch
            self._void.clear()
            self._fence_token = self._runtime.append(EPOCH_FILE, str(fence.epoch).encode())
            self._fence = fence
        elif self._fence is not None and fence.epoch == self._fence.epoch:
            self._fence = fence  # the same leader, on a new stream, before the disk was done
        else:
            self._accept(fence)

    def _accept(self, fence: Fence) -> None:
        self._served = fence.epoch
        self._write(fence.leader, FenceAccepted(epoch=fence.epoch))
        for listed in fence.orders:
            self._reconcile(fence.epoch, listed)

    def _reconcile(self, epoch: Epoch, listed: OpenAtVenue) -> None:
        """Find out what became of an order, and tell the leader: no earlier one can send it any more."""
        order = listed.order
        flight = self._flights.get(order.cl_ord_id)
        if flight is not None and flight.venue is not None:
            flight.epoch = epoch
            flight.owed = True
            self._ask(flight, self._lines[flight.venue])
            return
        # Sent by an earlier process, ended and forgotten, or never here: its venue knows, or one of them all.
        if flight is None:
            flight = Flight(order=order, epoch=epoch, wire_id=listed.wire_id or order.cl_ord_id)
            self._flights[order.cl_ord_id] = flight
        flight.order = order
        flight.epoch = epoch
        self._void[order.cl_ord_id] = order.attempt
        for line in self._lines.values():
            if listed.venue == line.venue or (listed.venue is None and order.symbol in line.symbols):
                self._ask(flight, line)
        if not flight.questions:
            self._give_back(flight, UnsentReason.NEVER_ARRIVED)

    # --- telling ---

    def _give_back(self, flight: Flight, reason: UnsentReason) -> None:
        self._forget(flight)
        self._tell(flight, OrderUnsent(flight.order.cl_ord_id, flight.order.attempt, reason))

    def _forget(self, flight: Flight) -> None:
        self._close_questions(flight)
        self._runtime.cancel_timer(("ack", flight.order.cl_ord_id))
        del self._flights[flight.order.cl_ord_id]

    def _close_questions(self, flight: Flight) -> None:
        for venue in flight.questions:
            self._close_question(flight, venue)

    def _close_question(self, flight: Flight, venue: Venue) -> None:
        question = flight.questions[venue]
        if question.is_open:
            flight.questions[venue] = doubt.close(question)
            self._runtime.cancel_timer(("ask", flight.order.cl_ord_id, venue))

    def _wait_ns(self, interval_ns: int, longest_ns: int, failures: int, what: str) -> int:
        """How long what has failed so often waits until it is tried again."""
        if not self._config.execution.back_off:
            return interval_ns
        if failures > 1:
            self._acted("execution.back_off", what)
        return back_off.wait_ns(interval_ns, longest_ns, failures, self._runtime.chance("back off", what))

    def _acted(self, protection: str, what: str) -> None:
        self._runtime.emit(ProtectionActed(protection=protection, what=what))

    def _tell(self, flight: Flight | None, message: DeskMessage) -> None:
        """To the leader; without fencing, to whichever leader answers for the order."""
        epoch = self._highest
        if flight is not None and not self._config.execution.fencing:
            epoch = flight.epoch
        self._write(self._leaders.get(epoch), message)

    def _write(self, to: Address | None, message: DeskMessage) -> None:
        """A peer that is unknown or gone hears nothing: it will ask."""
        if to is not None:
            self._runtime.write(to, message)
