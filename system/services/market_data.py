"""Turns each venue's two lines into one book a symbol, and tells the desk of every change of its touch."""

from collections.abc import Hashable
from enum import Enum
from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import BookUpdate, FeedHeartbeat, Snapshot, SnapshotRequest
from squall.system.config import DeskConfig
from squall.system.domain.arbitration import BUFFER_LIMIT, PRIMARY_LINE, LineArbiter, Updates
from squall.system.domain.claims import FeedMoved, ProtectionActed
from squall.system.domain.desk_book import NO_TOUCH, DeskBook, Touch
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick
from squall.system.domain.quality import BookCheck, FeedWatch, Suspicion
from squall.system.runtime import Address, Runtime
from squall.system.wiring import VenueRoute, Wiring

ARBITRATION: Final = "feed.arbitration"
GAP_RECOVERY: Final = "feed.gap_recovery"
PROTECTION_OF: Final = {
    Suspicion.OUT_OF_BAND: "feed.check_prices",
    Suspicion.STUCK: "feed.watch_stuck",
    Suspicion.SILENT: "feed.watch_silence",
    Suspicion.FROZEN: "feed.watch_quiet",
}

MarketDataMessage = BookUpdate | FeedHeartbeat | Snapshot


class Phase(Enum):
    """Where a channel stands. Only the last two are stale."""

    IN_SEQUENCE = "in sequence"
    WAITING = "waiting"
    """Something is missing; the other line may still bring it."""
    JOINING = "joining"
    """We came after the first update, so the book has to start with a snapshot."""
    RECOVERING = "recovering"


_STALE: Final = (Phase.JOINING, Phase.RECOVERING)


class _Channel:
    """One venue's feed: its arbiter, its books and what was last said of them."""

    def __init__(self, route: VenueRoute, patience_ns: int, buffer_limit: int) -> None:
        self.venue: Venue = route.venue
        self.address: Address = route.address
        self.arbiter = LineArbiter(patience_ns, buffer_limit)
        self.books: dict[Symbol, DeskBook] = {symbol: DeskBook() for symbol in route.symbols}
        self.traded_lots: dict[Symbol, int] = dict.fromkeys(route.symbols, 0)
        self.checks = {symbol: BookCheck() for symbol in route.symbols}
        self.watch = FeedWatch()
        self.told: dict[Symbol, tuple[Touch, bool]] = dict.fromkeys(route.symbols, (NO_TOUCH, False))
        """The touch and staleness of the last tick."""
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


class Feed(Struct, frozen=True):
    """One venue's feed as it stands, to be looked at."""

    phase: Phase
    next_seq: int
    known_seq: int
    touches: dict[Symbol, Touch]


