"""Execution's talking: orders out, answers back, doubt, fences; and one order is never at venues twice."""

from typing import Any

import pytest
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import (
    CxlRejReason,
    ExecType,
    ExecutionReport,
    Heartbeat,
    LogonAccepted,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from squall.sim.exchange.wire.messages import (
    Execution as Executed,
)
from squall.system.config import MILLISECOND, SECOND, BreakerConfig, DeskConfig, ExecutionConfig
from squall.system.domain.claims import BreakerMoved, ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    CancelAtVenue,
    CancelRefused,
    Fence,
    FenceAccepted,
    OpenAtVenue,
    OrderDoubtful,
    OrderLeft,
    OrderUnsent,
    RouteOrder,
    SendOrder,
    UnsentReason,
    VenueHealth,
    VenueReport,
)
from squall.system.services.execution import Execution
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
A, B = Venue("A"), Venue("B")
WIRING = Wiring(
    instruments=(Instrument(ACME),),
    venues=(VenueRoute(A, "venue-a", (ACME,)), VenueRoute(B, "venue-b", (ACME,))),
)
ADDRESS = {A: "venue-a", B: "venue-b"}
EXECUTION = ExecutionConfig(
    ack_timeout_ns=100 * MILLISECOND,
    query_interval_ns=100 * MILLISECOND,
    query_interval_max_ns=400 * MILLISECOND,
    heartbeat_interval_ns=3_600 * SECOND,
)
CONFIG = DeskConfig(execution=EXECUTION, breaker=BreakerConfig(failure_threshold=3, reset_timeout_ns=5 * SECOND))
ONE = ClOrdID("pulse-ACME-1")


def route(cl_ord_id: str = ONE, epoch: int = 1, attempt: int = 1) -> RouteOrder:
    return RouteOrder(
        epoch=Epoch(epoch),
        cl_ord_id=ClOrdID(cl_ord_id),
        symbol=ACME,
        side=Side.BUY,
        quantity_lots=5,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        price_half_ticks=200,
        attempt=attempt,
    )


def report(
    cl_ord_id: str = ONE,
    status: OrdStatus = OrdStatus.NEW,
    last: int = 0,
    cum: int = 0,
    reason: OrdRejReason | None = None,
) -> ExecutionReport:
    kinds = {
        OrdStatus.NEW: ExecType.NEW,
        OrdStatus.CANCELED: ExecType.CANCELED,
        OrdStatus.REJECTED: ExecType.REJECTED,
    }
    ended = status in (OrdStatus.FILLED, OrdStatus.CANCELED, OrdStatus.REJECTED)
    return ExecutionReport(
        exec_id=f"{cl_ord_id}/{status.value}/{cum}",
        exec_type=kinds.get(status, ExecType.TRADE),
        ord_status=status,
        cl_ord_id=cl_ord_id,
        order_id=cl_ord_id,
        symbol=ACME,
        side=Side.BUY,
        cum_lots=cum,
        leaves_lots=0 if ended else 5 - cum,
        last_lots=last,
        last_price_half_ticks=200 if last else 0,
        reason=reason,
    )


FILLED = report(status=OrdStatus.FILLED, last=5, cum=5)


