"""The market as execution algorithms see it: every venue's last tick, the volume since, and whether prices run away."""

from collections.abc import Iterable, Mapping

from squall.sim.exchange.wire.messages import Side
from squall.system.config import StrategyConfig
from squall.system.domain.algorithms import Sight
from squall.system.domain.collar import Collar
from squall.system.domain.desk_book import is_news
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import ParentOrder, Tick
from squall.system.domain.signals import BestTouch, best_touch
from squall.system.domain.volume import VolumeMeter
from squall.system.wiring import Instrument


class MarketView:
    """Of all instruments; ticks of anything else are passed over."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._tick_half_ticks = {each.symbol: each.tick_half_ticks for each in instruments}
        self._ticks: dict[Symbol, dict[Venue, Tick]] = {symbol: {} for symbol in self._tick_half_ticks}
        self._volume = {symbol: VolumeMeter() for symbol in self._tick_half_ticks}
        self._collars = {(symbol, side): Collar(side) for symbol in self._tick_half_ticks for side in Side}

    def see(self, tick: Tick, now_ns: int, config: StrategyConfig) -> None:
        """The next tick, at this monotonic time."""
        by_venue = self._ticks.get(tick.symbol)
        if by_venue is None:
            return
        self._volume[tick.symbol].see(tick)
        if not is_news(tick, by_venue.get(tick.venue)):
            return
        by_venue[tick.venue] = tick
        touch = best_touch(by_venue.values())
        if touch is None:
            return
        for side in Side:
            facing = touch.ask_half_ticks if side is Side.BUY else touch.bid_half_ticks
            if facing:
                self._collars[tick.symbol, side].see(now_ns, facing, config)

    def quotes(self, symbol: Symbol) -> Mapping[Venue, Tick]:
        """The last tick of each venue, stale ones too."""
        return self._ticks[symbol]

    def touch(self, symbol: Symbol) -> BestTouch | None:
        """The best of all venues that are fresh; None where none is."""
        return best_touch(self._ticks[symbol].values())

    def middle_twice(self, symbol: Symbol) -> int | None:
        """Of the best touch, doubled, in half ticks; None where it has not two sides that are fresh."""
        touch = self.touch(symbol)
        if touch is None or not touch.bid_half_ticks or not touch.ask_half_ticks:
            return None
        return touch.bid_half_ticks + touch.ask_half_ticks

    def traded_lots(self, symbol: Symbol) -> int:
        """The volume of all venues since this view began."""
        return self._volume[symbol].total_lots

    def sight(self, order: ParentOrder, traded_lots: int, config: StrategyConfig) -> Sight:
        """What a parent is to go by, of whose share so many lots count as traded."""
        touch = self.touch(order.symbol)
        if not config.price_collar:
            return Sight(touch, traded_lots)
        worst = self._collars[order.symbol, order.side].limit(self._tick_half_ticks[order.symbol], config)
        return Sight(touch, traded_lots, worst, runs=worst is None)
