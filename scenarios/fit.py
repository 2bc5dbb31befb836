"""A model fitted to a user's own measurements: points held out, errors told, and predictions with an interval."""

from collections.abc import Callable, Iterator, Sequence
from math import exp, log, sqrt
from statistics import median
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from squall.scenarios.burst_queue import BurstQueue, Floats, percentiles
from squall.scenarios.estimate import t_quantile
from squall.scenarios.measurements import Measurement
from squall.scenarios.result import CapacityFit, CapacitySla, FitErrors, FitParameter, FitPoint, FitPrediction
from squall.scenarios.study import interpolated
from squall.system.config import SECOND

HOLD_EVERY: Final = 3
GROUPS: Final = 20
"""The jackknife leaves out a point at a time; of more points than these, as many groups of them."""
CONFIDENCE: Final = 0.95
PULL: Final = 0.02
"""What no point says anything about stays near where the search began: a factor of e weighs as much as a percentile
that is off by 2 %."""
STEPS: Final = 40
CLOSE: Final = 1e-3
"""A step that takes off less than this share of what is left is the last, …"""
SLIGHT: Final = 1e-5
"""… and one that takes off less than this: all percentiles together nearer by 0.3 %."""
SLOPE: Final = 0.02
"""Differences are taken so far apart: percentiles of a lattice are smooth only from a distance."""
MOVES: Final = 3 * PULL
"""A number that moves all percentiles together by less than this, when it grows e-fold, is not seen in them …"""
WIDEST: Final = log(100)
"""… and neither is one that might be a hundred times as large."""
BEYOND: Final = (1.25, 1.5, 2.0)
"""Times the highest load that was measured: what is predicted unless somebody asks for something else."""
DESCRIBES: Final = 1 / 3
"""Off by more than this in the median, a model does not describe the points that it is fitted to."""
FURTHEST: Final = 1_000.0
DRAWN: Final = 60
LATE_NS: Final = 3_600e9

_FIELDS: Final = BurstQueue.__struct_fields__


class _Data(Struct, frozen=True):
    """Points as the search sees them: logarithms of medians, then of 99th percentiles, and what each weighs."""

    rates: Floats
    logs: Floats
    weights: Floats


def fit_measurements(
    file: str, points: Sequence[Measurement], sla: CapacitySla | None = None, beyond: Sequence[float] = ()
) -> CapacityFit:
    """Fit, first without the points that are held out, then, to predict, to all; *points* in order of load."""
    held = held_out(len(points))
    first = fitted(points, [index for index in range(len(points)) if index not in held])
    told = tuple(_told(points, first, held))
    errors = _errors(told)
    everything = range(len(points))
    final = fitted(points, everything)
    groups = min(len(points), GROUPS)
    without = [fitted(points, [i for i in everything if i % groups != group], final) for group in range(groups)]
    scatter = max(_scatter(points, final), _off(point for point in told if point.held_out))
    lowest, highest = points[0].rate_per_s, points[-1].rate_per_s
    rates = tuple(beyond) or tuple(highest * times for times in BEYOND)
    spread = np.geomspace(lowest, max(highest, *rates), DRAWN)
    curve = _predicted(final, without, scatter, spread)
    saturates = saturation_per_s(final, highest)
    return CapacityFit(
        file=file,
        parameters=tuple(_parameters(points, final, without)),
        points=told,
        errors=errors,
        predictions=_predicted(final, without, scatter, np.array(rates)),
        curve=curve,
        saturates_per_s=saturates,
        saturates_ci_per_s=_saturates_between(saturates, without, highest),
        sla=_crossed(sla, curve) if sla is not None else None,
    )


def held_out(count: int) -> tuple[int, ...]:
    """Every third point, from the second on, and the highest: one has to be predicted beyond what was seen."""
    return (*range(1, count - 2, HOLD_EVERY), count - 1)


