"""Market data that is about something else: what was so some time ago, or what another symbol does."""

from collections import deque
from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.faults.feed import draws_of
from squall.faults.feed_lies import Truth
from squall.sim.exchange.feed_rules import SENT, Falsehood, FeedFate, Levels
from squall.sim.exchange.wire.messages import Level
from squall.sim.kernel import Kernel
from squall.sim.rng import Chance
from squall.sim.world import World


class _Again:
    """Tells the truth for *back_ns*, and from then on each symbol's book as it was so long ago, stamps and all."""

    def __init__(self, kernel: Kernel, back_ns: int, tally: Tally) -> None:
        self._kernel = kernel
        self._back_ns = back_ns
        self._since_ns = kernel.now_ns
        self._past: dict[str, deque[tuple[int, Levels]]] = {}
        self._told: dict[str, Levels] = {}
        self._tally = tally

    def content(self, symbol: str, seq: int, truth: Truth) -> Falsehood | None:
        now_ns = self._kernel.now_ns
        past = self._past.setdefault(symbol, deque())
        past.append((now_ns, truth()))
        then_ns = now_ns - self._back_ns
        while len(past) > 1 and past[1][0] <= then_ns:
            past.popleft()
        at_ns, levels = past[0]
        if then_ns < self._since_ns or at_ns > then_ns:
            return None
        before = self._told.get(symbol, past[-1][1])
        self._told[symbol] = levels
        self._tally.touched("updates from the past")
        return Falsehood(_instead(before, levels), alone=True, stamp_ns=at_ns)

    def on_update(self, line: str, seq: int) -> FeedFate:
        return SENT

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        return SENT


def _instead(before: Levels, after: Levels) -> Levels:
    """What makes one book of another."""
    lots = {(level.side, level.price_half_ticks): 0 for level in before}
    lots.update({(level.side, level.price_half_ticks): level.lots for level in after})
    return tuple(Level(*place, here) for place, here in lots.items())


class FeedReplays(FaultKind, frozen=True):
    """The publisher plays again what it has sent before, so long ago, with new numbers and its old stamps.

    What happens in the first *back_ns* of the fault is what it plays.
    """

    place: ClassVar[str] = "venue"
    target: str
    back_ns: int

    @property
    def kind(self) -> str:
        return "market data: replayed"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if self.back_ns <= 0:
            raise ValueError(f"{self.kind}: it must go back above 0 ns, found {self.back_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).feed.install(_Again(world.kernel, self.back_ns, tally))


class _Misnamed:
    """Tells a share of the steps as those of a symbol that nobody has heard of."""

    def __init__(self, draws: str, chance: Chance, share: float, tally: Tally) -> None:
        self._draws = draws
        self._chance = chance
        self._share = share
        self._tally = tally

    def content(self, symbol: str, seq: int, truth: Truth) -> Falsehood | None:
        if self._chance.uniform(f"{self._draws}/{seq}") >= self._share:
            return None
        self._tally.touched("updates misnamed")
        return Falsehood(truth(), alone=True, symbol=f"{symbol}.OLD")

    def on_update(self, line: str, seq: int) -> FeedFate:
        return SENT

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        return SENT


class FeedMisnamed(FaultKind, frozen=True):
    """A share of the updates bears a symbol that the venue does not list; the next one of the right name sets it right.

    What a symbol was called before it was renamed: whoever passes over what he does not know, misses it.
    """

    place: ClassVar[str] = "venue"
    target: str
    share: float = 0.2

    @property
    def kind(self) -> str:
        return "market data: wrong symbol"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        draws = draws_of("feed-misnamed", self.target, rules)
        return rules.install(_Misnamed(draws, world.chance, self.share, tally))
