"""What all positions are worth together: equity, exposure by name, sector and strategy, profit, drawdown, tail risk.

Money is counted in *parts*: a half of a half tick × lot, weighted with each instrument's worth to one common unit, of
which `Money.per_unit` make one whole currency unit. A middle of two prices is whole in it, and so is every sum below;
what people read is rounded once, in `Money.in_cents`.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import lcm
from typing import Final

from msgspec import Struct

from squall.system.domain.ids import Symbol
from squall.system.domain.positions import Position, PositionKey
from squall.system.domain.var import TailRisk
from squall.system.wiring import Instrument

HALVES: Final = 2


class Money:
    """The common unit of all instruments' money, and what it is worth."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        ratios = {each.symbol: each.unit_money.as_integer_ratio() for each in instruments}
        scale = lcm(*(denominator for _, denominator in ratios.values()))
        self.weights: dict[Symbol, int] = {name: n * (scale // d) for name, (n, d) in ratios.items()}
        """Parts in half of a half tick × lot."""
        self.per_unit = HALVES * scale
        """Parts in one whole currency unit."""

    def parts(self, symbol: Symbol, half_tick_lots: int) -> int:
        """An amount of this symbol's own money, in parts."""
        return half_tick_lots * HALVES * self.weights[symbol]

    def in_cents(self, parts: int | Fraction) -> int:
        """To the nearest hundredth of a currency unit, ties to the even one."""
        return round(Fraction(100 * parts) / self.per_unit)


class Exposure(Struct, frozen=True, gc=False, array_like=True):
    """Of one name, sector or strategy, in parts. Long and short of it are apart in *gross*, and together in *net*."""

    of: str
    net: int
    gross: int


class Valuation(Struct, frozen=True, gc=False):
    """Everything at one set of marks, in parts."""

    cash: int
    equity: int
    """Cash and market value."""
    realised: int
    unrealised: int
    fees: int
    profit: int
    """Of the day: what equity is above the cash that the day began with. Realised and unrealised together."""
    peak: int
    """The highest equity that there has been."""
    names: tuple[Exposure, ...]
    sectors: tuple[Exposure, ...]
    strategies: tuple[Exposure, ...]
    unmarked: tuple[Symbol, ...] = ()
    """Held, and no price is known: valued at what it cost."""
    tail: TailRisk | None = None
    """None while too little of the past is known."""

    @property
    def net(self) -> int:
        """The sum of all market values: what is long less what is short."""
        return sum(each.net for each in self.names)

    @property
    def gross(self) -> int:
        """The sum of all market values, whatever their sign, of each strategy's positions by themselves."""
        return sum(each.gross for each in self.names)

    @property
    def drawdown(self) -> int:
        """How far equity is below its peak; 0 at the peak."""
        return self.peak - self.equity

    @property
    def drawdown_percent(self) -> int:
        """Of the peak, rounded up, so that it never looks better than it is; 100 where there never was anything."""
        return -(-100 * self.drawdown // self.peak) if self.peak > 0 else 100


class _Sums:
    """Net and gross by whatever one looks by, in the order of first sight."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[int, int]] = {}

    def add(self, of: str, value: int) -> None:
        net, gross = self._sums.get(of, (0, 0))
        self._sums[of] = (net + value, gross + abs(value))

    def exposures(self) -> tuple[Exposure, ...]:
        return tuple(Exposure(of, net, gross) for of, (net, gross) in self._sums.items())


def valued(
    positions: Mapping[PositionKey, Position],
    twice_marks: Mapping[Symbol, int],
    sectors: Mapping[Symbol, str],
    money: Money,
    starting_cash: int,
    peak: int,
) -> Valuation:
    """All positions at these marks (bid plus ask, in half ticks), from *starting_cash* parts, with the peak so far.

    A symbol that has no mark is valued at its cost: neither as nothing, nor as a profit.
    """
    cash, realised, fees, value_of_all, cost_of_all = starting_cash, 0, 0, 0, 0
    names, by_sector, strategies = _Sums(), _Sums(), _Sums()
    unmarked: dict[Symbol, None] = {}
    for (symbol, strategy), position in positions.items():
        weight, cost = money.weights[symbol], money.parts(symbol, position.cost_basis)
        mark = twice_marks.get(symbol, 0)
        if mark or not position.net_lots:
            value = position.net_lots * mark * weight
        else:
            unmarked[symbol] = None
            value = cost
        cash += money.parts(symbol, position.cash_flow)
        realised += money.parts(symbol, position.realised)
        fees += money.parts(symbol, position.fees)
        value_of_all += value
        cost_of_all += cost
        names.add(symbol, value)
        by_sector.add(sectors.get(symbol) or symbol, value)
        strategies.add(strategy, value)
    equity = cash + value_of_all
    return Valuation(
        cash=cash,
        equity=equity,
        realised=realised,
        unrealised=value_of_all - cost_of_all,
        fees=fees,
        profit=equity - starting_cash,
        peak=max(peak, equity),
        names=names.exposures(),
        sectors=by_sector.exposures(),
        strategies=strategies.exposures(),
        unmarked=tuple(unmarked),
    )
