"""The desk's book against the venue's: right whenever it is called good, in time, and whole in the end."""

import pytest

from squall.scenarios.checks.feed import books_agree, feeds_in_sequence, good_ticks_can_be, market_data_within
from squall.scenarios.scenario import Promise
from squall.sim.trace import TouchChanged
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, undecided


def _touch(tale: Tale, seq: int, bid: int, venue: str = "exchange-a") -> int:
    return tale.saw(TouchChanged(venue, "ACME", seq, bid, 10, bid + 4, 10), venue)


def _tick(tale: Tale, seq: int, bid: int, stale: bool = False, to: str = "strategy") -> int:
    tick = Tick(Venue("exchange-a"), Symbol("ACME"), seq, bid, 10, bid + 4, 10, stale)
    return tale.handled(to, "market-data", tick)


# --- right whenever it speaks ---


def test_a_desk_that_shows_each_touch_as_the_venue_did_agrees() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    _touch(tale, 1, 100)
    _tick(tale, 1, 100)
    _touch(tale, 2, 102)
    _tick(tale, 2, 102)
    ruling = judge.ruling()
    assert held(ruling)
    assert "2 touches compared" in ruling.detail


def test_a_price_that_is_not_the_venues_at_that_message_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    _touch(tale, 1, 100)
    seq = _tick(tale, 1, 98)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "the venue shows (100, 10, 104, 10), the desk (98, 10, 102, 10)" in ruling.detail


def test_a_tick_is_held_against_the_touch_of_its_own_message_and_not_against_a_newer_one() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    _touch(tale, 1, 100)
    _touch(tale, 2, 102)
    _tick(tale, 1, 100)
    assert held(judge.ruling())
    _tick(tale, 2, 102)
    assert held(judge.ruling())


def test_a_desk_that_skips_messages_is_held_against_the_last_of_them() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    for seq, bid in ((1, 100), (2, 102), (3, 104)):
        _touch(tale, seq, bid)
    _tick(tale, 3, 104)
    assert held(judge.ruling())


def test_a_desk_that_moves_its_touch_where_the_venue_did_not_is_wrong() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    _touch(tale, 1, 100)
    _tick(tale, 1, 100)
    _tick(tale, 2, 98)
    assert fired(judge.ruling())


def test_a_book_that_is_called_stale_may_show_anything() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    _touch(tale, 1, 100)
    _tick(tale, 1, 98, stale=True)
    assert undecided(judge.ruling())
    _tick(tale, 1, 100)
    assert held(judge.ruling())


def test_a_tick_that_was_overtaken_by_a_newer_one_is_not_held_against_it() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    _touch(tale, 1, 100)
    _touch(tale, 2, 102)
    _tick(tale, 2, 102)
    _tick(tale, 1, 100)
    assert held(judge.ruling())


def test_what_other_services_are_told_is_not_looked_at() -> None:
    tale = Tale()
    judge = tale.judge(books_agree())
    _touch(tale, 1, 100)
    _tick(tale, 1, 98, to="router")
    assert undecided(judge.ruling())


# --- in time ---


def test_a_touch_that_comes_within_its_time_is_not_late() -> None:
    tale = Tale()
    judge = tale.judge(market_data_within(50 * MS))
    tale.at(1 * SECOND)
    _touch(tale, 1, 100)
    tale.at(1 * SECOND + 50 * MS)
    _tick(tale, 1, 100)
    assert held(judge.ruling())


def test_a_touch_that_comes_a_nanosecond_later_is_late() -> None:
    tale = Tale()
    judge = tale.judge(market_data_within(50 * MS))
    tale.at(1 * SECOND)
    _touch(tale, 1, 100)
    tale.at(1 * SECOND + 50 * MS + 1)
    seq = _tick(tale, 1, 100)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "message 1 reached the desk's book after 50.0 ms" in ruling.detail


def test_a_stale_tick_does_not_bring_what_is_missing() -> None:
    tale = Tale()
    judge = tale.judge(market_data_within(50 * MS))
    tale.at(1 * SECOND)
    _touch(tale, 1, 100)
    _tick(tale, 1, 100, stale=True)
    tale.at(2 * SECOND)
    _tick(tale, 1, 100)
    assert fired(judge.ruling())


