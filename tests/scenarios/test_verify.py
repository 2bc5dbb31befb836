"""The proof of determinism, put to the proof: it tells alike from different, and says where they part."""

import re

import pytest

from squall.scenarios.find import choose
from squall.scenarios.run import run
from squall.scenarios.verify import ChildFailedError, verify
from squall.sim.guard import NondeterminismError
from squall.sim.trace import CHECKPOINT_RECORDS
from tests.scenarios.own import FILE
from tests.scenarios.runs import Memory, brief


def test_fresh_processes_with_different_hash_seeds_come_to_the_same_digest() -> None:
    choice = choose(f"{FILE}:sound", seed=4, overrides=("breaker.failure_threshold=3",))
    heard: list[float] = []
    outcome = verify(choice, runs=3, progress=heard.append)
    assert outcome.same
    assert len({line.split("hash seed ")[1].split(":")[0] for line in outcome.lines[:3]}) == 3
    assert outcome.lines[-1] == "the same digest in 3 fresh processes"
    assert all(line.endswith(run(choice).digest) for line in outcome.lines[:3])
    assert heard == [1 / 3, 2 / 3, 1.0]


def _digests(lines: tuple[str, ...]) -> set[str]:
    return {line.rsplit(" ", 1)[1] for line in lines[:-1]}


def _true_first_difference(name: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The first record that is not the same under two hash seeds, found by looking at them all."""
    kept = []
    for hash_seed in ("0", "1"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        memory = Memory()
        run(choose(name), memory)
        kept.append(memory.records)
    return next(number for number, (one, other) in enumerate(zip(*kept, strict=False), 1) if one != other)


def test_two_runs_that_part_are_told_apart_within_a_thousand_records(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{FILE}:parts_in_the_middle"
    outcome = verify(choose(name), runs=2)
    assert not outcome.same
    assert len(_digests(outcome.lines)) == 2
    found = re.fullmatch(r"DIFFERENT digests; the first difference lies in records (\d+) to (\d+)", outcome.lines[-1])
    assert found is not None
    first, last = int(found[1]), int(found[2])
    assert last - first == CHECKPOINT_RECORDS - 1
    assert first > 1
    assert first <= _true_first_difference(name, monkeypatch) <= last


def test_two_runs_that_part_in_the_last_moment_are_told_apart_too() -> None:
    outcome = verify(choose(f"{FILE}:parts_in_the_end"), runs=2)
    assert not outcome.same
    assert outcome.lines[-1] == "DIFFERENT digests; they differ after the last checkpoint that all have"


def test_a_fresh_process_that_gets_nowhere_is_told_in_one_line() -> None:
    # The process looks for the scenario by its name, and there is none.
    with pytest.raises(ChildFailedError) as caught:
        verify(brief(), runs=2)
    line = str(caught.value)
    assert line.startswith("verify brief: a fresh process failed: ")
    assert "no scenario 'brief'" in line
    assert "\n" not in line


def test_a_fresh_process_that_the_guard_stops_names_the_line_that_asked() -> None:
    with pytest.raises(NondeterminismError, match=r"own\.py:\d+: called time\.time during a run"):
        verify(choose(f"{FILE}:reads_the_clock"), runs=2)


def test_what_a_users_own_code_prints_does_not_get_in_the_way() -> None:
    assert verify(choose(f"{FILE}:chatty"), runs=2).same
