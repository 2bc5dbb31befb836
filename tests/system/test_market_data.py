"""From two lossy lines to ticks that can be believed, or say that they cannot."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import (
    BookImage,
    BookUpdate,
    FeedHeartbeat,
    Level,
    Print,
    Side,
    Snapshot,
    SnapshotRequest,
)
from squall.system.config import DeskConfig, FeedConfig
from squall.system.domain.claims import FeedMoved, ProtectionActed
from squall.system.domain.desk_book import Touch
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick
from squall.system.domain.suspicion import Suspicion
from squall.system.services.market_data import MarketData
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime
from tests.profiles import examples

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
A = Venue("exchange-a")
WIRING = Wiring(
    instruments=(Instrument(ACME), Instrument(BOLT)),
    venues=(VenueRoute(A, "exchange-a", (ACME, BOLT)),),
)
FEED = FeedConfig()
BUY, SELL = Side.BUY, Side.SELL


class VenueFeed:
    """A venue's channel, written down as it goes: every update, and every book and touch after it."""

    def __init__(self) -> None:
        self.updates: list[BookUpdate] = []
        self.books: dict[str, dict[tuple[Side, int], int]] = {ACME: {}, BOLT: {}}
        self.touches: dict[tuple[str, int], Touch] = {(ACME, 0): (0, 0, 0, 0), (BOLT, 0): (0, 0, 0, 0)}
        """By symbol and channel message."""

    def step(self, symbol: Symbol, *levels: Level) -> BookUpdate:
        for level in levels:
            self.books[symbol][level.side, level.price_half_ticks] = level.lots
        seq = len(self.updates) + 1
        update = BookUpdate(A, "A", seq, symbol, levels, source_id=1_000 + seq)
        self.updates.append(update)
        for each in (ACME, BOLT):
            self.touches[each, seq] = self._touch(each)
        return update

    def _touch(self, symbol: str) -> Touch:
        bids = {price: lots for (side, price), lots in self.books[symbol].items() if side is BUY and lots}
        asks = {price: lots for (side, price), lots in self.books[symbol].items() if side is SELL and lots}
        bid, ask = max(bids, default=0), min(asks, default=0)
        return bid, bids.get(bid, 0), ask, asks.get(ask, 0)

    def snapshot(self, attempt: int) -> Snapshot:
        images = tuple(
            BookImage(symbol, tuple(Level(*key, lots) for key, lots in book.items() if lots))
            for symbol, book in self.books.items()
        )
        return Snapshot(A, len(self.updates), attempt, images)


def touch_of(tick: Tick) -> Touch:
    return tick.bid_half_ticks, tick.bid_lots, tick.ask_half_ticks, tick.ask_lots


def desk(feed: FeedConfig = FEED, buffer_limit: int = 100) -> tuple[FakeRuntime, MarketData]:
    runtime = FakeRuntime("market-data")
    program = MarketData(runtime, DeskConfig(feed=feed), WIRING, buffer_limit)
    program.on_start()
    return runtime, program


def arrive(program: MarketData, *updates: BookUpdate, line: str = "A") -> None:
    for update in updates:
        program.on_message("exchange-a", replace(update, line=line))


def ticks(runtime: FakeRuntime, to: str = "strategy") -> list[Tick]:
    taken: list[Tick] = runtime.take(Tick, to)
    return taken


def claims(runtime: FakeRuntime, kind: type) -> list[Any]:
    found = [claim for claim in runtime.claims if type(claim) is kind]
    runtime.claims = [claim for claim in runtime.claims if type(claim) is not kind]
    return found


def feed_states(runtime: FakeRuntime) -> list[str]:
    return [moved.state for moved in claims(runtime, FeedMoved)]


def two_sided() -> tuple[VenueFeed, BookUpdate]:
    venue = VenueFeed()
    return venue, venue.step(ACME, Level(BUY, 100, 5), Level(SELL, 104, 6))


def gap_at_two() -> tuple[VenueFeed, list[BookUpdate]]:
    """Four steps; the second, which raises the bid, is the one that tests lose."""
    venue, first = two_sided()
    return venue, [
        first,
        venue.step(ACME, Level(BUY, 102, 1)),
        venue.step(ACME, Level(SELL, 104, 3)),
        venue.step(BOLT, Level(BUY, 50, 2)),
    ]


# --- ticks ---


