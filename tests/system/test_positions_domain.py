"""Positions in whole numbers, held against exact fractions that share no code with them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.positions import FLAT, Position, booked, divided_half_even, moved

Fills = list[tuple[Side, int, int]]

fills = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 300), st.integers(1, 5_000)), min_size=1, max_size=60)


def folded(story: Fills) -> Position:
    position = FLAT
    for side, lots, price in story:
        position = booked(position, side, lots, price)
    return position


class Oracle:
    """Trades one lot at a time, every open lot at the same average, as a fraction."""

    def __init__(self) -> None:
        self.net = 0
        self.average = Fraction(0)
        self.realised = Fraction(0)
        self.cash = 0
        self.partial_closes = 0

    def lot_by_lot(self, side: Side, lots: int, price: int) -> None:
        step = 1 if side is Side.BUY else -1
        before = abs(self.net)
        for _ in range(lots):
            if self.net * step >= 0:
                self.average = (self.average * abs(self.net) + price) / (abs(self.net) + 1)
            else:
                self.realised += (price - self.average) * -step
            self.net += step
            self.cash -= step * price
        self.partial_closes += 0 < abs(self.net) < before


@given(fills)
def test_the_whole_numbers_stay_within_half_a_unit_a_partial_close_of_exact_fractions(story: Fills) -> None:
    oracle = Oracle()
    for side, lots, price in story:
        oracle.lot_by_lot(side, lots, price)
    position = folded(story)
    slack = Fraction(oracle.partial_closes, 2)
    assert position.net_lots == oracle.net
    assert position.cash_flow == oracle.cash
    assert abs(position.cost_basis - oracle.average * oracle.net) <= slack
    assert abs(position.realised - oracle.realised) <= slack


@given(fills, st.integers(1, 5_000))
def test_realised_and_unrealised_are_cash_flow_and_market_value_exactly(story: Fills, mark: int) -> None:
    position = folded(story)
    assert position.realised == position.cash_flow + position.cost_basis
    assert position.realised + position.unrealised(mark) == position.cash_flow + position.market_value(mark)
    assert position.profit(mark) == position.realised + position.unrealised(mark)


@given(fills, st.sampled_from(Side), st.integers(1, 500), st.integers(1, 5_000))
def test_a_round_trip_at_one_price_changes_neither_equity_nor_position(
    story: Fills, side: Side, lots: int, price: int
) -> None:
    before = folded(story)
    after = booked(booked(before, side, lots, price), side.other, lots, price)
    assert after.net_lots == before.net_lots
    assert after.equity(1_000_000, price) == before.equity(1_000_000, price)


@given(fills)
def test_a_flat_position_has_no_basis_and_its_profit_is_its_cash(story: Fills) -> None:
    position = folded(story)
    if position.net_lots:
        side = Side.SELL if position.net_lots > 0 else Side.BUY
        position = booked(position, side, abs(position.net_lots), 77)
    assert (position.net_lots, position.cost_basis) == (0, 0)
    assert position.realised == position.cash_flow


def test_a_sell_is_booked_as_a_sell() -> None:
    """Erratum 11: the chapter's fills carry no sign in the OMS, and sells are booked as buys."""
    position = folded([(Side.SELL, 10, 200)])
    assert (position.net_lots, position.cash_flow) == (-10, 2_000)


def test_a_short_that_is_bought_back_cheaper_has_earned() -> None:
    """Erratum 26: price − average cost says −1,000 here."""
    position = folded([(Side.SELL, 10, 200), (Side.BUY, 10, 100)])
    assert position.realised == 1_000
    assert folded([(Side.SELL, 10, 200)]).unrealised(100) == 1_000


def test_the_part_of_a_fill_that_crosses_zero_opens_at_its_price() -> None:
    """Erratum 27: the chapter goes on averaging, and mixes the costs of both sides."""
    position = folded([(Side.BUY, 10, 100), (Side.SELL, 25, 130)])
    assert position.net_lots == -15
    assert position.realised == 10 * 30
    assert position.cost_basis == -15 * 130
    assert position.unrealised(130) == 0


def test_a_purchase_at_the_market_leaves_equity_as_it_was() -> None:
    """Erratum 28: cash and unrealised profit say 900,000 here."""
    position = folded([(Side.BUY, 1_000, 100)])
    assert position.equity(1_000_000, 100) == 1_000_000
    assert position.equity(1_000_000, 101) == 1_001_000


def test_a_basis_that_does_not_divide_keeps_its_remainder_with_the_lots_that_stay() -> None:
    position = folded([(Side.BUY, 1, 10), (Side.BUY, 2, 11)])
    assert position.cost_basis == 32
    position = booked(position, Side.SELL, 1, 12)
    assert (position.cost_basis, position.realised) == (21, 1)
    position = booked(position, Side.SELL, 2, 12)
    assert (position.cost_basis, position.realised) == (0, 4)


def test_a_fill_without_a_positive_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="quantity is -5 lots, expected a positive number"):
        booked(FLAT, Side.SELL, -5, 100)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**12))
def test_division_rounds_half_to_even_like_the_exact_fraction(numerator: int, denominator: int) -> None:
    assert divided_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(fills, fills)
def test_a_total_that_moves_with_its_parts_is_their_sum(first: Fills, second: Fills) -> None:
    total = parts_one = parts_two = FLAT
    for fill in first:
        after = booked(parts_one, *fill)
        total, parts_one = moved(total, parts_one, after), after
    for fill in second:
        after = booked(parts_two, *fill)
        total, parts_two = moved(total, parts_two, after), after
    assert total.net_lots == parts_one.net_lots + parts_two.net_lots
    assert total.cost_basis == parts_one.cost_basis + parts_two.cost_basis
    assert total.realised == total.cash_flow + total.cost_basis
    assert total.number == len(first) + len(second)
