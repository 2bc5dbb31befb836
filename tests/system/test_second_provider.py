"""Another vendor's data: in the desk's words, as good as they are fresh, and told while a venue's own feed is ill."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.consolidated import ConsolidatedPacket, ConsolidatedQuote, code_of
from squall.sim.exchange.wire.messages import FeedHeartbeat, Level
from squall.system.config import MILLISECOND, SECOND, DeskConfig, FeedConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.desk_book import Touch
from squall.system.domain.ids import Venue
from squall.system.domain.messages import FeedQuality
from squall.system.domain.providers import Failover, Provider, SecondBook
from squall.system.domain.suspicion import Suspicion
from squall.system.gateways.consolidated import directory_of, quote_of, touch_of
from squall.system.services.market_data import MarketData
from squall.system.services.second_provider import SecondProvider
from tests.fakes import FakeRuntime
from tests.system.test_feed_quarantine import Story
from tests.system.test_market_data import ACME, BOLT, BUY, FEED, SELL, WIRING, A
from tests.system.test_market_data import touch_of as touch_of_tick

TOUCH: Touch = (1_000, 5, 1_010, 6)
MOVED: Touch = (1_004, 5, 1_014, 6)
CONFIG = FeedConfig(failover_after_ns=500, failback_after_ns=2_000, second_max_age_ns=100)

# --- its words and ours ---

sides = st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)) | st.just((0, 0))
touches = st.tuples(sides, sides).map(lambda both: (*both[0], *both[1]))


@given(touches)
def test_what_the_vendor_tells_in_its_words_comes_back_in_ours(touch: Touch) -> None:
    assert touch_of(quote_of("ACME.A", touch)) == touch


@given(st.integers(-99, 10**7), st.integers(-9, 10**6), st.integers(-99, 10**7), st.integers(-9, 10**6))
def test_no_price_is_rounded_and_no_size_is_more_than_there_is(bid: int, bids: int, offer: int, offers: int) -> None:
    touch = touch_of(ConsolidatedQuote("ACME.A", bid, bids, offer, offers))
    if bid % 50 or offer % 50 or min(bid, bids, offer, offers) < 0:
        assert touch is Suspicion.IMPOSSIBLE
    else:
        assert touch == (bid // 50 if bids >= 10 else 0, bids // 10, offer // 50 if offers >= 10 else 0, offers // 10)


def test_every_listing_has_a_code_and_a_code_is_one_listing() -> None:
    directory = directory_of((*WIRING.venues, replace(WIRING.venues[0], venue="exchange-b")))
    assert {code: (each.venue, each.symbol) for code, each in directory.items()} == {
        "ACME.A": (A, ACME),
        "BOLT.A": (A, BOLT),
        "ACME.B": ("exchange-b", ACME),
        "BOLT.B": ("exchange-b", BOLT),
    }


# --- over and back ---


def test_it_goes_over_after_long_trouble_and_back_after_a_long_time_without_any() -> None:
    failover = Failover()
    assert not failover.look(False, True, 0, CONFIG)
    assert not failover.look(False, True, 499, CONFIG)
    assert failover.look(False, True, 500, CONFIG)
    assert failover.on is Provider.SECOND
    assert not failover.look(True, True, 600, CONFIG)
    assert not failover.look(False, True, 2_500, CONFIG)
    assert not failover.look(True, True, 2_600, CONFIG)
    assert not failover.look(True, True, 4_599, CONFIG)
    assert failover.look(True, True, 4_600, CONFIG)
    assert failover.on is Provider.DIRECT


def test_trouble_that_ends_in_time_is_none() -> None:
    failover = Failover()
    for now_ns in range(0, 5_000, 499):
        failover.look(now_ns % 2 == 0, True, now_ns, CONFIG)
        assert failover.on is Provider.DIRECT


def test_nobody_goes_over_to_what_is_not_fresh_and_nobody_stays_with_it() -> None:
    failover = Failover()
    assert not failover.look(False, False, 0, CONFIG)
    assert not failover.look(False, False, 9_000, CONFIG)
    assert failover.look(False, True, 9_001, CONFIG)
    assert failover.look(False, False, 9_002, CONFIG)
    assert failover.on is Provider.DIRECT


def test_without_the_protection_it_never_goes_over_and_comes_back_at_once() -> None:
    off = replace(CONFIG, second_provider=False)
    failover = Failover()
    for now_ns in range(0, 9_000, 100):
        assert not failover.look(False, True, now_ns, off)
    assert failover.look(False, True, 9_000, CONFIG)
    assert failover.look(False, True, 9_001, off)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 900)), max_size=60))
def test_the_choice_is_what_looking_back_over_everything_says(story: list[tuple[bool, bool, int]]) -> None:
    failover, now_ns, past = Failover(), 0, []
    on = Provider.DIRECT
    for well, fresh, wait_ns in story:
        now_ns += wait_ns
        past.append((now_ns, well))
        failover.look(well, fresh, now_ns, CONFIG)
        run = [at_ns for at_ns, each in reversed(past)]
        same = next((index for index, (_, each) in enumerate(reversed(past)) if each is not well), len(past))
        lasted_ns = now_ns - run[same - 1]
        if on is Provider.DIRECT and not well and fresh and lasted_ns >= 500:
            on = Provider.SECOND
        elif on is Provider.SECOND and (not fresh or (well and lasted_ns >= 2_000)):
            on = Provider.DIRECT
        assert failover.on is on


# --- what it says of a book ---


def test_a_book_that_crosses_is_not_believed_and_one_that_leaves_its_band_only_when_told_again() -> None:
    book = SecondBook()
    assert not book.good
    book.take(TOUCH, CONFIG)
    assert book.good
    book.take((1_012, 5, 1_010, 6), CONFIG)
    assert not book.good
    book.take((500, 5, 510, 6), CONFIG)
    assert not book.good
    book.take((500, 5, 510, 6), CONFIG)
    assert book.good
    book.take((1_012, 5, 1_010, 6), CONFIG)
    book.take((1_012, 5, 1_010, 6), CONFIG)
    assert not book.good, "no number of times makes a crossed book right"


def packet(number: int, *quotes: ConsolidatedQuote) -> ConsolidatedPacket:
    return ConsolidatedPacket(number, 0, quotes)


def test_what_is_lost_of_it_may_be_about_any_book_until_that_is_told_again() -> None:
    second = SecondProvider(WIRING.venues)
    second.take(packet(1, quote_of("ACME.A", TOUCH), quote_of("BOLT.A", TOUCH)), 0, CONFIG)
    assert second.is_fresh(A, 100, CONFIG)
    assert not second.is_fresh(A, 101, CONFIG)
    second.take(packet(3, quote_of("ACME.A", MOVED)), 50, CONFIG)
    assert second.missed == 1
    assert second.touch(A, ACME) == (MOVED, False)
    assert second.touch(A, BOLT) == (TOUCH, True)
    second.take(packet(2, quote_of("ACME.A", TOUCH)), 51, CONFIG)
    assert second.touch(A, ACME) == (MOVED, False), "overtaken"
    second.take(packet(4, quote_of("BOLT.A", TOUCH)), 52, CONFIG)
    assert second.touch(A, BOLT) == (TOUCH, False)


def test_a_code_that_nobody_knows_and_a_number_that_cannot_be_are_counted_and_passed_over() -> None:
    second = SecondProvider(WIRING.venues)
    second.take(packet(1, quote_of("ZINC.A", TOUCH), ConsolidatedQuote("ACME.A", 7, 10, 100, 10)), 0, CONFIG)
    assert {reason: count for reason, count in second.refused.items() if count} == {
        Suspicion.WRONG_SYMBOL: 1,
        Suspicion.IMPOSSIBLE: 1,
    }
    assert not second.is_fresh(A, 0, CONFIG)


# --- the service ---


class TwoProviders(Story):
    """As `Story`, with the other vendor on its own line, which shows whatever it is told to."""

    def __init__(self, feed: FeedConfig = FEED) -> None:
        super().__init__(feed)
        self.packets = 0
        self.shows: dict[str, Touch] = {"ACME": TOUCH, "BOLT": TOUCH}

    def pass_by(self, by_ns: int, direct: bool, second: bool = True) -> None:
        for _ in range(by_ns // (50 * MILLISECOND)):
            self.runtime.advance(self.program, 50 * MILLISECOND)
            self.packets += 1
            quotes = tuple(quote_of(code_of(symbol, 0), touch) for symbol, touch in self.shows.items())
            if second:
                self.program.on_message("vendor", packet(self.packets, *quotes))
            if direct:
                self.beats += 1
                seq = len(self.venue.updates)
                self.program.on_message("exchange-a", FeedHeartbeat(A, "A", seq, self.beats))


def test_when_the_direct_feed_is_dead_for_long_its_books_are_told_from_the_other_vendor_until_it_is_well() -> None:
    story = TwoProviders()
    story.pass_by(SECOND, direct=True)
    assert not story.tick.second
    story.shows["ACME"] = MOVED
    story.pass_by(2 * SECOND, direct=False)
    assert (story.tick.second, story.tick.stale, touch_of_tick(story.tick)) == (True, False, MOVED)
    assert story.acted() == ["feed.watch_silence", "feed.second_provider"]
    assert story.program.feeds[A].provider is Provider.SECOND
    story.pass_by(FEED.failback_after_ns // 2, direct=True)
    assert story.tick.second, "not as soon as it is heard again"
    story.pass_by(FEED.failback_after_ns, direct=True)
    assert (story.tick.second, story.tick.stale, touch_of_tick(story.tick)) == (False, False, (1_000, 5, 1_010, 5))


def test_a_direct_feed_that_comes_and_goes_does_not_take_the_desk_to_and_fro() -> None:
    story = TwoProviders()
    story.pass_by(2 * SECOND, direct=False)
    for _ in range(4):
        story.pass_by(SECOND, direct=True)
        story.pass_by(SECOND, direct=False)
    assert story.acted().count("feed.second_provider") == 1
    assert story.tick.second


def test_with_both_providers_silent_everything_is_stale() -> None:
    story = TwoProviders()
    story.pass_by(2 * SECOND, direct=False)
    assert not story.tick.stale
    story.pass_by(SECOND, direct=False, second=False)
    assert story.tick.stale
    assert story.program.feeds[A].provider is Provider.DIRECT


def test_that_it_has_fallen_silent_is_told_once_and_that_it_is_back() -> None:
    story = TwoProviders()
    story.pass_by(SECOND, direct=True, second=False)
    assert not story.runtime.take(FeedQuality), "one that was never heard may not be there at all"
    story.pass_by(SECOND, direct=True)
    story.pass_by(2 * SECOND, direct=True, second=False)
    silent = FeedQuality(Venue("second provider"), 1, (("feed", Suspicion.SILENT),), ((Suspicion.SILENT, 1),))
    assert story.runtime.take(FeedQuality, to="monitor") == [silent]
    story.pass_by(SECOND, direct=True)
    assert [told.standing for told in story.runtime.take(FeedQuality)] == [()]


def test_a_venue_that_counts_from_1_again_meanwhile_is_heard_of_after_a_stale_tick() -> None:
    story = TwoProviders()
    for lots in range(6, 9):
        story.update(Level(BUY, 1_000, lots))
    story.pass_by(SECOND, direct=True)
    story.pass_by(2 * SECOND, direct=False)
    assert story.tick.second
    story.venue.updates.clear()
    story.venue.books[ACME].clear()
    story.beats = 0
    story.runtime.sent.clear()
    story.pass_by(100 * MILLISECOND, direct=True)
    story.update(Level(BUY, 1_002, 1), Level(SELL, 1_006, 1))
    story.answer()
    story.pass_by(3 * SECOND, direct=True)
    told = [(tick.stale, tick.second) for to, tick in story.runtime.sent if to == "strategy" and tick.symbol == ACME]
    assert told[-2:] == [(True, True), (False, False)]
    assert touch_of_tick(story.tick) == (1_002, 1, 1_006, 1)


@pytest.mark.parametrize("switch", [True, False])
def test_only_the_switch_decides_whether_it_is_heeded(switch: bool) -> None:
    story = TwoProviders(FeedConfig(second_provider=switch))
    story.pass_by(2 * SECOND, direct=False)
    assert story.tick.second is switch
    assert [claim.protection for claim in story.runtime.claims if isinstance(claim, ProtectionActed)].count(
        "feed.second_provider"
    ) == switch


def test_a_provider_that_is_expected_is_missed_though_it_was_never_heard() -> None:
    provider = SecondProvider(WIRING.venues)
    assert not provider.is_silent(10 * SECOND, CONFIG), "perhaps there is none"
    provider.expect(SECOND)
    assert not provider.is_silent(SECOND + CONFIG.second_max_age_ns, CONFIG)
    assert provider.is_silent(SECOND + CONFIG.second_max_age_ns + 1, CONFIG)
    provider.take(ConsolidatedPacket(1, 0, ()), 2 * SECOND, CONFIG)
    assert not provider.is_silent(2 * SECOND, CONFIG)


def test_market_data_say_that_an_expected_provider_is_not_heard_and_say_nothing_where_there_is_none() -> None:
    for second_provider in (False, True):
        runtime = FakeRuntime("market-data")
        program = MarketData(runtime, DeskConfig(), replace(WIRING, second_provider=second_provider))
        program.on_start()
        for _ in range(20):
            runtime.advance(program, 100 * MILLISECOND)
        told = [each for each in runtime.take(FeedQuality) if each.venue == Provider.SECOND.value]
        assert len(told) == (1 if second_provider else 0)
