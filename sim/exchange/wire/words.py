"""The words of the protocol, FIX 4.4's: closed sets that orders, reports and market data have in common."""

from enum import Enum
from typing import ClassVar

from msgspec import Struct


class Side(Enum):
    BUY = "buy"
    SELL = "sell"

    # Members are single objects: as keys of a dict they need not be hashed by their names, in Python.
    __hash__ = object.__hash__

    def __init__(self, word: str) -> None:
        self.sign = 1 if word == "buy" else -1
        """+1 for a buy, -1 for a sell."""

    @property
    def other(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrdType(Enum):
    __hash__ = object.__hash__

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    """A market order once the market has traded at or through its stop price."""
    STOP_LIMIT = "stop_limit"
    """A limit order from there on."""

    def __init__(self, word: str) -> None:
        self.has_limit = word in ("limit", "stop_limit")
        self.has_stop = word in ("stop", "stop_limit")


class TimeInForce(Enum):
    __hash__ = object.__hash__

    DAY = "day"
    """Until the venue's close, where what is left of it expires."""
    GTC = "gtc"
    """Over the close, until it is filled or cancelled."""
    IOC = "ioc"
    """What does not trade at once is cancelled."""
    FOK = "fok"
    """All of it trades at once, or nothing does."""

    def __init__(self, word: str) -> None:
        self.rests = word in ("day", "gtc")
        """Whether what does not trade at once may wait in the book."""


class OrdStatus(Enum):
    """What a venue says an order is. Where several hold, the one of the highest precedence is said (`PRECEDENCE`)."""

    __hash__ = object.__hash__

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    DONE_FOR_DAY = "done_for_day"
    """Nothing more happens to it today; a GTC order is at work again when the venue opens."""
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    STOPPED = "stopped"
    """The venue guarantees a price for it, and has not executed it yet. Nothing to do with stop prices."""
    SUSPENDED = "suspended"
    """The venue holds it back: it is not at work, and may be again."""
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def ended(self) -> bool:
        """Whether the venue will do nothing more to the order of its own accord, busts and corrections apart."""
        return self in _ENDED


_ENDED = (OrdStatus.FILLED, OrdStatus.CANCELED, OrdStatus.EXPIRED, OrdStatus.REJECTED)

PRECEDENCE = (
    OrdStatus.PENDING_CANCEL,
    OrdStatus.PENDING_REPLACE,
    OrdStatus.DONE_FOR_DAY,
    OrdStatus.FILLED,
    OrdStatus.STOPPED,
    OrdStatus.SUSPENDED,
    OrdStatus.CANCELED,
    OrdStatus.EXPIRED,
    OrdStatus.PARTIALLY_FILLED,
    OrdStatus.NEW,
    OrdStatus.REJECTED,
    OrdStatus.PENDING_NEW,
)
"""FIX 4.4, volume 4, appendix D, highest first (Calculated apart, which no venue here says)."""


class ExecType(Enum):
    """What an execution report is about. OrdStatus says what the order is after it."""

    __hash__ = object.__hash__

    PENDING_NEW = "pending_new"
    NEW = "new"
    TRADE = "trade"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    """Asked for, or not: an unsolicited one names no OrigClOrdID."""
    PENDING_REPLACE = "pending_replace"
    REPLACED = "replaced"
    """From here on the order bears this ClOrdID; OrigClOrdID is what it bore before."""
    DONE_FOR_DAY = "done_for_day"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    RESTATED = "restated"
    """Nothing was asked for: the order stands as this report says, for instance at work again after a suspension."""
    EXPIRED = "expired"
    REJECTED = "rejected"
    TRADE_CANCEL = "trade_cancel"
    """A bust: the execution ExecRefID did not happen after all."""
    TRADE_CORRECT = "trade_correct"
    """The execution ExecRefID is to have LastQty and LastPx as in this report."""


class OrdRejReason(Enum):
    UNKNOWN_SYMBOL = "unknown symbol"
    DUPLICATE_ORDER = "duplicate ClOrdID"
    INVALID_QUANTITY = "invalid quantity"
    INVALID_PRICE = "invalid price"
    EXCHANGE_CLOSED = "exchange closed"
    UNSUPPORTED_ORDER = "unsupported order characteristic"
    """The venue has no such type of order, or no such time in force."""


class CxlRejReason(Enum):
    """Why a venue did not cancel, or did not replace, an order."""

    TOO_LATE = "too late to cancel"
    """The order has ended; also of a replace whose new quantity has been executed already."""
    UNKNOWN_ORDER = "unknown order"
    ALREADY_PENDING = "already pending cancel or replace"
    DUPLICATE_ORDER = "duplicate ClOrdID"
    """A replace gives the order a new name, and this one has been used."""
    INVALID_QUANTITY = "invalid quantity"
    INVALID_PRICE = "invalid price"
    NOT_REPLACEABLE = "order cannot be replaced"
    """It is suspended or done for the day, or the venue replaces none of its type."""


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
