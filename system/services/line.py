"""One venue as execution reaches it: its session, its breaker, and what others are told of both."""

from typing import Final

import msgspec
from msgspec import Struct

from squall.system.config import DeskConfig
from squall.system.domain import doubt
from squall.system.domain.breaker import Breaker, BreakerState
from squall.system.domain.claims import BreakerMoved, ProtectionActed
from squall.system.domain.doubt import Flight
from squall.system.domain.ids import Venue
from squall.system.domain.messages import RouteOrder, UnsentReason, VenueHealth
from squall.system.domain.switches import TradingState
from squall.system.gateways.native import NativeGateway
from squall.system.runtime import Address, Runtime
from squall.system.wiring import VenueRoute

BREAKER_FILE: Final = "breakers"


class BreakerRecord(Struct, frozen=True, gc=False, array_like=True):
    """A breaker opened, or closed again: what the next life has to know of it.

    *opened_ns*, None where it closed, is on the host's monotonic clock. Here that clock goes on when the host
    restarts; where one starts anew with each boot, the wall clock would have to stand in.
    """

    venue: Venue
    opened_ns: int | None


_encode: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final[msgspec.msgpack.Decoder[BreakerRecord]] = msgspec.msgpack.Decoder(BreakerRecord)


def opened_before(runtime: Runtime) -> dict[Venue, int]:
    """The breakers that an earlier life of this host left open, and since when."""
    opened: dict[Venue, int] = {}
    for data in runtime.read(BREAKER_FILE):
        record = _DECODER.decode(data)
        if record.opened_ns is None:
            opened.pop(record.venue, None)
        else:
            opened[record.venue] = record.opened_ns
    return opened