def test_a_tick_goes_to_strategy_router_and_risk_when_the_touch_changes() -> None:
    runtime, program = desk()
    _, first = two_sided()
    arrive(program, first)
    expected = Tick(A, ACME, 1, 100, 5, 104, 6, stale=False, source_id=1_001)
    assert runtime.sent == [("strategy", expected), ("router", expected), ("risk", expected)]


def test_what_happens_behind_the_touch_or_only_on_the_tape_makes_no_tick() -> None:
    runtime, program = desk()
    venue, first = two_sided()
    behind = venue.step(ACME, Level(BUY, 96, 9))
    tape = BookUpdate(A, "A", 3, ACME, (), (Print(BUY, 104, 1),))
    arrive(program, first, behind, tape)
    assert [tick.seq for tick in ticks(runtime)] == [1]
    venue.step(ACME)
    arrive(program, venue.step(ACME, Level(BUY, 100, 4)))
    assert [(tick.seq, tick.bid_lots) for tick in ticks(runtime)] == [(4, 4)]


def test_an_update_of_what_the_venue_does_not_list_was_meant_for_a_book_that_has_missed_it() -> None:
    runtime, program = desk()
    runtime.streams.add("exchange-a")
    venue, first = two_sided()
    arrive(program, first)
    venue.step(ACME, Level(BUY, 102, 1))
    ticks(runtime)
    arrive(program, BookUpdate(A, "A", 2, "ACME.OLD", (Level(BUY, 102, 1),)))
    assert [(tick.symbol, tick.stale) for tick in ticks(runtime)] == [(ACME, True), (BOLT, True)]
    program.on_message("exchange-a", venue.snapshot(1))
    assert [touch_of(tick) for tick in ticks(runtime) if not tick.stale] == [(102, 1, 104, 6), (0, 0, 0, 0)]


def test_without_that_check_it_is_passed_over_in_sequence() -> None:
    runtime, program = desk(FeedConfig(check_symbol=False))
    arrive(program, BookUpdate(A, "A", 1, "ZINC", (Level(BUY, 1, 1),)))
    _, first = two_sided()
    arrive(program, replace(first, seq=2))
    assert [(tick.symbol, tick.seq) for tick in ticks(runtime)] == [(ACME, 2)]


# --- arbitration ---


def test_a_copy_that_the_other_line_has_brought_before_is_dropped() -> None:
    runtime, program = desk()
    _, steps = gap_at_two()
    for step in steps:
        arrive(program, step, line="B")
        arrive(program, step, line="A")
    assert [tick.seq for tick in ticks(runtime)] == [1, 2, 3, 4]
    assert claims(runtime, ProtectionActed) == []


def test_line_b_brings_what_line_a_has_lost_and_the_protection_says_so_once() -> None:
    runtime, program = desk()
    venue, steps = gap_at_two()
    for step in steps:
        if step.seq != 2:
            arrive(program, step, line="A")
        arrive(program, step, line="B")
    assert [touch_of(tick) for tick in ticks(runtime)] == [
        venue.touches[ACME, 1],
        venue.touches[ACME, 2],
        venue.touches[ACME, 3],
        venue.touches[BOLT, 4],
    ]
    acted = claims(runtime, ProtectionActed)
    assert [(claim.protection, claim.what) for claim in acted] == [
        ("feed.arbitration", "exchange-a: the second line brought what line A did not: 2")
    ]
    runtime.advance(program, 10 * FEED.gap_timeout_ns)
    assert runtime.opened == []


def test_without_arbitration_line_b_is_not_listened_to() -> None:
    runtime, program = desk(FeedConfig(arbitration=False))
    _, steps = gap_at_two()
    arrive(program, *steps, line="B")
    program.on_message("exchange-a", FeedHeartbeat(A, "B", 4, 1))
    assert ticks(runtime) == []
    arrive(program, *steps, line="A")
    assert [tick.seq for tick in ticks(runtime)] == [1, 2, 3, 4]


# --- gaps ---


def test_a_gap_that_the_other_line_fills_in_time_is_no_gap() -> None:
    runtime, program = desk()
    _, (first, second, third, _) = gap_at_two()
    arrive(program, first, third)
    runtime.advance(program, FEED.gap_timeout_ns - 1)
    arrive(program, second, line="B")
    runtime.advance(program, 2 * FEED.gap_timeout_ns)
    assert [(tick.seq, tick.stale) for tick in ticks(runtime)] == [(1, False), (2, False), (3, False)]
    assert feed_states(runtime) == ["in sequence"]


