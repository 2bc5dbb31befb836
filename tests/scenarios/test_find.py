"""Scenarios by name: the library's, and a user's own; and one line for whatever cannot be had."""

import sys
import time
from pathlib import Path

import pytest

from squall.scenarios.find import UnknownScenarioError, choose, library_scenarios
from squall.scenarios.scenario import Scenario
from tests.scenarios.own import FILE


def _refused(name: str) -> str:
    with pytest.raises(UnknownScenarioError) as caught:
        choose(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_library_is_known_by_the_names_of_its_functions_and_sorted() -> None:
    names = list(library_scenarios())
    assert names == sorted(names)
    assert {"calm", "exchange-api-timeouts", "packet-loss", "oms-crash"} <= set(names)


def test_a_scenario_of_the_library_is_chosen_by_its_name() -> None:
    choice = choose("ack-lost", seed=7, overrides=("breaker.enabled=off",))
    assert (choice.name, choice.seed, choice.with_faults) == ("ack-lost", 7, True)
    assert "never doubled" in choice.proves
    assert choice.settled().settings.desk.breaker.enabled is False


def test_a_users_own_scenario_is_chosen_by_file_and_function() -> None:
    choice = choose(f"{FILE}:sound")
    assert isinstance(choice.scenario, Scenario)
    assert choice.proves == "that a user's own scenario needs a function and nothing else"


def test_a_file_without_a_function_is_told_apart_from_a_wrong_name() -> None:
    assert _refused("tests/own.py") == "tests/own.py: expected a function with it, path/to/file.py:name"


def test_a_users_own_scenario_is_chosen_by_module_and_function() -> None:
    assert choose("tests.scenarios.own:sound").scenario.duration_ns == 3_000_000_000


def test_a_function_that_does_not_say_what_it_proves_is_a_scenario_all_the_same() -> None:
    assert choose(f"{FILE}:spins").proves == ""


def test_a_file_may_have_the_name_of_a_module_without_standing_in_for_it(tmp_path: Path) -> None:
    own = tmp_path / "time.py"
    own.write_text(FILE.read_text())
    choose(f"{own}:sound")
    assert sys.modules["time"] is time


def test_a_file_of_scenarios_finds_what_a_project_has_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stands_beside.py").write_text("SECONDS = 3\n")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "night.py").write_text(
        "from stands_beside import SECONDS\n"
        "from squall.scenarios.scenario import Scenario\n"
        "def brief() -> Scenario:\n    return Scenario(duration_ns=SECONDS * 1_000_000_000)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    assert choose("scenarios/night.py:brief").scenario.duration_ns == 3_000_000_000


def test_a_name_that_is_nearly_right_gets_a_hint() -> None:
    assert _refused("ack-lots") == "no scenario 'ack-lots'; did you mean ack-lost?"


def test_a_name_that_is_nothing_like_one_gets_the_list() -> None:
    assert _refused("xyzzy") == f"no scenario 'xyzzy'; scenarios are {', '.join(library_scenarios())}"


@pytest.mark.parametrize(
    ("function", "line"),
    [
        ("nothing", "{file} has no function 'nothing'"),
        ("not_a_function", "{file} has no function 'not_a_function'"),
        ("a_number", "expected a function that returns a Scenario, found int"),
        ("needs_an_argument", "the function failed: TypeError: needs_an_argument() missing 1 required positional"),
        ("raises", "the function failed: RuntimeError: I never worked (own.py:"),
        ("", "expected path/to/file.py:name or module:name"),
    ],
)
def test_what_is_no_scenario_in_a_users_file_is_told_in_one_line(function: str, line: str) -> None:
    name = f"{FILE}:{function}"
    assert _refused(name).startswith(f"{name}: {line.format(file=FILE)}")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("def broken(:\n", "SyntaxError: invalid syntax (broken.py, line 1)"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module' (broken.py:1)"),
        ("\n1 / 0\n", "ZeroDivisionError: division by zero (broken.py:2)"),
        ("raise SystemExit(0)\n", "SystemExit: 0 (broken.py:1)"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_in_one_line_with_its_place(
    source: str, line: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.py"
    file.write_text(source)
    assert _refused(f"{file}:story") == f"{file}:story: cannot load {file}: {line}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.py"
    assert _refused(f"{file}:story") == f"{file}:story: no such file: {file}"
    assert _refused(f"{tmp_path}/a.folder.py:story").endswith("a.folder.py")


def test_a_module_that_is_not_there_is_named() -> None:
    assert _refused("no_such_module:story").startswith(
        "no_such_module:story: cannot import no_such_module: ModuleNotFoundError: No module named"
    )


@pytest.mark.parametrize("name", [":story", "module:", ":", "file.py:"])
def test_half_a_name_is_told_from_a_whole_one(name: str) -> None:
    assert _refused(name) == f"{name}: expected path/to/file.py:name or module:name"
