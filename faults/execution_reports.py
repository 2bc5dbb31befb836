"""Reports that come more often than once, later than they should, or in another order than things happened."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.exchange.rules import PASS, Fate, Report, Request, Rules
from squall.sim.exchange.wire.messages import ExecType, ExecutionReport
from squall.sim.rng import Chance
from squall.sim.world import World


class _OnReports:
    """Gives a share of the reports this fate: of all of them, or of acknowledgements only."""

    def __init__(
        self, name: str, chance: Chance, fate: Fate, touches: str, tally: Tally, share: float, acknowledgements: bool
    ) -> None:
        self._name = name
        self._chance = chance
        self._fate = fate
        self._touches = touches
        self._tally = tally
        self._share = share
        self._acknowledgements = acknowledgements

    def on_request(self, message: Request) -> Fate:
        return PASS

    def on_report(self, message: Report) -> Fate:
        if self._acknowledgements and not (type(message) is ExecutionReport and message.exec_type is ExecType.NEW):
            return PASS
        if self._share < 1.0 and self._chance.uniform(f"{self._name}/{message.identity}") >= self._share:
            return PASS
        self._tally.touched(self._touches)
        return self._fate


def _install(
    world: World, venue: str, fate: Fate, touches: str, tally: Tally, share: float = 1.0, acknowledgements: bool = False
) -> Heal:
    rules: Rules = world.venue(venue)
    name = f"{touches}/{venue}/{rules.next_number}"
    return rules.install(_OnReports(name, world.chance, fate, touches, tally, share, acknowledgements))


def _check_delay(kind: str, delay_ns: int) -> None:
    if delay_ns <= 0:
        raise ValueError(f"{kind}: the delay must be above 0 ns, found {delay_ns}")


class DuplicateReports(FaultKind, frozen=True):
    """A share of the reports is sent twice: the second time right behind the first, or *delay_ns* after it."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    delay_ns: int = 0

    @property
    def kind(self) -> str:
        return "exchange API: duplicate reports"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        if self.delay_ns < 0:
            raise ValueError(f"{self.kind}: the second one comes after the first, found {self.delay_ns} ns")

    def inject(self, world: World, tally: Tally) -> Heal:
        fate = Fate(repeats_ns=(self.delay_ns,))
        return _install(world, self.target, fate, "reports repeated", tally, self.share)


class OutOfOrderReports(FaultKind, frozen=True):
    """A share of the reports is held back for a while, and what happened after them is told before them."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 0.5
    delay_ns: int = 5_000_000

    @property
    def kind(self) -> str:
        return "exchange API: out-of-order reports"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        _check_delay(self.kind, self.delay_ns)

    def inject(self, world: World, tally: Tally) -> Heal:
        fate = Fate(delay_ns=self.delay_ns, overtaken=True)
        return _install(world, self.target, fate, "reports overtaken", tally, self.share)


class LateReports(FaultKind, frozen=True):
    """Every report comes this much later than what it tells of, in the order in which it happened."""

    place: ClassVar[str] = "venue"
    target: str
    delay_ns: int

    @property
    def kind(self) -> str:
        return "exchange API: late reports"

    def check(self, world: World) -> None:
        world.venue(self.target)
        _check_delay(self.kind, self.delay_ns)

    def inject(self, world: World, tally: Tally) -> Heal:
        return _install(world, self.target, Fate(delay_ns=self.delay_ns), "reports late", tally)


class AckAfterFill(FaultKind, frozen=True):
    """Acknowledgements come this much later, and nothing else does: an order's fills are told before it."""

    place: ClassVar[str] = "venue"
    target: str
    delay_ns: int = 5_000_000

    @property
    def kind(self) -> str:
        return "exchange API: ack after fill"

    def check(self, world: World) -> None:
        world.venue(self.target)
        _check_delay(self.kind, self.delay_ns)

    def inject(self, world: World, tally: Tally) -> Heal:
        fate = Fate(delay_ns=self.delay_ns, overtaken=True)
        return _install(world, self.target, fate, "acknowledgements late", tally, acknowledgements=True)
