"""A campaign's results in one SQLite file, seed by seed as they come: what is in it is not run again."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from squall.scenarios.result import LostSeed, SeedResult, Verdict

APPLICATION: Final = 0x5351_4C4C
"""In the file's header, where SQLite keeps a place for it: 'SQLL'."""
SCHEMA_VERSION: Final = 1
SCHEMA: Final = """
CREATE TABLE configuration (   -- one scenario as it was run: another setting, plan or version is another row
  id INTEGER PRIMARY KEY,
  scenario TEXT NOT NULL,
  hash TEXT NOT NULL,          -- of all that decides a run besides its seed, the code included
  versions TEXT NOT NULL,      -- JSON, name: version
  canary INTEGER NOT NULL,     -- 1: it has to be violated
  UNIQUE (scenario, hash)
);
CREATE TABLE run (             -- one seed
  configuration INTEGER NOT NULL REFERENCES configuration,
  seed INTEGER NOT NULL,
  outcome TEXT NOT NULL,       -- pass, violated, inconclusive; died, hung, failed, nondeterminism: no verdict
  digest TEXT NOT NULL,
  messages INTEGER NOT NULL,
  wall_s REAL NOT NULL,
  touched INTEGER NOT NULL,    -- how many faults touched something
  unreached INTEGER NOT NULL,  -- 1: inconclusive only because a condition was not reached
  detail TEXT NOT NULL,        -- why it is inconclusive, or has no verdict
  PRIMARY KEY (configuration, seed)
) WITHOUT ROWID;
CREATE TABLE failure (         -- one promise that one seed broke
  configuration INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  place INTEGER NOT NULL,      -- 0 broke first
  promise TEXT NOT NULL,
  how TEXT NOT NULL,           -- the detail without what differs from seed to seed
  detail TEXT NOT NULL,
  at_ns INTEGER,               -- virtual time, where it has one
  PRIMARY KEY (configuration, seed, place)
) WITHOUT ROWID;
CREATE TABLE reached (         -- a condition that the scenario is to reach
  configuration INTEGER NOT NULL,
  name TEXT NOT NULL,
  seeds INTEGER NOT NULL,      -- in how many it came about
  PRIMARY KEY (configuration, name)
) WITHOUT ROWID;
CREATE TABLE behaviour (       -- something that was seen to happen
  configuration INTEGER NOT NULL,
  name TEXT NOT NULL,
  seeds INTEGER NOT NULL,
  times INTEGER NOT NULL,
  first_seed INTEGER NOT NULL,
  PRIMARY KEY (configuration, name)
) WITHOUT ROWID;
"""
VERDICTS: Final = tuple(verdict.value for verdict in Verdict)


class StoreError(ValueError):
    """A file that is no store of ours, or not one that can be used: one line."""


