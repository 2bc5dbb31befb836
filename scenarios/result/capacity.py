"""What a capacity study comes to: points, curves, and where the SLA ends."""

from enum import Enum

from msgspec import Struct


class Stopped(Enum):
    """Why a load was not measured further."""

    TIGHT = "tight"
    """The interval around the 99th percentile is as narrow as was asked for."""
    BUDGET = "budget"
    """All replications that were allowed are spent."""
    SATURATED = "saturated"
    """More comes than can be served: there is no percentile to be sure of, it grows with the run."""


class CapacityPoint(Struct, frozen=True):
    """Latency at one offered load. *p99_ci_ns* is the interval of confidence around the 99th percentile."""

    rate_per_s: float
    p50_ns: int
    p99_ns: int
    p999_ns: int
    p99_ci_ns: tuple[int, int]
    throughput_per_s: float
    utilisation: dict[str, float]
    bottleneck: str | None = None
    """The busiest core; None where none was seen to be busy."""
    orders: int = 0
    replications: int = 1
    stopped: Stopped = Stopped.BUDGET
    p99_parts_ns: dict[str, int] = {}
    """What an order at the 99th percentile spent its time on, on average; empty where nobody looked."""


class CapacitySla(Struct, frozen=True):
    """The load at which a metric crosses its limit; None where no tried load did."""

    metric: str
    limit_ns: int
    crossing_per_s: float | None = None
    crossing_ci_per_s: tuple[float, float] | None = None


class CapacityCurve(Struct, frozen=True):
    """Latency against load for one hardware profile, healthy (*plan* None) or under a plan of faults."""

    profile: str
    plan: str | None
    points: tuple[CapacityPoint, ...]
    sla: CapacitySla


class DrawnCurve(Struct, frozen=True):
    """A curve that somebody has drawn, to be told beside a measured one of the same profile."""

    profile: str
    points: tuple[tuple[int, int], ...]
    """Orders a second, and the 99th percentile in ns."""
    held_out: tuple[int, ...]
    """Loads that nothing of ours was fitted at."""
    ours_ns: tuple[int, ...]
    """What was measured at each of its loads."""
    text_per_s: int
    """Where the text beside it says that it crosses the limit, …"""
    crossing_linear_per_s: float
    crossing_log_per_s: float
    """… and where it does, by straight lines between its points, or by lines that are straight on a log axis."""


class FigureErrors(Struct, frozen=True):
    """How far off a figure's points are, as shares: in the median, at most, and where nothing was fitted."""

    median: float
    largest: float
    held_out: float

    @property
    def near(self) -> bool:
        """Whether all three are as near as was asked for."""
        return self.median <= 0.15 and self.largest <= 0.35 and self.held_out <= 0.20
