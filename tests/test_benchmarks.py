"""What the benchmarks count by name is there under that name."""

import ast
from importlib import import_module
from inspect import getsource
from pathlib import Path

import pytest

CALM = Path(__file__).parents[1] / "benchmarks" / "calm.py"


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
