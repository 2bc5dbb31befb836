"""A venue that says "not now": the order is not there, waits, and is sent again; nothing is ever sent twice for it."""

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import (
    BusinessReject,
    BusinessRejectReason,
    NewOrderSingle,
    OrderCancelRequest,
    OrderStatusRequest,
    Side,
)
from squall.system.config import MILLISECOND
from squall.system.domain.messages import (
    CancelAtVenue,
    CancelRefused,
    OpenAtVenue,
    OrderDoubtful,
    OrderUnsent,
    UnsentReason,
    VenueHealth,
    VenueReport,
)
from tests.system.test_execution import ACME, EXECUTION, ONE, A, Bench, ready, report, route

PATIENT = replace(EXECUTION, retry_interval_ns=50 * MILLISECOND)


def not_now(refused: str) -> BusinessReject:
    return BusinessReject(refused, ONE, BusinessRejectReason.NOT_AVAILABLE)


def turned_away() -> Bench:
    bench = ready(PATIENT)
    bench.send(route())
    bench.took(NewOrderSingle)
    bench.hear(A, not_now(f"new/{ONE}/1"))
    return bench


def writes(bench: Bench) -> list[tuple[str, int]]:
    return [(order.cl_ord_id, order.attempt) for order in bench.took(NewOrderSingle)]


def test_an_order_that_was_turned_away_is_sent_again_under_its_name_after_a_while() -> None:
    bench = turned_away()
    bench.wait(50 * MILLISECOND - 1)
    assert writes(bench) == []
    bench.wait(1)
    assert writes(bench) == [(ONE, 2)]
    assert bench.took(OrderDoubtful) == bench.took(OrderStatusRequest) == []


def test_the_second_wait_is_longer_and_after_the_last_write_the_order_is_given_back() -> None:
    bench = turned_away()
    bench.wait(50 * MILLISECOND)
    assert writes(bench) == [(ONE, 2)]
    bench.hear(A, not_now(f"new/{ONE}/2"))
    bench.wait(75 * MILLISECOND - 1)
    assert writes(bench) == []
    bench.wait(1)
    assert writes(bench) == [(ONE, 3)]
    assert bench.acted("execution.back_off") == [f"new/{ONE}/2"]
    bench.hear(A, not_now(f"new/{ONE}/3"))
    assert bench.took(OrderUnsent) == [OrderUnsent(ONE, 1, UnsentReason.NOT_NOW)]
    assert bench.execution.flights == ()


def test_without_backing_off_it_is_sent_again_at_even_intervals() -> None:
    bench = ready(replace(PATIENT, back_off=False))
    bench.send(route())
    for number in (1, 2):
        bench.hear(A, not_now(f"new/{ONE}/{number}"))
        bench.wait(50 * MILLISECOND)
    assert [number for _, number in writes(bench)] == [1, 2, 3]
    assert bench.acted("execution.back_off") == []


def test_a_second_copy_of_not_now_says_nothing_about_the_next_write() -> None:
    bench = turned_away()
    bench.wait(50 * MILLISECOND)
    assert writes(bench) == [(ONE, 2)]
    bench.hear(A, not_now(f"new/{ONE}/1"))
    bench.wait(99 * MILLISECOND)
    assert writes(bench) == []
    bench.hear(A, report())
    assert bench.took(VenueReport) == [VenueReport(A, ONE, report())]
    (flight,) = bench.execution.flights
    assert flight.sends == 2


def test_not_now_is_an_answer_and_no_failure_of_the_venue() -> None:
    bench = ready(PATIENT)
    for number in range(10):
        name = f"pulse-ACME-{number}"
        bench.send(route(name))
        bench.hear(A, BusinessReject(f"new/{name}/1", name, BusinessRejectReason.THROTTLED))
    assert bench.breaker_moves == []


def test_an_order_that_was_withdrawn_meanwhile_is_given_back_and_not_sent_again() -> None:
    bench = turned_away()
    bench.execution.on_message("oms1", CancelAtVenue(route().epoch, ONE, A, ACME, Side.BUY, 1))
    bench.wait(50 * MILLISECOND)
    assert writes(bench) == []
    assert bench.took(OrderUnsent) == [OrderUnsent(ONE, 1, UnsentReason.NOT_NOW)]


def test_a_cancel_that_was_turned_away_is_as_good_as_not_asked() -> None:
    bench = ready(PATIENT)
    bench.send(route())
    bench.hear(A, report())
    bench.execution.on_message("oms1", CancelAtVenue(route().epoch, ONE, A, ACME, Side.BUY, 1))
    (cancel,) = bench.took(OrderCancelRequest)
    bench.hear(A, not_now(cancel.identity))
    assert bench.took(CancelRefused) == [CancelRefused(ONE, UnsentReason.NOT_NOW.value)]


def test_a_session_that_is_lost_during_the_wait_makes_the_order_doubtful_first() -> None:
    bench = turned_away()
    bench.lose()
    bench.wait(50 * MILLISECOND)
    assert writes(bench) == []
    bench.log_on(A, previous_closed=True)
    bench.unknown()
    assert writes(bench) == [(ONE, 2)]


def test_a_new_leader_that_asks_during_the_wait_gets_its_answer_before_anything_is_sent() -> None:
    bench = turned_away()
    bench.fence(OpenAtVenue(route(epoch=2), A), epoch=2, leader="oms2")
    bench.wait(50 * MILLISECOND)
    assert writes(bench) == []
    bench.unknown()
    assert writes(bench) == [(ONE, 2)]


def test_where_nobody_asks_before_sending_again_one_word_about_one_write_is_not_trusted() -> None:
    """The other write may have arrived: what is certain about one says nothing of two."""
    bench = ready(replace(PATIENT, resolve_in_doubt=False))
    bench.send(route())
    bench.wait(100 * MILLISECOND)
    assert writes(bench) == [(ONE, 1), (ONE, 2)]
    bench.hear(A, not_now(f"new/{ONE}/2"))
    assert bench.took(OrderUnsent) == []
    assert not bench.execution.flights[0].paused


def test_a_question_that_was_turned_away_is_asked_again() -> None:
    bench = ready(PATIENT)
    bench.send(route())
    bench.wait(100 * MILLISECOND)
    (query,) = bench.took(OrderStatusRequest)
    bench.hear(A, not_now(query.identity))
    bench.wait(100 * MILLISECOND)
    (again,) = bench.took(OrderStatusRequest)
    assert again.attempt == query.attempt + 1


def test_a_venue_that_turns_requests_away_because_they_are_too_many_is_said_to_be_throttled_for_a_while() -> None:
    bench = ready(PATIENT)
    bench.send(route())
    bench.took(VenueHealth)
    for _ in range(2):
        bench.hear(A, replace(not_now(f"new/{ONE}/1"), reason=BusinessRejectReason.THROTTLED))
    assert [(each.routable, each.throttled) for each in bench.took(VenueHealth, "router")] == [(True, True)]
    bench.wait(PATIENT.throttle_hold_ns)
    assert [(each.routable, each.throttled) for each in bench.took(VenueHealth, "router")] == [(True, False)]
