"""Exchange API time-outs, three kinds: the request is lost, the report is lost, or everything is just slow."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.exchange.rules import DISCARDED, PASS, Fate, Report, Request, Rules
from squall.sim.exchange.wire.messages import OrderStatusReport, OrderStatusRequest
from squall.sim.rng import Chance
from squall.sim.world import World


class _Lose:
    """Discards a share of requests, or of reports; questions about orders only where told to."""

    def __init__(self, name: str, chance: Chance, share: float, questions: bool, reports: bool, tally: Tally) -> None:
        self._name = name
        self._chance = chance
        self._share = share
        self._questions = questions
        self._reports = reports
        self._tally = tally

    def on_request(self, message: Request) -> Fate:
        if self._reports or not self._hits(message, type(message) is OrderStatusRequest):
            return PASS
        self._tally.touched("requests discarded")
        return DISCARDED

    def on_report(self, message: Report) -> Fate:
        if not self._reports or not self._hits(message, type(message) is OrderStatusReport):
            return PASS
        self._tally.touched("reports discarded")
        return DISCARDED

    def _hits(self, message: Request | Report, question: bool) -> bool:
        if question and not self._questions:
            return False
        return self._share >= 1.0 or self._chance.uniform(f"{self._name}/{message.identity}") < self._share


def _draws_of(venue: str, rules: Rules) -> str:
    """What keyed chance knows a rule at this venue by. One that overlaps another draws numbers of its own."""
    return f"api-loss/{venue}/{rules.in_force}"


class RequestsLost(FaultKind, frozen=True):
    """The venue's session takes the request, its application never sees it. *questions*: status queries too."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    questions: bool = False

    @property
    def kind(self) -> str:
        return "exchange API: requests lost"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = _draws_of(self.target, rules)
        return rules.install(_Lose(name, world.chance, self.share, self.questions, False, tally))


class ReportsLost(FaultKind, frozen=True):
    """The venue acts, and its report is never sent. *questions*: answers to status queries too."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    questions: bool = False

    @property
    def kind(self) -> str:
        return "exchange API: reports lost"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = _draws_of(self.target, rules)
        return rules.install(_Lose(name, world.chance, self.share, self.questions, True, tally))


class _Delay:
    """Holds every request back."""

    def __init__(self, delay_ns: int, tally: Tally) -> None:
        self._fate = Fate(delay_ns=delay_ns)
        self._tally = tally

    def on_request(self, message: Request) -> Fate:
        self._tally.touched("requests delayed")
        return self._fate

    def on_report(self, message: Report) -> Fate:
        return PASS


class ApiSlow(FaultKind, frozen=True):
    """The venue's application takes this much longer over every request."""

    place: ClassVar[str] = "venue"
    target: str
    delay_ns: int

    @property
    def kind(self) -> str:
        return "exchange API: slow"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if self.delay_ns <= 0:
            raise ValueError(f"{self.kind}: the delay must be above 0 ns, found {self.delay_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).install(_Delay(self.delay_ns, tally))


class PriceSlide(FaultKind, frozen=True):
    """The fair value of a symbol moves steadily, everywhere: down where the speed is negative."""

    place: ClassVar[str] = "symbol"
    target: str
    half_ticks_per_s: int

    @property
    def kind(self) -> str:
        return "market: prices slide"

    def check(self, world: World) -> None:
        world.fair_value(self.target)
        if not self.half_ticks_per_s:
            raise ValueError(f"{self.kind}: the speed must not be 0 half ticks a second")

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("fair value drifting")
        return world.fair_value(self.target).install(self.half_ticks_per_s)
