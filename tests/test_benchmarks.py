"""What the benchmarks count by name is there under that name, and what has become slower is told."""

import ast
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from inspect import getsource
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
CALM = BENCHMARKS / "calm.py"


def id_sets() -> tuple[str, ...]:
    """`ID_SETS` of the benchmark, which is no package of ours to import."""
    for node in ast.parse(CALM.read_text()).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "ID_SETS" and node.value is not None:
            return tuple(ast.literal_eval(node.value))
    raise LookupError("benchmarks/calm.py: expected ID_SETS, found none")


@pytest.mark.parametrize("name", id_sets())
def test_an_id_set_that_is_counted_apart_exists(name: str) -> None:
    module, owner, attribute = name.rsplit(".", 2)
    assert f"self.{attribute}" in getsource(getattr(import_module(f"squall.{module}"), owner))


@pytest.fixture(scope="module")
def kept() -> Any:
    """`benchmarks/kept.py`, which is no package of ours to import either."""
    spec = spec_from_file_location("kept", BENCHMARKS / "kept.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_more_than_30_percent_slower_than_it_was_is_told_and_less_is_noise(kept: Any) -> None:
    before = {"messages": 0.040, "an order": 20.0}
    fine = {"messages": kept.Measured([0.031], 0.18, True), "an order": kept.Measured([25.9], 20, False)}
    assert kept.worse(before, fine) == []
    slow = {"messages": kept.Measured([0.030], 0.18, True), "an order": kept.Measured([26.1], 20, False)}
    assert kept.worse(before, slow) == ["messages: 0.03, and it was 0.04", "an order: 26.1, and it was 20"]


def test_one_slow_round_is_no_regression_and_a_new_benchmark_has_nothing_to_be_held_to(kept: Any) -> None:
    assert kept.worse({"messages": 0.040}, {"messages": kept.Measured([0.041, 0.040, 0.009], 0.18, True)}) == []
    assert kept.worse({}, {"messages": kept.Measured([0.001], 0.18, True)}) == []


def test_ratios_are_read_as_they_were_kept_and_another_file_is_refused(kept: Any, tmp_path: Path) -> None:
    file = tmp_path / "results" / "ratios.json"
    kept.write(file, {"messages": kept.Measured([0.03, 0.05, 0.04], 0.18, True)}, {"python": "3.11.7"})
    assert kept.read(file) == {"messages": 0.04}
    file.write_text('{"schema": 2}')
    with pytest.raises(ValueError, match="expected ratios of schema 1, found schema 2"):
        kept.read(file)


def test_the_ratios_that_are_kept_here_can_be_read(kept: Any) -> None:
    assert len(kept.read(BENCHMARKS / "results" / "ratios.json")) >= 9
