"""Picks a venue for each order that the OMS lets out, and hands it to execution."""

from collections.abc import Hashable
from typing import Final

from squall.system.config import MILLISECOND, DeskConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.desk_book import is_news
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import (
    AskTicks,
    ForgetStop,
    OrderUnsent,
    RouteOrder,
    SendOrder,
    Tick,
    UnsentReason,
    VenueHealth,
    WatchStop,
    WatchStops,
)
from squall.system.domain.routing import Choice, choose_dark, choose_venue
from squall.system.runtime import Address, Runtime
from squall.system.services.stop_watch import StopWatch, WatchMessage
from squall.system.wiring import Wiring

REOPEN_NS: Final = 50 * MILLISECOND
_REOPEN: Final = "reopen execution"
_PATIENCE: Final = "enough of waiting for execution"

RouterMessage = RouteOrder | Tick | VenueHealth | WatchMessage


class Router:
    """Knows the last touch of every book and which venues execution holds safe; keeps nothing of an order."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._wiring = wiring
        self._quotes: dict[Symbol, dict[Venue, Tick | None]] = {
            instrument.symbol: {route.venue: None for route in wiring.lit if instrument.symbol in route.symbols}
            for instrument in wiring.instruments
        }
        self._tariffs = {route.venue: route.tariff for route in wiring.venues}
        self._dark = {route.venue: None for route in wiring.venues if route.dark}
        self._routable: dict[Venue, bool] = {route.venue: False for route in wiring.venues}
        self._reducing: dict[Venue, bool] = dict.fromkeys(self._routable, False)
        """Where only what reduces may go."""
        self._informed = False
        self._settled = False
        """Execution has had a session with some venue since its stream opened."""
        self._held: dict[ClOrdID, tuple[Address, RouteOrder, int]] = {}
        """Orders that wait for that, from whom, and until when."""
        self._keepers = tuple(route.venue for route in wiring.venues if route.keeps_stops)
        self._stops = StopWatch(runtime, config.router, self._quotes)

    @property
    def routable(self) -> tuple[Venue, ...]:
        """The venues that execution holds safe."""
        return tuple(venue for venue, is_safe in self._routable.items() if is_safe)

    @property
    def blind(self) -> tuple[Symbol, ...]:
        """Symbols of which it knows no price: their orders could go nowhere."""
        return tuple(symbol for symbol, quotes in self._quotes.items() if not any(quotes.values()))

    @property
    def informed(self) -> bool:
        """Whether execution has said how its venues are, on the stream that stands."""
        return self._informed

    def on_start(self) -> None:
        self._runtime.open(self._wiring.execution)
        # Else a router that restarts knows no price, and sends back every order, until each book has moved.
        self._runtime.send(self._wiring.market_data, AskTicks(1))

    def on_message(self, sender: Address, message: RouterMessage) -> None:
        match message:
            case Tick():
                self._on_tick(message)
            case RouteOrder():
                self._on_route_order(sender, message)
            case VenueHealth():
                self._informed = True
                if message.routable and not self._settled:
                    self._settled = True
                    self._routable[message.venue] = True
                    self._let_go()
                self._routable[message.venue] = message.routable
                self._reducing[message.venue] = message.reducing
            case WatchStops() | WatchStop() | ForgetStop():
                self._stops.on_message(sender, message)
            case _:
                raise TypeError(f"router: found {type(message).__name__}, expected {RouterMessage}")

    def _on_tick(self, tick: Tick) -> None:
        by_venue = self._quotes.get(tick.symbol)
        if by_venue is None or tick.venue not in by_venue:
            return
        if is_news(tick, by_venue[tick.venue]):
            by_venue[tick.venue] = tick
            self._stops.on_tick(tick)

    def _on_route_order(self, sender: Address, order: RouteOrder) -> None:
        if self._settled or not self._config.router.await_execution:
            self._choose(sender, order)
            return
        if not self._held:
            self._runtime.set_timer(self._config.router.patience_ns, _PATIENCE)
        # Its name alone: a later attempt replaces an earlier one, which the OMS has given up.
        self._held[order.cl_ord_id] = (sender, order, self._runtime.monotonic_ns + self._config.router.patience_ns)
        self._runtime.emit(ProtectionActed("router.await_execution", order.cl_ord_id))

    def _let_go(self, now_ns: int | None = None) -> None:
        """Route what was held: all of it, or what has waited for long enough by *now_ns*."""
        held, self._held = self._held, {}
        for cl_ord_id, (sender, order, until_ns) in held.items():
            if now_ns is None or until_ns <= now_ns:
                self._choose(sender, order)
            else:
                self._held[cl_ord_id] = (sender, order, until_ns)
        if self._held:
            soonest_ns = min(until_ns for _, _, until_ns in self._held.values())
            self._runtime.set_timer(soonest_ns - self._runtime.monotonic_ns, _PATIENCE)

    def _choose(self, sender: Address, order: RouteOrder) -> None:
        routable, closed = self._routable, {} if order.reduces else self._reducing
        if order.venue in self._dark:
            is_open = routable[order.venue] and not closed.get(order.venue, False)
            self._route(sender, order, choose_dark(order, order.venue, is_open))
            return
        safe = [
            quote
            for venue, quote in self._quotes.get(order.symbol, {}).items()
            if quote is not None and routable[venue]
        ]
        quotes = [quote for quote in safe if not closed.get(quote.venue)]
        choice = choose_venue(order, quotes, self._tariffs, self._keepers)
        if len(quotes) < len(safe) and choice != choose_venue(order, safe, self._tariffs, self._keepers):
            self._runtime.emit(ProtectionActed("risk.kill_switch", order.cl_ord_id))
        if isinstance(choice, Choice) and self._runtime.buggify("second best venue", order.cl_ord_id):
            others = [quote for quote in quotes if quote.venue != choice.venue]
            second = choose_venue(order, others, self._tariffs, self._keepers)
            choice = second if isinstance(second, Choice) else choice
        self._route(sender, order, choice)

    def _route(self, sender: Address, order: RouteOrder, choice: Choice | UnsentReason) -> None:
        match choice:
            case Choice():
                sent = self._runtime.write(self._wiring.execution, SendOrder(venue=choice.venue, order=order))
                if not sent:
                    self._unsent(sender, order, UnsentReason.SESSION_DOWN)
            case UnsentReason():
                self._unsent(sender, order, choice)

    def _unsent(self, sender: Address, order: RouteOrder, reason: UnsentReason) -> None:
        # Where the stream has died meanwhile, the OMS asks again: to it the order is routed and unanswered.
        self._runtime.write(sender, OrderUnsent(cl_ord_id=order.cl_ord_id, attempt=order.attempt, reason=reason))

    def on_timer(self, key: Hashable) -> None:
        if key == _PATIENCE:
            self._let_go(self._runtime.monotonic_ns)
            return
        if key != _REOPEN:
            raise ValueError(f"router: found timer {key!r}, expected {_REOPEN!r}")
        self._runtime.open(self._wiring.execution)

    def on_durable(self, token: int) -> None:
        raise AssertionError(f"router: found token {token} durable, but the router writes no file")

    def on_stream_open(self, peer: Address) -> None:
        """Execution says on its new stream how its venues are; an OMS speaks first."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        if peer == self._wiring.execution:
            self._informed = self._settled = False
            for venue in self._routable:
                self._routable[venue] = False
            self._runtime.set_timer(REOPEN_NS, _REOPEN)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config
        self._stops.config = config.router
