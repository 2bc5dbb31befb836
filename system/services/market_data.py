"""Turns each venue's two lines into one book a symbol, and tells the desk of every change of its touch."""

from collections.abc import Hashable
from typing import Final

from squall.sim.exchange.wire.consolidated import ConsolidatedPacket
from squall.sim.exchange.wire.depth import DepthImage, DepthIncrement
from squall.sim.exchange.wire.messages import BookUpdate, FeedHeartbeat, Snapshot, SnapshotRequest
from squall.system.config import DeskConfig
from squall.system.domain.arbitration import BUFFER_LIMIT, PRIMARY_LINE, Update, Updates
from squall.system.domain.claims import FeedMoved, ProtectionActed
from squall.system.domain.desk_book import DeskBook
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import AskMarks, AskTicks, FeedQuality, MarksTold
from squall.system.domain.quality import flaw_of_update
from squall.system.domain.suspicion import PROTECTION_OF, Suspicion
from squall.system.runtime import Address, Runtime
from squall.system.services.bar_clock import BarClock
from squall.system.services.feed_channel import STALE, Channel, Feed, Phase
from squall.system.services.teller import Teller, marks_told
from squall.system.wiring import Wiring

ARBITRATION: Final = "feed.arbitration"
GAP_RECOVERY: Final = "feed.gap_recovery"

DeskWord = AskMarks | AskTicks
MarketDataMessage = BookUpdate | DepthIncrement | FeedHeartbeat | Snapshot | DepthImage | ConsolidatedPacket | DeskWord


