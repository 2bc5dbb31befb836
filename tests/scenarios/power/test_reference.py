"""The frozen reference campaign: its plans are what they were, uniform, and owe nothing to the catalogue of kinds."""

from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import pytest

from squall.faults.plan import plan_data
from squall.scenarios.find import choose
from squall.scenarios.power.courses import reference_course
from squall.scenarios.power.reference import Reference, ReferenceFileError, load_reference
from squall.scenarios.result import Verdict
from squall.scenarios.run import judge

FILE = Path("tests/planted_bugs/reference.toml")
FROZEN = "08bcd5ddc60efc82c5218f8d24e162c4"
"""Of the plans of 200 seeds of each scenario. Whoever has to change it makes another campaign, under another name."""


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference(FILE)


def _entries(reference: Reference, seeds: range) -> list[dict[str, Any]]:
    return [entry for small in reference.scenario for seed in seeds for entry in reference.entries(small.name, seed)]


def test_the_plans_of_the_reference_are_what_they_always_were(reference: Reference) -> None:
    drawn = msgspec.json.encode(_entries(reference, range(1, 201)), order="sorted")
    assert blake2b(drawn, digest_size=16).hexdigest() == FROZEN


def test_its_plans_are_faults_that_read_back_to_themselves(reference: Reference) -> None:
    for seed in range(1, 30):
        plan = reference.plan("steady", seed)
        assert 1 <= len(plan) <= 3
        assert all(1_500_000_000 <= each.start_ns <= 7_000_000_000 for each in plan)
        assert [entry["name"] for entry in plan_data(plan)] == [planned.name for planned in plan]


def test_every_kind_is_as_likely_as_any_other_and_every_target_of_a_kind(reference: Reference) -> None:
    entries = _entries(reference, range(1, 1_501))
    kinds = Counter(entry["kind"] for entry in entries)
    expected = len(entries) / len(reference.kind)
    assert set(kinds) == {kind["kind"] for kind in reference.kind}
    # Five standard deviations of a count: no seed of thousands would do that by chance.
    assert all(abs(count - expected) < 5 * expected**0.5 for count in kinds.values())
    crashed = Counter(entry["target"] for entry in entries if entry["kind"] == "crash")
    assert len(crashed) == 11
    each = crashed.total() / 11
    assert all(abs(count - each) < 5 * each**0.5 for count in crashed.values())
    shares = [entry["share"] for entry in entries if entry["kind"] == "requests-lost"]
    assert abs(sum(shares) / len(shares) - 0.55) < 5 * 0.26 / len(shares) ** 0.5


def test_one_plan_does_not_move_when_another_kind_of_scenario_is_drawn(reference: Reference) -> None:
    fewer = msgspec.structs.replace(reference, scenario=reference.scenario[:1])
    assert fewer.entries("steady", 7) == reference.entries("steady", 7)
    assert reference.entries("resting", 7) != reference.entries("steady", 7)


def test_its_scenarios_run_by_name_without_anything_forced() -> None:
    course = reference_course(FILE)
    assert course.name == "reference-1"
    assert len(course.scenarios) == 3
    for name in course.scenarios:
        choice = choose(name, seed=3)
        scenario = choice.settled()
        assert not scenario.swarm
        judged = judge(choice, scenario)
        assert judged.verdict is Verdict.PASS
        assert judged.stage.world.messages <= 3_000


WRONG = {
    "bad.toml: schema: expected 1, found 2": ("schema = 1", "schema = 2"),
    "bad.toml: faults: expected 0 < fewest ≤ most": ("fewest = 1", "fewest = 4"),
    "bad.toml: kind[0]: faults[0].kind: no kind of fault 'requests-lots'; did you mean": (
        "requests-lost",
        "requests-lots",
    ),
    "bad.toml: kind[0]: faults[0].shore: requests-lost has no such field; did you mean share": (
        "share = { between",
        "shore = { between",
    ),
    "bad.toml: kind[2]: faults[0].delay: expected a duration": ('["20ms", "1s"]', "[1, 2]"),
    "bad.toml: --set risk.max_position: no such key": ("risk.max_position_lots", "risk.max_position"),
    "bad.toml: expected a duration such as 250ms or 5s, found '15'": ('duration = "15s"', 'duration = "15"'),
    "bad.toml: a kind or a workload is not as expected": ("orders_per_s = 5", "orders = 5"),
    "bad.toml: Object missing required field `most`": ("most = 3", ""),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_file_that_is_no_reference_is_refused_in_one_line(said: str, tmp_path: Path) -> None:
    old, new = WRONG[said]
    text = FILE.read_text()
    assert old in text
    file = tmp_path / "bad.toml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ReferenceFileError) as caught:
        load_reference(file)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_no_file_and_no_toml_are_told_too(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFileError, match=r"none.toml: cannot be read: No such file"):
        load_reference(tmp_path / "none.toml")
    (tmp_path / "half.toml").write_text("schema = ")
    with pytest.raises(ReferenceFileError, match=r"half.toml: Invalid value"):
        load_reference(tmp_path / "half.toml")