def test_a_gap_on_both_lines_makes_every_book_of_the_venue_stale_and_asks_for_a_snapshot() -> None:
    runtime, program = desk()
    _, (first, _, third, _) = gap_at_two()
    arrive(program, first, third)
    arrive(program, first, third, line="B")
    ticks(runtime)
    runtime.advance(program, FEED.gap_timeout_ns)
    assert [(tick.symbol, tick.seq, tick.stale) for tick in ticks(runtime)] == [
        (ACME, 1, True),
        (BOLT, 1, True),
    ]
    assert runtime.opened == ["exchange-a"]
    runtime.connect(program, "exchange-a")
    assert runtime.take(SnapshotRequest, "exchange-a") == [SnapshotRequest("market-data", 1)]
    assert feed_states(runtime) == ["in sequence", "gap", "recovering"]


def test_the_snapshot_mends_the_books_and_what_came_after_it_is_applied_on_top() -> None:
    runtime, program = desk()
    venue, (first, _, third, fourth) = gap_at_two()
    image = venue.snapshot(1)
    fifth = venue.step(ACME, Level(BUY, 102, 0))
    arrive(program, first, third, fourth)
    runtime.advance(program, FEED.gap_timeout_ns)
    runtime.connect(program, "exchange-a")
    arrive(program, fifth)
    ticks(runtime)
    claims(runtime, FeedMoved)
    program.on_message("exchange-a", image)
    assert [(tick.symbol, tick.seq, tick.stale, touch_of(tick)) for tick in ticks(runtime)] == [
        (ACME, 5, False, venue.touches[ACME, 5]),
        (BOLT, 5, False, venue.touches[BOLT, 5]),
    ]
    assert [claim.protection for claim in claims(runtime, ProtectionActed)] == ["feed.gap_recovery"]
    assert feed_states(runtime) == ["in sequence"]
    assert list(runtime.timers) == [("watch", "exchange-a"), "bars"]


def test_without_gap_recovery_the_desk_goes_on_with_a_book_that_is_silently_wrong() -> None:
    runtime, program = desk(FeedConfig(gap_recovery=False))
    venue, (first, _, third, fourth) = gap_at_two()
    arrive(program, first, third, fourth)
    runtime.advance(program, FEED.gap_timeout_ns)
    after = [tick for tick in ticks(runtime) if tick.seq == 3]
    assert [(tick.stale, touch_of(tick)) for tick in after] == [(False, (100, 5, 104, 3))]
    assert venue.touches[ACME, 3] == (102, 1, 104, 3)
    assert runtime.opened == []


def test_a_loss_at_the_tail_shows_by_the_heartbeat() -> None:
    runtime, program = desk()
    _, (first, *_) = gap_at_two()
    arrive(program, first)
    program.on_message("exchange-a", FeedHeartbeat(A, "A", 1, 1))
    assert list(runtime.timers) == [("watch", "exchange-a"), "bars"]
    program.on_message("exchange-a", FeedHeartbeat(A, "A", 2, 2))
    runtime.advance(program, FEED.gap_timeout_ns)
    assert feed_states(runtime) == ["in sequence", "gap", "recovering"]


def test_a_second_gap_behind_the_first_gets_its_own_patience() -> None:
    runtime, program = desk()
    venue, (first, second, third, fourth) = gap_at_two()
    sixth = venue.step(ACME) and venue.step(ACME)
    arrive(program, first, third, fourth, sixth)
    runtime.advance(program, FEED.gap_timeout_ns - 1)
    arrive(program, second)
    runtime.advance(program, FEED.gap_timeout_ns - 1)
    assert feed_states(runtime) == ["in sequence"]
    runtime.advance(program, 1)
    assert feed_states(runtime) == ["gap", "recovering"]


def test_a_request_that_is_not_answered_is_repeated_also_across_a_reset() -> None:
    runtime, program = desk()
    _, (first, _, third, _) = gap_at_two()
    arrive(program, first, third)
    runtime.advance(program, FEED.gap_timeout_ns)
    runtime.connect(program, "exchange-a")
    runtime.advance(program, FEED.snapshot_timeout_ns)
    runtime.disconnect(program, "exchange-a")
    runtime.advance(program, FEED.snapshot_timeout_ns)
    assert runtime.opened == ["exchange-a", "exchange-a"]
    runtime.connect(program, "exchange-a")
    assert [request.attempt for request in runtime.take(SnapshotRequest)] == [1, 2, 3]


