"""Market data's side of the tick store: what is traded and believed goes into bars, which go out once an interval."""

from typing import Final

from squall.system.config import HistoryConfig
from squall.system.domain.bars import BarMaker
from squall.system.domain.desk_book import Touch
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import BarsClosed
from squall.system.runtime import Address, Runtime

BARS: Final = "bars"


class BarClock:
    """One datagram an interval, whatever happens: a busy market makes no more of them. Its timer is `BARS`."""

    def __init__(self, runtime: Runtime, config: HistoryConfig, symbols: tuple[Symbol, ...], store: Address) -> None:
        self._runtime = runtime
        self.config = config
        self._store = store
        self._makers = {symbol: BarMaker(symbol) for symbol in symbols}
        self._number = 0

    def start(self) -> None:
        """The first bar has whatever is left of the interval before it, too."""
        self._await_end()

    def price(self, symbol: Symbol, touch: Touch) -> None:
        """A touch that was told as good, whoever it is from."""
        if (maker := self._makers.get(symbol)) is not None:
            maker.price(touch)

    def trade(self, symbol: Symbol, price_half_ticks: int, lots: int) -> None:
        """A print on some venue's tape."""
        if (maker := self._makers.get(symbol)) is not None:
            maker.trade(price_half_ticks, lots)

    def on_end(self) -> None:
        """The timer: the interval that is over by now. By the wall clock, since days are; one that is set back makes
        bars of the past, and the store refuses them."""
        bar_ns = self.config.bar_ns
        start_ns = (self._runtime.now_ns + bar_ns // 2) // bar_ns * bar_ns - bar_ns
        self._number += 1
        self._runtime.send(
            self._store, BarsClosed(self._number, tuple(maker.close(start_ns) for maker in self._makers.values()))
        )
        self._await_end()

    def _await_end(self) -> None:
        bar_ns = self.config.bar_ns
        since_ns = (self._runtime.now_ns + bar_ns // 2) % bar_ns - bar_ns // 2
        # The timer may ring a little early or late by the wall clock: the nearest end of an interval is meant.
        self._runtime.set_timer(bar_ns - since_ns, BARS)
