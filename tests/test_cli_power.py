"""`squall power` as a person types it: a zoo, a campaign, a table; and what is no zoo, in one line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from squall.cli import PASS, USAGE, VIOLATED, main
from squall.reports.power import power_page
from squall.scenarios.power.broken_builds import ROOT, load_bugs
from squall.scenarios.result import PowerControl, PowerCourse, PowerResult, PowerRow

RESULTS = Path(__file__).parent / "planted_bugs" / "results.json"
BRIEF = "tests/scenarios/own.py:settled"
ZOO = """
[[bug]]
name = "sells-are-buys"
origin = "erratum 11"
what = "positions book sells as buys"
[[bug.edits]]
file = "system/domain/positions.py"
old = "    signed = lots if side is Side.BUY else -lots"
new = "    signed = lots"

[[bug]]
name = "control-nothing"
origin = "control: nothing is removed"
what = "the same build"
[[bug.edits]]
file = "system/domain/positions.py"
old = "FLAT: Final = Position()"
new = "FLAT: Final = Position(0)"
"""


class Said(NamedTuple):
    """What a command came to."""

    exit_code: int
    out: str
    err: str


Squall = Callable[..., Said]


@pytest.fixture
def power(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Squall:
    """``squall power`` in this process."""

    def typed(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["squall", "power", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Said(code, *capfd.readouterr())

    return typed


@pytest.fixture
def zoo(tmp_path: Path) -> str:
    file = tmp_path / "zoo.toml"
    file.write_text(ZOO)
    return str(file)


def test_a_zoo_is_measured_told_kept_and_written(power: Squall, zoo: str, tmp_path: Path) -> None:
    page, told, db = tmp_path / "power.md", tmp_path / "power.json", tmp_path / "power.sqlite"
    options = ("--bugs", zoo, "--scenario", BRIEF, "--db", str(db), "--docs", str(page), "--json", str(told))
    said = power(*options, "--runs", "2", "--shrink")
    assert said.exit_code == PASS
    assert "a position is the sum of its fills" in said.out
    assert "1 of 1 broken builds found" in said.out
    result = json.loads(told.read_text())
    (row,) = result["rows"]
    assert (row["bug"], row["found_at"], row["faults"]) == ("sells-are-buys", 1, 0)
    assert {each["control"]: each["violated"] for each in result["controls"]} == {
        "sound, campaign": 0,
        "control-nothing": 0,
    }
    assert "| `sells-are-buys` | positions book sells as buys | erratum 11 |" in page.read_text()
    kept = power(*options, "--runs", "0")
    assert kept.out == said.out
    assert json.loads(told.read_text()) == result
    drawn = tmp_path / "drawn.md"
    assert power("--results", str(told), "--docs", str(drawn)).out == said.out
    assert "Planted since" not in drawn.read_text()
    assert drawn.read_text() == page.read_text()
    later = tmp_path / "later.toml"
    later.write_text(ZOO.replace('"sells-are-buys"', '"planted-later"'))
    power("--results", str(told), "--bugs", str(later), "--docs", str(drawn))
    assert drawn.read_text() == f"{page.read_text()}\n## Planted since, and not measured yet\n\n`planted-later`\n"


def test_a_control_that_alarms_is_exit_code_1(power: Squall, zoo: str, tmp_path: Path) -> None:
    Path(zoo).write_text(ZOO.replace('"erratum 11"', '"control: it is none"'))
    said = power("--bugs", zoo, "--scenario", BRIEF, "--runs", "1")
    assert said.exit_code == VIOLATED
    assert "NOT AS IT SHOULD BE" in said.out


def test_a_project_of_ones_own_is_broken_and_measured(
    power: Squall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scenario is the project's, and so is the source that is broken."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "mine.py").write_text(
        "from msgspec.structs import replace\n"
        "from rules import counts_the_flight\n"
        "from squall.scenarios.library.canary import canary\n"
        "from squall.scenarios.scenario import Scenario\n"
        "from squall.scenarios.settings import override\n"
        "def brief() -> Scenario:\n"
        "    made = canary()\n"
        "    return replace(made, settings=override(made.settings, f'risk.count_in_flight={counts_the_flight()}'))\n"
    )
    (project / "rules.py").write_text("def counts_the_flight() -> bool:\n    return True\n")
    bugs = project / "bugs.toml"
    bugs.write_text(
        '[[bug]]\nname = "flight-forgotten"\norigin = "own"\nwhat = "what is in flight does not count"\n'
        '[[bug.edits]]\nfile = "rules.py"\nold = "return True"\nnew = "return False"\n'
    )
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(str(project))
    said = power("--bugs", "bugs.toml", "--root", ".", "--scenario", "mine.py:brief", "--runs", "3", "--json", "-")
    assert said.exit_code == PASS
    (row,) = json.loads(said.out)["rows"]
    assert (row["found_at"], row["promise"]) == (1, "exposure stays within the position limit")


REFUSED = {
    "expected --bugs FILE, a zoo to measure, or --results FILE": (),
    "--results none.json: cannot be read: No such file or directory": ("--results", "none.json"),
    "not what --json writes: Expected `object`, got `array`": ("--results", "ZOO"),
    "none.toml: cannot be read: No such file or directory": ("--bugs", "none.toml"),
    "--bug nobody: no such bug; there are sells-are-buys, control-nothing": ("--bugs", "ZOO", "--bug", "nobody"),
    "--course sideways: no such course; there are campaign, without-swarm,": ("--bugs", "ZOO", "--course", "sideways"),
    "none.toml: cannot be read": ("--bugs", "ZOO", "--course", "none.toml"),
    "no scenario 'swam'; did you mean swarm?": ("--bugs", "ZOO", "--scenario", "swam"),
    "--root nowhere: no such folder": ("--bugs", "ZOO", "--root", "nowhere"),
    "--db -: expected a file; only --json can go to standard output": ("--bugs", "ZOO", "--db", "-"),
    "is the name of a bug in another file too": ("--bugs", "ZOO", "--bugs", "ZOO"),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_people_get_wrong_is_told_in_one_line(power: Squall, zoo: str, said: str) -> None:
    told = power(*(zoo if word == "ZOO" else word for word in REFUSED[said]))
    assert told.exit_code == USAGE
    assert said in told.err
    assert told.err.count("\n") == 1


# --- the page --------------------------------------------------------------------------------------------


def _row(bug: str, violated: int, found_at: int | None, origin: str = "erratum 1") -> PowerRow:
    return PowerRow(
        bug=bug,
        origin=origin,
        what=f"{bug} | broken",
        stratum="hard: 0.1 to 0.5 %" if violated < 5 else "easy: above 5 %",
        reference_runs=1_000,
        reference_violated=violated,
        low=0.0,
        high=0.1,
        seeds=found_at or 500,
        found_at=found_at,
        cpu_s=12.5,
        promise="no order is sent twice" if found_at else None,
        lost=0,
        faults=2 if found_at else None,
        faults_before=6 if found_at else None,
    )


def test_the_page_tells_strata_intervals_misses_ablation_and_controls() -> None:
    rows = (_row("a", 3, 40), _row("b", 2, None, "mutation: sign changed"), _row("c", 600, 1))
    courses = (
        PowerCourse("campaign", 3, 500, 2, ("b",), 20.5, 30.0),
        PowerCourse("without-swarm", 3, 500, 2, ("a",), 20.0, 40.0),
    )
    controls = (
        PowerControl("sound, campaign", "the desk as it is", 10_000, 0, True),
        PowerControl("canary", "a desk without", 20, 19, False),
    )
    page = power_page(PowerResult("reference-1", ("swarm",), 500, rows, courses, controls, "c", {}))
    assert page.index("### Easy: above 5 %") < page.index("### Hard: 0.1 to 0.5 %")
    assert "2 of 3 broken builds found by the real campaign; 0 of 1 mutants among them." in page
    assert (
        "Where p is 0.2 % or more: 2 of 3 found within 2,000 seeds (1 of the others had fewer seeds than that), 67 %."
        in page
    )
    assert "a median of 2 faults, over 2 bugs." in page
    assert "| `a` | a \\| broken | erratum 1 | 0.3 % (3/1000) | 0 % to 10 % | 40 | 12.5 | 2 of 6 |" in page
    assert (
        "- **without-swarm** misses 1 (`a`) that the campaign finds; it finds 1 (`b`) that the campaign misses." in page
    )
    assert (
        "- `b` (mutation: sign changed): b | broken; shown by 2 of 1000 runs of the reference, not in 500 seeds."
        in page
    )
    assert "0 false alarms in 10,000 runs" in page
    assert (
        "1,000 to 1,000 runs of the reference a bug; the real campaign until it was found, or 500 to 500 seeds." in page
    )
    assert "| canary | a desk without | 20 | 19 | **no** |" in page


def test_the_canary_is_a_control_that_only_the_desk_as_it_is_runs(power: Squall, zoo: str) -> None:
    said = power("--bugs", zoo, "--course", "canary", "--runs", "2", "--json", "-")
    assert said.exit_code == PASS
    told = json.loads(said.out)
    assert [(each["control"], each["violated"]) for each in told["controls"][:1]] == [("canary", 2)]
    assert told["courses"] == []
    assert told["rows"][0]["seeds"] == 0


def test_the_page_in_the_docs_is_drawn_from_the_results_that_are_kept_with_the_zoo() -> None:
    kept = msgspec.json.decode(RESULTS.read_bytes(), type=PowerResult)
    zoo = [bug.name for name in ("bugs", "mutations") for bug in load_bugs(RESULTS.with_name(f"{name}.toml"))]
    told = {row.bug for row in kept.rows} | {control.control for control in kept.controls}
    since = [name for name in zoo if name not in told]
    assert (ROOT / "docs" / "power.md").read_text() == power_page(kept, since)


def test_the_kept_results_have_no_false_alarm_and_a_canary_that_sang() -> None:
    kept = msgspec.json.decode(RESULTS.read_bytes(), type=PowerResult)
    assert [control.control for control in kept.controls if not control.ok] == []
    assert {"canary", "sound, campaign"} <= {control.control for control in kept.controls}
