"""What a run leaves behind: verdicts, effects, figures and the series that a report draws."""

from enum import Enum
from typing import Any

from msgspec import Struct


class Verdict(Enum):
    PASS = "pass"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"


class CheckResult(Struct, frozen=True):
    """How one promise fared. *at_ns* and *seq* name the first violating record, where there is one."""

    name: str
    kind: str
    """safety, liveness, reached, sla, durability"""
    verdict: Verdict
    detail: str
    at_ns: int | None = None
    seq: int | None = None


class FaultResult(Struct, frozen=True):
    kind: str
    target: str
    start_ns: int
    end_ns: int
    effects: int
    """How many requests, packets, hosts … it touched."""
    what: str = ""
    """The effects in words, as in ``41 requests discarded``."""


class Span(Struct, frozen=True):
    """A stretch of a lane; *tone* is good, warn, bad or idle."""

    start_ns: int
    end_ns: int
    state: str
    tone: str


class Lane(Struct, frozen=True):
    """One row of the timeline, as in ``breaker exchange-a``."""

    name: str
    spans: tuple[Span, ...]


class LatencySeries(Struct, frozen=True):
    """Percentiles of one span of the order's way, per bucket of time; None where a bucket has no order."""

    metric: str
    bucket_ns: int
    p50_ns: tuple[int | None, ...]
    p99_ns: tuple[int | None, ...]
    max_ns: tuple[int | None, ...]


class CountSeries(Struct, frozen=True):
    """How many of something per bucket of time."""

    name: str
    bucket_ns: int
    counts: tuple[int, ...]


class CausalStep(Struct, frozen=True):
    """One link of the chain that led to a violation, oldest first, in plain words."""

    seq: int
    at_ns: int
    host: str
    words: str


class RunResult(Struct, frozen=True):
    """Everything that the summary, the JSON and the HTML page are made from."""

    scenario: str
    proves: str
    seed: int
    verdict: Verdict
    digest: str
    virtual_ns: int
    events: int
    records: int
    messages: int
    wall_s: float
    """Of this run, on this machine: never part of a report that has to be byte-identical."""
    checks: tuple[CheckResult, ...]
    faults: tuple[FaultResult, ...]
    metrics: dict[str, Any]
    versions: dict[str, str]
    replay_command: str
    story: tuple[CausalStep, ...]
    lanes: tuple[Lane, ...]
    latencies: tuple[LatencySeries, ...]
    counts: tuple[CountSeries, ...]
    checkpoints: tuple[str, ...] = ()


class ProveRow(Struct, frozen=True):
    """One protection, put to the proof: the same scenario with it and without it."""

    protection: str
    """Its path in the configuration, as in ``breaker.enabled``."""
    scenario: str
    promise: str
    """The promise that has to break once the protection is off."""
    verdict_on: Verdict
    verdict_off: Verdict
    violated_by: str | None
    """The promise that broke first without the protection, if any did."""
    acted: int
    """How often the protection was seen to act while it was on."""
    ok: bool
    settings: tuple[str, ...] = ()
    """Settings fixed in both arms, as in ``breaker.failure_threshold=3``."""


class CapacityPoint(Struct, frozen=True):
    """Latency at one offered load. *p99_ci_ns* is the interval of confidence around the 99th percentile."""

    rate_per_s: float
    p50_ns: int
    p99_ns: int
    p999_ns: int
    p99_ci_ns: tuple[int, int]
    throughput_per_s: float
    utilisation: dict[str, float]


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
