"""Execution and other terms: under which name a replace goes out, who guards it, and how its fate is found out."""

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import (
    BusinessReject,
    BusinessRejectReason,
    CxlRejReason,
    ExecType,
    OrderCancelReject,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdStatus,
    Side,
)
from squall.system.config import SECOND, BreakerConfig
from squall.system.domain.doubt import desk_id, replace_id, revision_of
from squall.system.domain.ids import Epoch
from squall.system.domain.messages import CancelAtVenue, OpenAtVenue, ReplaceAtVenue, ReplaceRefused, VenueReport
from tests.system.test_execution import ACME, EXECUTION, ONE, A, Bench, ready, report, route

FIRST = f"{ONE}~r1"


def terms(revision: int = 1, epoch: int = 1, wire_id: str | None = None) -> ReplaceAtVenue:
    return ReplaceAtVenue(Epoch(epoch), ONE, A, ACME, Side.BUY, revision, 8, 202, wire_id=wire_id)


def working() -> Bench:
    bench = ready()
    bench.send(route())
    bench.hear(A, report())
    bench.took(VenueReport)
    return bench


def done(bench: Bench, name: str, orig: str) -> None:
    bench.hear(A, replace(report(name), exec_type=ExecType.REPLACED, orig_cl_ord_id=orig, order_lots=8))


def test_the_names_of_a_chain_lead_back_to_the_order_and_tell_their_number() -> None:
    assert replace_id(ONE, 12) == f"{ONE}~r12"
    assert (desk_id(replace_id(ONE, 12)), revision_of(replace_id(ONE, 12))) == (ONE, 12)
    assert [revision_of(name) for name in (ONE, f"{ONE}~2", f"{ONE}~rx")] == [0, 0, 0]


def test_a_replace_names_the_order_as_the_venue_knows_it_link_by_link() -> None:
    bench = working()
    bench.execution.on_message("oms1", terms())
    request = OrderCancelReplaceRequest(FIRST, ONE, ACME, Side.BUY, 8, 202)
    assert bench.took(OrderCancelReplaceRequest, "venue-a") == [request]
    done(bench, FIRST, ONE)
    (told,) = bench.took(VenueReport, "oms1")
    assert (told.cl_ord_id, told.report.exec_type) == (ONE, ExecType.REPLACED)
    bench.execution.on_message("oms1", terms(2))
    assert [each.orig_cl_ord_id for each in bench.took(OrderCancelReplaceRequest)] == [FIRST]
    bench.execution.on_message("oms1", CancelAtVenue(Epoch(1), ONE, A, ACME, Side.BUY, 1))
    assert [each.orig_cl_ord_id for each in bench.took(OrderCancelRequest)] == [FIRST]


def test_a_refusal_goes_back_with_its_revision_and_the_name_stays() -> None:
    bench = working()
    bench.execution.on_message("oms1", terms())
    bench.hear(A, OrderCancelReject(FIRST, ONE, CxlRejReason.INVALID_PRICE, to_replace=True))
    assert bench.took(ReplaceRefused, "oms1") == [ReplaceRefused(ONE, 1, "invalid price")]
    bench.took(OrderCancelReplaceRequest)
    bench.execution.on_message("oms1", terms(2))
    assert [each.orig_cl_ord_id for each in bench.took(OrderCancelReplaceRequest)] == [ONE]


def test_a_venue_that_says_not_now_was_not_asked() -> None:
    bench = working()
    bench.execution.on_message("oms1", terms())
    bench.hear(A, BusinessReject(f"replace/{FIRST}", ONE, BusinessRejectReason.THROTTLED))
    assert bench.took(ReplaceRefused, "oms1") == [ReplaceRefused(ONE, 1, "the venue says not now")]


def test_a_replace_without_an_answer_is_asked_about_and_the_answer_is_news() -> None:
    bench = working()
    bench.execution.on_message("oms1", terms())
    bench.wait(EXECUTION.ack_timeout_ns)
    (query,) = bench.took(OrderStatusRequest, "venue-a")
    answer = OrderStatusReport(ONE, query.attempt, OrdStatus.NEW, 0, 8, (), FIRST, 8, 202)
    bench.hear(A, answer)
    assert bench.took(VenueReport, "oms1") == [VenueReport(A, ONE, answer)]
    bench.execution.on_message("oms1", terms(2))
    assert [each.orig_cl_ord_id for each in bench.took(OrderCancelReplaceRequest)][-1] == FIRST


def test_a_replace_is_fenced_like_an_order() -> None:
    bench = working()
    bench.fence(epoch=2, leader="oms2")
    bench.runtime.streams.add("oms1")
    bench.execution.on_message("oms1", terms())
    assert bench.took(OrderCancelReplaceRequest) == []
    assert bench.took(ReplaceRefused, "oms1") == [ReplaceRefused(ONE, 1, "fenced")]


def test_no_replace_goes_through_an_open_breaker() -> None:
    bench = ready(breaker=BreakerConfig(failure_threshold=1, reset_timeout_ns=5 * SECOND))
    bench.send(route())
    bench.hear(A, report())
    bench.send(route("pulse-ACME-2"))
    bench.wait(EXECUTION.ack_timeout_ns)
    assert bench.breaker_moves == ["open"]
    bench.execution.on_message("oms1", terms())
    assert bench.took(OrderCancelReplaceRequest) == []
    assert bench.took(ReplaceRefused, "oms1") == [ReplaceRefused(ONE, 1, "circuit breaker open")]
    assert ONE in bench.acted("breaker.enabled")


def test_a_replace_on_a_session_that_is_down_was_not_asked() -> None:
    bench = working()
    bench.lose(A)
    bench.execution.on_message("oms1", terms())
    assert bench.took(ReplaceRefused, "oms1") == [ReplaceRefused(ONE, 1, "session down")]


def test_a_restarted_execution_learns_the_name_from_the_leader() -> None:
    bench = ready()
    bench.fence(OpenAtVenue(route(), A, FIRST))
    assert [query.cl_ord_id for query in bench.took(OrderStatusRequest, "venue-a")] == [FIRST]
    bench.execution.on_message("oms1", terms(2, wire_id=FIRST))
    assert [each.orig_cl_ord_id for each in bench.took(OrderCancelReplaceRequest)] == [FIRST]


def test_a_bust_is_no_fill_that_was_missed() -> None:
    bench = working()
    bench.hear(A, report(status=OrdStatus.PARTIALLY_FILLED, last=3, cum=3))
    bust = replace(report(), exec_type=ExecType.TRADE_CANCEL, exec_ref_id="x/1", last_lots=3)
    bench.hear(A, bust)
    assert bench.took(OrderStatusRequest) == []
    assert [flight.filled_lots for flight in bench.execution.flights] == [0]