class Bench:
    """An execution between a fake leader, a fake router and two venues that say what the test says."""

    def __init__(self, config: DeskConfig = CONFIG, runtime: FakeRuntime | None = None) -> None:
        self.runtime = runtime or FakeRuntime("execution")
        self.execution = Execution(self.runtime, config, WIRING)
        self.execution.on_start()
        self.runtime.connect(self.execution, "router")

    def log_on(self, venue: Venue = A, previous_closed: bool = False) -> None:
        self.runtime.connect(self.execution, ADDRESS[venue])
        session = int(self.runtime.files[f"sessions.{venue}"][-1])
        self.hear(venue, LogonAccepted(session, previous_closed))

    def fence(self, *orders: OpenAtVenue, epoch: int = 1, leader: str = "oms1", sync: bool = True) -> None:
        self.runtime.streams.add(leader)
        self.execution.on_message(leader, Fence(Epoch(epoch), leader, orders, 1))
        if sync:
            self.runtime.sync(self.execution)

    def send(self, order: RouteOrder, venue: Venue = A) -> None:
        self.execution.on_message("router", SendOrder(venue, order))

    def hear(self, venue: Venue, message: Any) -> None:
        self.execution.on_message(ADDRESS[venue], message)

    def unknown(self, venue: Venue = A, cl_ord_id: str = ONE) -> None:
        """The venue answers the latest query: no such order."""
        query = self.took(OrderStatusRequest, ADDRESS[venue])[-1]
        self.hear(venue, OrderStatusReport(cl_ord_id, query.attempt, None))

    def status(self, status: OrdStatus, cum: int = 0, venue: Venue = A) -> OrderStatusReport:
        query = self.took(OrderStatusRequest, ADDRESS[venue])[-1]
        trades = (Executed("x/1", cum, 200),) if cum else ()
        answer = OrderStatusReport(query.cl_ord_id, query.attempt, status, cum, 5 - cum, trades)
        self.hear(venue, answer)
        return answer

    def lose(self, venue: Venue = A) -> None:
        self.runtime.disconnect(self.execution, ADDRESS[venue])

    def wait(self, by_ns: int) -> None:
        self.runtime.advance(self.execution, by_ns)

    def took(self, kind: type, to: str | None = None) -> list[Any]:
        return self.runtime.take(kind, to)

    def acted(self, protection: str) -> list[str]:
        return [
            claim.what
            for claim in self.runtime.claims
            if isinstance(claim, ProtectionActed) and claim.protection == protection
        ]

    @property
    def breaker_moves(self) -> list[str]:
        return [claim.state for claim in self.runtime.claims if isinstance(claim, BreakerMoved)]


def ready(execution: ExecutionConfig = EXECUTION, breaker: BreakerConfig = CONFIG.breaker) -> Bench:
    """Fenced in by oms1 for epoch 1, both sessions up."""
    bench = Bench(DeskConfig(execution=execution, breaker=breaker))
    bench.log_on(A)
    bench.log_on(B)
    bench.fence()
    bench.took(FenceAccepted)
    return bench


# --- the plain way ---------------------------------------------------------------------------------


def test_an_order_is_written_to_its_venue_and_the_leader_hears_where_it_went() -> None:
    bench = ready()
    bench.send(route(), B)
    (order,) = bench.took(NewOrderSingle, "venue-b")
    assert (order.cl_ord_id, order.cl_ord_link_id, order.attempt) == (ONE, ONE, 1)
    assert bench.took(OrderLeft, "oms1") == [OrderLeft(ONE, B, 1)]


def test_reports_go_to_the_leader_as_they_came_and_an_ended_order_leaves_nothing_behind() -> None:
    bench = ready()
    bench.send(route())
    timers = dict(bench.runtime.timers)
    assert ("ack", ONE) in timers
    bench.hear(A, report())
    bench.hear(A, FILLED)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, report()), VenueReport(A, ONE, FILLED)]
    assert ("ack", ONE) not in bench.runtime.timers
    assert bench.execution.flights == ()


def test_one_routing_attempt_is_written_once_however_often_it_is_handed_over() -> None:
    bench = ready()
    bench.send(route())
    bench.send(route())
    assert len(bench.took(NewOrderSingle)) == 1


def test_an_order_for_a_session_that_is_down_is_given_back() -> None:
    bench = Bench()
    bench.fence()
    bench.send(route())
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(ONE, 1, UnsentReason.SESSION_DOWN)]
    assert bench.execution.flights == ()


def test_an_order_whose_time_is_over_is_given_back_instead_of_sent_however_long_it_was_on_its_way() -> None:
    bench = ready()
    bench.send(replace(route(), expire_ns=bench.runtime.now_ns + 1))
    assert len(bench.took(NewOrderSingle)) == 1
    late = replace(route("pulse-ACME-2"), expire_ns=bench.runtime.now_ns)
    bench.send(late)
    assert bench.took(NewOrderSingle) == []
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(late.cl_ord_id, 1, UnsentReason.EXPIRED)]


