"""Latency against throughput: signal to wire under Poisson load, the journal and its backup on the path."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
from msgspec import Struct

from squall.faults.durations import DurationError, parse_duration
from squall.scenarios.desk_promises import always
from squall.scenarios.latencies import LONGEST_NS
from squall.scenarios.measure import Measure
from squall.scenarios.result import CapacityCurve, CapacityPoint, CapacitySla, Verdict
from squall.scenarios.run import Progress
from squall.scenarios.scenario import Judge, Promise, Scenario
from squall.scenarios.settings import SECOND, check_together, override
from squall.scenarios.topology import Stage, build
from squall.sim.guard import Guard
from squall.sim.trace import Record
from squall.system.domain.claims import SignalDropped
from squall.system.domain.signals import Schedule, Workload

METRIC: Final = "signal_to_wire"
WARM_UP_NS: Final = 1 * SECOND
SETTLE_NS: Final = 1 * SECOND
PROFILE: Final = "journal-on-path"
Z_95: Final = 1.96
MOST_RATES: Final = 1_000


class Measured(Struct, frozen=True):
    """The curves, and what is wrong with any of their points, a line each."""

    curves: tuple[CapacityCurve, ...]
    flaws: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether every point keeps the SLA, and is sound."""
        return not self.flaws and all(_keeps(point.p99_ns, c.sla.limit_ns) for c in self.curves for point in c.points)


class CapacityError(ValueError):
    """Rates or an SLA that cannot be: one line."""


def parse_rates(text: str) -> tuple[int, ...]:
    """``A:B:STEP``, both ends included, or ``A,B,C``: orders a second, rising."""
    try:
        if ":" in text:
            first, last, step = (int(part) for part in text.split(":"))
            if step <= 0:
                raise CapacityError(f"--rates {text}: the step must be above zero, found {step}")
            span = range(first, last + 1, step)
            if len(span) > MOST_RATES:
                raise CapacityError(f"--rates {text}: expected at most {MOST_RATES} rates, found {len(span)}")
            rates = tuple(span)
        else:
            rates = tuple(int(part) for part in text.split(","))
    except CapacityError:
        raise
    except ValueError:
        raise CapacityError(f"--rates {text}: expected A:B:STEP or A,B,C in whole orders a second") from None
    if not rates or min(rates) <= 0 or list(rates) != sorted(set(rates)):
        raise CapacityError(
            f"--rates {text}: expected rising rates above zero, found {', '.join(map(str, rates)) or 'none'}"
        )
    return rates


def parse_sla(text: str) -> CapacitySla:
    """``p99<100us``: the 99th percentile of signal to wire stays below."""
    match = re.fullmatch(r"p99\s*<\s*(\S+)", text.strip())
    if match is None:
        raise CapacityError(f"--sla {text}: expected p99<DURATION such as p99<100us")
    try:
        limit_ns = parse_duration(match[1])
    except DurationError as error:
        raise CapacityError(f"--sla {text}: {error}") from None
    if not limit_ns:
        raise CapacityError(f"--sla {text}: expected a limit above zero")
    return CapacitySla(metric=f"{METRIC}_p99_ns", limit_ns=limit_ns, crossing_per_s=None, crossing_ci_per_s=None)


