"""Bug-finding power: how often a campaign finds each planted bug, seed by seed, from what the world observed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from msgspec import Struct

from squall.scenarios.power.broken_builds import ROOT, Bug, plant
from squall.scenarios.power.child import Task
from squall.scenarios.power.courses import Course, stretches
from squall.scenarios.power.probes import Probes
from squall.scenarios.power.store import Attempt, Found, PowerStore, Smallest, summed_up

SHRINK_RUNS: Final = 30
"""Enough for the faults of most plans, which come first: how strong each is does not matter here."""
SOUND: Final = Bug("sound", "control", "the desk as it is")
_CHILD: Final = "from squall.scenarios.power.child import main; main()"

Told = Callable[[str, Course, Found], None]
"""Hears of each build as its batches come in."""


class _Batch(Struct):
    """Runs of one build that one process makes."""

    bug: Bug | None
    course: Course
    task: Task


class Builds:
    """Copies of the source, each broken in one way, made when they are first asked for and kept until the end."""

    def __init__(self, scratch: Path, probes: Probes, root: Path = ROOT) -> None:
        self._scratch = scratch
        self._probes = probes
        self._root = root
        self._made: dict[str, Path] = {}

    def of(self, bug: Bug | None) -> Path:
        """What goes first on the import path. None: the sound build, which notes what it feels."""
        name = bug.name if bug is not None else "sound, probed"
        if name not in self._made:
            if not (bug.edits if bug is not None else self._probes.offsets):
                self._made[name] = self._root
            else:
                self._made[name] = plant(bug or SOUND, self._scratch / name, self._root)
                if bug is None:
                    self._probes.install(self._made[name])
        return self._made[name]

    def place(self, folder: Path) -> Path:
        """Where a process in a build stands: scenarios of a project of one's own are those of its broken copy."""
        return ROOT if self._root == ROOT else folder


