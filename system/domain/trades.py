"""An execution as an order management system keeps it, to know it again and to amend it."""

from msgspec import Struct

from squall.system.domain.ids import ClOrdID, ExecID


class Trade(Struct, frozen=True, gc=False, array_like=True):
    """An execution as it counts now: no lots where it was set aside, or busted."""

    cl_ord_id: ClOrdID
    lots: int = 0
    price_half_ticks: int = 0
    fee: int = 0
    """In half tick × lot; a rebate is negative."""
    of: ExecID | None = None
    """A bust or correction: of which execution."""
