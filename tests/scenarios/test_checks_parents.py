"""Promises about clients' parents, each shown to fire by what the world has seen."""

from typing import Any

import pytest
from msgspec.structs import replace

from squall.scenarios.checks.families import parent_of
from squall.scenarios.checks.parents import (
    done_by_the_close,
    parents_end,
    within_parent,
    within_parents_limit,
    within_participation,
)
from squall.scenarios.checks.schedules import interrupted_and_went_on
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Judge
from squall.sim.exchange.wire.messages import BookUpdate, Print, Side
from squall.sim.trace import VenueBusted
from squall.system.domain.claims import LeadershipMoved, ParentMoved
from squall.system.domain.clients import ClientFlow
from squall.system.domain.ids import ClOrdID, ExecID, Symbol
from squall.system.domain.messages import (
    Algorithm,
    AmendFill,
    ChildMoved,
    ChildState,
    ParentAnswered,
    ParentDone,
    ParentOrder,
    ParentOutcome,
)
from squall.system.domain.signals import Workload
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, submit, undecided

PARENT = ClOrdID("fund-1")


def tale() -> Tale:
    return Tale(workload=Workload(clients=ClientFlow()))


def asked(story: Tale, **changes: Any) -> int:
    """A client sends a buy of 100 at 20,010 or better, until 10 s."""
    order = ParentOrder(
        PARENT, "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 100, Algorithm.TWAP, end_ns=10 * SECOND
    )
    return story.sent("clients", "algos", replace(order, **{"limit_half_ticks": 20_010, **changes}))


def tape(story: Tale, seq: int, lots: int, line: str = "A") -> None:
    prints = (Print(Side.BUY, 20_000, lots),)
    story.sent("exchange-a", f"market-data/{line}", BookUpdate("exchange-a", line, seq, "ACME", prints=prints))


def test_a_childs_parent_is_in_its_name() -> None:
    assert parent_of("fund-3.12") == parent_of("fund-3.12~2") == "fund-3"
    assert parent_of("pulse-ACME-17") == parent_of("pulse-ACME-17~2") == "pulse-ACME-17"


# --- its quantity ---


def test_a_parent_may_be_used_up() -> None:
    story = tale()
    judge = story.judge(within_parent())
    asked(story)
    story.accepted("fund-1.1", lots=60)
    story.executed("fund-1.1", lots=20)
    story.closed("fund-1.1", leaves_lots=40)
    story.accepted("fund-1.2", lots=80)
    assert held(judge.ruling())


def test_one_lot_more_than_the_parent_at_work_or_executed_is_a_violation() -> None:
    story = tale()
    judge = story.judge(within_parent())
    asked(story)
    story.accepted("fund-1.1", lots=60)
    story.executed("fund-1.1", lots=20)
    story.accepted("fund-1.2", lots=20, venue="exchange-b")
    seq = story.accepted("fund-1.3~2", lots=21)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "fund-1 is for 100 lots" in ruling.detail
    assert "while 80 were open or executed already" in ruling.detail


