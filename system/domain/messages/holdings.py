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


class Wish(Struct, frozen=True, gc=False, array_like=True):
    """Other terms that were asked for, and that neither risk nor the venue has answered yet."""

    revision: int
    lots: int
    price_half_ticks: int | None


class OpenHolding(Struct, frozen=True, gc=False, array_like=True):
    """An order that has not ended, and how it stands. 0 *lots*: of its terms nothing is said."""

    cl_ord_id: ClOrdID
    cum_lots: int
    venue: Venue | None = None
    """Which venue has it at work; None: none that we know of."""
    lots: int = 0
    price_half_ticks: int | None = None
    revision: int = 0
    """The highest wish for other terms that the OMS has taken."""
    asked: Wish | None = None


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
    """OMS → strategy: how the order stands by now, and whether it has ended. Fields as in `OpenHolding`.

    Said when it is filled, in part or whole, when it has ended, and of one that rests when a venue has taken it and
    when a wish for other terms is answered: the terms are then the new ones, or what they were before.
    """

    cl_ord_id: ClOrdID
    cum_lots: int
    ended: bool
    venue: Venue | None = None
    lots: int = 0
    price_half_ticks: int | None = None
    revision: int = 0
    asked: Wish | None = None

    @property
    def identity(self) -> str:
        word = "ended" if self.ended else self.venue or "nowhere"
        return f"progressed/{self.cl_ord_id}/{self.cum_lots}/{word}/{self.revision}"
