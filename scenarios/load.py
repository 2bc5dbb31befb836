"""When orders are meant to be sent, from outside: evenly at random, or in bursts as a market makes them."""

from collections.abc import Iterator
from enum import Enum
from math import exp, log
from statistics import NormalDist
from typing import Final, Protocol

from msgspec import Struct

from squall.sim.rng import Chance
from squall.system.config import SECOND

_NORMAL: Final = NormalDist()
_LEAST: Final = 2.0**-54
STRATA: Final = 64


class Uniforms(Protocol):
    """One of the run's named streams: what is drawn from it, in sequence."""

    def random(self) -> float:
        """A uniform number in [0, 1)."""


class Arrivals(Enum):
    """What orders come by."""

    POISSON = "poisson"
    BURSTY = "bursty"


class Bursts(Struct, frozen=True):
    """Something happens in the market so often a second, and many want to trade on it at once.

    A burst is a window of time in which orders come at random at a rate of its own: lognormal, of mean one before it is
    scaled to the load. More load makes bursts denser, neither more frequent nor longer. The rest comes in between.
    """

    per_s: float
    """Bursts a second, at any load: each comes half to one and a half mean distances after the one before."""
    sigma: float
    """How unequal they are: the deviation of the logarithm of a burst's rate."""
    lasts_ns: int
    background: float
    """The share of orders that come outside bursts."""


BURSTS: Final = Bursts(per_s=67.0, sigma=0.25, lasts_ns=15_000, background=0.09)
"""The one burst process: of every profile, and of the default workload of a capacity study."""


def arrival_times(
    chance: Chance, arrivals: Arrivals, rate_per_s: float, for_ns: int, bursts: Bursts = BURSTS
) -> list[int]:
    """When each order is meant to be sent, in order, from 0 until before *for_ns*.

    Stratified: of every 64 bursts there is one in each 64th part of their distribution, so that a percentile that a few
    big ones decide is not left to whether they came. Common random numbers: of one seed, the bursts of every rate are
    at the same times and as dense in proportion, and their orders are drawn from the same uniforms.
    """
    if arrivals is Arrivals.POISSON:
        return list(_poisson(chance.stream("load/poisson"), rate_per_s / SECOND, 0, for_ns))
    order: list[int] = []
    times = list(_poisson(chance.stream("load/background"), bursts.background * rate_per_s / SECOND, 0, for_ns))
    of_a_burst = (1.0 - bursts.background) * rate_per_s / bursts.per_s
    for number, began_ns in enumerate(_paced(chance.stream("load/bursts"), SECOND / bursts.per_s, for_ns)):
        if number % STRATA == 0:
            order = _shuffled(chance.stream(f"load/strata/{number // STRATA}"))
        stream = chance.stream(f"load/burst/{number}")
        share = (order[number % STRATA] + stream.random()) / STRATA
        dense = exp(bursts.sigma * _NORMAL.inv_cdf(max(share, _LEAST)) - bursts.sigma**2 / 2)
        until_ns = min(began_ns + bursts.lasts_ns, for_ns)
        times += _poisson(stream, dense * of_a_burst / bursts.lasts_ns, began_ns, until_ns)
    return sorted(times)


def _shuffled(stream: Uniforms) -> list[int]:
    """The strata in an order that the stream draws (Fisher and Yates; `random` alone is stable across versions)."""
    order = list(range(STRATA))
    for last in range(STRATA - 1, 0, -1):
        other = int(stream.random() * (last + 1))
        order[last], order[other] = order[other], order[last]
    return order


def _paced(stream: Uniforms, every_ns: float, until_ns: int) -> Iterator[int]:
    """Points at distances of half to one and a half *every_ns*, uniformly; the first within one."""
    at_ns = stream.random() * every_ns
    while at_ns < until_ns:
        yield int(at_ns)
        at_ns += (0.5 + stream.random()) * every_ns


def _poisson(stream: Uniforms, per_ns: float, from_ns: int, until_ns: int) -> Iterator[int]:
    """Points at exponential distances, −ln(1 − u) / rate."""
    if per_ns <= 0:
        return
    at_ns = float(from_ns)
    while True:
        at_ns += -log(1.0 - stream.random()) / per_ns
        if at_ns >= until_ns:
            return
        yield int(at_ns)
