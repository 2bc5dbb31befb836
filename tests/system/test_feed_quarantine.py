"""Market data that is not believed: its ticks are stale, a snapshot is asked for, and the desk says why."""

import pytest
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import BookUpdate, FeedHeartbeat, Level, SnapshotRequest
from squall.system.config import MILLISECOND, FeedConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.messages import FeedQuality, Tick
from squall.system.domain.quarantine import WHOLE_FEED
from squall.system.domain.suspicion import ENDS, PROTECTION_OF, Ending, Suspicion
from squall.system.services.market_data import MarketData
from tests.fakes import FakeRuntime
from tests.system.test_market_data import ACME, BUY, FEED, SELL, A, VenueFeed, desk, touch_of

BID, ASK = Level(BUY, 1_000, 5), Level(SELL, 1_010, 5)


class Story:
    """A venue whose channel has begun with one honest update, and a desk that has applied it."""

    def __init__(self, feed: FeedConfig = FEED) -> None:
        self.venue = VenueFeed()
        self.runtime: FakeRuntime
        self.program: MarketData
        self.runtime, self.program = desk(feed)
        self.runtime.connect(self.program, "exchange-a")
        self.beats = 0
        self.update(BID, ASK)

    def update(self, *levels: Level) -> BookUpdate:
        update = self.venue.step(ACME, *levels)
        self.program.on_message("exchange-a", update)
        return update

    def beat(self, last_seq: int | None = None) -> None:
        self.beats += 1
        seq = len(self.venue.updates) if last_seq is None else last_seq
        self.program.on_message("exchange-a", FeedHeartbeat(A, "A", seq, self.beats))

    def wait(self, by_ns: int, beats: bool = True) -> None:
        """Time passes, with a heartbeat every 100 ms."""
        for _ in range(by_ns // (100 * MILLISECOND)):
            self.runtime.advance(self.program, 100 * MILLISECOND)
            if beats:
                self.beat()

    def answer(self) -> None:
        """The venue answers the latest question, from its true book."""
        request: SnapshotRequest = self.runtime.take(SnapshotRequest)[-1]
        self.program.on_message("exchange-a", self.venue.snapshot(request.attempt))

    @property
    def tick(self) -> Tick:
        """The last that was said of ACME to the strategy."""
        ticks = [m for to, m in self.runtime.sent if isinstance(m, Tick) and to == "strategy" and m.symbol == ACME]
        last: Tick = ticks[-1]
        return last

    def count(self, reason: Suspicion) -> int:
        return self.program.feeds[A].quarantine.counts[reason]

    @property
    def standing(self) -> dict[str, Suspicion]:
        """What the monitor was last told of."""
        told: FeedQuality = [m for to, m in self.runtime.sent if isinstance(m, FeedQuality) and to == "monitor"][-1]
        return dict(told.standing)

    def falsely(self, update: BookUpdate) -> None:
        """The venue sends this in place of its next update."""
        self.venue.updates.append(update)
        self.program.on_message("exchange-a", update)

    def acted(self) -> list[str]:
        return [claim.protection for claim in self.runtime.claims if isinstance(claim, ProtectionActed)]


def test_a_price_out_of_the_band_never_leaves_as_a_good_tick_and_a_snapshot_mends_it() -> None:
    story = Story()
    false = BookUpdate(A, "A", 2, ACME, (Level(BUY, 1_000, 0), Level(BUY, 10_000, 5), Level(SELL, 1_010, 0)))
    story.venue.updates.append(false)
    story.program.on_message("exchange-a", false)
    assert story.tick.stale
    assert story.acted() == ["feed.check_prices"]
    assert story.count(Suspicion.OUT_OF_BAND) == 1
    story.answer()
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_000, 5, 1_010, 5))


def test_a_jump_that_the_snapshot_confirms_is_the_market() -> None:
    story = Story()
    story.update(Level(BUY, 1_000, 0), Level(BUY, 500, 5), Level(SELL, 1_010, 0), Level(SELL, 510, 5))
    assert story.tick.stale
    story.answer()
    assert (story.tick.stale, touch_of(story.tick)) == (False, (500, 5, 510, 5))
    story.update(Level(BUY, 500, 6))
    assert not story.tick.stale


