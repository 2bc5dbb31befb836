"""The queue that a user's system is taken to be: against an exact formula, and against orders served one by one."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from squall.scenarios.burst_queue import BurstQueue, percentiles
from squall.scenarios.estimate import nearest_rank
from squall.scenarios.load import Arrivals, Bursts, arrival_times
from squall.sim.rng import Chance

SECOND = 1_000_000_000
BURSTY = BurstQueue(10_000, 1_200, 1.5e-3, 60, 15_000, 0.25, 1e-6)
EXPONENTIAL = BurstQueue(10_000 * np.log(2), 9_999 * np.log(2), 1e-9, 1e9, 1, 0.2, 1.0)
"""M/M/1 with a mean service of 10 µs: no bursts, no coherency."""


def one_by_one(queue: BurstQueue, times: Sequence[int]) -> np.ndarray:
    """The slow way: each order waits for the one before it, and is slowed by those that are behind it by then."""
    free_ns = 0.0
    latencies = np.zeros(len(times), dtype=np.int64)
    for number, came_ns in enumerate(times):
        begins_ns = max(free_ns, came_ns)
        behind = bisect_right(times, begins_ns) - number - 1
        free_ns = begins_ns + queue.service_ns * (1 + queue.coherency * behind * (behind + 1))
        latencies[number] = free_ns - came_ns + queue.lone_ns - queue.service_ns
    return latencies


@pytest.mark.parametrize("rate", [250, 1_000, 2_500])
def test_bursts_worked_off_as_a_fluid_are_near_to_orders_served_one_by_one(rate: int) -> None:
    bursts = Bursts(BURSTY.bursts_per_s, BURSTY.unevenness, int(BURSTY.lasts_ns), background=1e-9)
    times = arrival_times(Chance(1), Arrivals.BURSTY, rate, int(64 * 10 / BURSTY.bursts_per_s * SECOND), bursts)
    slow = one_by_one(BURSTY, times)
    quick = percentiles(BURSTY, np.array([float(rate)]))
    assert quick.p50_ns[0] == pytest.approx(nearest_rank(slow, 50), rel=0.12)
    assert quick.p99_ns[0] == pytest.approx(nearest_rank(slow, 99), rel=0.12)


def test_without_bursts_it_is_the_textbook_s_queue() -> None:
    """M/M/1: quantiles are −ln(1 − p)/(μ − λ)."""
    rates = np.array([1e3, 3e4, 6e4, 9e4])
    found = percentiles(EXPONENTIAL, rates)
    mean_ns = 1 / (1e-4 - rates / SECOND)
    assert found.p50_ns == pytest.approx(np.log(2) * mean_ns, rel=0.02)
    assert found.p99_ns == pytest.approx(np.log(100) * mean_ns, rel=0.04)
    assert found.utilisation == pytest.approx(rates / 1e5, rel=0.01)


def test_an_order_that_is_alone_takes_what_a_lone_order_takes() -> None:
    found = percentiles(BURSTY, np.array([0.01]))
    assert found.p50_ns[0] == pytest.approx(10_000, rel=0.001)
    assert found.p99_ns[0] == pytest.approx(10_000, rel=0.001)


def test_more_of_anything_that_hurts_makes_it_slower() -> None:
    rates = np.array([2_000.0])
    before = percentiles(BURSTY, rates).p99_ns[0]
    for name in ("lone_ns", "service_ns", "coherency", "unevenness"):
        worse = msgspec.structs.replace(BURSTY, **{name: 1.5 * getattr(BURSTY, name)})
        assert percentiles(worse, rates).p99_ns[0] > before, name
    for name in ("bursts_per_s", "lasts_ns"):
        better = msgspec.structs.replace(BURSTY, **{name: 1.5 * getattr(BURSTY, name)})
        assert percentiles(better, rates).p99_ns[0] < before, name


def test_what_does_not_keep_up_is_more_than_busy() -> None:
    assert percentiles(EXPONENTIAL, np.array([2e5])).utilisation[0] > 1
    slowed = msgspec.structs.replace(EXPONENTIAL, coherency=0.05)
    at = np.array([8e4])
    assert percentiles(EXPONENTIAL, at).utilisation[0] < 1 < percentiles(slowed, at).utilisation[0]
