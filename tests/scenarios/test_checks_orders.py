"""Orders: none twice, none over-filled, each with an end; and no program that throws."""

from squall.scenarios.checks.orders import filled_within_ordered, no_order_twice, orders_end, program_raised
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.sim.trace import ProgramRaised
from squall.system.domain.events import AnyEvent, OrderCanceled, OrderDenied, OrderFilled, OrderRejected, OrderSubmitted
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import AmendOrder, JournalCopied
from squall.system.domain.terms import Terms
from tests.scenarios.stages import Tale, fired, held

# --- no order is sent twice ---


def test_an_order_that_one_venue_accepts_once_is_not_twice_anywhere() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1")
    tale.accepted("o-1")
    tale.executed("o-1")
    tale.closed("o-1")
    assert held(judge.ruling())


def test_an_order_that_two_venues_have_at_once_was_sent_twice() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1")
    tale.accepted("o-1", venue="exchange-a")
    second = tale.accepted("o-1", venue="exchange-b")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == second
    assert "exchange-b accepted 10 lots as o-1 while 10 of 10 were open or executed already" in ruling.detail


def test_an_order_sent_again_under_another_name_is_still_the_same_order() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1")
    tale.accepted("o-1")
    tale.accepted("o-1", name="o-1-again")
    assert fired(judge.ruling())


def test_an_order_accepted_twice_under_one_name_was_sent_twice() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1")
    tale.accepted("o-1")
    tale.accepted("o-1")
    assert fired(judge.ruling())


def test_what_an_order_has_executed_counts_when_it_is_sent_again() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1", lots=10)
    tale.accepted("o-1", lots=10)
    tale.executed("o-1", lots=4)
    tale.closed("o-1", leaves_lots=6)
    tale.accepted("o-1", lots=7, venue="exchange-b")
    assert fired(judge.ruling())


def test_only_the_rest_of_an_order_may_go_to_another_venue() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1", lots=10)
    tale.accepted("o-1", lots=10)
    tale.executed("o-1", lots=4)
    tale.closed("o-1", leaves_lots=6)
    tale.accepted("o-1", lots=6, venue="exchange-b")
    assert held(judge.ruling())


def test_what_a_live_order_has_executed_is_not_counted_as_open_too() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1", lots=10)
    tale.accepted("o-1", lots=6)
    tale.executed("o-1", lots=5)
    tale.accepted("o-1", lots=4, venue="exchange-b")
    assert held(judge.ruling())


def test_an_order_that_no_strategy_ever_submitted_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.accepted("o-9")
    ruling = judge.ruling()
    assert fired(ruling)
    assert "no strategy ever submitted" in ruling.detail


def test_a_repeated_command_does_not_raise_what_was_ordered() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    tale.submitted("o-1", lots=10)
    tale.submitted("o-1", lots=20)
    tale.accepted("o-1", lots=20)
    assert fired(judge.ruling())


def test_the_first_violation_is_named_and_the_others_are_counted() -> None:
    tale = Tale()
    judge = tale.judge(no_order_twice())
    first = tale.accepted("o-1")
    tale.accepted("o-2")
    tale.accepted("o-3")
    ruling = judge.ruling()
    assert ruling.seq == first
    assert ruling.detail.endswith("(and 2 more)")


# --- filled is at most ordered ---


def test_an_order_filled_in_parts_up_to_its_quantity_is_not_over_filled() -> None:
    tale = Tale()
    judge = tale.judge(filled_within_ordered())
    tale.submitted("o-1", lots=10)
    tale.executed("o-1", lots=4)
    tale.executed("o-1", lots=6, venue="exchange-b")
    assert held(judge.ruling())


def test_one_lot_more_than_was_ordered_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(filled_within_ordered())
    tale.submitted("o-1", lots=10)
    tale.executed("o-1", lots=10)
    last = tale.executed("o-1", lots=1, venue="exchange-b", name="o-1-again")
    ruling = judge.ruling()
    assert fired(ruling)
    assert (ruling.seq, ruling.detail) == (last, "o-1: 11 lots executed, 10 ordered")


# --- every order comes to an end ---


def _filled(order: str, lots: int, exec_id: str) -> OrderFilled:
    return OrderFilled(
        ClOrdID(order), 0, "exchange-a", ExecID(exec_id), Venue("exchange-a"), Symbol("ACME"), Side.BUY, lots, 1
    )


def _canceled(order: str) -> OrderCanceled:
    return OrderCanceled(ClOrdID(order), 0, "exchange-a", 10)


def _journal(tale: Tale, *events: AnyEvent, to: str = "audit", sender: str = "oms1") -> None:
    tale.handled(to, sender, JournalCopied(Epoch(1), 1, events))


