"""What has to come about for a run to prove anything, and how late an order may be."""

from typing import Any

import pytest

from squall.scenarios.checks.reached import (
    breaker_reached,
    feed_reached,
    leader_reached,
    order_reached,
    parent_reached,
    protection_acted,
)
from squall.scenarios.checks.sla import latency_within
from squall.scenarios.scenario import Promise
from squall.sim.exchange.wire.messages import ExecType
from squall.system.domain.claims import (
    BreakerMoved,
    FeedMoved,
    LeadershipMoved,
    OrderMoved,
    ParentMoved,
    ProtectionActed,
)
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, report, submit, undecided

REACHED: list[tuple[Promise, Any, Any]] = [
    (
        breaker_reached("exchange-a", "open"),
        BreakerMoved("exchange-a", "open", 5),
        BreakerMoved("exchange-b", "open", 5),
    ),
    (
        breaker_reached("exchange-a", "open"),
        BreakerMoved("exchange-a", "open", 5),
        BreakerMoved("exchange-a", "half-open", 5),
    ),
    (leader_reached("oms2"), LeadershipMoved("oms2", "leading", 2), LeadershipMoved("oms1", "leading", 2)),
    (leader_reached("oms2"), LeadershipMoved("oms2", "leading", 2), LeadershipMoved("oms2", "candidate", 2)),
    (order_reached("in_doubt"), OrderMoved("o-1", "in_doubt"), OrderMoved("o-1", "filled")),
    (parent_reached("paused"), ParentMoved("fund-1", "paused", "why"), ParentMoved("fund-1", "resumed")),
    (parent_reached("done", "filled"), ParentMoved("fund-1", "done", "filled"), ParentMoved("fund-1", "done", "over")),
    (feed_reached("gap"), FeedMoved("exchange-a", "gap", 7), FeedMoved("exchange-a", "in sequence", 7)),
    (
        protection_acted("feed.arbitration"),
        ProtectionActed("feed.arbitration", "line B filled in"),
        ProtectionActed("feed.gap_recovery", "asked for a snapshot"),
    ),
]


@pytest.mark.parametrize(("promise", "what_it_waits_for", "something_else"), REACHED)
def test_a_condition_is_reached_by_what_it_names_and_by_nothing_else(
    promise: Promise, what_it_waits_for: Any, something_else: Any
) -> None:
    tale = Tale()
    judge = tale.judge(promise)
    tale.heard(something_else)
    ruling = judge.ruling()
    assert undecided(ruling)
    assert ruling.detail == "it never came"
    tale.at(1 * SECOND)
    first = tale.heard(what_it_waits_for)
    ruling = judge.ruling()
    assert held(ruling)
    assert (ruling.detail, ruling.at_ns, ruling.seq) == ("once", 1 * SECOND, first)
    tale.heard(what_it_waits_for)
    ruling = judge.ruling()
    assert (ruling.detail, ruling.seq) == ("2 times", first)


@pytest.mark.parametrize("promise", [row[0] for row in REACHED])
def test_conditions_that_only_a_fault_can_bring_about_say_so(promise: Promise) -> None:
    assert promise.kind == "reached"
    assert promise.needs_faults


# --- latency ---


def _strategy_ns(tale: Tale, true_ns: int) -> int:
    """What the strategy's own clock shows then: orders bear their intended time in it."""
    return tale.world.transport.slot_of("strategy").host.clock.wall_ns(true_ns)


def _wired(tale: Tale, order: str, intended_ns: int, wired_ns: int) -> None:
    tale.at(wired_ns)
    tale.sent("strategy", "oms1", submit(order, intended_ns=_strategy_ns(tale, intended_ns)))
    tale.left(order)


def test_a_percentile_at_its_limit_is_within_it() -> None:
    tale = Tale()
    judge = tale.judge(latency_within("signal_to_wire", 99, 100_000))
    _wired(tale, "o-1", 1 * SECOND, 1 * SECOND + 99_000)
    ruling = judge.ruling()
    assert held(ruling)
    assert "over 1 orders; the limit is 0.1 ms" in ruling.detail


def test_a_percentile_beyond_its_limit_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(latency_within("signal_to_wire", 99, 100_000))
    for number in range(98):
        _wired(tale, f"o-{number}", (number + 1) * SECOND, (number + 1) * SECOND + 50_000)
    assert held(judge.ruling())
    _wired(tale, "late", 200 * SECOND, 201 * SECOND)
    _wired(tale, "later", 202 * SECOND, 203 * SECOND)
    assert fired(judge.ruling())


def test_where_no_order_came_so_far_there_is_nothing_to_say() -> None:
    tale = Tale()
    judge = tale.judge(latency_within("order_to_ack", 99, 100_000))
    assert undecided(judge.ruling())


def test_fills_of_orders_that_were_meant_to_trade_at_once_have_a_span_of_their_own() -> None:
    tale = Tale()
    judge = tale.judge(latency_within("order_to_fill_marketable", 99, 50 * MS))
    for order, ioc in (("resting", False), ("marketable", True)):
        tale.sent("strategy", "oms1", submit(order, intended_ns=_strategy_ns(tale, 0), ioc=ioc))
    tale.at(10 * SECOND)
    tale.handled("execution", "exchange-a", report("resting", ExecType.TRADE, leaves_lots=0))
    assert "p99 is never over 1 orders" in judge.ruling().detail
    tale.handled("execution", "exchange-a", report("marketable", ExecType.TRADE, leaves_lots=0))
    ruling = judge.ruling()
    assert fired(ruling)
    assert "p99 is 10" in ruling.detail


def test_orders_that_were_never_answered_count_as_infinitely_late() -> None:
    tale = Tale()
    judge = tale.judge(latency_within("order_to_ack", 99, 100 * MS))
    for number in range(90):
        tale.submitted(f"o-{number}")
        tale.answered(f"o-{number}")
    for number in range(2):
        tale.sent("strategy", "oms1", submit(f"lost-{number}", intended_ns=_strategy_ns(tale, 0)))
    tale.at(50 * MS)
    assert held(judge.ruling())
    tale.at(1 * SECOND)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == (
        "p99 is never over 92 orders, 2 of which never came and count as infinitely late; the limit is 100 ms"
    )
