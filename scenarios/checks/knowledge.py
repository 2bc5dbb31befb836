"""What the desk's algorithms can have known of prices and tapes: what venues showed, and what they were told of it."""

from collections import deque
from typing import Final

from msgspec import Struct

from squall.scenarios.checks.lives import on_new_life
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, TouchChanged
from squall.system.domain.claims import FeedMoved
from squall.system.domain.messages import AskHistory, HistoryTold, Statistic, Tick
from squall.system.domain.providers import Provider

CLOCKS_NS: Final = 2_000_000
"""How far the clocks of the desk and of the world may be apart, with the way from a venue to it."""
MEMORY_NS: Final = 500_000_000
"""How late the desk may hear what venues show."""
IN_SEQUENCE: Final = "in sequence"
PROVIDERS: Final = tuple(provider.value for provider in Provider)
"""Whom the desk listens to is said in the same way; how the venue's own feed is stays as it was."""


class Prices(Struct, frozen=True):
    """Which middles venues showed about some time, doubled; and whether the algorithms had been told of any."""

    twice: list[int]
    known: bool


class Middles:
    """The middles of the best touch of all venues, as they were in the last half second."""

    def __init__(self) -> None:
        self._touches: dict[str, tuple[int, int]] = {}
        self._past: deque[tuple[int, int]] = deque()

    def show(self, at_ns: int, event: TouchChanged) -> None:
        """A venue's touch has changed."""
        if event.bid_half_ticks and event.ask_half_ticks:
            self._touches[event.venue] = (event.bid_half_ticks, event.ask_half_ticks)
        else:
            self._touches.pop(event.venue, None)
        if self._touches:
            bids, asks = zip(*self._touches.values(), strict=True)
            self._past.append((at_ns, max(bids) + min(asks)))
        while len(self._past) > 1 and self._past[1][0] <= at_ns - MEMORY_NS:
            self._past.popleft()

    def lately(self, now_ns: int) -> list[int]:
        """Those of the half second until now, doubled; what stood when it began is one of them."""
        from_ns = now_ns - MEMORY_NS
        stood = [twice for at_ns, twice in self._past if at_ns <= from_ns][-1:]
        return [*stood, *(twice for at_ns, twice in self._past if at_ns > from_ns)]

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._past)


class Sights:
    """Whether the algorithms have been told of a price with two sides: what they handled of each book, last."""

    def __init__(self, stage: Stage) -> None:
        assert stage.wiring.algos is not None, "no client has a report from anybody else"
        self._algos = stage.wiring.algos
        self._forget()
        on_new_life(stage, self._algos, self._forget)
        stage.world.trace.watch(self._on_tick, Handled, Tick)

    def _forget(self) -> None:
        self._ticks: dict[str, dict[str, Tick]] = {}

    def _on_tick(self, record: Record) -> None:
        tick: Tick = record.event.message
        if record.event.to != self._algos:
            return
        by_venue = self._ticks.setdefault(tick.symbol, {})
        last = by_venue.get(tick.venue)
        if last is None or last.stale or tick.seq >= last.seq or (tick.stale and not tick.seq):
            by_venue[tick.venue] = tick

    def knows(self, symbol: str) -> bool:
        """Some book shows a bid, and some book an ask, and neither is stale."""
        return bool(self.middle_twice(symbol))

    def middle_twice(self, symbol: str) -> list[int]:
        """The middle of what they believe, doubled: where a venue's book is stale to them, by the others alone."""
        fresh = [tick for tick in self._ticks.get(symbol, {}).values() if not tick.stale]
        bids = [tick.bid_half_ticks for tick in fresh if tick.bid_lots]
        asks = [tick.ask_half_ticks for tick in fresh if tick.ask_lots]
        return [max(bids) + min(asks)] if bids and asks else []


class Feeds:
    """Whether market data followed all venues' feeds: what is traded beside that is on no tape of the desk's.

    Its own word is taken for it; a desk that always had a gap would have nothing but stale books.
    """

    def __init__(self, stage: Stage) -> None:
        self._states: dict[str, bool] = {}
        self._past: list[tuple[int, bool]] = []
        stage.world.trace.watch_claims(self._on_moved, FeedMoved)

    def _on_moved(self, record: Record) -> None:
        moved: FeedMoved = record.event
        if moved.state not in PROVIDERS:
            self._states[moved.venue] = moved.state == IN_SEQUENCE
            self._past.append((record.at_ns, all(self._states.values())))

    def followed(self, from_ns: int, to_ns: int) -> bool:
        """All the time."""
        before = [well for at_ns, well in self._past if at_ns <= from_ns]
        return all((*before[-1:], *(well for at_ns, well in self._past if from_ns < at_ns <= to_ns)))


class Answers:
    """What the tick store's answers that reached the algorithms are made of."""

    def __init__(self, stage: Stage) -> None:
        assert stage.wiring.algos is not None, "no client has a report from anybody else"
        self._algos = stage.wiring.algos
        self._forget()
        on_new_life(stage, self._algos, self._forget)
        stage.world.trace.watch(self._on_asked, Handled, AskHistory)
        stage.world.trace.watch(self._on_told, Handled, HistoryTold)

    def _forget(self) -> None:
        self._asked: dict[int, AskHistory] = {}
        self._told: list[tuple[AskHistory, int]] = []

    def _on_asked(self, record: Record) -> None:
        asked: AskHistory = record.event.message
        if record.event.sender == self._algos and asked.statistic is Statistic.VWAP:
            self._asked[asked.number] = asked

    def _on_told(self, record: Record) -> None:
        told: HistoryTold = record.event.message
        asked = self._asked.pop(told.number, None) if record.event.to == self._algos else None
        if asked is not None:
            self._told.append((asked, told.bars_missing))

    def missing(self, symbol: str, from_ns: int, to_ns: int) -> tuple[int, int] | None:
        """Of this time, whose end the desk's clocks may see otherwise: the least and the most that was answered."""
        found = [
            missing
            for asked, missing in self._told
            if (asked.symbol, asked.from_ns) == (symbol, from_ns) and abs(asked.to_ns - to_ns) <= CLOCKS_NS
        ]
        return (min(found), max(found)) if found else None
