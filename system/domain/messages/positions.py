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

    @property
    def identity(self) -> str:
        return f"fill/{self.exec_id}"


class SyncPositions(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → positions, on a new stream: all fills of the day; book those that you do not have."""

    wire_bytes: ClassVar[int] = 1_000
    epoch: Epoch
    fills: tuple[BookFill, ...]

    @property
    def identity(self) -> str:
        return f"sync-positions/{self.epoch}"


class PositionChanged(DeskMessage, frozen=True, gc=False, tag=True):
    """Positions → risk, monitor: after booking *exec_id*. Money in the instrument's product (half tick × lot)."""

    symbol: Symbol
    net_lots: int
    cash_flow: int
    """Sum of all flows in this symbol so far: sells positive, buys negative."""
    realised: int
    cl_ord_id: ClOrdID
    exec_id: ExecID
    fill_lots: int
    number: int
    """Fills booked in this symbol so far, this one included."""

    @property
    def identity(self) -> str:
        return f"position/{self.exec_id}"


class PositionState(Struct, frozen=True, gc=False):
    """A symbol as it stands, over all strategies, after *number* fills. Money in half tick × lot."""

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