def test_a_cancel_names_the_order_as_the_wire_knows_it_and_its_refusal_goes_back() -> None:
    bench = ready()
    bench.send(route())
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 2))
    request = OrderCancelRequest(f"{ONE}/x2", ONE, ACME, Side.BUY)
    assert bench.took(OrderCancelRequest, "venue-a") == [request]
    bench.hear(A, OrderCancelReject(f"{ONE}/x2", ONE, CxlRejReason.TOO_LATE))
    assert bench.took(CancelRefused, "oms1") == [CancelRefused(ONE, "too late to cancel")]


def test_a_cancel_that_the_venue_never_saw_is_asked_about_and_that_the_order_stands_is_news() -> None:
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 1))
    bench.took(VenueReport)
    bench.wait(EXECUTION.ack_timeout_ns)
    answer = bench.status(OrdStatus.NEW)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]
    # The OMS wants it cancelled still, and asks again: the second cancel is looked after like the first.
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 2))
    assert len(bench.took(OrderCancelRequest, "venue-a")) == 2
    bench.wait(EXECUTION.ack_timeout_ns)
    assert len(bench.took(OrderStatusRequest, "venue-a")) == 1


def test_that_an_order_stands_is_no_news_where_nobody_wants_it_cancelled() -> None:
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.took(VenueReport)
    bench.wait(EXECUTION.ack_timeout_ns)
    bench.status(OrdStatus.NEW)
    assert bench.took(VenueReport, "oms1") == []


def test_a_cancel_for_a_session_that_is_down_is_refused() -> None:
    bench = Bench()
    bench.fence()
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 1))
    assert bench.took(CancelRefused, "oms1") == [CancelRefused(ONE, "session down")]


def test_a_message_that_execution_has_no_use_for_is_a_bug() -> None:
    with pytest.raises(TypeError, match="no use for a OrderLeft from oms1"):
        Bench().execution.on_message("oms1", OrderLeft(ONE, A, 1))


# --- in doubt --------------------------------------------------------------------------------------


def test_an_order_without_an_answer_is_doubtful_and_its_venue_is_asked() -> None:
    bench = ready()
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns - 1)
    assert bench.took(OrderStatusRequest) == []
    bench.wait(1)
    assert bench.took(OrderDoubtful, "oms1") == [OrderDoubtful(ONE, A, 1)]
    assert bench.took(OrderStatusRequest, "venue-a") == [OrderStatusRequest(ONE, 1)]
    assert bench.acted("execution.timeouts") == [ONE]


def test_the_question_is_repeated_with_back_off_until_it_is_answered() -> None:
    bench = ready()
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns)
    asked_ms = []
    for _ in range(24):
        asked_ms += [bench.runtime.monotonic_ns // MILLISECOND for _ in bench.took(OrderStatusRequest)]
        bench.wait(50 * MILLISECOND)
    # Twice as long each time, up to the longest; from the second on a quarter less, by this fake's draws of a half.
    assert asked_ms == [100, 200, 350, 650, 950, 1_250]
    bench.hear(A, OrderStatusReport(ONE, 6, OrdStatus.FILLED, 5, 0))
    bench.wait(10 * SECOND)
    assert bench.took(OrderStatusRequest) == []


def test_an_answer_that_the_venue_has_it_settles_the_doubt() -> None:
    bench = ready()
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns)
    answer = bench.status(OrdStatus.FILLED, cum=5)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]
    assert bench.acted("execution.resolve_in_doubt") == [ONE]
    assert len(bench.took(NewOrderSingle)) == 1
    assert bench.execution.flights == ()


def test_an_order_that_never_arrived_is_sent_again_under_its_own_name() -> None:
    bench = ready()
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns)
    bench.unknown()
    sent = bench.took(NewOrderSingle, "venue-a")
    assert [(order.cl_ord_id, order.attempt) for order in sent] == [(ONE, 1), (ONE, 2)]
    assert bench.acted("execution.keep_cl_ord_id") == [ONE]
    assert len(bench.took(OrderLeft)) == 1


def test_an_order_wanted_back_that_never_arrived_is_given_back_and_not_sent_again() -> None:
    bench = ready()
    bench.send(route())
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 1))
    bench.took(NewOrderSingle)
    bench.wait(EXECUTION.ack_timeout_ns)
    bench.unknown()
    assert bench.took(NewOrderSingle) == []
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(ONE, 1, UnsentReason.NEVER_ARRIVED)]


