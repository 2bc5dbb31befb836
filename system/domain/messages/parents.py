"""Clients ↔ algorithms ↔ OMS: parent orders, which an algorithm works off in children."""

from enum import Enum
from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ClOrdID, Symbol
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
    DARK_FIRST = "dark first"
    """All of it at once, but unseen as far as that goes: in a dark pool for a while, then whatever lit venues show."""


class ParentOrder(DeskMessage, frozen=True, gc=False, tag=True):
    """A command: work this off, for this client. Idempotent by its name: repeated until it is answered.

    Times are of the wall clock. *start_ns* 0: at once; *end_ns* 0: after what the algorithm usually takes. Whatever
    they say, it is over at the close. The OMS gets it with the times that it has come to.
    """

    wire_bytes: ClassVar[int] = 240
    cl_ord_id: ClOrdID
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
        return f"parent/{self.cl_ord_id}"


class ParentAnswered(DeskMessage, frozen=True, gc=False, tag=True):
    """Algorithms → client: the parent is taken, and durable; or it is refused, and why (a `ParentRefusal`'s value)."""

    cl_ord_id: ClOrdID
    refusal: str | None = None
    follows: str = ""
    """Of a VWAP: the volume that it follows, recorded or usual (a `Basis`'s value)."""

    @property
    def identity(self) -> str:
        return f"parent-answered/{self.cl_ord_id}"


class CancelParent(DeskMessage, frozen=True, gc=False, tag=True):
    """Client → algorithms: no more of it. Repeated until the parent is done."""

    cl_ord_id: ClOrdID

    @property
    def identity(self) -> str:
        return f"cancel-parent/{self.cl_ord_id}"


class ParentOutcome(Enum):
    """How a parent came to its end."""

    FILLED = "filled"
    OVER = "its time was over"
    CANCELED = "the client wanted it back"


class ParentDone(DeskMessage, frozen=True, gc=False, tag=True):
    """Algorithms → client: it is over, and all its children are; this is what was traded. Repeated until heard."""

    cl_ord_id: ClOrdID
    outcome: ParentOutcome
    filled_lots: int
    notional: int
    """Sum of price × lots, in half tick × lot."""
    fees: int = 0
    """What venues charged for it, in half tick × lot; rebates are negative."""

    @property
    def identity(self) -> str:
        return f"parent-done/{self.cl_ord_id}"


class ParentMeasured(DeskMessage, frozen=True, gc=False, tag=True):
    """Algorithms → client, some time after `ParentDone`: how well it was executed. Repeated until heard.

    Costs are shares of a benchmark in millionths, more than 0 being worse for the client; None where it is not known.
    """

    wire_bytes: ClassVar[int] = 160
    cl_ord_id: ClOrdID
    filled_lots: int
    notional: int
    arrival_twice: int | None
    """The middle of the best touch when it was taken, doubled, in half ticks."""
    tape_turnover: int
    tape_lots: int
    """What was traded from when it was taken to its end, on all venues, by the bars that there are."""
    bars_missing: int
    arrival_cost_millionths: int | None
    vwap_cost_millionths: int | None
    shortfall_millionths: int | None
    """Of the whole order at the arrival price: with fees, and with what the rest has missed."""
    poor: bool
    fees: int = 0
    """As in `ParentDone`; costs against a benchmark are of prices alone."""

    @property
    def identity(self) -> str:
        return f"parent-measured/{self.cl_ord_id}"


class DoneHeard(DeskMessage, frozen=True, gc=False, tag=True):
    """Client → algorithms: the report has come; or how well it was executed."""

    cl_ord_id: ClOrdID
    measured: bool = False

    @property
    def identity(self) -> str:
        return f"{'measured' if self.measured else 'done'}-heard/{self.cl_ord_id}"


class ChildState(Struct, frozen=True, gc=False, array_like=True):
    """A child as it stands: what was ordered, what of it has traded, and whether it has ended."""

    cl_ord_id: ClOrdID
    lots: int
    filled_lots: int = 0
    notional: int = 0
    ended: bool = False
    fees: int = 0
    """Of what has traded, in half tick × lot; rebates are negative."""

    @property
    def committed_lots(self) -> int:
        """What it can have traded by the time that it has ended."""
        return self.filled_lots if self.ended else self.lots


class ChildMoved(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → algorithms: a child has traded, or has ended."""

    parent: ClOrdID
    child: ChildState

    @property
    def identity(self) -> str:
        return f"child-moved/{self.child.cl_ord_id}/{self.child.filled_lots}/{int(self.child.ended)}"


class FamilyTold(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → algorithms, on a new stream: all children of a parent that the OMS has taken, as they stand."""

    epoch: int
    parent: ClOrdID
    children: tuple[ChildState, ...]

    @property
    def identity(self) -> str:
        return f"family/{self.epoch}/{self.parent}"
