"""What a run leaves behind: verdicts, effects, figures and the series that a report draws."""

from collections.abc import Iterable
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


class Size(Struct, frozen=True):
    """How much of everything a run needs to show its violation."""

    faults: int
    orders: int
    """That the strategy sent."""
    duration_ns: int


class Shrinking(Struct, frozen=True):
    """How far a violation could be shrunk."""

    promise: str
    before: Size
    after: Size
    runs: int
    """How many it took."""
    spent: bool
    """Whether the budget of runs ended the search: then it may go on shrinking."""


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


class SeedFailure(Struct, frozen=True):
    """One promise that one seed broke: *how* is the detail without what differs from seed to seed."""

    promise: str
    how: str
    detail: str
    at_ns: int | None


class SeedResult(Struct, frozen=True):
    """What a campaign keeps of one run."""

    scenario: str
    seed: int
    outcome: str
    """A verdict's value; or *died*, *hung*, *failed*, *nondeterminism* where a seed got none."""
    digest: str = ""
    messages: int = 0
    wall_s: float = 0.0
    touched: int = 0
    """How many of its faults touched something."""
    unreached: bool = False
    """Inconclusive, and only because conditions that the scenario is to reach did not come about."""
    detail: str = ""
    """Why it is inconclusive, or got no verdict."""
    failures: tuple[SeedFailure, ...] = ()
    """The earliest first; those without a time of their own last."""
    reached: dict[str, bool] = {}
    """Each condition that the scenario is to reach, and whether it came about."""
    behaviours: dict[str, int] = {}
    """What was seen, and how often."""


class ScenarioTally(Struct, frozen=True):
    """All seeds of one scenario. *verdict* is that of a campaign of this scenario alone."""

    scenario: str
    verdict: Verdict
    seeds: int
    passed: int
    violated: int
    inconclusive: int
    """All of them, *unreached* among them."""
    unreached: int
    """Inconclusive for a condition that did not come about in that seed: not held against the scenario."""
    lost: int
    """Seeds without a verdict."""
    messages: int
    wall_s: float
    never_reached: tuple[str, ...]
    """Conditions that came about in no seed at all."""
    canary: bool


class FailureGroup(Struct, frozen=True):
    """Seeds that failed alike: what broke first, how, and the seed that shows it most simply."""

    promise: str
    how: str
    seeds: int
    scenarios: tuple[str, ...]
    also: tuple[str, ...]
    """Promises that broke after it in some of these seeds."""
    scenario: str
    seed: int
    detail: str
    touched: int
    messages: int
    at_ns: int | None
    command: str
    """The line that runs the simplest seed again."""


class Behaviour(Struct, frozen=True):
    """Something that the campaign saw happen: in how many seeds, how often, and where first."""

    name: str
    seeds: int
    times: int
    scenario: str
    seed: int


class LostSeed(Struct, frozen=True):
    """A seed that got no verdict: its process died, it hung, or something of ours or the user's failed."""

    scenario: str
    seed: int
    outcome: str
    detail: str


class CampaignResult(Struct, frozen=True):
    """What many seeds of many scenarios came to: all that the reports of a campaign are made from."""

    verdict: Verdict
    seeds: int
    """Seeds that were run, lost ones among them: now or, with *kept*, before."""
    kept: int
    """Those of them that were in the file already."""
    asked: int
    interrupted: bool
    jobs: int
    wall_s: float
    scenarios: tuple[ScenarioTally, ...]
    groups: tuple[FailureGroup, ...]
    lost: tuple[LostSeed, ...]
    """The first few of them; the tallies have the number."""
    nondeterminism: bool
    """Whether the guard stopped a seed."""
    behaviours: tuple[Behaviour, ...]
    novelty: tuple[tuple[int, int], ...]
    """How many seeds, and how many behaviours the last thousand of them (or fewer, at the end) were first to show."""
    versions: dict[str, str]


class OrderFate(Struct, frozen=True):
    """What became of one order, by the venues' records; where it never got there, by the desk's own word."""

    symbol: str
    buy: bool
    lots: int
    ended: str
    """filled, overfilled, cancelled, refused, denied, working, rejected by the desk, or where the desk left it."""
    filled_lots: int
    price_half_ticks: float | None
    """Average of its executions; None without one."""
    accepted: int
    """How often a venue took it: more than once, and it was sent twice."""
    doubted: bool
    """For a time the desk did not know whether it was at a venue."""