def saturation_per_s(queue: BurstQueue, from_per_s: float) -> float | None:
    """The load from which on the server is always busy, to 0.1 %; None where it is not within a thousand times."""

    def busy(rate: float) -> bool:
        return bool(percentiles(queue, np.array([rate])).utilisation[0] >= 1)

    low, high = from_per_s, from_per_s * FURTHEST
    if not busy(high):
        return None
    if busy(low):
        low = from_per_s / FURTHEST
    while high > low * 1.001:
        middle = sqrt(low * high)
        low, high = (low, middle) if busy(middle) else (middle, high)
    return round(high, 1)


def _saturates_between(
    saturates: float | None, without: Sequence[BurstQueue], from_per_s: float
) -> tuple[float, float] | None:
    """The jackknife's interval; none where any of its fits does not saturate either."""
    others = [saturation_per_s(each, from_per_s) for each in without]
    if saturates is None or None in others:
        return None
    wide = float(_half_width(np.log([[each] for each in others if each is not None]), 0.0)[0])
    return round(saturates * exp(-wide), 1), round(saturates * exp(min(wide, 50.0)), 1)


# --- the search ------------------------------------------------------------------------------------------


def fitted(points: Sequence[Measurement], chosen: Sequence[int], near: BurstQueue | None = None) -> BurstQueue:
    """The model nearest to the *chosen* points: the better end of two beginnings, or the one that is *near*."""
    data = _data([points[index] for index in chosen])
    if near is not None:
        return _search(data, near)[1]
    return min((_search(data, start) for start in _beginnings(data)), key=lambda each: each[0])[1]


def _data(points: Sequence[Measurement]) -> _Data:
    """A point of few orders weighs less; of many, no more than twice what it does at the median."""
    orders = np.array([float(point.orders) for point in points])
    weights = 2 * orders / (orders + np.median(orders))
    return _Data(
        rates=np.array([point.rate_per_s for point in points]),
        logs=np.log([*(point.p50_ns for point in points), *(point.p99_ns for point in points)]),
        weights=np.sqrt(np.concatenate([weights, weights])),
    )


def _beginnings(data: _Data) -> Iterator[BurstQueue]:
    """Bursts of some ten orders; then none, with the share of service that is read off the medians.

    By Little's law there are N = rate · latency orders inside; by the Universal Scalability Law latency is T(1 + σN)
    where they only queue, N being those that an order finds (Gunther, Guerrilla Capacity Planning, 2007, has N − 1 of
    those inside, itself included). That they also slow each other down is left to the search.
    """
    count = len(data.rates)
    medians, tails = np.exp(data.logs[:count]), np.exp(data.logs[count:])
    lone_ns = float(medians[0])
    # Of exponential times the 99th percentile is log 100 / log 2 medians.
    jitter = min(max(log(float(np.min(tails / medians))) / log(log(100) / log(2)), 0.02), 1.0)
    bursty = BurstQueue(
        lone_ns=lone_ns,
        service_ns=lone_ns / 8,
        coherency=1e-3,
        bursts_per_s=float(np.median(data.rates)) / 10,
        lasts_ns=lone_ns,
        unevenness=0.3,
        jitter=jitter,
    )
    yield bursty
    inside = data.rates / SECOND * medians
    contention = float(inside @ (medians / lone_ns - 1) / (inside @ inside))
    yield msgspec.structs.replace(
        bursty,
        service_ns=lone_ns * min(max(contention, 0.01), 0.95),
        coherency=1e-5,
        bursts_per_s=float(data.rates[-1]) * 100,
    )


