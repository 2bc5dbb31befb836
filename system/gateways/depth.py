"""A venue's depth increments and images in the desk's words: symbols, half ticks, lots, sides, nanoseconds. Pure."""

from collections.abc import Sequence
from typing import Final

from squall.sim.exchange.wire.depth import (
    BID,
    BUYER,
    OFFER,
    PRICE_UNITS_PER_HALF_TICK,
    SELLER,
    SIZE_UNITS_PER_LOT,
    DepthEntry,
    DepthImage,
    DepthIncrement,
    DepthTrade,
    security_ids,
)
from squall.sim.exchange.wire.messages import BookImage, BookUpdate, Level, Print, Side, Snapshot

NS_PER_US: Final = 1_000
GARBLED: Final = "#garbled"
_SIDES: Final = {BID: Side.BUY, OFFER: Side.SELL}
_AGGRESSORS: Final = {BUYER: Side.BUY, SELLER: Side.SELL}


class DepthNormaliser:
    """For one venue. What is none of the protocol's (a price off the grid of half ticks, part of a lot, a side that
    nobody knows) is an update of `GARBLED`, and a number that is not in the directory one of ``#9999``: nobody lists
    these, so `quality` takes both for what some book has missed."""

    __slots__ = ("_symbols",)

    def __init__(self, symbols: Sequence[str]) -> None:
        self._symbols = {number: symbol for symbol, number in security_ids(symbols).items()}

    def update(self, increment: DepthIncrement) -> BookUpdate:
        """One step."""
        symbol = self._symbol(increment.security_id)
        levels, prints = _levels(increment.entries), _prints(increment.trades)
        if levels is None or prints is None:
            symbol, levels, prints = GARBLED, (), ()
        sent_ns = increment.sent_us * NS_PER_US
        return BookUpdate(increment.venue, increment.line, increment.seq, symbol, levels, prints, sent_ns)

    def snapshot(self, image: DepthImage) -> Snapshot | None:
        """All books; None where anything in the image is garbled."""
        books = []
        for book in image.books:
            levels = _levels(book.entries)
            if levels is None:
                return None
            books.append(BookImage(self._symbol(book.security_id), levels))
        return Snapshot(image.venue, image.last_seq, image.attempt, tuple(books), image.sent_us * NS_PER_US)

    def _symbol(self, security_id: int) -> str:
        return self._symbols.get(security_id) or f"#{security_id}"


def _levels(entries: tuple[DepthEntry, ...]) -> tuple[Level, ...] | None:
    levels = []
    for entry in entries:
        side = _SIDES.get(entry.entry_type)
        price, off_grid = divmod(entry.price, PRICE_UNITS_PER_HALF_TICK)
        lots, odd = divmod(entry.size, SIZE_UNITS_PER_LOT)
        if side is None or off_grid or odd:
            return None
        levels.append(Level(side, price, lots))
    return tuple(levels)


def _prints(trades: tuple[DepthTrade, ...]) -> tuple[Print, ...] | None:
    prints = []
    for trade in trades:
        side = _AGGRESSORS.get(trade.aggressor)
        price, off_grid = divmod(trade.price, PRICE_UNITS_PER_HALF_TICK)
        lots, odd = divmod(trade.size, SIZE_UNITS_PER_LOT)
        if side is None or off_grid or odd:
            return None
        prints.append(Print(side, price, lots))
    return tuple(prints)