def test_without_the_check_a_false_price_leaves_as_a_good_tick() -> None:
    story = Story(FeedConfig(check_prices=False))
    story.update(Level(BUY, 1_000, 0), Level(BUY, 500, 5), Level(SELL, 1_010, 0), Level(SELL, 510, 5))
    assert (story.tick.stale, touch_of(story.tick)) == (False, (500, 5, 510, 5))


def test_without_recovery_a_book_is_out_of_quarantine_when_its_price_is_back() -> None:
    story = Story(FeedConfig(gap_recovery=False))
    story.update(Level(BUY, 1_000, 0), Level(BUY, 500, 5))
    assert story.tick.stale
    story.update(Level(BUY, 500, 0), Level(BUY, 1_000, 5))
    assert not story.tick.stale


def test_a_book_that_is_stuck_is_stale_and_good_again_only_after_it_moves_and_a_snapshot_has_come() -> None:
    story = Story()
    for _ in range(FEED.stuck_updates):
        assert not story.tick.stale
        story.update(BID, ASK)
    assert story.tick.stale
    assert story.acted() == ["feed.watch_stuck"]
    story.update(Level(BUY, 1_002, 5))
    assert story.tick.stale
    story.answer()
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_002, 5, 1_010, 5))


def test_a_feed_of_which_nothing_is_heard_is_stale_and_good_again_with_its_next_word() -> None:
    story = Story()
    story.wait(2 * FEED.silence_ns, beats=False)
    assert story.tick.stale
    assert story.acted() == ["feed.watch_silence"]
    story.beat()
    assert not story.tick.stale


def test_after_a_silence_in_which_something_was_missed_a_snapshot_comes_first() -> None:
    story = Story()
    story.wait(2 * FEED.silence_ns, beats=False)
    story.venue.step(ACME, Level(BUY, 1_004, 5))
    story.beat()
    assert story.tick.stale
    story.answer()
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_004, 5, 1_010, 5))


def test_heartbeats_are_enough_to_be_heard() -> None:
    story = Story()
    story.wait(FEED.quiet_ns)
    assert not story.tick.stale
    assert story.acted() == []


def test_a_quiet_feed_is_asked_about_and_believed_where_the_venue_knows_no_more() -> None:
    story = Story()
    story.wait(FEED.quiet_ns + FEED.silence_ns)
    story.answer()
    assert not story.tick.stale
    assert story.acted() == []


def test_a_feed_that_lags_behind_its_venue_is_stale_until_it_has_caught_up() -> None:
    story = Story()
    story.venue.step(ACME, Level(BUY, 1_004, 5))
    for _ in range(23):
        story.runtime.advance(story.program, 100 * MILLISECOND)
        story.beat(last_seq=1)
    story.answer()
    assert (story.tick.stale, touch_of(story.tick)) == (True, (1_004, 5, 1_010, 5))
    assert story.acted() == ["feed.watch_quiet"]
    story.update(Level(BUY, 1_006, 5))
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_006, 5, 1_010, 5))


def test_a_snapshot_that_is_only_ahead_of_its_datagrams_raises_a_suspicion_for_that_long() -> None:
    story = Story()
    story.wait(FEED.quiet_ns + FEED.silence_ns)
    late = story.venue.step(ACME, Level(BUY, 1_004, 5))
    story.answer()
    story.program.on_message("exchange-a", late)
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_004, 5, 1_010, 5))


def test_nothing_is_asked_while_the_stream_for_it_is_down_until_it_is_up() -> None:
    story = Story()
    story.runtime.streams.clear()
    story.wait(FEED.quiet_ns + FEED.silence_ns)
    assert story.runtime.take(SnapshotRequest) == []
    assert story.runtime.opened[-1] == "exchange-a"
    story.runtime.connect(story.program, "exchange-a")
    assert len(story.runtime.take(SnapshotRequest)) == 1


# --- what cannot be ---

