"""Selectors, names and windows that hang on others: whom a plan strikes, when, and that its order does not matter."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.fault import InstalledPlan, Plan, PlanError, Planned, after, alongside, during, happening, names
from squall.faults.host import Crash, Pause
from squall.faults.network import LinkCut, PacketLoss, Partition
from squall.faults.plan import PlanFileError, plan_of
from squall.scenarios.run import run
from squall.scenarios.topology import build
from squall.sim.trace import FaultBegan, FaultHealed
from tests.scenarios.runs import Memory, brief

MS = 1_000_000
SECOND = 1_000 * MS


def began(*plan: Planned, seed: int = 1, until_ns: int = 3 * SECOND) -> list[FaultBegan]:
    """What had begun by then, in the whole desk's world."""
    memory = Memory()
    stage = build("a test", brief(plan).scenario, seed, sink=memory)
    stage.world.start()
    stage.world.run_until(until_ns)
    return [record.event for record in memory.records if type(record.event) is FaultBegan]


def refusal(fault: Any) -> str:
    with pytest.raises(PlanError) as refused:
        build("a test", brief((during(1, 2, fault),)).scenario, 1)
    return str(refused.value).removeprefix("plan[0]: ")


# --- whom ---


def test_the_primary_is_whoever_leads_when_the_fault_strikes() -> None:
    plan = (during(1_200 * MS, 2_900 * MS, Crash("primary")), during(2_600 * MS, 2_700 * MS, Pause("primary of oms")))
    assert [event.target for event in began(*plan)] == ["oms1", "oms2"]


def test_the_result_says_whom_a_selector_picked_and_names_no_crowd() -> None:
    plan = (
        during(1_200 * MS, 1_300 * MS, Pause("primary")),
        during(1_400 * MS, 1_500 * MS, Pause("k1")),
        during(1_600 * MS, 1_601 * MS, Pause("all")),
    )
    assert [fault.target for fault in run(brief(plan)).faults] == ["primary (oms1)", "k1", "all"]


def test_where_nobody_leads_yet_nobody_is_struck_and_the_run_says_that_it_touched_nothing() -> None:
    plan = (during(0, 1 * MS, Pause("primary")),)
    assert [event.target for event in began(*plan)] == ["nobody"]
    checks = {check.name: check.detail for check in run(brief(plan)).checks}
    assert checks["host paused on primary touched something"] == "it touched nothing"


def test_one_of_a_group_is_another_one_with_another_seed_and_always_one_of_them() -> None:
    plan = (during(1 * MS, 2 * MS, Pause("one of keepers")),)
    struck = [began(*plan, seed=seed, until_ns=2 * MS)[0].target for seed in range(12)]
    assert sorted(set(struck)) == ["k1", "k2", "k3"]


@pytest.mark.parametrize(
    ("target", "count"),
    [("all of keepers", 3), ("keepers", 3), ("minority of keepers", 1), ("50% of keepers", 2), ("1% of desk", 1),
     ("oms1, one of keepers", 2), ("keepers, k1", 3), ("minority of desk", 5)],
)  # fmt: skip
def test_a_selector_takes_as_many_as_it_says_and_nobody_twice(target: str, count: int) -> None:
    (event,) = began(during(1 * MS, 2 * MS, Pause(target)), until_ns=2 * MS)
    assert len(event.target.split(", ")) == count


def test_one_entry_that_strikes_several_heals_them_all_and_counts_them_together() -> None:
    memory = Memory()
    stage = build("a test", brief((during(1 * MS, 5 * MS, Pause("all of keepers")),)).scenario, 1, sink=memory)
    stage.world.start()
    stage.world.run_until(3 * MS)
    assert [name for name, host in stage.world.hosts.items() if host.paused] == ["k1", "k2", "k3"]
    stage.world.run_until(10 * MS)
    assert not any(host.paused for host in stage.world.hosts.values())
    (healed,) = [record.event for record in memory.records if type(record.event) is FaultHealed]
    assert (healed.target, healed.effects) == ("k1, k2, k3", 3)


def test_links_may_be_chosen_by_what_they_carry_or_by_the_hosts_they_lead_to() -> None:
    plan = (
        during(1 * MS, 2 * MS, LinkCut("all of orders")),
        during(1 * MS, 2 * MS, LinkCut("keepers"), must_touch=False),
    )
    assert [event.target for event in began(*plan, until_ns=2 * MS)] == [
        "exchange-a/orders, exchange-b/orders",
        "k1/lan, k2/lan, k3/lan",
    ]


def test_a_partition_may_cut_a_minority_off_from_the_rest() -> None:
    plan = (during(1 * MS, 2 * MS, Partition(("minority of keepers",), ("keepers",), both_ways=True)),)
    for seed in range(4):
        (event,) = began(*plan, seed=seed, until_ns=2 * MS)
        left, right = event.target.split(" ↔ ")
        assert sorted([left, *right.split(", ")]) == ["k1", "k2", "k3"]


