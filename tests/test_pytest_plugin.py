"""The pytest plugin, as a project of somebody else's sees it: run in folders of its own, by a pytest of its own."""

import re
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest

from squall import pytest_plugin as plugin

INSTALLED = any(each.value == "squall.pytest_plugin" for each in entry_points(group="pytest11"))
"""A checkout that was installed before there was a plugin has to name it."""


@pytest.fixture(autouse=True)
def _with_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    if not INSTALLED:
        monkeypatch.setenv("PYTEST_PLUGINS", "squall.pytest_plugin")


TIGHT = '{"execution.resolve_in_doubt": "off", "venue.refuse_duplicates": "off"}'

SCENARIOS = """
import pytest

from squall import pytest_plugin as plugin
from squall.faults.exchange import ReportsLost
from squall.faults.fault import during
from squall.scenarios.desk_promises import always
from squall.scenarios.scenario import Scenario
from squall.system.domain.signals import Workload

MS = 1_000_000

def lost():
    workload = Workload(orders_per_s=20, start_ns=500 * MS, stop_ns=1_500 * MS, lots_min=1, lots_max=5)
    plan = (during(600 * MS, 1_200 * MS, ReportsLost("exchange-a")),)
    return Scenario(workload=workload, plan=plan, promises=always(), duration_ns=2_500 * MS)
"""

SOUND = SCENARIOS + (
    """
@pytest.mark.scenario(of=lost, seeds="3:5")
def test_survives():
    pass
"""
)

BROKEN = SCENARIOS + (
    f"""
@pytest.mark.scenario(of=lost, settings={TIGHT})
def test_survives():
    pass
"""
)


def lines_of(result: pytest.RunResult) -> str:
    return result.stdout.str() + result.stderr.str()


def test_a_marked_test_runs_its_scenario_once_a_seed_and_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SOUND)
    result = pytester.runpytest_subprocess("-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_survives?seed=3? PASSED*", "*test_survives?seed=4? PASSED*"])


def test_the_command_line_chooses_seeds_over_the_marker_and_the_header_says_which(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SOUND)
    result = pytester.runpytest_subprocess("-v", "--squall-seeds", "7:9")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["squall: seeds 7:9", "*seed=7? PASSED*", "*seed=8? PASSED*"])


