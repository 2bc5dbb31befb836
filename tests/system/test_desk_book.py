"""The desk's book against a dictionary that anyone can see is right."""

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import Level, Side
from squall.system.domain.desk_book import NO_TOUCH, DeskBook, is_news
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick

BUY, SELL = Side.BUY, Side.SELL


def tick(seq: int, stale: bool = False) -> Tick:
    return Tick(Venue("exchange-a"), Symbol("ACME"), seq, 100, 1, 102, 1, stale)


def test_the_touch_is_the_best_level_of_each_side_and_zeros_where_there_is_none() -> None:
    book = DeskBook()
    assert book.touch == NO_TOUCH
    book.apply((Level(BUY, 98, 5), Level(BUY, 100, 7), Level(BUY, 96, 9)))
    assert book.touch == (100, 7, 0, 0)
    book.apply((Level(SELL, 104, 1), Level(SELL, 102, 2)))
    assert book.touch == (100, 7, 102, 2)


def test_when_the_best_level_goes_the_next_one_is_the_touch() -> None:
    book = DeskBook()
    book.apply((Level(BUY, 98, 5), Level(BUY, 100, 7), Level(SELL, 102, 2)))
    book.apply((Level(BUY, 100, 0),))
    assert book.touch == (98, 5, 102, 2)
    book.apply((Level(BUY, 98, 0), Level(SELL, 102, 0)))
    assert book.touch == NO_TOUCH


def test_removing_a_level_that_is_not_there_changes_nothing() -> None:
    book = DeskBook()
    book.apply((Level(BUY, 100, 7),))
    book.apply((Level(BUY, 101, 0), Level(SELL, 90, 0)))
    assert not book.changed
    assert book.touch == (100, 7, 0, 0)


def test_a_book_believes_whatever_it_is_told() -> None:
    """Whether that can be is not its business: see `quality`."""
    book = DeskBook()
    book.apply((Level(BUY, 104, -1), Level(SELL, 102, 1)))
    assert book.touch == (104, -1, 102, 1)
    book.replace((Level(BUY, 100, 5),))
    assert book.touch == (100, 5, 0, 0)


def test_a_snapshot_forgets_what_it_does_not_name() -> None:
    book = DeskBook()
    book.apply((Level(BUY, 100, 7), Level(SELL, 102, 1)))
    book.replace((Level(SELL, 103, 4),))
    assert book.touch == (0, 0, 103, 4)
    assert book.depth(BUY) == []


def test_a_tick_that_was_overtaken_is_no_news_unless_the_last_one_was_stale() -> None:
    assert is_news(tick(7), None)
    assert is_news(tick(7), tick(7))
    assert not is_news(tick(6), tick(7))
    assert is_news(tick(1), tick(7, stale=True))


class NaiveBook:
    """All levels in one dict; the touch by looking at every one of them."""

    def __init__(self) -> None:
        self.levels: dict[tuple[Side, int], int] = {}

    def apply(self, levels: list[Level]) -> None:
        for level in levels:
            self.levels[level.side, level.price_half_ticks] = level.lots

    def depth(self, side: Side) -> list[tuple[int, int]]:
        mine = [(price, lots) for (of, price), lots in self.levels.items() if of is side and lots]
        return sorted(mine, reverse=side is BUY)

    def touch(self) -> tuple[int, int, int, int]:
        bid, ask = ((self.depth(side) or [(0, 0)])[0] for side in (BUY, SELL))
        return (*bid, *ask)


steps = st.lists(
    st.lists(st.builds(Level, st.sampled_from(Side), st.integers(1, 40), st.integers(0, 3)), max_size=12),
    max_size=40,
)


@given(steps)
def test_after_every_step_the_book_is_the_naive_one(updates: list[list[Level]]) -> None:
    book, naive = DeskBook(), NaiveBook()
    for levels in updates:
        book.apply(tuple(levels))
        naive.apply(levels)
        bid, bid_lots, ask, ask_lots = naive.touch()
        assert book.touch == (bid, bid_lots, ask, ask_lots)
        assert book.depth(BUY) == naive.depth(BUY)
        assert book.depth(SELL) == naive.depth(SELL)


def test_levels_that_come_and_go_for_ever_leave_no_trail() -> None:
    """Behind the touch nothing surfaces, so the heap is cleared out at twice the levels and some slack."""
    book = DeskBook()
    book.apply((Level(BUY, 1_000, 1),))
    for price in range(1, 900):
        book.apply((Level(BUY, price, 1), Level(BUY, price, 0)))
    assert book.touch == (1_000, 1, 0, 0)
    assert len(book._bids.heap) < 100


def test_a_stale_tick_of_market_data_that_begin_anew_is_news_and_one_that_was_overtaken_is_not() -> None:
    """They count by the venue's channel, of which they have heard nothing yet."""
    assert is_news(tick(0, stale=True), tick(7))
    assert not is_news(tick(6, stale=True), tick(7))
