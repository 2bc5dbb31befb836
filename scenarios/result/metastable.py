"""Whether a desk comes back once what threw it off has gone."""

from enum import Enum

from msgspec import Struct


class Region(Enum):
    """What a load is like (the words of Bronson and others, "Metastable failures in distributed systems", 2021)."""

    STABLE = "stable"
    """It comes back by itself."""
    VULNERABLE = "vulnerable"
    """It is sound until something triggers it, and then stays down though the trigger has gone."""
    OVERLOADED = "overloaded"
    """It is not sound to begin with."""


class Window(Struct, frozen=True):
    """The orders that were meant within one stretch of time."""

    start_ns: int
    """Since the load began."""
    p99_ns: int
    """From when they were meant to the wire; an hour, where one of a hundred never got there."""
    in_time: float
    """The share that was on the wire before its first time-out."""
    sends_per_order: float


class MetastablePoint(Struct, frozen=True):
    """One load: before the trigger, and at the end of the time that the desk has to come back."""

    rate_per_s: float
    region: Region
    in_time_before: float
    in_time_after: float
    sends_per_order_after: float
    p99_before_ns: int
    p99_after_ns: int
    recovered_after_ns: int | None
    """Since the trigger was gone, in the slowest replication; None where one of them did not."""
    windows: tuple[Window, ...]
    """Of the replication that fared worst."""


class Metastable(Struct, frozen=True):
    """One stack, one trigger, one way to repeat what was not answered."""

    profile: str
    trigger: str
    """In words."""
    trigger_start_ns: int
    trigger_end_ns: int
    within_ns: int
    """How long it has to come back."""
    timeout_ns: int
    retries: int
    """How often an order is repeated at most."""
    budget_percent: int | None
    """Protection: repeats are at most this share of first sends."""
    most_inside: int | None
    """Protection: what comes while so many copies are in the desk is turned away."""
    replications: int
    points: tuple[MetastablePoint, ...]

    def first(self, region: Region) -> float | None:
        """The lowest load tried that is in this region; None where none is."""
        return min((point.rate_per_s for point in self.points if point.region is region), default=None)
