"""What becomes of each order at its venue: by what the venue says of it, and by what it does not say."""

from collections.abc import Callable

from squall.sim.exchange.wire.messages import (
    BusinessReject,
    BusinessRejectReason,
    CxlRejReason,
    ExecType,
    ExecutionReport,
    OrderCancelReject,
    OrderStatusReport,
    OrdRejReason,
)
from squall.system.domain import doubt
from squall.system.domain.doubt import Finding, Flight, Step
from squall.system.domain.messages import CancelRefused, OrderDoubtful, ReplaceRefused, UnsentReason, VenueReport
from squall.system.runtime import Runtime
from squall.system.services.flights import Flights
from squall.system.services.line import Line


class Outcomes:
    """Times out, asks, re-sends or gives back."""

    def __init__(
        self, runtime: Runtime, flights: Flights, transmit: Callable[[Flight, Line, str], UnsentReason | None]
    ) -> None:
        """*transmit* writes an order to its venue under a name, or says why that cannot be."""
        self._runtime = runtime
        self._flights = flights
        self._transmit = transmit

    # --- what venues say ---

    def on_refused(self, reject: OrderCancelReject) -> None:
        """To a cancel, or to a replace, whose revision its name bears."""
        cl_ord_id, flight = doubt.desk_id(reject.orig_cl_ord_id), self._flights.named(reject.orig_cl_ord_id)
        if not reject.to_replace:
            self._flights.tell(flight, CancelRefused(cl_ord_id, reject.reason.value))
            return
        revision = doubt.revision_of(reject.cl_ord_id)
        if flight is not None and flight.revision == revision and reject.reason is not CxlRejReason.DUPLICATE_ORDER:
            flight.revision = 0
        self._flights.tell(flight, ReplaceRefused(cl_ord_id, revision, reject.reason.value))

    def on_report(self, line: Line, report: ExecutionReport) -> None:
        """Unasked, of an order or of what it did."""
        cl_ord_id = doubt.desk_id(report.cl_ord_id)
        flight = self._flights.named(report.cl_ord_id)
        if flight is not None and (flight.venue is None or flight.venue == line.venue):
            flight.venue = line.venue
            flight.answered = True
            line.succeeded(flight)
            self._follow(flight, report)
            flight.owed |= report.reason is OrdRejReason.DUPLICATE_ORDER
            if flight.is_asked(line.venue):
                pass  # the answer will tell what reports did not, so the order is not let go before it
            elif flight.owed or flight.filled_lots != report.cum_lots:
                self._flights.ask(flight, line)  # it was there already, or a report was lost on the way
            elif doubt.ended(report.ord_status):
                self._flights.forget(flight)
        # A duplicate's reject is about the second copy. The order is there: to the desk nothing was refused.
        if report.reason is not OrdRejReason.DUPLICATE_ORDER:
            self._flights.tell(flight, VenueReport(line.venue, cl_ord_id, report))

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

    def on_status(self, line: Line, answer: OrderStatusReport) -> None:
        """The answer to a question; one that is closed has been answered before."""
        flight = self._flights.named(answer.cl_ord_id)
        question = flight.questions.get(line.venue) if flight is not None else None
        if flight is None or question is None or not question.is_open:
            return
        if flight.venue is not None and flight.venue != line.venue:
            self._flights.close_question(flight, line.venue)  # it has been found elsewhere meanwhile
            return
        order_session = flight.session if flight.sends else line.gateway.inherited
        match doubt.judge(question, answer, order_session, line.gateway.closed_below):
            case Finding.KNOWN:
                self._flights.close_questions(flight)
                self._on_known(flight, line, answer)
            case Finding.ABSENT if not flight.answered:
                self._flights.close_question(flight, line.venue)
                self._on_absent(flight, line)
            # Anything else proves nothing yet: the timer asks again.

    def _on_known(self, flight: Flight, line: Line, answer: OrderStatusReport) -> None:
        # Of an order that should be cancelled and still stands, that it stands is news.
        is_awaited = flight.owed or flight.withdrawn or bool(flight.revision)
        is_news = is_awaited or not flight.answered or flight.filled_lots != answer.cum_lots
        if flight.doubted and not flight.answered:
            self._flights.acted("execution.resolve_in_doubt", flight.order.cl_ord_id)
        flight.venue = line.venue
        flight.owed = False
        if answer.latest_cl_ord_id:
            self._renamed(flight, answer.latest_cl_ord_id)
        flight.filled_lots = answer.cum_lots
        flight.answered = True
        line.succeeded(flight)
        if is_news or doubt.ended(answer.status):
            self._flights.tell(flight, VenueReport(line.venue, flight.order.cl_ord_id, answer))
        if doubt.ended(answer.status):
            self._flights.forget(flight)
        elif self._flights.config.timeouts:
            wait_ns = doubt.check_wait_ns(flight, self._flights.config)
            self._runtime.set_timer(wait_ns, ("ack", flight.order.cl_ord_id))

    def _on_absent(self, flight: Flight, line: Line) -> None:
        if any(map(flight.is_asked, flight.questions)):
            return  # another venue has still to speak
        if flight.doubted:
            self._flights.acted("execution.resolve_in_doubt", flight.order.cl_ord_id)
        line.failed(flight)
        problem: UnsentReason | None = UnsentReason.NEVER_ARRIVED
        if doubt.after_absence(flight, self._flights.config, self._flights.serves(flight.epoch)) is Step.SEND_AGAIN:
            problem = self._send_again(flight, line)
        if problem is not None:
            self._flights.give_back(flight, problem)

    def on_not_now(self, line: Line, message: BusinessReject) -> None:
        """The venue did not look at it. A question is asked again anyway, and the wish to cancel stands."""
        cl_ord_id, config = doubt.desk_id(message.cl_ord_id), self._flights.config
        flight = self._flights.named(message.cl_ord_id)
        if message.reason is BusinessRejectReason.THROTTLED:
            line.throttled()
        if message.refused.startswith("replace/"):
            revision = doubt.revision_of(message.refused)
            if flight is not None and flight.revision == revision:
                flight.revision = 0
            self._flights.tell(flight, ReplaceRefused(cl_ord_id, revision, UnsentReason.NOT_NOW.value))
        elif message.refused.startswith("cancel/"):
            self._flights.tell(flight, CancelRefused(cl_ord_id, UnsentReason.NOT_NOW.value))
        elif (
            flight is not None and flight.venue == line.venue and doubt.is_turned_away(flight, message.refused, config)
        ):
            line.succeeded(flight)
            self._flights.close_questions(flight)
            if doubt.after_absence(flight, config, self._flights.serves(flight.epoch)) is not Step.SEND_AGAIN:
                self._flights.give_back(flight, UnsentReason.NOT_NOW)
                return
            flight.paused = True
            self._runtime.cancel_timer(("ack", cl_ord_id))
            interval_ns, longest_ns = config.retry_interval_ns, config.retry_interval_max_ns
            self._runtime.set_timer(
                self._flights.wait_ns(interval_ns, longest_ns, flight.sends, message.refused), ("again", cl_ord_id)
            )

    def on_pause_over(self, flight: Flight, line: Line) -> None:
        """It is sent again, if anybody still wants it."""
        flight.paused = False
        if flight.is_asked(line.venue):
            return  # a new leader or a new session wants to know first: the answer decides
        problem: UnsentReason | None = UnsentReason.NOT_NOW
        if doubt.after_absence(flight, self._flights.config, self._flights.serves(flight.epoch)) is Step.SEND_AGAIN:
            problem = self._send_again(flight, line)
        if problem is not None:
            self._flights.give_back(flight, problem)

    # --- when venues say nothing ---

    def on_overdue(self, flight: Flight, line: Line) -> None:
        """Nothing was heard of it for too long, or it is time to look after it."""
        if flight.answered:
            flight.checks += 1
            if not flight.is_asked(line.venue):
                self._flights.ask(flight, line)
            return
        self._flights.acted("execution.timeouts", flight.order.cl_ord_id)
        line.failed(flight)
        config = self._flights.config
        if config.resolve_in_doubt:
            self._doubt(flight, line)
        elif flight.sends < config.max_sends and self._send_again(flight, line) is not None:
            self._runtime.set_timer(config.ack_timeout_ns, ("ack", flight.order.cl_ord_id))

    def _send_again(self, flight: Flight, line: Line) -> UnsentReason | None:
        cl_ord_id = flight.order.cl_ord_id
        keep = self._flights.config.keep_cl_ord_id
        wire_id = flight.wire_id if keep else doubt.fresh_wire_id(cl_ord_id, flight.sends + 1)
        problem = self._transmit(flight, line, wire_id)
        if problem is None and keep:
            self._flights.acted("execution.keep_cl_ord_id", cl_ord_id)
        return problem

    def _doubt(self, flight: Flight, line: Line) -> None:
        order = flight.order
        if not flight.doubted:
            flight.doubted = True
            self._flights.tell(flight, OrderDoubtful(order.cl_ord_id, line.venue, order.attempt))
        self._flights.ask(flight, line)

    def on_established(self, line: Line) -> None:
        """Reports may have died with the last session: ask about every order that may be at this venue."""
        line.review()
        for flight in self._flights:
            if flight.is_asked(line.venue) or (flight.answered and flight.venue == line.venue):
                self._flights.ask(flight, line)

    def on_lost(self, line: Line) -> None:
        """The session has ended: what was not answered on it is in doubt."""
        for flight in self._flights:
            if flight.venue == line.venue and not flight.answered:
                flight.permit = None  # one failure for all of them, below
                if self._flights.config.resolve_in_doubt:
                    self._runtime.cancel_timer(("ack", flight.order.cl_ord_id))
                    self._doubt(flight, line)
        line.session_failed()
