"""Planted bugs: they are data, each can still be planted, and a broken build is broken and nothing else is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from squall.scenarios.power.broken_builds import Bug, BugError, Edit, check_edits, load_bugs, plant

ZOO = Path(__file__).parents[2] / "planted_bugs" / "bugs.toml"
DECIDES = Edit("system/domain/oms_state.py", "state.version += 1", "state.version += 2")


def test_a_broken_build_has_the_bug_and_the_source_has_not(tmp_path: Path) -> None:
    folder = plant(Bug("double step", "test", "versions go up by two", (DECIDES,)), tmp_path / "build")
    asked = (
        "import squall.system.domain.oms_state as m; print(m.__file__); print(open(m.__file__).read().count('+= 2'))"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    where, count = said.stdout.split()
    assert Path(where).is_relative_to(folder)
    assert count == "1"
    check_edits(Bug("double step", "test", "still plantable", (DECIDES,)))


def test_every_bug_of_the_zoo_can_be_planted() -> None:
    for bug in load_bugs(ZOO):
        check_edits(bug)


WRONG = {
    "zoo.toml: Expected `array`, got `int` - at `$.bug`": "bug = 3",
    "zoo.toml: Object contains unknown field `knd` - at `$.bug[0]`": (
        '[[bug]]\nname = "a"\norigin = "b"\nwhat = "c"\nknd = 1\n'
    ),
    "zoo.toml: a: expected edits or settings, found neither": '[[bug]]\nname = "a"\norigin = "b"\nwhat = "c"\n',
    "zoo.toml: two bugs are called 'a'": '[[bug]]\nname = "a"\norigin = "b"\nwhat = "c"\nsettings = ["x=y"]\n' * 2,
}


@pytest.mark.parametrize("said", WRONG)
def test_a_zoo_that_is_none_is_refused_in_one_line(said: str, tmp_path: Path) -> None:
    file = tmp_path / "zoo.toml"
    file.write_text(WRONG[said])
    with pytest.raises(BugError) as caught:
        load_bugs(file)
    assert str(caught.value) == said


def test_a_bug_whose_place_in_the_source_is_gone_says_so() -> None:
    gone = Bug("gone", "test", "", (Edit("system/domain/oms_state.py", "no such line", ""),))
    with pytest.raises(BugError, match="expected the text to replace once, found it 0 times"):
        check_edits(gone)
    with pytest.raises(BugError, match=r"gone: no file system/domain/nowhere\.py"):
        check_edits(Bug("gone", "test", "", (Edit("system/domain/nowhere.py", "a", "b"),)))
