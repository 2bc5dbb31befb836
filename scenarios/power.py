"""Bug-finding power: how often a campaign finds each planted bug, seed by seed, from what the world observed."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import redirect_stdout
from pathlib import Path
from statistics import NormalDist
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import msgspec
from msgspec import Struct

from squall.scenarios.broken_builds import ROOT, Bug, plant

STRATA: Final = ((0.05, "easy: above 5 %"), (5e-3, "moderate: 0.5 to 5 %"), (1e-3, "hard: 0.1 to 0.5 %"))
"""Lower bounds of p, the share of seeds of the reference campaign that show a bug; below all of them it is rare."""
RARE: Final = "rare: below 0.1 %"
BATCH: Final = 25
"""Runs of one process: enough to forget what starting it took, few enough to stop soon after a find."""
_CHILD: Final = "from squall.scenarios.power import child; child()"


class Course(Struct, frozen=True):
    """A campaign as a power measurement runs it: these scenarios in turn, seed by seed."""

    name: str
    scenarios: tuple[str, ...]
    with_faults: bool = True
    settings: tuple[str, ...] = ()

    def run(self, number: int) -> tuple[str, int]:
        """The scenario and the seed of the run of this number, from 0."""
        return self.scenarios[number % len(self.scenarios)], number // len(self.scenarios)


class Attempt(Struct, frozen=True):
    """One run: what it came to, which promises broke, what it cost in CPU seconds."""

    number: int
    verdict: str
    promises: tuple[str, ...]
    cpu_s: float


class Task(Struct, frozen=True):
    """What a process of its own is to run."""

    runs: tuple[tuple[int, str, int], ...]
    """Number, scenario, seed."""
    settings: tuple[str, ...]
    with_faults: bool
    until_found: bool


class Found(Struct, frozen=True):
    """What a course made of one bug so far."""

    runs: int
    violated: int
    first: int | None
    """The number of the first run that showed it."""
    cpu_s_to_first: float
    promise: str | None
    """The one that broke most often."""

    @property
    def p(self) -> float:
        """The share of runs that showed it."""
        return self.violated / self.runs if self.runs else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % around *p*, after Wilson (1927): right for small counts too."""
        return wilson(self.violated, self.runs)


def wilson(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a share (JASA 22, 1927): 0 to 1 where there were no trials."""
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / trials
    middle = share + z * z / (2 * trials)
    spread = z * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    whole = 1 + z * z / trials
    # None or all of them is an end of the interval, whatever the last bit of a float says.
    low = (middle - spread) / whole if hits else 0.0
    return low, (middle + spread) / whole if hits < trials else 1.0


def stratum(p: float) -> str:
    """How hard a bug is whose share of violated seeds is *p*."""
    return next((name for least, name in STRATA if p >= least), RARE)


class PowerStore:
    """All attempts, in one SQLite file: whatever has been run is not run again."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS attempt (bug TEXT, course TEXT, number INTEGER, verdict TEXT, promises TEXT, "
            "cpu_s REAL, PRIMARY KEY (bug, course, number)) WITHOUT ROWID"
        )

    def add(self, bug: str, course: str, attempts: Iterable[Attempt]) -> None:
        """Keep these, for good."""
        rows = [(bug, course, a.number, a.verdict, msgspec.json.encode(a.promises), a.cpu_s) for a in attempts]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, ?, ?, ?)", rows)

    def done(self, bug: str, course: str) -> list[int]:
        """The numbers of the runs that are there, rising."""
        query = "SELECT number FROM attempt WHERE bug = ? AND course = ? ORDER BY number"
        return [number for (number,) in self._db.execute(query, (bug, course))]

    def found(self, bug: str, course: str) -> Found:
        """What they come to."""
        runs = violated = 0
        first: int | None = None
        cpu_s = 0.0
        broken: Counter[str] = Counter()
        query = "SELECT number, verdict, promises, cpu_s FROM attempt WHERE bug = ? AND course = ? ORDER BY number"
        for number, verdict, promises, cost_s in self._db.execute(query, (bug, course)):
            runs += 1
            if first is None:
                cpu_s += cost_s
            if verdict == "violated":
                violated += 1
                first = number if first is None else first
                broken.update(msgspec.json.decode(promises, type=list[str])[:1])
        promise = broken.most_common(1)[0][0] if broken else None
        return Found(runs, violated, first, cpu_s, promise)

    def close(self) -> None:
        self._db.close()


