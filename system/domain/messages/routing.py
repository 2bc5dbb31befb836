"""OMS → router → execution, and back."""

from enum import Enum
from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.messages import ExecutionReport, OrderStatusReport, OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages.base import DeskMessage
from squall.system.domain.switches import Switch

# --- OMS → router → execution ---


class RouteOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """Send this order, once. *attempt* counts the times that the OMS has let it out, from 1."""

    wire_bytes: ClassVar[int] = 160
    epoch: Epoch
    cl_ord_id: ClOrdID
    symbol: Symbol
    side: Side
    quantity_lots: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price_half_ticks: int | None
    attempt: int
    stop_price_half_ticks: int | None = None
    strategy: str = ""
    client: str = ""
    venue: Venue | None = None
    """The one that this leg was cut for."""
    expire_ns: int | None = None
    reduces: bool = False
    """Whether it only brings the position nearer to zero, as risk found."""
    min_lots: int = 0

    @property
    def identity(self) -> str:
        return f"route/{self.cl_ord_id}/{self.attempt}"


class SendOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """Router → execution: the order, and the venue chosen for it."""

    wire_bytes: ClassVar[int] = 160
    venue: Venue
    order: RouteOrder

    @property
    def identity(self) -> str:
        return f"send/{self.order.cl_ord_id}/{self.order.attempt}"


class VenueHealth(DeskMessage, frozen=True, gc=False, tag=True):
    """Execution → routers, strategy: whether new orders may go to this venue now, only those that reduce, or few."""

    venue: Venue
    routable: bool
    number: int
    reducing: bool = False
    throttled: bool = False
    """It has lately turned requests away because they were too many."""

    @property
    def identity(self) -> str:
        return f"health/{self.venue}/{self.number}"


class CancelAtVenue(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → execution: ask the venue to cancel.

    *wire_id* is what the order bears there as far as the OMS knows; execution, which hears of it first, knows better.
    """

    epoch: Epoch
    cl_ord_id: ClOrdID
    venue: Venue
    symbol: Symbol
    side: Side
    attempt: int
    wire_id: str | None = None

    @property
    def identity(self) -> str:
        return f"cancel-at-venue/{self.cl_ord_id}/{self.attempt}"


class ReplaceAtVenue(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → execution: ask the venue to put the order on these terms. *wire_id*: as in CancelAtVenue."""

    wire_bytes: ClassVar[int] = 160
    epoch: Epoch
    cl_ord_id: ClOrdID
    venue: Venue
    symbol: Symbol
    side: Side
    revision: int
    quantity_lots: int
    price_half_ticks: int | None
    stop_price_half_ticks: int | None = None
    wire_id: str | None = None

    @property
    def identity(self) -> str:
        return f"replace-at-venue/{self.cl_ord_id}/{self.revision}"


class OpenAtVenue(Struct, frozen=True, gc=False):
    """An order whose fate a new leader wants to know; *venue* is None where the desk cannot tell which."""

    order: RouteOrder
    venue: Venue | None
    wire_id: str | None = None
    """What it bears there since it was last replaced; None: its own name."""


class Fence(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → execution: I lead this epoch. Refuse whoever bears a lower one, and tell me what became of these."""

    wire_bytes: ClassVar[int] = 1_000
    epoch: Epoch
    leader: str
    orders: tuple[OpenAtVenue, ...]
    attempt: int
    switches: tuple[Switch, ...] = ()
    """All that is not active."""

    @property
    def identity(self) -> str:
        return f"fence/{self.epoch}/{self.leader}/{self.attempt}"


class FenceAccepted(DeskMessage, frozen=True, gc=False, tag=True):
    """Execution → OMS: the epoch is persisted; answers about the orders follow one by one."""

    epoch: Epoch

    @property
    def identity(self) -> str:
        return f"fence-accepted/{self.epoch}"


# --- execution, router → OMS ---


class UnsentReason(Enum):
    """Why an order is certainly not at any venue."""

    NO_VENUE = "no venue is safe"
    NO_STOPS = "no venue keeps stop orders"
    NOT_MARKETABLE = "no price within the limit"
    BREAKER_OPEN = "circuit breaker open"
    SESSION_DOWN = "session down"
    NEVER_ARRIVED = "the venue never got it"
    FENCED = "fenced"
    NOT_NOW = "the venue says not now"
    HALTED = "halted"
    VENUE_HALTED = "the venue is halted"
    EXPIRED = "its time is over"
    VENUE_REDUCING = "the venue takes only what reduces"


class OrderLeft(DeskMessage, frozen=True, gc=False, tag=True):
    """Execution: the order was written to this venue's session."""

    cl_ord_id: ClOrdID
    venue: Venue
    attempt: int

    @property
    def identity(self) -> str:
        return f"left/{self.cl_ord_id}/{self.attempt}"


class OrderUnsent(DeskMessage, frozen=True, gc=False, tag=True):
    """It is certain that this order is at no venue and never was executed: it may be routed again."""

    cl_ord_id: ClOrdID
    attempt: int
    reason: UnsentReason

    @property
    def identity(self) -> str:
        return f"unsent/{self.cl_ord_id}/{self.attempt}"


class OrderDoubtful(DeskMessage, frozen=True, gc=False, tag=True):
    """Execution: no answer in time. It may or may not be at the venue; a status query is on its way."""

    cl_ord_id: ClOrdID
    venue: Venue
    attempt: int

    @property
    def identity(self) -> str:
        return f"doubtful/{self.cl_ord_id}/{self.attempt}"


class VenueReport(DeskMessage, frozen=True, gc=False, tag=True):
    """Execution: what a venue said of an order, as it said it."""

    wire_bytes: ClassVar[int] = 220
    venue: Venue
    cl_ord_id: ClOrdID
    report: ExecutionReport | OrderStatusReport

    @property
    def identity(self) -> str:
        return f"venue-report/{self.venue}/{self.report.identity}"


class CancelRefused(DeskMessage, frozen=True, gc=False, tag=True):
    cl_ord_id: ClOrdID
    reason: str

    @property
    def identity(self) -> str:
        return f"cancel-refused/{self.cl_ord_id}"


class ReplaceRefused(DeskMessage, frozen=True, gc=False, tag=True):
    """The venue would not replace it, or was not asked: *reason* is a CxlRejReason's or UnsentReason's value."""

    cl_ord_id: ClOrdID
    revision: int
    reason: str

    @property
    def identity(self) -> str:
        return f"replace-refused/{self.cl_ord_id}/{self.revision}"
