"""What of one venue's market data is not believed, since when and why, and how often each of the reasons was there."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from squall.system.domain.suspicion import Suspicion

WHOLE_FEED: Final = "feed"
"""What is in quarantine where no single book is meant."""


class Held(Struct, frozen=True, gc=False):
    """One book, or the whole feed, in quarantine."""

    reason: Suspicion
    since_ns: int


class Quarantine:
    """Told what is suspect by now, it knows what has come and what has gone."""

    __slots__ = ("counts", "moves", "standing")

    def __init__(self) -> None:
        self.standing: dict[str, Held] = {}
        """By symbol, or `WHOLE_FEED`."""
        self.counts: dict[Suspicion, int] = dict.fromkeys(Suspicion, 0)
        """How often something was put into quarantine, by reason."""
        self.moves = 0
        """How often this has changed."""

    def review(self, suspect: Mapping[str, Suspicion], now_ns: int) -> tuple[tuple[str, Suspicion], ...]:
        """*suspect* is all that is, by now. What is new in it comes back, and is counted; whoever is not in it is out.

        One reason that takes the place of another is new; one that stays keeps its time.
        """
        new = []
        standing: dict[str, Held] = {}
        for what, reason in suspect.items():
            held = self.standing.get(what)
            if held is None or held.reason is not reason:
                held = Held(reason, now_ns)
                self.counts[reason] += 1
                new.append((what, reason))
            standing[what] = held
        if standing != self.standing:
            self.moves += 1
        self.standing = standing
        return tuple(new)
