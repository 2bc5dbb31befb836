"""Everybody else in a dark pool: they come, wait for a while for somebody to meet, and leave."""

from collections import deque
from collections.abc import Generator
from math import log
from typing import Any, Final, NamedTuple

from msgspec import Struct

from squall.sim.exchange.dark_pool import DarkPool, Hidden
from squall.sim.exchange.engine import Listing
from squall.sim.exchange.participants import SECOND, Scheduler, Stream, Worth
from squall.sim.exchange.wire.messages import Side

LIMIT_TICKS: Final = 3
"""A participant with a limit sets it so many ticks about what it believes a symbol is worth, at most."""


class DarkProfile(Struct, frozen=True):
    """How much there is to meet. Nobody hears of any of it but who trades with it."""

    events_per_s: float = 3.0
    """Orders of one symbol, on average; arrivals are Poisson."""
    lots_max: int = 80
    min_share: float = 0.25
    """Of the participants that want at least half of their quantity at once."""
    limit_share: float = 0.3
    patience_ns: int = 2 * SECOND
    orders_max: int = 32


class DarkDraws(NamedTuple):
    """The chance in one event: always five numbers, so that what the desk does moves nobody's luck."""

    side: float
    lots: float
    least: float
    limit: float
    place: float


class DarkParticipants:
    """All of one symbol in one pool."""

    def __init__(
        self,
        kernel: Scheduler,
        pool: DarkPool,
        listing: Listing,
        stream: Stream,
        worth: Worth,
        profile: DarkProfile | None = None,
    ) -> None:
        self._kernel = kernel
        self._pool = pool
        self._symbol = listing.symbol
        self._tick = listing.tick_half_ticks
        self._stream = stream
        self._worth = worth
        self._profile = profile or DarkProfile()
        self._waiting: deque[tuple[int, Hidden]] = deque()
        """With the time at which each loses patience, the oldest first."""
        pool.at_open(self._open)

    def _open(self) -> None:
        self._kernel.process(self._live())

    def _live(self) -> Generator[Any, Any, None]:
        mean_gap_ns = SECOND / self._profile.events_per_s
        while True:
            yield self._kernel.timeout(int(-log(1.0 - self._stream.random()) * mean_gap_ns) + 1)
            draw = self._stream.random
            self.step(DarkDraws(draw(), draw(), draw(), draw(), draw()))

    def step(self, draws: DarkDraws) -> None:
        """One event: whose patience is over leaves, then somebody comes."""
        now_ns, profile, waiting = self._kernel.now, self._profile, self._waiting
        while waiting and (waiting[0][0] <= now_ns or len(waiting) >= profile.orders_max):
            self._pool.withdraw(self._symbol, waiting.popleft()[1])
        side = Side.BUY if draws.side < 0.5 else Side.SELL
        lots = 1 + int(draws.lots * profile.lots_max)
        least_lots = (lots + 1) // 2 if draws.least < profile.min_share else 0
        limit = self._limit(now_ns, draws) if draws.limit < profile.limit_share else None
        hidden = self._pool.place(self._symbol, side, lots, limit, least_lots)
        if hidden.lots:
            waiting.append((now_ns + profile.patience_ns, hidden))

    def _limit(self, now_ns: int, draws: DarkDraws) -> int:
        tick = self._tick
        off_ticks = int(draws.place * (2 * LIMIT_TICKS + 1)) - LIMIT_TICKS
        return max(self._worth.at(now_ns) // tick + off_ticks, 1) * tick
