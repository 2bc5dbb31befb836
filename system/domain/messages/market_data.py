"""Market data → whoever looks at prices."""

from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages.base import DeskMessage


class Tick(DeskMessage, frozen=True, gc=False, tag=True):
    """The touch of one symbol on one venue, from the arbitrated book after channel message *seq*.

    A side that is empty has price and lots 0. *stale*: a gap is open, nothing should rest on these prices.
    """

    venue: Venue
    symbol: Symbol
    seq: int
    bid_half_ticks: int
    bid_lots: int
    ask_half_ticks: int
    ask_lots: int
    stale: bool = False
    source_id: int = 0
    traded_lots: int = 0
    """All that the venue's tape has shown of this symbol, as far as we have heard."""

    @property
    def identity(self) -> str:
        return f"tick/{self.venue}/{self.symbol}/{self.seq}"
