"""What market data is not believed, and what makes it believed again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import BookUpdate, Level, Print, Side
from squall.system.config import MILLISECOND, SECOND, FeedConfig
from squall.system.domain.desk_book import Touch
from squall.system.domain.quality import BookCheck, FeedWatch, flaw_of_touch, flaw_of_update, within
from squall.system.domain.quarantine import Quarantine
from squall.system.domain.suspicion import ENDS, PROTECTION_OF, Suspicion

CONFIG = FeedConfig(band_percent=10, stuck_updates=3, quiet_ns=2 * SECOND)
TOUCH = (1_000, 5, 1_010, 5)


def trusting() -> BookCheck:
    check = BookCheck()
    check.trust(TOUCH, CONFIG)
    return check


# --- prices ---


def test_a_price_at_the_edge_of_the_band_is_believed_and_one_beyond_it_is_not() -> None:
    check = trusting()
    assert check.price((1_100, 5, 1_110, 5), CONFIG)
    check = trusting()
    assert not check.price((1_101, 5, 1_110, 5), CONFIG)
    assert check.suspect
    check = trusting()
    assert not check.price((899, 5, 1_010, 5), CONFIG)


def test_one_wrong_side_is_enough() -> None:
    assert not trusting().price((1_000, 5, 10_100, 5), CONFIG)
    assert not trusting().price((100, 5, 1_010, 5), CONFIG)


def test_a_suspect_price_does_not_become_the_measure_of_the_next_one() -> None:
    check = trusting()
    assert not check.price((10_000, 5, 10_100, 5), CONFIG)
    assert not check.price((10_000, 5, 10_100, 5), CONFIG)
    assert check.price((1_002, 5, 1_012, 5), CONFIG)
    assert not check.suspect


def test_a_market_that_moves_step_by_step_may_go_anywhere() -> None:
    check = trusting()
    for bid in range(1_000, 3_000, 50):
        assert check.price((bid, 5, bid + 10, 5), CONFIG)


def test_a_real_jump_is_believed_once_the_venues_own_image_shows_it() -> None:
    check = trusting()
    assert not check.price((500, 5, 510, 5), CONFIG)
    check.trust((500, 5, 510, 5), CONFIG)
    assert not check.suspect
    assert check.price((505, 5, 515, 5), CONFIG)


def test_a_side_that_is_empty_is_no_price_and_its_last_one_stays_the_measure() -> None:
    check = trusting()
    assert check.price((1_000, 5, 0, 0), CONFIG)
    assert not check.price((1_000, 5, 10_100, 5), CONFIG)


def test_without_the_check_any_price_will_do() -> None:
    check = trusting()
    assert check.price((10_000, 5, 10_100, 5), replace(CONFIG, check_prices=False))
    assert not check.suspect


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 100))
def test_the_band_is_a_share_of_the_trusted_price_to_the_last_half_tick(price: int, trusted: int, percent: int) -> None:
    assert within(price, 1, trusted, percent) == (100 * abs(price - trusted) <= percent * trusted)


# --- what cannot be ---

LISTED = ("ACME", "BOLT")


def step(
    symbol: str = "ACME", price: int = 1_000, lots: int = 5, at_ns: int = 7, prints: tuple[Print, ...] = ()
) -> BookUpdate:
    return BookUpdate("exchange-a", "A", 1, symbol, (Level(Side.BUY, price, lots),), prints, at_ns)


FLAWED: list[tuple[BookUpdate, Suspicion, str]] = [
    (step(symbol="ZINC"), Suspicion.WRONG_SYMBOL, "check_symbol"),
    (step(at_ns=6), Suspicion.BACKWARDS, "check_time"),
    (step(price=0), Suspicion.IMPOSSIBLE, "check_numbers"),
    (step(price=-2), Suspicion.IMPOSSIBLE, "check_numbers"),
    (step(lots=-1), Suspicion.IMPOSSIBLE, "check_numbers"),
    (step(prints=(Print(Side.BUY, 1_000, 0),)), Suspicion.IMPOSSIBLE, "check_numbers"),
    (step(prints=(Print(Side.BUY, 0, 3),)), Suspicion.IMPOSSIBLE, "check_numbers"),
]


@pytest.mark.parametrize(("update", "flaw", "switch"), FLAWED)
def test_an_update_that_cannot_be_is_told_by_its_flaw_unless_that_check_is_off(
    update: BookUpdate, flaw: Suspicion, switch: str
) -> None:
    assert flaw_of_update(update, LISTED, 7, CONFIG) is flaw
    assert flaw_of_update(update, LISTED, 7, replace(CONFIG, **{switch: False})) is None
    assert PROTECTION_OF[flaw] == f"feed.{switch}"


def test_an_update_that_can_be_has_no_flaw() -> None:
    """Zero lots take a level away, at whatever price, and two updates may bear one stamp."""
    assert flaw_of_update(step(price=0, lots=0), LISTED, 7, CONFIG) is None
    assert flaw_of_update(step(), LISTED, 7, CONFIG) is None
    assert flaw_of_update(step(lots=0, prints=(Print(Side.SELL, 2, 1),)), LISTED, 7, CONFIG) is None


TOUCHES: list[tuple[Touch, Suspicion, str]] = [
    ((1_000, 5, 998, 5), Suspicion.CROSSED, "check_crossed"),
    ((1_000, 5, 1_000, 5), Suspicion.LOCKED, "check_locked"),
    ((1_000, -5, 1_010, 5), Suspicion.IMPOSSIBLE, "check_numbers"),
    ((-2, 5, 1_010, 5), Suspicion.IMPOSSIBLE, "check_numbers"),
]


@pytest.mark.parametrize(("touch", "flaw", "switch"), TOUCHES)
def test_a_touch_that_cannot_be_is_suspect_and_no_measure_unless_that_check_is_off(
    touch: Touch, flaw: Suspicion, switch: str
) -> None:
    check = trusting()
    assert not check.touch(touch, CONFIG)
    assert check.suspicion is flaw
    assert check.last_good == TOUCH
    assert check.touch((1_002, 5, 1_010, 5), CONFIG)
    assert not check.suspect
    assert trusting().touch(touch, replace(CONFIG, **{switch: False}, check_prices=False))


def test_a_book_with_an_empty_side_neither_crosses_nor_locks() -> None:
    assert flaw_of_touch((1_000, 5, 0, 0), CONFIG) is None
    assert flaw_of_touch((0, 0, 1_000, 5), CONFIG) is None


def test_an_image_of_the_venues_own_that_cannot_be_is_not_believed_either() -> None:
    check = trusting()
    check.trust((1_000, 5, 998, 5), CONFIG)
    assert check.suspicion is Suspicion.CROSSED
    assert check.last_good == TOUCH


@given(st.tuples(*[st.integers(-2, 6)] * 4))
def test_whatever_is_shown_as_good_has_its_sides_in_order(touch: tuple[int, int, int, int]) -> None:
    if flaw_of_touch(touch, CONFIG) is None:
        bid, bid_lots, ask, ask_lots = touch
        assert min(touch) >= 0
        assert not (bid_lots and ask_lots) or bid < ask


# --- quarantine ---


def test_every_reason_has_its_protection_and_its_end() -> None:
    assert list(ENDS) == list(PROTECTION_OF) == list(Suspicion)


def test_what_comes_is_counted_once_until_it_has_gone_and_one_reason_may_follow_another() -> None:
    quarantine = Quarantine()
    assert quarantine.review({"ACME": Suspicion.CROSSED}, 1) == (("ACME", Suspicion.CROSSED),)
    assert quarantine.review({"ACME": Suspicion.CROSSED, "BOLT": Suspicion.STUCK}, 2) == (("BOLT", Suspicion.STUCK),)
    assert quarantine.standing["ACME"].since_ns == 1
    assert quarantine.review({"ACME": Suspicion.LOCKED}, 3) == (("ACME", Suspicion.LOCKED),)
    assert list(quarantine.standing) == ["ACME"]
    assert quarantine.review({}, 4) == ()
    assert quarantine.review({"ACME": Suspicion.CROSSED}, 5) == (("ACME", Suspicion.CROSSED),)
    assert {reason.value: count for reason, count in quarantine.counts.items() if count} == {
        "crossed": 2,
        "locked": 1,
        "stuck": 1,
    }
    assert quarantine.moves == 5


@given(st.lists(st.dictionaries(st.sampled_from(("a", "b", "c")), st.sampled_from(Suspicion), max_size=3)))
def test_counts_are_what_a_slow_diary_of_all_reviews_says(reviews: list[dict[str, Suspicion]]) -> None:
    quarantine, before, entered = Quarantine(), {}, []
    for now_ns, suspect in enumerate(reviews):
        quarantine.review(suspect, now_ns)
        entered += [reason for what, reason in suspect.items() if before.get(what) is not reason]
        before = suspect
        assert {what: held.reason for what, held in quarantine.standing.items()} == suspect
    assert all(quarantine.counts[reason] == entered.count(reason) for reason in Suspicion)


# --- stuck ---


def test_a_book_is_stuck_after_so_many_updates_that_change_nothing_and_says_when_it_moves_again() -> None:
    check = trusting()
    for _ in range(2):
        assert not check.update(False, CONFIG)
        assert not check.stuck
    assert not check.update(False, CONFIG)
    assert check.stuck
    assert check.suspect
    assert check.update(True, CONFIG), "what it missed is unknown"
    assert not check.stuck
    assert not check.update(True, CONFIG)


def test_updates_that_change_something_now_and_then_are_not_stuck() -> None:
    check = trusting()
    for changed in (False, False, True) * 5:
        check.update(changed, CONFIG)
        assert not check.stuck
    for _ in range(9):
        check.update(False, replace(CONFIG, watch_stuck=False))
    assert not check.stuck


# --- silent, and frozen ---


def test_nothing_between_two_looks_is_silence_until_something_is_heard() -> None:
    watch = FeedWatch()
    watch.updated(0)
    watch.look(300 * MILLISECOND, CONFIG)
    assert watch.suspicion is None
    watch.look(600 * MILLISECOND, CONFIG)
    assert watch.suspicion is Suspicion.SILENT
    watch.hear()
    watch.look(900 * MILLISECOND, CONFIG)
    assert watch.suspicion is None


def test_a_switch_each() -> None:
    watch = FeedWatch()
    for look in range(1, 20):
        watch.look(look * SECOND, replace(CONFIG, watch_silence=False, watch_quiet=False))
    assert not watch.silent
    assert not watch.probing


def test_a_feed_that_is_alive_and_brings_nothing_is_asked_about_once_in_a_while() -> None:
    watch = FeedWatch()
    watch.updated(0)
    probes = []
    for look in range(1, 21):
        watch.hear()
        watch.probing = False
        watch.look(look * 300 * MILLISECOND, CONFIG)
        if watch.probing:
            probes.append(look * 300)
    assert probes == [2_100, 4_200]


def test_a_venue_that_knows_more_than_its_feed_makes_the_feed_suspect_until_it_has_caught_up() -> None:
    watch = FeedWatch()
    assert not watch.probed(17, known_seq=17)
    assert watch.suspicion is None
    assert watch.probed(20, known_seq=17)
    assert watch.suspicion is Suspicion.FROZEN
    assert not watch.tells_of(19)
    assert watch.tells_of(20)
    assert watch.suspicion is None
    assert not watch.tells_of(21), "there is no suspicion to end"
