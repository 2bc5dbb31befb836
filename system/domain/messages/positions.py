"""OMS → positions → risk, monitor."""

from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages.base import DeskMessage


class BookFill(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → positions: book this execution, once."""

    exec_id: ExecID
    cl_ord_id: ClOrdID
    venue: Venue
    symbol: Symbol
    side: Side
    lots: int
    price_half_ticks: int
    strategy: str = ""
    commission: int = 0
    """What the venue charged for it, in half tick × lot; negative for a rebate."""

    @property
    def identity(self) -> str:
        return f"fill/{self.exec_id}"


class AmendFill(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → positions: the venue has busted or corrected an execution; from now on it counts as is said here.

    What was busted has 0 lots, and what it cost comes back with it. The symbol and the side never change: a venue
    that wants to change those busts the execution and reports another.
    """

    exec_id: ExecID
    """Of the report that amends, not of the execution."""
    ref_exec_id: ExecID
    """Of the execution, or of its last correction: venues differ."""
    cl_ord_id: ClOrdID
    symbol: Symbol
    lots: int
    price_half_ticks: int
    commission: int = 0

    @property
    def identity(self) -> str:
        return f"amend-fill/{self.exec_id}"


class SyncPositions(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → positions, on a new stream: all fills of the day, and what became of them; take what you do not have."""

    epoch: Epoch
    fills: tuple[BookFill, ...]
    amendments: tuple[AmendFill, ...] = ()

    @property
    def wire_bytes(self) -> int:  # type: ignore[override]  # the more fills, the longer
        return 60 + BookFill.wire_bytes * len(self.fills) + AmendFill.wire_bytes * len(self.amendments)

    @property
    def identity(self) -> str:
        return f"sync-positions/{self.epoch}"


class PositionChanged(DeskMessage, frozen=True, gc=False, tag=True):
    """Positions → risk, monitor: after booking *exec_id*, a fill, bust or correction. Money in half tick × lot."""

    symbol: Symbol
    net_lots: int
    cash_flow: int
    """Sum of all flows in this symbol so far: sells positive, buys negative, fees taken off."""
    realised: int
    cl_ord_id: ClOrdID
    exec_id: ExecID
    fill_lots: int
    """How many lots more of the order are booked; fewer, after a bust."""
    number: int
    """Fills, busts and corrections booked in this symbol so far, this one included."""

    @property
    def identity(self) -> str:
        return f"position/{self.exec_id}"


class PositionState(Struct, frozen=True, gc=False):
    """A symbol as it stands, over all strategies, after *number* fills, busts and corrections.

    Money in half tick × lot.
    """

    symbol: Symbol
    net_lots: int
    cash_flow: int
    realised: int
    cost_basis: int
    number: int


class BookedOrder(Struct, frozen=True, gc=False, array_like=True):
    """How many lots of an order the positions hold."""

    cl_ord_id: ClOrdID
    lots: int


class PositionsTold(DeskMessage, frozen=True, gc=False, tag=True):
    """Positions → risk, monitor, on a new stream or after a sync: all that is booked; forget what you had.

    *epoch* is that of the last SyncPositions: every fill that its leader then knew of is in here.
    """

    wire_bytes: ClassVar[int] = 2_000
    epoch: Epoch
    states: tuple[PositionState, ...]
    orders: tuple[BookedOrder, ...]
    number: int

    @property
    def identity(self) -> str:
        return f"positions-told/{self.epoch}/{self.number}"


class AskPositions(DeskMessage, frozen=True, gc=False, tag=True):
    """Risk → positions: tell me all anew, an order that I do not know of is said to be in flight."""

    epoch: Epoch

    @property
    def identity(self) -> str:
        return f"ask-positions/{self.epoch}"
