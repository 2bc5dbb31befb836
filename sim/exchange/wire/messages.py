"""The venues' published protocol: order entry on a session, market data on two lines. FIX's words."""

from enum import Enum
from typing import ClassVar

from msgspec import Struct


class Side(Enum):
    BUY = "buy"
    SELL = "sell"

    # Members are single objects: as keys of a dict they need not be hashed by their names, in Python.
    __hash__ = object.__hash__

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def other(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrdType(Enum):
    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(Enum):
    DAY = "day"
    IOC = "ioc"


class OrdStatus(Enum):
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class ExecType(Enum):
    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    REJECTED = "rejected"


class OrdRejReason(Enum):
    UNKNOWN_SYMBOL = "unknown symbol"
    DUPLICATE_ORDER = "duplicate ClOrdID"
    INVALID_QUANTITY = "invalid quantity"
    INVALID_PRICE = "invalid price"
    EXCHANGE_CLOSED = "exchange closed"


class CxlRejReason(Enum):
    TOO_LATE = "too late to cancel"
    UNKNOWN_ORDER = "unknown order"


class BusinessRejectReason(Enum):
    """Not now: the request was sound, was not looked at, and may be sent again."""

    NOT_AVAILABLE = "application not available"
    THROTTLED = "message rate exceeded"


class WireMessage(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base of every message of the protocol: what it weighs, and the name that keyed chance knows it by."""

    wire_bytes: ClassVar[int] = 64
    is_heartbeat: ClassVar[bool] = False

    @property
    def identity(self) -> str:
        raise NotImplementedError(type(self).__name__)


# --- session ---------------------------------------------------------------------------------------


class Logon(WireMessage, frozen=True, gc=False, tag=True):
    """The first message on a new stream. *session* is the client's own count of its sessions, from 1."""

    sender: str
    session: int

    @property
    def identity(self) -> str:
        return f"logon/{self.sender}/{self.session}"


class LogonAccepted(WireMessage, frozen=True, gc=False, tag=True):
    """The session stands. Any earlier session of this sender is dead: what it had not delivered is discarded."""

    session: int
    previous_session_closed: bool

    @property
    def identity(self) -> str:
        return f"logon-accepted/{self.session}"


class Heartbeat(WireMessage, frozen=True, gc=False, tag=True):
    is_heartbeat: ClassVar[bool] = True
    sender: str
    number: int

    @property
    def identity(self) -> str:
        return f"heartbeat/{self.sender}/{self.number}"


# --- orders: client to venue -----------------------------------------------------------------------


class NewOrderSingle(WireMessage, frozen=True, gc=False, tag=True):
    """ClOrdLinkID (583) names the desk's order, whatever ClOrdID (11) this attempt bears."""

    wire_bytes: ClassVar[int] = 160
    cl_ord_id: str
    cl_ord_link_id: str
    symbol: str
    side: Side
    quantity_lots: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price_half_ticks: int | None
    attempt: int = 1

    @property
    def identity(self) -> str:
        return f"new/{self.cl_ord_id}/{self.attempt}"


class OrderCancelRequest(WireMessage, frozen=True, gc=False, tag=True):
    wire_bytes: ClassVar[int] = 120
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: Side

    @property
    def identity(self) -> str:
        return f"cancel/{self.cl_ord_id}"


class OrderStatusRequest(WireMessage, frozen=True, gc=False, tag=True):
    """What became of this order? *attempt* counts this client's questions about it, from 1."""

    cl_ord_id: str
    attempt: int

    @property
    def identity(self) -> str:
        return f"status/{self.cl_ord_id}/{self.attempt}"


# --- orders: venue to client -----------------------------------------------------------------------


class ExecutionReport(WireMessage, frozen=True, gc=False, tag=True):
    """ExecID is unique per venue. LastQty and LastPx are set on trades only."""

    wire_bytes: ClassVar[int] = 200
    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    cl_ord_id: str
    order_id: str
    symbol: str
    side: Side
    cum_lots: int
    leaves_lots: int
    last_lots: int = 0
    last_price_half_ticks: int = 0
    reason: OrdRejReason | None = None
    transact_time_ns: int = 0

    @property
    def identity(self) -> str:
        return f"report/{self.exec_id}"


class OrderCancelReject(WireMessage, frozen=True, gc=False, tag=True):
    cl_ord_id: str
    orig_cl_ord_id: str
    reason: CxlRejReason

    @property
    def identity(self) -> str:
        return f"cancel-reject/{self.cl_ord_id}"


class Execution(Struct, frozen=True, gc=False):
    """One trade of one order, as an order-status report lists it."""

    exec_id: str
    lots: int
    price_half_ticks: int


class OrderStatusReport(WireMessage, frozen=True, gc=False, tag=True):
    """The answer to a status request. *status* is None where the venue knows no such order."""

    wire_bytes: ClassVar[int] = 240
    cl_ord_id: str
    attempt: int
    status: OrdStatus | None
    cum_lots: int = 0
    leaves_lots: int = 0
    executions: tuple[Execution, ...] = ()

    @property
    def identity(self) -> str:
        return f"status-report/{self.cl_ord_id}/{self.attempt}"


class BusinessReject(WireMessage, frozen=True, gc=False, tag=True):
    """FIX's BusinessMessageReject: the application did not look at a request. *refused* is the request's identity.

    It stands in for a reference to the request's sequence number, so that nobody takes it for a word about another
    attempt.
    """

    wire_bytes: ClassVar[int] = 120
    refused: str
    cl_ord_id: str
    """The ClOrdID of the order that the request was about."""
    reason: BusinessRejectReason

    @property
    def identity(self) -> str:
        return f"not-now/{self.refused}"


# --- market data -----------------------------------------------------------------------------------


class Level(Struct, frozen=True, gc=False, array_like=True):
    """The whole displayed quantity at one price after a change; zero lots removes the level."""

    side: Side
    price_half_ticks: int
    lots: int


class Print(Struct, frozen=True, gc=False, array_like=True):
    """A trade on the tape; *side* is the aggressor's."""

    side: Side
    price_half_ticks: int
    lots: int


class BookUpdate(WireMessage, frozen=True, gc=False, tag=True):
    """One step of a venue's channel; *seq* counts from 1 on the channel, alike on both lines."""

    wire_bytes: ClassVar[int] = 96
    venue: str
    line: str
    seq: int
    symbol: str
    levels: tuple[Level, ...] = ()
    prints: tuple[Print, ...] = ()
    venue_time_ns: int = 0
    source_id: int = 0
    """The recording's own update id, where there is one."""

    @property
    def identity(self) -> str:
        return f"book/{self.venue}/{self.seq}"


class FeedHeartbeat(WireMessage, frozen=True, gc=False, tag=True):
    """Nothing new: the last sequence number sent, so that a loss at the tail shows."""

    is_heartbeat: ClassVar[bool] = True
    venue: str
    line: str
    last_seq: int
    number: int

    @property
    def identity(self) -> str:
        return f"feed-heartbeat/{self.venue}/{self.number}"


class SnapshotRequest(WireMessage, frozen=True, gc=False, tag=True):
    sender: str
    attempt: int

    @property
    def identity(self) -> str:
        return f"snapshot-request/{self.sender}/{self.attempt}"


class BookImage(Struct, frozen=True, gc=False):
    """All levels of one symbol, best price first on each side."""

    symbol: str
    levels: tuple[Level, ...]


class Snapshot(WireMessage, frozen=True, gc=False, tag=True):
    """Every book of the venue as of *last_seq* of its channel."""

    wire_bytes: ClassVar[int] = 2_000
    venue: str
    last_seq: int
    attempt: int
    books: tuple[BookImage, ...]

    @property
    def identity(self) -> str:
        return f"snapshot/{self.venue}/{self.attempt}"
