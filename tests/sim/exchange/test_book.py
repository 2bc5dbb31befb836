"""The book against a slow list of orders that anybody can check by eye."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.exchange.book import Book, Resting
from squall.sim.exchange.wire.messages import Level, Print, Side
from tests.profiles import examples

# --- a slow book -----------------------------------------------------------------------------------


@dataclass
class SlowOrder:
    name: int
    side: Side
    price: int
    lots: int


class SlowBook:
    """All orders in one list, in the order of arrival; every question is answered by looking at all."""

    def __init__(self) -> None:
        self.orders: list[SlowOrder] = []

    def take(self, side: Side, lots: int, limit: int | None) -> tuple[list[tuple[int, int, int]], int]:
        """Fills as (maker, lots, price), and what is left over."""
        fills = []
        while lots:
            facing = [o for o in self.orders if o.side is side.other]
            if limit is not None:
                facing = [o for o in facing if (o.price <= limit if side is Side.BUY else o.price >= limit)]
            if not facing:
                break
            # min and max both return the first of equals: the one that came first.
            best = min(facing, key=lambda o: o.price) if side is Side.BUY else max(facing, key=lambda o: o.price)
            traded = min(lots, best.lots)
            lots -= traded
            best.lots -= traded
            fills.append((best.name, traded, best.price))
            self.orders = [o for o in self.orders if o.lots]
        return fills, lots

    def levels(self) -> tuple[Level, ...]:
        image = []
        for side in Side:
            prices = sorted({o.price for o in self.orders if o.side is side}, reverse=side is Side.BUY)
            for price in prices:
                lots = sum(o.lots for o in self.orders if o.side is side and o.price == price)
                image.append(Level(side, price, lots))
        return tuple(image)


# --- both, step by step ----------------------------------------------------------------------------

prices = st.integers(95, 105).map(lambda ticks: 2 * ticks)
orders = st.tuples(
    st.sampled_from(["limit", "limit", "limit", "market", "ioc", "remove"]),
    st.sampled_from(list(Side)),
    st.integers(1, 30),
    prices,
    st.integers(0, 50),
)


def image_as_dict(levels: tuple[Level, ...]) -> dict[tuple[Side, int], int]:
    return {(level.side, level.price_half_ticks): level.lots for level in levels}


@given(st.lists(orders, max_size=60))
@settings(max_examples=examples(150))
def test_the_book_trades_like_a_list_that_is_searched_for_the_best_and_oldest(
    steps: list[tuple[str, Side, int, int, int]],
) -> None:
    book, slow = Book(), SlowBook()
    handles: list[Resting] = []
    entered = traded = removed = dropped = 0
    public: dict[tuple[Side, int], int] = {}
    for kind, side, lots, price, which in steps:
        if kind == "remove":
            if handles:
                name = which % len(handles)
                left = sum(o.lots for o in slow.orders if o.name == name)
                slow.orders = [o for o in slow.orders if o.name != name]
                assert book.remove(handles[name]) == left
                removed += left
        else:
            limit = None if kind == "market" else price
            fills, left = book.take(side, lots, limit)
            seen = [(handles.index(f.maker), f.lots, f.maker.price_half_ticks) for f in fills]
            assert (seen, left) == slow.take(side, lots, limit)
            entered += lots
            traded += lots - left
            if left and kind == "limit":
                slow.orders.append(SlowOrder(len(handles), side, price, left))
                handles.append(book.rest(side, left, price))
            else:
                dropped += left

        levels, prints = book.drain()
        before = dict(public)
        for level in levels:
            key = (level.side, level.price_half_ticks)
            assert before.get(key, 0) != level.lots, "a level that has not changed is not news"
            public[key] = level.lots
            if not level.lots:
                del public[key]
        assert book.levels() == slow.levels()
        assert public == image_as_dict(book.levels())
        assert sum(p.lots for p in prints) == (0 if kind == "remove" else lots - left)

        bid, bid_lots, ask, ask_lots = book.touch()
        assert not (bid and ask) or bid < ask, "never crossed after a step"
        assert (bid_lots, ask_lots) == (public.get((Side.BUY, bid), 0), public.get((Side.SELL, ask), 0))
        # Each trade takes the same lots from the one who arrives and from the one who rests.
        assert entered == 2 * traded + removed + dropped + sum(public.values())


def test_prints_bear_the_aggressors_side_and_one_line_a_price() -> None:
    book = Book()
    book.rest(Side.SELL, 10, 200)
    book.rest(Side.SELL, 5, 200)
    book.rest(Side.SELL, 7, 202)
    book.drain()
    fills, left = book.take(Side.BUY, 20, 202)
    assert [fill.lots for fill in fills] == [10, 5, 5]
    assert left == 0
    levels, prints = book.drain()
    assert prints == (Print(Side.BUY, 200, 15), Print(Side.BUY, 202, 5))
    assert levels == (Level(Side.SELL, 200, 0), Level(Side.SELL, 202, 2))


def test_an_order_that_comes_and_goes_within_a_step_is_no_news() -> None:
    book = Book()
    book.remove(book.rest(Side.BUY, 10, 200))
    assert book.drain() == ((), ())


def test_removing_what_was_filled_removes_nothing() -> None:
    book = Book()
    resting = book.rest(Side.BUY, 10, 200)
    book.take(Side.SELL, 10, None)
    later = book.rest(Side.BUY, 3, 200)
    assert book.remove(resting) == 0
    assert book.touch() == (200, 3, 0, 0)
    assert later.lots == 3
