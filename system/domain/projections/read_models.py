"""All read models of the desk together: folded from copies of the journal, in its order, and they say how far they are.

The write side is the journal, and nothing here is ever written back. So a read model can be thrown away at any time;
`rebuilt` makes it anew from the audit's records, and it is the same. A copy that comes ahead of its turn waits for what
is missing before it: a read model that is behind shows a moment that there was, and never one that there was not.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.audit_trail import Coverage, decode_record
from squall.system.domain.events import AnyEvent
from squall.system.domain.ids import Symbol
from squall.system.domain.portfolio import Money, Valuation, valued
from squall.system.domain.projections.execution_quality import Quality, quality_by
from squall.system.domain.projections.fills import Fills, PositionEvent, last_prices
from squall.system.domain.projections.flow import Flow
from squall.system.domain.projections.orders import Orders
from squall.system.domain.projections.trades import Trades

_PACK: Final = msgspec.msgpack.Encoder()


class Lag(Struct, frozen=True, gc=False):
    """How far the read models are behind what has been heard of the journal."""

    versions: int = 0
    age_ns: int = 0
    """Since when the next version has been missing; 0 where none is."""


class ReadModels:
    """Orders and their flow, strategies, fills, positions, captured trades and, at given marks, the portfolio."""

    def __init__(self) -> None:
        self.version = 0
        """Of the last event that is in here."""
        self.orders = Orders()
        self.flow = Flow()
        self.fills = Fills()
        self.trades = Trades()
        self._heard = 0
        self._waiting: dict[int, tuple[AnyEvent, ...]] = {}
        """Copies ahead of their turn, by their first version."""
        self._behind_since_ns = 0

    def take(self, first_version: int, events: tuple[AnyEvent, ...], now_ns: int) -> list[PositionEvent]:
        """Fold a copy whose versions have not come before, and all that waited for it; what it did to positions."""
        self._heard = max(self._heard, first_version + len(events) - 1)
        if first_version != self.version + 1:
            if not self._waiting:
                self._behind_since_ns = now_ns
            self._waiting[first_version] = events
            return []
        moved = self._fold(events)
        while self._waiting and (next_events := self._waiting.pop(self.version + 1, None)) is not None:
            moved += self._fold(next_events)
            # What is missing now is not what was missing before.
            self._behind_since_ns = now_ns
        return moved

    def _fold(self, events: tuple[AnyEvent, ...]) -> list[PositionEvent]:
        moved = []
        for event in events:
            self.version += 1
            before = self.orders.rows.get(event.cl_ord_id)
            self.orders.apply(self.version, event)
            order = self.orders.rows.get(event.cl_ord_id)
            if order is not None and order is not before:
                self.flow.move(before, order)
            change = self.fills.apply(self.version, event, "" if order is None else order.strategy)
            if change is None:
                self.trades.apply(self.version, event, order, None, None)
            else:
                fill, held = self.fills.fills[change.exec_id], self.fills.rows[change.key]
                self.trades.apply(self.version, event, order, fill, held)
                moved.append(change)
        return moved

    def lag(self, now_ns: int) -> Lag:
        """How far behind they are now."""
        if not self._waiting:
            return Lag()
        return Lag(self._heard - self.version, max(now_ns - self._behind_since_ns, 0))

    def portfolio(
        self, money: Money, sectors: Mapping[Symbol, str], starting_cash: int, twice_marks: Mapping[Symbol, int]
    ) -> Valuation:
        """The portfolio at these marks; what has none is valued at the price at which the desk traded it last."""
        marks = {**last_prices(self.fills.rows.values()), **twice_marks}
        return valued(self.fills.positions, marks, sectors, money, starting_cash, 0)

    def quality(self, money: Money, twice_marks: Mapping[Symbol, int]) -> dict[str, Quality]:
        """How well each strategy's orders were executed; marks as for the portfolio."""
        marks = {**last_prices(self.fills.rows.values()), **twice_marks}
        return quality_by(lambda order: order.strategy, self.orders.rows.values(), self.trades, marks, money)

    def hash(self) -> str:
        """BLAKE2b over every row, for comparing two of them at the same version."""
        rows = (
            self.version,
            list(self.orders.rows.values()),
            list(self.orders.strategies.values()),
            list(self.fills.fills.values()),
            list(self.fills.positions.items()),
            list(self.trades.rows.values()),
        )
        return blake2b(_PACK.encode(rows), digest_size=16).hexdigest()


def rebuilt(records: Iterable[bytes]) -> ReadModels:
    """The read models anew, from the records of an audit file in any order; a version that comes again counts once."""
    models = ReadModels()
    for _ in _replayed(models, records):
        pass
    return models


def position_events(records: Iterable[bytes]) -> tuple[PositionEvent, ...]:
    """POSITION_EVENTS: every change of every position, from the records of an audit file, in the journal's order."""
    return tuple(_replayed(ReadModels(), records))


def _replayed(models: ReadModels, records: Iterable[bytes]) -> Iterator[PositionEvent]:
    coverage = Coverage()
    for data in records:
        record = decode_record(data)
        first = record.first_version
        for start, end in coverage.take(first, len(record.events)):
            yield from models.take(start, record.events[start - first : end - first], record.copied_ns)
