"""What the desk's services say to each other: who says it to whom stands at each section."""

from enum import Enum
from typing import Any, ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.messages import ExecutionReport, OrderStatusReport, OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue


class DeskMessage(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base: what it weighs, and the stable name that keyed chance knows it by."""

    wire_bytes: ClassVar[int] = 96
    is_heartbeat: ClassVar[bool] = False

    @property
    def identity(self) -> str:
        raise NotImplementedError(type(self).__name__)


# --- market data → strategy, router, risk, positions ------------------------------------------------


class Tick(DeskMessage, frozen=True, gc=False, tag=True):
    """The touch of one symbol on one venue, from the arbitrated book after channel message *seq*.

    A side that is empty has price and lots 0. *stale*: a gap is open, nothing should rest on these prices.
    """

    venue: Venue
    symbol: Symbol
    seq: int
    bid_half_ticks: int
    bid_lots: int
    ask_half_ticks: int
    ask_lots: int
    stale: bool = False
    source_id: int = 0
    traded_lots: int = 0
    """All that the venue's tape has shown of this symbol, as far as we have heard."""

    @property
    def identity(self) -> str:
        return f"tick/{self.venue}/{self.symbol}/{self.seq}"


# --- strategy ↔ OMS --------------------------------------------------------------------------------


class SubmitOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """A command: trade this. Idempotent by ClOrdID: the strategy repeats it until the OMS has taken it.

    *intended_ns* is when the strategy meant to send it (true time of its schedule): latencies count from there.
    """

    wire_bytes: ClassVar[int] = 160
    cl_ord_id: ClOrdID
    strategy: str
    symbol: Symbol
    side: Side
    quantity_lots: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price_half_ticks: int | None
    intended_ns: int

    @property
    def identity(self) -> str:
        return f"submit/{self.cl_ord_id}"


class CancelOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """A command: take this order back, if it is still there."""

    cl_ord_id: ClOrdID

    @property
    def identity(self) -> str:
        return f"cancel-order/{self.cl_ord_id}"


class OrderTaken(DeskMessage, frozen=True, gc=False, tag=True):
    """The command is durable: the strategy may forget it."""

    cl_ord_id: ClOrdID

    @property
    def identity(self) -> str:
        return f"taken/{self.cl_ord_id}"


class Leading(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → strategy: this OMS leads from now on; repeat to it what was not taken."""

    epoch: Epoch
    leader: str

    @property
    def identity(self) -> str:
        return f"leading/{self.epoch}"


# --- OMS ↔ risk ------------------------------------------------------------------------------------


class DenyReason(Enum):
    ORDER_SIZE = "order size"
    POSITION_LIMIT = "position limit"
    DAILY_LOSS = "daily loss"
    NO_MARK = "no mark"
    DUPLICATE = "duplicate order"


class Denial(Struct, frozen=True, gc=False):
    """One failed check: what was found, and the limit it passed."""

    reason: DenyReason
    value: int
    limit: int


class CheckOrder(DeskMessage, frozen=True, gc=False, tag=True):
    epoch: Epoch
    cl_ord_id: ClOrdID
    symbol: Symbol
    side: Side
    quantity_lots: int

    @property
    def identity(self) -> str:
        return f"check/{self.epoch}/{self.cl_ord_id}"


class OrderChecked(DeskMessage, frozen=True, gc=False, tag=True):
    """The gate's answer; no denials means approved, and the quantity is reserved as in flight."""

    cl_ord_id: ClOrdID
    denials: tuple[Denial, ...]

    @property
    def identity(self) -> str:
        return f"checked/{self.cl_ord_id}"


class ReleaseOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → risk: the order has ended with *cum_lots* filled; free the rest once those fills are in the position."""

    cl_ord_id: ClOrdID
    cum_lots: int

    @property
    def identity(self) -> str:
        return f"release/{self.cl_ord_id}"


class OpenOrder(Struct, frozen=True, gc=False):
    """An approved order that has not ended, as the OMS tells it to a gate that has to start over."""

    cl_ord_id: ClOrdID
    symbol: Symbol
    side: Side
    quantity_lots: int
    cum_lots: int


class SyncRisk(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → risk, on a new stream: forget all reservations, these are in flight."""

    wire_bytes: ClassVar[int] = 1_000
    epoch: Epoch
    open_orders: tuple[OpenOrder, ...]

    @property
    def identity(self) -> str:
        return f"sync-risk/{self.epoch}"


# --- OMS → router → execution -----------------------------------------------------------------------


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
    """Execution → router: whether new orders may go to this venue now."""

    venue: Venue
    routable: bool
    number: int

    @property
    def identity(self) -> str:
        return f"health/{self.venue}/{self.number}"


class CancelAtVenue(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → execution: ask the venue to cancel."""

    epoch: Epoch
    cl_ord_id: ClOrdID
    venue: Venue
    symbol: Symbol
    side: Side
    attempt: int

    @property
    def identity(self) -> str:
        return f"cancel-at-venue/{self.cl_ord_id}/{self.attempt}"


class OpenAtVenue(Struct, frozen=True, gc=False):
    """An order whose fate a new leader wants to know; *venue* is None where the desk cannot tell which."""

    order: RouteOrder
    venue: Venue | None


class Fence(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → execution: I lead this epoch. Refuse whoever bears a lower one, and tell me what became of these."""

    wire_bytes: ClassVar[int] = 1_000
    epoch: Epoch
    leader: str
    orders: tuple[OpenAtVenue, ...]
    attempt: int

    @property
    def identity(self) -> str:
        return f"fence/{self.epoch}/{self.leader}/{self.attempt}"


class FenceAccepted(DeskMessage, frozen=True, gc=False, tag=True):
    """Execution → OMS: the epoch is persisted; answers about the orders follow one by one."""

    epoch: Epoch

    @property
    def identity(self) -> str:
        return f"fence-accepted/{self.epoch}"


# --- execution, router → OMS ------------------------------------------------------------------------


class UnsentReason(Enum):
    """Why an order is certainly not at any venue."""

    NO_VENUE = "no venue is safe"
    NOT_MARKETABLE = "no price within the limit"
    BREAKER_OPEN = "circuit breaker open"
    SESSION_DOWN = "session down"
    NEVER_ARRIVED = "the venue never got it"
    FENCED = "fenced"
    NOT_NOW = "the venue says not now"


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


# --- OMS → positions → risk, monitor -----------------------------------------------------------------


class BookFill(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → positions: book this execution, once."""

    exec_id: ExecID
    cl_ord_id: ClOrdID
    venue: Venue
    symbol: Symbol
    side: Side
    lots: int
    price_half_ticks: int
    strategy: str = ""

    @property
    def identity(self) -> str:
        return f"fill/{self.exec_id}"


class SyncPositions(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → positions, on a new stream: all fills of the day; book those that you do not have."""

    wire_bytes: ClassVar[int] = 1_000
    epoch: Epoch
    fills: tuple[BookFill, ...]

    @property
    def identity(self) -> str:
        return f"sync-positions/{self.epoch}"


class PositionChanged(DeskMessage, frozen=True, gc=False, tag=True):
    """Positions → risk, monitor: after booking *exec_id*. Money in the instrument's product (half tick × lot)."""

    symbol: Symbol
    net_lots: int
    cash_flow: int
    """Sum of all flows in this symbol so far: sells positive, buys negative."""
    realised: int
    cl_ord_id: ClOrdID
    exec_id: ExecID
    fill_lots: int
    number: int
    """Fills booked in this symbol so far, this one included."""

    @property
    def identity(self) -> str:
        return f"position/{self.exec_id}"


class PositionState(Struct, frozen=True, gc=False):
    """A symbol as it stands, over all strategies, after *number* fills. Money in half tick × lot."""

    symbol: Symbol
    net_lots: int
    cash_flow: int
    realised: int
    cost_basis: int
    number: int


class BookedOrder(Struct, frozen=True, gc=False, array_like=True):
    """How many lots of an order the positions hold."""

    cl_ord_id: ClOrdID
    lots: int


class PositionsTold(DeskMessage, frozen=True, gc=False, tag=True):
    """Positions → risk, monitor, on a new stream or after a sync: all that is booked; forget what you had.

    *epoch* is that of the last SyncPositions: every fill that its leader then knew of is in here.
    """

    wire_bytes: ClassVar[int] = 2_000
    epoch: Epoch
    states: tuple[PositionState, ...]
    orders: tuple[BookedOrder, ...]
    number: int

    @property
    def identity(self) -> str:
        return f"positions-told/{self.epoch}/{self.number}"


class AskPositions(DeskMessage, frozen=True, gc=False, tag=True):
    """Risk → positions: tell me all anew, an order that I do not know of is said to be in flight."""

    epoch: Epoch

    @property
    def identity(self) -> str:
        return f"ask-positions/{self.epoch}"


# --- OMS → audit → monitor ---------------------------------------------------------------------------


class JournalCopied(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → audit: events that have become durable, in the journal's own encoding."""

    wire_bytes: ClassVar[int] = 300
    epoch: Epoch
    first_version: int
    events: tuple[Any, ...]

    @property
    def identity(self) -> str:
        return f"journal/{self.epoch}/{self.first_version}"


# --- OMS ↔ OMS: replication --------------------------------------------------------------------------


class Replicate(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → standby: these events follow version *after_version*."""

    wire_bytes: ClassVar[int] = 400
    epoch: Epoch
    after_version: int
    events: tuple[bytes, ...]

    @property
    def identity(self) -> str:
        return f"replicate/{self.epoch}/{self.after_version}"


class Replicated(DeskMessage, frozen=True, gc=False, tag=True):
    """Standby → leader: all up to and including *version* is on my disk."""

    epoch: Epoch
    version: int

    @property
    def identity(self) -> str:
        return f"replicated/{self.epoch}/{self.version}"


class JoinStandby(DeskMessage, frozen=True, gc=False, tag=True):
    """A standby asks the leader for the whole journal: it has none, or one that may have diverged."""

    standby: str
    attempt: int

    @property
    def identity(self) -> str:
        return f"join/{self.standby}/{self.attempt}"


class JournalImage(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → standby: the whole journal; forget yours."""

    wire_bytes: ClassVar[int] = 20_000
    epoch: Epoch
    events: tuple[bytes, ...]

    @property
    def identity(self) -> str:
        return f"journal-image/{self.epoch}/{len(self.events)}"


class LeaderBeat(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → standby, a datagram: I am here."""

    is_heartbeat: ClassVar[bool] = True
    epoch: Epoch
    leader: str
    number: int

    @property
    def identity(self) -> str:
        return f"leader-beat/{self.epoch}/{self.number}"


# --- OMS ↔ lease keepers (datagrams) -------------------------------------------------------------------


class RequestLease(DeskMessage, frozen=True, gc=False, tag=True):
    """Candidate → keeper: a new epoch, please. *asked_ns* is the candidate's own monotonic clock, echoed."""

    epoch: Epoch
    candidate: str
    asked_ns: int
    attempt: int

    @property
    def identity(self) -> str:
        return f"request-lease/{self.epoch}/{self.candidate}/{self.attempt}"


class RenewLease(DeskMessage, frozen=True, gc=False, tag=True):
    is_heartbeat: ClassVar[bool] = True
    epoch: Epoch
    candidate: str
    asked_ns: int
    number: int

    @property
    def identity(self) -> str:
        return f"renew-lease/{self.epoch}/{self.candidate}/{self.number}"


class LeaseGranted(DeskMessage, frozen=True, gc=False, tag=True):
    """Keeper → candidate: an epoch is won when a majority has granted it."""

    epoch: Epoch
    candidate: str
    keeper: str
    asked_ns: int

    @property
    def identity(self) -> str:
        return f"granted/{self.epoch}/{self.keeper}"


class LeaseRenewed(DeskMessage, frozen=True, gc=False, tag=True):
    is_heartbeat: ClassVar[bool] = True
    epoch: Epoch
    candidate: str
    keeper: str
    asked_ns: int

    @property
    def identity(self) -> str:
        return f"renewed/{self.epoch}/{self.keeper}/{self.asked_ns}"


class LeaseRefused(DeskMessage, frozen=True, gc=False, tag=True):
    """Keeper → candidate: no; *highest* is the highest epoch that this keeper has granted."""

    epoch: Epoch
    candidate: str
    keeper: str
    highest: Epoch

    @property
    def identity(self) -> str:
        return f"refused/{self.epoch}/{self.candidate}/{self.keeper}"
