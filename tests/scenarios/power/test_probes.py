"""Probes: a sound build that runs as before, and notes what a bug would have changed."""

import importlib.util
import sys
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

from squall.scenarios.power import probes as probes_module
from squall.scenarios.power.broken_builds import ROOT, Bug, Edit, load_bugs
from squall.scenarios.power.child import Task
from squall.scenarios.power.courses import courses
from squall.scenarios.power.measurement import Builds, attempt
from squall.scenarios.power.probes import HITS, Probes
from tests.profiles import PROFILE

ZOO = Path(__file__).parents[2] / "planted_bugs"
SEEDS = {"ci": (1,), "nightly": (1, 2, 3)}[PROFILE]

SOURCE = '''"""A rule."""
from __future__ import annotations


def act(lots: int, limit: int, queue: list[int]) -> int:
    """Do it."""
    if lots > limit:
        return -1
    for each in queue:
        lots += each
    return lots * 2
'''


def _bug(old: str, new: str, name: str = "bug") -> Bug:
    return Bug(name, "test", "", (Edit("system/rule.py", old, new),))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small house of its own: what is watched is what stands in `system/`."""
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "rule.py").write_text(SOURCE)
    monkeypatch.setattr(probes_module, "ROOT", tmp_path.resolve())
    return tmp_path


def _installed(root: Path, *bugs: Bug) -> tuple[Probes, ModuleType]:
    probes = Probes(root, bugs)
    probes.install(root)
    spec = importlib.util.spec_from_file_location("rule", root / "system" / "rule.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return probes, module


@pytest.mark.parametrize(
    ("bug", "quiet", "felt"),
    [
        (_bug("lots > limit", "lots >= limit"), (4, 5), (5, 5)),
        (_bug("lots * 2", "lots + lots + lots // 100"), (50, 60), (100, 200)),
        (_bug("        return -1", "        return -2"), (5, 5), (6, 5)),
        (_bug("    for each in queue:\n        lots += each\n", ""), (1, 2), (1, 2, [3])),
        (_bug("lots += each", "lots -= each"), (1, 2), (1, 2, [0])),
        (_bug("lots > limit", "lots > limit // queue[0]"), None, (1, 2)),
    ],
)
def test_a_note_is_taken_where_the_bug_would_have_told_and_nowhere_else(
    root: Path, bug: Bug, quiet: tuple[int, int] | None, felt: tuple[int, ...]
) -> None:
    """The results stay the sound ones; what would have raised is felt too."""
    probes, module = _installed(root, bug)
    sound: dict[str, object] = {}
    exec(compile(SOURCE, "rule.py", "exec"), sound)
    notes = getattr(module, HITS)
    for case, expected in ((quiet, False), (felt, True)):
        if case is None:
            continue
        arguments = (*case, []) if len(case) == 2 else case
        assert module.act(*arguments) == sound["act"](*arguments)  # type: ignore[operator]
        assert any(notes) is expected
    assert probes.felt(bug) == {0}


def test_bugs_in_one_place_have_notes_of_their_own(root: Path) -> None:
    more, less = _bug("lots > limit", "lots >= limit", "more"), _bug("lots > limit", "lots > limit + 1", "less")
    probes, module = _installed(root, more, less)
    assert probes.felt(more) != probes.felt(less)
    module.act(6, 5, [])
    assert list(getattr(module, HITS)) == [0, 1]


def test_what_is_set_or_stands_elsewhere_is_felt_by_every_run(root: Path) -> None:
    (root / "sim").mkdir()
    (root / "sim" / "clock.py").write_text("def now():\n    return 1\n")
    elsewhere = Bug("elsewhere", "test", "", (Edit("sim/clock.py", "return 1", "return 2"),))
    setting = Bug("setting", "test", "", settings=("breaker.enabled=off",))
    probes = Probes(root, (elsewhere, setting))
    assert probes.felt(elsewhere) is None
    assert probes.felt(setting) is None
    assert not probes.offsets


def test_the_probes_of_the_whole_zoo_change_no_run(tmp_path: Path) -> None:
    """What is watched is looked at and not touched: the same digests, with some hundred watchers in place."""
    zoo = tuple(bug for name in ("bugs", "mutations") for bug in load_bugs(ZOO / f"{name}.toml"))
    probes = Probes(ROOT, zoo)
    scenarios = courses()["campaign"].scenarios
    runs = tuple((number, name, seed) for number, (name, seed) in enumerate(product(scenarios, SEEDS)))
    probed = attempt(Builds(tmp_path, probes).of(None), Task(runs, (), probed=probes.offsets))
    plain = attempt(ROOT, Task(runs, ()))
    assert [each.digest for each in probed] == [each.digest for each in plain]
    assert all(each.digest for each in plain)


def test_a_digest_changes_with_what_is_watched(root: Path) -> None:
    one, other = _bug("lots > limit", "lots >= limit"), _bug("lots * 2", "lots * 3")
    assert Probes(root, (one,)).digest() == Probes(root, (one,)).digest()
    assert Probes(root, (one,)).digest() != Probes(root, (other,)).digest()
    assert "rule" not in sys.modules
