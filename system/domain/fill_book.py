"""The book of all executions of the day, and the positions that they make: each once, and as it counts by now.

A venue may take an execution back (*bust*) or change it (*correction*), hours after it was booked. Average cost
depends on the way by which a position came about: what a later sale has realised, and what its share of the basis was
rounded to, are not to be had back from the sums. So there is no inverse of a fill. The book keeps what it was told, an
amendment changes an entry in its place, and the position is folded anew from all of its fills: it is then, to the
unit, what it would be had the execution always been so. That costs a pass over the fills of one symbol and strategy,
a microsecond each, and busts are rare.

What was busted stays in the book with 0 lots, so that its report is known again should it come once more. An amendment
may overtake its fill: it waits for it.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from squall.system.domain.ids import ClOrdID, ExecID, Symbol
from squall.system.domain.messages import AmendFill, BookFill
from squall.system.domain.positions import FLAT, Position, PositionKey, booked, moved


class Change(Struct, frozen=True, gc=False):
    """What came of a fill or an amendment that was news."""

    fill: BookFill
    """The execution, as it counts from now on."""
    lots: int
    """How many lots more of its order are booked; fewer, after a bust."""
    total: Position
    """The symbol's, over all strategies."""
    number: int
    """How many changes there have been in this symbol."""


class FillBook:
    """One position per symbol and strategy, their sum per symbol, and the executions behind them."""

    def __init__(self) -> None:
        self.positions: dict[PositionKey, Position] = {}
        self.totals: dict[Symbol, Position] = {}
        self.numbers: dict[Symbol, int] = {}
        """Fills, busts and corrections, by symbol: it only ever rises."""
        self.orders: dict[ClOrdID, int] = {}
        """Lots booked of each order."""
        self._logs: dict[PositionKey, dict[ExecID, BookFill]] = {}
        self._keys: dict[ExecID, PositionKey] = {}
        """Where each execution is booked."""
        self._amended: dict[ExecID, ExecID] = {}
        """By the name of each amendment, the execution that it is about."""
        self._early: dict[ExecID, AmendFill] = {}
        """The last amendment of executions that have not come yet."""

    def __contains__(self, exec_id: ExecID) -> bool:
        """Whether this execution has been booked, be it busted by now."""
        return exec_id in self._keys

    def __len__(self) -> int:
        """How many executions are known."""
        return len(self._keys)

    @property
    def waiting(self) -> tuple[ExecID, ...]:
        """Executions that were amended and have not come."""
        return tuple(self._early)

    def fills(self, key: PositionKey) -> tuple[BookFill, ...]:
        """What the position is made of, in the order in which it came; busted ones left out."""
        return tuple(fill for fill in self._logs.get(key, {}).values() if fill.lots)

    def book(self, fill: BookFill) -> Change | None:
        """Book an execution; None where it has been booked before."""
        if fill.exec_id in self._keys:
            return None
        key = PositionKey(fill.symbol, fill.strategy)
        amendment = self._early.pop(fill.exec_id, None)
        if amendment is not None:
            fill = amended(fill, amendment)
        self._keys[fill.exec_id] = key
        self._logs.setdefault(key, {})[fill.exec_id] = fill
        after = with_fill(self.positions.get(key, FLAT), fill)
        return self._changed(key, fill, after, fill.lots, 1 if amendment is None else 2)

    def amend(self, amendment: AmendFill) -> Change | None:
        """Bust or correct an execution; None where this was known, or the execution has not come yet."""
        if amendment.exec_id in self._amended:
            return None
        name = self._amended.get(amendment.ref_exec_id, amendment.ref_exec_id)
        self._amended[amendment.exec_id] = name
        key = self._keys.get(name)
        if key is None:
            self._early[name] = amendment
            return None
        log = self._logs[key]
        before = log[name]
        log[name] = after = amended(before, amendment)
        return self._changed(key, after, folded(log.values()), after.lots - before.lots, 1)

    def _changed(self, key: PositionKey, fill: BookFill, after: Position, lots: int, news: int) -> Change:
        total = moved(self.totals.get(key.symbol, FLAT), self.positions.get(key, FLAT), after)
        number = self.numbers.get(key.symbol, 0) + news
        self.positions[key] = after
        self.totals[key.symbol] = total
        self.numbers[key.symbol] = number
        self.orders[fill.cl_ord_id] = self.orders.get(fill.cl_ord_id, 0) + lots
        return Change(fill, lots, total, number)


def folded(fills: Iterable[BookFill]) -> Position:
    """The position that these executions make, in this order."""
    position = FLAT
    for fill in fills:
        position = with_fill(position, fill)
    return position


def with_fill(position: Position, fill: BookFill) -> Position:
    """The position after this execution; as it was, where that is busted and cost nothing."""
    if not fill.lots:
        return charged(position, fill.commission) if fill.commission else position
    return booked(position, fill.side, fill.lots, fill.price_half_ticks, fill.commission)


def charged(position: Position, commission: int) -> Position:
    """The position after a fee that no lots came with: a venue may keep what it took for a trade that it busts."""
    return msgspec.structs.replace(
        position,
        cash_flow=position.cash_flow - commission,
        fees=position.fees + commission,
    )


def amended(fill: BookFill, amendment: AmendFill) -> BookFill:
    """The execution as it counts from now on. ValueError where it would have fewer than 0 lots."""
    if amendment.lots < 0:
        raise ValueError(f"{amendment.exec_id}: an execution of {amendment.lots} lots, expected 0 or more")
    return msgspec.structs.replace(
        fill,
        lots=amendment.lots,
        price_half_ticks=amendment.price_half_ticks,
        commission=amendment.commission,
    )
