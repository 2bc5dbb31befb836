"""Positions in whole numbers, held against exact fractions that share no code with them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.positions import FLAT, MILLIONTHS, Position, booked, divided_half_even, moved

Fills = list[tuple[Side, int, int, int]]
"""Side, lots, price, and what the venue charged for it or gave back."""

one_fill = st.tuples(st.sampled_from(Side), st.integers(1, 300), st.integers(1, 5_000), st.integers(-50, 50))
fills = st.lists(one_fill, min_size=1, max_size=60)


def folded(story: Fills) -> Position:
    position = FLAT
    for fill in story:
        position = booked(position, *fill)
    return position


def free(*story: tuple[Side, int, int]) -> Position:
    """Without fees."""
    return folded([(*fill, 0) for fill in story])


class Oracle:
    """Trades one lot at a time, every open lot at the same average, as a fraction."""

    def __init__(self) -> None:
        self.net = 0
        self.average = Fraction(0)
        self.realised = Fraction(0)
        self.cash = 0
        self.fees = 0

    def lot_by_lot(self, side: Side, lots: int, price: int, fee: int) -> None:
        step = 1 if side is Side.BUY else -1
        self.fees += fee
        self.cash -= fee
        self.realised -= fee
        for _ in range(lots):
            if self.net * step >= 0:
                self.average = (self.average * abs(self.net) + price) / (abs(self.net) + 1)
            else:
                self.realised += (price - self.average) * -step
            self.net += step
            self.cash -= step * price


@given(fills)
def test_what_is_read_is_the_exact_fraction_to_the_nearest_unit(story: Fills) -> None:
    """Half a unit of rounding when it is read, and half a millionth for each fill before."""
    oracle = Oracle()
    for fill in story:
        oracle.lot_by_lot(*fill)
    position = folded(story)
    slack = Fraction(1, 2) + Fraction(len(story), 2 * MILLIONTHS)
    assert position.net_lots == oracle.net
    assert position.cash_flow == oracle.cash
    assert position.fees == oracle.fees
    assert abs(position.cost_basis - oracle.average * oracle.net) <= slack
    assert abs(position.realised - oracle.realised) <= slack
    assert abs(position.average_cost - (oracle.average if oracle.net else 0)) <= Fraction(len(story), 2 * MILLIONTHS)


def test_a_thousand_partial_closes_do_not_add_up_their_roundings() -> None:
    """Kept in whole units, the basis of this day would end 15 units, seven cents, away from the fraction."""
    position = booked(FLAT, Side.BUY, 100_003, 20_001)
    whole_units, exact = position.cost_basis, Fraction(position.cost_basis)
    for _ in range(1_000):
        position = booked(booked(position, Side.BUY, 1, 20_004), Side.SELL, 1, 20_003)
        whole_units += 20_004
        whole_units -= divided_half_even(whole_units, 100_004)
        exact = (exact + 20_004) * 100_003 / 100_004
    assert position.cost_basis == round(exact)
    assert position.realised == round(exact) + position.cash_flow
    assert round(abs(whole_units - exact)) == 15


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
    position = free((Side.SELL, 10, 200))
    assert (position.net_lots, position.cash_flow) == (-10, 2_000)


def test_a_short_that_is_bought_back_cheaper_has_earned() -> None:
    """Erratum 26: price − average cost says −1,000 here."""
    position = free((Side.SELL, 10, 200), (Side.BUY, 10, 100))
    assert position.realised == 1_000
    assert free((Side.SELL, 10, 200)).unrealised(100) == 1_000


def test_the_part_of_a_fill_that_crosses_zero_opens_at_its_price() -> None:
    """Erratum 27: the chapter goes on averaging, and mixes the costs of both sides."""
    position = free((Side.BUY, 10, 100), (Side.SELL, 25, 130))
    assert position.net_lots == -15
    assert position.realised == 10 * 30
    assert position.cost_basis == -15 * 130
    assert position.unrealised(130) == 0


def test_a_purchase_at_the_market_leaves_equity_as_it_was() -> None:
    """Erratum 28: cash and unrealised profit say 900,000 here."""
    position = free((Side.BUY, 1_000, 100))
    assert position.equity(1_000_000, 100) == 1_000_000
    assert position.equity(1_000_000, 101) == 1_001_000


def test_a_fee_is_spent_at_once_and_a_rebate_earned() -> None:
    """Erratum 6: the chapter's fills carry no commission, and its profit forgets what its cash has paid."""
    bought = folded([(Side.BUY, 10, 100, 7)])
    assert (bought.cash_flow, bought.cost_basis, bought.realised, bought.fees) == (-1_007, 1_000, -7, 7)
    sold = booked(bought, Side.SELL, 10, 100, -3)
    assert (sold.cash_flow, sold.realised, sold.fees) == (-4, -4, 4)


def test_a_basis_that_does_not_divide_keeps_its_remainder_with_the_lots_that_stay() -> None:
    position = free((Side.BUY, 1, 10), (Side.BUY, 2, 11))
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
    assert total.cost_millionths == parts_one.cost_millionths + parts_two.cost_millionths
    assert total.cash_flow == parts_one.cash_flow + parts_two.cash_flow
    assert total.fees == parts_one.fees + parts_two.fees
    assert total.number == len(first) + len(second)
