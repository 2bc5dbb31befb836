"""OMS ↔ router: the stop orders that the desk holds itself."""

from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages.base import DeskMessage


class HeldStop(Struct, frozen=True, gc=False):
    """A stop order, as far as it matters until the market has reached it."""

    cl_ord_id: ClOrdID
    symbol: Symbol
    side: Side
    stop_price_half_ticks: int


class WatchStops(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → router, first on a new stream: watch these, and forget all others."""

    wire_bytes: ClassVar[int] = 400
    epoch: Epoch
    stops: tuple[HeldStop, ...]

    @property
    def identity(self) -> str:
        return f"watch-stops/{self.epoch}"


class WatchStop(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → router: one more, or one on other terms."""

    epoch: Epoch
    stop: HeldStop

    @property
    def identity(self) -> str:
        return f"watch-stop/{self.stop.cl_ord_id}/{self.stop.stop_price_half_ticks}"


class ForgetStop(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → router: it is held no more."""

    epoch: Epoch
    cl_ord_id: ClOrdID

    @property
    def identity(self) -> str:
        return f"forget-stop/{self.cl_ord_id}"


class StopReached(DeskMessage, frozen=True, gc=False, tag=True):
    """Router → OMS: the market has reached it, as this tick shows. Said again to who asks for it to be watched anew."""

    cl_ord_id: ClOrdID
    stop_price_half_ticks: int
    """The price that was reached: an order on other terms by now has not been."""
    venue: Venue
    seq: int

    @property
    def identity(self) -> str:
        return f"stop-reached/{self.cl_ord_id}/{self.venue}/{self.seq}"