def test_an_order_whose_sends_are_used_up_is_given_back() -> None:
    bench = ready(breaker=BreakerConfig(enabled=False))
    bench.send(route())
    for _ in range(EXECUTION.max_sends):
        bench.wait(EXECUTION.ack_timeout_ns)
        bench.unknown()
    assert len(bench.took(NewOrderSingle)) == EXECUTION.max_sends
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(ONE, 1, UnsentReason.NEVER_ARRIVED)]
    assert len(bench.took(OrderDoubtful)) == 1
    bench.wait(10 * SECOND)
    assert bench.took(OrderStatusRequest) == []


def test_an_order_that_may_not_be_sent_again_for_the_breaker_is_given_back() -> None:
    bench = ready(breaker=BreakerConfig(failure_threshold=1, reset_timeout_ns=5 * SECOND))
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns)
    bench.unknown()
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(ONE, 1, UnsentReason.BREAKER_OPEN)]


def test_a_real_report_that_comes_late_is_passed_on_and_nothing_is_sent_again() -> None:
    bench = ready()
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns)
    bench.hear(A, report())
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, report())]
    bench.unknown()  # an answer that was overtaken
    assert len(bench.took(NewOrderSingle)) == 1


def test_a_duplicates_reject_is_not_the_orders_reject() -> None:
    """A retry that keeps its ClOrdID meets the first copy at the venue: what became of that is the answer."""
    bench = ready(replace(EXECUTION, resolve_in_doubt=False))
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns)
    assert len(bench.took(NewOrderSingle)) == 2
    bench.hear(A, report(status=OrdStatus.REJECTED, reason=OrdRejReason.DUPLICATE_ORDER))
    assert bench.took(VenueReport) == []
    answer = bench.status(OrdStatus.NEW)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]
    bench.hear(A, FILLED)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, FILLED)]
    bench.hear(A, report(status=OrdStatus.REJECTED, reason=OrdRejReason.DUPLICATE_ORDER))
    assert bench.took(VenueReport) == []


def test_without_resolution_an_order_is_sent_again_at_once_and_nothing_is_said_of_doubt() -> None:
    bench = ready(replace(EXECUTION, resolve_in_doubt=False, keep_cl_ord_id=False), BreakerConfig(enabled=False))
    bench.send(route())
    bench.wait(10 * EXECUTION.ack_timeout_ns)
    sent = bench.took(NewOrderSingle, "venue-a")
    assert [order.cl_ord_id for order in sent] == [ONE, f"{ONE}~2", f"{ONE}~3"]
    assert {order.cl_ord_link_id for order in sent} == {ONE}
    assert bench.took(OrderDoubtful) + bench.took(OrderStatusRequest) == []
    bench.hear(A, report(f"{ONE}~2"))
    assert [message.cl_ord_id for message in bench.took(VenueReport, "oms1")] == [ONE]


def test_without_time_outs_nothing_is_ever_overdue() -> None:
    bench = ready(replace(EXECUTION, timeouts=False))
    bench.send(route())
    bench.wait(60 * SECOND)
    assert bench.took(OrderDoubtful) + bench.took(OrderStatusRequest) == []
    assert bench.acted("execution.timeouts") == []


# --- sessions --------------------------------------------------------------------------------------


def test_a_lost_session_puts_its_unanswered_orders_in_doubt_and_asks_on_the_next_one() -> None:
    bench = ready()
    bench.send(route())
    bench.lose()
    assert bench.took(OrderDoubtful, "oms1") == [OrderDoubtful(ONE, A, 1)]
    bench.wait(EXECUTION.ack_timeout_ns)
    assert bench.acted("execution.timeouts") == []  # it is in doubt already
    bench.log_on(previous_closed=True)
    bench.unknown()
    assert [order.attempt for order in bench.took(NewOrderSingle)] == [1, 2]


