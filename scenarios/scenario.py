"""What a scenario is: a desk in a market, a workload, a plan of faults, and the promises to be judged."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from msgspec import Struct

from squall.faults.fault import Draw, Plan
from squall.scenarios.desk import Desk
from squall.scenarios.flow_figure import FlowFigure
from squall.scenarios.past import PastDays
from squall.scenarios.result import Verdict
from squall.scenarios.settings import SECOND, Settings
from squall.sim.trace import Record
from squall.system.domain.signals import Workload

if TYPE_CHECKING:
    from squall.scenarios.topology import Stage


class Ruling(Struct, frozen=True):
    """What a judge found at the end: a verdict, a sentence, and the first violating record where there is one."""

    verdict: Verdict
    detail: str
    at_ns: int | None = None
    seq: int | None = None


class Judge(Protocol):
    """Watches one run. It attached its watchers to the trace when it was made."""

    def ruling(self) -> Ruling:
        """What there is to say by now: asked at the end, and of the baseline just before the first fault."""


class Promise(Struct, frozen=True):
    """Something that has to hold. *kind* is safety, liveness, durability, reached or sla."""

    name: str
    kind: str
    judge: Callable[["Stage"], Judge]
    needs_faults: bool = False
    """Only a fault can bring it about: dropped when the scenario is run without its plan."""
    of_baseline: bool = False
    """Whether it has to hold before the first fault too, or the run proves nothing."""
    of_our_desk: bool = False
    """It reads the messages or files of Squall's own desk: refused where the scenario has another."""


class Docket:
    """Violations as they come: the first one is kept, the others are counted."""

    def __init__(self) -> None:
        self.violations = 0
        self._first: Ruling | None = None

    def violated(self, record: Record | None, detail: str) -> None:
        """Enter one; *record* is what shows it."""
        self.violations += 1
        if self._first is None:
            at_ns, seq = (record.at_ns, record.seq) if record is not None else (None, None)
            self._first = Ruling(Verdict.VIOLATED, detail, at_ns, seq)

    def ruling(self, held: str) -> Ruling:
        """The first violation, with how many more there were; or a pass, saying what was checked."""
        if self._first is None:
            return Ruling(Verdict.PASS, held)
        more = self.violations - 1
        if not more:
            return self._first
        detail = f"{self._first.detail} (and {more} more)"
        return Ruling(self._first.verdict, detail, self._first.at_ns, self._first.seq)


class Market(Struct, frozen=True):
    """What is traded where. With *recording*, exchange-a replays that file and the symbol is the recording's."""

    symbols: tuple[str, ...] = ("ACME", "BOLT")
    thin_venues: tuple[str, ...] = ()
    """Venues that show a quarter of the usual size, so that most orders go elsewhere."""
    dear_venues: tuple[str, ...] = ()
    """Venues that charge whoever takes three ticks a lot more than the others do."""
    stop_venues: tuple[str, ...] = ("exchange-b",)
    """Venues that keep stop orders; elsewhere they are the desk's own affair."""
    dark_pool: bool = False
    """Whether there is a dark pool too, which trades at the middle of what the other venues show."""
    recording: str | None = None
    past: PastDays | None = None
    """What the tick store has recorded of the days before this one; None: nothing."""
    second_carrier: bool = False
    """Whether there is a second way from the desk's order hosts to each venue, through a carrier's switch: twice as
    long. It is taken where the line itself is down, and `network.reroute` is on."""
    second_provider: bool = False
    """Whether another vendor tells of all venues too, on a line of its own: slower, and conflated."""


class Scenario(Struct, frozen=True):
    """All that decides a run, the seed apart."""

    workload: Workload = Workload()
    plan: Plan | Draw = ()
    promises: tuple[Promise, ...] = ()
    market: Market = Market()
    settings: Settings = Settings()
    duration_ns: int = 60 * SECOND
    """The whole run; the workload stops earlier, so that what is open can end."""
    swarm: bool = False
    """Rare but legal behaviours are forced, and ties at one instant are shuffled, as the seed draws them."""
    time_servers: int = 0
    """How many there are, for every host of the desk to set its clock by. Without, each keeps its offset and drift."""
    in_sites: bool = False
    """Whether Squall's own desk stands in two sites, rack by rack (`our_sites`), and not all on one switch."""
    desk: Desk | None = None
    """In place of Squall's own."""
    flow: FlowFigure | None = None
    """What the run's flow is drawn beside, where the scenario is about that."""


EXCHANGE_API: Final = "exchange API timeouts (38 %)"
NETWORK: Final = "network (28 %)"
INTERNAL_BUGS: Final = "internal bugs (18 %)"
DATA_FEED: Final = "data feed (12 %)"
HARDWARE: Final = "hardware (4 %)"
FAILURE_MODES: Final = (EXCHANGE_API, NETWORK, INTERNAL_BUGS, DATA_FEED, HARDWARE)
"""What fails in production, and its share of all incidents (figure 10.4)."""

Maker = TypeVar("Maker", bound=Callable[[], Scenario])


def scenario(
    proves: str, *, campaign: bool = False, canary: bool = False, stands_for: str = ""
) -> Callable[[Maker], Maker]:
    """Say what a scenario proves. Nothing else: `squall list` finds scenarios by walking the library.

    *campaign*: small enough (at most 3,000 messages) to be run on thousands of seeds; `squall campaign` without names
    runs these. *canary*: it must be violated, to show that a campaign would have found something. *stands_for*: what
    fails in production, or the bad day, that it is about.
    """

    def attach(maker: Maker) -> Maker:
        # Attributes of the function, read by `find`.
        maker.proves = proves  # type: ignore[attr-defined]
        maker.campaign = campaign  # type: ignore[attr-defined]
        maker.canary = canary  # type: ignore[attr-defined]
        maker.stands_for = stands_for  # type: ignore[attr-defined]
        return maker

    return attach
