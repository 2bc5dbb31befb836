"""What a recorder saw of a market: its steps, and the rules by which diffs and snapshots make a book."""

from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from msgspec import Struct
from sortedcontainers import SortedDict

from squall.sim.exchange.engine import Listing
from squall.sim.exchange.wire.messages import Level, Print, Side

Touch = tuple[int, int, int, int]
"""(bid half ticks, bid lots, ask half ticks, ask lots); price and lots are 0 for a side that is empty."""


class Diff(Struct, frozen=True, gc=False):
    """What became of some levels between two update ids, both included; zero lots removes a level."""

    line: int
    at_ns: int
    first_id: int
    last_id: int
    levels: tuple[Level, ...]


class TradePrint(Struct, frozen=True, gc=False):
    """A trade on the tape; the print's side is the aggressor's."""

    line: int
    at_ns: int
    trade_id: int
    print: Print


class Ticker(Struct, frozen=True, gc=False):
    """The best prices and sizes after *update_id*: what a book is held against, never a part of it."""

    line: int
    at_ns: int
    update_id: int
    touch: Touch


class Snapshot(Struct, frozen=True, gc=False):
    """The book as of *last_id*: bids, then asks, best first on each side."""

    line: int
    at_ns: int
    last_id: int
    levels: tuple[Level, ...]


Step = Diff | TradePrint | Ticker | Snapshot


class TouchAt(NamedTuple):
    """The rebuilt touch from *at_ns* on, after everything up to *update_id*."""

    at_ns: int
    update_id: int
    touch: Touch


class Recording(Struct, frozen=True):
    """A whole recording, validated. Times are nanoseconds after its first line; lines count from 1."""

    symbol: str
    steps: tuple[Step, ...]
    """In the order of receipt."""
    touches: tuple[TouchAt, ...]
    """After each snapshot and each diff that went into the book, in order; one at least has both sides."""
    applied: tuple[int, ...]
    """The last id of each diff that went into the book and has levels, in order."""
    duration_ns: int
    finer_levels: int
    """Levels with a fraction of a lot, of which only the whole lots count: see `binance.py`."""
    unit_money: Decimal
    """What half a tick times one lot is in whole units of the currency."""

    def listing(self) -> Listing:
        """The symbol, with the middle of the first touch that has two sides for its reference."""
        return Listing(self.symbol, next(self.middles())[1])

    def middles(self) -> Iterator[tuple[int, int]]:
        """(time, half ticks) of the middle of each rebuilt touch that has two sides.

        Prices are whole ticks, so that a middle is a whole number of half ticks.
        """
        for at_ns, _, (bid, _, ask, _) in self.touches:
            if bid and ask:
                yield at_ns, (bid + ask) // 2

    def expected_touches(self) -> dict[int, Touch]:
        """The touch that a rebuilt book must show after the diff with that last id.

        It is the book ticker with the largest id up to the diff's, wherever in the file it stands, since
        tickers and diffs overtake each other on their way. A diff older than every ticker is left out.
        """
        tickers = {step.update_id: step.touch for step in self.steps if step.__class__ is Ticker}
        ids = sorted(tickers)
        expected: dict[int, Touch] = {}
        for last_id in self.applied:
            place = bisect_right(ids, last_id)
            if place:
                expected[last_id] = tickers[ids[place - 1]]
        return expected


class RecordedFairValue:
    """The middle of the recorded touch, for whoever simulates another venue around it."""

    def __init__(self, recording: Recording, start_ns: int = 0) -> None:
        """*start_ns* is when the recording's first line happens."""
        middles = tuple(recording.middles())
        self._times = [start_ns + at_ns for at_ns, _ in middles]
        self._half_ticks = [half_ticks for _, half_ticks in middles]

    def at(self, now_ns: int) -> int:
        """Half ticks. Before the first touch with two sides it is the first; while one is empty, the last."""
        return self._half_ticks[max(0, bisect_right(self._times, now_ns) - 1)]

    def depth(self) -> float:
        """A recording says nothing of how willing makers were."""
        return 1.0


