"""The second provider's feed as the desk keeps it: what it says of each book, and whether it is fresh."""

from squall.sim.exchange.wire.consolidated import ConsolidatedPacket
from squall.system.config import FeedConfig
from squall.system.domain.desk_book import Touch
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.providers import SecondBook
from squall.system.domain.suspicion import Suspicion
from squall.system.gateways.consolidated import directory_of, touch_of
from squall.system.wiring import VenueRoute


class SecondProvider:
    """Counted by its own numbers: what is lost of it may be about any book, so none is believed until told again."""

    def __init__(self, venues: tuple[VenueRoute, ...]) -> None:
        self._directory = directory_of(venues)
        self._books: dict[Venue, dict[Symbol, SecondBook]] = {
            route.venue: {symbol: SecondBook() for symbol in route.symbols} for route in venues
        }
        self._number = 0
        self._heard_ns: int | None = None
        self._expected_ns: int | None = None
        """Since when it is to be heard; None where there is none, as far as we know."""
        self.refused: dict[Suspicion, int] = dict.fromkeys(Suspicion, 0)
        """Quotes that could not be, by reason."""
        self.missed = 0
        """How often something of it was lost."""

    def take(self, packet: ConsolidatedPacket, now_ns: int, config: FeedConfig) -> None:
        """The next packet. One that was doubled or overtaken says nothing new."""
        if packet.number <= self._number:
            return
        if packet.number > self._number + 1:
            self.missed += 1
            for books in self._books.values():
                for book in books.values():
                    book.miss()
        self._number = packet.number
        self._heard_ns = now_ns
        for quote in packet.quotes:
            listing = self._directory.get(quote.code)
            touch = touch_of(quote) if listing is not None else Suspicion.WRONG_SYMBOL
            if listing is None or isinstance(touch, Suspicion):
                assert isinstance(touch, Suspicion), "a code that nobody knows is one"
                self.refused[touch] += 1
            else:
                self._books[listing.venue][listing.symbol].take(touch, config)

    def is_silent(self, now_ns: int, config: FeedConfig) -> bool:
        """Whether it is there, and is not heard: not any more, or not since it was expected."""
        since_ns = self._heard_ns if self._heard_ns is not None else self._expected_ns
        return since_ns is not None and now_ns - since_ns > config.second_max_age_ns

    def expect(self, now_ns: int) -> None:
        """There is one: from now on it is missed."""
        self._expected_ns = now_ns

    def is_fresh(self, venue: Venue, now_ns: int, config: FeedConfig) -> bool:
        """Whether the feed is heard, and any of this venue's books can be believed."""
        if self._heard_ns is None or now_ns - self._heard_ns > config.second_max_age_ns:
            return False
        return any(book.good for book in self._books[venue].values())

    def touch(self, venue: Venue, symbol: Symbol) -> tuple[Touch, bool]:
        """What it says of a book, and whether nothing should rest on that."""
        book = self._books[venue][symbol]
        return book.touch, not book.good