def test_a_snapshot_older_than_the_book_is_not_taken_and_another_is_asked_for() -> None:
    runtime, program = desk()
    venue, (first, second, _, fourth) = gap_at_two()
    runtime.streams.add("exchange-a")
    arrive(program, first, second, fourth)
    runtime.advance(program, FEED.gap_timeout_ns)
    ticks(runtime)
    program.on_message("exchange-a", Snapshot(A, 1, 1, ()))
    assert ticks(runtime) == []
    runtime.advance(program, FEED.snapshot_timeout_ns)
    assert [request.attempt for request in runtime.take(SnapshotRequest)] == [1, 2]
    program.on_message("exchange-a", venue.snapshot(2))
    assert [touch_of(tick) for tick in ticks(runtime)] == [venue.touches[ACME, 4], venue.touches[BOLT, 4]]


def test_what_was_missing_may_still_come_while_the_snapshot_is_on_its_way() -> None:
    runtime, program = desk()
    venue, (first, second, third, fourth) = gap_at_two()
    runtime.streams.add("exchange-a")
    arrive(program, first, third, fourth)
    runtime.advance(program, FEED.gap_timeout_ns)
    arrive(program, second, line="B")
    last = ticks(runtime)[-2:]
    assert [(tick.stale, touch_of(tick)) for tick in last] == [
        (False, venue.touches[ACME, 4]),
        (False, venue.touches[BOLT, 4]),
    ]
    program.on_message("exchange-a", venue.snapshot(1))
    assert ticks(runtime) == []
    assert ("snapshot", A) not in runtime.timers


def test_a_full_buffer_does_not_wait_for_the_other_line() -> None:
    runtime, program = desk(buffer_limit=3)
    venue, (first, *_) = gap_at_two()
    arrive(program, first, *[venue.step(ACME, Level(BUY, 80, lots)) for lots in (1, 2, 3)])
    assert runtime.opened == ["exchange-a"]
    assert feed_states(runtime) == ["in sequence", "gap", "recovering"]


# --- starting ---


def test_a_desk_that_comes_late_is_stale_until_its_first_snapshot() -> None:
    runtime, program = desk()
    venue, steps = gap_at_two()
    runtime.streams.add("exchange-a")
    arrive(program, steps[2])
    assert [(tick.stale, tick.seq, touch_of(tick)) for tick in ticks(runtime)] == 2 * [(True, 3, (0, 0, 0, 0))]
    arrive(program, steps[3])
    program.on_message("exchange-a", venue.snapshot(1))
    assert [(tick.stale, touch_of(tick)) for tick in ticks(runtime)] == [
        (False, venue.touches[ACME, 4]),
        (False, venue.touches[BOLT, 4]),
    ]
    assert feed_states(runtime) == ["joining", "in sequence"]
    assert claims(runtime, ProtectionActed) == []


def test_a_heartbeat_alone_tells_a_late_desk_that_it_is_late() -> None:
    runtime, program = desk(FeedConfig(gap_recovery=False))
    program.on_message("exchange-a", FeedHeartbeat(A, "A", 0, 1))
    assert runtime.opened == []
    program.on_message("exchange-a", FeedHeartbeat(A, "A", 7, 2))
    assert runtime.opened == ["exchange-a"], "joining is not a protection: it works with recovery off"


def test_a_venue_that_counts_from_one_again_is_joined_anew() -> None:
    runtime, program = desk()
    _, steps = gap_at_two()
    arrive(program, *steps)
    program.on_message("exchange-a", FeedHeartbeat(A, "A", 4, 9))
    runtime.streams.add("exchange-a")
    ticks(runtime)
    program.on_message("exchange-a", FeedHeartbeat(A, "A", 0, 1))
    assert [(tick.seq, tick.stale) for tick in ticks(runtime)] == [(4, True), (4, True)]
    program.on_message("exchange-a", Snapshot(A, 0, 1, (BookImage(ACME, (Level(BUY, 90, 1),)),)))
    assert [touch_of(tick) for tick in ticks(runtime)] == [(90, 1, 0, 0), (0, 0, 0, 0)]
    arrive(program, BookUpdate(A, "A", 1, ACME, (Level(BUY, 92, 2),)))
    assert [(tick.seq, touch_of(tick)) for tick in ticks(runtime)] == [(1, (92, 2, 0, 0))]


# --- quality ---


