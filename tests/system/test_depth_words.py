"""A venue's own words and the desk's: each way, exactly; and the same books whichever way they are told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.depth_format import UNLISTED, DepthFormat
from squall.sim.exchange.wire.depth import DepthEntry, DepthIncrement, DepthTrade, security_ids
from squall.sim.exchange.wire.messages import BookImage, BookUpdate, Level, Print, Side, Snapshot, SnapshotRequest
from squall.system.domain.messages import Tick
from squall.system.domain.suspicion import Suspicion
from squall.system.gateways.depth import GARBLED, DepthNormaliser
from tests.system.test_market_data import ACME, BOLT, BUY, SELL, A, VenueFeed, desk, ticks, touch_of

SYMBOLS = (ACME, BOLT)
FORMAT, WORDS = DepthFormat(SYMBOLS), DepthNormaliser(SYMBOLS)

prices = st.integers(-10, 10**9)
lots = st.integers(-10, 10**7)
levels = st.lists(st.builds(Level, st.sampled_from(Side), prices, lots), max_size=6).map(tuple)
prints = st.lists(st.builds(Print, st.sampled_from(Side), prices, lots), max_size=4).map(tuple)
micros = st.integers(0, 10**12).map(lambda us: us * 1_000)


@given(st.sampled_from(SYMBOLS), levels, prints, micros, st.sampled_from("AB"), st.integers(1, 10**9))
def test_what_a_venue_says_in_its_own_words_comes_back_exactly(
    symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], at_ns: int, line: str, seq: int
) -> None:
    update = BookUpdate(A, line, seq, symbol, levels, prints, at_ns)
    assert WORDS.update(FORMAT.increment(update)) == update


@given(st.lists(levels, min_size=2, max_size=2), micros)
def test_so_does_an_image_of_all_its_books(books: list[tuple[Level, ...]], at_ns: int) -> None:
    images = tuple(BookImage(symbol, each) for symbol, each in zip(SYMBOLS, books, strict=True))
    snapshot = Snapshot(A, 17, 3, images, at_ns)
    assert WORDS.snapshot(FORMAT.image(snapshot)) == snapshot


def increment(**changes: Any) -> DepthIncrement:
    base = DepthIncrement(A, "A", 1, 7_001, (DepthEntry("0", 50_000, 500),), (DepthTrade("2", 50_000, 300),), 9)
    return replace(base, **changes)


def test_the_words_are_those_of_the_manual() -> None:
    """Numbers, units and sides written out, so that no two mistakes agree with each other."""
    assert security_ids(SYMBOLS) == {"ACME": 7_001, "BOLT": 7_002}
    assert WORDS.update(increment()) == BookUpdate(
        A, "A", 1, ACME, (Level(BUY, 1_000, 5),), (Print(SELL, 1_000, 3),), 9_000
    )
    told = WORDS.update(increment(security_id=7_002, entries=(DepthEntry("1", 50_100, 0),), trades=()))
    assert (told.symbol, told.levels) == (BOLT, (Level(SELL, 1_002, 0),))


@pytest.mark.parametrize(
    "changes",
    [
        {"entries": (DepthEntry("0", 50_001, 500),)},
        {"entries": (DepthEntry("0", 50_000, 550),)},
        {"entries": (DepthEntry("2", 50_000, 500),)},
        {"trades": (DepthTrade("0", 50_000, 300),)},
        {"trades": (DepthTrade("1", 50_049, 300),)},
        {"trades": (DepthTrade("1", 50_000, 301),)},
    ],
    ids=["off the grid", "part of a lot", "no such side", "no such aggressor", "trade off the grid", "part of a trade"],
)
def test_what_is_none_of_the_protocols_words_is_an_update_of_nothing_that_is_listed(
    changes: dict[str, Any],
) -> None:
    told = WORDS.update(increment(**changes))
    assert (told.symbol, told.levels, told.prints) == (GARBLED, (), ())
    assert (told.venue, told.line, told.seq) == (A, "A", 1), "it still has its place in the sequence"


def test_an_image_with_anything_garbled_in_it_is_none() -> None:
    image = FORMAT.image(Snapshot(A, 1, 1, (BookImage(ACME, (Level(BUY, 1_000, 5),)),)))
    garbled = replace(image, books=(replace(image.books[0], entries=(DepthEntry("0", 7, 500),)),))
    assert WORDS.snapshot(garbled) is None


def test_a_symbol_that_the_venue_does_not_list_has_a_number_that_nobody_knows() -> None:
    told = FORMAT.increment(BookUpdate(A, "A", 1, "ACME.OLD", (Level(BUY, 1_000, 5),)))
    assert told.security_id == UNLISTED
    assert WORDS.update(told).symbol == "#9999"


# --- the service ---


def test_the_desk_hears_the_same_in_either_words_also_over_a_gap_and_an_image() -> None:
    heard: list[list[Tick]] = []
    for own_words in (False, True):
        runtime, program = desk()
        runtime.streams.add("exchange-a")
        venue = VenueFeed()
        steps = [
            venue.step(ACME, Level(BUY, 1_000, 5), Level(SELL, 1_004, 6)),
            venue.step(ACME, Level(BUY, 1_002, 1)),
            venue.step(BOLT, Level(BUY, 500, 2)),
            venue.step(ACME, Level(SELL, 1_004, 3)),
        ]
        for step in (steps[0], steps[2], steps[3]):
            plain = replace(step, source_id=0)
            program.on_message("exchange-a", FORMAT.increment(plain) if own_words else plain)
        runtime.advance(program, 5_000_000)
        (request,) = runtime.take(SnapshotRequest)
        image = venue.snapshot(request.attempt)
        program.on_message("exchange-a", FORMAT.image(image) if own_words else image)
        heard.append(ticks(runtime))
    assert heard[0] == heard[1]
    assert touch_of(heard[1][-2]) == (1_002, 1, 1_004, 3)


def test_a_garbled_step_is_something_that_some_book_has_missed() -> None:
    runtime, program = desk()
    runtime.streams.add("exchange-a")
    program.on_message("exchange-a", increment())
    program.on_message("exchange-a", increment(seq=2, entries=(DepthEntry("0", 50_001, 500),)))
    assert program.feeds[A].quarantine.counts[Suspicion.WRONG_SYMBOL] == 1
    assert all(tick.stale for tick in ticks(runtime)[-2:])
