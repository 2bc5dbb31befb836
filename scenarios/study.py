"""A capacity study on the order-path world: replications until the interval is tight, and where the SLA ends."""

from collections.abc import Iterator, Sequence
from math import log
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from squall.faults.fault import Plan
from squall.scenarios.capacity import Measured
from squall.scenarios.estimate import FEWEST_REPLICATIONS, Sample, nearest_rank, percentile_of, warm_up
from squall.scenarios.load import Arrivals, arrival_times
from squall.scenarios.order_parts import PARTS
from squall.scenarios.order_path import LATE_NS, START_NS, OrderPath, Passed
from squall.scenarios.result import CapacityCurve, CapacityPoint, CapacitySla, Stopped
from squall.scenarios.run import Progress
from squall.scenarios.split_path import Floor, SplitPath
from squall.scenarios.stacks import STACKS, Stack
from squall.scenarios.steps import Steps, workers
from squall.sim.rng import Chance
from squall.system.config import SECOND

SEEDS_APART: Final = 1_000_003
"""From one seed of a study to the next: no replication of one is a replication of the other."""
BACKLOG_SHARE: Final = 0.05
"""A load that takes longer than this share of itself to be worked off when it ends was too much."""
NARROW: Final = 0.02
"""Where the SLA ends is looked for until it is known as nearly as this."""
MOST_STEPS: Final = 8
BAND: Final = (98.0, 99.9)
"""The orders around the 99th percentile whose time is told by parts."""


AHEAD: Final = 2
"""Replications at a time, beyond the least, of a search: of points, there are others to go on with meanwhile."""


class Effort(Struct, frozen=True):
    """How sure a point has to be, and what may be spent on it."""

    tight: float = 0.15
    """The half-width of the interval around the 99th percentile, as a share of it."""
    least: int = 5
    most: int = 12
    """Replications."""
    orders: int = 10_000
    """In each."""

    def __post_init__(self) -> None:
        if not FEWEST_REPLICATIONS <= self.least <= self.most:
            raise ValueError(f"effort: expected {FEWEST_REPLICATIONS} ≤ least ≤ most, found {self.least}, {self.most}")


QUICK: Final = Effort()
PRECISE: Final = Effort(tight=0.05, least=10, most=60, orders=20_000)


class Asked(Struct, frozen=True):
    """What is to be measured, the same for every profile and load."""

    rates: tuple[int, ...]
    sla: CapacitySla
    seed: int
    arrivals: Arrivals = Arrivals.BURSTY
    effort: Effort = QUICK
    plan: Plan = ()
    plan_name: str | None = None
    journal: bool = False
    floor: Floor | None = None
    """How large the desk is; None: one of everything, and none of what more of it costs."""


_Piece = tuple[str, float, Asked, int]
"""A replication: stack, load, what is asked, and its number."""
_Key = tuple[str, float | None]
"""A point, or without a load the search for where the SLA of a stack ends."""
_Steps = Steps[_Piece, Passed]


class _Point(Struct, frozen=True):
    """A point, and orders that never reached the wire at it."""

    point: CapacityPoint
    lost: int
    effects: int


def study(stacks: Sequence[str], asked: Asked, jobs: int = 1, progress: Progress | None = None) -> Measured:
    """A curve for each of the stacks, by name. The same for any number of *jobs*."""
    found: dict[str, dict[float, _Point]] = {name: {} for name in stacks}
    ends: dict[str, CapacitySla] = {}
    ahead = 1 if jobs == 1 else AHEAD

    def then(key: _Key, value: Any) -> Iterator[tuple[_Key, _Steps]]:
        """Where the SLA of a stack ends is looked for as soon as all its points are there."""
        name, rate = key
        if rate is None:
            ends[name] = value
        else:
            points = found[name]
            points[rate] = value
            if len(points) == len(asked.rates):
                yield (name, None), _search(name, [points[each] for each in asked.rates], asked, ahead)
        if progress is not None:
            done = len(ends) + sum(map(len, found.values()))
            progress(done / (len(found) * (len(asked.rates) + 1)))

    todo: list[tuple[_Key, _Steps]] = [
        ((name, rate), _steps(name, rate, asked, 1)) for name in found for rate in asked.rates
    ]
    with workers(jobs) as working:
        working.work(todo, _replicate, then)
    curves, flaws = [], []
    for name in stacks:
        measured = [found[name][rate] for rate in asked.rates]
        curves.append(CapacityCurve(name, asked.plan_name, tuple(each.point for each in measured), ends[name]))
        flaws += list(_flaws(name, measured, asked))
    return Measured(tuple(curves), tuple(flaws))


