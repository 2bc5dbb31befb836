"""Reconciler ↔ OMS: what a venue says of trades and open orders, on a line of its own."""

from typing import ClassVar

from squall.sim.exchange.wire.messages import TradeCaptureReport, VenueOpenOrder
from squall.system.domain.ids import Epoch, Venue
from squall.system.domain.messages.base import DeskMessage


class SyncReconciler(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → reconciler, first on a new stream: tell me all that you have been told."""

    epoch: Epoch
    leader: str

    @property
    def identity(self) -> str:
        return f"sync-reconciler/{self.epoch}"


class VenueTrades(DeskMessage, frozen=True, gc=False, tag=True):
    """Reconciler → leader: a venue's drop copies, in order. The OMS knows most of them by then."""

    wire_bytes: ClassVar[int] = 800
    venue: Venue
    trades: tuple[TradeCaptureReport, ...]

    @property
    def identity(self) -> str:
        return f"venue-trades/{self.venue}/{self.trades[-1].number}"


class VenueOpenOrders(DeskMessage, frozen=True, gc=False, tag=True):
    """Reconciler → leader: the venue's own list of our open orders. One that could not be had is never told."""

    wire_bytes: ClassVar[int] = 800
    venue: Venue
    orders: tuple[VenueOpenOrder, ...]
    trades_complete: bool
    """All trades that the venue had made by then have been handed on before this."""
    number: int
    after: int
    """The latest list that the leader had confirmed when this one was asked for; 0: none."""

    @property
    def identity(self) -> str:
        return f"venue-open-orders/{self.venue}/{self.number}"


class OpenOrdersHeard(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → reconciler: that list has come. The next one that is asked for is newer than what we knew then."""

    venue: Venue
    number: int

    @property
    def identity(self) -> str:
        return f"open-orders-heard/{self.venue}/{self.number}"
