"""What the desk's services say to each other: one file for each conversation."""

from squall.system.domain.messages.base import (
    DeskMessage,
)
from squall.system.domain.messages.journal import (
    JoinStandby,
    JournalCopied,
    JournalImage,
    LeaderBeat,
    Replicate,
    Replicated,
)
from squall.system.domain.messages.lease import (
    LeaseGranted,
    LeaseRefused,
    LeaseRenewed,
    RenewLease,
    RequestLease,
)
from squall.system.domain.messages.market_data import (
    FeedQuality,
    Tick,
)
from squall.system.domain.messages.parents import (
    Algorithm,
    ParentOrder,
)
from squall.system.domain.messages.positions import (
    AmendFill,
    AskPositions,
    BookedOrder,
    BookFill,
    PositionChanged,
    PositionState,
    PositionsTold,
    SyncPositions,
)
from squall.system.domain.messages.risk import (
    CheckOrder,
    Denial,
    DenyReason,
    OpenOrder,
    OrderChecked,
    ReleaseOrder,
    SyncRisk,
)
from squall.system.domain.messages.routing import (
    CancelAtVenue,
    CancelRefused,
    Fence,
    FenceAccepted,
    OpenAtVenue,
    OrderDoubtful,
    OrderLeft,
    OrderUnsent,
    RouteOrder,
    SendOrder,
    UnsentReason,
    VenueHealth,
    VenueReport,
)
from squall.system.domain.messages.trading import (
    CancelOrder,
    Leading,
    OrderTaken,
    SubmitOrder,
)

__all__ = [
    "Algorithm",
    "AmendFill",
    "AskPositions",
    "BookFill",
    "BookedOrder",
    "CancelAtVenue",
    "CancelOrder",
    "CancelRefused",
    "CheckOrder",
    "Denial",
    "DenyReason",
    "DeskMessage",
    "FeedQuality",
    "Fence",
    "FenceAccepted",
    "JoinStandby",
    "JournalCopied",
    "JournalImage",
    "LeaderBeat",
    "Leading",
    "LeaseGranted",
    "LeaseRefused",
    "LeaseRenewed",
    "OpenAtVenue",
    "OpenOrder",
    "OrderChecked",
    "OrderDoubtful",
    "OrderLeft",
    "OrderTaken",
    "OrderUnsent",
    "ParentOrder",
    "PositionChanged",
    "PositionState",
    "PositionsTold",
    "ReleaseOrder",
    "RenewLease",
    "Replicate",
    "Replicated",
    "RequestLease",
    "RouteOrder",
    "SendOrder",
    "SubmitOrder",
    "SyncPositions",
    "SyncRisk",
    "Tick",
    "UnsentReason",
    "VenueHealth",
    "VenueReport",
]