class Line:
    """Every call that may change whether new orders can go to the venue ends in a `review`."""

    def __init__(self, runtime: Runtime, config: DeskConfig, route: VenueRoute, listeners: tuple[Address, ...]) -> None:
        self._runtime = runtime
        self._config = config
        self._listeners = listeners
        self.venue = route.venue
        self.symbols = route.symbols
        self.gateway = NativeGateway(runtime, config.execution, route)
        self.breaker = Breaker(config.breaker)
        self.state = TradingState.ACTIVE
        """As an operator has it: nothing new goes to a venue that is halted, to one that is reducing what reduces."""
        self._told_state = BreakerState.CLOSED
        self._throttled_until_ns = 0
        self._told = (False, False, False)
        self._healths = 0

    def on_config(self, config: DeskConfig) -> None:
        self._config = config
        self.gateway.config = config.execution
        self.breaker.config = config.breaker
        self.review()

    def start(self, opened_ns: int | None) -> None:
        """Reach for the venue; its breaker is open since then if it was open in our last life."""
        if opened_ns is not None and self._config.breaker.enabled:
            self.breaker.reopen(opened_ns)
            self._told_state = BreakerState.OPEN  # which is on record already
            self.review()
        self.gateway.start()

    def transmit(self, flight: Flight, wire_id: str) -> UnsentReason | None:
        """Write the order, the first time or again; the reason where that cannot be."""
        gateway, breaker, config = self.gateway, self.breaker, self._config.execution
        problem = self.closed_to(flight.order)
        if problem is not None:
            return problem
        if flight.order.expire_ns is not None and self._runtime.now_ns >= flight.order.expire_ns:
            return UnsentReason.EXPIRED
        if not gateway.established:
            return UnsentReason.SESSION_DOWN
        permit = breaker.admit(self._runtime.monotonic_ns)
        if permit is None:
            refused = ProtectionActed(protection="breaker.enabled", what=flight.order.cl_ord_id)
            self._runtime.emit(refused)
            return UnsentReason.BREAKER_OPEN
        number = doubt.wire_attempt(flight, config)
        if not gateway.send_order(flight.order, wire_id, number):
            breaker.give_back(permit)
            self.review()
            return UnsentReason.SESSION_DOWN
        flight.wire_id = wire_id
        flight.written = number
        flight.paused = False
        flight.sends += 1
        flight.session = gateway.session
        flight.permit = permit
        self.review()
        if config.timeouts:
            self._runtime.set_timer(config.ack_timeout_ns, ("ack", flight.order.cl_ord_id))
        return None

    def closed_to(self, order: RouteOrder) -> UnsentReason | None:
        """Why an operator's word keeps this order from the venue, where it does."""
        if self.state.ends_trading:
            return UnsentReason.VENUE_HALTED
        if self.state is TradingState.REDUCING and not order.reduces:
            return UnsentReason.VENUE_REDUCING
        return None

    def admits_replace(self, what: str) -> bool:
        """A replace may only go where nothing is amiss: it is no probe, and no failure."""
        if self.breaker.state is BreakerState.CLOSED or not self._config.breaker.enabled:
            return True
        self._runtime.emit(ProtectionActed(protection="breaker.enabled", what=what))
        return False

    def succeeded(self, flight: Flight) -> None:
        """The venue spoke of the order in time; where it was late already, that has been counted."""
        if flight.permit is not None:
            self.breaker.succeeded(flight.permit)
            flight.permit = None
            self.review()

    def failed(self, flight: Flight) -> None:
        """The order was not answered in time, or the venue denies that it ever came."""
        if flight.permit is not None:
            self.breaker.failed(flight.permit, self._runtime.monotonic_ns)
            flight.permit = None
            self.review()

    def session_failed(self) -> None:
        """One failure, whatever was on its way."""
        self.breaker.session_failed(self._runtime.monotonic_ns)
        self.review()

    def throttled(self) -> None:
        """The venue has turned a request away because there were too many: for a while it is to be left in peace."""
        hold_ns = self._config.execution.throttle_hold_ns
        self._throttled_until_ns = self._runtime.monotonic_ns + hold_ns
        self._runtime.set_timer(hold_ns, ("throttled", self.venue))
        self.review()

    def review(self) -> None:
        """Say what has changed, if anything has; look again when an open breaker will be ripe for a probe."""
        breaker, now_ns = self.breaker, self._runtime.monotonic_ns
        if breaker.state is not self._told_state:
            self._told_state = breaker.state
            self._record()
            self._runtime.emit(BreakerMoved(venue=self.venue, state=breaker.state.value, failures=breaker.failures))
        if breaker.state is not BreakerState.CLOSED:
            ripe_in_ns = breaker.ripe_in_ns(now_ns)
            if ripe_in_ns:
                self._runtime.set_timer(ripe_in_ns, ("breaker", self.venue))
        if self._health(now_ns) != self._told:
            self.tell_health(self._listeners)

    def _health(self, now_ns: int) -> tuple[bool, bool, bool]:
        """Whether new orders may go there, whether only those that reduce, and whether few."""
        reachable = self.gateway.established and self.breaker.routable(now_ns)
        throttled = now_ns < self._throttled_until_ns
        return reachable and not self.state.ends_trading, self.state is TradingState.REDUCING, throttled

    def _record(self) -> None:
        """So that a restart does not forget that the venue is to be left alone. A probe changes nothing of that."""
        state = self.breaker.state
        if state is not BreakerState.HALF_OPEN:
            opened_ns = self.breaker.since_ns if state is BreakerState.OPEN else None
            self._runtime.append(BREAKER_FILE, _encode(BreakerRecord(self.venue, opened_ns)))

    def tell_health(self, listeners: tuple[Address, ...]) -> None:
        """Tell routers and strategy, as far as they are there; each hears it all again on a new stream."""
        routable, reducing, throttled = self._told = self._health(self._runtime.monotonic_ns)
        self._healths += 1
        health = VenueHealth(self.venue, routable, self._healths, reducing, throttled)
        for listener in listeners:
            self._runtime.write(listener, health)
