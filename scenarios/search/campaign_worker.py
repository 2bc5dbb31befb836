"""What a worker of a campaign does: run one seed, keep a few facts, and give up on one that hangs."""

import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from types import FrameType
from typing import Final

import msgspec
from msgspec import Struct

from squall.faults.fault import Plan
from squall.scenarios.find import choose
from squall.scenarios.result import SeedResult, Verdict
from squall.scenarios.run import Choice, judge
from squall.scenarios.scenario import Scenario
from squall.scenarios.search.coverage import Coverage
from squall.scenarios.search.failures import failures_of
from squall.sim.guard import NondeterminismError
from squall.sim.scan import forget_users_modules

DIED, HUNG, FAILED, NONDETERMINISM = "died", "hung", "failed", "nondeterminism"
GRACE_S: Final = 5.0
"""After its time is up a seed has so long to hear of it; then its process ends, wherever it is stuck."""


class Recipe(Struct, frozen=True):
    """A choice without its seed, in plain values: what crosses to another process."""

    name: str
    with_faults: bool = True
    overrides: tuple[str, ...] = ()
    market: str | None = None
    plan: Plan | None = None
    plan_file: str | None = None
    swarm: bool = False

    @staticmethod
    def of(choice: Choice) -> "Recipe":
        """The recipe that makes this choice again."""
        return Recipe(*(getattr(choice, field) for field in Recipe.__struct_fields__))


class SeedTimeoutError(BaseException):
    """A seed has had its time. No `Exception`: what catches those under test must not catch this."""


def begin(limit_s: float) -> None:
    """Once a process: it is the parent that Ctrl-C is for, and nothing but the answers goes to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _time_is_up)
    sys.stdout = sys.stderr
    _limit.append(limit_s)
    gc.freeze()


_limit: list[float] = []
"""The wall clock's limit of a seed, in seconds: set once, when the process begins."""


def run_batch(batch: tuple[tuple[Recipe, int], ...]) -> bytes:
    """Run these seeds, one after the other; a list of `SeedResult` as MessagePack."""
    return msgspec.msgpack.encode([run_seed(recipe, seed, _limit[0]) for recipe, seed in batch])


def run_seed(recipe: Recipe, seed: int, limit_s: float) -> SeedResult:
    """One seed, whatever becomes of it."""
    try:
        with _watched(limit_s):
            return _judged(recipe, seed)
    except SeedTimeoutError as error:
        return SeedResult(recipe.name, seed, HUNG, detail=f"no end after {limit_s:g} s, {_place(error)}")
    except NondeterminismError as error:
        return SeedResult(recipe.name, seed, NONDETERMINISM, detail=str(error))
    except BaseException as error:  # a user's judge may even exit; it costs this seed and no other
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return SeedResult(recipe.name, seed, FAILED, detail=f"{said}, {_place(error)}")


def _prepared(recipe: Recipe) -> tuple[Choice, Scenario]:
    """One of the library's is made and settled once a process, for all of its seeds. One of a user's own is made anew
    for each, modules and all: what an earlier seed has left in them would be the next one's.
    """
    if ":" not in recipe.name:
        return _kept(recipe)
    forget_users_modules()
    return _made(recipe)


@lru_cache(maxsize=64)
def _kept(recipe: Recipe) -> tuple[Choice, Scenario]:
    return _made(recipe)


def _made(recipe: Recipe) -> tuple[Choice, Scenario]:
    choice = choose(recipe.name, **{field: getattr(recipe, field) for field in recipe.__struct_fields__[1:]})
    return choice, choice.settled()


def _judged(recipe: Recipe, seed: int) -> SeedResult:
    choice, scenario = _prepared(recipe)
    watching: list[Coverage] = []
    judged = judge(
        msgspec.structs.replace(choice, seed=seed), scenario, watch=lambda stage: watching.append(Coverage(stage))
    )
    world = judged.stage.world
    wanted = {promise.name for promise in scenario.promises if promise.kind == "reached"}
    reached = {check.name: check.verdict is Verdict.PASS for check in judged.checks if check.name in wanted}
    open_questions = [check for check in judged.checks if check.verdict is Verdict.INCONCLUSIVE]
    inconclusive = judged.verdict is Verdict.INCONCLUSIVE
    telling = [check for check in open_questions if check.name not in wanted] or open_questions
    return SeedResult(
        scenario=recipe.name,
        seed=seed,
        outcome=judged.verdict.value,
        digest=world.trace.digest(),
        messages=world.messages,
        wall_s=judged.wall_s,
        touched=sum(fault.effects > 0 for fault in judged.faults()),
        unreached=inconclusive and all(check.name in wanted for check in open_questions),
        detail=f"{telling[0].name}: {telling[0].detail}" if inconclusive else "",
        failures=failures_of(judged.checks, [each.symbol for each in judged.stage.floor.instruments]),
        reached=reached,
        behaviours={**watching[0].seen(), **{f"reached: {name}": 1 for name, came in reached.items() if came}},
    )


@contextmanager
def _watched(limit_s: float) -> Iterator[None]:
    """Two watchdogs: one that interrupts Python, and one that ends the process where that does not help."""
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(limit_s + GRACE_S, exit=True, file=nowhere)
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()


def _time_is_up(signum: int, frame: FrameType | None) -> None:
    raise SeedTimeoutError


def _place(error: BaseException) -> str:
    """Where it came from: the last line of a file that is not this one."""
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename != __file__]
    return f"at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "before it began"
