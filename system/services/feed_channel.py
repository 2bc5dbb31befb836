"""One venue's market data as the desk keeps it: where its channel stands, its books, and what was last said of them."""

from enum import Enum
from typing import Final

from msgspec import Struct

from squall.system.domain.arbitration import LineArbiter
from squall.system.domain.desk_book import NO_TOUCH, DeskBook, Touch
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.providers import Failover, Provider
from squall.system.domain.quality import BookCheck, FeedWatch
from squall.system.domain.quarantine import WHOLE_FEED, Quarantine
from squall.system.domain.suspicion import Suspicion
from squall.system.gateways.depth import DepthNormaliser
from squall.system.runtime import Address
from squall.system.wiring import VenueRoute


class Phase(Enum):
    """Where a channel stands. Only the last two are stale."""

    IN_SEQUENCE = "in sequence"
    WAITING = "waiting"
    """Something is missing; the other line may still bring it."""
    JOINING = "joining"
    """We came after the first update, so the book has to start with a snapshot."""
    RECOVERING = "recovering"


STALE: Final = (Phase.JOINING, Phase.RECOVERING)


class Feed(Struct, frozen=True):
    """One venue's feed as it stands, to be looked at."""

    phase: Phase
    next_seq: int
    known_seq: int
    touches: dict[Symbol, Touch]
    quarantine: Quarantine
    provider: Provider
    """Whose data the desk is told at the moment."""


class Channel:
    """One venue's feed: its arbiter, its books and what was last said of them."""

    def __init__(self, route: VenueRoute, patience_ns: int, buffer_limit: int) -> None:
        self.venue: Venue = route.venue
        self.address: Address = route.address
        self.words = DepthNormaliser(route.symbols)
        """What makes the desk's words of the venue's own, where it has any."""
        self.arbiter = LineArbiter(patience_ns, buffer_limit)
        self.books: dict[Symbol, DeskBook] = {symbol: DeskBook() for symbol in route.symbols}
        self.traded_lots: dict[Symbol, int] = dict.fromkeys(route.symbols, 0)
        self.checks = {symbol: BookCheck() for symbol in route.symbols}
        self.watch = FeedWatch()
        self.quarantine = Quarantine()
        self.failover = Failover()
        self.told: dict[Symbol, tuple[Touch, bool]] = dict.fromkeys(route.symbols, (NO_TOUCH, False))
        """The touch and staleness of the last tick."""
        self.told_seq = 0
        """The highest number of any tick since the channel began; what the second provider says bears it too."""
        self.phase = Phase.IN_SEQUENCE
        self.begun = False
        """Whether anything was ever applied or a snapshot asked for."""
        self.beats = 0
        """The number of the last heartbeat."""
        self.waiting_for = 0
        """The sequence number that the gap timer runs for."""
        self.attempts = 0
        """Snapshots asked for, in all this program's life."""
        self.unasked = False
        """Whether the request still waits for a stream."""
        self.source_id = 0
        self.newest_ns = 0
        """The venue's stamp on the last update that was applied, or on its image."""

    @property
    def suspect(self) -> dict[str, Suspicion]:
        """All that nobody should trade on by now, and why: the whole feed, or single books."""
        whole = self.watch.suspicion
        if whole is not None:
            return {WHOLE_FEED: whole}
        reasons = {symbol: check.suspicion for symbol, check in self.checks.items()}
        return {symbol: reason for symbol, reason in reasons.items() if reason is not None}

    def is_stale(self, symbol: Symbol) -> bool:
        """Whether nothing should rest on this book."""
        watch = self.watch
        quarantined = watch.silent or watch.astray or watch.frozen_at > 0 or self.checks[symbol].suspect
        return quarantined or self.phase in STALE

    @property
    def is_well(self) -> bool:
        """Whether this feed's books can all be traded on."""
        return self.phase not in STALE and not self.suspect

    @property
    def look(self) -> Feed:
        """How it stands."""
        touches = {symbol: book.touch for symbol, book in self.books.items()}
        arbiter, provider = self.arbiter, self.failover.on
        return Feed(self.phase, arbiter.next_seq, arbiter.known_seq, touches, self.quarantine, provider)
