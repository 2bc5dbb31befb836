"""OMS ↔ risk."""

from enum import Enum
from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ClOrdID, Epoch, Symbol
from squall.system.domain.messages.base import DeskMessage


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
