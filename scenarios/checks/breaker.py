"""The circuit breaker, judged from outside: after enough unanswered orders, the venue is left alone."""

from collections import deque
from typing import Final

from msgspec import Struct

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import ExecutionReport, NewOrderSingle
from squall.sim.trace import Handled, Record, Sent, StreamClosed, VenueAccepted
from squall.system.domain.claims import BreakerMoved

TOLERANCE_NS: Final = 2_000_000
"""Clocks drift, and a decision takes a few microseconds to show on the wire."""


class _Waiting(Struct):
    """An order on the wire that nobody has answered."""

    cl_ord_id: str
    sent_ns: int


class _Line(Struct):
    """One venue session as an observer sees it."""

    waiting: deque[_Waiting]
    failures: deque[int]
    """Times of consecutive failures."""
    shut_ns: int | None = None
    """When the breaker must have opened, at the latest; None while it may be closed."""
    probe: str | None = None
    """The one order that was let through since, while it is unanswered."""


class _BreakerHolds:
    """Counts time-outs by itself, and knows from then on when an order may leave and when not."""

    def __init__(self, stage: Stage) -> None:
        settings = stage.scenario.settings.desk
        self._breaker = settings.breaker
        self._timeout_ns = settings.execution.ack_timeout_ns
        self._execution = stage.wiring.execution
        self._lines = {route.address: _Line(deque(), deque()) for route in stage.wiring.venues}
        self._opened = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_order, Sent, NewOrderSingle)
        trace.watch(self._on_report, Handled, ExecutionReport)
        trace.watch(self._on_stream_closed, StreamClosed)

    def _expire(self, line: _Line, now_ns: int) -> None:
        """Turn orders that have waited too long into failures, in their order."""
        while line.waiting and line.waiting[0].sent_ns + self._timeout_ns < now_ns:
            failed = line.waiting.popleft()
            failed_ns = failed.sent_ns + self._timeout_ns
            line.failures.append(failed_ns)
            while line.failures[0] < failed_ns - self._breaker.failure_window_ns:
                line.failures.popleft()
            if line.shut_ns is None:
                opens = len(line.failures) >= self._breaker.failure_threshold
            else:
                # Shut already: stragglers change nothing, a probe that fails starts the wait anew.
                opens = failed.cl_ord_id == line.probe
            if opens:
                line.shut_ns = failed_ns
                line.probe = None
                self._opened += 1

    def _on_order(self, record: Record) -> None:
        line = self._lines.get(record.event.to)
        if line is None:
            return
        now_ns = record.at_ns
        self._expire(line, now_ns)
        order: NewOrderSingle = record.event.message
        if line.shut_ns is not None:
            self._judge(line, record, order)
        line.waiting.append(_Waiting(order.cl_ord_id, now_ns))

    def _judge(self, line: _Line, record: Record, order: NewOrderSingle) -> None:
        assert line.shut_ns is not None
        since_ns = record.at_ns - line.shut_ns
        if since_ns <= TOLERANCE_NS:
            return
        if since_ns < self._breaker.reset_timeout_ns - TOLERANCE_NS:
            self._docket.violated(
                record,
                f"{order.cl_ord_id} went to {record.event.to} {since_ns / 1e9:.3f} s after "
                f"{self._breaker.failure_threshold} orders in a row had gone unanswered",
            )
        elif line.probe is not None:
            detail = f"{order.cl_ord_id} went to {record.event.to} while a probe was still unanswered"
            self._docket.violated(record, detail)
        else:
            line.probe = order.cl_ord_id

    def _on_report(self, record: Record) -> None:
        line = self._lines.get(record.event.sender)
        if line is None:
            return
        self._expire(line, record.at_ns)
        report: ExecutionReport = record.event.message
        for waiting in line.waiting:
            if waiting.cl_ord_id == report.cl_ord_id:
                line.waiting.remove(waiting)
                line.failures.clear()
                # Answered in time: whatever the desk decides now, we cannot say that it must be open.
                line.shut_ns = None
                line.probe = None
                return

    def _on_stream_closed(self, record: Record) -> None:
        # What waited on a broken session is the session's failure, not the orders': start counting anew.
        if record.event.end == self._execution and record.event.peer in self._lines:
            line = self._lines[record.event.peer]
            line.waiting.clear()
            line.probe = None

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"no order left through an open breaker (open {self._opened} times)")


def breaker_holds() -> Promise:
    """After the configured consecutive unanswered orders nothing new is sent until the reset time, then one probe."""
    return Promise("nothing is sent through an open breaker", "safety", _BreakerHolds)


class _FlowMoves:
    """While a venue's breaker is open, another venue goes on accepting."""

    def __init__(self, stage: Stage, venue: str) -> None:
        self._venue = venue
        self._open = False
        self._elsewhere = 0
        stage.world.trace.watch_claims(self._on_breaker, BreakerMoved)
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_breaker(self, record: Record) -> None:
        if record.event.venue == self._venue:
            self._open = record.event.state != "closed"

    def _on_accepted(self, record: Record) -> None:
        if self._open and record.event.venue != self._venue:
            self._elsewhere += 1

    def ruling(self) -> Ruling:
        if self._elsewhere:
            return Ruling(Verdict.PASS, f"{self._elsewhere} orders accepted elsewhere while {self._venue} was shut")
        return Ruling(Verdict.INCONCLUSIVE, f"no order was accepted elsewhere while {self._venue} was shut")


def flow_moves_from(venue: str) -> Promise:
    """While this venue's breaker is open, orders are accepted at another one."""
    name = f"the flow moves away from {venue}"
    return Promise(name, "reached", lambda stage: _FlowMoves(stage, venue), needs_faults=True)