def test_a_touch_that_never_comes_is_missing_and_not_merely_unheard_of() -> None:
    tale = Tale()
    judge = tale.judge(market_data_within(50 * MS))
    tale.at(1 * SECOND)
    seq = _touch(tale, 7, 100)
    tale.at(1 * SECOND + 50 * MS)
    assert undecided(judge.ruling())
    tale.at(2 * SECOND)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "message 7 is missing since 1000.0 ms" in ruling.detail


# --- whole in the end ---


def test_feeds_end_in_sequence_when_the_last_touches_are_alike() -> None:
    tale = Tale()
    judge = tale.judge(feeds_in_sequence())
    _touch(tale, 1, 100)
    _tick(tale, 1, 100)
    tale.at(1 * SECOND)
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail.startswith("1 books end alike")


def test_a_desk_that_ends_at_another_price_has_missed_something() -> None:
    tale = Tale()
    judge = tale.judge(feeds_in_sequence())
    _touch(tale, 1, 100)
    _tick(tale, 1, 100)
    seq = _touch(tale, 2, 102)
    tale.at(1 * SECOND)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "the venue ended at (102, 10, 106, 10), the desk at (100, 10, 104, 10)" in ruling.detail


def test_a_desk_that_ends_stale_is_not_in_sequence() -> None:
    tale = Tale()
    judge = tale.judge(feeds_in_sequence())
    _touch(tale, 1, 100)
    _tick(tale, 1, 100, stale=True)
    tale.at(1 * SECOND)
    ruling = judge.ruling()
    assert fired(ruling)
    assert "stale" in ruling.detail


def test_a_feed_that_the_desk_never_saw_is_not_in_sequence() -> None:
    tale = Tale()
    judge = tale.judge(feeds_in_sequence())
    _touch(tale, 1, 100, venue="exchange-b")
    tale.at(1 * SECOND)
    ruling = judge.ruling()
    assert fired(ruling)
    assert "exchange-b ACME: the desk's book is never seen" in ruling.detail


def test_a_touch_of_the_very_last_moment_may_still_be_on_its_way() -> None:
    tale = Tale()
    judge = tale.judge(feeds_in_sequence())
    _touch(tale, 1, 100)
    _tick(tale, 1, 100)
    tale.at(1 * SECOND)
    _touch(tale, 2, 102)
    tale.at(1 * SECOND + 1 * MS)
    assert held(judge.ruling())


def test_the_last_moment_excuses_no_touch_that_is_older() -> None:
    tale = Tale()
    judge = tale.judge(feeds_in_sequence())
    _touch(tale, 1, 100)
    _tick(tale, 1, 100)
    tale.at(1 * SECOND)
    _touch(tale, 2, 102)
    tale.at(2 * SECOND)
    _touch(tale, 3, 104)
    assert fired(judge.ruling())


@pytest.mark.parametrize("promise", [books_agree(), feeds_in_sequence()], ids=lambda promise: promise.name)
def test_where_no_venue_shows_anything_nothing_is_shown_of_the_desks_books(promise: Promise) -> None:
    assert undecided(Tale().judge(promise).ruling())


# --- whatever is called good can be ---


def _said(tale: Tale, bid: int, bid_lots: int, ask: int, ask_lots: int, stale: bool = False) -> int:
    tick = Tick(Venue("exchange-a"), Symbol("ACME"), 1, bid, bid_lots, ask, ask_lots, stale)
    return tale.sent("market-data", "strategy", tick)


@pytest.mark.parametrize(
    ("touch", "what"),
    [
        ((104, 10, 100, 10), "is crossed"),
        ((100, 10, 100, 10), "is locked"),
        ((100, -10, 104, 10), "shows"),
        ((100, 10, 0, 10), "shows"),
        ((-2, 10, 104, 10), "shows"),
    ],
)
def test_a_good_tick_that_cannot_be_is_a_violation_and_a_stale_one_says_as_much_itself(
    touch: tuple[int, int, int, int], what: str
) -> None:
    tale = Tale()
    judge = tale.judge(good_ticks_can_be())
    _said(tale, 100, 10, 104, 10)
    _said(tale, 100, 10, 0, 0)
    _said(tale, *touch, stale=True)
    assert held(judge.ruling())
    seq = _said(tale, *touch)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert what in ruling.detail


def test_without_any_good_tick_there_is_nothing_to_say() -> None:
    tale = Tale()
    judge = tale.judge(good_ticks_can_be())
    _said(tale, 0, 0, 0, 0, stale=True)
    assert undecided(judge.ruling())
