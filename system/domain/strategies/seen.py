"""What a strategy is shown at a tick, and what it may want: the words that all strategies share."""

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import Venue

WHOLE: int = 1_000
"""A lean of so many thousandths is the whole risk budget."""


class Seen(Struct, frozen=True, gc=False):
    """One symbol at one time: the best prices of all venues that are safe and believed, and what we hold of it.

    A side that no venue has is 0. Where nothing is believed (*fresh* is false) both are.
    """

    at_ns: int
    fresh: bool
    bid_half_ticks: int
    ask_half_ticks: int
    tick_half_ticks: int
    position_lots: int = 0
    safe: bool = True
    """Whether any venue may be sent to; where none may, nothing is believed either."""
    throttled: tuple[Venue, ...] = ()
    """Venues that ask for fewer requests."""
    slow: bool = False
    """Whether these are all that may be sent to."""

    @property
    def has_middle(self) -> bool:
        """Whether there is a price in the middle: both sides are believed, and the book is not crossed."""
        return self.fresh and 0 < self.bid_half_ticks < self.ask_half_ticks

    @property
    def middle(self) -> int:
        """The middle times two, in half ticks, so that it stays a whole number."""
        return self.bid_half_ticks + self.ask_half_ticks


class Lean(Struct, frozen=True, gc=False):
    """Be long by so many thousandths of the risk budget, short where negative. 0 is flat."""

    thousandths: int


class Quote(Struct, frozen=True, gc=False):
    """Stand ready to trade on this side, at this price."""

    side: Side
    price_half_ticks: int


class Pull(Struct, frozen=True, gc=False):
    """Do not stand ready on this side any more."""

    side: Side


Signal = Lean | Quote | Pull
