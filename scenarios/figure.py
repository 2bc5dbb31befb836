"""The chapter's figure 10.3: its 21 points, how near the three stacks come, and where the SLA really ends."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

import msgspec
import numpy as np

from squall.scenarios.capacity import Measured
from squall.scenarios.estimate import nearest_rank
from squall.scenarios.load import Arrivals
from squall.scenarios.order_path import OrderPath
from squall.scenarios.result import CapacityCurve, DrawnCurve, FigureErrors
from squall.scenarios.run import Progress
from squall.scenarios.stacks import STACKS, Stack
from squall.scenarios.study import Asked, Effort, interpolated, study
from squall.system.config import MILLISECOND

RATES: Final = (0, 500, 1_000, 1_500, 2_000, 2_500, 3_000)
FIGURE_NS: Final[Mapping[str, tuple[int, ...]]] = {
    "baseline": (10_000, 25_000, 50_000, 120_000, 280_000, 600_000, 950_000),
    "lock-free": (8_000, 18_000, 35_000, 80_000, 180_000, 380_000, 720_000),
    "kernel-bypass": (5_000, 12_000, 22_000, 45_000, 95_000, 200_000, 450_000),
}
"""The 99th percentile of signal to wire, as drawn."""
TEXT_PER_S: Final[Mapping[str, int]] = {"baseline": 1_500, "lock-free": 2_200, "kernel-bypass": 2_800}
"""Where the chapter's text says that the curves pass 100 µs, which they do not (erratum 49)."""
LIMIT_NS: Final = 100_000
FITTED: Final = (0, 1_000, 2_000, 3_000)
"""The loads that the stacks' numbers were fitted at. What they come to at the others is a prediction."""
LONE_ORDERS: Final = 200


POISSON: Final = "poisson"
JOURNAL: Final = "journal"
SKETCH: Final = Effort(least=5, most=5, orders=4_000)
"""For what is shown beside a curve: as sure as five replications make it."""


def lone_order_ns(stack: Stack) -> int:
    """The figure's *0 orders a second*: the 99th percentile of orders that are each alone, 10 ms apart."""
    times = [number * 10 * MILLISECOND for number in range(LONE_ORDERS)]
    return nearest_rank(OrderPath(stack, times, LONE_ORDERS * 10 * MILLISECOND, 1).run().latency_ns, 99)


def beside(curves: Sequence[CapacityCurve]) -> tuple[DrawnCurve, ...]:
    """Each of the figure's curves that has been measured, with ours at its loads, and where it really crosses 100 µs.

    The text's numbers contradict its own figure (erratum 49), so all are told.
    """
    drawn = []
    for curve in curves:
        if curve.profile in FIGURE_NS:
            ours = {round(point.rate_per_s): point.p99_ns for point in curve.points}
            ours[0] = lone_order_ns(STACKS[curve.profile])
            points = tuple(zip(RATES, FIGURE_NS[curve.profile], strict=True))
            logarithmic = interpolated(points, LIMIT_NS)
            assert logarithmic is not None
            drawn.append(
                DrawnCurve(
                    profile=curve.profile,
                    points=points,
                    held_out=tuple(rate for rate in RATES if rate not in FITTED),
                    ours_ns=tuple(ours[rate] for rate in RATES),
                    text_per_s=TEXT_PER_S[curve.profile],
                    crossing_linear_per_s=round(float(np.interp(LIMIT_NS, FIGURE_NS[curve.profile], RATES)), 1),
                    crossing_log_per_s=logarithmic,
                )
            )
    return tuple(drawn)


def others(asked: Asked, jobs: int = 1, progress: Progress | None = None) -> Measured:
    """The same stacks at the same loads without bursts, and with the journal and its backup on the path.

    Their curves are called ``baseline/poisson`` and ``baseline/journal``.
    """
    sketched = msgspec.structs.replace(asked, effort=SKETCH)
    kinds = {
        POISSON: msgspec.structs.replace(sketched, arrivals=Arrivals.POISSON),
        JOURNAL: msgspec.structs.replace(sketched, journal=True),
    }
    curves: list[CapacityCurve] = []
    flaws: list[str] = []
    for done, (kind, changed) in enumerate(kinds.items()):
        found = study(tuple(STACKS), changed, jobs, _half(progress, done))
        curves += [msgspec.structs.replace(curve, profile=f"{curve.profile}/{kind}") for curve in found.curves]
        flaws += [f"{kind}: {flaw}" for flaw in found.flaws]
    return Measured(tuple(curves), tuple(flaws))


def _half(progress: Progress | None, done: int) -> Progress | None:
    return None if progress is None else lambda share: progress((done + share) / 2)


def errors(drawn: Sequence[DrawnCurve]) -> FigureErrors:
    """All points, the worst of them, and those that nothing was fitted to."""
    off = [
        (abs(ours_ns / drawn_ns - 1), rate in curve.held_out)
        for curve in drawn
        for (rate, drawn_ns), ours_ns in zip(curve.points, curve.ours_ns, strict=True)
    ]
    every = [each for each, _ in off]
    return FigureErrors(median(every), max(every), median(each for each, held_out in off if held_out))
