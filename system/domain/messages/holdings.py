"""Whoever decides by what it holds ↔ OMS: how its orders fare."""

from typing import ClassVar

from msgspec import Struct

from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages.base import DeskMessage


class AskHoldings(DeskMessage, frozen=True, gc=False, tag=True):
    """To a new leader: tell me all about this strategy's orders, and from now on whatever becomes of them."""

    strategy: str
    epoch: Epoch

    @property
    def identity(self) -> str:
        return f"ask-holdings/{self.strategy}/{self.epoch}"


class OpenHolding(Struct, frozen=True, gc=False, array_like=True):
    """An order that has not ended, and how much of it is filled."""

    cl_ord_id: ClOrdID
    cum_lots: int


class HoldingsTold(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → strategy: where it stands; forget what you had. Orders that are taken and not in here have ended.

    *net_lots* counts all fills of the day, those of open orders too.
    """

    wire_bytes: ClassVar[int] = 1_000
    strategy: str
    epoch: Epoch
    version: int
    net_lots: dict[Symbol, int]
    open_orders: tuple[OpenHolding, ...]

    @property
    def identity(self) -> str:
        return f"holdings-told/{self.strategy}/{self.epoch}/{self.version}"


class OrderProgressed(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → strategy: so much of the order is filled by now, and whether it has ended."""

    cl_ord_id: ClOrdID
    cum_lots: int
    ended: bool
    venue: Venue | None = None
    """Which venue had it at work; None: none that we know of."""

    @property
    def identity(self) -> str:
        return f"progressed/{self.cl_ord_id}/{self.cum_lots}/{self.ended}"
