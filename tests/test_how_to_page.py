"""docs/how-to.md: its modules load, its scenarios run, and its plans are plans."""

import re
from pathlib import Path

import pytest

from squall.faults.plan import load_plan
from squall.scenarios.find import choose
from squall.scenarios.result import Verdict
from squall.scenarios.run import judge

PAGE = (Path(__file__).parent.parent / "docs" / "how-to.md").read_text()
MODULES = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
TOML = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
PLANS = [block for block in TOML if "[[faults]]" in block]
SCENARIOS = {"night.py": "bad_line", "incidents.py": "ours"}


def test_every_block_of_python_is_a_module_of_its_own() -> None:
    assert len(MODULES) == PAGE.count("```python\n") == len(SCENARIOS) + 1


@pytest.mark.parametrize("module", SCENARIOS)
def test_a_scenario_of_the_page_runs(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(module).write_text(MODULES[module])
    Path("incidents.csv").write_text("category,incidents\nexchange-api,3\nhardware,1\n")
    choice = choose(f"{module}:{SCENARIOS[module]}", seed=4)
    assert judge(choice, choice.settled()).verdict is Verdict.PASS
    assert f" {module}:{SCENARIOS[module]} --seed" in PAGE


def test_the_property_of_the_page_is_one(tmp_path: Path) -> None:
    made: dict[str, object] = {}
    exec(compile(MODULES["test_any_plan.py"], "test_any_plan.py", "exec"), made)
    assert hasattr(made["test_the_desk_passes_whatever_the_plan"], "hypothesis")


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_of_the_page_is_read(plan: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(plan)
    assert load_plan(file)
