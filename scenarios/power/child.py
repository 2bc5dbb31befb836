"""What a process does in a broken build: run what it is asked for, and say what came of it, a line of JSON a run."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from time import process_time
from types import FrameType
from typing import Final

import msgspec
from msgspec import Struct

from squall.scenarios.find import choose
from squall.scenarios.power.probes import Notes
from squall.scenarios.power.store import MOST_LOST, Attempt, Smallest
from squall.scenarios.result import Verdict, gravest
from squall.scenarios.run import Choice, judge
from squall.scenarios.scenario import Scenario
from squall.scenarios.search.shrink import shrink

LIMIT_S: Final = 30.0
"""CPU seconds that one run may take; a sound one takes a hundredth of it."""


class Task(Struct, frozen=True):
    """What a process of its own is to run."""

    runs: tuple[tuple[int, str, int], ...]
    """Number, scenario, seed."""
    settings: tuple[str, ...]
    with_faults: bool = True
    forced: bool = True
    enough: int | None = None
    """Stop when so many runs, those before this task among them, were violated, …"""
    least: int = 1
    """… and the number of runs has come to this."""
    violated_before: int = 0
    probed: dict[str, int] | None = None
    """The places of a probed build, by file: then the hits of each run are told."""
    shrink_runs: int = 0
    """Instead: shrink the first of the runs, in no more than so many runs."""


class _HungError(BaseException):
    """A run has had its time. No `Exception`: what catches those under test must not catch this."""


def main() -> None:
    """A `Task` on standard input; `Attempt`s, or one `Smallest`, on standard output, and nothing else."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    answers = os.fdopen(os.dup(1), "wb")
    signal.signal(signal.SIGPROF, _time_is_up)
    with redirect_stdout(sys.stderr):
        for answer in (_smallest(task),) if task.shrink_runs else _attempts(task):
            answers.write(msgspec.json.encode(answer) + b"\n")
            answers.flush()


def _attempts(task: Task) -> Iterator[Attempt]:
    """One after the other, for as long as they are of use."""
    prepared: dict[str, tuple[Choice, Scenario]] = {}
    notes: Notes | None = None
    violated, lost = task.violated_before, 0
    for number, name, seed in task.runs:
        if name not in prepared:
            prepared[name] = _prepared(task, name)
        if task.probed is not None and notes is None:
            notes = Notes(task.probed)
        choice, scenario = prepared[name]
        attempt = _attempt(number, msgspec.structs.replace(choice, seed=seed), scenario, notes)
        yield attempt
        violated += attempt.verdict == "violated"
        lost += attempt.verdict in ("failed", "hung")
        if lost >= MOST_LOST or (task.enough is not None and violated >= task.enough and number + 1 >= task.least):
            return


def _prepared(task: Task, name: str) -> tuple[Choice, Scenario]:
    choice = choose(name, overrides=task.settings, with_faults=task.with_faults)
    if not task.forced:
        choice = msgspec.structs.replace(choice, scenario=msgspec.structs.replace(choice.scenario, swarm=False))
    return choice, choice.settled()


def _attempt(number: int, choice: Choice, scenario: Scenario, notes: Notes | None) -> Attempt:
    if notes is not None:
        notes.begin()
    began_s = process_time()
    promises: list[str] = []
    digest = ""
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        judged = judge(choice, scenario)
        verdict, digest = judged.verdict.value, judged.stage.world.trace.digest()
        promises = [check.name for check in judged.checks if check.verdict is Verdict.VIOLATED]
        worst = gravest(judged.checks)
        if worst is not None:
            promises = [worst.name, *(name for name in promises if name != worst.name)]
    except _HungError:
        verdict = "hung"
    except Exception as error:  # a build that breaks the run itself costs that run, and no other
        verdict, promises = "failed", [" ".join(f"{type(error).__name__}: {error}".split())[:200]]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    cost_s = round(process_time() - began_s, 4)
    hits = f"{notes.end():x}" if notes is not None else ""
    return Attempt(number, verdict, tuple(promises), cost_s, hits, digest)


def _smallest(task: Task) -> Smallest:
    _, name, seed = task.runs[0]
    choice, _ = _prepared(task, name)
    told = shrink(msgspec.structs.replace(choice, seed=seed), max_runs=task.shrink_runs).shrinking
    return Smallest(told.promise, told.before.faults, told.after.faults, told.after.orders, told.runs)


def _time_is_up(signum: int, frame: FrameType | None) -> None:
    raise _HungError
