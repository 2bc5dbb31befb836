"""Order entry, client to venue: new orders, cancels, replaces, and questions about one order."""

from typing import ClassVar

from squall.sim.exchange.wire.words import OrdType, Side, TimeInForce, WireMessage


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
    stop_price_half_ticks: int | None = None
    """Of a stop order: what the market has to trade at, or beyond, before it is at work."""
    min_lots: int = 0
    """MinQty (110): no execution is smaller, unless less is left. Dark pools know it; elsewhere it is unsupported."""

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


class OrderCancelReplaceRequest(WireMessage, frozen=True, gc=False, tag=True):
    """Give the order *orig_cl_ord_id* this name, quantity and limit.

    *quantity_lots* is the whole order's, what has been executed included. OrigClOrdID is what the order bears now:
    each replace that was done is one more link of its chain, and one that was refused is none.
    """

    wire_bytes: ClassVar[int] = 180
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: Side
    quantity_lots: int
    price_half_ticks: int | None
    stop_price_half_ticks: int | None = None

    @property
    def identity(self) -> str:
        return f"replace/{self.cl_ord_id}"


class OrderStatusRequest(WireMessage, frozen=True, gc=False, tag=True):
    """What became of this order? *attempt* counts this client's questions about it, from 1.

    Any ClOrdID of a chain of replaces finds the order.
    """

    cl_ord_id: str
    attempt: int

    @property
    def identity(self) -> str:
        return f"status/{self.cl_ord_id}/{self.attempt}"
