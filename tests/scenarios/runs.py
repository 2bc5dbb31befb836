"""Runs that several tests look at, each done once a process; and a brief scenario for what needs one of its own."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from squall.faults.fault import Plan
from squall.scenarios.desk_promises import always
from squall.scenarios.find import choose
from squall.scenarios.result import RunResult, Verdict
from squall.scenarios.run import Choice, run
from squall.scenarios.scenario import Promise, Ruling, Scenario
from squall.scenarios.topology import Stage
from squall.sim.trace import Record
from squall.system.domain.signals import Workload

MS = 1_000_000
SECOND = 1_000 * MS

# What takes away an answer, its question and the venue's own care: orders are sent twice.
DOUBLED = ("execution.resolve_in_doubt=off", "venue.refuse_duplicates=off")


@lru_cache(maxsize=32)
def library_run(name: str, *overrides: str) -> RunResult:
    """A scenario of the library with seed 1."""
    return run(choose(name, overrides=overrides))


def brief(plan: Plan = (), promises: tuple[Promise, ...] | None = None, **changes: Any) -> Choice:
    """Three seconds with some twenty orders."""
    scenario = Scenario(
        workload=Workload(orders_per_s=10, start_ns=500 * MS, stop_ns=2 * SECOND, lots_min=1, lots_max=5),
        plan=plan,
        promises=always() if promises is None else promises,
        duration_ns=3 * SECOND,
    )
    return msgspec.structs.replace(Choice(name="brief", scenario=scenario, proves="what a test asks"), **changes)


class _Fixed:
    def __init__(self, ruling: Ruling) -> None:
        self._ruling = ruling

    def ruling(self) -> Ruling:
        return self._ruling


def promise(name: str, verdict: Verdict, kind: str = "liveness", needs_faults: bool = False) -> Promise:
    """A promise whose judge has made up its mind beforehand."""
    fixed = Ruling(verdict, f"{name} says {verdict.value}")
    judge: Callable[[Stage], _Fixed] = lambda stage: _Fixed(fixed)  # noqa: E731
    return Promise(name, kind, judge, needs_faults=needs_faults)


class Memory:
    """A sink that keeps every record."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        self.records.append(record)
