"""When there are more ticks than anybody can heed: of each book the latest touch waits for room, and none queue up."""

from collections.abc import Iterator

from squall.system.config import SECOND, FeedConfig
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick

Book = tuple[Venue, Symbol]


class Conflator:
    """A bucket that holds `tick_burst` ticks and fills by `ticks_per_s`. While it is empty, one tick a book waits.

    A tick that is stale never waits, and takes the place of whatever of its book does: nobody trades on a good price
    while the word that it is none stands in a queue. What waits goes in the order in which its books came to wait.
    """

    __slots__ = ("_credit_ns", "_filled_ns", "_waiting", "conflated")

    def __init__(self) -> None:
        self._credit_ns: int | None = None
        """The time that the bucket has been filling for, less that of what was taken; None: it is full."""
        self._filled_ns = 0
        self._waiting: dict[Book, Tick] = {}
        self.conflated = 0
        """Ticks that a later one of their book took the place of."""

    @property
    def waiting(self) -> int:
        """How many books wait; there is one tick for each."""
        return len(self._waiting)

    def offer(self, tick: Tick, now_ns: int, config: FeedConfig) -> bool:
        """Whether this tick is to be sent now. Otherwise it waits, for `release` or for the next one of its book."""
        if not config.conflate:
            return True
        self._fill(now_ns, config)
        book = (tick.venue, tick.symbol)
        if tick.stale:
            if self._waiting.pop(book, None) is not None:
                self.conflated += 1
            self._take(config)
            return True
        if not self._waiting and self._has_room(config):
            self._take(config)
            return True
        if book in self._waiting:
            self.conflated += 1
        self._waiting[book] = tick
        return False

    def release(self, now_ns: int, config: FeedConfig) -> Iterator[Tick]:
        """What there is room for by now, of what waits; all of it where conflation is off by now."""
        self._fill(now_ns, config)
        while self._waiting and (self._has_room(config) or not config.conflate):
            self._take(config)
            yield self._waiting.pop(next(iter(self._waiting)))

    def room_in_ns(self, config: FeedConfig) -> int:
        """How long until there is room for one tick, as of the last time that anything was asked."""
        return 0 if self._credit_ns is None else max(_each_ns(config) - self._credit_ns, 0)

    # --- the bucket ---

    def _fill(self, now_ns: int, config: FeedConfig) -> None:
        if self._credit_ns is not None:
            self._credit_ns += now_ns - self._filled_ns
            if self._credit_ns >= config.tick_burst * _each_ns(config):
                self._credit_ns = None
        self._filled_ns = now_ns

    def _has_room(self, config: FeedConfig) -> bool:
        return self._credit_ns is None or self._credit_ns >= _each_ns(config)

    def _take(self, config: FeedConfig) -> None:
        full_ns = config.tick_burst * _each_ns(config)
        # A stale tick goes even where there is no room; the bucket is then empty, and never less.
        self._credit_ns = max((full_ns if self._credit_ns is None else self._credit_ns) - _each_ns(config), 0)


def _each_ns(config: FeedConfig) -> int:
    return SECOND // config.ticks_per_s or 1