class MarketData:
    """One arbitrated channel per venue; it is stale from the end of the wait to what mends it."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring, buffer_limit: int = BUFFER_LIMIT) -> None:
        self._runtime = runtime
        self._config = config.feed
        self._teller = Teller(runtime, config.feed, (*wiring.submitters, *wiring.routers, wiring.risk), wiring.lit)
        self._channels: dict[Venue, Channel] = {
            route.venue: Channel(route, config.feed.gap_timeout_ns, buffer_limit) for route in wiring.lit
        }
        symbols = tuple(instrument.symbol for instrument in wiring.instruments)
        self._bars = BarClock(runtime, config.history, symbols, wiring.tick_store)
        self._teller.told_good = self._bars.price
        self._all = tuple(self._channels.values())
        self._by_address: dict[Address, Channel] = {channel.address: channel for channel in self._all}
        self._monitor = wiring.monitor
        self._has_second = wiring.second_provider

    @property
    def conflated(self) -> int:
        """Ticks that were never said, since a later one of their book was."""
        return self._teller.ticker.conflated

    @property
    def feeds(self) -> dict[Venue, Feed]:
        """Every venue's feed as it stands."""
        return {venue: channel.look for venue, channel in self._channels.items()}

    def on_start(self) -> None:
        """The feed comes by itself, and a stream is opened when a snapshot is needed."""
        for venue in self._channels:
            self._runtime.set_timer(self._config.silence_ns, ("watch", venue))
        if self._has_second:
            self._teller.second.expect(self._runtime.monotonic_ns)
        self._bars.start()

    def on_message(self, sender: Address, message: MarketDataMessage) -> None:
        match message:
            case BookUpdate() | DepthIncrement():
                if message.line == PRIMARY_LINE or self._config.arbitration:
                    self._on_update(self._channels[Venue(message.venue)], message)
            case FeedHeartbeat():
                if message.line == PRIMARY_LINE or self._config.arbitration:
                    self._on_heartbeat(self._channels[Venue(message.venue)], message)
            case Snapshot():
                self._on_snapshot(self._channels[Venue(message.venue)], message)
            case DepthImage():
                channel = self._channels[Venue(message.venue)]
                snapshot = channel.words.snapshot(message)
                if snapshot is not None:  # otherwise the timer asks again
                    self._on_snapshot(channel, snapshot)
            case ConsolidatedPacket():
                self._teller.hear_second(message, self._all)
            case AskTicks():
                self._teller.repeat(sender, self._all)
            case AskMarks():
                self._runtime.send(sender, MarksTold(message.number, marks_told(self._all), message.ends_horizon))
            case _:
                raise TypeError(f"market data: found {type(message).__name__}, expected {MarketDataMessage}")

    # --- the lines ---

    def _on_update(self, channel: Channel, update: Update) -> None:
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

    def _on_heartbeat(self, channel: Channel, beat: FeedHeartbeat) -> None:
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

    def _claim_rescued(self, channel: Channel) -> None:
        rescued = channel.arbiter.rescued
        lost = ", ".join(str(seq) for seq in rescued)
        rescued.clear()
        what = f"{channel.venue}: the second line brought what line {PRIMARY_LINE} did not: {lost}"
        self._runtime.emit(ProtectionActed(protection=ARBITRATION, what=what))

    def _apply(self, channel: Channel, ready: Updates) -> None:
        for told in ready:
            # Not as they arrive: what both lines bring is put into the desk's words once.
            update = told if isinstance(told, BookUpdate) else channel.words.update(told)
            channel.source_id = update.source_id
            symbol = Symbol(update.symbol)
            flaw = flaw_of_update(update, channel.books, channel.newest_ns, self._config)
            if flaw is not None:
                self._refuse(channel, symbol, flaw)
                continue
            channel.newest_ns = update.venue_time_ns
            book = channel.books.get(symbol)
            if book is None:
                continue
            for print_ in update.prints:
                channel.traded_lots[symbol] += print_.lots
                self._bars.trade(symbol, print_.price_half_ticks, print_.lots)
            if not update.levels or channel.arbiter.held:
                continue  # nothing for the book, or for a book that the venue's image will replace
            book.apply(update.levels)
            self._check(channel, symbol, book)
            self._teller.tell(channel, symbol, update.seq)

    # --- gaps ---

    def _mind_the_gap(self, channel: Channel) -> None:
        """Moves the channel to the phase that its arbiter calls for. Off the hot path."""
        arbiter = channel.arbiter
        first, channel.begun = not channel.begun, True
        if not arbiter.missing:
            self._in_sequence(channel, first)
        elif channel.phase in STALE:
            return
        elif first:
            self._ask_for_snapshot(channel, Phase.JOINING)
        elif arbiter.overflowing:
            self._give_up_waiting(channel)
        elif channel.phase is not Phase.WAITING or channel.waiting_for != arbiter.next_seq:
            channel.phase = Phase.WAITING
            channel.waiting_for = arbiter.next_seq
            self._runtime.set_timer(self._config.gap_timeout_ns, ("gap", channel.venue))

    def _start_over(self, channel: Channel) -> None:
        """The venue's own counts went back: it was restarted, and numbers its channel from 1 again."""
        self._moved(channel, "restarted")
        channel.begun = True
        self._ask_for_snapshot(channel, Phase.JOINING)
        channel.arbiter.start_over()

    def _give_up_waiting(self, channel: Channel) -> None:
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

    def _on_unsound(self, channel: Channel, state: str) -> None:
        if not self._config.gap_recovery:
            return  # its ticks are stale until an update is sound, and nothing mends what was missed
        channel.arbiter.hold()
        if channel.phase not in STALE:
            self._moved(channel, state)
            self._ask_for_snapshot(channel, Phase.RECOVERING)

    def _in_sequence(self, channel: Channel, first: bool = False) -> None:
        """Nothing is missing (any more): the other line, or a snapshot, has brought it."""
        was_stale = channel.phase in STALE
        channel.phase = Phase.IN_SEQUENCE
        self._runtime.cancel_timer(("gap", channel.venue))
        if was_stale:
            self._runtime.cancel_timer(("snapshot", channel.venue))
            channel.unasked = False
            self._tell_all(channel)
        if was_stale or first:
            self._moved(channel, Phase.IN_SEQUENCE.value)

    # --- what cannot be right ---

    def _check(self, channel: Channel, symbol: Symbol, book: DeskBook) -> None:
        """Quarantine a book that cannot be right. Only the venue's own image proves that it is, or mends it."""
        check = channel.checks[symbol]
        if check.update(book.changed, self._config):
            self._on_unsound(channel, "moves again")
        if not check.touch(book.touch, self._config):
            assert check.suspicion is not None, "or the touch could be"
            self._on_unsound(channel, check.suspicion.value)
        channel.watch.astray = False  # where it came so far, nobody mends what has gone astray
        if check.suspect or channel.quarantine.standing:
            self._review(channel)

    def _refuse(self, channel: Channel, symbol: Symbol, flaw: Suspicion) -> None:
        """An update that cannot be is not applied: what it was meant to say, the venue's image says."""
        if flaw is Suspicion.WRONG_SYMBOL:
            channel.watch.astray = True
        elif symbol in channel.checks:
            channel.checks[symbol].flaw = flaw
        self._review(channel)
        self._on_unsound(channel, flaw.value)
        self._tell_all(channel)

    def _review(self, channel: Channel) -> None:
        """Count what has newly come into quarantine; say what has, and what has left it."""
        quarantine = channel.quarantine
        moves = quarantine.moves
        for what, suspicion in quarantine.review(channel.suspect, self._runtime.monotonic_ns):
            words = f"{channel.venue} {what}: {suspicion.value}"
            self._runtime.emit(ProtectionActed(protection=PROTECTION_OF[suspicion], what=words))
        if quarantine.moves != moves:
            self._runtime.send(self._monitor, quality_of(channel))

    def _on_watch(self, channel: Channel) -> None:
        """Time to look whether the feed lives, and whether a quiet one is as quiet as it seems."""
        config, watch = self._config, channel.watch
        was_silent = watch.silent
        watch.look(self._runtime.monotonic_ns, config)
        if watch.silent and not was_silent:
            self._suspect(channel, Suspicion.SILENT)
        elif watch.probing and channel.phase is Phase.IN_SEQUENCE and channel.begun:
            self._ask(channel)
        self._teller.choose(channel)
        quality = self._teller.second_quality()
        if quality is not None:
            self._runtime.send(self._monitor, quality)
        self._runtime.set_timer(config.silence_ns, ("watch", channel.venue))

    def _suspect(self, channel: Channel, suspicion: Suspicion) -> None:
        self._review(channel)
        self._moved(channel, suspicion.value)
        self._tell_all(channel)

    def _is_heard_again(self, channel: Channel, seq: int) -> None:
        """A message after a silence, or one that shows how far the feed itself has come."""
        watch = channel.watch
        was_silent, watch.silent = watch.silent, False
        if not watch.tells_of(seq) and not was_silent:
            return
        self._review(channel)
        if channel.phase is Phase.WAITING:
            self._give_up_waiting(channel)  # the other line has had its time
        elif channel.phase is Phase.IN_SEQUENCE:
            self._moved(channel, Phase.IN_SEQUENCE.value)
            self._tell_all(channel)

    def _on_probe(self, channel: Channel, snapshot: Snapshot) -> None:
        """The answer in quiet times: where the venue knows more than its feed, its image is right, the feed is not."""
        arbiter, watch = channel.arbiter, channel.watch
        if channel.phase is not Phase.IN_SEQUENCE or not watch.probed(snapshot.last_seq, arbiter.known_seq):
            return
        self._replace_books(channel, snapshot, arbiter.rebase(snapshot.last_seq) or ())
        self._suspect(channel, Suspicion.FROZEN)

    # --- snapshots ---

    def _ask_for_snapshot(self, channel: Channel, phase: Phase) -> None:
        channel.phase = phase
        self._runtime.cancel_timer(("gap", channel.venue))
        self._moved(channel, phase.value)
        self._tell_all(channel)
        self._request(channel)

    def _request(self, channel: Channel) -> None:
        """Ask, and ask again if no snapshot has mended the books in time."""
        self._ask(channel)
        self._runtime.set_timer(self._config.snapshot_timeout_ns, ("snapshot", channel.venue))

    def _ask(self, channel: Channel) -> None:
        """Ask, or open a stream to ask on."""
        channel.attempts += 1
        request = SnapshotRequest(sender=self._runtime.address, attempt=channel.attempts)
        channel.unasked = not self._runtime.write(channel.address, request)
        if channel.unasked:
            self._runtime.open(channel.address)

    def _on_snapshot(self, channel: Channel, snapshot: Snapshot) -> None:
        if channel.phase not in STALE:
            # A probe's answer; or one that came after the other line had brought what was missing.
            if channel.watch.probing:
                self._on_probe(channel, snapshot)
            return
        arbiter = channel.arbiter
        ready = arbiter.rebase(snapshot.last_seq)
        if ready is None:
            return  # older than our own book: the timer asks again
        if not self._replace_books(channel, snapshot, ready):
            arbiter.hold()  # the venue's own image crosses, or what followed it did: the timer asks again
            return
        if channel.phase is Phase.RECOVERING:
            what = f"{channel.venue}: books rebuilt from the snapshot as of {snapshot.last_seq}"
            self._runtime.emit(ProtectionActed(protection=GAP_RECOVERY, what=what))
        self._in_sequence(channel)
        if arbiter.missing:
            self._mind_the_gap(channel)

    def _replace_books(self, channel: Channel, snapshot: Snapshot, ready: Updates) -> bool:
        """The venue's image, and what followed it. Returns whether all books can be right."""
        config, watch = self._config, channel.watch
        images = {image.symbol: image.levels for image in snapshot.books}
        for symbol, book in channel.books.items():
            book.replace(images.get(symbol, ()))
            channel.checks[symbol].trust(book.touch, config)
        watch.astray = False
        channel.newest_ns = snapshot.venue_time_ns or channel.newest_ns
        for told in ready:
            update = told if isinstance(told, BookUpdate) else channel.words.update(told)
            channel.source_id = update.source_id
            symbol = Symbol(update.symbol)
            flaw = flaw_of_update(update, channel.books, channel.newest_ns, config)
            if flaw is Suspicion.WRONG_SYMBOL:
                watch.astray = True
            elif (followed := channel.books.get(symbol)) is not None:
                if flaw is None:
                    followed.apply(update.levels)
                    channel.newest_ns = update.venue_time_ns
                    channel.checks[symbol].touch(followed.touch, config)
                else:
                    channel.checks[symbol].flaw = flaw
        self._review(channel)
        return not watch.astray and not any(check.suspect for check in channel.checks.values())

    # --- what is told ---

    def _tell_all(self, channel: Channel) -> None:
        self._teller.tell_all(channel)

    def _moved(self, channel: Channel, state: str) -> None:
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
                if channel.phase in STALE:
                    self._request(channel)
            case "bars":
                self._bars.on_end()
            case "room for ticks":
                self._teller.ticker.on_room()
            case _:
                raise ValueError(f"market data: found timer {key!r}, expected gap, snapshot, watch, bars or room")

    def on_durable(self, token: int) -> None:
        raise AssertionError(f"market data: found token {token} durable, but market data writes no file")

    def on_stream_open(self, peer: Address) -> None:
        channel = self._by_address.get(peer)
        if channel is not None and channel.unasked and (channel.phase in STALE or channel.watch.probing):
            request = SnapshotRequest(sender=self._runtime.address, attempt=channel.attempts)
            channel.unasked = not self._runtime.write(peer, request)

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        """A request or its answer may have died with it; the snapshot timer is running, and asks again."""

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.feed
        self._teller.configure(config.feed)
        self._bars.config = config.history
        for channel in self._channels.values():
            channel.arbiter.patience_ns = config.feed.gap_timeout_ns


def quality_of(channel: Channel) -> FeedQuality:
    """What the monitor is told: all that is in quarantine now, and how often each reason has been."""
    quarantine = channel.quarantine
    return FeedQuality(
        venue=channel.venue,
        number=quarantine.moves,
        standing=tuple((what, held.reason) for what, held in quarantine.standing.items()),
        counts=tuple((reason, count) for reason, count in quarantine.counts.items() if count),
    )
