"""Market data → tick store: bars. Whoever asks ↔ tick store. All datagrams: what is lost is asked again, or missing."""

from enum import Enum

from msgspec import Struct

from squall.system.domain.ids import Symbol
from squall.system.domain.messages.base import DeskMessage


class Bar(Struct, frozen=True, gc=False, array_like=True):
    """Prices are the middle of a touch that was believed, doubled, in half ticks: whole where a middle may not be."""

    symbol: Symbol
    start_ns: int
    """On the grid of the bar's length, by market data's wall clock."""
    open_twice: int
    high_twice: int
    low_twice: int
    close_twice: int
    """All 0 where no price has ever been known."""
    lots: int
    turnover: int
    """Price × lots of all trades, in half tick × lot."""


class BarsClosed(DeskMessage, frozen=True, tag=True):
    """One bar of every symbol, all of one interval."""

    number: int
    """Counts the intervals of market data's present life, from 1."""
    bars: tuple[Bar, ...]

    @property
    def identity(self) -> str:
        return f"bars/{self.number}"


class Statistic(Enum):
    """What can be asked of the recorded bars of one symbol."""

    VOLUME_PROFILE = "volume profile"
    """Of each of *parts* equal parts of the time asked about, on all recorded days: the lots, and the bars that there
    are of it."""
    VWAP = "interval vwap"
    """Turnover (half tick × lot) and lots."""
    VOLATILITY = "volatility"
    """Of a return over *horizon_ns*, in millionths; nothing where there are too few."""
    RETURNS = "returns"
    """Over *horizon_ns* each, oldest first: the doubled closing price before and after, in pairs, end to end."""


class AskHistory(DeskMessage, frozen=True, tag=True):
    """*number* is the asker's own count, and comes back with the answer."""

    number: int
    statistic: Statistic
    symbol: Symbol
    from_ns: int
    to_ns: int
    parts: int = 1
    horizon_ns: int = 0

    @property
    def identity(self) -> str:
        return f"ask-history/{self.statistic.value}/{self.symbol}/{self.number}"


class HistoryTold(DeskMessage, frozen=True, tag=True):
    """The answer, and how much of the time asked about it is made of: the store may lag, or have lost its tail."""

    number: int
    values: tuple[int, ...]
    bars: int
    bars_missing: int

    @property
    def identity(self) -> str:
        return f"history-told/{self.number}"
