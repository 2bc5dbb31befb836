"""Capacity by how much of something there is: symbols, strategies, shards of the OMS. With theory beside it."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from squall.scenarios.capacity import CapacityError
from squall.scenarios.load import Arrivals
from squall.scenarios.result import CapacityCurve, CapacityPoint, CapacitySla, Scaling, ScalingPoint
from squall.scenarios.run import Progress
from squall.scenarios.split_path import CACHED_SYMBOLS, KEEPS_SYMBOLS, LINE_NS, MISS_NS, MOST, Floor, names_of
from squall.scenarios.stacks import HOPS, STACKS, Stack
from squall.scenarios.study import Asked, Effort, interpolated, measure_point, replicate, saturated
from squall.sim.core import LOCAL_HOP_NS
from squall.system.config import SECOND

STEPS: Final = 6
"""Of the bisection for saturation, between half of what theory allows and a tenth more than that."""
SPLIT_EFFORT: Final = Effort(tight=0.15, least=5, most=8, orders=4_000)
FEWEST_FOR_USL: Final = 3


class By(Enum):
    """What there is more and more of."""

    SYMBOLS = "symbols"
    STRATEGIES = "strategies"
    SHARDS = "shards"

    @property
    def usual(self) -> tuple[int, ...]:
        """The counts that are tried where nobody says which."""
        return (64, 256, 1_024, 4_096) if self is By.SYMBOLS else (1, 2, 3, 4, 8)

    def words(self, count: int) -> str:
        """``1 shard``, ``2 shards``."""
        single = {By.SYMBOLS: "symbol", By.STRATEGIES: "strategy", By.SHARDS: "shard"}[self]
        return f"{count} {single if count == 1 else self.value}"

    def floor(self, count: int, skew: float = 0.0) -> Floor:
        """A desk with so many of it, and the usual number of the rest. CapacityError where there cannot be."""
        symbols = count if self is By.SYMBOLS else 64
        try:
            return Floor(
                symbols=symbols,
                strategies=count if self is By.STRATEGIES else 1,
                shards=count if self is By.SHARDS else 1,
                skew=skew,
            )
        except ValueError as error:
            raise CapacityError(f"--by {self.value}: {error}") from None


def parse_counts(text: str, by: By) -> tuple[int, ...]:
    """``1,2,4,8``: rising whole numbers. CapacityError, one line, for anything else."""
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise CapacityError(f"--counts {text}: expected whole numbers, as in 1,2,4,8") from None
    if list(counts) != sorted(set(counts)) or counts[0] < 1:
        raise CapacityError(f"--counts {text}: expected rising numbers above zero")
    if counts[-1] > MOST[by.value]:
        raise CapacityError(f"--counts {text}: expected at most {MOST[by.value]} {by.value}, found {counts[-1]}")
    return counts


class Scaled(Struct, frozen=True):
    """A curve for each count, and what they come to."""

    curves: tuple[CapacityCurve, ...]
    scaling: Scaling


def study_scaling(
    name: str, by: By, counts: Sequence[int], asked: Asked, skew: float = 0.0, progress: Progress | None = None
) -> Scaled:
    """One stack with more and more of something. Every count meets the same load in its n-th replication."""
    curves, points = [], []
    for done, count in enumerate(counts, 1):
        floor = by.floor(count, skew)
        curve = _curve(name, by.words(count), msgspec.structs.replace(asked, floor=floor))
        curves.append(curve)
        points.append(_point(STACKS[name], count, floor, asked, curve.sla))
        if progress is not None:
            progress(done / len(counts))
    contention, coherency = usl_of([(point.count, point.saturates_per_s) for point in points])
    return Scaled(tuple(curves), Scaling(by.value, name, tuple(points), contention, coherency))


def _curve(name: str, words: str, asked: Asked) -> CapacityCurve:
    points = tuple(measure_point(name, rate, asked).point for rate in asked.rates)
    return CapacityCurve(f"{name}, {words}", asked.plan_name, points, _sla(points, asked.sla))


def _sla(points: Sequence[CapacityPoint], sla: CapacitySla) -> CapacitySla:
    """Where the line between the measured loads passes the limit; nothing is looked for in between."""
    crossing, sooner, later = (
        interpolated([(point.rate_per_s, bound) for point, bound in zip(points, bounds, strict=True)], sla.limit_ns)
        for bounds in (
            [point.p99_ns for point in points],
            [point.p99_ci_ns[1] for point in points],
            [point.p99_ci_ns[0] for point in points],
        )
    )
    interval = (sooner, later) if crossing is not None and sooner is not None and later is not None else None
    return msgspec.structs.replace(sla, crossing_per_s=crossing, crossing_ci_per_s=interval)


def _point(stack: Stack, count: int, floor: Floor, asked: Asked, sla: CapacitySla) -> ScalingPoint:
    demands = demands_ns(stack, floor)
    law_per_s = SECOND / max(demands.values())
    split_ns = max(demands["oms"], demands["strategy"])
    shared_ns = max(demands["router"], demands["gateway"])
    saturates_per_s, busy = _saturation(stack, floor, asked, law_per_s)
    return ScalingPoint(
        count=count,
        saturates_per_s=round(saturates_per_s, 1),
        bottleneck=max(busy, key=lambda station: busy[station]),
        utilisation=busy,
        bottleneck_law_per_s=round(law_per_s, 1),
        amdahl_per_s=round(SECOND / (split_ns + shared_ns), 1),
        crossing_per_s=sla.crossing_per_s,
        crossing_ci_per_s=sla.crossing_ci_per_s,
    )


def demands_ns(stack: Stack, floor: Floor) -> dict[str, float]:
    """What an order costs the busiest core of each kind of station, on average, with nobody waiting.

    Visits × (service and hop, a miss as often as one is to be expected, a line as often as another wrote it last).
    """
    demands = {}
    for station in dict.fromkeys(HOPS):
        share = _largest_share(station, floor)
        cost = 0.0
        for hop, at in enumerate(HOPS):
            if at == station:
                cost += stack.service_ns + (LOCAL_HOP_NS if hop else 0)
                cost += LINE_NS * _chance_of_another(hop, floor)
                if station in KEEPS_SYMBOLS:
                    cost += MISS_NS * miss_share(_symbols_at(station, floor), CACHED_SYMBOLS, hop, station)
        demands[station] = share * cost
    return demands


def _largest_share(station: str, floor: Floor) -> float:
    """Of all orders, those that the busiest core of this kind sees."""
    if station == "strategy":
        return 1 / floor.strategies
    if station not in ("oms", "risk"):
        return 1.0
    sums = [0.0] * floor.shards
    for symbol, share in enumerate(floor.shares()):
        sums[floor.shard_of(symbol)] += share
    return max(sums)


def _symbols_at(station: str, floor: Floor) -> list[float]:
    """The shares of the symbols that one core of this kind sees, among those."""
    shares = floor.shares()
    if station in ("oms", "risk"):
        shares = [share for symbol, share in enumerate(shares) if floor.shard_of(symbol) == 0]
    whole = sum(shares)
    return [share / whole for share in shares]


def _chance_of_another(hop: int, floor: Floor) -> float:
    """How often a queue's last writer, at this hop, was another one: of n that write equally often, (n − 1)/n."""
    if hop == 0:
        return 0.0
    writers = {"strategy": floor.strategies, "oms": floor.shards, "risk": floor.shards}.get(HOPS[hop - 1], 1)
    # Within a shard, OMS and gate only hear from each other.
    return 0.0 if HOPS[hop] in ("oms", "risk") and HOPS[hop - 1] in ("oms", "risk") else 1 - 1 / writers


