"""What the gate knows of one symbol, and of one order that may still move its position."""

from collections import deque
from typing import Final, Protocol

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import Venue
from squall.system.wiring import DAY_NS, Instrument

STILL: Final = 1 << 63
"""Until when the latest mark holds: later than any time."""


class Ledger(Protocol):
    """Who adds the books up, and has to know which of them has changed."""

    def note(self, book: "Book") -> None:
        """This book is not what it was when it was last added up."""


class Book:
    """One symbol: position, flight and mark. Lots in flight are positive on both sides."""

    __slots__ = (
        "buying_lots",
        "cash_flow",
        "counted",
        "has_hours",
        "highs",
        "instrument",
        "ledger",
        "lows",
        "net_lots",
        "noted",
        "number",
        "sector",
        "selling_lots",
        "seqs",
        "twice_mark",
        "weight",
    )

    def __init__(self, instrument: Instrument, weight: int, ledger: Ledger) -> None:
        self.instrument = instrument
        self.sector = ""
        """Whom it rises and falls with; a name without a sector is one of its own."""
        self.has_hours = False
        """Whether it is not traded around the clock."""
        self.enter(instrument)
        self.weight = weight
        """Worth of a half tick × lot, in the gate's smallest unit of money."""
        self.ledger = ledger
        self.net_lots = 0
        self.cash_flow = 0
        self.number = 0
        self.buying_lots = 0
        self.selling_lots = 0
        self.twice_mark = 0
        """Bid plus ask, in half ticks: twice the middle is always whole. 0 where there is no mark yet."""
        self.lows: deque[tuple[int, int]] = deque()
        self.highs: deque[tuple[int, int]] = deque()
        """Marks that held within the collar's window, the one that held as it began included, as (until when, twice the
        mark): those that no later one undercuts, or outdoes."""
        self.seqs: dict[Venue, int] = {}
        self.counted: tuple[int, int, int, int, int, int, int, int] | None = None
        """What this book is in the portfolio's sums; None while it is in none."""
        self.noted = False

    def enter(self, instrument: Instrument) -> None:
        """Its entry in the reference data is this now."""
        self.instrument = instrument
        self.sector = instrument.sector or f"only {instrument.symbol}"
        self.has_hours = bool(instrument.opens_ns) or instrument.closes_ns != DAY_NS

    def mark(self, twice_mark: int, now_ns: int, window_ns: int) -> None:
        """The middle is worth half of this now."""
        self.twice_mark = twice_mark
        since_ns = now_ns - window_ns
        lows, highs = self.lows, self.highs
        if lows:  # the latest mark is the last of both
            lows[-1] = highs[-1] = (now_ns, lows[-1][1])
        while lows and (lows[-1][1] >= twice_mark or lows[0][0] <= since_ns):
            lows.pop() if lows[-1][1] >= twice_mark else lows.popleft()
        lows.append((STILL, twice_mark))
        while highs and (highs[-1][1] <= twice_mark or highs[0][0] <= since_ns):
            highs.pop() if highs[-1][1] <= twice_mark else highs.popleft()
        highs.append((STILL, twice_mark))

    def changed(self) -> None:
        """Position, flight or mark is not what it was."""
        if not self.noted:
            self.noted = True
            self.ledger.note(self)


class Reservation:
    """An approved order, for as long as it may still move the position."""

    __slots__ = (
        "book",
        "booked_lots",
        "ended",
        "expected_lots",
        "in_flight_lots",
        "listed",
        "quantity_lots",
        "reduces",
        "replace_id",
        "side",
        "strategy",
    )

    def __init__(self, book: Book, side: Side, quantity_lots: int, strategy: str) -> None:
        self.book = book
        self.side = side
        self.quantity_lots = quantity_lots
        self.strategy = strategy
        self.expected_lots = 0
        """What it will have filled at most: the quantity, or what it had filled when it ended."""
        self.booked_lots = 0
        self.in_flight_lots = 0
        self.ended = False
        self.reduces = False
        """It only brought the position nearer to zero when it was approved."""
        self.replace_id = ""
        """Of the last change of it that was approved."""
        self.listed = True
        """False: the present leader does not list it, yet its last fills may be on their way."""

    def expect(self, expected_lots: int, booked_lots: int) -> None:
        """Move what is in flight to what is expected and not yet booked, here and in the book."""
        self.expected_lots = expected_lots
        self.booked_lots = booked_lots
        left = max(expected_lots - booked_lots, 0)
        if left != self.in_flight_lots:
            if self.side is Side.BUY:
                self.book.buying_lots += left - self.in_flight_lots
            else:
                self.book.selling_lots += left - self.in_flight_lots
            self.in_flight_lots = left
            self.book.changed()
