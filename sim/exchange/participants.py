"""Everybody else: a market maker round a fair value, and traders who know nothing. They keep books alive."""

from collections import deque
from collections.abc import Callable, Generator
from math import log
from typing import Any, Final, NamedTuple, Protocol

from msgspec import Struct

from squall.sim.exchange.book import Resting
from squall.sim.exchange.engine import Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.wire.messages import Side

SECOND: Final = 1_000_000_000
STUB_LOTS: Final = 100_000
"""Of the quote that a maker leaves standing far from the market when it has withdrawn."""


class Stream(Protocol):
    """Uniform numbers in [0, 1), in sequence, from a source of their own."""

    def random(self) -> float: ...


class VirtualTime(Protocol):
    """Whatever knows the time, in ns."""

    @property
    def now(self) -> Any: ...


class Scheduler(VirtualTime, Protocol):
    """What participants need of a simpy environment."""

    def process(self, generator: Generator[Any, Any, Any]) -> Any: ...
    def timeout(self, delay: int) -> Any: ...


class Worth(Protocol):
    """What the market believes a symbol is worth: a random walk, or the middle of a recording."""

    def at(self, now_ns: int) -> int:
        """In half ticks."""

    def depth(self) -> float:
        """The share of their usual size that makers are willing to show; below 1 they have withdrawn."""