class OrderDifference(Struct, frozen=True):
    """An order whose fate differs. None where it was never submitted."""

    cl_ord_id: str
    first: OrderFate | None
    second: OrderFate | None


class OrderDelay(Struct, frozen=True):
    """An order that took longer, or less long, to reach a venue: from its submission to the first that took it."""

    cl_ord_id: str
    first_ns: int
    second_ns: int


class Arm(Struct, frozen=True):
    """One of two runs that are compared."""

    label: str
    verdict: Verdict
    digest: str
    violated: tuple[str, ...]
    """Promises that were broken."""
    figures: dict[str, int | float | None]
    """Counts, latencies and money; names carry units, and None is where there was nothing to measure."""


class Comparison(Struct, frozen=True):
    """The same seed twice, with one thing changed."""

    scenario: str
    seed: int
    first: Arm
    second: Arm
    marks_half_ticks: dict[str, int]
    """The prices at which both arms' positions are marked: the market's at the end of the first arm."""
    orders: int
    """How many orders either arm had."""
    differing: tuple[OrderDifference, ...]
    """Those whose outcome or lots differ come first, then those that differ in price alone."""
    delayed: tuple[OrderDelay, ...] = ()
    """Those that reached a venue a millisecond or more later, or earlier: the largest change first."""


class HostState(Struct, frozen=True):
    """A machine at a moment. *streams* are its programs' open ones, as ``oms1 → router``."""

    host: str
    state: str
    """up, down or paused."""
    epoch: int
    disk_bytes: int
    unsynced_records: int
    streams: tuple[str, ...]


class HistoryStep(Struct, frozen=True):
    """One thing that happened to an order. *seq* is the record's, as in a trace file."""

    seq: int
    at_ns: int
    host: str
    words: str


class OrderHistory(Struct, frozen=True):
    """All that happened to one order so far."""

    cl_ord_id: str
    fate: OrderFate
    steps: tuple[HistoryStep, ...]


class Inspection(Struct, frozen=True):
    """Everything at a moment, just before what happens then."""

    scenario: str
    seed: int
    at_ns: int
    faults: tuple[FaultResult, ...]
    """Those in force, with what they have touched so far."""
    hosts: tuple[HostState, ...]
    services: dict[str, dict[str, Any]]
    """What each service knows, by address: plain values, names with units. Empty while it is down."""
    venues: dict[str, dict[str, Any]]
    order: OrderHistory | None = None


class PowerRow(Struct, frozen=True):
    """What is known of one broken build: how hard it is, and what the campaign made of it."""

    bug: str
    origin: str
    what: str
    stratum: str
    reference_runs: int
    reference_violated: int
    low: float
    """With *high*: 95 % around the share of violated runs, after Wilson."""
    high: float
    seeds: int
    """Of the real campaign."""
    found_at: int | None
    """How many of them it took, the last one included."""
    cpu_s: float
    """Of these, or of all where it was not found."""
    promise: str | None
    lost: int
    """Seeds of the campaign that came to no verdict: the build broke the run itself."""
    faults: int | None
    """In the smallest plan that still breaks the promise."""
    faults_before: int | None

    @property
    def p(self) -> float:
        """The share of the reference's runs that show it."""
        return self.reference_violated / self.reference_runs if self.reference_runs else 0.0


class PowerCourse(Struct, frozen=True):
    """One way of searching, over all bugs."""

    course: str
    bugs: int
    seeds: int
    """So many were spent on every bug that was not found before."""
    found: int
    """Within the seeds that all courses have in common."""
    missed: tuple[str, ...]
    median_seeds: float | None
    """Of those that were found."""
    cpu_s: float


class PowerControl(Struct, frozen=True):
    """Something that has to stay green, or to turn red, and whether it did."""

    control: str
    what: str
    runs: int
    violated: int
    ok: bool


class PowerResult(Struct, frozen=True):
    """A zoo, measured."""

    reference: str
    scenarios: tuple[str, ...]
    """Of the real campaign."""
    common_seeds: int
    """What the courses are compared within."""
    rows: tuple[PowerRow, ...]
    courses: tuple[PowerCourse, ...]
    controls: tuple[PowerControl, ...]
    code: str
    versions: dict[str, str]
