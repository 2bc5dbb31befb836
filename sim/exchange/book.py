"""One symbol's limit order book: best price first, and at a price whoever came first."""

from bisect import bisect_left, insort
from collections import OrderedDict

from msgspec import Struct

from squall.sim.exchange.wire.messages import Level, NewOrderSingle, Print, Side


class Resting(Struct, eq=False):
    """An order in the book. *lots* are what is left of it: 0 once it was filled or taken out."""

    arrival: int
    side: Side
    price_half_ticks: int
    lots: int
    order: NewOrderSingle | None = None
    """The client's order; None where a simulated participant stands behind it."""


class Fill(Struct, frozen=True):
    """An arriving order met *maker*, at the maker's price."""

    maker: Resting
    lots: int


class _Queue:
    """All orders at one price, in the order of their arrival, and what they sum to."""

    __slots__ = ("lots", "orders")

    def __init__(self) -> None:
        self.lots = 0
        # Ordered, not plain: a plain dict that is eaten from the front walks over its own graves.
        self.orders: OrderedDict[int, Resting] = OrderedDict()


class _BookSide:
    """One side of the book. Levels are known by *rank*, which is smaller for a better price on both sides."""

    __slots__ = ("changed", "facing", "queues", "ranks", "side", "sign")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.facing = side.other
        self.sign = -side.sign
        self.queues: dict[int, _Queue] = {}
        # Sorted and plain: to move some dozens of levels up by one is quicker than anything cleverer.
        self.ranks: list[int] = []
        self.changed: dict[int, int] = {}
        """Rank to the lots that the public last saw there."""

    def add(self, resting: Resting) -> None:
        rank = self.sign * resting.price_half_ticks
        queue = self.queues.get(rank)
        if queue is None:
            queue = self.queues[rank] = _Queue()
            insort(self.ranks, rank)
        self.changed.setdefault(rank, queue.lots)
        queue.orders[resting.arrival] = resting
        queue.lots += resting.lots

    def remove(self, resting: Resting) -> None:
        rank = self.sign * resting.price_half_ticks
        queue = self.queues[rank]
        self.changed.setdefault(rank, queue.lots)
        del queue.orders[resting.arrival]
        queue.lots -= resting.lots
        if not queue.orders:
            self._drop(rank)

    def eat(self, lots: int, worst_rank: int | None, fills: list[Fill], prints: list[Print]) -> int:
        """Trade up to *lots* against this side, no further than *worst_rank*; returns what is left over."""
        ranks = self.ranks
        while lots and ranks:
            rank = ranks[0]
            if worst_rank is not None and rank > worst_rank:
                break
            queue = self.queues[rank]
            self.changed.setdefault(rank, queue.lots)
            wanted = lots
            orders = queue.orders
            while lots and orders:
                maker = next(iter(orders.values()))
                traded = maker.lots if maker.lots < lots else lots
                lots -= traded
                maker.lots -= traded
                fills.append(Fill(maker, traded))
                if not maker.lots:
                    orders.popitem(last=False)
            traded = wanted - lots
            queue.lots -= traded
            prints.append(Print(self.facing, self.sign * rank, traded))
            if not orders:
                self._drop(rank)
        return lots

    def _drop(self, rank: int) -> None:
        del self.queues[rank]
        del self.ranks[bisect_left(self.ranks, rank)]

    def shrink(self, resting: Resting, lots: int) -> None:
        rank = self.sign * resting.price_half_ticks
        queue = self.queues[rank]
        self.changed.setdefault(rank, queue.lots)
        queue.lots -= resting.lots - lots
        resting.lots = lots

    def within(self, worst_rank: int | None) -> int:
        """The lots that stand here, no further than *worst_rank*."""
        reached = self.ranks if worst_rank is None else [rank for rank in self.ranks if rank <= worst_rank]
        return sum(self.queues[rank].lots for rank in reached)

    def best(self) -> tuple[int, int]:
        """(price, lots) of the best level; zeros where there is none."""
        if not self.ranks:
            return 0, 0
        rank = self.ranks[0]
        return self.sign * rank, self.queues[rank].lots

    def levels(self) -> list[Level]:
        """Every level, best first."""
        return [Level(self.side, self.sign * rank, self.queues[rank].lots) for rank in self.ranks]

    def drain(self, into: list[Level]) -> None:
        """Add the levels that differ from what the public last saw, and count them as seen."""
        for rank, before in self.changed.items():
            queue = self.queues.get(rank)
            lots = 0 if queue is None else queue.lots
            if lots != before:
                into.append(Level(self.side, self.sign * rank, lots))
        self.changed.clear()


class Book:
    """Prices in half ticks, quantities in lots. Holds the changes of a step until `drain` takes them."""

    def __init__(self) -> None:
        self._bids = _BookSide(Side.BUY)
        self._asks = _BookSide(Side.SELL)
        self._prints: list[Print] = []
        self._arrivals = 0

    def take(self, side: Side, lots: int, limit_half_ticks: int | None) -> tuple[list[Fill], int]:
        """Trade an arriving order against the other side, up to its limit (None: at any price).

        Returns the fills, in the order of priority, and the lots that found nobody.
        """
        fills: list[Fill] = []
        facing = self._asks if side is Side.BUY else self._bids
        worst_rank = None if limit_half_ticks is None else facing.sign * limit_half_ticks
        return fills, facing.eat(lots, worst_rank, fills, self._prints)

    def rest(self, side: Side, lots: int, price_half_ticks: int, order: NewOrderSingle | None = None) -> Resting:
        """Queue an order behind all others at its price. It must not cross: `take` comes first."""
        self._arrivals += 1
        resting = Resting(self._arrivals, side, price_half_ticks, lots, order)
        (self._bids if side is Side.BUY else self._asks).add(resting)
        return resting

    def remove(self, resting: Resting) -> int:
        """Take an order out, unless it has gone already; returns the lots that were left of it."""
        lots = resting.lots
        if lots:
            (self._bids if resting.side is Side.BUY else self._asks).remove(resting)
            resting.lots = 0
        return lots

    def shrink(self, resting: Resting, lots: int) -> None:
        """Leave so many lots of an order, fewer than there were and more than none: it keeps its place."""
        (self._bids if resting.side is Side.BUY else self._asks).shrink(resting, lots)

    def on_offer(self, side: Side, limit_half_ticks: int | None) -> int:
        """The lots that an order of this side would find, up to its limit (None: at any price)."""
        facing = self._asks if side is Side.BUY else self._bids
        return facing.within(None if limit_half_ticks is None else facing.sign * limit_half_ticks)

    def touch(self) -> tuple[int, int, int, int]:
        """(bid half ticks, bid lots, ask half ticks, ask lots); zeros for a side that is empty."""
        bid_half_ticks, bid_lots = self._bids.best()
        ask_half_ticks, ask_lots = self._asks.best()
        return bid_half_ticks, bid_lots, ask_half_ticks, ask_lots

    def levels(self) -> tuple[Level, ...]:
        """The whole displayed book: bids, then asks, best first on each side."""
        return (*self._bids.levels(), *self._asks.levels())

    def drain(self) -> tuple[tuple[Level, ...], tuple[Print, ...]]:
        """What changed since the last call: levels with their new quantity, and trades, one print a price."""
        levels: list[Level] = []
        if self._bids.changed:
            self._bids.drain(levels)
        if self._asks.changed:
            self._asks.drain(levels)
        prints = tuple(self._prints)
        self._prints.clear()
        return tuple(levels), prints