class CampaignStore:
    """Opened for one campaign. Without a file, a database of SQLite's own that is gone when it is closed."""

    def __init__(self, path: Path | None = None, resume: bool = False) -> None:
        self._path = path
        with self._refusing():
            # An empty name is a private file, not memory: what a campaign holds does not grow with its seeds.
            self._db = sqlite3.connect(str(path) if path is not None else "", isolation_level=None)
            self._open()
        if path is not None and not resume and self._db.execute("SELECT 1 FROM run LIMIT 1").fetchone():
            self.close()
            raise StoreError(f"--db {path}: it holds a campaign already; --resume goes on with it")

    def _open(self) -> None:
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not application and not tables:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(
                f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION}; "
                f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        elif application != APPLICATION:
            raise StoreError(f"--db {self._path}: expected a campaign of squall's, found another program's database")
        elif version != SCHEMA_VERSION:
            raise StoreError(f"--db {self._path}: expected schema version {SCHEMA_VERSION}, found {version}")
        self._db.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"--db {self._path}: cannot be used as a campaign's database: {error}") from None

    def close(self) -> None:
        """Done; the file is whole."""
        self._db.close()

    # --- writing ---

    def configuration(self, scenario: str, digest: str, versions: dict[str, str], canary: bool) -> int:
        """The id of this configuration, new or known."""
        with self._refusing():
            self._db.execute(
                "INSERT OR IGNORE INTO configuration (scenario, hash, versions, canary) VALUES (?, ?, ?, ?)",
                (scenario, digest, msgspec.json.encode(versions).decode(), canary),
            )
            query = "SELECT id FROM configuration WHERE scenario = ? AND hash = ?"
            (found,) = self._db.execute(query, (scenario, digest)).fetchone()
        return int(found)

    def add(self, configuration: int, result: SeedResult) -> None:
        """One seed, whole or not at all; it takes the place of the same seed where that was lost."""
        key = (configuration, result.seed)
        r = result
        row = (*key, r.outcome, r.digest, r.messages, r.wall_s, r.touched, r.unreached, r.detail)
        with self._refusing():
            self._db.execute("BEGIN")
            self._db.execute("INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._db.executemany(
                "INSERT INTO failure VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*key, place, f.promise, f.how, f.detail, f.at_ns) for place, f in enumerate(r.failures)],
            )
            self._db.executemany(
                "INSERT INTO reached VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seeds = seeds + excluded.seeds",
                [(configuration, name, came) for name, came in r.reached.items()],
            )
            self._db.executemany(
                "INSERT INTO behaviour VALUES (?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET seeds = seeds + 1, "
                "times = times + excluded.times, first_seed = min(first_seed, excluded.first_seed)",
                [(configuration, name, times, r.seed) for name, times in r.behaviours.items()],
            )
            self._db.execute("COMMIT")

    # --- reading ---

    def is_judged(self, configuration: int, seed: int) -> bool:
        """Whether this seed has a verdict."""
        query = f"SELECT 1 FROM run WHERE configuration = ? AND seed = ? AND outcome IN {VERDICTS}"
        return self._db.execute(query, (configuration, seed)).fetchone() is not None

    def totals(self, configuration: int) -> dict[str, Any]:
        """Seeds of this configuration by outcome, those merely *unreached*, messages and seconds."""
        by_outcome = "SELECT outcome, count(*) FROM run WHERE configuration = ? GROUP BY outcome"
        sums = "SELECT total(unreached), total(messages), total(wall_s) FROM run WHERE configuration = ?"
        unreached, messages, wall_s = self._db.execute(sums, (configuration,)).fetchone()
        outcomes = dict(self._db.execute(by_outcome, (configuration,)).fetchall())
        return {"outcomes": outcomes, "unreached": int(unreached), "messages": int(messages), "wall_s": wall_s}

    def never_reached(self, configuration: int) -> tuple[str, ...]:
        """Conditions that came about in no seed."""
        query = "SELECT name FROM reached WHERE configuration = ? AND seeds = 0 ORDER BY name"
        return tuple(name for (name,) in self._db.execute(query, (configuration,)))

    def groups(self, configurations: Sequence[int]) -> list[tuple[Any, ...]]:
        """What broke first and how: promise, how, seeds, and the simplest seed with its facts; the commonest first.

        Simplest is: fewest faults that touched something, then fewest messages, then the earliest violation.
        """
        return self._db.execute(
            f"""
            WITH first AS (
              SELECT promise, how, failure.detail, at_ns, configuration, seed, touched, messages,
                count(*) OVER same AS seeds,
                row_number() OVER (same ORDER BY touched, messages, at_ns IS NULL, at_ns, seed, configuration) AS place
              FROM failure JOIN run USING (configuration, seed)
              WHERE failure.place = 0 AND configuration IN ({_list(configurations)})
              WINDOW same AS (PARTITION BY promise, how)
            )
            SELECT promise, how, seeds, configuration, seed, detail, touched, messages, at_ns
            FROM first WHERE place = 1 ORDER BY seeds DESC, promise, how
            """
        ).fetchall()

    def scenarios_of(self, configurations: Sequence[int], promise: str, how: str) -> tuple[str, ...]:
        """The scenarios in which this broke first, this way."""
        query = (
            "SELECT DISTINCT scenario FROM failure JOIN configuration ON configuration = id "
            f"WHERE place = 0 AND promise = ? AND how = ? AND id IN ({_list(configurations)}) ORDER BY scenario"
        )
        return tuple(name for (name,) in self._db.execute(query, (promise, how)))

    def also_broken(self, configurations: Sequence[int], promise: str, how: str) -> tuple[str, ...]:
        """The promises that broke later in some of these seeds, the commonest first."""
        query = (
            "SELECT later.promise FROM failure AS first JOIN failure AS later USING (configuration, seed) "
            "WHERE first.place = 0 AND later.place > 0 AND first.promise = ? AND first.how = ? "
            f"AND configuration IN ({_list(configurations)}) "
            "GROUP BY later.promise ORDER BY count(*) DESC, later.promise"
        )
        return tuple(name for (name,) in self._db.execute(query, (promise, how)))

    def behaviours(self, configurations: Sequence[int]) -> list[tuple[str, int, int, str, int]]:
        """Name, seeds, times, and the scenario and seed that showed it first, by seed and then in this order."""
        query = (
            "SELECT name, sum(seeds) OVER same, sum(times) OVER same, scenario, first_seed, "
            f"row_number() OVER (same ORDER BY first_seed, {_rank(configurations)}) AS place "
            "FROM behaviour JOIN configuration ON configuration = id "
            f"WHERE id IN ({_list(configurations)}) WINDOW same AS (PARTITION BY name)"
        )
        rows = self._db.execute(f"SELECT * FROM ({query}) WHERE place = 1 ORDER BY name")
        return [(name, seeds, times, scenario, seed) for name, seeds, times, scenario, seed, _ in rows]

    def lost(self, configurations: Iterable[int], at_most: int) -> tuple[LostSeed, ...]:
        """The first seeds that have no verdict."""
        query = (
            "SELECT scenario, seed, outcome, detail FROM run JOIN configuration ON configuration = id "
            f"WHERE outcome NOT IN {VERDICTS} AND id IN ({_list(configurations)}) ORDER BY scenario, seed LIMIT ?"
        )
        return tuple(LostSeed(*row) for row in self._db.execute(query, (at_most,)))

    def first_seed(self, configurations: Iterable[int]) -> int:
        """The lowest seed that was run; 0 where none was."""
        query = f"SELECT min(seed) FROM run WHERE configuration IN ({_list(configurations)})"
        (seed,) = self._db.execute(query).fetchone()
        return int(seed or 0)

    def runs(self, configuration: int) -> Iterator[tuple[int, str, str]]:
        """Seed, outcome and digest of each run, by seed."""
        query = "SELECT seed, outcome, digest FROM run WHERE configuration = ? ORDER BY seed"
        yield from self._db.execute(query, (configuration,))


def _list(configurations: Iterable[int]) -> str:
    return ", ".join(str(each) for each in configurations)


def _rank(configurations: Sequence[int]) -> str:
    whens = " ".join(f"WHEN {each} THEN {place}" for place, each in enumerate(configurations))
    return f"CASE id {whens} END" if whens else "id"
