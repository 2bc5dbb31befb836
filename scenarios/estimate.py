"""What can be said from a sample of waiting times, and how surely: warm-up, intervals, percentiles."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Sample = npt.NDArray[np.int64]

FEWEST_REPLICATIONS: Final = 5
"""Below that a t interval says next to nothing, and the expansion for its quantile is not good enough."""
MSER_BATCH: Final = 5


class Estimate(Struct, frozen=True):
    """A figure, and the half-width of the interval around it."""

    value: float
    half_width: float

    @property
    def low(self) -> float:
        return self.value - self.half_width

    @property
    def high(self) -> float:
        return self.value + self.half_width

    @property
    def relative(self) -> float:
        """The half-width as a share of the figure."""
        return self.half_width / self.value if self.value else float("inf") if self.half_width else 0.0

    def covers(self, value: float) -> bool:
        """Whether this value is within the interval."""
        return self.low <= value <= self.high


def t_quantile(confidence: float, freedom: int) -> float:
    """Student's t, two-sided, by the expansion in 1/ν (Abramowitz and Stegun 26.7.5): 0.1 % off at ν = 4, 95 %."""
    if freedom < FEWEST_REPLICATIONS - 1:
        raise ValueError(f"t_quantile: expected at least {FEWEST_REPLICATIONS - 1} degrees, found {freedom}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))


def around(value: float, sections: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The interval around *value* that the spread of independent *sections* of its sample gives.

    Sectioning (Asmussen and Glynn, Stochastic Simulation, III.5): the figure of the whole sample is in the middle, for
    a percentile of a small section is biased, and the deviations of the sections from it are what t is taken of.
    """
    count = len(sections)
    spread = sqrt(sum((each - value) ** 2 for each in sections) / (count - 1))
    return Estimate(value, t_quantile(confidence, count - 1) * spread / sqrt(count))


def mean_of(replications: Sequence[Sample], confidence: float = 0.95) -> Estimate:
    """The mean over all, with its interval from that of each replication (or batch: long enough to be independent)."""
    return around(float(np.concatenate(replications).mean()), [float(each.mean()) for each in replications], confidence)


def percentile_of(replications: Sequence[Sample], percent: float, confidence: float = 0.95) -> Estimate:
    """The percentile over all, by nearest rank, with its interval from that of each replication."""
    return around(
        float(nearest_rank(np.concatenate(replications), percent)),
        [float(nearest_rank(each, percent)) for each in replications],
        confidence,
    )


def nearest_rank(sample: Sample, percent: float) -> int:
    """The smallest value that at least *percent* of all do not exceed."""
    rank = max(int(np.ceil(len(sample) * percent / 100)) - 1, 0)
    return int(np.partition(sample, rank)[rank])


def batches(sample: Sample, count: int) -> list[Sample]:
    """*count* batches of a single long run, equal in length; what is left over at the beginning is not used."""
    length = len(sample) // count
    return list(sample[len(sample) - length * count :].reshape(count, length))


def warm_up(replications: Sequence[Sample]) -> int | None:
    """How many values of each beginning to leave out by MSER-5; None where the rule finds no end of it.

    White (1997), MSER-5: over means of five, cut where the standard error of what is left is least. Where that is in
    the second half, there is no telling that a steady state was ever reached: above saturation, there is none.

    It looks at logarithms, averaged over the replications. On waiting times themselves it cuts just behind the largest
    burst, wherever that is: seen here to take a third off a 99th percentile that had no warm-up to lose.
    """
    shortest = min(len(each) for each in replications) // MSER_BATCH * MSER_BATCH
    logs = np.mean([np.log(np.maximum(each[:shortest], 1)) for each in replications], axis=0)
    means = logs.reshape(-1, MSER_BATCH).mean(axis=1)
    count = len(means)
    if count < 2 * MSER_BATCH:
        return None
    left = np.arange(count, 0, -1)
    sums = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means**2)[::-1])[::-1]
    errors = (squares - sums**2 / left)[: count - MSER_BATCH] / left[: count - MSER_BATCH].astype(float) ** 2
    cut = int(np.argmin(errors))
    return cut * MSER_BATCH if cut <= count // 2 else None
