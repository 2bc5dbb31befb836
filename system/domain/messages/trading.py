"""Strategy ↔ OMS."""

from typing import ClassVar

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages.base import DeskMessage
from squall.system.domain.terms import HOUSE, Attribution


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
    stop_price_half_ticks: int | None = None
    attribution: Attribution = HOUSE
    venue: Venue | None = None
    """Of a leg of an order that was split: the venue that it was cut for."""
    expire_ns: int | None = None
    decision_twice_half_ticks: int = 0
    """Bid plus ask, twice the middle, that its sender saw when it decided; 0: a side was empty, or nobody looked."""
    min_lots: int = 0
    """Of a leg that goes to a dark pool: the smallest execution that it takes, unless less is left."""

    @property
    def identity(self) -> str:
        return f"submit/{self.cl_ord_id}"


class CancelOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """A command: take this order back, if it is still there. *actor* is whoever wants it; None: the sender."""

    cl_ord_id: ClOrdID
    actor: str | None = None

    @property
    def identity(self) -> str:
        return f"cancel-order/{self.cl_ord_id}"


class AmendOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """A command: give this order another quantity and price. *actor* is whoever wants it; None: the sender.

    *revision* counts the sender's wishes for the order, from 1: the OMS takes each once, however often it is said.
    """

    wire_bytes: ClassVar[int] = 120
    cl_ord_id: ClOrdID
    revision: int
    quantity_lots: int
    price_half_ticks: int | None
    stop_price_half_ticks: int | None = None
    actor: str | None = None

    @property
    def identity(self) -> str:
        return f"amend-order/{self.cl_ord_id}/{self.revision}"


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