def test_the_ini_file_has_a_twin_of_each_option(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsquall_seeds = 11\n")
    pytester.makepyfile(SOUND.replace(', seeds="3:5"', ""))
    result = pytester.runpytest_subprocess("-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["squall: seeds 11", "*seed=11? PASSED*"])


def test_a_violation_fails_the_test_with_its_story_and_the_command_that_runs_it_again(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(BROKEN)
    result = pytester.runpytest_subprocess("--squall-incidents", "incidents")
    result.assert_outcomes(failed=1)
    said = lines_of(result)
    assert "no order is sent twice" in said
    assert "What went wrong first" in said
    assert re.search(r"run again: squall run test_\w+\.py:lost --seed 1 --set execution\.resolve_in_doubt=off", said)
    assert re.search(r"this test again: pytest '\S+test_survives\[seed=1\]' --squall-replay \S+\.json", said)


def test_an_incident_is_replayed_by_the_tests_of_its_scenario_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(BROKEN + "\ndef test_of_something_else():\n    pass\n")
    pytester.runpytest_subprocess("--squall-incidents", "incidents")
    (incident,) = Path(pytester.path, "incidents").iterdir()
    result = pytester.runpytest_subprocess("--squall-replay", str(incident))
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["squall: replaying *.json"])
    assert "no order is sent twice" in lines_of(result)


def test_a_test_without_a_marker_is_replayed_where_it_is_named(pytester: pytest.Pytester) -> None:
    """As the line under its failure names it."""
    pytester.makepyfile(
        SCENARIOS + f"\ndef test_by_hand(squall):\n    assert squall.run(lost, {TIGHT}).verdict.value == 'pass'\n"
    )
    said = lines_of(pytester.runpytest_subprocess("--squall-incidents", "incidents", "--squall-seeds", "2"))
    (again,) = re.findall(r"this test again: pytest '(\S+)' --squall-replay (\S+\.json)", said)
    assert again[0].endswith("test_by_hand[seed=2]")
    result = pytester.runpytest_subprocess(again[0], "--squall-replay", again[1])
    result.assert_outcomes(failed=1)
    assert "no order is sent twice" in lines_of(result)


def test_a_plan_that_no_file_can_hold_is_no_incident_and_says_so(pytester: pytest.Pytester) -> None:
    own = """
class Mine:
    kind, target = "mine", "exchange-a"
    def check(self, world): pass
    def inject(self, world, tally):
        return ReportsLost("exchange-a").inject(world, tally)

@pytest.mark.scenario(of=lost, settings=TIGHT, plan=(during(600 * MS, 1_200 * MS, Mine()),))
def test_survives():
    pass
"""
    pytester.makepyfile(SCENARIOS + own.replace("TIGHT", TIGHT))
    result = pytester.runpytest_subprocess("--squall-incidents", "incidents")
    result.assert_outcomes(failed=1)
    assert "no incident: plan[0]: mine is a fault of your own: a file cannot hold it" in lines_of(result)
    assert not Path(pytester.path, "incidents").exists()


def test_an_incident_names_its_scenario_as_any_checkout_does(pytester: pytest.Pytester) -> None:
    """By the path from where pytest runs: another machine has the project somewhere else."""
    pytester.makepyfile(BROKEN)
    pytester.runpytest_subprocess("--squall-incidents", "incidents")
    (incident,) = Path(pytester.path, "incidents").iterdir()
    assert re.search(r'"scenario": "test_\w+\.py:lost"', incident.read_text())


def test_tests_of_one_scenario_with_other_settings_keep_an_incident_each(pytester: pytest.Pytester) -> None:
    other = TIGHT.replace("{", '{"execution.ack_timeout": "240ms", ')
    also = f"@pytest.mark.scenario(of=lost, settings={other})\ndef test_survives_too():\n    pass\n"
    pytester.makepyfile(f"{BROKEN}\n{also}")
    pytester.runpytest_subprocess("--squall-incidents", "incidents").assert_outcomes(failed=2)
    assert len(list(Path(pytester.path, "incidents").iterdir())) == 2


def test_a_marker_that_asks_for_nothing_is_told_what_it_may_say(pytester: pytest.Pytester) -> None:
    pytester.makepyfile('import pytest\n\n@pytest.mark.scenario(nope="x")\ndef test_wrong(): ...\n')
    said = lines_of(pytester.runpytest_subprocess())
    assert (
        'expected scenario(name, of=function, seeds="A:B", settings={"key": "value"}, plan=None), found nope=' in said
    )


def test_a_test_that_looks_at_its_result_says_itself_what_it_expects(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        BROKEN.replace("def test_survives():\n    pass", "def test_survives(squall):\n")
        + "    assert squall.result.verdict.value == 'violated'\n"
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_without_a_marker_the_fixture_runs_any_scenario_with_the_seed_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SCENARIOS
        + """
def test_two_settings(squall):
    assert squall.seed == 5
    quick = squall.run(lost, settings={"execution.ack_timeout": "100ms"})
    assert quick.seed == 5
    assert quick.digest != squall.run(lost).digest
"""
    )
    pytester.runpytest_subprocess("--squall-seeds", "5").assert_outcomes(passed=1)


def test_junit_says_what_was_run_and_what_came_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SOUND)
    pytester.runpytest_subprocess("--squall-seeds", "3", "--junitxml", "out.xml")
    found = {
        each.get("name"): each.get("value")
        for each in ElementTree.parse(Path(pytester.path, "out.xml")).getroot().iter("property")
    }
    assert found["squall_seed"] == "3"
    assert found["squall_verdict"] == "pass"
    assert re.fullmatch("[0-9a-f]+", found["squall_digest"] or "")


def verdicts(pytester: pytest.Pytester, *options: str) -> dict[str, str]:
    pytester.runpytest_subprocess("--squall-seeds", "0:4", "--junitxml", "out.xml", *options)
    return {
        case.get("name", ""): ", ".join(str(each.get("value")) for each in case.iter("property"))
        for case in ElementTree.parse(Path(pytester.path, "out.xml")).getroot().iter("testcase")
    }


def test_verdicts_and_digests_are_the_same_on_any_number_of_workers(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(BROKEN)
    alone = verdicts(pytester, "-n", "0")
    assert len(alone) == 4
    assert all("violated" in each for each in alone.values())
    assert verdicts(pytester, "-n", "2") == alone


def test_a_project_with_its_own_sim_and_scenarios_folders_is_left_in_peace(pytester: pytest.Pytester) -> None:
    for name in ("sim", "scenarios", "system", "faults", "reports"):
        package = pytester.mkpydir(name)
        (package / "mine.py").write_text("VALUE = 42\n")
    pytester.makepyfile(
        test_theirs="from sim.mine import VALUE\nimport scenarios.mine\n\ndef test_theirs():\n    assert VALUE == 42\n",
        test_ours=SOUND,
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)


def test_a_project_that_never_asks_for_it_does_not_import_the_simulation(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n\ndef test_nothing_of_it():\n"
        "    assert not [name for name in sys.modules if name.startswith(('squall.s', 'squall.f', 'simpy'))]\n"
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


WRONG = {
    '--squall-seeds: expected a seed N or a range A:B, found "many"'.replace('"', "'"): ("--squall-seeds", "many"),
    "--squall-seeds: expected at least one seed, none below 0, found '5:5'": ("--squall-seeds", "5:5"),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_cannot_be_is_refused_in_one_line(pytester: pytest.Pytester, said: str) -> None:
    pytester.makepyfile(SOUND)
    result = pytester.runpytest_subprocess(*WRONG[said])
    assert result.ret == pytest.ExitCode.USAGE_ERROR or result.ret == pytest.ExitCode.INTERRUPTED
    assert said in lines_of(result)


def test_a_setting_that_does_not_exist_fails_the_test_and_names_the_ones_that_do(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(BROKEN.replace("execution.resolve_in_doubt", "execution.resolve_in_dowt"))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    assert "--set execution.resolve_in_dowt: no such key; execution has execution.timeouts" in lines_of(result)


def test_the_reference_names_every_option_with_its_ini_key() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference.md").read_text()
    source = Path(plugin.__file__).read_text()
    options, keys = (re.findall(pattern, source) for pattern in (r'addoption\("(--\S+)"', r'addini\("(\S+)"'))
    assert len(options) == len(keys) == 3
    assert all(f"| `{option} " in page for option in options)
    assert all(f"| `{key}` |" in page for key in keys)
