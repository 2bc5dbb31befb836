"""What settles the fate of an unanswered order, branch by branch."""

import pytest
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrderStatusReport, OrdStatus, OrdType, Side, TimeInForce
from squall.system.config import MILLISECOND, ExecutionConfig
from squall.system.domain import doubt
from squall.system.domain.doubt import Finding, Flight, Question, Step
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import RouteOrder

CONFIG = ExecutionConfig(query_interval_ns=100 * MILLISECOND, query_interval_max_ns=1_000 * MILLISECOND, max_sends=3)


def flight(sends: int = 1, attempt: int = 1) -> Flight:
    order = RouteOrder(
        epoch=Epoch(1),
        cl_ord_id=ClOrdID("pulse-ACME-1"),
        symbol=Symbol("ACME"),
        side=Side.BUY,
        quantity_lots=5,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.IOC,
        price_half_ticks=None,
        attempt=attempt,
    )
    return Flight(order=order, epoch=Epoch(1), wire_id="pulse-ACME-1", venue=Venue("A"), sends=sends)


def asked(on_session: int, times: int = 1) -> Question:
    question = doubt.open_question(None, 1)
    for _ in range(times):
        question = doubt.ask(question, on_session)
    return question


def unknown(number: int = 1) -> OrderStatusReport:
    return OrderStatusReport("pulse-ACME-1", number, None)


def test_unknown_settles_when_the_query_rode_behind_the_order_on_the_same_session() -> None:
    assert doubt.judge(asked(4), unknown(), order_session=4, closed_below=1) is Finding.ABSENT


def test_unknown_on_a_later_session_settles_nothing_while_the_old_one_may_live() -> None:
    assert doubt.judge(asked(5), unknown(), order_session=4, closed_below=4) is Finding.NOTHING


def test_unknown_on_a_later_session_settles_once_the_venue_has_declared_the_old_one_dead() -> None:
    assert doubt.judge(asked(5), unknown(), order_session=4, closed_below=5) is Finding.ABSENT


def test_an_order_of_no_session_at_all_is_settled_on_the_first() -> None:
    assert doubt.judge(asked(1), unknown(), order_session=0, closed_below=1) is Finding.ABSENT


@pytest.mark.parametrize("status", list(OrdStatus))
def test_a_venue_that_knows_the_order_settles_it_on_any_session(status: OrdStatus) -> None:
    answer = OrderStatusReport("pulse-ACME-1", 1, status)
    assert doubt.judge(asked(9), answer, order_session=4, closed_below=1) is Finding.KNOWN


def test_an_answer_to_a_query_of_an_older_session_settles_nothing() -> None:
    """It may have been asked before the old session was declared dead."""
    question = doubt.ask(asked(4, times=2), 5)
    assert doubt.judge(question, unknown(2), order_session=4, closed_below=5) is Finding.NOTHING
    assert doubt.judge(question, unknown(3), order_session=4, closed_below=5) is Finding.ABSENT


def test_an_answer_to_a_query_from_before_the_last_write_settles_nothing() -> None:
    """Asked twice, answered once, sent again: the second answer is about the first write."""
    question = doubt.close(asked(4, times=2))
    question = doubt.ask(doubt.open_question(question, 1), 4)
    assert doubt.judge(question, unknown(2), order_session=4, closed_below=1) is Finding.NOTHING
    assert doubt.judge(question, unknown(3), order_session=4, closed_below=1) is Finding.ABSENT


def test_an_answer_about_another_routing_attempt_settles_nothing() -> None:
    question = doubt.ask(doubt.open_question(None, attempt=2), 4)
    assert doubt.judge(question, unknown(1), order_session=4, closed_below=1) is Finding.NOTHING


def test_what_a_question_has_been_repeated_counts_on_one_session_only() -> None:
    assert [doubt.times_asked(asked(4, times)) for times in (1, 2, 5)] == [1, 2, 5]
    assert doubt.times_asked(doubt.ask(asked(4, times=5), 5)) == 1


def test_a_word_about_another_write_turns_nothing_away() -> None:
    """Nor does one about an order that the venue has spoken of, or of which an earlier write may have arrived."""
    order = flight(sends=2)
    order.wire_id, order.written = "a", 2
    assert doubt.is_turned_away(order, "new/a/2", CONFIG)
    assert not doubt.is_turned_away(order, "new/a/1", CONFIG)
    assert not doubt.is_turned_away(order, "status/a/2", CONFIG)
    assert not doubt.is_turned_away(order, "new/a/2", replace(CONFIG, resolve_in_doubt=False))
    order.answered = True
    assert not doubt.is_turned_away(order, "new/a/2", CONFIG)


def test_an_absent_order_is_sent_again_until_its_sends_are_used_up() -> None:
    assert doubt.after_absence(flight(sends=2), CONFIG, has_leader=True) is Step.SEND_AGAIN
    assert doubt.after_absence(flight(sends=3), CONFIG, has_leader=True) is Step.GIVE_BACK


def test_an_absent_order_that_this_process_never_sent_is_given_back() -> None:
    assert doubt.after_absence(flight(sends=0), CONFIG, has_leader=True) is Step.GIVE_BACK


def test_an_absent_order_of_a_leader_that_is_no_more_is_not_sent_again() -> None:
    assert doubt.after_absence(flight(sends=1), CONFIG, has_leader=False) is Step.GIVE_BACK


def test_no_two_writes_of_an_order_bear_the_same_number() -> None:
    numbers = [doubt.wire_attempt(flight(sends, attempt), CONFIG) for attempt in (1, 2, 3) for sends in (0, 1, 2)]
    assert numbers == list(range(1, 10))


def test_a_name_made_up_for_a_retry_leads_back_to_the_desks_own() -> None:
    cl_ord_id = ClOrdID("pulse-ACME-1")
    assert doubt.fresh_wire_id(cl_ord_id, 2) == "pulse-ACME-1~2"
    assert doubt.desk_id("pulse-ACME-1~2") == doubt.desk_id("pulse-ACME-1") == cl_ord_id