class LevelBook:
    """The displayed size at each price, two sides."""

    def __init__(self) -> None:
        # Bids are keyed by their negative price, so that the best level comes first on either side.
        self._bids: SortedDict[int, int] = SortedDict()
        self._asks: SortedDict[int, int] = SortedDict()

    def set(self, level: Level) -> int:
        """Display the level as it says; returns the lots that were displayed there before."""
        if level.side is Side.BUY:
            book, key = self._bids, -level.price_half_ticks
        else:
            book, key = self._asks, level.price_half_ticks
        before: int = book.get(key, 0)
        if level.lots:
            book[key] = level.lots
        elif before:
            del book[key]
        return before

    def clear(self) -> None:
        self._bids.clear()
        self._asks.clear()

    def lots_at(self, side: Side, price_half_ticks: int) -> int:
        """What is displayed at this price; 0 where there is no level."""
        if side is Side.BUY:
            return int(self._bids.get(-price_half_ticks, 0))
        return int(self._asks.get(price_half_ticks, 0))

    def best_first(self, side: Side) -> Iterator[tuple[int, int]]:
        """(price, lots) of each level of a side. The book must not change meanwhile."""
        if side is Side.BUY:
            return ((-key, lots) for key, lots in self._bids.items())
        return iter(self._asks.items())

    def touch(self) -> Touch:
        bid = self._bids.peekitem(0) if self._bids else (0, 0)
        ask = self._asks.peekitem(0) if self._asks else (0, 0)
        return -bid[0], bid[1], ask[0], ask[1]

    def levels(self) -> tuple[Level, ...]:
        """Bids, then asks, best first on each side."""
        return (
            *(Level(Side.BUY, price, lots) for price, lots in self.best_first(Side.BUY)),
            *(Level(Side.SELL, price, lots) for price, lots in self.best_first(Side.SELL)),
        )


class Verdict(Enum):
    """What is to be done with a step that concerns the book."""

    APPLY = "apply"
    """The book is known: set these levels."""
    REBUILD = "rebuild"
    """The book is known again: clear it, then apply the snapshot and `Sequencer.backlog`."""
    HOLD = "hold"
    """The book is not known, or this is old: nothing."""
    GAP = "gap"
    """Updates are missing before this diff: from now on the book is not known."""


class Sequencer:
    """The venue's rules of how diffs and snapshots fit together; it knows ids only, no prices.

    A diff whose last id is not beyond the snapshot's is dropped; the first one applied must cover the id
    that follows the snapshot's; after that each first id follows the last one. Diffs that come before their
    snapshot are kept for it. A snapshot that is not needed, or too old for the kept diffs, is passed over.
    """

    def __init__(self) -> None:
        self.known = False
        """The book is known."""
        self.backlog: list[Diff] = []
        """While unknown, the diffs since the last gap; after REBUILD, those that the snapshot needs."""
        self._last_id = 0
        self._first_after_snapshot = False

    def on_diff(self, diff: Diff) -> Verdict:
        if not self.known:
            if self.backlog and diff.first_id != self.backlog[-1].last_id + 1:
                self.backlog = []  # no snapshot bridges a hole: only the diffs behind it can be of use
            self.backlog.append(diff)
            return Verdict.HOLD
        if self._first_after_snapshot and diff.last_id <= self._last_id:
            return Verdict.HOLD
        wanted = self._last_id + 1
        follows = diff.first_id == wanted
        if not follows and not (self._first_after_snapshot and diff.first_id <= wanted):
            self.known = False
            self.backlog = [diff]
            return Verdict.GAP
        self._last_id = diff.last_id
        self._first_after_snapshot = False
        return Verdict.APPLY

    def on_snapshot(self, snapshot: Snapshot) -> Verdict:
        if self.known:
            return Verdict.HOLD
        needed = [diff for diff in self.backlog if diff.last_id > snapshot.last_id]
        if needed and needed[0].first_id > snapshot.last_id + 1:
            return Verdict.HOLD
        self.known = True
        self.backlog = needed
        self._last_id = needed[-1].last_id if needed else snapshot.last_id
        self._first_after_snapshot = not needed
        return Verdict.REBUILD

    @property
    def wanted_id(self) -> int:
        """The first id of the diff that would have followed."""
        return self._last_id + 1
