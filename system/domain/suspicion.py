"""Why market data is not believed, what ends that, and which protection it is: three closed tables."""

from enum import Enum
from typing import Final


class Suspicion(Enum):
    """Why a book or a whole feed is in quarantine: its ticks are stale until the reason is gone. A closed set."""

    CROSSED = "crossed"
    """The best bid is above the best ask: one of them would have traded."""
    LOCKED = "locked"
    """The best bid is the best ask: at a venue that matches continuously they would have traded."""
    IMPOSSIBLE = "zero or negative"
    """A price of zero or less, or a size below zero (a trade's: of zero or less)."""
    BACKWARDS = "time backwards"
    """The venue stamped this update earlier than the one before it: old data under new numbers."""
    WRONG_SYMBOL = "wrong symbol"
    """An update of what the venue does not list: some book has missed it, and nobody knows which."""
    OUT_OF_BAND = "price out of band"
    """A best price is further from the last one that was believed than a market moves in one step."""
    STUCK = "stuck"
    """Update follows update, and nothing changes."""
    SILENT = "silent"
    """Not a word on any line, heartbeats included."""
    FROZEN = "frozen"
    """The venue's snapshot knows of updates of which its feed, alive by its heartbeats, has not said a word."""

    __hash__ = object.__hash__


class Ending(Enum):
    """What lets a book, or a feed, out of quarantine."""

    IMAGE = "the venue's image"
    """A snapshot, which comes by another way than the feed. (Without gap recovery: the next update that is sound.)"""
    MOVES = "it moves again, and then the venue's image"
    HEARD = "anything is heard, and nothing was missed"
    CAUGHT_UP = "the feed itself has come as far as the venue's image"


ENDS: Final[dict[Suspicion, Ending]] = {
    Suspicion.CROSSED: Ending.IMAGE,
    Suspicion.LOCKED: Ending.IMAGE,
    Suspicion.IMPOSSIBLE: Ending.IMAGE,
    Suspicion.BACKWARDS: Ending.IMAGE,
    Suspicion.WRONG_SYMBOL: Ending.IMAGE,
    Suspicion.OUT_OF_BAND: Ending.IMAGE,
    Suspicion.STUCK: Ending.MOVES,
    Suspicion.SILENT: Ending.HEARD,
    Suspicion.FROZEN: Ending.CAUGHT_UP,
}

PROTECTION_OF: Final[dict[Suspicion, str]] = {
    Suspicion.CROSSED: "feed.check_crossed",
    Suspicion.LOCKED: "feed.check_locked",
    Suspicion.IMPOSSIBLE: "feed.check_numbers",
    Suspicion.BACKWARDS: "feed.check_time",
    Suspicion.WRONG_SYMBOL: "feed.check_symbol",
    Suspicion.OUT_OF_BAND: "feed.check_prices",
    Suspicion.STUCK: "feed.watch_stuck",
    Suspicion.SILENT: "feed.watch_silence",
    Suspicion.FROZEN: "feed.watch_quiet",
}
