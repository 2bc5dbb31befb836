"""Swarm: what a seed switches on, the rare ways that it forces, and the order of what is due at once."""

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import msgspec
import pytest

from squall.faults.buggify import POINTS
from squall.faults.drawn import CATALOGUE
from squall.faults.exchange import ReportsLost
from squall.faults.fault import Planned, during
from squall.faults.network import LinkCut, PacketLoss
from squall.faults.phases import SECOND, Phases
from squall.faults.swarm import MOST_FAULTS, Swarm, forced_points
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.configuration import configuration
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.find import choose
from squall.scenarios.result import CheckResult, Verdict
from squall.scenarios.run import run
from squall.scenarios.scenario import Judge, Scenario
from squall.scenarios.search.campaign_worker import Recipe, run_seed
from squall.scenarios.search.incident import incident_of
from squall.scenarios.swarmed import swarmed
from squall.scenarios.topology import build
from squall.scenarios.verify import verify
from squall.sim.kernel import Kernel
from squall.sim.rng import Chance, shuffled_ties
from squall.sim.world import World
from squall.system.domain.signals import Workload
from tests.faults.test_mix import WORLD
from tests.scenarios.runs import MS, brief

ROOT = Path(__file__).resolve().parents[2]
PHASES = Phases(2 * SECOND, 10 * SECOND, 2 * SECOND, 6 * SECOND)


def drawn(seed: int) -> tuple[Planned, ...]:
    WORLD.chance = Chance(seed)
    return Swarm(PHASES)(WORLD)


def kinds_of(plan: tuple[Planned, ...]) -> set[str]:
    return {planned.name.removeprefix("swarm ").rpartition(" ")[0] for planned in plan}


# --- plans ---


def test_each_seed_has_a_few_kinds_of_its_own_and_all_kinds_come_up() -> None:
    plans = [drawn(seed) for seed in range(200)]
    assert all(1 <= len(plan) <= MOST_FAULTS for plan in plans)
    known = sum(len(rows) for rows in CATALOGUE.values())
    assert len(set().union(*map(kinds_of, plans))) == known
    assert max(len(kinds_of(plan)) for plan in plans) < known
    assert drawn(3) == drawn(3) != drawn(4)


def test_a_swarms_faults_have_names_of_their_own_and_are_over_when_healing_is() -> None:
    for seed in range(50):
        plan = drawn(seed)
        assert len({planned.name for planned in plan}) == len(plan)
        assert all(PHASES.baseline_ns <= each.start_ns < each.end_ns <= PHASES.healed_ns for each in plan)


# --- rare but legal ---


def test_the_list_of_points_is_what_desk_and_world_ask_for() -> None:
    asked: Counter[str] = Counter()
    for part in ("sim", "system"):
        for file in sorted((ROOT / part).rglob("*.py")):
            asked.update(re.findall(r'buggify(?:\(|, name, )"([^"]+)"', file.read_text(encoding="utf-8")))
    assert sorted(asked) == sorted(POINTS)


def eventful() -> Scenario:
    """A bad day that comes by every point: fills and cancels, gaps, a session that is lost, questions about orders."""
    return Scenario(
        workload=Workload(
            orders_per_s=10,
            start_ns=500 * MS,
            stop_ns=10 * SECOND,
            lots_min=5,
            lots_max=20,
            marketable_share=0.5,
            cancel_after_ns=1 * SECOND,
        ),
        plan=(
            during(2 * SECOND, 4 * SECOND, ReportsLost("exchange-a", 0.5)),
            during(3 * SECOND, 3_500 * MS, LinkCut("exchange-b/feed-A, exchange-b/feed-B")),
            during(4 * SECOND, 8 * SECOND, LinkCut("all of orders")),
            during(10 * SECOND, 14 * SECOND, LinkCut("all of orders")),
        ),
        promises=(*always(), *settles()),
        duration_ns=20 * SECOND,
    )


def performed(*points: str) -> tuple[tuple[str, int], list[str]]:
    """What the eventful day comes to with these points forced: digest and events; and the promises it did not keep."""
    scenario = eventful()
    judges: list[tuple[str, Judge]] = []
    stage = build(
        "eventful",
        scenario,
        seed=1,
        watch=lambda stage: judges.extend((promise.name, promise.judge(stage)) for promise in scenario.promises),
    )
    stage.world.force(*points)
    stage.world.start()
    stage.world.run_until(stage.duration_ns)
    broken = [name for name, judge in judges if judge.ruling().verdict is not Verdict.PASS]
    return (stage.world.trace.digest(), stage.world.kernel.events), broken


@lru_cache(maxsize=1)
def without() -> tuple[tuple[str, int], list[str]]:
    return performed()


@pytest.mark.parametrize("point", POINTS)
def test_each_point_changes_what_happens_and_breaks_no_promise(point: str) -> None:
    outcome, broken = performed(point)
    assert broken == without()[1] == []
    assert outcome != without()[0]


