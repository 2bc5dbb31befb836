"""docs/ci.md is what it says: its workflow parses, and every command in it runs, in an empty folder, as CI would."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml

from squall.cli import INCONCLUSIVE, VIOLATED
from tests.lint_rules import ROOT
from tests.scenarios.search.own_campaign import FILE as OWN

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SUMMARY_LIMIT = 1 << 20
RECKLESS = """
from msgspec.structs import replace
from squall.scenarios.library.ack_lost import ack_lost
from squall.scenarios.settings import override

def doubles():
    settings = ack_lost().settings
    for each in ("execution.resolve_in_doubt=off", "venue.refuse_duplicates=off"):
        settings = override(settings, each)
    return replace(ack_lost(), settings=settings)
"""
"""A desk with a bug, as somebody might have pushed it."""


def _block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    return str(found)


WORKFLOW: dict[str, Any] = yaml.safe_load(_block("yaml"))


class Played(NamedTuple):
    """A job that was played: how each of its own steps ended, in turn, and where."""

    ended: dict[str, int]
    said: dict[str, str]
    folder: Path

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text(encoding="utf-8")


Play = Callable[..., Played]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Play a job's shell steps as a runner does: after a failure only what says so runs. Installing is left out."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_desk.py").write_text(_block("python"))

    def played(job: str, **settings: str) -> Played:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_"))}
        environment |= {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), **settings}
        environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), environment["PATH"]))
        result = Played({}, {}, tmp_path)
        for step in WORKFLOW["jobs"][job]["steps"]:
            failed = any(result.ended.values())
            wanted = {None: not failed, "always()": True, "failure()": failed}[step.get("if")]
            if "run" not in step or step["name"] == "Install" or not wanted:
                continue
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            result.ended[step["name"]] = done.returncode
            result.said[step["name"]] = done.stdout + done.stderr
        return result

    return played


def test_the_workflow_parses_and_says_what_a_runner_has_to_know() -> None:
    # YAML 1.1 reads the key "on" as true; GitHub does not.
    assert WORKFLOW[True].keys() == {"push", "pull_request", "workflow_dispatch", "schedule"}
    for job in WORKFLOW["jobs"].values():
        assert job["runs-on"]
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert "uses" in step or step["name"]
        names = [step["name"] for step in job["steps"] if "run" in step]
        assert names.count("Install") == 1
        kept = next(step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
        assert (kept["if"], kept["with"]["path"]) == ("always()", "out/")
    nightly = WORKFLOW["jobs"]["nightly"]["steps"]
    restored, saved = (step for step in nightly if step.get("uses", "").startswith("actions/cache/"))
    assert restored["with"]["path"] == saved["with"]["path"] == "campaign.sqlite"
    assert saved["if"] == "always()"


def test_every_command_of_the_smoke_job_runs_and_leaves_what_it_says(play: Play) -> None:
    smoke = play("smoke", SEEDS="1:2", TEST_SEEDS="2:3")
    assert set(smoke.ended.values()) == {0}, smoke.said
    assert len(smoke.ended) == 6
    out = smoke.folder / "out"
    assert sorted(file.name for file in out.iterdir()) == [
        "campaign.json",
        "campaign.md",
        "campaign.xml",
        "run.html",
        "run.json",
        "run.xml",
        "tests.xml",
    ]
    assert smoke.summary.startswith("## ✔ Passed")
    cases = {case.get("name") for case in ElementTree.parse(out / "tests.xml").iter("testcase")}
    assert cases == {
        "test_the_backup_takes_over[seed=2]",
        "test_an_answer_that_is_lost_doubles_nothing[seed=2]",
    }


def test_the_nightly_job_goes_on_where_it_was_and_shrinks_nothing_when_all_is_well(play: Play) -> None:
    first = play("nightly", SEEDS="1:2")
    assert set(first.ended.values()) == {0}, first.said
    assert "Shrink the first failure" not in first.ended
    again = play("nightly", SEEDS="1:3")
    assert "seeds had been run before." in again.said["Campaign"]


def test_a_night_that_finds_something_is_red_and_leaves_the_incident_and_a_test(play: Play, tmp_path: Path) -> None:
    (tmp_path / "desk.py").write_text(RECKLESS)
    night = play("nightly", SEEDS="1:3", SCENARIOS="desk.py:doubles")
    assert night.ended["Campaign"] == VIOLATED
    assert night.ended["Shrink the first failure"] == 0, night.said
    assert "no order is sent twice: the violation is there" in night.said["Shrink the first failure"]
    left = {file.name for file in (tmp_path / "out").iterdir()}
    assert left >= {"incident.json", "test_incident.py", "failure.html", "campaign.xml"}
    assert "no order is sent twice" in night.summary
    assert len(night.summary.encode()) < SUMMARY_LIMIT


def test_a_night_that_proves_nothing_is_red_and_has_nothing_to_shrink(play: Play) -> None:
    night = play("nightly", SEEDS="1:3", SCENARIOS=f"{OWN}:never_reached")
    assert night.ended["Campaign"] == INCONCLUSIVE
    assert night.said["Shrink the first failure"].startswith("no promise was broken")
    assert "never: the place" in night.summary


@pytest.mark.parametrize("needed", ["bash", "timeout"])
def test_what_the_commands_need_is_here(needed: str) -> None:
    assert shutil.which(needed)
