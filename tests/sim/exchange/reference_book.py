"""A slow book of one symbol that is meant to be obviously right: a list of orders, sorted whenever anybody asks."""

from dataclasses import dataclass


@dataclass
class Entry:
    """An order that is open. *price* is None of a market order, *stop* of one that is no stop order (any more)."""

    name: str
    buy: bool
    lots: int
    price: int | None
    stop: int | None
    tif: str
    arrival: int
    filled: int = 0

    @property
    def leaves(self) -> int:
        return self.lots - self.filled


class ReferenceBook:
    """Price, then time. Says what happened as a list of (name, lots, price), in the order in which it did."""

    def __init__(self) -> None:
        self.open: list[Entry] = []
        self.waiting: list[Entry] = []
        self.trades: list[tuple[str, int, int]] = []
        self.prices: list[int] = []
        """Of all trades ever, one a maker."""
        self._arrivals = 0

    def names(self) -> dict[str, int]:
        """What is open, and the lots that are left of it."""
        return {entry.name: entry.leaves for entry in (*self.open, *self.waiting)}

    def submit(self, name: str, buy: bool, lots: int, price: int | None, stop: int | None, tif: str) -> None:
        self._arrive(Entry(name, buy, lots, price, stop, tif, 0))

    def cancel(self, name: str) -> bool:
        before = len(self.open) + len(self.waiting)
        self.open = [entry for entry in self.open if entry.name != name]
        self.waiting = [entry for entry in self.waiting if entry.name != name]
        return len(self.open) + len(self.waiting) < before

    def replace(self, name: str, lots: int, price: int | None) -> bool:
        """False where it is too late, or there is none."""
        found = [entry for entry in (*self.open, *self.waiting) if entry.name == name]
        if not found or lots <= found[0].filled:
            return False
        entry = found[0]
        if price == entry.price and lots <= entry.lots:
            entry.lots = lots  # less of the same keeps its place
            return True
        self.cancel(name)
        entry.lots, entry.price = lots, price
        self._arrive(entry)
        return True

    def _arrive(self, entry: Entry) -> None:
        self._arrivals += 1
        entry.arrival = self._arrivals
        reached = self._reached(entry, self.prices[-1:])
        if entry.stop is not None and not reached:
            self.waiting.append(entry)
            return
        seen = len(self.prices)
        self._work(entry)
        while seen < len(self.prices):  # what has traded may set stop orders to work, which trade in their turn
            news, seen = self.prices[seen:], len(self.prices)
            due = [stop for stop in self.waiting if self._reached(stop, news)]
            self.waiting = [stop for stop in self.waiting if stop not in due]
            for stop in sorted(due, key=lambda each: each.arrival):
                self._work(stop)

    @staticmethod
    def _reached(entry: Entry, prices: list[int]) -> bool:
        if entry.stop is None:
            return False
        stop = entry.stop
        return any(price >= stop if entry.buy else price <= stop for price in prices)

    def _work(self, entry: Entry) -> None:
        entry.stop = None
        others = [other for other in self.open if other.buy is not entry.buy and self._meets(entry, other)]
        others.sort(key=lambda other: ((other.price or 0) * (1 if entry.buy else -1), other.arrival))
        if entry.tif == "fok" and sum(other.leaves for other in others) < entry.leaves:
            return
        for other in others:
            lots = min(entry.leaves, other.leaves)
            if lots:
                entry.filled += lots
                other.filled += lots
                assert other.price is not None
                self.prices.append(other.price)
                self.trades += [(other.name, lots, other.price), (entry.name, lots, other.price)]
        self.open = [other for other in self.open if other.leaves]
        if entry.leaves and entry.price is not None and entry.tif in ("day", "gtc"):
            self.open.append(entry)

    @staticmethod
    def _meets(entry: Entry, other: Entry) -> bool:
        assert other.price is not None
        if entry.price is None:
            return True
        return other.price <= entry.price if entry.buy else other.price >= entry.price
