"""What queueing theory says, in closed form where there is one. Times are in whatever unit the means are in."""

from collections.abc import Callable
from math import exp, factorial, log

import numpy as np
import numpy.typing as npt


def mm1_mean(arrivals: float, services: float) -> float:
    """Mean sojourn, 1/(μ − λ)."""
    return 1 / (services - arrivals)


def mm1_quantile(arrivals: float, services: float, share: float) -> float:
    """Sojourns are exponential with rate μ − λ."""
    return -log(1 - share) / (services - arrivals)


def erlang_c(servers: int, offered: float) -> float:
    """The share of customers that have to wait at M/M/c, *offered* = λ/μ (Erlang, 1917)."""
    last = offered**servers / factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**k / factorial(k) for k in range(servers)) + last)


def mmc_mean(arrivals: float, services: float, servers: int) -> float:
    """Mean sojourn: C/(cμ − λ) + 1/μ."""
    return erlang_c(servers, arrivals / services) / (servers * services - arrivals) + 1 / services


def mmc_quantile(arrivals: float, services: float, servers: int, share: float) -> float:
    """The sojourn is a service and, with probability C, an exponential wait of rate cμ − λ before it."""
    waits = erlang_c(servers, arrivals / services)
    drain = servers * services - arrivals

    def beyond(time: float) -> float:
        both = (drain * exp(-services * time) - services * exp(-drain * time)) / (drain - services)
        return (1 - waits) * exp(-services * time) + waits * both

    return bisect(lambda time: (1 - share) - beyond(time), 0, 1_000 / services)


def pollaczek_khinchine(arrivals: float, mean: float, variation: float) -> float:
    """Mean sojourn of M/G/1: λ E[S²] / 2(1 − ρ) + E[S], with the coefficient of variation of the service."""
    load = arrivals * mean
    return arrivals * mean**2 * (1 + variation**2) / (2 * (1 - load)) + mean


def mg1_quantile(
    arrivals: float, mean: float, beyond: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]], share: float
) -> float:
    """The sojourn's quantile at M/G/1, on a fine grid: a geometric number of residual services, and one service.

    Pollaczek–Khinchine as a generating function, (1 − ρ) / (1 − ρ R) · S, turned back by a Fourier transform. *beyond*
    is P(S > t); the residual R has the density P(S > t) / E[S].
    """
    cells, span = 1 << 19, 4_000 * mean
    edges = np.linspace(0.0, span, cells + 1)
    tail = beyond(edges)
    service = np.fft.rfft(-np.diff(tail))
    residual = (tail[:-1] + tail[1:]) / 2 * (span / cells) / mean
    transform = np.fft.rfft(residual / residual.sum())
    load = arrivals * mean
    # All mass stands at the left edge of its cell: half a cell too early for each of the ρ/(1 − ρ) residuals.
    sojourn = np.fft.irfft((1 - load) / (1 - load * transform) * service, cells)
    below = np.cumsum(sojourn)
    cell = int(np.searchsorted(below, share))
    return float(edges[cell + 1] + (span / cells) / 2 * load / (1 - load))


def tandem_quantile(rates: tuple[float, float], share: float) -> float:
    """Two exponential sojourns one after the other, independent (Burke, Reich): hypoexponential."""
    one, two = rates

    def beyond(time: float) -> float:
        return (two * exp(-one * time) - one * exp(-two * time)) / (two - one)

    return bisect(lambda time: (1 - share) - beyond(time), 0, 1_000 / min(rates))


def jackson_throughputs(outside: dict[str, float], routes: dict[str, dict[str, float]]) -> dict[str, float]:
    """The traffic equations, λ = γ + λP."""
    names = list(outside)
    matrix = np.eye(len(names))
    for source, ways in routes.items():
        for to, share in ways.items():
            matrix[names.index(to), names.index(source)] -= share
    solved = np.linalg.solve(matrix, np.array([outside[name] for name in names]))
    return {name: float(rate) for name, rate in zip(names, solved, strict=True)}


def lindley(arrivals: npt.NDArray[np.int64], services: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Departures of one server, first come first served: D(n) = max(A(n), D(n − 1)) + S(n), as a running maximum."""
    worked = np.cumsum(services)
    return worked + np.maximum.accumulate(arrivals - (worked - services))


def bisect(rises: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function is nothing."""
    for _ in range(200):
        middle = (low + high) / 2
        if rises(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