def miss_share(shares: Sequence[float], room: int, hop: int, station: str) -> float:
    """How often a cache of the *room* least recently used does not have a symbol of these *shares*.

    Che's approximation: a symbol stays for a time t, the same for all, with Σ(1 − e^(−share·t)) = room; where all
    shares are equal that is room/n to within rounding. An order that comes to its station again finds its symbol there,
    unless a whole cache of others came in between, which is left out.
    """
    if len(shares) <= room or HOPS.index(station) != hop:
        return 0.0
    weights = np.asarray(shares)
    low, high = 0.0, 1.0
    while (1 - np.exp(-weights * high)).sum() < room:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 - np.exp(-weights * middle)).sum() < room else (low, middle)
    return float((weights * np.exp(-weights * high)).sum())


def _saturation(stack: Stack, floor: Floor, asked: Asked, law_per_s: float) -> tuple[float, dict[str, float]]:
    """By bisection over even load, one replication a step; and how busy each kind of station is just below.

    Without the runtime's pauses: at such loads a queue that one of them has left costs more than is served, and the
    stack does not come back (`scenarios/metastable.py`); what would be found is when the first pause comes.
    """
    stack = msgspec.structs.replace(stack, pause_every_ns=0)
    even = msgspec.structs.replace(asked, arrivals=Arrivals.POISSON, floor=floor, plan=(), effort=SPLIT_EFFORT)
    low, high = law_per_s / 2, law_per_s * 1.1
    best = replicate(stack, low, even, 0)
    if saturated(best):
        low, high = 0.0, low
    for _ in range(STEPS):
        middle = (low + high) / 2
        passed = replicate(stack, middle, even, 0)
        if saturated(passed):
            high = middle
        else:
            low, best = middle, passed
    busy = {
        station: round(max(best.utilisation[name] for name in names_of(station, floor)), 4)
        for station in dict.fromkeys(HOPS)
    }
    return low, busy


def usl_of(points: Sequence[tuple[int, float]]) -> tuple[float | None, float | None]:
    """σ and κ of C(N) = N·C(1)/(1 + σ(N − 1) + κN(N − 1)), by least squares of N·C(1)/C(N) − 1 (Gunther 2007, ch. 5).

    None where the counts do not begin with one, or are too few.
    """
    if len(points) < FEWEST_FOR_USL or points[0][0] != 1 or any(done <= 0 for _, done in points):
        return None, None
    alone = points[0][1]
    rows = np.array([(count - 1, count * (count - 1)) for count, _ in points[1:]], dtype=float)
    excess = np.array([count * alone / done - 1 for count, done in points[1:]])
    (contention, coherency), *_ = np.linalg.lstsq(rows, excess, rcond=None)
    if coherency < 0:  # it only saturates: there is nothing that more of it costs in pairs
        contention, coherency = (rows[:, 0] @ excess) / (rows[:, 0] @ rows[:, 0]), 0.0
    return round(float(contention), 6), round(float(coherency), 6)