def test_a_point_may_be_forced_for_one_program_only_and_happens_to_some_of_those_with_an_identity() -> None:
    world = World(1)
    world.force("late cancel", "k1/slow fsync")
    assert world.buggify("anybody", "late cancel")
    assert world.buggify("k1", "slow fsync")
    assert not world.buggify("k2", "slow fsync")
    hit = [world.buggify("k1", "slow fsync", number) for number in range(400)]
    assert hit == [world.buggify("k1", "slow fsync", number) for number in range(400)]
    assert 60 <= sum(hit) <= 140


def test_some_points_are_forced_with_each_seed_and_each_with_some() -> None:
    forced = [forced_points(Chance(seed)) for seed in range(60)]
    assert set().union(*forced) == set(POINTS)
    assert forced[0] == forced_points(Chance(0))
    assert len(set(forced)) > 30


# --- ties ---


def order_of_ten(seed: int | None) -> list[int]:
    """In which order ten calls of one instant come, and one that was asked for by the first of them."""
    kernel = Kernel(ties=None if seed is None else shuffled_ties(Chance(seed)))
    seen: list[int] = []
    for number in range(10):
        kernel.call_at(5, seen.append, number)
    kernel.call_at(4, seen.append, -1)
    kernel.run_until(6)
    return seen


def test_ties_come_in_an_order_that_the_seed_draws_and_time_is_kept() -> None:
    assert order_of_ten(None) == [-1, *range(10)]
    assert order_of_ten(1) == order_of_ten(1)
    assert {order_of_ten(seed)[0] for seed in range(5)} == {-1}
    assert sorted(order_of_ten(2)) == [-1, *range(10)]
    assert len({tuple(order_of_ten(seed)) for seed in range(5)}) == 5


# --- a swarm around any scenario ---


def test_any_scenario_can_be_run_in_a_swarm_which_is_recorded_and_told_in_the_replay() -> None:
    own = brief(plan=(during(1 * SECOND, 1_500 * MS, LinkCut("k1/lan")),))
    swarming = msgspec.structs.replace(own, swarm=True)
    result = run(swarming)
    assert result.faults[0].target == "k1/lan"
    assert len(result.faults) >= 3
    assert result.replay_command == "squall run brief --seed 1 --swarm"
    recorded = configuration(swarming.settled(), swarming.seed, swarming.with_faults)
    assert recorded["buggify"] == list(forced_points(Chance(1)))
    assert recorded["ties"] == "shuffled"
    assert "buggify" not in configuration(own.settled(), own.seed, own.with_faults)


def test_a_plan_that_was_given_is_all_there_is_in_a_swarm_too_so_that_it_can_be_shrunk() -> None:
    plan = (during(1 * SECOND, 1_500 * MS, LinkCut("k1/lan")),)
    result = run(msgspec.structs.replace(brief(), swarm=True, plan=plan))
    assert [fault.target for fault in result.faults] == ["k1/lan"]


def test_a_campaign_and_an_incident_know_of_the_swarm() -> None:
    choice = choose("tests/scenarios/own.py:sound", swarm=True, seed=5)
    result = run(choice)
    assert run_seed(Recipe.of(choice), 5, 60.0).digest == result.digest
    broken = CheckResult("a promise", "safety", Verdict.VIOLATED, "it did not hold")
    incident = incident_of(choice, msgspec.structs.replace(result, checks=(broken,)), "a promise")
    assert incident.choice().swarm
    assert run(incident.choice()).digest == result.digest


def test_what_was_to_be_reached_is_not_asked_of_a_swarm() -> None:
    scenario = choose("exchange-api-timeouts").scenario
    assert {promise.kind for promise in scenario.promises} > {"reached"}
    kept = [promise.name for promise in swarmed(scenario).promises if promise.kind == "reached"]
    assert kept == ["a fault touched something"]


def test_a_swarm_is_the_same_in_fresh_processes() -> None:
    assert verify(choose("tests/scenarios/own.py:sound", swarm=True, seed=4), 2).same


@pytest.mark.parametrize("name", ["production-mix", "swarm", "near-the-limits"])
def test_the_drawn_scenarios_keep_their_promises_on_several_seeds_within_3_000_messages(name: str) -> None:
    for seed in range(1, 7):
        result = run(choose(name, seed=seed))
        assert result.verdict is Verdict.PASS, [check for check in result.checks if check.verdict is not Verdict.PASS]
        assert result.messages <= 3_000


def test_a_plan_of_which_nothing_touched_anything_has_shown_nothing() -> None:
    plan = (during(1 * SECOND, 1_100 * MS, PacketLoss("exchange-a/snapshots", 1.0), must_touch=False),)
    result = run(brief(plan, (something_struck(),)))
    assert [(check.verdict, check.detail) for check in result.checks] == [
        (Verdict.INCONCLUSIVE, "none of 1 faults touched anything")
    ]