def test_who_is_drawn_depends_on_the_faults_name_and_not_on_its_place_in_the_plan() -> None:
    chosen = Planned(Pause("one of desk"), 1 * MS, 2 * MS, name="the one")
    other = during(1 * MS, 2 * MS, LinkCut("risk/lan"), must_touch=False)
    alone = [event.target for event in began(chosen, until_ns=2 * MS)]
    second = [event.target for event in began(other, chosen, until_ns=2 * MS)]
    assert alone == second[1:]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Pause("two of keepers"), "no selector 'two of keepers'; selectors are one, all, minority, primary or a share"),
        (Pause("one of kepers"), "no group 'kepers'; did you mean keepers?"),
        (Pause("one of zzz"), "no group 'zzz'; groups are hosts, desk, venues,"),
        (Pause("0% of keepers"), "0% of keepers: expected a share above 0% and at most 100%"),
        (Pause("150%"), "150%: expected a share above 0% and at most 100%"),
        (Pause("minority of oms"), "minority of oms: a minority of 2 is nobody"),
        (Pause("one of links"), "links: none of this group is a host; it has md/lan,"),
        (Pause("oms1, oms3"), "no host 'oms3'; hosts are md, strat,"),
        (Crash("one of venues"), "venues: none of this group is a machine; it has exchange-a, exchange-b"),
        (PacketLoss("30% of links", 2.0), "packet loss: the share must be above 0 and at most 1, found 2.0"),
        (Partition(("one of keepers",), ("k4",)), "no host 'k4'; hosts are md,"),
    ],
)
def test_a_selector_that_cannot_be_is_refused_when_the_run_is_built(fault: Any, line: str) -> None:
    assert refusal(fault).startswith(line)


# --- names ---


def test_a_fault_without_a_name_is_called_by_what_it_does() -> None:
    plan: Plan = (
        during(1, 2, PacketLoss("exchange-a/orders", 0.5)),
        during(1, 2, PacketLoss("exchange-a/orders", 1.0)),
        Planned(Crash("oms1"), 1, 2, name="the crash"),
    )
    assert names(plan) == ("packet-loss exchange-a/orders", "packet-loss exchange-a/orders #2", "the crash")


@given(st.lists(st.sampled_from(["", "crash oms1", "crash oms1 #2", "x"]), max_size=6))
def test_names_are_unique_unless_somebody_gave_one_twice(given_names: list[str]) -> None:
    plan = tuple(Planned(Crash("oms1"), 1, 2, name=name) for name in given_names)
    called = names(plan)
    own = [name for name in given_names if name]
    assert len(set(called)) == len(called) - (len(own) - len(set(own)))


# --- windows that hang on others, and chance ---


def entry(**fields: Any) -> dict[str, Any]:
    return {"kind": "pause", "target": "k1", **fields}


def test_a_window_may_count_from_when_another_fault_begins_or_heals() -> None:
    plan = plan_of(
        [
            entry(name="first", start="1s", end="2s"),
            entry(name="with it", **{"with": "first"}, start="100ms", end="300ms"),
            entry(after="first", end="1s"),
            entry(after="with it", start="5ms", end="6ms", target=["k2", "k3"]),
        ],
        "p",
    )
    assert [(each.start_ns // MS, each.end_ns // MS) for each in plan] == [
        (1_000, 2_000),
        (1_100, 1_300),
        (2_000, 3_000),
        (1_305, 1_306),
    ]
    assert plan[3].fault.target == "k2, k3"


def test_the_same_in_python() -> None:
    first = Planned(Crash("oms1"), 1 * SECOND, 2 * SECOND, name="first")
    assert after(first, 5, 10, Pause("k1")) == Planned(Pause("k1"), 2 * SECOND + 5, 2 * SECOND + 10, given="first")
    assert alongside(first, 5, 10, Pause("k1")) == Planned(Pause("k1"), SECOND + 5, SECOND + 10, given="first")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (entry(after="frist", end="1s"), "p: faults[1].after: no earlier fault 'frist'; did you mean 'first'?"),
        (entry(given="zzz", start="0s", end="1s"), "p: faults[1].given: no earlier fault 'zzz'; there are first"),
        (entry(after="first", given="first", end="1s"), "p: faults[1].given: expected one of with, after and given, "),
        (entry(start="0s", end="1s", probability=0), "p: faults[1].probability: expected a number above 0 and at most"),
        (entry(given="first", end="1s"), "p: faults[1].start: expected a time such as 12.5s"),
        (entry(after="first"), "p: faults[1].end: expected a time such as 12.5s"),
    ],
)
def test_a_window_that_hangs_on_nothing_is_refused(wrong: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanFileError) as refused:
        plan_of([entry(name="first", start="1s", end="2s"), wrong], "p")
    assert str(refused.value).startswith(line)


def test_a_fault_comes_with_its_probability_and_what_depends_on_it_comes_only_with_it() -> None:
    plan = (
        Planned(Pause("k1"), 1, 2, name="perhaps", probability=0.5),
        Planned(Pause("k2"), 1, 2, name="then too", given="perhaps"),
        Planned(Pause("k3"), 1, 2, name="anyway"),
    )
    found = []
    for seed in range(40):
        stage = build("a test", brief(plan).scenario, seed)
        found.append(tuple(planned.name for planned in stage.plan.plan))
    assert sorted(set(found)) == [("anyway",), ("perhaps", "then too", "anyway")]
    assert 8 <= found.count(("anyway",)) <= 32


def test_what_depends_on_nobody_is_refused() -> None:
    stage = build("a test", brief().scenario, 1)
    with pytest.raises(PlanError, match=r"no earlier fault 'x'; there are none"):
        happening(stage.world, (Planned(Pause("k3"), 1, 2, given="x"),))


def test_a_plan_that_has_been_drawn_is_drawn_no_more() -> None:
    stage = build("a test", brief((during(1 * MS, 2 * MS, Pause("one of keepers")),)).scenario, 1)
    settled = stage.plan.plan
    assert happening(stage.world, settled) == settled
    assert InstalledPlan(stage.world, settled).plan == settled