FLAWED: list[tuple[BookUpdate, Suspicion]] = [
    (BookUpdate(A, "A", 2, ACME, (Level(BUY, 1_012, 5),)), Suspicion.CROSSED),
    (BookUpdate(A, "A", 2, ACME, (Level(BUY, 1_010, 5),)), Suspicion.LOCKED),
    (BookUpdate(A, "A", 2, ACME, (Level(SELL, 0, 5),)), Suspicion.IMPOSSIBLE),
    (BookUpdate(A, "A", 2, ACME, (Level(BUY, 1_002, 5),), venue_time_ns=-1), Suspicion.BACKWARDS),
    (BookUpdate(A, "A", 2, "ACME.OLD", (Level(BUY, 1_002, 5),)), Suspicion.WRONG_SYMBOL),
    (
        BookUpdate(A, "A", 2, ACME, (Level(SELL, 1_010, 0), Level(SELL, 1_200, 5))),
        Suspicion.OUT_OF_BAND,
    ),
]


@pytest.mark.parametrize(("update", "reason"), FLAWED, ids=[reason.value for _, reason in FLAWED])
def test_what_cannot_be_is_in_quarantine_and_counted_until_the_venues_image_has_come(
    update: BookUpdate, reason: Suspicion
) -> None:
    assert ENDS[reason] is Ending.IMAGE
    story = Story()
    story.falsely(update)
    assert story.tick.stale
    assert touch_of(story.tick)[:2] != (1_002, 5), "what is refused is not applied"
    what = WHOLE_FEED if reason is Suspicion.WRONG_SYMBOL else ACME
    assert story.standing == {what: reason}
    assert story.acted() == [PROTECTION_OF[reason]]
    story.update(Level(BUY, 1_004, 5))
    assert story.tick.stale, "an update that is sound does not end it"
    story.answer()
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_004, 5, 1_010, 5))
    assert story.standing == {}
    assert story.count(reason) == 1


@pytest.mark.parametrize(("update", "reason"), FLAWED, ids=[reason.value for _, reason in FLAWED])
def test_without_recovery_it_ends_with_the_next_update_that_is_sound(update: BookUpdate, reason: Suspicion) -> None:
    story = Story(FeedConfig(gap_recovery=False))
    story.falsely(update)
    assert story.tick.stale
    gone = tuple(Level(level.side, level.price_half_ticks, 0) for level in update.levels)
    story.update(*gone, Level(BUY, 1_000, 6), ASK)
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_000, 6, 1_010, 5))


def test_old_data_under_new_numbers_stays_refused_after_the_image_since_that_says_when_it_was_made() -> None:
    story = Story()
    story.falsely(BookUpdate(A, "A", 2, ACME, (Level(BUY, 1_002, 5),), venue_time_ns=-9))
    request: SnapshotRequest = story.runtime.take(SnapshotRequest)[-1]
    story.program.on_message("exchange-a", replace(story.venue.snapshot(request.attempt), venue_time_ns=100))
    assert not story.tick.stale
    story.falsely(BookUpdate(A, "A", 3, ACME, (Level(BUY, 1_004, 5),), venue_time_ns=99))
    assert story.tick.stale
    assert story.count(Suspicion.BACKWARDS) == 2


def test_a_venue_whose_clock_was_set_back_is_believed_from_its_image_on() -> None:
    story = Story()
    story.falsely(BookUpdate(A, "A", 2, ACME, (), venue_time_ns=1_000))
    story.falsely(BookUpdate(A, "A", 3, ACME, (), venue_time_ns=400))
    request: SnapshotRequest = story.runtime.take(SnapshotRequest)[-1]
    story.program.on_message("exchange-a", replace(story.venue.snapshot(request.attempt), venue_time_ns=500))
    story.falsely(BookUpdate(A, "A", 4, ACME, (Level(BUY, 1_002, 5),), venue_time_ns=501))
    assert (story.tick.stale, touch_of(story.tick)) == (False, (1_002, 5, 1_010, 5))
    assert story.count(Suspicion.BACKWARDS) == 1


def test_a_flaw_behind_the_image_keeps_the_books_in_quarantine_and_is_asked_about_again() -> None:
    story = Story()
    story.falsely(BookUpdate(A, "A", 2, ACME, (Level(BUY, 1_010, 5),)))
    image = story.venue.snapshot(1)
    story.falsely(BookUpdate(A, "A", 3, ACME, (Level(SELL, 0, 5),)))
    story.program.on_message("exchange-a", image)
    assert story.tick.stale
    assert story.standing == {ACME: Suspicion.IMPOSSIBLE}
    story.runtime.advance(story.program, FEED.snapshot_timeout_ns)
    story.answer()
    assert not story.tick.stale
