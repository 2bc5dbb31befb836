"""Every kind of fault that a plan can name: a kind that is not in this table does not exist for plan files."""

import difflib
from collections.abc import Mapping
from typing import Final

from squall.faults.disk import BitRot, ReadError
from squall.faults.drop_copy import DropCopyLate, DropCopyLost, QueriesUnanswered
from squall.faults.exchange import (
    ApiSlow,
    CancelsSlow,
    ErrorStorm,
    PriceSlide,
    ReportsLost,
    RequestsLost,
    SessionDrop,
    SessionFlaps,
    SilentStall,
)
from squall.faults.execution_reports import AckAfterFill, DuplicateReports, LateReports, OutOfOrderReports
from squall.faults.fault import FaultKind
from squall.faults.feed import FeedDead, FeedDuplicate, FeedGap, FeedLate, FeedLineDead, FeedStale, MessageStorm
from squall.faults.feed_lies import BadTick, FeedCrossed, FeedImpossible, FeedLocked, FeedStuck
from squall.faults.feed_old import FeedMisnamed, FeedReplays
from squall.faults.hardware import ClockDrift, ClockStep, CoreThrottled, DiskFull, DiskSlow, NicDown, TornWrite
from squall.faults.host import Crash, Pause
from squall.faults.link import BurstyLoss, CongestedLink, SlowConvergence, SqueezedLink
from squall.faults.market import BookThins, QuoteStuffing
from squall.faults.memory import MemoryLeak
from squall.faults.messages import FieldsSwapped, OffByOne, ValueAsQuantity
from squall.faults.network import Clogging, Flapping, LinkCut, PacketLoss, Partition
from squall.faults.operator import PullSwitch
from squall.faults.packets import Corruption, Duplication, Jitter, Latency, Reordering
from squall.faults.reference import WrongEntry
from squall.faults.releases import StartRollOut, StopTheDesk
from squall.faults.runaway import Runaway
from squall.faults.site import CoolingLost, PowerLost
from squall.faults.software import BadConfig, Hangs, Livelock, OldVersion, PoisonMessage, Sluggish, Throws
from squall.faults.venue_staff import OrdersHeld, TradesBusted, TradesCorrected, UnsolicitedCancels, VenueCloses

KINDS: Final[tuple[type[FaultKind], ...]] = (
    # exchange API
    RequestsLost,
    ReportsLost,
    ApiSlow,
    CancelsSlow,
    ErrorStorm,
    SessionDrop,
    SessionFlaps,
    SilentStall,
    DuplicateReports,
    OutOfOrderReports,
    LateReports,
    AckAfterFill,
    # a venue's own doing
    TradesBusted,
    TradesCorrected,
    UnsolicitedCancels,
    OrdersHeld,
    VenueCloses,
    # drop copies
    DropCopyLost,
    DropCopyLate,
    QueriesUnanswered,
    # market
    PriceSlide,
    BookThins,
    QuoteStuffing,
    # market data
    FeedGap,
    FeedStale,
    FeedStuck,
    FeedCrossed,
    FeedLocked,
    FeedImpossible,
    FeedMisnamed,
    FeedReplays,
    BadTick,
    FeedDuplicate,
    FeedLate,
    FeedLineDead,
    FeedDead,
    MessageStorm,
    # network
    PacketLoss,
    BurstyLoss,
    LinkCut,
    Partition,
    Flapping,
    Clogging,
    Latency,
    Jitter,
    Reordering,
    Duplication,
    Corruption,
    SqueezedLink,
    CongestedLink,
    SlowConvergence,
    # software
    Throws,
    PoisonMessage,
    Hangs,
    Livelock,
    Sluggish,
    MemoryLeak,
    OldVersion,
    BadConfig,
    WrongEntry,
    PullSwitch,
    StartRollOut,
    StopTheDesk,
    Runaway,
    OffByOne,
    FieldsSwapped,
    ValueAsQuantity,
    # hardware
    Crash,
    TornWrite,
    Pause,
    NicDown,
    CoreThrottled,
    DiskFull,
    DiskSlow,
    BitRot,
    ReadError,
    ClockStep,
    ClockDrift,
    # sites
    PowerLost,
    CoolingLost,
)
"""A new kind is one more line here, `squall schema > docs/plan.schema.json`, and where drawn plans are to have it, one
more line in `squall.faults.drawn`. Tests compare the table with the classes, and the kept schema with the table."""


def tag_of(kind: type[FaultKind]) -> str:
    """What plan files call it: ``packet-loss``."""
    return str(kind.__struct_config__.tag)


BY_TAG: Final[Mapping[str, type[FaultKind]]] = {tag_of(kind): kind for kind in KINDS}


def kind_of(tag: str) -> type[FaultKind]:
    """The kind of this name; ValueError with the nearest one where there is none."""
    try:
        return BY_TAG[tag]
    except KeyError:
        close = difflib.get_close_matches(tag, BY_TAG, 1)
        hint = f"did you mean {close[0]}?" if close else f"kinds are {', '.join(BY_TAG)}"
        raise ValueError(f"no kind of fault {tag!r}; {hint}") from None