def test_unknown_on_a_new_session_settles_nothing_unless_the_old_one_is_declared_dead() -> None:
    bench = ready()
    bench.send(route())
    bench.lose()
    bench.log_on(previous_closed=False)
    for _ in range(5):
        bench.unknown()
        bench.wait(EXECUTION.query_interval_max_ns)
    assert len(bench.took(NewOrderSingle)) == 1
    assert bench.took(OrderUnsent) == []
    bench.lose()
    bench.log_on(previous_closed=True)
    bench.unknown()
    assert len(bench.took(NewOrderSingle)) == 1


def test_fills_that_died_with_a_session_are_asked_for_on_the_next_one() -> None:
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.lose()
    assert bench.took(OrderDoubtful) == []  # that it is there is beyond doubt
    bench.took(VenueReport)
    bench.log_on(previous_closed=True)
    answer = bench.status(OrdStatus.PARTIALLY_FILLED, cum=2)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]


def test_an_end_that_comes_before_the_answer_does_not_end_the_question() -> None:
    """A partial fill died with the session; the last fill arrives while the query is under way."""
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.lose()
    bench.log_on(previous_closed=True)
    bench.hear(A, report(status=OrdStatus.FILLED, last=3, cum=5))
    bench.took(VenueReport)
    answer = bench.status(OrdStatus.FILLED, cum=5)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]
    assert bench.execution.flights == ()


def test_a_report_that_was_lost_shows_in_the_next_ones_sum_and_is_asked_for() -> None:
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.hear(A, report(status=OrdStatus.FILLED, last=3, cum=5))
    bench.took(VenueReport)
    answer = bench.status(OrdStatus.FILLED, cum=5)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]


def test_an_acknowledged_order_that_stays_open_is_looked_after() -> None:
    """The last report of an order can be lost on a healthy session: then nothing else would ever tell."""
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.took(VenueReport)
    bench.wait(EXECUTION.ack_timeout_ns)
    bench.status(OrdStatus.NEW)
    assert bench.took(VenueReport) == []  # nothing new
    bench.wait(2 * EXECUTION.ack_timeout_ns)
    answer = bench.status(OrdStatus.FILLED, cum=5)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]
    assert bench.acted("execution.timeouts") == []


# --- the breaker -----------------------------------------------------------------------------------


def time_out(bench: Bench, times: int) -> None:
    for number in range(times):
        bench.send(route(f"slow-{bench.runtime.monotonic_ns}-{number}"))
    bench.wait(EXECUTION.ack_timeout_ns)


def test_consecutive_time_outs_open_the_breaker_and_new_orders_are_refused() -> None:
    """Erratum 32: one breaker per venue session; the other venue knows nothing of it."""
    bench = ready()
    bench.took(VenueHealth)
    time_out(bench, 3)
    assert bench.breaker_moves == ["open"]
    assert bench.took(VenueHealth, "router") == [VenueHealth(A, False, 3)]
    bench.took(NewOrderSingle)
    bench.send(route())
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(ONE, 1, UnsentReason.BREAKER_OPEN)]
    assert bench.acted("breaker.enabled") == [ONE]
    bench.send(route(attempt=2), B)
    assert len(bench.took(NewOrderSingle, "venue-b")) == 1


def test_cancels_and_queries_pass_an_open_breaker() -> None:
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    time_out(bench, 3)
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 1))
    assert len(bench.took(OrderCancelRequest)) == 1
    assert len(bench.took(OrderStatusRequest)) >= 3


def test_a_business_reject_is_no_failure_of_the_venue() -> None:
    bench = ready()
    for number in range(10):
        bench.send(route(f"bad-{number}"))
        reject = report(f"bad-{number}", OrdStatus.REJECTED, reason=OrdRejReason.INVALID_PRICE)
        bench.hear(A, reject)
    assert bench.breaker_moves == []
    assert len(bench.took(VenueReport)) == 10


def test_after_the_reset_time_one_order_is_let_through_and_its_answer_closes_the_breaker() -> None:
    bench = ready()
    time_out(bench, 3)
    bench.took(VenueHealth)
    bench.wait(5 * SECOND)
    assert [health.routable for health in bench.took(VenueHealth)] == [True]
    bench.took(NewOrderSingle)
    bench.send(route("probe"))
    bench.send(route("next"))
    assert [order.cl_ord_id for order in bench.took(NewOrderSingle)] == ["probe"]
    assert [health.routable for health in bench.took(VenueHealth)] == [False]
    bench.hear(A, report("probe"))
    assert [health.routable for health in bench.took(VenueHealth)] == [True]
    assert bench.breaker_moves == ["open", "half-open", "closed"]


