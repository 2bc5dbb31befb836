"""Bars: what one symbol did in one interval, on all venues together. The tick store keeps these, and no ticks.

A quiet interval has a bar too, of no lots and the price that stood. An interval without a bar is one that nobody has
recorded: the store was down, or its disk has lost it. So a gap can be told from a quiet market.
"""

from squall.system.domain.desk_book import Touch
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import Bar


class BarMaker:
    """One symbol's bar in the making. Prices of a book in quarantine never come here: the last good one stands."""

    __slots__ = ("_close", "_high", "_lots", "_low", "_open", "_symbol", "_turnover")

    def __init__(self, symbol: Symbol) -> None:
        self._symbol = symbol
        self._close = 0
        self._begin()

    def _begin(self) -> None:
        self._open = self._high = self._low = self._close
        self._lots = self._turnover = 0

    def price(self, touch: Touch) -> None:
        """A touch that was believed; one with an empty side has no middle."""
        bid_half_ticks, bid_lots, ask_half_ticks, ask_lots = touch
        if not bid_lots or not ask_lots:
            return
        twice = bid_half_ticks + ask_half_ticks
        if not self._open:
            self._open = self._high = self._low = twice
        self._close = twice
        if twice > self._high:
            self._high = twice
        elif twice < self._low:
            self._low = twice

    def trade(self, price_half_ticks: int, lots: int) -> None:
        """A print on some venue's tape."""
        self._lots += lots
        self._turnover += price_half_ticks * lots

    def close(self, start_ns: int) -> Bar:
        """The bar that began at *start_ns*; the next one opens where it has closed."""
        bar = Bar(self._symbol, start_ns, self._open, self._high, self._low, self._close, self._lots, self._turnover)
        self._begin()
        return bar
