"""Clients ↔ algorithms: parent orders, which an algorithm works off in children."""

from enum import Enum
from typing import ClassVar

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ParentID, Symbol
from squall.system.domain.messages.base import DeskMessage


class Algorithm(Enum):
    """How a parent is worked off."""

    TWAP = "twap"
    """Evenly over time."""
    VWAP = "vwap"
    """Along the volume that is expected."""
    POV = "pov"
    """A share of the volume that there is."""
    SHORTFALL = "shortfall"
    """Almgren and Chriss: the faster, the more the client fears the price."""


class ParentOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """A command: work this off, for this client. Idempotent by its name: repeated until it is answered.

    Times are of the wall clock. *start_ns* 0: at once; *end_ns* 0: after what the algorithm usually takes. Whatever
    they say, it is over at the close.
    """

    wire_bytes: ClassVar[int] = 240
    parent: ParentID
    client: str
    account: str
    trader: str
    symbol: Symbol
    side: Side
    quantity_lots: int
    algorithm: Algorithm
    start_ns: int = 0
    end_ns: int = 0
    limit_half_ticks: int | None = None
    """No child trades at a worse price."""
    participation_percent: int = 0
    """The share of the market's volume that is wanted of POV, and that the others must not exceed; 0: no bound."""
    aversion_billionths: int = 0
    """λ of `shortfall`, for each half tick × lot; the other algorithms have no use for it."""

    @property
    def identity(self) -> str:
        return f"parent/{self.parent}"