def reborn(bench: Bench, after_ns: int) -> Bench:
    """Execution's host restarts: its disk and its monotonic clock are the old ones."""
    runtime = bench.runtime
    runtime.timers.clear()
    runtime.streams.clear()
    runtime.sent.clear()
    runtime.claims.clear()
    runtime.monotonic_ns += after_ns
    again = Bench(runtime=runtime)
    again.log_on(A)
    again.log_on(B)
    again.fence(epoch=2)
    return again


def test_an_open_breaker_outlives_a_restart_and_then_lets_one_order_through() -> None:
    bench = ready()
    time_out(bench, 3)
    assert bench.breaker_moves == ["open"]
    bench = reborn(bench, after_ns=2 * SECOND)
    assert {health.venue: health.routable for health in bench.took(VenueHealth)} == {A: False, B: True}
    bench.send(route("early", epoch=2))
    assert bench.took(NewOrderSingle) == []
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(ClOrdID("early"), 1, UnsentReason.BREAKER_OPEN)]
    bench.wait(3 * SECOND)
    bench.send(route("probe", epoch=2))
    bench.send(route("second", epoch=2))
    assert [order.cl_ord_id for order in bench.took(NewOrderSingle)] == ["probe"]
    assert bench.breaker_moves == ["half-open"]


def test_a_breaker_that_had_closed_again_is_closed_after_a_restart() -> None:
    bench = ready()
    time_out(bench, 3)
    bench.wait(5 * SECOND)
    bench.send(route("probe"))
    bench.hear(A, report("probe"))
    assert bench.breaker_moves == ["open", "half-open", "closed"]
    bench = reborn(bench, after_ns=SECOND)
    bench.send(route("next", epoch=2))
    assert len(bench.took(NewOrderSingle, "venue-a")) == 1
    assert bench.breaker_moves == []


def test_a_late_report_of_an_order_from_before_the_opening_does_not_close_the_breaker() -> None:
    bench = ready()
    time_out(bench, 3)
    late = bench.took(NewOrderSingle)[0].cl_ord_id
    bench.wait(5 * SECOND)
    bench.send(route("probe"))
    bench.hear(A, report(late))
    assert bench.breaker_moves == ["open", "half-open"]


def test_a_lost_session_is_one_failure_however_many_orders_it_leaves() -> None:
    bench = ready()
    for number in range(10):
        bench.send(route(f"order-{number}"))
    bench.lose()
    assert bench.breaker_moves == []
    bench.wait(EXECUTION.ack_timeout_ns)
    assert bench.breaker_moves == []


def test_the_router_hears_of_every_venue_when_it_connects_and_of_each_change() -> None:
    bench = Bench()
    assert [(h.venue, h.routable) for h in bench.took(VenueHealth, "router")] == [(A, False), (B, False)]
    bench.log_on(A)
    bench.lose(A)
    assert [(h.venue, h.routable) for h in bench.took(VenueHealth)] == [(A, True), (A, False)]


# --- fences ----------------------------------------------------------------------------------------


def test_a_fence_is_accepted_when_its_epoch_is_on_the_disk_and_not_before() -> None:
    bench = Bench()
    bench.log_on()
    bench.fence(sync=False)
    bench.send(route())
    assert bench.took(FenceAccepted) + bench.took(NewOrderSingle) == []
    bench.runtime.sync(bench.execution)
    assert bench.took(FenceAccepted, "oms1") == [FenceAccepted(Epoch(1))]


def test_a_leader_of_a_lower_epoch_is_refused_from_the_moment_that_a_higher_one_is_seen() -> None:
    bench = ready()
    bench.fence(epoch=2, leader="oms2", sync=False)
    bench.send(route())
    assert bench.took(OrderUnsent, "oms1") == [OrderUnsent(ONE, 1, UnsentReason.FENCED)]
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 1))
    assert bench.took(CancelRefused, "oms1") == [CancelRefused(ONE, "fenced")]
    bench.runtime.sync(bench.execution)
    bench.fence(epoch=1)
    assert bench.took(FenceAccepted, "oms1") == []
    assert bench.took(NewOrderSingle) == []
    assert bench.acted("execution.fencing") == [ONE, ONE, "oms1"]


