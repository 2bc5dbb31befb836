"""How far an algorithm's child may reach, and when it may not reach at all."""

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import Side
from squall.system.config import SECOND, StrategyConfig
from squall.system.domain.collar import Collar, participation_lots

CONFIG = StrategyConfig(collar_percent=1, collar_window_percent=3, collar_window_ns=10 * SECOND)


def seen(side: Side, *prices: tuple[int, int]) -> Collar:
    collar = Collar(side)
    for at_s, price in prices:
        collar.see(at_s * SECOND, price, CONFIG)
    return collar


def test_a_seller_reaches_a_little_below_the_bid_and_a_buyer_above_the_offer() -> None:
    assert seen(Side.SELL, (0, 10_000)).limit(2, CONFIG) == 9_900
    assert seen(Side.BUY, (0, 10_000)).limit(2, CONFIG) == 10_100
    assert seen(Side.SELL, (0, 150)).limit(2, CONFIG) == 150, "on the grid, and never further than the share"


def test_nothing_was_ever_seen_is_no_price_to_trade_at() -> None:
    assert Collar(Side.SELL).limit(2, CONFIG) is None


def test_a_market_that_has_moved_too_far_against_us_in_the_window_is_left_alone() -> None:
    assert seen(Side.SELL, (0, 10_000), (5, 9_700)).limit(2, CONFIG) == 9_604
    assert seen(Side.SELL, (0, 10_000), (5, 9_699)).limit(2, CONFIG) is None
    assert seen(Side.BUY, (0, 10_000), (5, 10_301)).limit(2, CONFIG) is None


def test_a_market_that_moves_for_us_may_go_anywhere() -> None:
    assert seen(Side.SELL, (0, 10_000), (5, 20_000)).limit(2, CONFIG) == 19_800
    assert seen(Side.BUY, (0, 10_000), (5, 5_000)).limit(2, CONFIG) == 5_050


def test_what_was_before_the_window_is_forgotten() -> None:
    assert seen(Side.SELL, (0, 10_000), (5, 9_000)).limit(2, CONFIG) is None
    assert seen(Side.SELL, (0, 10_000), (5, 9_000), (16, 9_000)).limit(2, CONFIG) == 8_910


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 100)), min_size=1, max_size=40))
def test_the_best_of_the_window_is_what_a_plain_search_finds(steps: list[tuple[int, int]]) -> None:
    collar, now_s, all_seen = Collar(Side.SELL), 0, []
    for later_s, price in steps:
        now_s += later_s
        collar.see(now_s * SECOND, price, CONFIG)
        all_seen.append((now_s, price))
        best = max(price for at_s, price in all_seen if at_s >= now_s - 10)
        assert (collar.limit(2, CONFIG) is None) == ((best - price) * 100 > best * 3)


def test_an_algorithm_never_means_more_than_its_share() -> None:
    assert participation_lots(1_000, 9, 0) == 90
    assert participation_lots(1_000, 9, 80) == 10
    assert participation_lots(1_000, 9, 100) == 0
