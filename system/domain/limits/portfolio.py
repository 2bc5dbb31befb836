"""The desk's books added up: profit, peak, and what everything would come to if the worst of it were filled.

Money is counted in the gate's smallest unit, of which `unit` make one unit of currency: twice the common denominator
of all instruments' units, since marks are twice the middle. So every sum is a whole number, and exact.

What an order may still fill counts at the mark, and on its own side only: at worst all buys fill and no sell, or the
other way round. A symbol without a mark has an unknown worth; it counts as nothing here, and is named by `unmarked`.
"""

from collections.abc import Iterable
from typing import Final

from squall.system.domain.limits.books import Book


class Sums:
    """What some books come to. All in the gate's unit of money, at the marks."""

    __slots__ = (
        "buying",
        "cash_flow",
        "gross",
        "highest",
        "holdings",
        "lowest",
        "profit",
        "sectors",
        "shorts",
    )

    def __init__(self) -> None:
        self.profit = 0
        self.cash_flow = 0
        self.gross = 0
        """Each name's position at its worst, long or short."""
        self.highest = 0
        """Net, if all that is being bought were filled, and nothing else."""
        self.lowest = 0
        """Net, if all that is being sold were filled, and nothing else."""
        self.holdings = 0
        """What is long, and what is being bought on top of it."""
        self.buying = 0
        """What all that is being bought will cost."""
        self.shorts = 0
        """What it would cost to buy back all that is short; positive."""
        self.sectors: dict[str, int] = {}
        """*gross* by sector."""

    def move(self, sector: str, before: "Parts", after: "Parts") -> None:
        """One book's parts were these, and are those."""
        profit, cash_flow, gross, up, down, holdings, buying, shorts = before
        self.profit += after[0] - profit
        self.cash_flow += after[1] - cash_flow
        self.gross += after[2] - gross
        self.highest += after[3] - up
        self.lowest += after[4] - down
        self.holdings += after[5] - holdings
        self.buying += after[6] - buying
        self.shorts += after[7] - shorts
        self.sectors[sector] = self.sectors.get(sector, 0) + after[2] - gross


Parts = tuple[int, int, int, int, int, int, int, int]
"""What a book is in `Sums`: profit, cash flow, gross, highest, lowest, holdings, buying, shorts."""
NO_PARTS: Final[Parts] = (0, 0, 0, 0, 0, 0, 0, 0)


def parts(book: Book, counting: bool) -> Parts:
    """What a book is worth in the sums. *counting*: with what is in flight."""
    net, mark = book.net_lots, book.twice_mark * book.weight
    up, down = (net + book.buying_lots, net - book.selling_lots) if counting else (net, net)
    flow = 2 * book.cash_flow * book.weight
    return (
        flow + net * mark,
        flow,
        max(up, -down) * mark,
        up * mark,
        down * mark,
        up * mark if up > 0 else 0,
        (up - net) * mark,
        -net * mark if net < 0 else 0,
    )


class Portfolio:
    """All books, added up anew only where one has changed; and the highest that the desk's profit has been."""

    def __init__(self, counting: bool) -> None:
        self.sums = Sums()
        self._counting = counting
        self._changed: list[Book] = []
        self.unmarked: dict[Book, None] = {}
        """Positions whose worth nobody knows."""
        self.peak_profit = 0
        """The day begins with none: what the desk has had at best, it has had at least at its beginning."""

    def note(self, book: Book) -> None:
        """To be added up again."""
        self._changed.append(book)

    def refresh(self) -> Sums:
        """The sums as they are now. Where all marks are known, a new peak is kept."""
        sums, counting = self.sums, self._counting
        if not self._changed:
            return sums
        for book in self._changed:
            book.noted = False
            sector = book.sector
            after = parts(book, counting)
            sums.move(sector, book.counted or NO_PARTS, after)
            book.counted = after
            if book.net_lots and not book.twice_mark:
                self.unmarked[book] = None
            elif self.unmarked:
                self.unmarked.pop(book, None)
        self._changed.clear()
        if sums.profit > self.peak_profit and not self.unmarked:
            self.peak_profit = sums.profit
        return sums

    def count(self, books: Iterable[Book], counting: bool) -> None:
        """Add up all books anew: they are in other sectors now, or what is in flight counts, or does so no more."""
        self._counting = counting
        self.sums = Sums()
        self._changed.clear()
        for book in books:
            book.counted = None
            book.noted = False
            book.changed()

    @staticmethod
    def landed(books: Iterable[Book]) -> Sums:
        """The sums if nothing were in flight."""
        sums = Sums()
        for book in books:
            sums.move(book.sector, NO_PARTS, parts(book, False))
        return sums