def test_orders_that_were_filled_canceled_denied_or_rejected_have_ended() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    for order in ("filled", "canceled", "denied", "rejected"):
        tale.submitted(order, lots=10)
    tale.accepted("filled")
    tale.executed("filled")
    tale.closed("filled")
    _journal(tale, _filled("filled", 4, "x-1"), _filled("filled", 6, "x-2"), _canceled("canceled"))
    _journal(tale, OrderDenied(ClOrdID("denied"), 0, "risk", ()), OrderRejected(ClOrdID("rejected"), 0, "oms1", ""))
    ruling = judge.ruling()
    assert held(ruling)
    assert "all 4 orders ended" in ruling.detail


def test_an_order_that_the_desk_never_ends_is_named() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    tale.submitted("o-1")
    tale.submitted("o-2")
    _journal(tale, _canceled("o-1"))
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "1 of 2 orders never ended on the desk: o-2"


def _taken(order: str, lots: int) -> OrderSubmitted:
    terms = Terms(Symbol("ACME"), Side.BUY, lots, OrdType.LIMIT, TimeInForce.DAY, 20_000)
    return OrderSubmitted(ClOrdID(order), 0, "strategy/pulse", "pulse", terms, 0)


def test_of_what_was_sent_of_an_order_the_desk_takes_one_and_that_is_what_has_to_end() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    tale.submitted("o-1", lots=20_000)  # changed on its way to a leader that was down
    tale.submitted("o-1", lots=10)
    _journal(tale, _taken("o-1", 10), _filled("o-1", 9, "x-1"))
    assert fired(judge.ruling())
    _journal(tale, _filled("o-1", 1, "x-2"))
    assert held(judge.ruling())


def test_a_desk_that_takes_another_quantity_than_anybody_sent_has_not_ended_the_order() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    tale.submitted("o-1", lots=10)
    _journal(tale, _taken("o-1", 9), _filled("o-1", 9, "x-1"))
    assert fired(judge.ruling())


def test_an_order_that_still_stands_at_a_venue_has_not_ended_whatever_the_desk_says() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    tale.submitted("o-1")
    accepted = tale.accepted("o-1")
    _journal(tale, _canceled("o-1"))
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == accepted


def test_an_order_whose_amendment_died_with_a_leader_ends_on_the_terms_that_it_had() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    tale.submitted("o-1", lots=10)
    tale.sent("strategy", "oms1", AmendOrder(ClOrdID("o-1"), 1, 15, 100))
    terms = Terms(Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 100)
    _journal(tale, OrderSubmitted(ClOrdID("o-1"), 0, "strategy", "pulse", terms, 0), _filled("o-1", 9, "x-1"))
    assert fired(judge.ruling())
    _journal(tale, _filled("o-1", 1, "x-2"))
    assert held(judge.ruling())


def test_a_fill_that_the_audit_hands_on_to_the_monitor_counts_once() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    tale.submitted("o-1", lots=10)
    half = _filled("o-1", 5, "x-1")
    _journal(tale, half)
    _journal(tale, half, to="monitor", sender="audit")
    assert fired(judge.ruling())


def test_a_fill_that_a_new_leader_repeats_counts_once() -> None:
    tale = Tale()
    judge = tale.judge(orders_end())
    tale.submitted("o-1", lots=10)
    half = _filled("o-1", 5, "x-1")
    _journal(tale, half)
    _journal(tale, half, sender="oms2")
    assert fired(judge.ruling())
    _journal(tale, half, _filled("o-1", 5, "x-2"), sender="oms2")
    assert held(judge.ruling())


# --- programs ---


def test_a_program_that_throws_is_a_violation_that_says_what_and_where() -> None:
    tale = Tale()
    judge = tale.judge(program_raised())
    assert held(judge.ruling())
    seq = tale.saw(ProgramRaised("router", "KeyError: 'ACME'", "routing.py:12"), "exec")
    ruling = judge.ruling()
    assert fired(ruling)
    assert (ruling.seq, ruling.detail) == (seq, "router raised KeyError: 'ACME' at routing.py:12")


def test_a_claim_that_looks_like_an_observation_convinces_nobody() -> None:
    tale = Tale()
    judge = tale.judge(program_raised())
    tale.heard(ProgramRaised("router", "KeyError: 'ACME'", "routing.py:12"), "exec")
    assert held(judge.ruling())


def test_what_a_fault_makes_a_program_throw_is_no_finding_and_is_told_apart() -> None:
    tale = Tale()
    judge = tale.judge(program_raised())
    tale.saw(ProgramRaised("router", "the fault makes it throw on route/o-1/1", "a fault", injected=True), "exec")
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "no program raised an exception of its own (1 were a fault's doing)"
    tale.saw(ProgramRaised("router", "KeyError: 'ACME'", "routing.py:12"), "exec")
    assert fired(judge.ruling())
