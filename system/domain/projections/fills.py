"""FILLS and POSITIONS as read models: each execution as it counts by now, and what all of them make.

A position's key is symbol and strategy together, here and wherever a position is spoken of.
"""

from collections.abc import Iterable
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.effects import amendments_of, book_fill
from squall.system.domain.events import AnyEvent, OrderFilled, TradeBusted, TradeCorrected
from squall.system.domain.fill_book import Change, FillBook
from squall.system.domain.ids import ClOrdID, ExecID, Symbol, Venue
from squall.system.domain.positions import Position, PositionKey


class FillRow(Struct, frozen=True, gc=False):
    """An execution. Money in half tick × lot; busted ones have 0 lots."""

    exec_id: ExecID
    order_id: ClOrdID
    symbol: Symbol
    strategy: str
    side: Side
    lots: int
    price_half_ticks: int
    commission: int
    venue: Venue
    fill_time_ns: int
    version: int
    """Of the journal, at its last change."""


class PositionRow(Struct, frozen=True, gc=False):
    """What a strategy holds of a symbol. Money in half tick × lot."""

    symbol: Symbol
    strategy: str
    quantity_lots: int
    average_cost_half_ticks: Fraction
    realised: int
    fees: int
    last_price_half_ticks: int
    """At which it changed last: where nothing better is known, the mark."""
    last_updated_ns: int
    version: int


class PositionEvent(Struct, frozen=True, gc=False):
    """One change of a position, for its history."""

    version: int
    key: PositionKey
    kind: str
    """The name of the journal's event."""
    lots_delta: int
    """Signed as the position."""
    price_half_ticks: int
    at_ns: int
    exec_id: ExecID


class Fills:
    """The day's executions and positions."""

    def __init__(self) -> None:
        self._book = FillBook()
        self.fills: dict[ExecID, FillRow] = {}
        self.rows: dict[PositionKey, PositionRow] = {}

    @property
    def positions(self) -> dict[PositionKey, Position]:
        """As the portfolio values them."""
        return self._book.positions

    @property
    def totals(self) -> dict[Symbol, Position]:
        """By symbol, over all strategies."""
        return self._book.totals

    def apply(self, version: int, event: AnyEvent, strategy: str) -> PositionEvent | None:
        """Fold the event of this version; *strategy* is that of its order. Returns what it did to a position."""
        match event:
            case OrderFilled():
                change = self._book.book(book_fill(event, strategy))
            case TradeBusted() | TradeCorrected():
                change = None
                for amendment in amendments_of((event,)):
                    change = self._book.amend(amendment)
            case _:
                return None
        return None if change is None else self._changed(version, event, change)

    def _changed(self, version: int, event: AnyEvent, change: Change) -> PositionEvent:
        fill = change.fill
        key = PositionKey(fill.symbol, fill.strategy)
        known = self.fills.get(fill.exec_id)
        if known is None:
            known = FillRow(
                fill.exec_id,
                fill.cl_ord_id,
                fill.symbol,
                fill.strategy,
                fill.side,
                fill.lots,
                fill.price_half_ticks,
                fill.commission,
                fill.venue,
                event.at_ns,
                version,
            )
        self.fills[fill.exec_id] = replace(
            known,
            lots=fill.lots,
            price_half_ticks=fill.price_half_ticks,
            commission=fill.commission,
            version=version,
        )
        position = self._book.positions[key]
        self.rows[key] = PositionRow(
            fill.symbol,
            fill.strategy,
            position.net_lots,
            position.average_cost,
            position.realised,
            position.fees,
            fill.price_half_ticks,
            event.at_ns,
            version,
        )
        delta = change.lots * fill.side.sign
        return PositionEvent(
            version, key, type(event).__name__, delta, fill.price_half_ticks, event.at_ns, fill.exec_id
        )


def last_prices(rows: Iterable[PositionRow]) -> dict[Symbol, int]:
    """Twice the price at which each symbol changed last: marks, for whoever has no better ones."""
    latest: dict[Symbol, PositionRow] = {}
    for row in rows:
        known = latest.get(row.symbol)
        if known is None or row.version > known.version:
            latest[row.symbol] = row
    return {symbol: 2 * row.last_price_half_ticks for symbol, row in latest.items()}