def test_a_parent_is_what_its_client_sent_and_not_what_the_desk_made_of_it() -> None:
    story = tale()
    judge = story.judge(within_parent())
    asked(story)
    order = ParentOrder(PARENT, "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 900, Algorithm.TWAP)
    story.sent("algos", "oms1", order)
    story.accepted("fund-1.1", lots=101)
    assert fired(judge.ruling())


def test_orders_of_the_house_are_nobodys_children() -> None:
    story = tale()
    judge = story.judge(within_parent())
    asked(story)
    story.accepted("pulse-ACME-1", lots=1_000)
    assert judge.ruling().verdict is Verdict.INCONCLUSIVE


# --- its limit, its time, its share ---


def test_erratum_15_a_child_that_trades_beyond_its_parents_limit_is_a_violation() -> None:
    """Erratum 15."""
    story = tale()
    judge = story.judge(within_parents_limit())
    asked(story)
    story.executed("fund-1.1", lots=10, price_half_ticks=20_010)
    assert held(judge.ruling())
    story.executed("fund-1.1", lots=10, price_half_ticks=20_012)
    assert fired(judge.ruling())


def test_a_child_on_the_other_side_is_a_violation() -> None:
    story = tale()
    judge = story.judge(within_parents_limit())
    asked(story)
    story.executed("fund-1.1", lots=10, buy=False)
    assert fired(judge.ruling())


def until_100_ms() -> tuple[Tale, Judge]:
    """A parent that ends then, and who judges whether it is done by then."""
    story = tale()
    judge = story.judge(done_by_the_close())
    asked(story, end_ns=100 * MS)
    return story, judge


def test_a_child_may_leave_a_moment_after_its_parents_end_and_not_later() -> None:
    story, judge = until_100_ms()
    story.at(1_050 * MS)
    story.left("fund-1.1")
    assert held(judge.ruling())
    story.at(1_101 * MS)
    story.left("fund-1.2")
    assert fired(judge.ruling())


def test_a_child_that_a_venue_held_beyond_its_parents_end_had_left_in_time() -> None:
    """`execution-day --seed 8053`: a silent stall, 445 ms before the end and 1.9 s long."""
    story, judge = until_100_ms()
    story.at(90 * MS)
    story.left("fund-1.1")
    story.at(2_000 * MS)
    story.accepted("fund-1.1")
    assert held(judge.ruling())


def test_a_child_that_is_sent_again_after_its_parents_end_is_a_violation() -> None:
    story, judge = until_100_ms()
    story.at(90 * MS)
    story.left("fund-1.1")
    story.at(2_000 * MS)
    story.left("fund-1.1", name="fund-1.1/2")
    assert fired(judge.ruling())


def test_the_close_is_everybodys_end() -> None:
    story = Tale("algos.day=100ms", workload=Workload(clients=ClientFlow()))
    judge = story.judge(done_by_the_close())
    asked(story, end_ns=0)
    story.at(1_101 * MS)
    story.left("fund-1.1")
    assert fired(judge.ruling())


def test_a_share_is_of_what_tapes_have_shown_since_the_parent_came() -> None:
    story = tale()
    judge = story.judge(within_participation())
    tape(story, 1, 10_000)
    asked(story, participation_percent=10)
    tape(story, 2, 100)
    tape(story, 2, 100, line="B")
    story.executed("fund-1.1", lots=10)
    assert held(judge.ruling())
    story.executed("fund-1.1", lots=1)
    ruling = judge.ruling()
    assert fired(ruling)
    assert "11 lots of the 100" in ruling.detail


def test_who_has_no_bound_may_trade_alone() -> None:
    story = tale()
    judge = story.judge(within_participation())
    asked(story)
    story.executed("fund-1.1", lots=100)
    assert held(judge.ruling())


# --- its end ---


def done(story: Tale, lots: int, outcome: ParentOutcome = ParentOutcome.OVER) -> None:
    end = ParentDone(PARENT, outcome, lots, lots * 20_000)
    story.sent("algos", "clients", end)
    story.handled("clients", "algos", end)


def busted(story: Tale, lots: int, told: bool = True) -> None:
    """Lots of the first child; positions are *told* by the OMS."""
    story.saw(
        VenueBusted("exchange-a", "bust", "exchange-a/1", "fund-1.1", "fund-1.1", "ACME", True, lots, 20_000, 0),
        "exchange-a",
    )
    if told:
        amend = AmendFill(ExecID("bust"), ExecID("exchange-a/1"), ClOrdID("fund-1.1"), Symbol("ACME"), 0, 20_000)
        story.sent("oms1", "positions", amend)


def told(story: Tale, oms: str = "oms1", heard: bool = True) -> None:
    """The OMS has something to say of the second child."""
    word = ChildMoved(PARENT, ChildState(ClOrdID("fund-1.2"), 10, ended=True))
    story.sent(oms, "algos", word)
    if heard:
        story.handled("algos", oms, word)


def test_a_parent_ends_when_its_client_has_heard_what_venues_have_executed() -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=30)
    assert fired(judge.ruling())
    done(story, 30)
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "0 of 1 parents filled, the others reported to the lot"


def test_a_report_that_is_a_lot_off_is_a_violation() -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=30)
    done(story, 31)
    assert fired(judge.ruling())


@pytest.mark.parametrize("lots", [30, 0])
def test_a_bust_that_the_algorithms_have_not_heard_of_may_be_in_the_report_and_need_not_be(lots: int) -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=30)
    told(story)
    busted(story, 30)
    told(story, "oms2")
    done(story, lots)
    assert held(judge.ruling())


def test_a_bust_on_its_way_to_positions_or_after_the_report_may_be_left_out() -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=30)
    busted(story, 30, told=False)
    told(story)
    done(story, 30)
    assert held(judge.ruling())


