"""What one run leaves behind: verdicts, effects, figures and the series that a report draws."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

from msgspec import Struct

from squall.scenarios.result.flow import FlowChart


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


def gravest(checks: Iterable[CheckResult]) -> CheckResult | None:
    """The violation to look at first: of a safety promise, where one broke, and the one that shows earliest."""
    violated = [check for check in checks if check.verdict is Verdict.VIOLATED]
    return min(violated, key=lambda check: (check.kind != "safety", check.seq is None, check.seq or 0), default=None)


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
    """What led to the violation that *told* names."""
    lanes: tuple[Lane, ...]
    latencies: tuple[LatencySeries, ...]
    counts: tuple[CountSeries, ...]
    checkpoints: tuple[str, ...] = ()
    told: str | None = None
    """The broken promise that the story is about, where there is a story."""
    flow: FlowChart | None = None
    """Where the scenario is about it, or it was asked for."""
