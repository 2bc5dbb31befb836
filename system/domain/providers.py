"""Whose market data a venue's books are told from: the venue's own feed, or the second provider's while that is ill."""

from enum import Enum

from squall.system.config import FeedConfig
from squall.system.domain.desk_book import NO_TOUCH, Touch
from squall.system.domain.quality import BookCheck


class Provider(Enum):
    DIRECT = "direct feed"
    SECOND = "second provider"


class Failover:
    """One venue's choice. Over after `failover_after` of trouble, and back after `failback_after` without any: a feed
    that comes and goes does not take the desk to and fro.

    The second provider is no better than it is: where it is not fresh, its venue's own feed stands, ill as it may be.
    """

    __slots__ = ("_ill_since_ns", "_well_since_ns", "on")

    def __init__(self) -> None:
        self.on = Provider.DIRECT
        self._ill_since_ns: int | None = None
        self._well_since_ns: int | None = None

    def look(self, direct_well: bool, second_fresh: bool, now_ns: int, config: FeedConfig) -> bool:
        """How both are now. Returns whether the choice has changed."""
        if direct_well:
            self._ill_since_ns = None
            if self._well_since_ns is None:
                self._well_since_ns = now_ns
        else:
            self._well_since_ns = None
            if self._ill_since_ns is None:
                self._ill_since_ns = now_ns
        before = self.on
        if self.on is Provider.DIRECT:
            ill_since_ns = self._ill_since_ns
            long_enough = ill_since_ns is not None and now_ns - ill_since_ns >= config.failover_after_ns
            if config.second_provider and second_fresh and long_enough:
                self.on = Provider.SECOND
        else:
            well_since_ns = self._well_since_ns
            back = well_since_ns is not None and now_ns - well_since_ns >= config.failback_after_ns
            if back or not second_fresh or not config.second_provider:
                self.on = Provider.DIRECT
        return self.on is not before


class SecondBook:
    """What the second provider says of one book: its last touch, and whether that can be believed."""

    __slots__ = ("_check", "_refused", "heard", "touch")

    def __init__(self) -> None:
        self._check = BookCheck()
        self._refused: Touch | None = None
        self.touch: Touch = NO_TOUCH
        self.heard = False
        """Whether there is any, since the feed last missed something."""

    @property
    def good(self) -> bool:
        """Whether anybody may trade on it, for as long as the feed itself is fresh."""
        return self.heard and not self._check.suspect

    def take(self, touch: Touch, config: FeedConfig) -> None:
        """The next quote. A price out of the band is believed when it is told again: there is no image to ask for."""
        self.touch, self.heard = touch, True
        if not self._check.touch(touch, config) and touch == self._refused:
            self._check.trust(touch, config)
        self._refused = touch if self._check.suspect else None

    def miss(self) -> None:
        """Something of the feed was lost: whatever it was, it may have been about this book."""
        self.heard = False