class FairValue:
    """A random walk in half ticks on a fixed grid of time, and whatever drifts are installed.

    One for each symbol, shared by all venues. Steps belong to the grid, not to whoever asks, or how often.
    Times that are asked for must not go back.
    """

    def __init__(
        self,
        clock: VirtualTime,
        stream: Stream,
        start_half_ticks: int,
        grid_ns: int = SECOND // 4,
        move_probability: float = 0.4,
    ) -> None:
        """Each step of the grid moves by one half tick, up or down, with *move_probability*."""
        self._clock = clock
        self._stream = stream
        self._walk = start_half_ticks
        # A price slide may go deep, but a price stays a price, with room for a ladder under it.
        self._floor = max(start_half_ticks // 10, 1)
        self._grid_ns = grid_ns
        self._up = 1.0 - move_probability / 2
        self._down = move_probability / 2
        self._steps = 0
        self._drifts: list[int] = []
        self._depths: list[float] = []
        self._drifted = 0
        """In half ticks × ns / s: exact, so that it does not matter how often it is added up."""
        self._drifted_until_ns = 0

    def at(self, now_ns: int) -> int:
        steps = now_ns // self._grid_ns
        while self._steps < steps:
            self._steps += 1
            draw = self._stream.random()
            if draw < self._down:
                self._walk -= 1
            elif draw >= self._up:
                self._walk += 1
        self._drift_to(now_ns)
        return max(self._walk + self._drifted // SECOND, self._floor)

    def install(self, drift_half_ticks_per_s: int) -> Callable[[], None]:
        """Drift from now on, on top of all else; returns what ends it. What it moved stays moved."""
        self._drift_to(self._clock.now)
        self._drifts.append(drift_half_ticks_per_s)
        removed = False

        def remove() -> None:
            nonlocal removed
            if not removed:
                removed = True
                self._drift_to(self._clock.now)
                self._drifts.remove(drift_half_ticks_per_s)

        return remove

    def depth(self) -> float:
        return min(self._depths, default=1.0)

    def thin(self, share: float) -> Callable[[], None]:
        """Makers show this share of their size from now on, or less where another says so; returns what ends it."""
        depths = self._depths
        depths.append(share)
        removed = False

        def remove() -> None:
            nonlocal removed
            if not removed:
                removed = True
                depths.remove(share)

        return remove

    def _drift_to(self, now_ns: int) -> None:
        if now_ns > self._drifted_until_ns:
            self._drifted += sum(self._drifts) * (now_ns - self._drifted_until_ns)
            self._drifted_until_ns = now_ns


class Profile(Struct, frozen=True):
    """How lively a market is. Every event is at most one message on the feed."""

    events_per_s: float = 4.0
    """Of one symbol on one venue, on average; arrivals are Poisson."""
    ladder_levels: int = 5
    """The maker's, on each side."""
    touch_lots: int = 400
    """The least that the maker shows at its best price; each level behind it has half as much more."""
    market_order_share: float = 0.35
    """Of the noise; the rest are limit orders at the touch or a tick from it."""
    noise_lots_max: int = 60
    noise_lifetime_ns: int = 5 * SECOND
    noise_orders_max: int = 64


class Draws(NamedTuple):
    """The chance in one event: always five numbers, so that what the desk does moves nobody's luck."""

    kind: float
    side: float
    lots: float
    place: float
    spread: float


class Participants:
    """All of one symbol on one venue. The first ladder is placed when the engine opens, as one step."""

    def __init__(
        self,
        kernel: Scheduler,
        engine: MatchingEngine,
        listing: Listing,
        stream: Stream,
        worth: Worth,
        profile: Profile | None = None,
    ) -> None:
        self._kernel = kernel
        self._engine = engine
        self._symbol = listing.symbol
        self._tick = listing.tick_half_ticks
        self._stream = stream
        self._worth = worth
        self._profile = profile or Profile()
        self._mean_gap_ns = SECOND / self._profile.events_per_s
        self._quotes: dict[tuple[Side, int], Resting] = {}
        """The maker's orders, by side and price."""
        self._quotes_wanted = 0
        self._quoted_worth = 0
        self._depth = 1.0
        """What of its size the maker shows."""
        self._noise: deque[tuple[int, Resting]] = deque()
        """Traders' resting orders, with the time at which each loses patience, the oldest first."""
        engine.at_open(self._open)

    # --- the process ---

    def _open(self) -> None:
        self.step(self._draw())
        self._kernel.process(self._live())

    def _live(self) -> Generator[Any, Any, None]:
        while True:
            yield self._kernel.timeout(self._gap_ns())
            self.step(self._draw())

    def _gap_ns(self) -> int:
        return int(-log(1.0 - self._stream.random()) * self._mean_gap_ns) + 1

    def _draw(self) -> Draws:
        draw = self._stream.random
        return Draws(draw(), draw(), draw(), draw(), draw())

    def step(self, draws: Draws) -> None:
        """One event: whose patience is over leaves; then the maker mends its ladder, or somebody trades."""
        now_ns = self._kernel.now
        self._expire(now_ns)
        worth, depth = self._worth.at(now_ns), self._worth.depth()
        if depth != self._depth:
            self._withdraw_to(depth)
        if worth != self._quoted_worth or self._is_eaten():
            self._quote(worth, draws)
        else:
            self._trade(now_ns, draws)
        self._engine.publish(self._symbol)

    def _withdraw_to(self, depth: float) -> None:
        """Everybody takes their orders out, and begins anew with this share of the usual size."""
        self._depth = depth
        for _, resting in self._noise:
            self._engine.withdraw(self._symbol, resting)
        self._noise.clear()
        for quote in self._quotes.values():
            self._engine.withdraw(self._symbol, quote)
        self._quotes.clear()
        self._quoted_worth = 0

    # --- the maker ---

    def _is_eaten(self) -> bool:
        if len(self._quotes) < self._quotes_wanted:
            return True
        smallest = self._thinned(self._profile.touch_lots) // 2
        return any(quote.lots < smallest for quote in self._quotes.values())

    def _quote(self, worth: int, draws: Draws) -> None:
        """Keep what is right of the ladder, take out the rest, then fill the holes: it never meets itself."""
        self._quoted_worth = worth
        wanted = self._ladder(worth, draws)
        self._quotes_wanted = len(wanted)
        kept: dict[tuple[Side, int], Resting] = {}
        for place, quote in self._quotes.items():
            if place in wanted and 2 * quote.lots >= wanted[place]:
                kept[place] = quote
            else:
                self._engine.withdraw(self._symbol, quote)
        for place, lots in wanted.items():
            if place not in kept:
                side, price_half_ticks = place
                placed = self._engine.place(self._symbol, side, lots, price_half_ticks)
                if placed is not None:
                    kept[place] = placed
        self._quotes = kept

    def _ladder(self, worth: int, draws: Draws) -> dict[tuple[Side, int], int]:
        """Lots by side and price: a spread of one to three ticks about the worth, and ever more behind it."""
        tick = self._tick
        half_spread = tick // 2 if draws.spread < 0.5 else tick
        best_bid = (worth - half_spread) // tick * tick
        best_ask = -((-worth - half_spread) // tick) * tick
        lots = self._profile.touch_lots
        first = lots + int(draws.lots * lots)
        ladder: dict[tuple[Side, int], int] = {}
        for level in range(self._profile.ladder_levels):
            displayed = self._thinned(first + level * lots // 2)
            if best_bid - level * tick > 0:
                ladder[Side.BUY, best_bid - level * tick] = displayed
            ladder[Side.SELL, best_ask + level * tick] = displayed
        if self._depth < 1.0:
            ladder[Side.BUY, max(worth // 100 // tick, 1) * tick] = STUB_LOTS
            ladder[Side.SELL, worth * 10 // tick * tick] = STUB_LOTS
        return ladder

    def _thinned(self, lots: int) -> int:
        return lots if self._depth == 1.0 else max(int(lots * self._depth), 1)

    # --- the others ---

    def _expire(self, now_ns: int) -> None:
        noise = self._noise
        while noise and (noise[0][0] <= now_ns or len(noise) > self._profile.noise_orders_max):
            self._engine.withdraw(self._symbol, noise.popleft()[1])

    def _trade(self, now_ns: int, draws: Draws) -> None:
        side = Side.BUY if draws.side < 0.5 else Side.SELL
        lots = self._thinned(1 + int(draws.lots * self._profile.noise_lots_max))
        if draws.kind < self._profile.market_order_share:
            self._engine.place(self._symbol, side, lots, None)
            return
        resting = self._engine.place(self._symbol, side, lots, self._limit(side, draws))
        if resting is not None:
            self._noise.append((now_ns + self._profile.noise_lifetime_ns, resting))

    def _limit(self, side: Side, draws: Draws) -> int:
        """At the touch, a tick inside it where there is room, or a tick behind it."""
        bid, _, ask, _ = self._engine.touch(self._symbol)
        mine, theirs = (bid, ask) if side is Side.BUY else (ask, bid)
        tick = self._tick
        if not mine:
            return self._quoted_worth // tick * tick if side is Side.BUY else -(-self._quoted_worth // tick) * tick
        inside = mine + side.sign * tick
        if draws.place < 0.3 and theirs and inside != theirs:
            return inside
        behind = mine - side.sign * tick
        if draws.place > 0.8 and behind > 0:
            return behind
        return mine