def _flaws(name: str, points: Sequence[_Point], asked: Asked) -> Iterator[str]:
    for each in points:
        if each.lost:
            point = each.point
            yield (
                f"{name} at {point.rate_per_s:g} orders/s: {each.lost} of {point.orders} orders never reached the "
                "wire; they count as an hour late"
            )
    if asked.plan and not any(each.effects for each in points):
        yield f"{name}: the plan of faults touched nothing"


def measure_point(name: str, rate_per_s: float, asked: Asked) -> _Point:
    """One stack at one load: replications until the interval is tight, or all are spent."""
    found: list[_Point] = []

    def then(_: _Key, value: _Point) -> Iterator[tuple[_Key, _Steps]]:
        found.append(value)
        yield from ()

    todo: list[tuple[_Key, _Steps]] = [((name, rate_per_s), _steps(name, rate_per_s, asked, 1))]
    with workers(1) as here:
        here.work(todo, _replicate, then)
    return found[0]


def _replicate(piece: _Piece) -> Passed:
    name, rate_per_s, asked, number = piece
    return replicate(STACKS[name], rate_per_s, asked, number)


def _steps(name: str, rate_per_s: float, asked: Asked, ahead: int) -> _Steps:
    """Replications of a point: the least that there have to be, and then *ahead* at a time, as long as need be.

    Whether they are enough is asked of the first five, six and so on: of what was done ahead in vain, nothing is kept.
    """
    effort = asked.effort
    done: list[Passed] = []
    for count in range(effort.least, effort.most + 1):
        if count > len(done):
            until = min(count - 1 + ahead, effort.most) if done else count
            done += yield [(name, rate_per_s, asked, number) for number in range(len(done), until)]
        stopped = _stopped(done[:count], asked)
        if stopped is not Stopped.BUDGET:
            break
    return _told(rate_per_s, done[:count], asked, stopped)


def _stopped(passed: Sequence[Passed], asked: Asked) -> Stopped:
    """Whether these are enough, and why; *budget* if not."""
    if any(saturated(every) for every in passed):
        return Stopped.SATURATED
    if percentile_of(_steady(passed, asked), 99).relative <= asked.effort.tight:
        return Stopped.TIGHT
    return Stopped.BUDGET


def _told(rate_per_s: float, passed: list[Passed], asked: Asked, stopped: Stopped) -> _Point:
    samples = [each.latency_ns for each in passed] if stopped is Stopped.SATURATED else _steady(passed, asked)
    return _point(rate_per_s, samples, passed, stopped)


def replicate(stack: Stack, rate_per_s: float, asked: Asked, number: int) -> Passed:
    """The *number*-th replication: every stack and every load meets the same bursts, pauses and faults in it."""
    seed = asked.seed * SEEDS_APART + number
    for_ns = int(asked.effort.orders * SECOND / rate_per_s)
    if asked.plan:
        for_ns = max(for_ns, max(planned.end_ns for planned in asked.plan) - START_NS)
    times = arrival_times(Chance(seed), asked.arrivals, rate_per_s, for_ns)
    if asked.floor is not None:
        return SplitPath(stack, times, for_ns, seed, asked.plan, asked.floor).run()
    return OrderPath(stack, times, for_ns, seed, asked.plan, asked.journal).run()


def saturated(passed: Passed) -> bool:
    """Whether what had come was still being worked off long after the last signal."""
    return passed.ended_ns - passed.loaded_ns > BACKLOG_SHARE * passed.loaded_ns


def _steady(passed: Sequence[Passed], asked: Asked) -> list[Sample]:
    """Without the warm-up. Under a plan nothing is left out: what a fault does to the beginning is the question."""
    cut = None if asked.plan else warm_up([each.latency_ns for each in passed])
    return [each.latency_ns[cut or 0 :] for each in passed]