def test_a_crossed_book_is_stale_and_rebuilt_from_a_snapshot() -> None:
    runtime, program = desk()
    runtime.streams.add("exchange-a")
    venue, first = two_sided()
    arrive(program, first)
    venue.step(ACME, Level(SELL, 104, 0), Level(SELL, 110, 1))
    bad = BookUpdate(A, "A", 2, ACME, (Level(BUY, 106, 1),))
    arrive(program, bad)
    assert [tick.stale for tick in ticks(runtime) if tick.symbol == ACME] == [False, True]
    assert program.feeds[A].quarantine.counts[Suspicion.CROSSED] == 1
    assert len(runtime.take(SnapshotRequest)) == 1
    arrive(program, venue.step(ACME, Level(BUY, 101, 1)))
    assert ticks(runtime) == [], "what comes meanwhile waits for the snapshot"
    program.on_message("exchange-a", venue.snapshot(1))
    assert [(tick.stale, touch_of(tick)) for tick in ticks(runtime) if tick.symbol == ACME] == [
        (False, venue.touches[ACME, 3])
    ]


def test_a_venue_whose_own_image_crosses_stays_stale_and_is_asked_again() -> None:
    runtime, program = desk()
    runtime.streams.add("exchange-a")
    arrive(program, BookUpdate(A, "A", 1, ACME, (Level(BUY, 106, 1), Level(SELL, 104, 1))))
    program.on_message("exchange-a", Snapshot(A, 1, 1, (BookImage(ACME, (Level(BUY, 106, 1), Level(SELL, 104, 1))),)))
    runtime.advance(program, FEED.snapshot_timeout_ns)
    assert [request.attempt for request in runtime.take(SnapshotRequest)] == [1, 2]
    assert all(tick.stale for tick in ticks(runtime))


# --- the whole of it ---

levels_of = st.builds(Level, st.just(BUY), st.integers(1, 9), st.integers(0, 3)) | st.builds(
    Level, st.just(SELL), st.integers(10, 18), st.integers(0, 3)
)
stories = st.lists(
    st.tuples(
        st.sampled_from((ACME, BOLT)),
        st.lists(levels_of, max_size=3, unique_by=lambda level: level.price_half_ticks),
        st.sampled_from(("both", "A", "B", "neither", "B then A", "A twice", "A late")),
        st.sampled_from((0, 1_000_000, 6_000_000)),
    ),
    max_size=30,
)


@settings(max_examples=examples(150))
@given(stories)
def test_every_tick_that_is_not_stale_is_the_venues_touch_and_in_the_end_none_is_stale(
    story: list[tuple[Symbol, list[Level], str, int]],
) -> None:
    """Losses, copies and late arrivals on both lines, and a venue that answers whenever it is asked."""
    runtime, program = desk()
    venue = VenueFeed()
    late: list[BookUpdate] = []
    seen: list[Tick] = []

    def venue_answers() -> None:
        if runtime.opened and "exchange-a" not in runtime.streams:
            runtime.connect(program, "exchange-a")
        for request in runtime.take(SnapshotRequest):
            program.on_message("exchange-a", venue.snapshot(request.attempt))
        seen.extend(ticks(runtime))

    for symbol, levels, fate, pause_ns in story:
        update = venue.step(symbol, *levels)
        for line in {"both": "AB", "neither": "", "B then A": "BA", "A twice": "AA"}.get(fate, fate[:1]):
            if fate == "A late":
                late.append(update)
            else:
                arrive(program, update, line=line)
        runtime.advance(program, pause_ns)
        if pause_ns:
            venue_answers()
            arrive(program, *late)
            late.clear()
    for symbol in (ACME, BOLT):  # a book that has stood still for three updates is stale until it moves
        arrive(program, venue.step(symbol, Level(BUY, 9, 5)))
    for number in (1, 2, 3):
        program.on_message("exchange-a", FeedHeartbeat(A, "A", len(venue.updates), number))
        runtime.advance(program, FEED.snapshot_timeout_ns)
        venue_answers()

    last: dict[str, Tick] = {}
    for tick in seen:
        last[tick.symbol] = tick
        assert tick.stale or touch_of(tick) == venue.touches[tick.symbol, tick.seq]
    for symbol in (ACME, BOLT):
        final = venue.touches[symbol, len(venue.updates)]
        told = last.get(symbol)
        assert (touch_of(told) if told else (0, 0, 0, 0)) == final
        assert told is None or not told.stale
