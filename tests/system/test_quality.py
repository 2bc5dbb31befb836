"""What market data is not believed, and what makes it believed again."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.system.config import MILLISECOND, SECOND, FeedConfig
from squall.system.domain.quality import BookCheck, FeedWatch, Suspicion, within

CONFIG = FeedConfig(band_percent=10, stuck_updates=3, quiet_ns=2 * SECOND)
TOUCH = (1_000, 5, 1_010, 5)


def trusting() -> BookCheck:
    check = BookCheck()
    check.trust(TOUCH)
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
    check.trust((500, 5, 510, 5))
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
