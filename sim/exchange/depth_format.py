"""How a venue that speaks in depth increments writes down a step of its channel, and an image of its books."""

from collections.abc import Sequence
from typing import Final

from squall.sim.exchange.wire.depth import (
    BID,
    BUYER,
    OFFER,
    PRICE_UNITS_PER_HALF_TICK,
    SELLER,
    SIZE_UNITS_PER_LOT,
    DepthBook,
    DepthEntry,
    DepthImage,
    DepthIncrement,
    DepthTrade,
    security_ids,
)
from squall.sim.exchange.wire.messages import BookUpdate, Level, Side, Snapshot

NS_PER_US: Final = 1_000
UNLISTED: Final = 9_999
"""The number that a symbol is told by which the venue does not list."""


class DepthFormat:
    """From the plain protocol to the venue's own words."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self._ids = security_ids(symbols)

    def increment(self, update: BookUpdate) -> DepthIncrement:
        """One step."""
        trades = tuple(
            DepthTrade(
                BUYER if each.side is Side.BUY else SELLER,
                each.price_half_ticks * PRICE_UNITS_PER_HALF_TICK,
                each.lots * SIZE_UNITS_PER_LOT,
            )
            for each in update.prints
        )
        return DepthIncrement(
            update.venue,
            update.line,
            update.seq,
            self._ids.get(update.symbol, UNLISTED),
            _entries(update.levels),
            trades,
            update.venue_time_ns // NS_PER_US,
        )

    def image(self, snapshot: Snapshot) -> DepthImage:
        """All books."""
        books = tuple(DepthBook(self._ids[book.symbol], _entries(book.levels)) for book in snapshot.books)
        sent_us = snapshot.venue_time_ns // NS_PER_US
        return DepthImage(snapshot.venue, snapshot.last_seq, snapshot.attempt, books, sent_us)


def _entries(levels: tuple[Level, ...]) -> tuple[DepthEntry, ...]:
    return tuple(
        DepthEntry(
            BID if each.side is Side.BUY else OFFER,
            each.price_half_ticks * PRICE_UNITS_PER_HALF_TICK,
            each.lots * SIZE_UNITS_PER_LOT,
        )
        for each in levels
    )
