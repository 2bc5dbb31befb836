"""Latencies of orders: a histogram of all, exact percentiles over stretches of time, and who never came."""

from typing import Final

import numpy as np
from hdrh.histogram import HdrHistogram

LONGEST_NS: Final = 3_600_000_000_000


class Latencies(HdrHistogram):  # type: ignore[misc]  # the library has no types
    """A histogram from 1 ns to an hour, to three digits."""

    total_count: int
    min_value: int
    max_value: int

    def __init__(self) -> None:
        super().__init__(1, LONGEST_NS, 3)

    def record(self, latency_ns: int) -> None:
        """`record_value` in one step: the library finds the highest bit by writing the number out in binary."""
        value = min(max(latency_ns, 1), LONGEST_NS)
        magnitude: int = self.sub_bucket_half_count_magnitude
        shift = (value | self.sub_bucket_mask).bit_length() - magnitude - 1
        self.counts[(shift << magnitude) + (value >> shift)] += 1
        self.total_count += 1
        if value > self.max_value:
            self.max_value = value
        if value < self.min_value:
            self.min_value = value

    def get_value_at_percentile(self, percentile: float) -> int:
        """As the library finds it by a walk over all counters: one sum over those from the least to the greatest."""
        if not self.total_count:
            return 0
        first: int = self._counts_index_for(self.min_value)
        last: int = self._counts_index_for(self.max_value)
        sums = np.cumsum(np.frombuffer(self.counts, np.uint64)[first : last + 1])
        index = first + int(np.searchsorted(sums, self.get_target_count_at_percentile(percentile)))
        value = self.get_value_from_index(index)
        found: int = self.get_highest_equivalent_value(value) if percentile else self.get_lowest_equivalent_value(value)
        return found


def quantile_with_misses(histogram: HdrHistogram, misses: int, percent: float) -> int | None:
    """The percentile over all orders, the *misses* counted as infinitely late; None where it is one of those."""
    came = histogram.get_total_count()
    of_those_that_came = percent * (came + misses) / came if came else 101.0
    return int(histogram.get_value_at_percentile(of_those_that_came)) if of_those_that_came <= 100 else None


class Series:
    """One span of the order's way: a histogram of all, and exact percentiles per bucket."""

    def __init__(self, bucket_ns: int, buckets: int) -> None:
        self.histogram = Latencies()
        self._bucket_ns = bucket_ns
        self._current: list[int] = []
        self._index = 0
        self.p50: list[int | None] = [None] * buckets
        self.p99: list[int | None] = [None] * buckets
        self.max: list[int | None] = [None] * buckets

    def add(self, at_ns: int, latency_ns: int) -> None:
        """An order reached this point at *at_ns*, *latency_ns* after it was intended."""
        index = at_ns // self._bucket_ns
        if index != self._index:
            index = min(index, len(self.p50) - 1)
            if index != self._index:
                self.flush()
                self._index = index
        self._current.append(latency_ns)
        self.histogram.record(latency_ns)

    def flush(self) -> None:
        """Finish the current bucket."""
        values = sorted(self._current)
        self._current.clear()
        if values:
            self.p50[self._index] = quantile(values, 50)
            self.p99[self._index] = quantile(values, 99)
            self.max[self._index] = values[-1]


def quantile(ordered: list[int], percent: int) -> int:
    """The smallest value that at least *percent* of the ordered values do not exceed (nearest rank)."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]
