"""Watches the market for the stop orders that the desk holds, and says which of them it has reached."""

from collections.abc import Mapping

from squall.system.config import RouterConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import ForgetStop, HeldStop, StopReached, Tick, WatchStop, WatchStops
from squall.system.domain.signals import BestTouch, best_touch
from squall.system.domain.stops import is_reached
from squall.system.runtime import Address, Runtime

Quotes = Mapping[Symbol, Mapping[Venue, Tick | None]]
WatchMessage = WatchStops | WatchStop | ForgetStop


class StopWatch:
    """The router's part: it hears every tick already. It keeps nothing on disk, since a leader tells it all anew.

    What has been reached stays so until a leader says that it is held no more: one that takes over while the market
    comes and goes is told, too. So a stop is watched while nobody leads.
    """

    def __init__(self, runtime: Runtime, config: RouterConfig, quotes: Quotes) -> None:
        """*quotes* are the router's own, the last of each book."""
        self._runtime = runtime
        self.config = config
        self._quotes = quotes
        self._epoch = Epoch(0)
        self._leader: Address | None = None
        self._stops: dict[Symbol, dict[ClOrdID, HeldStop]] = {}
        self._reached: dict[ClOrdID, StopReached] = {}

    @property
    def watched(self) -> tuple[ClOrdID, ...]:
        """Whose stops are watched, by symbol."""
        return tuple(name for of_symbol in self._stops.values() for name in of_symbol)

    def on_message(self, sender: Address, message: WatchMessage) -> None:
        """A deposed leader is not heard."""
        if message.epoch < self._epoch:
            return
        self._epoch, self._leader = message.epoch, sender
        match message:
            case WatchStops(stops=stops):
                before, self._stops = self._stops, {}
                names = {stop.cl_ord_id: None for stop in stops}
                self._reached = {name: each for name, each in self._reached.items() if name in names}
                for stop in stops:
                    self._watch(stop, before.get(stop.symbol, {}).get(stop.cl_ord_id))
            case WatchStop(stop=stop):
                self._watch(stop, self._stops.get(stop.symbol, {}).get(stop.cl_ord_id))
            case ForgetStop(cl_ord_id=cl_ord_id):
                self._reached.pop(cl_ord_id, None)
                for of_symbol in self._stops.values():
                    of_symbol.pop(cl_ord_id, None)

    def _watch(self, stop: HeldStop, known: HeldStop | None) -> None:
        self._stops.setdefault(stop.symbol, {})[stop.cl_ord_id] = stop
        if known != stop:
            self._reached.pop(stop.cl_ord_id, None)
        reached = self._reached.get(stop.cl_ord_id)
        if reached is not None:
            self._tell(reached)
            return
        ticks = [tick for tick in self._quotes.get(stop.symbol, {}).values() if tick is not None]
        if ticks and is_reached(stop.side, stop.stop_price_half_ticks, best_touch(ticks)):
            self._note(stop, ticks[0])

    def on_tick(self, tick: Tick) -> None:
        """The quotes have it already."""
        of_symbol = self._stops.get(tick.symbol)
        if not of_symbol:
            return
        best = best_touch(each for each in self._quotes[tick.symbol].values() if each is not None)
        alone = BestTouch(tick.bid_half_ticks, tick.ask_half_ticks)
        for stop in of_symbol.values():
            if stop.cl_ord_id in self._reached:
                continue
            if is_reached(stop.side, stop.stop_price_half_ticks, best):
                self._note(stop, tick)
            elif tick.stale and is_reached(stop.side, stop.stop_price_half_ticks, alone):
                if self.config.believed_stops:
                    self._runtime.emit(ProtectionActed("router.believed_stops", stop.cl_ord_id))
                else:
                    self._note(stop, tick)

    def _note(self, stop: HeldStop, tick: Tick) -> None:
        reached = StopReached(stop.cl_ord_id, stop.stop_price_half_ticks, tick.venue, tick.seq)
        self._reached[stop.cl_ord_id] = reached
        self._tell(reached)

    def _tell(self, reached: StopReached) -> None:
        """Where nobody leads it is told to who asks next."""
        if self._leader is not None:
            self._runtime.write(self._leader, reached)
