"""A queue in front of one server, fed in bursts, as arithmetic: what a user's own system is taken to be."""

from math import gamma, log
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from squall.system.config import SECOND

Floats = npt.NDArray[np.float64]

SIZES: Final = 64
"""So many sizes of a burst, equally likely for an order to be in, …"""
PLACES: Final = 32
"""… and so many places in each of them: together they are the orders whose percentiles are taken."""
ORDERS: Final = SIZES * PLACES
LN_2: Final = log(2)
NEARLY_FULL: Final = 0.999
"""Above that utilisation the wait is that of this one: a search has to be told how wrong it is, not that it is."""
SETTLES: Final = 12
"""Rounds until the mean queue and what it costs agree; where they do not, nothing keeps up with this load."""


class BurstQueue(Struct, frozen=True):
    """One server behind a way that orders share with nobody. More load makes bursts denser, not more frequent.

    With *bursts_per_s* far above the load, orders come one by one, at Poisson times.
    """

    lone_ns: float
    """What an order takes that meets nobody: its median."""
    service_ns: float
    """So much of it the one server is busy with it: a median too."""
    coherency: float
    """What those who wait cost who is served: κ·q·(q+1) of its service where q are behind it."""
    bursts_per_s: float
    lasts_ns: float
    """Within that time the orders of a burst come, evenly."""
    unevenness: float
    """How much bursts differ in what they have to bring: the standard deviation by the mean."""
    jitter: float
    """How much orders that meet nobody differ: 0 not at all, 1 as exponential times do (the power of a Weibull's)."""

    @property
    def contention(self) -> float:
        """The share of an order's way that only one can be on at a time: σ of the Universal Scalability Law."""
        return self.service_ns / self.lone_ns


class Percentiles(Struct, frozen=True):
    """Of latency at each of some rates, and how busy the server is there: 1 or more, and it does not keep up."""

    p50_ns: Floats
    p99_ns: Floats
    utilisation: Floats


def _normal(shares: Floats) -> Floats:
    inverse = NormalDist().inv_cdf
    return np.array([inverse(float(share)) for share in shares])


# A lattice in place of draws (the powers of the plastic number, Roberts 2018): a figure that a search can climb, and
# the same one anywhere. Each order has a size of burst, a place in it, a share of wait and one of jitter.
_PLASTIC: Final = 1.324717957244746
_ORDER: Final = np.arange(1, ORDERS + 1)
_OF_SIZE: Final = _normal((np.arange(SIZES) + 0.5) / SIZES)[:, np.newaxis]
_WAIT_SHARE: Final = ((0.5 + _ORDER / _PLASTIC) % 1)[:, np.newaxis]
_OF_JITTER: Final = (np.log2(1 / (1 - (0.5 + _ORDER / _PLASTIC**2) % 1)))[:, np.newaxis]
_P50: Final = (ORDERS + 1) // 2 - 1
_P99: Final = int(np.ceil(ORDERS * 0.99)) - 1


def percentiles(queue: BurstQueue, rates_per_s: Floats) -> Percentiles:
    """Latency at each rate: an order's own way, the burst that it is in, and whom it finds there by chance."""
    rates = rates_per_s / SECOND
    burst_ns, service_ns = _bursts(queue, rates_per_s)
    # Of a Weibull: the mean by the median, and E[s²] by E[s]².
    mean = gamma(1 + queue.jitter)
    mean_ns = service_ns * mean / LN_2**queue.jitter
    wait_ns, utilisation = _wait(mean_ns, rates, queue.coherency, gamma(1 + 2 * queue.jitter) / mean**2)
    busy = np.minimum(utilisation, NEARLY_FULL)
    finds = 1 - busy <= _WAIT_SHARE
    # Who finds somebody waits exponentially: exact for M/M/1, and the tail of any M/G/1 is near to it.
    share = np.where(finds, busy / np.maximum(1 - _WAIT_SHARE, 1e-12), 1.0)
    chance_ns = wait_ns / np.maximum(busy, 1e-12) * np.log(np.maximum(share, 1.0))
    latency = queue.lone_ns * _OF_JITTER**queue.jitter + burst_ns + chance_ns
    ranked = np.partition(np.ascontiguousarray(latency.T), (_P50, _P99), axis=1)
    return Percentiles(ranked[:, _P50], ranked[:, _P99], utilisation)


def _bursts(queue: BurstQueue, rates_per_s: Floats) -> tuple[Floats, Floats]:
    """What each order waits for those of its own burst, and the mean service there: a column a rate.

    The size is that of the burst an order is in, so a large one is met by more. Its spread is of what the market has
    to say (*unevenness*) and, since orders are counted, about Poisson's. It is then worked off in steps, as a fluid.
    """
    others = rates_per_s / queue.bursts_per_s
    spread = np.sqrt(np.log1p(queue.unevenness**2 + 1 / (1 + others)))
    size = 1 + others * np.exp(spread * _OF_SIZE + spread**2 / 2)
    free_ns = np.zeros_like(size)
    served_ns = np.zeros_like(size)
    waits = np.empty((PLACES, *size.shape))
    step = size / PLACES
    for number in range(PLACES):
        place = (number + 0.5) / PLACES
        came_ns = queue.lasts_ns * place * (1 - 1 / size)
        begins_ns = np.maximum(free_ns, came_ns)
        behind = np.maximum((np.minimum(begins_ns / queue.lasts_ns, 1) - place) * size, 0)
        cost_ns = step * queue.service_ns * (1 + queue.coherency * behind * (behind + 1))
        free_ns = begins_ns + cost_ns
        served_ns += cost_ns
        waits[number] = np.maximum(free_ns - came_ns - queue.service_ns, 0)
    return waits.reshape(ORDERS, -1), (served_ns / size).mean(axis=0)


def _wait(service_ns: Floats, rates: Floats, coherency: float, varied: float) -> tuple[Floats, Floats]:
    """The mean wait for those whom chance puts before an order (Pollaczek and Khinchine), and the utilisation.

    Those who wait make each service longer, and so more wait: found by turns, from an empty queue on.
    """
    slow_ns = service_ns
    for _ in range(SETTLES):
        busy = np.minimum(rates * slow_ns, NEARLY_FULL)
        wait_ns = busy * slow_ns * varied / 2 / (1 - busy)
        queued = rates * wait_ns
        # Of a geometric number, which it is in M/M/1, E[q(q+1)] is 2q(q+1).
        slow_ns = service_ns * (1 + coherency * 2 * queued * (queued + 1))
        slow_ns = np.minimum(slow_ns, 1e3 * service_ns)
    return wait_ns, rates * slow_ns