def _point(rate_per_s: float, samples: list[Sample], passed: list[Passed], stopped: Stopped) -> _Point:
    p99 = percentile_of(samples, 99)
    pooled = np.concatenate(samples)
    utilisation = {
        name: round(sum(each.utilisation[name] for each in passed) / len(passed), 4) for name in passed[0].utilisation
    }
    orders = sum(len(each.latency_ns) for each in passed)
    lost = sum(each.lost for each in passed)
    # What is worked off only after the load has ended was not put through while it lasted.
    within_ns = sum(max(each.loaded_ns, each.ended_ns) for each in passed)
    point = CapacityPoint(
        rate_per_s=rate_per_s,
        p50_ns=nearest_rank(pooled, 50),
        p99_ns=int(p99.value),
        p999_ns=nearest_rank(pooled, 99.9),
        p99_ci_ns=(max(int(p99.low), 0), int(p99.high)),
        throughput_per_s=round((orders - lost) * SECOND / within_ns, 3),
        utilisation=utilisation,
        bottleneck=max(utilisation, key=lambda name: utilisation[name]),
        orders=orders,
        replications=len(passed),
        stopped=stopped,
        p99_parts_ns=_parts(passed),
    )
    return _Point(point, lost, sum(each.effects for each in passed))


def _parts(passed: list[Passed]) -> dict[str, int]:
    """The mean parts of those orders whose latency is around the 99th percentile."""
    latency = np.concatenate([each.latency_ns for each in passed])
    parts = np.concatenate([each.parts_ns for each in passed])
    low, high = (nearest_rank(latency, percent) for percent in BAND)
    around = (latency >= low) & (latency <= high) & (latency < LATE_NS)
    if not around.any():
        return {}
    means = parts[around].mean(axis=0)
    return {name: int(mean) for name, mean in zip(PARTS, means, strict=True)}


# --- where the SLA ends --------------------------------------------------------------------------------


def _search(name: str, found: Sequence[_Point], asked: Asked, ahead: int) -> _Steps:
    """By bisection between the last load that keeps the SLA and the first that does not."""
    limit_ns = asked.sla.limit_ns
    points = list(found)
    for _ in range(MOST_STEPS):
        pair = _bracket(points, limit_ns)
        if pair is None:
            return asked.sla
        low, high = pair
        if high - low <= NARROW * low:
            break
        points.append((yield from _steps(name, round((low + high) / 2, 1), asked, ahead)))
        points.sort(key=lambda each: each.point.rate_per_s)
    measured = [each.point for each in points]
    crossing = interpolated([(p.rate_per_s, p.p99_ns) for p in measured], limit_ns)
    sooner = interpolated([(p.rate_per_s, p.p99_ci_ns[1]) for p in measured], limit_ns)
    later = interpolated([(p.rate_per_s, p.p99_ci_ns[0]) for p in measured], limit_ns)
    assert crossing is not None
    interval = (
        min(sooner if sooner is not None else measured[0].rate_per_s, crossing),
        max(later if later is not None else measured[-1].rate_per_s, crossing),
    )
    return msgspec.structs.replace(asked.sla, crossing_per_s=crossing, crossing_ci_per_s=interval)


def _bracket(points: Sequence[_Point], limit_ns: int) -> tuple[float, float] | None:
    """The first load that misses the limit and the one before it; None where the first misses it, or none does."""
    before: float | None = None
    for each in points:
        if each.point.p99_ns >= limit_ns:
            return None if before is None else (before, each.point.rate_per_s)
        before = each.point.rate_per_s
    return None


def interpolated(points: Sequence[tuple[float, int]], limit_ns: int) -> float | None:
    """The rate at which the curve first rises to the limit, linear in the logarithm of the latency between points.

    None where the first point does not keep the limit, or no point misses it.
    """
    before: tuple[float, int] | None = None
    for rate, latency_ns in points:
        if latency_ns >= limit_ns:
            if before is None:
                return None
            low, under_ns = before
            share = log(limit_ns / max(under_ns, 1)) / log(latency_ns / max(under_ns, 1))
            return round(low + (rate - low) * share, 1)
        before = (rate, latency_ns)
    return None
