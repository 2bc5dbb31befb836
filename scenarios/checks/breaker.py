"""The circuit breaker, judged from outside: after enough unanswered orders, the venue is left alone."""

from collections import deque
from typing import Final

from msgspec import Struct

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import (
    BusinessReject,
    ExecutionReport,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderStatusReport,
)
from squall.sim.trace import Handled, HostCrashed, ProgramStopped, Record, Sent, StreamClosed, VenueAccepted
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
    logging_on: bool = False
    established: bool = False
    orphans: tuple[str, ...] = ()
    """What waited on the last session when it was lost: answers to these may still stand in the desk's queue."""


class _BreakerHolds:
    """Counts time-outs by itself, and knows from then on when an order may leave and when not."""

    def __init__(self, stage: Stage) -> None:
        settings = stage.scenario.settings.desk
        self._breaker = settings.breaker
        self._timeout_ns = settings.execution.ack_timeout_ns
        self._execution = stage.wiring.execution
        self._host = stage.world.transport.slot_of(stage.wiring.execution).host.name
        self._venues = tuple(route.address for route in stage.wiring.venues)
        self._lines = {venue: _Line(deque(), deque()) for venue in self._venues}
        self._opened = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_order, Sent, NewOrderSingle)
        trace.watch(self._on_replace, Sent, OrderCancelReplaceRequest)
        trace.watch(self._on_report, Handled, ExecutionReport)
        trace.watch(self._on_status, Handled, OrderStatusReport)
        trace.watch(self._on_not_now, Handled, BusinessReject)
        trace.watch(self._on_logon, Sent, Logon)
        trace.watch(self._on_logon_accepted, Handled, LogonAccepted)
        trace.watch(self._on_stream_closed, StreamClosed)
        trace.watch(self._on_crash, HostCrashed)
        trace.watch(self._on_stopped, ProgramStopped)

    def _expire(self, line: _Line, now_ns: int) -> None:
        """Turn orders that have waited too long into failures, in their order."""
        while line.waiting and line.waiting[0].sent_ns + self._timeout_ns < now_ns:
            failed = line.waiting.popleft()
            self._fail(line, failed.sent_ns + self._timeout_ns, failed.cl_ord_id == line.probe)

    def _fail(self, line: _Line, failed_ns: int, of_probe: bool) -> None:
        """One more failure. Where it is shut already stragglers change nothing; a failed probe starts the wait anew."""
        line.failures.append(failed_ns)
        while line.failures[0] < failed_ns - self._breaker.failure_window_ns:
            line.failures.popleft()
        opens = len(line.failures) >= self._breaker.failure_threshold if line.shut_ns is None else of_probe
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

    def _on_replace(self, record: Record) -> None:
        """It is no probe, so it may not go at all while the breaker is known to be open."""
        line = self._lines.get(record.event.to)
        if line is None:
            return
        self._expire(line, record.at_ns)
        if line.shut_ns is not None and line.probe is None:
            since_ns = record.at_ns - line.shut_ns
            if TOLERANCE_NS < since_ns < self._breaker.reset_timeout_ns - self._timeout_ns - TOLERANCE_NS:
                name = record.event.message.cl_ord_id
                self._docket.violated(record, f"{name} went to {record.event.to} through an open breaker")

    def _judge(self, line: _Line, record: Record, order: NewOrderSingle) -> None:
        assert line.shut_ns is not None
        since_ns = record.at_ns - line.shut_ns
        if since_ns <= TOLERANCE_NS:
            return
        # What we took for the last failure may be a straggler: the desk knew of one more, and shut that much earlier.
        if since_ns < self._breaker.reset_timeout_ns - self._timeout_ns - TOLERANCE_NS:
            self._docket.violated(
                record,
                f"{order.cl_ord_id} went to {record.event.to} {since_ns / 1e9:.3f} s after "
                f"{self._breaker.failure_threshold} failures in a row",
            )
        elif line.probe is not None:
            detail = f"{order.cl_ord_id} went to {record.event.to} while a probe was still unanswered"
            self._docket.violated(record, detail)
        else:
            line.probe = order.cl_ord_id

    def _on_report(self, record: Record) -> None:
        self._on_answer(record, record.event.message.cl_ord_id)

    def _on_status(self, record: Record) -> None:
        if record.event.message.status is not None:
            self._on_answer(record, record.event.message.cl_ord_id)

    def _on_not_now(self, record: Record) -> None:
        """That the venue turns an order away for the moment is an answer to it."""
        if record.event.message.refused.startswith("new/"):
            self._on_answer(record, record.event.message.cl_ord_id)

    def _on_answer(self, record: Record, cl_ord_id: str) -> None:
        line = self._lines.get(record.event.sender)
        if line is None:
            return
        self._expire(line, record.at_ns)
        answered = [waiting for waiting in line.waiting if waiting.cl_ord_id == cl_ord_id]
        if answered:
            line.waiting.remove(answered[0])
        elif cl_ord_id not in line.orphans:
            return
        # Answered in time: whatever the desk decides now, we cannot say that it must be open.
        line.failures.clear()
        line.shut_ns = None
        line.probe = None

    def _on_logon(self, record: Record) -> None:
        line = self._lines.get(record.event.to)
        if line is not None:
            line.logging_on = True

    def _on_logon_accepted(self, record: Record) -> None:
        line = self._lines.get(record.event.sender)
        if line is not None and line.logging_on:
            line.logging_on, line.established, line.orphans = False, True, ()

    def _on_stream_closed(self, record: Record) -> None:
        """A lost session is one failure, whatever waited on it; one that never stood is none."""
        if record.event.end != self._execution or record.event.peer not in self._lines:
            return
        line = self._lines[record.event.peer]
        self._expire(line, record.at_ns)
        line.orphans = tuple(waiting.cl_ord_id for waiting in line.waiting)
        line.waiting.clear()
        if line.established:
            self._fail(line, record.at_ns, of_probe=line.probe is not None)
        line.probe = None
        line.logging_on = line.established = False

    def _on_crash(self, record: Record) -> None:
        """A breaker lives in memory: with its host it forgets all."""
        if record.host == self._host:
            self._lines = {venue: _Line(deque(), deque()) for venue in self._venues}

    def _on_stopped(self, record: Record) -> None:
        """As it does with its process."""
        if record.event.program == self._execution:
            self._on_crash(record)

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"no order left through an open breaker (open {self._opened} times)")


def breaker_holds() -> Promise:
    """After the configured failures in a row nothing new is sent until the reset time, then one probe.

    An unanswered order is a failure, and so is the loss of an established session, whatever waited on it.
    """
    return Promise("nothing is sent through an open breaker", "safety", _BreakerHolds, of_our_desk=True)


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
    return Promise(name, "reached", lambda stage: _FlowMoves(stage, venue), needs_faults=True, of_our_desk=True)
