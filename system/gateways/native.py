"""One session towards one venue, in the venues' native protocol: logon, heartbeats, reconnection, orders."""

from enum import Enum
from typing import Final

from squall.sim.exchange.wire.messages import (
    Heartbeat,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusRequest,
)
from squall.system.config import ExecutionConfig
from squall.system.domain import back_off
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.doubt import desk_id, replace_id
from squall.system.domain.ids import Venue
from squall.system.domain.messages import CancelAtVenue, ReplaceAtVenue, RouteOrder
from squall.system.runtime import Runtime
from squall.system.wiring import VenueRoute

SILENT_BEATS: Final = 3
"""Beats of our own without a word from the venue after which we hang up. Counted in beats, not in time: a
pause of this host is not the venue's silence."""


class SessionState(Enum):
    DOWN = "down"
    OPENING = "opening"
    LOGGING_ON = "logging on"
    ESTABLISHED = "established"


class NativeGateway:
    """Keeps one session up and puts the desk's words into the venue's.

    Every logon starts a new *incarnation* of the session, numbered from 1 and counted on disk, so that no
    restarted process uses a number again. What an unanswered order may still do depends on the one it rode.
    """

    __slots__ = (
        "_address",
        "_beats",
        "_failures",
        "_file",
        "_flaps",
        "_runtime",
        "_since_ns",
        "_unheard",
        "closed_below",
        "config",
        "inherited",
        "session",
        "state",
        "venue",
    )

    def __init__(self, runtime: Runtime, config: ExecutionConfig, route: VenueRoute) -> None:
        self._runtime = runtime
        self.config = config
        self.venue: Venue = route.venue
        self._address = route.address
        self._file = f"sessions.{route.venue}"
        self.state = SessionState.DOWN
        self.session = 0
        """The latest incarnation."""
        self.inherited = 0
        """The latest incarnation of the processes before this one; 0 where there was none."""
        self.closed_below = 1
        """The venue has declared all incarnations below this one dead. (There never was a session 0.)"""
        self._beats = 0
        self._unheard = 0
        self._failures = 0
        """Attempts to establish a session that have failed since the last one that was."""
        self._flaps = 0
        """Sessions in a row that fell before they had held for long."""
        self._since_ns = 0
        """When the session was established."""

    @property
    def established(self) -> bool:
        return self.state is SessionState.ESTABLISHED

    # --- the session's life ---

    def start(self) -> None:
        """Read how many sessions there were, and open the next one."""
        records = self._runtime.read(self._file)
        self.session = self.inherited = int(records[-1]) if records else 0
        self._open()

    def on_stream_open(self) -> None:
        """The stream stands: log on. The count need not be durable first: were it lost in a crash, the number
        would be used again, but by a session whose acceptance still declares the earlier one dead."""
        self.session += 1
        self._runtime.append(self._file, str(self.session).encode())
        self._runtime.write(self._address, Logon(sender=self._runtime.address, session=self.session))
        self.state = SessionState.LOGGING_ON
        self._unheard = 0
        self._runtime.set_timer(self.config.heartbeat_interval_ns, ("beat", self.venue))

    def on_logon_accepted(self, message: LogonAccepted) -> bool:
        """True where the session is established by this."""
        if self.state is not SessionState.LOGGING_ON or message.session != self.session:
            return False  # of a stream that is no more
        self.state = SessionState.ESTABLISHED
        self._failures = 0
        self._since_ns = self._runtime.monotonic_ns
        if message.previous_session_closed:
            self.closed_below = self.session
        return True

    def heard(self) -> None:
        """Any message of the venue is a sign of life."""
        self._unheard = 0

    def on_beat(self) -> bool:
        """The beat timer: say that we live, or hang up on a silent venue. True where that loses a session."""
        if self.state not in (SessionState.LOGGING_ON, SessionState.ESTABLISHED):
            return False
        self._unheard += 1
        if self._unheard > SILENT_BEATS:
            self._runtime.close(self._address)
            return self.on_stream_closed()
        if self.established:
            self._beats += 1
            self._runtime.write(self._address, Heartbeat(sender=self._runtime.address, number=self._beats))
        self._runtime.set_timer(self.config.heartbeat_interval_ns, ("beat", self.venue))
        return False

    def on_stream_closed(self) -> bool:
        """Try again after a while. True where an established session is lost, False where none came about."""
        lost = self.established
        if lost:
            held_ns = self._runtime.monotonic_ns - self._since_ns
            self._flaps = self._flaps + 1 if held_ns < self.config.flap_window_ns else 0
        self.state = SessionState.DOWN
        self._runtime.cancel_timer(("beat", self.venue))
        patience = 4 if self._runtime.buggify("slow reconnect", self.venue, self._runtime.monotonic_ns) else 1
        self._runtime.set_timer(patience * self._reconnect_wait_ns(), ("reconnect", self.venue))
        return lost

    def _reconnect_wait_ns(self) -> int:
        config = self.config
        self._failures += 1
        if not config.back_off:
            return config.reconnect_interval_ns
        if self._failures > 1:
            what = f"{self.venue} after {self._failures} failures"
            self._runtime.emit(ProtectionActed(protection="execution.back_off", what=what))
        draw = self._runtime.chance("reconnect", self.venue, self.session, self._failures)
        wait_ns = back_off.wait_ns(config.reconnect_interval_ns, config.reconnect_interval_max_ns, self._failures, draw)
        if self._flaps > 1 and config.flap_damping:
            what = f"{self.venue} after {self._flaps} sessions that fell"
            self._runtime.emit(ProtectionActed(protection="execution.flap_damping", what=what))
            longer_ns = back_off.wait_ns(config.flap_interval_ns, config.flap_interval_max_ns, self._flaps, draw)
            return max(wait_ns, longer_ns)
        return wait_ns

    def on_reconnect(self) -> None:
        """The reconnect timer."""
        if self.state is SessionState.DOWN:
            self._open()

    def _open(self) -> None:
        self.state = SessionState.OPENING
        self._runtime.open(self._address)

    # --- what is said on it; False where it could not be written ---

    def send_order(self, order: RouteOrder, wire_id: str, attempt: int) -> bool:
        return self.established and self._runtime.write(
            self._address,
            NewOrderSingle(
                cl_ord_id=wire_id,
                cl_ord_link_id=desk_id(order.cl_ord_id),
                symbol=order.symbol,
                side=order.side,
                quantity_lots=order.quantity_lots,
                ord_type=order.ord_type,
                time_in_force=order.time_in_force,
                price_half_ticks=order.price_half_ticks,
                attempt=attempt,
                stop_price_half_ticks=order.stop_price_half_ticks,
                min_lots=order.min_lots,
            ),
        )

    def replace(self, request: ReplaceAtVenue, wire_id: str) -> bool:
        """Ask for other terms; *wire_id* is what the order bears now, and the new name is made of the revision."""
        return self.established and self._runtime.write(
            self._address,
            OrderCancelReplaceRequest(
                cl_ord_id=replace_id(request.cl_ord_id, request.revision),
                orig_cl_ord_id=wire_id,
                symbol=request.symbol,
                side=request.side,
                quantity_lots=request.quantity_lots,
                price_half_ticks=request.price_half_ticks,
                stop_price_half_ticks=request.stop_price_half_ticks,
            ),
        )

    def cancel(self, request: CancelAtVenue, wire_id: str) -> bool:
        return self.established and self._runtime.write(
            self._address,
            OrderCancelRequest(
                cl_ord_id=f"{request.cl_ord_id}/x{request.attempt}",
                orig_cl_ord_id=wire_id,
                symbol=request.symbol,
                side=request.side,
            ),
        )

    def query(self, wire_id: str, number: int) -> bool:
        return self.established and self._runtime.write(
            self._address, OrderStatusRequest(cl_ord_id=wire_id, attempt=number)
        )
