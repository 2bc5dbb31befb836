"""What an asyncio program gets in place of the machine's clocks and chance: its host's, and draws of its own."""

import asyncio
import datetime
import random
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from squall.system.runtime import Runtime

SECOND: Final = 1_000_000_000
UTC: Final = datetime.UTC
EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=UTC)
DRAWS: Final = (
    "random",
    "uniform",
    "triangular",
    "randint",
    "randrange",
    "choice",
    "choices",
    "sample",
    "shuffle",
    "getrandbits",
    "randbytes",
    "gauss",
    "normalvariate",
    "lognormvariate",
    "expovariate",
    "betavariate",
    "gammavariate",
    "paretovariate",
    "vonmisesvariate",
    "weibullvariate",
    "seed",
)


def stand_ins(wall_ns: Callable[[], int], monotonic_ns: Callable[[], int], runtime: Runtime) -> Mapping[str, Any]:
    """By the name that the guard knows what they stand in for. Local time is UTC.

    Draws come in sequence from one generator of this life of the program, which the run's seed decides.
    """
    draws = random.Random(int(runtime.chance("random", runtime.monotonic_ns) * (1 << 53)))

    def moment(tz: datetime.tzinfo | None = None) -> datetime.datetime:
        now = EPOCH + datetime.timedelta(microseconds=wall_ns() // 1_000)
        return now.astimezone(tz) if tz is not None else now.replace(tzinfo=None)

    def in_utc(*_: Any) -> time.struct_time:
        return time.gmtime(wall_ns() / SECOND)

    return {
        "time.time": lambda: wall_ns() / SECOND,
        "time.time_ns": wall_ns,
        "time.monotonic": lambda: monotonic_ns() / SECOND,
        "time.monotonic_ns": monotonic_ns,
        "time.perf_counter": lambda: monotonic_ns() / SECOND,
        "time.perf_counter_ns": monotonic_ns,
        "time.gmtime": in_utc,
        "time.localtime": in_utc,
        "time.ctime": lambda *_: time.asctime(in_utc()),
        "time.asctime": lambda *_: time.asctime(in_utc()),
        "time.strftime": lambda form, *_: time.strftime(form, in_utc()),
        "datetime.datetime.now": moment,
        "datetime.datetime.utcnow": moment,
        "datetime.datetime.today": moment,
        "datetime.date.today": lambda: moment().date(),
        **{f"random.{name}": getattr(draws, name) for name in DRAWS},
        "random.Random.seed": lambda generator, *_: generator.seed(draws.getrandbits(64)),
        "uuid.uuid4": lambda: uuid.UUID(int=draws.getrandbits(128), version=4),
        "asyncio.all_tasks": all_tasks,
        "asyncio.as_completed": as_completed,
    }


def all_tasks(loop: Any = None) -> set[Any]:
    """Those of this loop, entered in the order in which they were made: a set walks them alike in every run."""
    ours: Any = loop or asyncio.get_running_loop()
    return set(ours.tasks.values())


def as_completed(fs: Any, *, timeout: float | None = None) -> Any:
    """The library makes tasks of what is none in the order of a set: here they are made before it sees them."""
    return _as_completed([asyncio.ensure_future(each) for each in fs], timeout=timeout)


_as_completed: Final = asyncio.as_completed
