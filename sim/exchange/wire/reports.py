"""Order entry, venue to client: execution reports, refusals, and the answer to a question about one order."""

from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.words import (
    BusinessRejectReason,
    CxlRejReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    Side,
    WireMessage,
)


class ExecutionReport(WireMessage, frozen=True, gc=False, tag=True):
    """ExecID is unique per venue. LastQty and LastPx are set on trades, busts and corrections only.

    After a bust CumQty is less. Lots of an order that is still open go back to work, at the end of their queue, so
    that OrderQty = CumQty + LeavesQty; an order that has ended stays ended, as CANCELED if it was FILLED before.
    """

    wire_bytes: ClassVar[int] = 200
    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    cl_ord_id: str
    order_id: str
    symbol: str
    side: Side
    cum_lots: int
    leaves_lots: int
    last_lots: int = 0
    last_price_half_ticks: int = 0
    reason: OrdRejReason | None = None
    transact_time_ns: int = 0
    orig_cl_ord_id: str = ""
    """Of REPLACED: the ClOrdID before. Of CANCELED: the order's, where a client asked; *cl_ord_id* is the request's
    only on REPLACED, and the order's own everywhere else."""
    exec_ref_id: str = ""
    """Of TRADE_CANCEL and TRADE_CORRECT: the execution that they are about."""
    fee: int = 0
    """Of a trade, in half tick x lot: what the venue takes for it; a rebate is negative."""
    order_lots: int = 0
    """Of REPLACED and RESTATED: OrderQty from here on."""
    price_half_ticks: int | None = None
    """Of REPLACED and RESTATED: the limit from here on."""
    rested: bool = False
    """Of a trade, LastLiquidityInd: it rested and added liquidity (1); otherwise it took (2)."""

    @property
    def identity(self) -> str:
        return f"report/{self.exec_id}"


class OrderCancelReject(WireMessage, frozen=True, gc=False, tag=True):
    """Also the answer to a replace that is not done, as *to_replace* says: nothing of it is."""

    cl_ord_id: str
    orig_cl_ord_id: str
    reason: CxlRejReason
    to_replace: bool = False
    ord_status: OrdStatus | None = None
    """What the order is; None where the venue knows none."""

    @property
    def identity(self) -> str:
        return f"cancel-reject/{self.cl_ord_id}"


class Execution(Struct, frozen=True, gc=False):
    """One trade of one order, as an order-status report lists it."""

    exec_id: str
    lots: int
    """What stands of it: 0 where it was busted."""
    price_half_ticks: int
    fee: int = 0
    revised_by: str = ""
    """The ExecID of the bust or correction that made it what it is; empty where it is as it was reported first."""
    rested: bool = False
    """LastLiquidityInd, as in the report."""


class OrderStatusReport(WireMessage, frozen=True, gc=False, tag=True):
    """The answer to a status request. *status* is None where the venue knows no such order."""

    wire_bytes: ClassVar[int] = 240
    cl_ord_id: str
    attempt: int
    status: OrdStatus | None
    cum_lots: int = 0
    leaves_lots: int = 0
    executions: tuple[Execution, ...] = ()
    latest_cl_ord_id: str = ""
    """What the order bears now, where it is another ClOrdID than it was asked about."""
    order_lots: int = 0
    """OrderQty now; 0 where the venue never took the order."""
    price_half_ticks: int | None = None

    @property
    def identity(self) -> str:
        return f"status-report/{self.cl_ord_id}/{self.attempt}"


class BusinessReject(WireMessage, frozen=True, gc=False, tag=True):
    """FIX's BusinessMessageReject: the application did not look at a request. *refused* is the request's identity.

    It stands in for a reference to the request's sequence number, so that nobody takes it for a word about another
    attempt.
    """

    wire_bytes: ClassVar[int] = 120
    refused: str
    cl_ord_id: str
    """The ClOrdID of the order that the request was about."""
    reason: BusinessRejectReason

    @property
    def identity(self) -> str:
        return f"not-now/{self.refused}"
