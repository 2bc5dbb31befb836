"""What the desk is told of each book: its touch, by the venue's own feed or by the second provider, good or stale."""

from collections.abc import Callable
from typing import Final

from squall.sim.exchange.wire.consolidated import ConsolidatedPacket
from squall.system.config import FeedConfig
from squall.system.domain.claims import FeedMoved, ProtectionActed
from squall.system.domain.desk_book import NO_TOUCH, Touch
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.marks import marks_of
from squall.system.domain.messages import FeedQuality, PriceMark, Tick
from squall.system.domain.providers import Provider
from squall.system.domain.quarantine import WHOLE_FEED
from squall.system.domain.suspicion import Suspicion
from squall.system.runtime import Address, Runtime
from squall.system.services.feed_channel import Channel, Phase
from squall.system.services.second_provider import SecondProvider
from squall.system.services.ticks import Ticker
from squall.system.wiring import VenueRoute

SECOND_PROVIDER: Final = "feed.second_provider"


class Teller:
    """Says what is not what it last said. Whose word it is, each venue's `Failover` decides."""

    def __init__(
        self, runtime: Runtime, config: FeedConfig, listeners: tuple[Address, ...], venues: tuple[VenueRoute, ...]
    ) -> None:
        self._runtime = runtime
        self._config = config
        self.ticker = Ticker(runtime, config, listeners)
        self.second = SecondProvider(venues)
        self._silences = 0
        self._silent = False
        self._moves = 0
        self.told_good: Callable[[Symbol, Touch], None] = lambda symbol, touch: None
        """Whoever else wants to hear of touches that are told as good."""

    def configure(self, config: FeedConfig) -> None:
        """From now on."""
        self._config = self.ticker.config = config

    # --- ticks ---

    def tell(self, channel: Channel, symbol: Symbol, seq: int) -> None:
        """A tick, if the touch or its staleness is not what was last told. *seq*: the venue's message that it is of."""
        second = channel.failover.on is Provider.SECOND
        if second:
            touch, stale = self.second.touch(channel.venue, symbol)
            seq = channel.told_seq
        else:
            touch, stale = channel.books[symbol].touch, channel.is_stale(symbol)
        if (touch, stale) != channel.told[symbol]:
            self._say(channel, symbol, touch, stale, seq, second)

    def tell_all(self, channel: Channel) -> None:
        """Every book of the venue, as above."""
        seq = told_seq(channel)
        for symbol in channel.books:
            self.tell(channel, symbol, seq)

    def _say(self, channel: Channel, symbol: Symbol, touch: Touch, stale: bool, seq: int, second: bool) -> None:
        channel.told[symbol] = (touch, stale)
        channel.told_seq = seq
        if not stale:
            self.told_good(symbol, touch)
        self.ticker.say(_tick(channel, symbol, touch, stale, seq, second))

    def repeat(self, listener: Address, channels: tuple[Channel, ...]) -> None:
        """What was last said of each book, to somebody who has just begun, past all conflation."""
        for channel in channels:
            second = channel.failover.on is Provider.SECOND
            for symbol, (touch, stale) in channel.told.items():
                if touch is not NO_TOUCH or stale:
                    self._runtime.send(listener, _tick(channel, symbol, touch, stale, channel.told_seq, second))

    # --- providers ---

    def hear_second(self, packet: ConsolidatedPacket, channels: tuple[Channel, ...]) -> None:
        """The second provider: taken down always, and told where its word counts."""
        self.second.take(packet, self._runtime.monotonic_ns, self._config)
        for channel in channels:
            self.choose(channel)
            if channel.failover.on is Provider.SECOND:
                self.tell_all(channel)

    def second_quality(self) -> FeedQuality | None:
        """What is to be said of the second provider's feed as a whole, where it has just fallen silent or come back."""
        silent = self.second.is_silent(self._runtime.monotonic_ns, self._config)
        if silent is self._silent:
            return None
        self._silent = silent
        self._silences += silent
        self._moves += 1
        standing = ((WHOLE_FEED, Suspicion.SILENT),) if silent else ()
        provider = Venue(Provider.SECOND.value)
        return FeedQuality(provider, self._moves, standing, ((Suspicion.SILENT, self._silences),))

    def choose(self, channel: Channel) -> None:
        """Look how both providers are, and go over, or back, where it is time to."""
        now_ns = self._runtime.monotonic_ns
        fresh = self.second.is_fresh(channel.venue, now_ns, self._config)
        failover = channel.failover
        if not failover.look(channel.is_well, fresh, now_ns, self._config):
            return
        words = f"{channel.venue}: told from the {failover.on.value}"
        self._runtime.emit(FeedMoved(channel.venue, failover.on.value, channel.arbiter.next_seq))
        if failover.on is Provider.SECOND:
            self._runtime.emit(ProtectionActed(SECOND_PROVIDER, words))
        else:
            # The venue may count from 1 again by now: after a stale tick, any number is news.
            for symbol, (touch, _) in list(channel.told.items()):
                self._say(channel, symbol, touch, True, channel.told_seq, True)
        self.tell_all(channel)


def _tick(channel: Channel, symbol: Symbol, touch: Touch, stale: bool, seq: int, second: bool) -> Tick:
    bid_half_ticks, bid_lots, ask_half_ticks, ask_lots = touch
    return Tick(
        venue=channel.venue,
        symbol=symbol,
        seq=seq,
        bid_half_ticks=bid_half_ticks,
        bid_lots=bid_lots,
        ask_half_ticks=ask_half_ticks,
        ask_lots=ask_lots,
        stale=stale,
        source_id=channel.source_id,
        traded_lots=channel.traded_lots[symbol],
        second=second,
    )


def told_seq(channel: Channel) -> int:
    """The last update applied; while joining the last one known of, to outdate what was said before."""
    arbiter = channel.arbiter
    return arbiter.known_seq if channel.phase is Phase.JOINING else arbiter.next_seq - 1


def marks_told(channels: tuple[Channel, ...]) -> tuple[PriceMark, ...]:
    """What everything is worth by the books that are believed now, whoever they are told from."""
    told = (each for channel in channels for each in channel.told.items())
    return marks_of((symbol, touch) for symbol, (touch, stale) in told if not stale)