def measure_capacity(
    rates: Sequence[int],
    sla: CapacitySla,
    orders: int,
    seed: int,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> Measured:
    """One curve: *orders* orders at each rate, at Poisson times, latency from the intended time."""
    points, flaws = [], []
    for done, rate in enumerate(rates, 1):
        point, wrong = measure_rate(rate, orders, seed, overrides)
        points.append(point)
        flaws += [f"at {rate} orders/s: {each}" for each in wrong]
        if progress is not None:
            progress(done / len(rates))
    crossing = crossing_per_s([(point.rate_per_s, point.p99_ns) for point in points], sla.limit_ns)
    judged = msgspec.structs.replace(sla, crossing_per_s=crossing)
    return Measured((CapacityCurve(profile=PROFILE, plan=None, points=tuple(points), sla=judged),), tuple(flaws))


def measure_rate(
    rate_per_s: int, orders: int, seed: int, overrides: Sequence[str] = ()
) -> tuple[CapacityPoint, list[str]]:
    """One point, and what is wrong with it: promises that the run broke, and orders that never reached a venue.

    Half buys and half sells, all marketable, so that positions stay near flat at any rate.
    """
    stop_ns = WARM_UP_NS + orders * SECOND // rate_per_s
    scenario = Scenario(
        workload=Workload(
            schedule=Schedule.POISSON,
            orders_per_s=rate_per_s,
            start_ns=WARM_UP_NS,
            stop_ns=stop_ns,
            lots_min=1,
            lots_max=2,
            marketable_share=1.0,
        ),
        promises=always(),
        duration_ns=stop_ns + SETTLE_NS,
    )
    settings = scenario.settings
    for assignment in overrides:
        settings = override(settings, assignment)
    check_together(settings)
    stage = build("capacity", msgspec.structs.replace(scenario, settings=settings), seed)
    judges = [(promise, promise.judge(stage)) for promise in scenario.promises]
    dropped = _Dropped(stage)
    stage.world.start()
    with Guard():
        stage.world.run_until(stage.duration_ns)
    return _point(rate_per_s, stage, stop_ns - WARM_UP_NS, dropped.signals, judges)


class _Dropped:
    """Counts what the strategy meant to trade and never submitted: these orders were offered too."""

    def __init__(self, stage: Stage) -> None:
        self._measure = stage.measure
        self.signals = 0
        stage.world.trace.watch_claims(self._on_dropped, SignalDropped)

    def _on_dropped(self, record: Record) -> None:
        dropped: SignalDropped = record.event
        if not self._measure.has_seen(dropped.cl_ord_id):
            self.signals += dropped.count


def _point(
    rate_per_s: int, stage: Stage, loaded_ns: int, dropped: int, judges: list[tuple[Promise, Judge]]
) -> tuple[CapacityPoint, list[str]]:
    measure: Measure = stage.measure
    histogram = measure.histogram(METRIC)
    wired = histogram.get_total_count()
    if not wired:
        raise CapacityError(f"at {rate_per_s} orders/s no order reached a venue; take more orders")
    rulings = [(promise, judge.ruling()) for promise, judge in judges]
    flaws = [f"{promise.name}: {r.detail}" for promise, r in rulings if r.verdict is Verdict.VIOLATED]
    count = measure.totals["orders"] + dropped
    if count > wired:
        flaws.append(f"{count - wired} of {count} orders never reached a venue; they count as an hour late")
    for _ in range(count - wired):
        histogram.record(LONGEST_NS)

    def quantile_ns(percent: float) -> int:
        return int(histogram.get_value_at_percentile(min(max(percent, 0.0), 100.0)))

    # The order statistics that bracket the 99th percentile with 95 % confidence (normal approximation to the binomial).
    half_width = 100 * Z_95 * (0.99 * 0.01 / count) ** 0.5
    utilisation = {
        label: round(core.busy_ns / loaded_ns, 4)
        for host in stage.world.hosts.values()
        for label, core in sorted(host.cores.items())
        if core.busy_ns * 100 > loaded_ns
    }
    point = CapacityPoint(
        rate_per_s=rate_per_s,
        p50_ns=quantile_ns(50),
        p99_ns=quantile_ns(99),
        p999_ns=quantile_ns(99.9),
        p99_ci_ns=(quantile_ns(99 - half_width), quantile_ns(99 + half_width)),
        throughput_per_s=round(wired * SECOND / loaded_ns, 3),
        utilisation=utilisation,
        bottleneck=max(utilisation, key=lambda name: utilisation[name]) if utilisation else None,
        orders=count,
    )
    return point, flaws


def crossing_per_s(points: Sequence[tuple[float, int]], limit_ns: int) -> float | None:
    """The rate at which the curve first rises to the limit, linear between points; None if it never does.

    None too where the first point does not keep it: then there is no telling which rate would.
    """
    if not points or not _keeps(points[0][1], limit_ns):
        return None
    for (low, under), (high, over) in pairwise(points):
        if not _keeps(over, limit_ns):
            return round(low + (high - low) * (limit_ns - under) / (over - under), 1)
    return None


def _keeps(p99_ns: int, limit_ns: int) -> bool:
    """``p99<100us`` means below."""
    return p99_ns < limit_ns
