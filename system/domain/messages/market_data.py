"""Market data → whoever looks at prices, or after their quality."""

from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages.base import DeskMessage
from squall.system.domain.suspicion import Suspicion


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
    second: bool = False
    """From the second provider: conflated, and of no message of the venue's. *seq* only keeps ticks in order."""

    @property
    def identity(self) -> str:
        return f"tick/{self.venue}/{self.symbol}/{self.seq}"


class AskTicks(DeskMessage, frozen=True, gc=False, tag=True):
    """Router, risk → market data, a datagram, as their life begins: what did you last say of each book?"""

    number: int

    @property
    def identity(self) -> str:
        return f"ask-ticks/{self.number}"


class FeedQuality(DeskMessage, frozen=True, tag=True):
    """All of one venue's market data that is in quarantine now, and how often there was which reason: the whole of it,
    each time that anything of it changes, so that a lost one does not matter. For the monitor."""

    venue: Venue
    number: int
    """How often it has changed, in market data's present life."""
    standing: tuple[tuple[str, Suspicion], ...] = ()
    """By symbol, or for the whole feed."""
    counts: tuple[tuple[Suspicion, int], ...] = ()

    @property
    def identity(self) -> str:
        return f"feed-quality/{self.venue}/{self.number}"
