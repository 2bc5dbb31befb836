"""Positions → portfolio, market data ↔ portfolio, portfolio → monitor: conflated, nothing at each tick or fill."""

from typing import ClassVar

from msgspec import Struct

from squall.system.domain.ids import Epoch, Symbol
from squall.system.domain.messages.base import DeskMessage


class StrategyPosition(Struct, frozen=True, gc=False, array_like=True):
    """One strategy's position in one symbol. Money in half tick × lot, the cost in millionths of it."""

    symbol: Symbol
    strategy: str
    net_lots: int
    cost_millionths: int
    cash_flow: int
    fees: int
    fills: int


class StrategyPositions(DeskMessage, frozen=True, gc=False, tag=True):
    """Positions → portfolio: those that have changed since the last of these, or *whole*: all; forget what you had."""

    wire_bytes: ClassVar[int] = 400
    epoch: Epoch
    whole: bool
    states: tuple[StrategyPosition, ...]
    number: int

    @property
    def identity(self) -> str:
        return f"strategy-positions/{self.epoch}/{self.number}"


class AskMarks(DeskMessage, frozen=True, gc=False, tag=True):
    """Portfolio → market data, a datagram: what is everything worth? The next valuation asks again."""

    number: int
    ends_horizon: bool = False
    """These marks are to be an observation of the past: a horizon has gone by since the last one."""

    @property
    def identity(self) -> str:
        return f"ask-marks/{self.number}"


class PriceMark(Struct, frozen=True, gc=False, array_like=True):
    """A symbol's best bid plus its best ask over all venues whose book is believed: twice the middle."""

    symbol: Symbol
    twice_half_ticks: int


class MarksTold(DeskMessage, frozen=True, gc=False, tag=True):
    """Market data → portfolio, a datagram: every symbol that has a price to be believed."""

    number: int
    marks: tuple[PriceMark, ...]
    ends_horizon: bool = False
    """As it was asked."""

    @property
    def identity(self) -> str:
        return f"marks/{self.number}"


class PortfolioValued(DeskMessage, frozen=True, gc=False, tag=True):
    """Portfolio → monitor, at each valuation. Money in hundredths of the currency unit."""

    number: int
    """Of the marks that it was made at."""
    equity_cents: int
    realised_cents: int
    profit_cents: int
    drawdown_percent: int
    value_at_risk_cents: int | None
    """None while too little of the past is known."""
    expected_shortfall_cents: int | None
    var_utilisation_percent: int | None

    @property
    def identity(self) -> str:
        return f"portfolio/{self.number}"
