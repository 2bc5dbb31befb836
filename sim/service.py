"""How long a core takes over a message: always as long, by a distribution, or as somebody has measured it."""

import csv
from collections.abc import Iterable
from math import ceil, exp, log, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Final, Protocol

from msgspec import Struct

_NORMAL: Final = NormalDist()
_LEAST: Final = 2.0**-54
"""Below the least step of a uniform draw: what stands for a draw of exactly nothing."""


class ServiceTime(Protocol):
    """What a core is busy with one message for, as a quantile: the draw belongs to the message, not to the core."""

    def at_ns(self, uniform: float) -> int:
        """The service time that a share *uniform* in [0, 1) of all messages stays below, in ns."""

    @property
    def mean_ns(self) -> float:
        """What it comes to on average."""


class Constant(Struct, frozen=True, tag="constant"):
    """Every message takes the same time."""

    every_ns: int

    def __post_init__(self) -> None:
        _expect(self.every_ns >= 0, f"constant: expected a time of at least 0 ns, found {self.every_ns}")

    def at_ns(self, uniform: float) -> int:
        return self.every_ns

    @property
    def mean_ns(self) -> float:
        return float(self.every_ns)


class Exponential(Struct, frozen=True, tag="exponential"):
    """No memory: the textbook's M. −ln(1 − u) × mean."""

    mean_of_ns: int

    def __post_init__(self) -> None:
        _expect(self.mean_of_ns > 0, f"exponential: expected a mean above 0 ns, found {self.mean_of_ns}")

    def at_ns(self, uniform: float) -> int:
        return int(-log(1.0 - uniform) * self.mean_of_ns)

    @property
    def mean_ns(self) -> float:
        return float(self.mean_of_ns)


class Lognormal(Struct, frozen=True, tag="lognormal"):
    """Most are quick and some are not: by its median, and by *sigma*, the deviation of its logarithm."""

    median_ns: int
    sigma: float

    def __post_init__(self) -> None:
        _expect(self.median_ns > 0, f"lognormal: expected a median above 0 ns, found {self.median_ns}")
        _expect(0 <= self.sigma <= 5, f"lognormal: expected a sigma from 0 to 5, found {self.sigma}")

    def at_ns(self, uniform: float) -> int:
        return int(self.median_ns * exp(self.sigma * _NORMAL.inv_cdf(max(uniform, _LEAST))))

    @property
    def mean_ns(self) -> float:
        return self.median_ns * exp(self.sigma**2 / 2)

    @property
    def variation(self) -> float:
        """The coefficient of variation: √(exp σ² − 1)."""
        return sqrt(exp(self.sigma**2) - 1)


class Empirical(Struct, frozen=True, tag="empirical"):
    """As measured: each of the times is as likely as any other."""

    times_ns: tuple[int, ...]

    def __post_init__(self) -> None:
        _expect(len(self.times_ns) > 0, "empirical: expected at least one time, found none")
        _expect(min(self.times_ns) >= 0, f"empirical: expected times of at least 0 ns, found {min(self.times_ns)}")
        _expect(list(self.times_ns) == sorted(self.times_ns), "empirical: expected times in rising order")

    def at_ns(self, uniform: float) -> int:
        return self.times_ns[min(max(ceil(uniform * len(self.times_ns)) - 1, 0), len(self.times_ns) - 1)]

    @property
    def mean_ns(self) -> float:
        return sum(self.times_ns) / len(self.times_ns)


def read_empirical(path: Path) -> Empirical:
    """From a CSV with the one column ``service_ns``. ValueError, with the line, for what is no time."""
    with path.open(newline="") as file:
        return _empirical(str(path), csv.reader(file))


def _empirical(name: str, rows: Iterable[list[str]]) -> Empirical:
    times = []
    for line, row in enumerate(rows, 1):
        if line == 1:
            _expect(row == ["service_ns"], f"{name}:1: expected the one column service_ns, found {','.join(row)}")
        elif row:
            try:
                time_ns = int(row[0])
            except ValueError:
                raise ValueError(f"{name}:{line}: expected whole nanoseconds, found {row[0]!r}") from None
            _expect(len(row) == 1 and time_ns >= 0, f"{name}:{line}: expected one time of at least 0, found {row}")
            times.append(time_ns)
    _expect(bool(times), f"{name}: expected times below the heading, found none")
    return Empirical(tuple(sorted(times)))


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
