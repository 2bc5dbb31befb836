"""The wheel holds squall and nothing else, and an unrelated project that has it installed never notices."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from squall.cli import PASS, VIOLATED, cli
from tests.lint_rules import PARTS, ROOT

BUILT_FROM = ("pyproject.toml", "README.md", "squall", *PARTS)
RECKLESS = ("--set", "execution.resolve_in_doubt=off", "--set", "venue.refuse_duplicates=off")
THEIRS = "OWNER = 'the unrelated project'\n"


TYPED = {
    "list": ("--docs", "scenarios.md"),
    "run": ("ack-lost", "--html", "r.html", "--json", "r.json", "--junit", "r.xml", "--markdown", "r.md"),
    "campaign": (
        "split-brain",
        "canary",
        "--seeds",
        "1:3",
        "--db",
        "c.sqlite",
        "--junit",
        "c.xml",
        "--markdown",
        "c.md",
    ),
    "verify": ("ack-lost", "--runs", "2"),
    "prove": ("oms.output_commit", "--docs", "protections.md"),
    "shrink": ("ack-lost", "--max-runs", "3", "--out", "incident.json", *RECKLESS),
    "replay": ("incident.json",),
    "compare": ("ack-lost",),
    "inspect": ("ack-lost", "--at", "3s"),
    "capacity": ("--rates", "200,400", "--orders", "20"),
    "schema": (),
}
"""Each command as somebody might type it in an empty folder; of a command that is not here, its help."""
VIOLATES = ("shrink", "replay")


def _python(*arguments: str, cwd: Path, path: Path | None = None, ends_with: int = 0) -> str:
    """Run this interpreter; what it printed. The test fails with all of its output where it ends otherwise."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment.pop("PYTHONPATH", None)
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == ends_with, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy of the sources, so that nothing is left in the checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in BUILT_FROM:
        original = ROOT / name
        if original.is_dir():
            shutil.copytree(original, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(original, source / name)
    _python("-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--quiet", "-w", "dist", cwd=source)
    (built,) = (source / "dist").glob("squall-*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with squall alone in it."""
    target = tmp_path_factory.mktemp("site")
    _python("-m", "pip", "install", "--no-deps", "--quiet", "--target", str(target), str(wheel), cwd=target)
    return target


@pytest.fixture
def unrelated(tmp_path: Path) -> Path:
    """A project with packages of its own that bear the names of our five parts, and a test of them."""
    for part in PARTS:
        (tmp_path / part).mkdir()
        (tmp_path / part / "__init__.py").write_text(THEIRS)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_theirs.py").write_text(
        f"import {', '.join(PARTS)}\n"
        "import squall.sim.trace\n\n\n"
        "def test_these_packages_are_ours():\n"
        f"    for package in ({', '.join(PARTS)}):\n"
        "        assert package.OWNER == 'the unrelated project'\n"
        "    assert not hasattr(squall.sim, 'OWNER')\n"
    )
    return tmp_path


def test_the_wheel_has_squall_at_its_top_and_all_five_parts_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert sorted(top for top in tops if not top.endswith(".dist-info")) == ["squall"]
    ours = {f"squall/{path.relative_to(ROOT)}" for part in PARTS for path in (ROOT / part).rglob("*.py")}
    ours |= {f"squall/{path.relative_to(ROOT)}" for part in PARTS for path in (ROOT / part).rglob("*.j2")}
    assert sorted(ours - set(names)) == []
    assert not [name for name in names if "test" in name.split("/")[0:2]]


def test_the_installed_package_runs_from_where_it_was_installed(site: Path, tmp_path: Path) -> None:
    where = "import squall, squall.cli, squall.sim.kernel as k; print(squall.__file__); print(k.__file__)"
    out = _python("-c", where, cwd=tmp_path, path=site)
    assert [Path(line).is_relative_to(site) for line in out.splitlines()] == [True, True]
    assert not (site / "squall" / "sim").is_symlink()


def test_every_command_works_as_installed_in_an_empty_folder(site: Path, tmp_path: Path) -> None:
    script = "from squall.cli import main; main()"
    for command in cli.commands:
        words = TYPED.get(command, ("--help",))
        code = VIOLATED if command in VIOLATES else PASS
        assert _python("-c", script, command, *words, cwd=tmp_path, path=site, ends_with=code), command
    left = {"scenarios.md", "protections.md", "incident.json"}
    left |= {f"{name}.{kind}" for name in "rc" for kind in ("xml", "md")} | {"r.html", "r.json", "c.sqlite"}
    assert {file.name for file in tmp_path.iterdir()} == left


def test_the_plugin_works_as_installed_in_a_project_with_folders_of_our_names(site: Path, unrelated: Path) -> None:
    (unrelated / "tests" / "test_ours.py").write_text(
        "import pytest\nfrom hypothesis import given, settings\nfrom squall.strategies import plans\n"
        "from squall.testing import check\n\n\n"
        '@pytest.mark.scenario("split-brain", seeds="1:3")\ndef test_there_is_one_leader(): ...\n\n\n'
        "@settings(max_examples=2, deadline=None, derandomize=True, database=None)\n@given(plan=plans(max_faults=1))\n"
        'def test_whatever_the_plan(plan):\n    check("production-mix", plan=plan)\n'
    )
    out = _python("-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", cwd=unrelated, path=site)
    assert "4 passed" in out


def test_an_unrelated_project_imports_its_own_packages(site: Path, unrelated: Path) -> None:
    packages = ", ".join(PARTS)
    script = f"import squall.sim.trace, {packages}; print(*(p.OWNER for p in ({packages})), sep='\\n')"
    assert _python("-c", script, cwd=unrelated, path=site).splitlines() == ["the unrelated project"] * 5


def test_its_own_pytest_runs_undisturbed_with_squall_installed(site: Path, unrelated: Path) -> None:
    out = _python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=unrelated, path=site)
    assert "1 passed" in out


def test_nothing_but_squall_can_be_imported_from_what_was_installed(site: Path, tmp_path: Path) -> None:
    tried = f"import importlib.util as u; print([p for p in {PARTS!r} if u.find_spec(p)])"
    assert _python("-c", tried, cwd=tmp_path, path=site).strip() == "[]"


def test_a_checkout_whose_links_were_flattened_says_so_at_import(tmp_path: Path) -> None:
    (tmp_path / "squall").mkdir()
    shutil.copy(ROOT / "squall" / "__init__.py", tmp_path / "squall" / "__init__.py")
    for part in PARTS:
        (tmp_path / "squall" / part).write_text(f"../{part}")  # what a checkout without symbolic links leaves
    script = "try:\n    import squall\nexcept ImportError as error:\n    print(error)"
    assert "symbolic links were flattened" in _python("-c", script, cwd=tmp_path)
