"""Market data that is wrong: prices and sizes that cannot be, books that cross or lock, a price that stands still."""

from collections.abc import Callable
from typing import ClassVar, Final

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.faults.feed import draws_of
from squall.sim.exchange.feed_rules import SENT, Falsehood, FeedFate, Levels
from squall.sim.exchange.wire.messages import Level, Side
from squall.sim.rng import Chance
from squall.sim.world import World

TICK_HALF_TICKS: Final = 2
Truth = Callable[[], Levels]


class _Lie:
    """Falsifies a share of the steps."""

    def __init__(
        self, draws: str, chance: Chance, share: float, false: Callable[[Levels, float], Levels | None], tally: Tally
    ) -> None:
        """*false*: from the whole book and a draw to what is told instead; None where nothing can be made of it."""
        self._draws = draws
        self._chance = chance
        self._share = share
        self._false = false
        self._tally = tally

    def content(self, symbol: str, seq: int, truth: Truth) -> Falsehood | None:
        if self._chance.uniform(f"{self._draws}/{seq}") >= self._share:
            return None
        levels = self._false(truth(), self._chance.uniform(f"{self._draws}/{seq}/how"))
        if levels is None:
            return None
        self._tally.touched("updates falsified")
        return Falsehood(levels)

    def on_update(self, line: str, seq: int) -> FeedFate:
        return SENT

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        return SENT


def _best(levels: Levels, side: Side) -> Level | None:
    """Books are told best price first on each side."""
    return next((level for level in levels if level.side is side), None)


def _crossing(levels: Levels, draw: float) -> Levels | None:
    """A bid above the best ask, or an ask below the best bid."""
    side = Side.BUY if draw < 0.5 else Side.SELL
    facing = _best(levels, side.other)
    if facing is None or facing.price_half_ticks <= TICK_HALF_TICKS:
        return None
    return (Level(side, facing.price_half_ticks + side.sign * TICK_HALF_TICKS, facing.lots),)


class FeedCrossed(FaultKind, frozen=True):
    """A share of the updates tells a bid above the best ask, or an ask below the best bid; the next one recants."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 0.2

    @property
    def kind(self) -> str:
        return "market data: crossed"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        draws = draws_of("feed-crossed", self.target, rules)
        return rules.install(_Lie(draws, world.chance, self.share, _crossing, tally))


def _locking(levels: Levels, draw: float) -> Levels | None:
    """A bid at the best ask, or an ask at the best bid."""
    side = Side.BUY if draw < 0.5 else Side.SELL
    facing = _best(levels, side.other)
    return None if facing is None else (Level(side, facing.price_half_ticks, facing.lots),)


class FeedLocked(FaultKind, frozen=True):
    """A share of the updates tells a bid at the best ask, or an ask at the best bid; the next one recants."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 0.2

    @property
    def kind(self) -> str:
        return "market data: locked"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        draws = draws_of("feed-locked", self.target, rules)
        return rules.install(_Lie(draws, world.chance, self.share, _locking, tally))


def _impossible(levels: Levels, draw: float) -> Levels | None:
    """An offer at nothing, a bid below it, or a size below zero at the best bid."""
    best = _best(levels, Side.BUY)
    if best is None or draw < 0.4:
        return (Level(Side.SELL, 0, 100),)
    return (Level(Side.BUY, -TICK_HALF_TICKS, 100),) if draw < 0.6 else (Level(Side.BUY, best.price_half_ticks, -100),)


class FeedImpossible(FaultKind, frozen=True):
    """A share of the updates tells a price of zero or less, or a size below zero; the next one recants."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 0.2

    @property
    def kind(self) -> str:
        return "market data: zero or negative"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        draws = draws_of("feed-impossible", self.target, rules)
        return rules.install(_Lie(draws, world.chance, self.share, _impossible, tally))


class BadTick(FaultKind, frozen=True):
    """A share of the updates tells both best prices off by a factor, up or down, and no other; the next one recants.

    A decimal point in the wrong place: the book does not cross, and looks like a bargain to one side.
    """

    place: ClassVar[str] = "venue"
    target: str
    share: float = 0.2
    factor: float = 10.0

    @property
    def kind(self) -> str:
        return "market data: bad tick"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        if not 1.0 < self.factor <= 1_000.0:
            raise ValueError(f"{self.kind}: the factor must be above 1 and at most 1000, found {self.factor}")

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        draws = draws_of("bad-tick", self.target, rules)
        return rules.install(_Lie(draws, world.chance, self.share, self._off_by_the_factor, tally))

    def _off_by_the_factor(self, levels: Levels, draw: float) -> Levels | None:
        best = tuple(level for level in (_best(levels, Side.BUY), _best(levels, Side.SELL)) if level is not None)
        factor = self.factor if draw < 0.5 else 1.0 / self.factor
        false = {(level.side, _on_grid(level.price_half_ticks * factor)): level.lots for level in best}
        gone = ((level.side, level.price_half_ticks) for level in levels)
        return (
            *(Level(*place, 0) for place in gone if place not in false),
            *(Level(*place, lots) for place, lots in false.items()),
        ) or None


def _on_grid(price_half_ticks: float) -> int:
    return max(int(price_half_ticks) // TICK_HALF_TICKS, 1) * TICK_HALF_TICKS


class _SameAgain:
    """Tells each symbol's best prices as they were, over and over."""

    def __init__(self, tally: Tally) -> None:
        self._told: dict[str, Levels] = {}
        self._tally = tally

    def content(self, symbol: str, seq: int, truth: Truth) -> Falsehood | None:
        told = self._told.get(symbol)
        if told is None:
            levels = truth()
            best = (_best(levels, Side.BUY), _best(levels, Side.SELL))
            self._told[symbol] = tuple(level for level in best if level is not None)
            return None
        self._tally.touched("updates the same")
        return Falsehood(told, alone=True)

    def on_update(self, line: str, seq: int) -> FeedFate:
        return SENT

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        return SENT


class FeedStuck(FaultKind, frozen=True):
    """The feed goes on, numbers and all, and tells the same best prices again and again, whatever happens."""

    place: ClassVar[str] = "venue"
    target: str

    @property
    def kind(self) -> str:
        return "market data: stuck"

    def check(self, world: World) -> None:
        world.venue(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).feed.install(_SameAgain(tally))
