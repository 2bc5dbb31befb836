"""Whether market data can be right: what the desk does not believe of a book, or of a whole feed, and why."""

from enum import Enum

from squall.system.config import FeedConfig
from squall.system.domain.desk_book import NO_TOUCH, Touch


class Suspicion(Enum):
    """Why a book is in quarantine: its ticks are stale until the reason is gone."""

    OUT_OF_BAND = "price out of band"
    """A best price is further from the last one that was believed than a market moves in one step."""
    STUCK = "stuck"
    """Update follows update, and nothing changes."""
    SILENT = "silent"
    """Not a word on any line, heartbeats included."""
    FROZEN = "frozen"
    """The venue's snapshot knows of updates of which its feed, alive by its heartbeats, has not said a word."""


class BookCheck:
    """One book: its prices held against the last that were believed, its updates against one another."""

    __slots__ = ("_same", "_trusted", "outside", "stuck")

    def __init__(self) -> None:
        self._trusted: Touch = NO_TOUCH
        self._same = 0
        self.outside = False
        self.stuck = False

    @property
    def suspect(self) -> bool:
        """Whether nobody should trade on this book."""
        return self.outside or self.stuck

    def trust(self, touch: Touch) -> None:
        """The venue's own image says so: whatever was suspected, this is where the market is."""
        self.outside = self.stuck = False
        self._same = 0
        self._trusted = touch

    def price(self, touch: Touch, config: FeedConfig) -> bool:
        """Whether both best prices are where they can be. Where they are, later ones are held against them."""
        before = self._trusted
        percent = config.band_percent
        self.outside = config.check_prices and not (
            within(touch[0], touch[1], before[0], percent) and within(touch[2], touch[3], before[2], percent)
        )
        if not self.outside:
            # A side that is empty keeps its last price: the next one there is held against that.
            self._trusted = (touch[0] or before[0], touch[1], touch[2] or before[2], touch[3])
        return not self.outside

    def update(self, changed: bool, config: FeedConfig) -> bool:
        """One more update of this book. True where the book was stuck, and moves again: what it missed is unknown."""
        if changed:
            moves_again, self._same, self.stuck = self.stuck, 0, False
            return moves_again
        self._same += 1
        self.stuck = config.watch_stuck and self._same >= config.stuck_updates
        return False


def within(price_half_ticks: int, lots: int, trusted_half_ticks: int, percent: int) -> bool:
    """Whether a best price is within the band about the trusted one; where either is missing there is no band."""
    if not lots or not trusted_half_ticks:
        return True
    return abs(price_half_ticks - trusted_half_ticks) * 100 <= trusted_half_ticks * percent


class FeedWatch:
    """One feed: whether anything is heard of it, and whether what is heard is all that there is."""

    __slots__ = ("_heard", "_updated_ns", "frozen_at", "probing", "silent")

    def __init__(self) -> None:
        self._heard = True
        self._updated_ns = 0
        self.silent = False
        self.frozen_at = 0
        """The venue had come to this number when its feed had not; 0 where there is no such suspicion."""
        self.probing = False
        """Whether the venue was asked if its feed is as quiet as it seems."""

    @property
    def suspicion(self) -> Suspicion | None:
        """What nobody should trade on, if anything."""
        if self.silent:
            return Suspicion.SILENT
        return Suspicion.FROZEN if self.frozen_at else None

    def hear(self) -> None:
        """Some message has come, on some line."""
        self._heard = True

    def updated(self, now_ns: int) -> None:
        """An update has come."""
        self._heard = True
        self._updated_ns = now_ns

    def look(self, now_ns: int, config: FeedConfig) -> None:
        """Every *silence*: nothing heard since the last look is silence; no update for long asks for a probe."""
        self.silent = config.watch_silence and not self._heard
        self._heard = False
        if not self.silent and now_ns - self._updated_ns >= config.quiet_ns:
            self.probing = config.watch_quiet
            self._updated_ns = now_ns

    def probed(self, snapshot_seq: int, known_seq: int) -> bool:
        """The venue's answer: whether it knows more than its feed has told of."""
        self.probing = False
        if snapshot_seq > known_seq:
            self.frozen_at = snapshot_seq
        return snapshot_seq > known_seq

    def tells_of(self, seq: int) -> bool:
        """The feed itself has come so far: True where that ends a suspicion."""
        thawed = 0 < self.frozen_at <= seq
        if thawed:
            self.frozen_at = 0
        return thawed