class Measurement:
    """A zoo on a course: what has been run is in the store, and what is missing can be run."""

    def __init__(self, bugs: Sequence[Bug], course: Course, store: PowerStore, probes: Probes | None = None) -> None:
        self._bugs = bugs
        self._course = course
        self._store = store
        self._probes = probes or Probes(ROOT, bugs)
        self._digest = self._probes.digest()
        self._unfelt: dict[str, set[int]] = {bug.name: set() for bug in bugs}
        self._looked = 0

    def found(self, bug: Bug) -> Found:
        """What there is to say of this bug by now."""
        sound = self._store.attempts(self._digest, self._course)
        self._look(max(sound, default=-1) + 1)
        attempts = self._store.attempts(bug, self._course)
        return summed_up(attempts, sound, frozenset(self._unfelt[bug.name]), self._course, is_control(bug))

    def sound(self) -> Found:
        """The same of the desk as it is: whatever is violated here is a false alarm."""
        sound = self._store.attempts(self._digest, self._course)
        return summed_up(sound, sound, frozenset(), self._course, endless=True)

    def _look(self, upto: int) -> None:
        """Which of the sound runs came to which bug."""
        felt = {bug.name: self._probes.felt(bug) for bug in self._bugs}
        for number, hits in self._store.hits(self._digest, self._course, range(self._looked, upto)):
            for name, notes in felt.items():
                if notes is not None and not any(hits >> note & 1 for note in notes):
                    self._unfelt[name].add(number)
        self._looked = max(self._looked, upto)

    def run(self, runs: int, jobs: int, builds: Builds, told: Told | None = None) -> None:
        """Run what is missing of the first *runs*, in stretches: first the sound desk, then every bug."""
        for numbers in stretches(runs):
            # Again, where a process that died has left some of its runs unmade: it has made one at the least.
            while batches := list(self._of_sound(numbers, jobs)):
                self._perform(batches, jobs, builds, told)
            while batches := list(self._of_bugs(numbers)):
                self._perform(batches, jobs, builds, told)

    def _of_sound(self, numbers: range, jobs: int) -> Iterator[_Batch]:
        done = self._store.attempts(self._digest, self._course)
        missing = [number for number in numbers if number not in done]
        for job in range(jobs):
            mine = missing[job * len(missing) // jobs : (job + 1) * len(missing) // jobs]
            if mine:
                task = self._task(mine, self._course.settings)
                yield _Batch(None, self._course, msgspec.structs.replace(task, probed=self._probes.offsets))

    def _of_bugs(self, numbers: range) -> Iterator[_Batch]:
        for bug in self._bugs:
            found = self.found(bug)
            done = self._store.attempts(bug, self._course)
            missing = [number for number in numbers if number not in done and number not in self._unfelt[bug.name]]
            if not missing or found.over:
                continue
            task = self._task(missing, (*self._course.settings, *bug.settings))
            if not is_control(bug):
                course = self._course
                task = msgspec.structs.replace(
                    task, enough=course.enough, least=course.least, violated_before=found.violated
                )
            yield _Batch(bug, self._course, task)

    def _task(self, numbers: Iterable[int], settings: tuple[str, ...]) -> Task:
        course = self._course
        planned = tuple((number, *course.run(number)) for number in numbers)
        return Task(planned, settings, course.with_faults, course.forced)

    def _perform(self, batches: list[_Batch], jobs: int, builds: Builds, told: Told | None) -> None:
        waiting = iter(batches)
        with ThreadPoolExecutor(jobs) as pool:
            running: dict[Future[list[Attempt]], _Batch] = {}
            while True:
                while len(running) < jobs and (batch := next(waiting, None)) is not None:
                    folder = builds.of(batch.bug)
                    running[pool.submit(attempt, folder, batch.task, builds.place(folder))] = batch
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for each in sorted(done, key=lambda future: running[future].task.runs):
                    bug = running.pop(each).bug
                    self._store.add(bug or self._digest, self._course, each.result())
                    if told is not None:
                        name, found = ("sound", self.sound()) if bug is None else (bug.name, self.found(bug))
                        told(name, self._course, found)

    def shrink(self, jobs: int, builds: Builds, told: Callable[[Bug, Smallest], None] | None = None) -> None:
        """Shrink the first find of every bug that has one and has not been shrunk."""
        with ThreadPoolExecutor(jobs) as pool:
            asked = {}
            for bug in self._bugs:
                first = self.found(bug).first
                if first is not None and self._store.smallest(bug, self._course) is None:
                    task = self._task([first], (*self._course.settings, *bug.settings))
                    task = msgspec.structs.replace(task, shrink_runs=SHRINK_RUNS)
                    folder = builds.of(bug)
                    asked[pool.submit(smallest, folder, task, builds.place(folder))] = bug
            for future, bug in asked.items():
                shrunk = future.result()
                if shrunk is not None:
                    self._store.keep_smallest(bug, self._course, shrunk)
                    if told is not None:
                        told(bug, shrunk)


def is_control(bug: Bug) -> bool:
    """Whether it is in the zoo to stay green: a safeguard is gone, and another one holds."""
    return bug.origin.startswith("control")


def measure(
    bugs: Sequence[Bug],
    course: Course,
    runs: int,
    store: PowerStore,
    jobs: int = 1,
    told: Told | None = None,
    shrinking: bool = False,
    only: Sequence[Bug] | None = None,
    root: Path = ROOT,
) -> Measurement:
    """Run what is missing of the first *runs* of the course in each broken build, and shrink what was found.

    *only*: of these bugs. All are watched in the sound build all the same, so that its runs serve whoever comes next.
    *root*: whose sources are broken, squall's own or those of a project that it tests.
    """
    probes = Probes(root, bugs)
    measurement = Measurement(bugs if only is None else only, course, store, probes)
    with TemporaryDirectory(prefix="squall-broken-") as scratch:
        builds = Builds(Path(scratch), probes, root)
        measurement.run(runs, jobs, builds, told)
        if shrinking:
            measurement.shrink(jobs, builds)
    return measurement


def attempt(folder: Path, task: Task, place: Path = ROOT) -> list[Attempt]:
    """In a process of its own, with the broken build first on its path. One that dies loses one run, and says so."""
    lines, died, said = _ask(folder, task, place)
    attempts = [msgspec.json.decode(line, type=Attempt) for line in lines]
    if died and len(attempts) < len(task.runs):
        attempts.append(Attempt(task.runs[len(attempts)][0], "died", (said,), 0.0))
    return attempts


def smallest(folder: Path, task: Task, place: Path = ROOT) -> Smallest | None:
    """Shrink in a process of its own; None where that did not end well."""
    lines, died, _ = _ask(folder, task, place)
    return None if died or not lines else msgspec.json.decode(lines[0], type=Smallest)


def _ask(folder: Path, task: Task, place: Path) -> tuple[list[bytes], bool, str]:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=msgspec.json.encode(task),
        capture_output=True,
        check=False,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"},
    )
    return done.stdout.splitlines(), bool(done.returncode), done.stderr.decode(errors="replace").strip()[-200:]
