"""Whether market data can be right: what the desk does not believe of a book, or of a whole feed, and why."""

from collections.abc import Container

from squall.sim.exchange.wire.messages import BookUpdate
from squall.system.config import FeedConfig
from squall.system.domain.desk_book import NO_TOUCH, Touch
from squall.system.domain.suspicion import Suspicion


def flaw_of_update(update: BookUpdate, listed: Container[str], newest_ns: int, config: FeedConfig) -> Suspicion | None:
    """What is wrong with this update by itself, before any book has seen it. *newest_ns*: the stamp before it."""
    if config.check_symbol and update.symbol not in listed:
        return Suspicion.WRONG_SYMBOL
    if config.check_time and update.venue_time_ns < newest_ns:
        return Suspicion.BACKWARDS
    if config.check_numbers:
        for level in update.levels:
            if level.lots < 0 or (level.lots and level.price_half_ticks <= 0):
                return Suspicion.IMPOSSIBLE
        for print_ in update.prints:
            if print_.price_half_ticks <= 0 or print_.lots <= 0:
                return Suspicion.IMPOSSIBLE
    return None


def flaw_of_touch(touch: Touch, config: FeedConfig) -> Suspicion | None:
    """Whether this bid and this ask can be, side by side."""
    bid_half_ticks, bid_lots, ask_half_ticks, ask_lots = touch
    if config.check_numbers and (bid_lots < 0 or ask_lots < 0 or bid_half_ticks < 0 or ask_half_ticks < 0):
        return Suspicion.IMPOSSIBLE
    if not bid_lots or not ask_lots or bid_half_ticks < ask_half_ticks:
        return None
    if bid_half_ticks > ask_half_ticks:
        return Suspicion.CROSSED if config.check_crossed else None
    return Suspicion.LOCKED if config.check_locked else None


class BookCheck:
    """One book: its updates held against what can be, its prices against the last that were believed."""

    __slots__ = ("_same", "_trusted", "flaw", "outside", "stuck")

    def __init__(self) -> None:
        self._trusted: Touch = NO_TOUCH
        self._same = 0
        self.flaw: Suspicion | None = None
        """What of the last update, or of the touch that it led to, cannot be."""
        self.outside = False
        self.stuck = False

    @property
    def suspicion(self) -> Suspicion | None:
        """Why nobody should trade on this book, if there is a reason."""
        if self.flaw is not None:
            return self.flaw
        if self.outside:
            return Suspicion.OUT_OF_BAND
        return Suspicion.STUCK if self.stuck else None

    @property
    def suspect(self) -> bool:
        """Whether nobody should trade on this book."""
        return self.outside or self.stuck or self.flaw is not None

    @property
    def last_good(self) -> Touch:
        """The last prices that were believed."""
        return self._trusted

    def trust(self, touch: Touch, config: FeedConfig) -> None:
        """The venue's own image says so: whatever was suspected, this is where the market is, if it can be at all."""
        self.outside = self.stuck = False
        self._same = 0
        self.flaw = flaw_of_touch(touch, config)
        if self.flaw is None:
            self._trusted = touch

    def touch(self, touch: Touch, config: FeedConfig) -> bool:
        """Whether the touch can be: its two sides beside each other, and each where it was a moment ago."""
        self.flaw = flaw_of_touch(touch, config)
        return self.flaw is None and self.price(touch, config)

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

    __slots__ = ("_heard", "_updated_ns", "astray", "frozen_at", "probing", "silent")

    def __init__(self) -> None:
        self._heard = True
        self._updated_ns = 0
        self.astray = False
        """An update has come of what the venue does not list: it was meant for some book that has missed it."""
        self.silent = False
        self.frozen_at = 0
        """The venue had come to this number when its feed had not; 0 where there is no such suspicion."""
        self.probing = False
        """Whether the venue was asked if its feed is as quiet as it seems."""

    @property
    def suspicion(self) -> Suspicion | None:
        """Why nobody should trade on any book of this feed, if there is a reason."""
        if self.silent:
            return Suspicion.SILENT
        if self.astray:
            return Suspicion.WRONG_SYMBOL
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