def test_an_epoch_that_has_not_fenced_yet_is_refused() -> None:
    bench = ready()
    bench.send(route(epoch=2))
    assert bench.took(NewOrderSingle) == []


def test_the_highest_epoch_outlives_a_restart_and_its_leader_has_to_fence_again() -> None:
    bench = ready()
    bench.fence(epoch=2, leader="oms2")
    again = Bench(runtime=bench.runtime)
    again.log_on(previous_closed=True)
    again.took(FenceAccepted)
    again.fence(epoch=1)
    again.send(route(epoch=1))
    again.send(route(epoch=2))
    assert again.took(FenceAccepted) + again.took(NewOrderSingle) == []
    again.fence(epoch=2, leader="oms2")
    again.send(route(epoch=2))
    assert len(again.took(NewOrderSingle)) == 1


def test_without_fencing_a_superseded_leader_is_served_and_hears_of_its_orders() -> None:
    bench = ready(replace(EXECUTION, fencing=False))
    bench.fence(epoch=2, leader="oms2")
    bench.send(route())
    assert len(bench.took(NewOrderSingle)) == 1
    bench.hear(A, report())
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, report())]


def test_a_new_leader_hears_what_became_of_an_order_that_is_known_here() -> None:
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.took(VenueReport)
    bench.fence(OpenAtVenue(route(), A), epoch=2, leader="oms2")
    answer = bench.status(OrdStatus.NEW)
    assert bench.took(VenueReport, "oms2") == [VenueReport(A, ONE, answer)]
    bench.hear(A, FILLED)
    assert bench.took(VenueReport, "oms2") == [VenueReport(A, ONE, FILLED)]


def test_a_new_leader_hears_the_end_of_an_order_that_was_forgotten_here() -> None:
    bench = ready()
    bench.send(route(), B)
    bench.hear(B, FILLED)
    bench.took(VenueReport)
    bench.fence(OpenAtVenue(route(), None), epoch=2, leader="oms2")
    bench.unknown(A)
    answer = bench.status(OrdStatus.FILLED, cum=5, venue=B)
    assert bench.took(VenueReport, "oms2") == [VenueReport(B, ONE, answer)]
    assert bench.took(OrderUnsent) == []
    assert bench.execution.flights == ()


def test_an_order_that_no_venue_knows_is_unsent_once_all_have_spoken() -> None:
    bench = ready()
    bench.fence(OpenAtVenue(route(attempt=3), None), epoch=2, leader="oms2")
    bench.unknown(A)
    assert bench.took(OrderUnsent) == []
    bench.unknown(B)
    assert bench.took(OrderUnsent, "oms2") == [OrderUnsent(ONE, 3, UnsentReason.NEVER_ARRIVED)]


def test_a_venue_whose_session_is_down_is_asked_when_it_is_back() -> None:
    bench = ready()
    bench.lose(A)
    bench.fence(OpenAtVenue(route(), A), epoch=2, leader="oms2")
    bench.wait(5 * SECOND)
    assert bench.took(OrderStatusRequest) + bench.took(OrderUnsent) == []
    bench.log_on(A, previous_closed=True)
    bench.unknown(A)
    assert len(bench.took(OrderUnsent, "oms2")) == 1


def test_after_a_restart_unknown_settles_only_when_the_former_process_sessions_are_declared_dead() -> None:
    bench = ready()
    bench.send(route())
    again = Bench(runtime=bench.runtime)
    again.log_on(A, previous_closed=False)
    again.fence(OpenAtVenue(route(), A))
    again.unknown(A)
    assert again.took(OrderUnsent) == []
    again.lose(A)
    again.log_on(A, previous_closed=True)
    again.unknown(A)
    assert again.took(OrderUnsent, "oms1") == [OrderUnsent(ONE, 1, UnsentReason.NEVER_ARRIVED)]


