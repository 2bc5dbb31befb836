"""What a venue tells whoever watches over a client's orders: its trades again, on a line of their own, and open orders.

A watcher needs no logon. Its stream carries what it asks for, and nothing of it is order entry.
"""

from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.words import ExecType, OrdStatus, OrdType, Side, TimeInForce, WireMessage


class TradeCaptureReportRequest(WireMessage, frozen=True, gc=False, tag=True):
    """Send the trades of the client *of* on this stream: those after number *after*, and from then on every new one.

    It may be asked again at any time, to have a gap filled. *attempt* counts this watcher's requests, from 1.
    """

    sender: str
    of: str
    after: int
    attempt: int

    @property
    def identity(self) -> str:
        return f"trades-request/{self.sender}/{self.attempt}"


class TradeCaptureReportRequestAck(WireMessage, frozen=True, gc=False, tag=True):
    """Granted: what was asked for follows, up to *last_number* and then as it happens."""

    of: str
    attempt: int
    last_number: int
    """Of the latest trade; 0 where there has been none. Below what the watcher has, the venue began anew."""

    @property
    def identity(self) -> str:
        return f"trades-request-ack/{self.of}/{self.attempt}"


class TradeCaptureReport(WireMessage, frozen=True, gc=False, tag=True):
    """A trade, a bust or a correction, as the order-entry session told it too. *number* counts a client's from 1."""

    wire_bytes: ClassVar[int] = 220
    venue: str
    of: str
    number: int
    exec_type: ExecType
    exec_id: str
    exec_ref_id: str
    cl_ord_id: str
    cl_ord_link_id: str
    symbol: str
    side: Side
    last_lots: int
    last_price_half_ticks: int
    fee: int
    cum_lots: int
    """Of the order, after it."""
    transact_time_ns: int
    rested: bool = False
    """LastLiquidityInd, as in the report."""

    @property
    def identity(self) -> str:
        return f"trade/{self.of}/{self.number}"


class DropCopyHeartbeat(WireMessage, frozen=True, gc=False, tag=True):
    """Nothing new: the number of the client's latest trade, so that a loss at the tail shows."""

    is_heartbeat: ClassVar[bool] = True
    of: str
    last_number: int
    number: int

    @property
    def identity(self) -> str:
        return f"drop-copy-heartbeat/{self.of}/{self.number}"


class OrderMassStatusRequest(WireMessage, frozen=True, gc=False, tag=True):
    """Which orders of the client *of* are open? *attempt* counts this watcher's requests, from 1."""

    sender: str
    of: str
    attempt: int

    @property
    def identity(self) -> str:
        return f"mass-status-request/{self.sender}/{self.attempt}"


class VenueOpenOrder(Struct, frozen=True, gc=False):
    """An order that may still trade, or may again: also one that is suspended, or done for the day."""

    cl_ord_id: str
    cl_ord_link_id: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    price_half_ticks: int | None
    order_lots: int
    cum_lots: int
    leaves_lots: int
    status: OrdStatus
    accepted_ns: int
    """When the venue took it, by its own clock."""


class OrderMassStatusReport(WireMessage, frozen=True, gc=False, tag=True):
    """Every open order of the client at *as_of_ns*, the oldest first, and the number of its latest trade by then."""

    wire_bytes: ClassVar[int] = 1_000
    of: str
    attempt: int
    orders: tuple[VenueOpenOrder, ...]
    last_number: int
    as_of_ns: int

    @property
    def identity(self) -> str:
        return f"mass-status-report/{self.of}/{self.attempt}"
