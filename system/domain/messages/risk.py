"""OMS ↔ risk."""

from enum import Enum
from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages.base import DeskMessage
from squall.system.domain.switches import Switch


class DenyReason(Enum):
    """Why an order does not leave. What *value* and *limit* of a `Denial` are, is said in brackets."""

    ORDER_SIZE = "order size"
    """(lots)"""
    POSITION_LIMIT = "position limit"
    """(lots, signed)"""
    DAILY_LOSS = "daily loss"
    """(whole units of currency, as all money here)"""
    NO_MARK = "no mark"
    """What it is worth is unknown. (lots)"""
    DUPLICATE = "duplicate order"
    """Another order under the name of one that is in flight. (lots)"""
    ORDER_VALUE = "order value"
    """(money)"""
    NAME_CONCENTRATION = "concentration in one name"
    """(money)"""
    SECTOR_CONCENTRATION = "concentration in one sector"
    """(money)"""
    GROSS_EXPOSURE = "gross exposure"
    """(money)"""
    NET_EXPOSURE = "net exposure"
    """(money, signed)"""
    PORTFOLIO_VALUE = "portfolio value"
    """(money)"""
    BUYING_POWER = "buying power"
    """(money)"""
    DRAWDOWN = "drawdown from the peak"
    """(money)"""
    PRICE_COLLAR = "price collar"
    """(half ticks)"""
    MARKET_ON_THE_RUN = "the market moves too fast"
    """(half ticks)"""
    FAT_FINGER = "a value for a quantity"
    """(lots)"""
    MESSAGE_RATE = "message rate"
    """(orders in the last second)"""
    REPEATED = "the same order again"
    """(orders alike in the window)"""
    RESTRICTED = "restricted list"
    """(lots; nothing)"""
    LOCATE = "no locate"
    """(lots short; lots that a lender has set aside)"""
    OUT_OF_SESSION = "out of session"
    """(ns since midnight; when the session opens)"""
    HALTED = "halted"
    """(lots; nothing)"""
    REDUCING_ONLY = "reducing only"
    """(lots; as many as still reduce)"""
    NOT_IN_FLIGHT = "not in flight"
    """What is to be replaced is not there. (lots; nothing)"""
    NO_SUCH_PARENT = "no such parent, or it is closed"
    """(nothing; nothing. This and what follows the OMS says of a parent's children, before risk is asked)"""
    NOT_THE_PARENTS = "not the parent's symbol or side"
    """(nothing; nothing)"""
    PARENT_OVER = "after the parent's end"
    """(ns of the wall clock; the parent's end)"""
    PARENT_LIMIT = "beyond the parent's limit"
    """(half ticks)"""
    PARENT_QUANTITY = "more than the parent's quantity"
    """(lots of the whole family, in flight included)"""


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
    price_half_ticks: int | None = None
    """Its limit; None: at any price."""
    strategy: str = ""
    client: str = ""

    @property
    def identity(self) -> str:
        return f"check/{self.epoch}/{self.cl_ord_id}"


class CheckReplace(DeskMessage, frozen=True, gc=False, tag=True):
    """May *cl_ord_id*, which is in flight, be for so many lots, at this limit, instead?

    *quantity_lots* is the whole quantity that it is to have. Only the increase is newly reserved, and what is less is
    freed by a `ResizeOrder`, once the venue has spoken. The order keeps its name at the gate; *replace_id* is what the
    replacement is called on the wire.
    """

    epoch: Epoch
    cl_ord_id: ClOrdID
    replace_id: str
    quantity_lots: int
    price_half_ticks: int | None = None
    client: str = ""
    venue: Venue | None = None
    """Where it is: what is switched there concerns it."""

    @property
    def identity(self) -> str:
        return f"check-replace/{self.epoch}/{self.replace_id}"


class ReplaceChecked(DeskMessage, frozen=True, gc=False, tag=True):
    """The gate's answer to `CheckReplace`; no denials means approved."""

    cl_ord_id: ClOrdID
    replace_id: str
    denials: tuple[Denial, ...]

    @property
    def identity(self) -> str:
        return f"replace-checked/{self.replace_id}"


class ResizeOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → risk: the venue has replaced the order, or refused to; in any case it is for so many lots now."""

    cl_ord_id: ClOrdID
    quantity_lots: int

    @property
    def identity(self) -> str:
        return f"resize/{self.cl_ord_id}/{self.quantity_lots}"


class OrderChecked(DeskMessage, frozen=True, gc=False, tag=True):
    """The gate's answer; no denials means approved, and the quantity is reserved as in flight."""

    cl_ord_id: ClOrdID
    denials: tuple[Denial, ...]
    reduces: bool = False
    """Whether it may go to a venue where only what reduces is let pass."""

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
    strategy: str = ""


class SyncRisk(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → risk, on a new stream: forget all reservations, these are in flight."""

    wire_bytes: ClassVar[int] = 1_000
    epoch: Epoch
    open_orders: tuple[OpenOrder, ...]
    switches: tuple[Switch, ...] = ()
    """All that is not active."""

    @property
    def identity(self) -> str:
        return f"sync-risk/{self.epoch}"