def measure(
    bugs: Sequence[Bug],
    course: Course,
    runs: int,
    store: PowerStore,
    jobs: int = 1,
    until_found: bool = False,
    told: Callable[[Bug, Found], None] | None = None,
) -> None:
    """Run what is missing of the first *runs* of the course in each broken build; with *until_found*, up to a find.

    *told* hears of each bug as its batches come in. A process that dies costs its batch, and is told by its verdict.
    """
    with TemporaryDirectory(prefix="squall-broken-") as scratch, ThreadPoolExecutor(jobs) as pool:
        waiting = _batches(bugs, course, runs, store, Path(scratch), until_found)
        running: dict[Future[list[Attempt]], Bug] = {}
        while True:
            while len(running) < jobs and (ready := next(waiting, None)) is not None:
                bug, folder, task = ready
                running[pool.submit(_attempt, folder, task)] = bug
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for each in sorted(done, key=lambda future: running[future].name):
                bug = running.pop(each)
                store.add(bug.name, course.name, each.result())
                if told is not None:
                    told(bug, store.found(bug.name, course.name))


def _batches(
    bugs: Sequence[Bug], course: Course, runs: int, store: PowerStore, scratch: Path, until_found: bool
) -> Iterator[tuple[Bug, Path, Task]]:
    """One batch of each bug in turn, so that all are known a little before one is known well."""
    folders: dict[str, Path] = {}
    missing: dict[str, list[int]] = {}
    for bug in bugs:
        done = dict.fromkeys(store.done(bug.name, course.name))
        missing[bug.name] = [number for number in range(runs) if number not in done]
    while any(missing.values()):
        for bug in bugs:
            left = missing[bug.name]
            if not left or (until_found and store.found(bug.name, course.name).first is not None):
                left.clear()
                continue
            if bug.name not in folders:
                folders[bug.name] = plant(bug, scratch / bug.name) if bug.edits else ROOT
            batch, missing[bug.name] = left[:BATCH], left[BATCH:]
            planned = tuple((number, *course.run(number)) for number in batch)
            settings = (*course.settings, *bug.settings)
            yield bug, folders[bug.name], Task(planned, settings, course.with_faults, until_found)


def _attempt(folder: Path, task: Task) -> list[Attempt]:
    """In a process of its own, with the broken build first on its path."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=msgspec.json.encode(task),
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"},
    )
    lines = done.stdout.splitlines()
    attempts = [msgspec.json.decode(line, type=Attempt) for line in lines]
    if done.returncode:
        died = task.runs[len(attempts)][0]
        attempts.append(Attempt(died, "died", (done.stderr.decode(errors="replace").strip()[-200:],), 0.0))
    return attempts


def child() -> None:
    """In the broken build: run what was asked for, a line of JSON a run."""
    from squall.scenarios.find import choose
    from squall.scenarios.result import Verdict
    from squall.scenarios.run import run

    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    answers = os.fdopen(os.dup(1), "wb")
    with redirect_stdout(sys.stderr):
        for number, scenario, seed in task.runs:
            began_s = process_time()
            result = run(choose(scenario, seed=seed, overrides=task.settings, with_faults=task.with_faults))
            broken = tuple(check.name for check in result.checks if check.verdict is Verdict.VIOLATED)
            attempt = Attempt(number, result.verdict.value, broken, round(process_time() - began_s, 4))
            answers.write(msgspec.json.encode(attempt) + b"\n")
            answers.flush()
            if task.until_found and broken:
                break
