"""What more symbols, strategies or shards do to a desk."""

from msgspec import Struct


class ScalingPoint(Struct, frozen=True):
    """A desk with so many of something: how much it takes, and what gives way first."""

    count: int
    saturates_per_s: float
    """The highest load, evenly at random, that is worked off as it comes; known to one part in fifty."""
    bottleneck: str
    """The busiest core at that load."""
    utilisation: dict[str, float]
    """Of each kind of station the busiest of them, at that load."""
    bottleneck_law_per_s: float
    """One over what an order costs the station that it costs most: no desk of such stations takes more."""
    amdahl_per_s: float
    """One over what it would take if only the split part of an order's work were done side by side."""
    crossing_per_s: float | None = None
    """Where the curve passes the SLA, …"""
    crossing_ci_per_s: tuple[float, float] | None = None
    """… and where the bounds of its points do; None where one of them does not."""


class Scaling(Struct, frozen=True):
    """What more of something does to a stack: *by* symbols, strategies or shards."""

    by: str
    profile: str
    points: tuple[ScalingPoint, ...]
    usl_contention: float | None = None
    """Of the Universal Scalability Law through the points' saturation; None where too few say anything."""
    usl_coherency: float | None = None
