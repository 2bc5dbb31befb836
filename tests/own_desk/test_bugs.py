"""The worked examples are sound; what is planted in them is found by a small campaign, from the venues' side alone."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from squall.scenarios.find import choose
from squall.scenarios.result import CheckResult, Verdict
from squall.scenarios.run import judge
from squall.scenarios.search.shrink import shrink
from tests.own_desk.bugs import COROUTINES, EXAMPLES, HANDLERS, Bug

SEEDS = range(1, 61)


def _violations(scenario: str, seed: int) -> list[CheckResult]:
    choice = choose(scenario, seed=seed)
    judged = judge(choice, choice.settled())
    return [check for check in judged.checks if check.verdict is Verdict.VIOLATED]


def _sound(scenario: str) -> None:
    choice = choose(scenario)
    settled = choice.settled()
    idle = 0
    for seed in SEEDS:
        judged = judge(replace(choice, seed=seed), settled)
        assert judged.verdict is not Verdict.VIOLATED, (seed, judged.checks)
        unclear = [check.name for check in judged.checks if check.verdict is Verdict.INCONCLUSIVE]
        assert unclear in ([], ["a fault touched something"]), (seed, unclear)
        idle += bool(unclear)
    assert idle <= len(SEEDS) // 20


SCENARIOS = {"handlers.py": "own_oms", "coroutines.py": "own_trader"}


@pytest.mark.parametrize("bug", HANDLERS + COROUTINES, ids=lambda bug: bug.name)
def test_a_bug_is_found_within_sixty_seeds_by_what_the_venues_saw(bug: Bug, tmp_path: Path) -> None:
    broken = f"{bug.build(tmp_path)}:{SCENARIOS[bug.file]}"
    found = next((violations for seed in SEEDS if (violations := _violations(broken, seed))), [])
    assert {check.name for check in found} & {*bug.found_by}


def test_what_breaks_a_desk_of_ones_own_shrinks_to_a_fault_or_two(tmp_path: Path) -> None:
    forgetful = next(bug for bug in HANDLERS if "forgotten" in bug.name)
    broken = f"{forgetful.build(tmp_path)}:own_oms"
    seed = next(seed for seed in SEEDS if _violations(broken, seed))
    shrunk = shrink(choose(broken, seed=seed), max_runs=60)
    assert shrunk.shrinking.after.faults <= 2
    assert shrunk.shrinking.after.orders < shrunk.shrinking.before.orders


@pytest.mark.parametrize("file", SCENARIOS)
def test_the_sound_build_keeps_its_promises_on_the_same_seeds(file: str) -> None:
    _sound(f"{EXAMPLES / file}:{SCENARIOS[file]}")
