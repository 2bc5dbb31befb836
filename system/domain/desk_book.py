"""The desk's own copy of one book, level by level, with its touch always at hand."""

from heapq import heapify, heappop, heappush
from typing import Final

from squall.sim.exchange.wire.messages import Level, Side
from squall.system.domain.messages import Tick

Touch = tuple[int, int, int, int]
"""(bid half ticks, bid lots, ask half ticks, ask lots); zeros for a side that is empty."""

NO_TOUCH: Final[Touch] = (0, 0, 0, 0)
_HEAP_SLACK: Final = 64


def is_news(tick: Tick, last: Tick | None) -> bool:
    """Whether *tick* says more than *last* of the same book. Ticks are datagrams: one may be overtaken.

    After a stale one anything is news: the venue may have begun to count from 1 again. And so is a stale one of number
    0: market data have begun anew, and have not heard the venue yet.
    """
    return last is None or last.stale or tick.seq >= last.seq or (tick.stale and not tick.seq)


class _Ladder:
    """One side: lots by key, the best key smallest. A level leaves the heap only when it surfaces there."""

    __slots__ = ("heap", "lots")

    def __init__(self) -> None:
        self.lots: dict[int, int] = {}
        self.heap: list[int] = []

    def best(self) -> int | None:
        """The smallest key that has lots, or None. Amortised O(log levels)."""
        lots, heap = self.lots, self.heap
        if len(heap) > 2 * len(lots) + _HEAP_SLACK:
            heap[:] = lots
            heapify(heap)
        while heap:
            if heap[0] in lots:
                return heap[0]
            heappop(heap)
        return None

    def clear(self) -> None:
        self.lots.clear()
        self.heap.clear()


class DeskBook:
    """One symbol at one venue, from whole-level updates and snapshots. A bid's key is its price negated."""

    __slots__ = ("_asks", "_bids", "changed", "touch")

    def __init__(self) -> None:
        self._bids = _Ladder()
        self._asks = _Ladder()
        self.changed = False
        """Whether the last update changed anything."""
        self.touch: Touch = NO_TOUCH

    def apply(self, levels: tuple[Level, ...]) -> None:
        """Set each level to what it is now; zero lots removes it. Believes all it is told: `quality` does not."""
        bids, asks = self._bids, self._asks
        changed = False
        for level in levels:
            lots = level.lots
            if level.side is Side.BUY:
                ladder, key = bids, -level.price_half_ticks
            else:
                ladder, key = asks, level.price_half_ticks
            before = ladder.lots.get(key, 0)
            changed = changed or lots != before
            if lots:
                if not before:
                    heappush(ladder.heap, key)
                ladder.lots[key] = lots
            else:
                ladder.lots.pop(key, None)
        self.changed = changed
        self._look()

    def replace(self, levels: tuple[Level, ...]) -> None:
        """Forget everything; these are all the levels there are."""
        self._bids.clear()
        self._asks.clear()
        self.apply(levels)

    def depth(self, side: Side) -> list[tuple[int, int]]:
        """All levels of a side as (half ticks, lots), best first. Sorts: not for the hot path."""
        ladder, sign = (self._bids, -1) if side is Side.BUY else (self._asks, 1)
        return [(sign * key, ladder.lots[key]) for key in sorted(ladder.lots)]

    def _look(self) -> None:
        bid_half_ticks = bid_lots = ask_half_ticks = ask_lots = 0
        bid, ask = self._bids.best(), self._asks.best()
        if bid is not None:
            bid_half_ticks, bid_lots = -bid, self._bids.lots[bid]
        if ask is not None:
            ask_half_ticks, ask_lots = ask, self._asks.lots[ask]
        self.touch = (bid_half_ticks, bid_lots, ask_half_ticks, ask_lots)