def test_a_report_that_leaves_out_a_bust_which_the_algorithms_must_have_heard_of_is_a_violation() -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=30)
    busted(story, 30)
    told(story, heard=False)
    told(story)
    done(story, 30)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "fund-1: its client was told of 30 lots, venues executed 0"


def test_a_report_of_the_right_lots_at_another_price_is_a_violation() -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=30, price_half_ticks=20_002)
    done(story, 30)
    assert fired(judge.ruling())


@pytest.mark.parametrize(("lots", "outcome"), [(99, ParentOutcome.FILLED), (100, ParentOutcome.OVER)])
def test_filled_is_what_is_filled_to_the_lot_and_nothing_else(lots: int, outcome: ParentOutcome) -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=lots)
    done(story, lots, outcome)
    assert fired(judge.ruling())


def test_two_ends_of_one_parent_are_a_violation() -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.executed("fund-1.1", lots=30)
    done(story, 30)
    done(story, 30)
    assert held(judge.ruling())
    done(story, 30, ParentOutcome.CANCELED)
    assert fired(judge.ruling())


def test_a_refusal_is_an_end_unless_something_was_traded_all_the_same() -> None:
    story = tale()
    judge = story.judge(parents_end())
    asked(story)
    story.handled("clients", "algos", ParentAnswered(PARENT, "no quantity"))
    assert held(judge.ruling())
    story.executed("fund-1.1", lots=1)
    assert fired(judge.ruling())


def test_without_clients_there_is_nothing_to_judge() -> None:
    story = tale()
    assert story.judge(parents_end()).ruling().verdict is Verdict.INCONCLUSIVE


# --- that schedules are interrupted, and go on ---


def test_a_parent_that_pauses_and_has_a_child_at_a_venue_after_that_was_interrupted_and_went_on() -> None:
    story = tale()
    judge = story.judge(interrupted_and_went_on())
    asked(story)
    story.heard(ParentMoved(PARENT, "taken"))
    story.sent("algos", "oms1", submit("fund-1.1"))
    story.accepted("fund-1.1")
    assert undecided(judge.ruling())
    story.heard(ParentMoved(PARENT, "paused", "no fresh price on the side that it needs"))
    assert undecided(judge.ruling())
    story.accepted("fund-1.1~2", venue="exchange-b")
    assert undecided(judge.ruling()), "it was sent before"
    story.sent("algos", "oms1", submit("fund-1.2"))
    seq = story.accepted("fund-1.2~1")
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.seq == seq


def test_a_second_leader_interrupts_what_is_at_work_and_the_first_one_does_not() -> None:
    story = tale()
    judge = story.judge(interrupted_and_went_on())
    story.heard(LeadershipMoved("oms1", "leading", 1))
    asked(story)
    story.heard(ParentMoved(PARENT, "taken"))
    story.sent("algos", "oms1", submit("fund-1.1"))
    story.accepted("fund-1.1")
    assert undecided(judge.ruling())
    story.heard(LeadershipMoved("oms2", "leading", 2))
    story.sent("algos", "oms2", submit("fund-1.1"))
    story.accepted("fund-1.1")
    assert undecided(judge.ruling()), "repeated to the next leader, and made before"
    story.sent("algos", "oms2", submit("fund-1.2"))
    story.accepted("fund-1.2")
    assert held(judge.ruling())


def test_what_is_over_is_not_interrupted_any_more() -> None:
    story = tale()
    judge = story.judge(interrupted_and_went_on())
    asked(story)
    for state in ("taken", "done", "paused"):
        story.heard(ParentMoved(PARENT, state))
    story.sent("algos", "oms1", submit("fund-1.1"))
    story.accepted("fund-1.1")
    assert undecided(judge.ruling())


@pytest.mark.parametrize(("refused", "verdict"), [("fund-2.1", undecided), ("fund-1.1", held)])
def test_children_that_come_back_with_nothing_are_an_interruption_where_a_venue_refuses_them(
    refused: str, verdict: Any
) -> None:
    story = tale()
    judge = story.judge(interrupted_and_went_on())
    asked(story)
    story.heard(ParentMoved(PARENT, "taken"))
    story.refused(refused)
    story.heard(ParentMoved(PARENT, "paused", "its children come back with nothing"))
    story.sent("algos", "oms1", submit("fund-1.2"))
    story.accepted("fund-1.2")
    assert verdict(judge.ruling())
