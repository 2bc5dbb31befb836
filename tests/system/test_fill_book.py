"""The book of executions: busts and corrections, held against fills that never were or were always so."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.fill_book import FillBook, folded
from squall.system.domain.ids import ClOrdID, ExecID, Symbol, Venue
from squall.system.domain.messages import AmendFill, BookFill
from squall.system.domain.positions import FLAT, Position, PositionKey

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
KEY = PositionKey(ACME, "pulse")


def fill(name: str, side: Side, lots: int, price: int, fee: int = 0, symbol: Symbol = ACME) -> BookFill:
    return BookFill(
        ExecID(name), ClOrdID(f"order-{name}"), Venue("exchange-a"), symbol, side, lots, price, "pulse", fee
    )


def bust(name: str, of: str, symbol: Symbol = ACME) -> AmendFill:
    return AmendFill(ExecID(name), ExecID(of), ClOrdID(f"order-{of}"), symbol, 0, 0)


def correction(name: str, of: str, lots: int, price: int, fee: int = 0) -> AmendFill:
    return AmendFill(ExecID(name), ExecID(of), ClOrdID(f"order-{of}"), ACME, lots, price, fee)


def book_of(news: Iterable[BookFill | AmendFill]) -> FillBook:
    book = FillBook()
    for each in news:
        if isinstance(each, BookFill):
            book.book(each)
        else:
            book.amend(each)
    return book


@st.composite
def days(draw: st.DrawFn) -> list[BookFill]:
    """The fills of a day, in two symbols, each with its fee or rebate."""
    kinds = st.tuples(
        st.sampled_from((ACME, BOLT)),
        st.sampled_from(Side),
        st.integers(1, 300),
        st.integers(1, 5_000),
        st.integers(-40, 40),
    )
    return [
        fill(f"x{number}", side, lots, price, fee, symbol)
        for number, (symbol, side, lots, price, fee) in enumerate(draw(st.lists(kinds, min_size=1, max_size=30)))
    ]


# --- busts ---


@given(days(), st.data())
def test_busting_any_fill_at_any_time_is_never_having_had_it(day: list[BookFill], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(day) - 1))
    when = data.draw(st.integers(0, len(day)))
    busted = day[index]
    # The bust may also come before its fill, where *when* is small.
    story = [*day[:when], bust("b", busted.exec_id, busted.symbol), *day[when:]]
    without = book_of([*day[:index], *day[index + 1 :]])
    book = book_of(story)
    assert {key: each for key, each in book.positions.items() if each != FLAT} == without.positions
    assert {symbol: each for symbol, each in book.totals.items() if each != FLAT} == without.totals
    assert book.orders[busted.cl_ord_id] == 0
    assert busted.exec_id in book
    assert book.waiting == ()


@given(days(), st.data())
def test_a_corrected_fill_counts_as_if_it_had_always_been_so(day: list[BookFill], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(day) - 1))
    lots, price = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 5_000))
    fee = data.draw(st.integers(-40, 40))
    when = data.draw(st.integers(0, len(day)))
    right = replace(day[index], lots=lots, price_half_ticks=price, commission=fee)
    amended = correction("c", day[index].exec_id, lots, price, fee)
    book = book_of([*day[:when], amended, *day[when:]])
    always_so = book_of([*day[:index], right, *day[index + 1 :]])
    assert book.positions == always_so.positions
    assert book.totals == always_so.totals
    assert book.orders == always_so.orders


@given(days(), st.data())
def test_any_number_of_amendments_leaves_what_was_said_last(day: list[BookFill], data: st.DataObject) -> None:
    amendments, last = [], {each.exec_id: each for each in day}
    for number in range(data.draw(st.integers(1, 12))):
        old = data.draw(st.sampled_from(day))
        lots = data.draw(st.integers(0, 50))
        amendments.append(correction(f"c{number}", old.exec_id, lots, 100 if lots else 0))
        last[old.exec_id] = replace(old, lots=lots, price_half_ticks=100 if lots else 0, commission=0)
    book = book_of([*day, *amendments, *amendments])
    by_key: dict[PositionKey, list[BookFill]] = {}
    for each in last.values():
        by_key.setdefault(PositionKey(each.symbol, each.strategy), []).append(each)
    assert book.positions == {key: folded(fills) for key, fills in by_key.items()}
    assert sum(book.numbers.values()) == len(day) + len(amendments)


@given(days())
def test_what_happens_in_one_symbol_leaves_the_other_alone(day: list[BookFill]) -> None:
    mixed = book_of(day)
    sorted_by_symbol = book_of(sorted(day, key=lambda each: each.symbol))
    assert mixed.positions == sorted_by_symbol.positions
    assert mixed.totals == sorted_by_symbol.totals


@given(days())
def test_the_position_is_the_sum_of_the_fills_and_the_cash_of_their_flows(day: list[BookFill]) -> None:
    book = book_of(day)
    for symbol in (ACME, BOLT):
        mine = [each for each in day if each.symbol == symbol]
        total = book.totals.get(symbol, FLAT)
        assert total.net_lots == sum(each.side.sign * each.lots for each in mine)
        flows = (-each.side.sign * each.lots * each.price_half_ticks - each.commission for each in mine)
        assert total.cash_flow == sum(flows)
        assert total.fees == sum(each.commission for each in mine)


def test_a_bust_takes_back_what_a_later_sale_has_earned() -> None:
    """Undoing the numbers would leave the profit of a sale from lots that were never there."""
    day = [fill("a", Side.BUY, 10, 100), fill("b", Side.BUY, 10, 120), fill("c", Side.SELL, 10, 130)]
    book = book_of(day)
    assert book.positions[KEY].realised == 10 * (130 - 110)
    change = book.amend(bust("x", "b"))
    assert change is not None
    assert (change.lots, change.total.net_lots, change.number) == (-10, 0, 4)
    assert change.total.realised == 10 * (130 - 100)


def test_a_bust_that_comes_again_and_its_fill_that_comes_again_change_nothing() -> None:
    book = book_of([fill("a", Side.BUY, 10, 100, 3), bust("x", "a")])
    assert book.amend(bust("x", "a")) is None
    assert book.book(fill("a", Side.BUY, 10, 100, 3)) is None
    assert book.positions[KEY] == FLAT
    assert (len(book), book.numbers[ACME]) == (1, 2)


def test_a_correction_of_a_correction_may_name_either() -> None:
    first = [fill("a", Side.BUY, 10, 100), correction("c1", "a", 8, 101)]
    for name in ("a", "c1"):
        book = book_of([*first, correction("c2", name, 6, 102)])
        assert book.positions[KEY] == Position(6, 612_000_000, -612, 0, 1)


def test_a_bust_of_an_execution_that_never_comes_is_seen_waiting() -> None:
    book = book_of([bust("x", "a")])
    assert book.waiting == (ExecID("a"),)
    assert book.positions == {}


def test_a_venue_may_keep_its_fee_for_what_it_busts() -> None:
    kept = AmendFill(ExecID("x"), ExecID("a"), ClOrdID("order-a"), ACME, 0, 0, 3)
    book = book_of([fill("a", Side.BUY, 10, 100, 3), kept])
    assert book.positions[KEY] == Position(cash_flow=-3, fees=3)
    assert book.fills(KEY) == ()


def test_an_execution_cannot_be_corrected_to_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="c1: an execution of -1 lots, expected 0 or more"):
        book_of([fill("a", Side.BUY, 10, 100), correction("c1", "a", -1, 100)])
