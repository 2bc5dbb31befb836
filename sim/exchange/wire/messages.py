"""The venues' published protocol: order entry on a session, market data on two lines, drop copies. FIX's words."""

from squall.sim.exchange.wire.consolidated import (
    ConsolidatedPacket,
    ConsolidatedQuote,
)
from squall.sim.exchange.wire.depth import (
    DepthBook,
    DepthEntry,
    DepthImage,
    DepthIncrement,
    DepthTrade,
)
from squall.sim.exchange.wire.drop_copy import (
    DropCopyHeartbeat,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    TradeCaptureReport,
    TradeCaptureReportRequest,
    TradeCaptureReportRequestAck,
    VenueOpenOrder,
)
from squall.sim.exchange.wire.fees import (
    FREE,
    Tariff,
)
from squall.sim.exchange.wire.market_data import (
    BookImage,
    BookUpdate,
    FeedHeartbeat,
    Level,
    Print,
    Snapshot,
    SnapshotRequest,
)
from squall.sim.exchange.wire.orders import (
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusRequest,
)
from squall.sim.exchange.wire.reports import (
    BusinessReject,
    Execution,
    ExecutionReport,
    OrderCancelReject,
    OrderStatusReport,
)
from squall.sim.exchange.wire.session import (
    Heartbeat,
    Logon,
    LogonAccepted,
)
from squall.sim.exchange.wire.words import (
    PRECEDENCE,
    BusinessRejectReason,
    CxlRejReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
    WireMessage,
)

__all__ = [
    "FREE",
    "PRECEDENCE",
    "BookImage",
    "BookUpdate",
    "BusinessReject",
    "BusinessRejectReason",
    "ConsolidatedPacket",
    "ConsolidatedQuote",
    "CxlRejReason",
    "DepthBook",
    "DepthEntry",
    "DepthImage",
    "DepthIncrement",
    "DepthTrade",
    "DropCopyHeartbeat",
    "ExecType",
    "Execution",
    "ExecutionReport",
    "FeedHeartbeat",
    "Heartbeat",
    "Level",
    "Logon",
    "LogonAccepted",
    "NewOrderSingle",
    "OrdRejReason",
    "OrdStatus",
    "OrdType",
    "OrderCancelReject",
    "OrderCancelReplaceRequest",
    "OrderCancelRequest",
    "OrderMassStatusReport",
    "OrderMassStatusRequest",
    "OrderStatusReport",
    "OrderStatusRequest",
    "Print",
    "Side",
    "Snapshot",
    "SnapshotRequest",
    "Tariff",
    "TimeInForce",
    "TradeCaptureReport",
    "TradeCaptureReportRequest",
    "TradeCaptureReportRequestAck",
    "VenueOpenOrder",
    "WireMessage",
]