def test_an_order_that_comes_behind_the_fence_that_asked_about_it_is_not_sent() -> None:
    """The leader fenced again on a new stream while the order was still on its way through the router."""
    bench = ready()
    bench.fence(OpenAtVenue(route(), A))
    bench.unknown(A)
    assert len(bench.took(OrderUnsent)) == 1
    bench.send(route())
    assert bench.took(NewOrderSingle) == []
    bench.send(route(attempt=2))
    assert len(bench.took(NewOrderSingle)) == 1


def test_an_order_in_doubt_that_the_new_leader_does_not_name_is_not_sent_again() -> None:
    bench = ready()
    bench.send(route())
    bench.wait(EXECUTION.ack_timeout_ns)
    bench.fence(epoch=2, leader="oms2")
    bench.unknown(A)
    assert len(bench.took(NewOrderSingle)) == 1
    assert len(bench.took(OrderUnsent, "oms2")) == 1


def test_what_nobody_is_there_to_hear_is_dropped_and_told_at_the_next_fence() -> None:
    bench = ready()
    bench.send(route())
    bench.runtime.streams.discard("oms1")
    bench.hear(A, FILLED)
    assert bench.took(VenueReport) == []
    bench.fence(OpenAtVenue(route(), A))
    answer = bench.status(OrdStatus.FILLED, cum=5)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]


def test_heartbeats_of_a_venue_need_no_answer() -> None:
    bench = ready()
    before = list(bench.runtime.sent)
    bench.hear(A, Heartbeat("A", 1))
    assert bench.runtime.sent == before


# --- no more than was let out ---


def child(number: int) -> RouteOrder:
    return route(f"{ONE}~{number}")


def test_a_child_of_an_order_that_went_out_whole_is_not_sent_also_when_the_order_has_ended() -> None:
    bench = ready()
    bench.send(route())
    bench.send(child(2))
    bench.hear(A, FILLED)
    bench.send(child(3))
    bench.send(route())
    assert [order.cl_ord_id for order in bench.took(NewOrderSingle)] == [ONE]
    assert bench.acted("execution.within_parent") == [f"{ONE}~2", f"{ONE}~3", ONE]
    bench.send(route(attempt=2))
    assert len(bench.took(NewOrderSingle)) == 1


def test_an_order_that_could_not_be_written_may_be_let_out_again() -> None:
    bench = Bench()
    bench.fence()
    bench.send(route())
    assert [unsent.reason for unsent in bench.took(OrderUnsent)] == [UnsentReason.SESSION_DOWN]
    bench.log_on()
    bench.send(route())
    assert len(bench.took(NewOrderSingle)) == 1
    assert bench.acted("execution.within_parent") == []


def test_with_the_check_off_children_go_out_under_names_of_their_own_and_link_to_their_parent() -> None:
    bench = ready(replace(EXECUTION, within_parent=False))
    bench.send(route())
    bench.send(child(2))
    bench.hear(A, report(f"{ONE}~2"))
    wire = [(order.cl_ord_id, order.cl_ord_link_id) for order in bench.took(NewOrderSingle)]
    assert wire == [(ONE, ONE), (f"{ONE}~2", ONE)]
    assert [flight.order.cl_ord_id for flight in bench.execution.flights if flight.answered] == [f"{ONE}~2"]
    assert [told.cl_ord_id for told in bench.took(VenueReport)] == [ONE]


def test_every_router_hears_of_a_venue_and_one_that_comes_later_hears_it_alone() -> None:
    runtime = FakeRuntime("execution")
    execution = Execution(runtime, CONFIG, replace(WIRING, routers=("router", "router2", "router3")))
    execution.on_start()
    runtime.connect(execution, "router")
    runtime.connect(execution, "router2")
    runtime.take(VenueHealth)
    runtime.connect(execution, ADDRESS[A])
    execution.on_message(ADDRESS[A], LogonAccepted(1, False))
    assert [to for to, message in runtime.sent if isinstance(message, VenueHealth)] == ["router", "router2"]
    runtime.take(VenueHealth)
    runtime.connect(execution, "router3")
    told = [(to, message.venue, message.routable) for to, message in runtime.sent if isinstance(message, VenueHealth)]
    assert told == [("router3", A, True), ("router3", B, False)]
