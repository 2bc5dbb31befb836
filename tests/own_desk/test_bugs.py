"""The worked examples are sound; what is planted in them is found by a small campaign, from the venues' side alone."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from squall.scenarios.find import choose
from squall.scenarios.result import CheckResult, Verdict
from squall.scenarios.run import judge
from tests.own_desk.bugs import EXAMPLES, HANDLERS, Bug

SEEDS = range(1, 61)


def _violations(scenario: str, seed: int) -> list[CheckResult]:
    choice = choose(scenario, seed=seed)
    judged = judge(choice, choice.settled())
    assert judged.verdict is not Verdict.INCONCLUSIVE
    return [check for check in judged.checks if check.verdict is Verdict.VIOLATED]


def _sound(scenario: str) -> None:
    choice = choose(scenario)
    settled = choice.settled()
    for seed in SEEDS:
        judged = judge(replace(choice, seed=seed), settled)
        assert judged.verdict is Verdict.PASS, (seed, judged.checks)


@pytest.mark.parametrize("bug", HANDLERS, ids=lambda bug: bug.name)
def test_a_bug_is_found_within_sixty_seeds_by_what_the_venues_saw(bug: Bug, tmp_path: Path) -> None:
    broken = f"{bug.build(tmp_path)}:own_oms"
    found = next((violations for seed in SEEDS if (violations := _violations(broken, seed))), [])
    assert {check.name for check in found} & {*bug.found_by}


def test_the_sound_oms_keeps_its_promises_on_the_same_seeds() -> None:
    _sound(f"{EXAMPLES / 'handlers.py'}:own_oms")
