"""What power measurements have run so far, in one SQLite file, and what it comes to."""

import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from statistics import NormalDist
from typing import Final

import msgspec
from msgspec import Struct

from squall.scenarios.power.broken_builds import ROOT, Bug
from squall.scenarios.power.courses import Course

STRATA: Final = ((0.05, "easy: above 5 %"), (5e-3, "moderate: 0.5 to 5 %"), (1e-3, "hard: 0.1 to 0.5 %"))
"""Lower bounds of p, the share of runs of the reference campaign that show a bug; below all of them it is rare."""
RARE: Final = "rare: below 0.1 %"
LOST: Final = ("failed", "hung", "died")
"""Verdicts of a run that came to none: the build broke the run itself, and no promise."""
MOST_LOST: Final = 5
"""So many lost runs say that a build is no use; it is left alone."""
DECIDING: Final = ("sim", "system", "faults", "scenarios")
DECIDES: Final = ("child.py", "reference.py")
"""Of this folder, the modules that decide a run; the others measure."""

Build = Bug | str
"""A broken build; or the sound one, by the digest of its probes."""


class Attempt(Struct, frozen=True):
    """One run: what it came to, which promises broke (the gravest first), what it cost in CPU seconds."""

    number: int
    verdict: str
    promises: tuple[str, ...]
    cpu_s: float
    hits: str = ""
    """Of the sound build alone: what it noted, as a hexadecimal number."""
    digest: str = ""
    """Of the run's records; told, and not kept."""


class Found(Struct, frozen=True):
    """What a course made of one bug so far."""

    runs: int
    """Runs whose outcome is known, from the first on without a gap."""
    violated: int
    first: int | None
    """The number of the first run that showed it, from 0."""
    cpu_s_to_first: float
    """Of all runs up to and with that one; where none showed it, of all."""
    promise: str | None
    """The gravest that broke in the first run that showed it."""
    repeated: int = 0
    """Of the runs, those in which nothing was felt of the bug: they are the sound desk's."""
    lost: int = 0
    over: bool = False
    """Whether it needs no more runs."""

    @property
    def p(self) -> float:
        """The share of runs that showed it."""
        return self.violated / self.runs if self.runs else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % around *p*, after Wilson (1927): right for small counts too."""
        return wilson(self.violated, self.runs)


class Smallest(Struct, frozen=True):
    """What shrinking left of the first run that found a bug."""

    promise: str
    faults_before: int
    faults: int
    orders: int
    runs: int


EVERYTHING: Final = -1
"""Hits of a run of which nothing is known: no bug can be said to be unfelt in it."""


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
    """How hard a bug is whose share of violated runs is *p*."""
    return next((name for least, name in STRATA if p >= least), RARE)


def deciding_sources(root: Path = ROOT) -> list[Path]:
    """Squall's sources that decide a run, and all of a project's own."""
    ours = [path for part in DECIDING for path in sorted((ROOT / part).rglob("*.py")) if not _measures(path)]
    return [*ours, *(sorted(root.rglob("*.py")) if root != ROOT else ())]


def code_of(root: Path) -> str:
    """BLAKE2b of the sources that decide a run, squall's and a project's own: no others' results are mixed with it."""
    content = blake2b(digest_size=8)
    for path in deciding_sources(root):
        content.update(path.read_bytes())
    return content.hexdigest()


def _measures(path: Path) -> bool:
    return path.parent == Path(__file__).resolve().parent and path.name not in DECIDES


class PowerStore:
    """All attempts: whatever has been run on this code is not run again."""

    def __init__(self, path: Path | None, code: str) -> None:
        self._db = sqlite3.connect(path or ":memory:")
        self.code = code
        self._db.executescript(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS attempt (
                build TEXT, course TEXT, number INTEGER, verdict TEXT, promises TEXT, cpu_s REAL, hits BLOB,
                PRIMARY KEY (build, course, number)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS smallest (build TEXT, course TEXT, told TEXT, PRIMARY KEY (build, course));
            """
        )

    def build_of(self, build: Build) -> str:
        """A key that changes with the code, and with the bug or the probes."""
        name, made = ("sound", build) if isinstance(build, str) else (build.name, (build.edits, build.settings))
        return f"{name}/{blake2b(msgspec.json.encode((self.code, made)), digest_size=8).hexdigest()}"

    def add(self, build: Build, course: Course, attempts: Iterable[Attempt]) -> None:
        """Keep these, for good."""
        ours = (self.build_of(build), course.key())
        rows = [
            (*ours, a.number, a.verdict, msgspec.json.encode(a.promises), a.cpu_s, _packed(a.hits)) for a in attempts
        ]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def attempts(self, build: Build, course: Course) -> dict[int, Attempt]:
        """All that are kept, by number, rising; without their hits."""
        query = "SELECT number, verdict, promises, cpu_s FROM attempt WHERE build = ? AND course = ? ORDER BY number"
        return {
            number: Attempt(number, verdict, msgspec.json.decode(promises, type=tuple[str, ...]), cpu_s)
            for number, verdict, promises, cpu_s in self._db.execute(query, (self.build_of(build), course.key()))
        }

    def hits(self, build: Build, course: Course, numbers: range) -> Iterator[tuple[int, int]]:
        """Of each of these runs of a probed build that is kept, what it noted; all bits, where it died first."""
        query = "SELECT number, hits FROM attempt WHERE build = ? AND course = ? AND number >= ? AND number < ?"
        wanted = (self.build_of(build), course.key(), numbers.start, numbers.stop)
        for number, packed in self._db.execute(query, wanted):
            yield number, EVERYTHING if packed is None else int.from_bytes(zlib.decompress(packed), "little")

    def keep_smallest(self, bug: Bug, course: Course, told: Smallest) -> None:
        """What shrinking has come to."""
        row = (self.build_of(bug), course.key(), msgspec.json.encode(told))
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO smallest VALUES (?, ?, ?)", row)

    def smallest(self, bug: Bug, course: Course) -> Smallest | None:
        """The same, where it has been found."""
        query = "SELECT told FROM smallest WHERE build = ? AND course = ?"
        row = self._db.execute(query, (self.build_of(bug), course.key())).fetchone()
        return msgspec.json.decode(row[0], type=Smallest) if row is not None else None

    def close(self) -> None:
        self._db.close()


def _packed(hits: str) -> bytes | None:
    number = int(hits, 16) if hits else None
    return None if number is None else zlib.compress(number.to_bytes((number.bit_length() + 7) // 8, "little"), 6)


def summed_up(
    attempts: dict[int, Attempt], sound: dict[int, Attempt], unfelt: frozenset[int], course: Course, endless: bool
) -> Found:
    """What these runs of a broken build come to. *unfelt*: runs in which nothing is felt of it.

    *endless*: of a control, every run counts; of a bug, those up to the one after which the course had enough.
    """
    runs = violated = lost = repeated = 0
    first, promise, over = None, None, False
    cpu_s = 0.0
    known: Counter[str] = Counter()
    while not over:
        attempt = attempts.get(runs)
        if attempt is None and runs in unfelt:
            attempt = sound[runs]
            repeated += 1
        if attempt is None:
            break
        if first is None:
            cpu_s += attempt.cpu_s
        runs += 1
        known[attempt.verdict] += 1
        lost += attempt.verdict in LOST
        if attempt.verdict == "violated":
            violated += 1
            if first is None:
                first, promise = attempt.number, next(iter(attempt.promises), None)
        over = not endless and (lost >= MOST_LOST or (violated >= course.enough and runs >= course.least))
    return Found(runs, violated, first, cpu_s, promise, repeated, lost, over)