def _search(data: _Data, start: BurstQueue) -> tuple[float, BurstQueue]:
    """Levenberg and Marquardt's descent on the squared logarithms of what percentiles are off by; what is left."""
    centre = _numbers(start)

    def off(numbers: Floats) -> Floats:
        logs = _logs(_queue(numbers), data.rates)
        return np.concatenate([data.weights * (logs - data.logs), PULL * (numbers - centre)])

    numbers, found = centre, off(centre)
    left = float(found @ found)
    damping = 1e-2
    for _ in range(STEPS):
        slopes = _slopes(off, numbers)
        squares, gradient = slopes.T @ slopes, slopes.T @ found
        before = left
        while damping < 1e6:
            step = np.linalg.solve(squares + damping * np.diag(np.diag(squares)), -gradient)
            tried = _within(numbers + np.clip(step, -1, 1), data)
            this = off(tried)
            if this @ this < left:
                numbers, found, left = tried, this, float(this @ this)
                damping = max(damping / 5, 1e-8)
                break
            damping *= 4
        if before - left < max(CLOSE * before, SLIGHT):
            break
    return left, _queue(numbers)


def _logs(queue: BurstQueue, rates: Floats) -> Floats:
    found = percentiles(queue, rates)
    logs: Floats = np.log(np.concatenate([found.p50_ns, found.p99_ns]))
    return logs


def _slopes(off: Callable[[Floats], Floats], numbers: Floats) -> Floats:
    """The Jacobian by differences: a column a number."""
    found = off(numbers)
    columns = []
    for index in range(len(numbers)):
        moved = numbers.copy()
        moved[index] += SLOPE
        columns.append((off(moved) - found) / SLOPE)
    return np.column_stack(columns)


def _numbers(queue: BurstQueue) -> Floats:
    """The model's numbers as a search may move them: logarithms, and of the share of service its log odds."""
    share = queue.service_ns / queue.lone_ns
    values = [log(getattr(queue, field)) for field in _FIELDS]
    values[_FIELDS.index("service_ns")] = log(share / (1 - share))
    return np.array(values)


def _queue(numbers: Floats) -> BurstQueue:
    values = {field: exp(float(number)) for field, number in zip(_FIELDS, numbers, strict=True)}
    odds = values["service_ns"]
    values["service_ns"] = values["lone_ns"] * odds / (1 + odds)
    return BurstQueue(**values)


def _within(numbers: Floats, data: _Data) -> Floats:
    """Kept from where nothing changes any more, and logarithms run off."""
    lone, first, last = float(data.logs[0]), log(data.rates[0]), log(data.rates[-1])
    bounds = {
        "lone_ns": (lone - 5, lone + 5),
        "service_ns": (-12.0, 6.0),
        "coherency": (-16.0, 0.0),
        "bursts_per_s": (first - 7, last + 7),
        "lasts_ns": (lone - 7, lone + 7),
        "unevenness": (-5.0, 1.0),
        "jitter": (-7.0, 0.5),
    }
    low, high = np.array([bounds[field] for field in _FIELDS]).T
    return np.clip(numbers, low, high)


# --- how good it is, and what it predicts ----------------------------------------------------------------


def _told(points: Sequence[Measurement], queue: BurstQueue, held: Sequence[int]) -> Iterator[FitPoint]:
    found = percentiles(queue, np.array([point.rate_per_s for point in points]))
    for index, point in enumerate(points):
        yield FitPoint(
            rate_per_s=point.rate_per_s,
            orders=point.orders,
            p50_ns=round(point.p50_ns),
            p99_ns=round(point.p99_ns),
            model_p50_ns=round(found.p50_ns[index]),
            model_p99_ns=round(found.p99_ns[index]),
            held_out=index in held,
        )


def _errors(points: Sequence[FitPoint]) -> FitErrors:
    """Medians and 99th percentiles together."""
    off = {
        held: [abs(each) for p in points if p.held_out is held for each in (p.p50_off, p.p99_off)]
        for held in (False, True)
    }
    fitted_median, held_median = median(off[False]), median(off[True])
    describes = max(fitted_median, held_median) <= DESCRIBES
    return FitErrors(fitted_median, max(off[False]), held_median, max(off[True]), describes)


def _off(points: Iterator[FitPoint]) -> float:
    """The root of the mean square of what logarithms of 99th percentiles are off by."""
    return sqrt(float(np.mean([log(point.model_p99_ns / point.p99_ns) ** 2 for point in points])))


