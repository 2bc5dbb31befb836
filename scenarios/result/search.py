"""What many runs come to: a campaign's groups of failures, a shrunken violation, a row of the proof."""

from msgspec import Struct

from squall.scenarios.result.run import Verdict


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