class MarketData:
    """One arbitrated channel per venue; it is stale from the end of the wait to what mends it."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring, buffer_limit: int = BUFFER_LIMIT) -> None:
        self._runtime = runtime
        self._config = config.feed
        self._listeners: tuple[Address, ...] = (wiring.strategy, *wiring.routers, wiring.risk)
        self._channels: dict[Venue, _Channel] = {
            route.venue: _Channel(route, config.feed.gap_timeout_ns, buffer_limit) for route in wiring.venues
        }
        self._by_address: dict[Address, _Channel] = {channel.address: channel for channel in self._channels.values()}
        self.quarantines: dict[Suspicion, int] = dict.fromkeys(Suspicion, 0)
        """How often something was not believed, by reason."""
        self.unsound_books = 0
        """How often an update left a book crossed, or with a size below zero."""

    @property
    def feeds(self) -> dict[Venue, Feed]:
        """Every venue's feed as it stands."""
        return {
            venue: Feed(
                channel.phase,
                channel.arbiter.next_seq,
                channel.arbiter.known_seq,
                {symbol: book.touch for symbol, book in channel.books.items()},
            )
            for venue, channel in self._channels.items()
        }

    def on_start(self) -> None:
        """The feed comes by itself, and a stream is opened when a snapshot is needed."""
        for venue in self._channels:
            self._runtime.set_timer(self._config.silence_ns, ("watch", venue))

    def on_message(self, sender: Address, message: MarketDataMessage) -> None:
        match message:
            case BookUpdate():
                if message.line == PRIMARY_LINE or self._config.arbitration:
                    self._on_update(self._channels[Venue(message.venue)], message)
            case FeedHeartbeat():
                if message.line == PRIMARY_LINE or self._config.arbitration:
                    self._on_heartbeat(self._channels[Venue(message.venue)], message)
            case Snapshot():
                self._on_snapshot(self._channels[Venue(message.venue)], message)
            case _:
                raise TypeError(f"market data: found {type(message).__name__}, expected {MarketDataMessage}")

    # --- the lines ---

    def _on_update(self, channel: _Channel, update: BookUpdate) -> None:
        arbiter, watch = channel.arbiter, channel.watch
        now_ns = self._runtime.monotonic_ns
        watch.updated(now_ns)
        ready = arbiter.take(update, now_ns)
        if ready:
            self._apply(channel, ready)
        if arbiter.rescued:
            self._claim_rescued(channel)
        if channel.phase is not Phase.IN_SEQUENCE or arbiter.missing or not channel.begun:
            self._mind_the_gap(channel)
        if watch.silent or watch.frozen_at:
            self._is_heard_again(channel, update.seq)

    def _on_heartbeat(self, channel: _Channel, beat: FeedHeartbeat) -> None:
        if beat.number < channel.beats and beat.last_seq < channel.arbiter.known_seq:
            self._start_over(channel)
        channel.beats = beat.number
        channel.watch.hear()
        channel.arbiter.hear(beat.last_seq, self._runtime.monotonic_ns)
        if channel.arbiter.rescued:
            self._claim_rescued(channel)
        if channel.phase is not Phase.IN_SEQUENCE or channel.arbiter.missing:
            self._mind_the_gap(channel)
        if channel.watch.silent or channel.watch.frozen_at:
            self._is_heard_again(channel, beat.last_seq)

    def _claim_rescued(self, channel: _Channel) -> None:
        rescued = channel.arbiter.rescued
        lost = ", ".join(str(seq) for seq in rescued)
        rescued.clear()
        what = f"{channel.venue}: the second line brought what line {PRIMARY_LINE} did not: {lost}"
        self._runtime.emit(ProtectionActed(protection=ARBITRATION, what=what))

    def _apply(self, channel: _Channel, ready: Updates) -> None:
        for update in ready:
            channel.source_id = update.source_id
            symbol = Symbol(update.symbol)
            book = channel.books.get(symbol)
            if book is None:
                continue
            for print_ in update.prints:
                channel.traded_lots[symbol] += print_.lots
            if not update.levels:
                continue
            if not book.apply(update.levels):
                self._on_unsound(channel, "crossed")
            else:
                self._check(channel, symbol, book)
            self._tell(channel, symbol, book, update.seq)

    # --- gaps ---

    def _mind_the_gap(self, channel: _Channel) -> None:
        """Moves the channel to the phase that its arbiter calls for. Off the hot path."""
        arbiter = channel.arbiter
        first, channel.begun = not channel.begun, True
        if not arbiter.missing:
            self._in_sequence(channel, first)
        elif channel.phase in _STALE:
            return
        elif first:
            self._ask_for_snapshot(channel, Phase.JOINING)
        elif arbiter.overflowing:
            self._give_up_waiting(channel)
        elif channel.phase is not Phase.WAITING or channel.waiting_for != arbiter.next_seq:
            channel.phase = Phase.WAITING
            channel.waiting_for = arbiter.next_seq
            self._runtime.set_timer(self._config.gap_timeout_ns, ("gap", channel.venue))

    def _start_over(self, channel: _Channel) -> None:
        """The venue's own counts went back: it was restarted, and numbers its channel from 1 again."""
        self._moved(channel, "restarted")
        channel.begun = True
        self._ask_for_snapshot(channel, Phase.JOINING)
        channel.arbiter.start_over()

    def _give_up_waiting(self, channel: _Channel) -> None:
        """No line brings it any more: the books of this venue are wrong from here on."""
        self._moved(channel, "gap")
        if self._config.gap_recovery:
            self._ask_for_snapshot(channel, Phase.RECOVERING)
            return
        # Without the protection the desk goes on over the hole, as if nothing had been there.
        channel.phase = Phase.IN_SEQUENCE
        self._apply(channel, channel.arbiter.skip())
        self._moved(channel, Phase.IN_SEQUENCE.value)
        if channel.arbiter.missing:
            self._mind_the_gap(channel)

    def _on_unsound(self, channel: _Channel, state: str) -> None:
        self.unsound_books += 1
        if not self._config.gap_recovery:
            return  # its ticks are stale for as long as it is crossed, and nothing mends it
        channel.arbiter.hold()
        if channel.phase not in _STALE:
            self._moved(channel, state)
            self._ask_for_snapshot(channel, Phase.RECOVERING)

    def _in_sequence(self, channel: _Channel, first: bool = False) -> None:
        """Nothing is missing (any more): the other line, or a snapshot, has brought it."""
        was_stale = channel.phase in _STALE
        channel.phase = Phase.IN_SEQUENCE
        self._runtime.cancel_timer(("gap", channel.venue))
        if was_stale:
            self._runtime.cancel_timer(("snapshot", channel.venue))
            channel.unasked = False
            self._tell_all(channel)
        if was_stale or first:
            self._moved(channel, Phase.IN_SEQUENCE.value)

    # --- what cannot be right ---

    def _check(self, channel: _Channel, symbol: Symbol, book: DeskBook) -> None:
        """Quarantine a book that cannot be right. Only the venue's own image proves that it is, or mends it."""
        check = channel.checks[symbol]
        was_stuck = check.stuck
        if check.update(book.changed, self._config):
            self._on_unsound(channel, "moves again")
        elif check.stuck and not was_stuck:
            self._quarantine(channel, Suspicion.STUCK, symbol)
        was_outside = check.outside
        if not check.price(book.touch, self._config):
            if not was_outside:
                self._quarantine(channel, Suspicion.OUT_OF_BAND, symbol)
            self._on_unsound(channel, Suspicion.OUT_OF_BAND.value)

    def _quarantine(self, channel: _Channel, suspicion: Suspicion, what: str) -> None:
        self.quarantines[suspicion] += 1
        words = f"{channel.venue} {what}: {suspicion.value}"
        self._runtime.emit(ProtectionActed(protection=PROTECTION_OF[suspicion], what=words))

    def _on_watch(self, channel: _Channel) -> None:
        """Time to look whether the feed lives, and whether a quiet one is as quiet as it seems."""
        config, watch = self._config, channel.watch
        was_silent = watch.silent
        watch.look(self._runtime.monotonic_ns, config)
        if watch.silent and not was_silent:
            self._suspect(channel, Suspicion.SILENT)
        elif watch.probing and channel.phase is Phase.IN_SEQUENCE and channel.begun:
            self._ask(channel)
        self._runtime.set_timer(config.silence_ns, ("watch", channel.venue))

    def _suspect(self, channel: _Channel, suspicion: Suspicion) -> None:
        self._quarantine(channel, suspicion, "feed")
        self._moved(channel, suspicion.value)
        self._tell_all(channel)

    def _is_heard_again(self, channel: _Channel, seq: int) -> None:
        """A message after a silence, or one that shows how far the feed itself has come."""
        watch = channel.watch
        was_silent, watch.silent = watch.silent, False
        if not watch.tells_of(seq) and not was_silent:
            return
        if channel.phase is Phase.WAITING:
            self._give_up_waiting(channel)  # the other line has had its time
        elif channel.phase is Phase.IN_SEQUENCE:
            self._moved(channel, Phase.IN_SEQUENCE.value)
            self._tell_all(channel)

    def _on_probe(self, channel: _Channel, snapshot: Snapshot) -> None:
        """The answer in quiet times: where the venue knows more than its feed, its image is right, the feed is not."""
        arbiter, watch = channel.arbiter, channel.watch
        if channel.phase is not Phase.IN_SEQUENCE or not watch.probed(snapshot.last_seq, arbiter.known_seq):
            return
        self._replace_books(channel, snapshot, arbiter.rebase(snapshot.last_seq) or ())
        self._suspect(channel, Suspicion.FROZEN)

    # --- snapshots ---

    def _ask_for_snapshot(self, channel: _Channel, phase: Phase) -> None:
        channel.phase = phase
        self._runtime.cancel_timer(("gap", channel.venue))
        self._moved(channel, phase.value)
        self._tell_all(channel)
        self._request(channel)

    def _request(self, channel: _Channel) -> None:
        """Ask, and ask again if no snapshot has mended the books in time."""
        self._ask(channel)
        self._runtime.set_timer(self._config.snapshot_timeout_ns, ("snapshot", channel.venue))

    def _ask(self, channel: _Channel) -> None:
        """Ask, or open a stream to ask on."""
        channel.attempts += 1
        request = SnapshotRequest(sender=self._runtime.address, attempt=channel.attempts)
        channel.unasked = not self._runtime.write(channel.address, request)
        if channel.unasked:
            self._runtime.open(channel.address)

    def _on_snapshot(self, channel: _Channel, snapshot: Snapshot) -> None:
        if channel.phase not in _STALE:
            # A probe's answer; or one that came after the other line had brought what was missing.
            if channel.watch.probing:
                self._on_probe(channel, snapshot)
            return
        arbiter = channel.arbiter
        ready = arbiter.rebase(snapshot.last_seq)
        if ready is None:
            return  # older than our own book: the timer asks again
        if not self._replace_books(channel, snapshot, ready):
            self.unsound_books += 1
            arbiter.hold()  # the venue's own image crosses, or what followed it did: the timer asks again
            return
        if channel.phase is Phase.RECOVERING:
            what = f"{channel.venue}: books rebuilt from the snapshot as of {snapshot.last_seq}"
            self._runtime.emit(ProtectionActed(protection=GAP_RECOVERY, what=what))
        self._in_sequence(channel)
        if arbiter.missing:
            self._mind_the_gap(channel)

    def _replace_books(self, channel: _Channel, snapshot: Snapshot, ready: Updates) -> bool:
        """The venue's image, and what followed it. Returns whether all books can be right."""
        images = {image.symbol: image.levels for image in snapshot.books}
        for symbol, book in channel.books.items():
            book.replace(images.get(symbol, ()))
            channel.checks[symbol].trust(book.touch)
        for update in ready:
            channel.source_id = update.source_id
            symbol = Symbol(update.symbol)
            if (followed := channel.books.get(symbol)) is not None:
                followed.apply(update.levels)
                channel.checks[symbol].price(followed.touch, self._config)
        return all(book.sound and not channel.checks[symbol].outside for symbol, book in channel.books.items())

    # --- what the desk is told ---

    def _tell(self, channel: _Channel, symbol: Symbol, book: DeskBook, seq: int) -> None:
        """A tick, if the touch or its staleness is not what was last told."""
        watch = channel.watch
        quarantined = watch.silent or watch.frozen_at > 0 or channel.checks[symbol].suspect
        stale = quarantined or channel.phase in _STALE or not book.sound
        now = (book.touch, stale)
        if now == channel.told[symbol]:
            return
        channel.told[symbol] = now
        bid_half_ticks, bid_lots, ask_half_ticks, ask_lots = book.touch
        tick = Tick(
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
        )
        for listener in self._listeners:
            self._runtime.send(listener, tick)

    def _tell_all(self, channel: _Channel) -> None:
        for symbol, book in channel.books.items():
            self._tell(channel, symbol, book, self._told_seq(channel))

    def _told_seq(self, channel: _Channel) -> int:
        """The last update applied; while joining the last one known of, to outdate what was said before."""
        arbiter = channel.arbiter
        return arbiter.known_seq if channel.phase is Phase.JOINING else arbiter.next_seq - 1

    def _moved(self, channel: _Channel, state: str) -> None:
        self._runtime.emit(FeedMoved(venue=channel.venue, state=state, seq=channel.arbiter.next_seq))

    # --- the rest of the program ---

    def on_timer(self, key: Hashable) -> None:
        match key:
            case ("gap", str(venue)):
                channel = self._channels[Venue(venue)]
                if channel.phase is Phase.WAITING:
                    self._give_up_waiting(channel)
            case ("watch", str(venue)):
                self._on_watch(self._channels[Venue(venue)])
            case ("snapshot", str(venue)):
                channel = self._channels[Venue(venue)]
                if channel.phase in _STALE:
                    self._request(channel)
            case _:
                raise ValueError(f"market data: found timer {key!r}, expected a gap's, a snapshot's or a watch's")

    def on_durable(self, token: int) -> None:
        raise AssertionError(f"market data: found token {token} durable, but market data writes no file")

    def on_stream_open(self, peer: Address) -> None:
        channel = self._by_address.get(peer)
        if channel is not None and channel.unasked and (channel.phase in _STALE or channel.watch.probing):
            request = SnapshotRequest(sender=self._runtime.address, attempt=channel.attempts)
            channel.unasked = not self._runtime.write(peer, request)

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        """A request or its answer may have died with it; the snapshot timer is running, and asks again."""

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.feed
        for channel in self._channels.values():
            channel.arbiter.patience_ns = config.feed.gap_timeout_ns