def _scatter(points: Sequence[Measurement], queue: BurstQueue) -> float:
    """What points deviate from the curve by, for as many as there are beyond the numbers that were fitted."""
    data = _data(points)
    off = data.weights * (_logs(queue, data.rates) - data.logs)
    free = max(len(off) - len(_FIELDS), 2)
    return sqrt(float(off @ off) / free)


def _parameters(
    points: Sequence[Measurement], queue: BurstQueue, without: Sequence[BurstQueue]
) -> Iterator[FitParameter]:
    """Each with the jackknife's interval. What moves no percentile is where the search began: that is no finding."""
    data = _data(points)
    numbers = _numbers(queue)
    slopes = _slopes(lambda moved: data.weights * _logs(_queue(moved), data.rates), numbers)
    moves = dict(zip(_FIELDS, np.sqrt((slopes**2).sum(axis=0)), strict=True))
    # Of a share near 1 the log odds move far more than the share does.
    moves["service_ns"] /= 1 - queue.contention
    moves["contention"] = moves["service_ns"]
    for name in (*_FIELDS, "contention"):
        value = float(getattr(queue, name))
        wide = float(_half_width(np.array([[log(getattr(each, name))] for each in without]), 0.0)[0])
        seen = moves[name] > MOVES and wide < WIDEST
        yield FitParameter(name, value, (value * exp(-wide), value * exp(wide)) if seen else None)


def _half_width(logs: Floats, scatter: float) -> Floats:
    """The jackknife's, of logarithms: a row for each group that was left out (Efron and Tibshirani 1993, 11)."""
    groups = len(logs)
    variance = (groups - 1) / groups * ((logs - logs.mean(axis=0)) ** 2).sum(axis=0)
    wide: Floats = t_quantile(CONFIDENCE, groups - 1) * np.sqrt(variance + scatter**2)
    return wide


def _predicted(
    queue: BurstQueue, without: Sequence[BurstQueue], scatter: float, rates: Floats
) -> tuple[FitPrediction, ...]:
    """The interval is for a percentile that somebody measures: the curve's own, and what points scatter by."""
    found = percentiles(queue, rates)
    others = [percentiles(each, rates) for each in without]
    logs = np.array([np.log(each.p99_ns) for each in others])
    wide = _half_width(logs, scatter)
    sure = np.max([each.utilisation for each in others], axis=0) < 1
    predicted = []
    for index, rate in enumerate(rates):
        keeps_up = bool(found.utilisation[index] < 1)
        high = float(found.p99_ns[index]) * exp(min(wide[index], 50.0))
        predicted.append(
            FitPrediction(
                rate_per_s=round(float(rate), 1),
                p50_ns=round(found.p50_ns[index]) if keeps_up else None,
                p99_ns=round(found.p99_ns[index]) if keeps_up else None,
                p99_ci_ns=(
                    round(min(found.p99_ns[index], LATE_NS) * exp(-wide[index])),
                    round(high) if keeps_up and sure[index] and high < LATE_NS else None,
                ),
            )
        )
    return tuple(predicted)


def _crossed(sla: CapacitySla, curve: Sequence[FitPrediction]) -> CapacitySla:
    """Where the curve passes the limit, between where the ends of its interval do."""
    late = round(LATE_NS)
    crossing = interpolated([(p.rate_per_s, p.p99_ns or late) for p in curve], sla.limit_ns)
    if crossing is None:
        return sla
    sooner = interpolated([(p.rate_per_s, p.p99_ci_ns[1] or late) for p in curve], sla.limit_ns)
    later = interpolated([(p.rate_per_s, p.p99_ci_ns[0]) for p in curve], sla.limit_ns)
    interval = (
        min(sooner if sooner is not None else curve[0].rate_per_s, crossing),
        max(later if later is not None else curve[-1].rate_per_s, crossing),
    )
    return msgspec.structs.replace(sla, crossing_per_s=crossing, crossing_ci_per_s=interval)
