"""`squall power`: how often campaigns find bugs that were planted."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

from squall.commands.exits import PASS, VIOLATED, BadInput, bad_input
from squall.commands.options import JSON
from squall.commands.outputs import outputs, show, show_drawn, write_each

if TYPE_CHECKING:
    from squall.scenarios.power.broken_builds import Bug
    from squall.scenarios.power.courses import Course
    from squall.scenarios.power.store import Found
    from squall.scenarios.result import PowerResult


@click.command()
@click.option("--bugs", "bug_files", multiple=True, metavar="FILE", help="A zoo, TOML; may be repeated.")
@click.option("--bug", "names", multiple=True, metavar="NAME", help="Only this one of them; may be repeated.")
@click.option(
    "--course",
    "course_names",
    multiple=True,
    metavar="NAME",
    help="What to search with; may be repeated. A name, or the TOML file of a reference.  [default: campaign]",
)
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="A campaign of this; may be repeated.")
@click.option("--root", "root_folder", metavar="FOLDER", help="Break the sources below this.  [default: squall's own]")
@click.option(
    "--runs",
    type=click.IntRange(0),
    metavar="N",
    default=300,
    show_default=True,
    help="Of each course in each build, at most; 0 only tells what the database holds.",
)
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", default=1, show_default=True, help="Processes.")
@click.option("--db", "db_file", metavar="FILE", help="Keep what is run, and go on with what is kept.")
@click.option("--shrink", is_flag=True, help="Shrink what the campaign found first.")
@click.option(
    "--results",
    "results_file",
    metavar="FILE",
    help="Run nothing: tell what --json once wrote; with --bugs, also what was planted since.",
)
@click.option("--docs", "docs_file", metavar="FILE", help="Write the page, as Markdown.")
@JSON
def power(
    bug_files: tuple[str, ...],
    names: tuple[str, ...],
    course_names: tuple[str, ...],
    scenarios: tuple[str, ...],
    root_folder: str | None,
    runs: int,
    jobs: int,
    db_file: str | None,
    shrink: bool,
    results_file: str | None,
    docs_file: str | None,
    json_file: str | None,
) -> None:
    """Plant each bug of a zoo, run campaigns in the broken builds, and say which are found, how soon, by which promise.

    A course stops with a bug that it has found; a reference, which says how hard a bug is, at 30 finds and 200 runs.
    """
    from squall.reports.machine import encode, power_json
    from squall.reports.power import power_page, power_table

    json_target, docs_target = outputs(json=json_file, docs=docs_file)
    since: tuple[str, ...] = ()
    if results_file is not None:
        result = _kept(results_file)
        since = _planted_since(bug_files, result)
    elif not bug_files:
        raise BadInput("expected --bugs FILE, a zoo to measure, or --results FILE")
    else:
        asked = course_names or ("campaign",)
        result = _measured(bug_files, names, asked, scenarios, root_folder, runs, jobs, db_file, shrink)
    write_each(
        (json_target, lambda: encode(power_json(result)).decode() + "\n"),
        (docs_target, lambda: power_page(result, since)),
    )
    if json_file == "-":
        show(encode(power_json(result)).decode())
    else:
        show_drawn(lambda console: power_table(result, console))
    sys.exit(PASS if all(control.ok for control in result.controls) else VIOLATED)


def _measured(
    bug_files: tuple[str, ...],
    names: tuple[str, ...],
    course_names: tuple[str, ...],
    scenarios: tuple[str, ...],
    root_folder: str | None,
    runs: int,
    jobs: int,
    db_file: str | None,
    shrink: bool,
) -> "PowerResult":
    """Run what is missing, course by course, and sum up."""
    from squall.scenarios.power.broken_builds import ROOT
    from squall.scenarios.power.courses import CAMPAIGN, SOUND_ONLY
    from squall.scenarios.power.measurement import Measurement, measure
    from squall.scenarios.power.probes import Probes
    from squall.scenarios.power.result import power_result
    from squall.scenarios.power.store import PowerStore, code_of

    with bad_input():
        root = ROOT if root_folder is None else _folder(root_folder)
        zoo = _zoo(bug_files, root)
        wanted = _wanted(zoo, names)
        chosen, reference = _courses(course_names, scenarios, root)
        if db_file == "-":
            raise BadInput("--db -: expected a file; only --json can go to standard output")
        store = PowerStore(Path(db_file) if db_file is not None else None, code_of(root))
    try:
        told = _told()
        measured = {}
        probes = Probes(root, zoo)
        for course in chosen:
            if runs:
                broken = () if course.name in SOUND_ONLY else wanted
                measure(zoo, course, runs, store, jobs, told, shrink and course.name == CAMPAIGN, broken, root)
            measured[course.name] = (course, Measurement(zoo, course, store, probes))
        return power_result(wanted, reference, measured, store)
    finally:
        store.close()


def _kept(file: str) -> "PowerResult":
    """What a measurement wrote down. BadInput where it is none."""
    from squall.scenarios.result import PowerResult

    try:
        return msgspec.json.decode(Path(file).read_bytes(), type=PowerResult)
    except OSError as error:
        raise BadInput(f"--results {file}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise BadInput(f"--results {file}: not what --json writes: {error}") from None


def _planted_since(bug_files: tuple[str, ...], result: "PowerResult") -> tuple[str, ...]:
    """The bugs of the zoo that were not there when the results were measured."""
    from squall.scenarios.power.broken_builds import ROOT

    with bad_input():
        zoo = _zoo(bug_files, ROOT)
    known = {row.bug for row in result.rows} | {control.control for control in result.controls}
    return tuple(bug.name for bug in zoo if bug.name not in known)


def _folder(name: str) -> Path:
    if not Path(name).is_dir():
        raise BadInput(f"--root {name}: no such folder")
    return Path(name).resolve()


def _zoo(files: tuple[str, ...], root: Path) -> "tuple[Bug, ...]":
    """All bugs of all files; each can be planted in these sources, or there is no use in beginning."""
    from squall.scenarios.power.broken_builds import check_edits, load_bugs

    zoo: dict[str, Bug] = {}
    for file in files:
        for bug in load_bugs(Path(file)):
            if bug.name in zoo:
                raise BadInput(f"{file}: {bug.name!r} is the name of a bug in another file too")
            check_edits(bug, root)
            zoo[bug.name] = bug
    return tuple(zoo.values())


def _wanted(zoo: "tuple[Bug, ...]", names: tuple[str, ...]) -> "tuple[Bug, ...]":
    known = {bug.name: bug for bug in zoo}
    for name in names:
        if name not in known:
            raise BadInput(f"--bug {name}: no such bug; there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names)) if names else zoo


def _courses(names: tuple[str, ...], scenarios: tuple[str, ...], root: Path) -> "tuple[list[Course], Course | None]":
    """Each course once, in their order; and the reference among them, where there is one."""
    from squall.scenarios.power.courses import courses, reference_course

    known = courses(scenarios)
    chosen: list[Course] = []
    reference = None
    for name in dict.fromkeys(names):
        if name.endswith(".toml"):
            if reference is not None:
                raise BadInput(f"--course {name}: expected one reference, found {reference.name} too")
            reference = reference_course(Path(name), root=root)
            chosen.append(reference)
        elif name in known:
            chosen.append(known[name])
        else:
            raise BadInput(f"--course {name}: no such course; there are {', '.join(known)}, or a reference's TOML file")
    return chosen, reference


def _told() -> "Callable[[str, Course, Found], None] | None":
    """A line a batch on a terminal's standard error; nothing elsewhere."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        return None

    def told(name: str, course: "Course", found: "Found") -> None:
        first = f"found at {found.first + 1}, " if found.first is not None else ""
        console.print(f"{course.name}: {name}: {first}{found.violated} of {found.runs} violated", markup=False)

    return told
