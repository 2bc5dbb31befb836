"""What the desk holds and what it has earned: average cost in whole numbers, through shorts, reversals and fees.

Prices are in half ticks, quantities in lots, money in half tick × lot. Two identities hold exactly, after any fills
and at any mark:

    realised = cash flow + cost basis            realised + unrealised = cash flow + market value

The first is how `realised` is defined, so that there is nothing to drift apart. What the open lots cost is the one
number that average cost makes a fraction of, whenever lots close that it does not divide by. It is kept in millionths
of the unit of money, and rounded when it is read: however many partial closes there were, what is read is the exact
fraction to the nearest unit, and a unit is half a cent where a tick is a cent.

A fee is spent when the fill is booked: it is in the cash flow and in what is realised, and not in the cost of the
lots. So it shows in the day's profit at once, whether or not the lots are ever sold.
"""

from fractions import Fraction
from typing import Final, NamedTuple

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import Symbol

MILLIONTHS: Final = 1_000_000


class PositionKey(NamedTuple):
    """Whose position it is: one composite key for the position and for all that hangs on it."""

    symbol: Symbol
    strategy: str


class Position(Struct, frozen=True, gc=False):
    """The outcome of all fills so far."""

    net_lots: int = 0
    """Signed: long is positive, short is negative."""
    cost_millionths: int = 0
    """What the open lots cost, signed as they are, in millionths: a short's is minus what it was sold for."""
    cash_flow: int = 0
    """Sum of all flows: sells positive, buys negative, fees taken off."""
    fees: int = 0
    """What venues have charged; negative where rebates were more."""
    number: int = 0
    """Fills in it."""

    @property
    def cost_basis(self) -> int:
        """What the open lots cost, signed as they are."""
        return divided_half_even(self.cost_millionths, MILLIONTHS)

    @property
    def realised(self) -> int:
        """What closed lots have earned, less all fees so far."""
        return self.cash_flow + self.cost_basis

    @property
    def average_cost(self) -> Fraction:
        """What one open lot cost, or was sold for, in half ticks; 0 where nothing is open."""
        return Fraction(self.cost_millionths, self.net_lots * MILLIONTHS) if self.net_lots else Fraction(0)

    def market_value(self, mark_half_ticks: int) -> int:
        """What the open lots would fetch at this mark; negative for a short."""
        return self.net_lots * mark_half_ticks

    def unrealised(self, mark_half_ticks: int) -> int:
        """Profit of the open lots at this mark, for longs and shorts alike."""
        return self.net_lots * mark_half_ticks - self.cost_basis

    def profit(self, mark_half_ticks: int) -> int:
        """Realised and unrealised together."""
        return self.cash_flow + self.net_lots * mark_half_ticks

    def equity(self, starting_cash: int, mark_half_ticks: int) -> int:
        """Cash and market value. (Cash and *unrealised* profit would forget what the position cost.)"""
        return starting_cash + self.cash_flow + self.net_lots * mark_half_ticks


FLAT: Final = Position()


def divided_half_even(numerator: int, denominator: int) -> int:
    """The quotient to the nearest int, ties to the even one. *denominator* is positive."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient


def booked(position: Position, side: Side, lots: int, price_half_ticks: int, commission: int = 0) -> Position:
    """The position after one fill. *lots* is positive, whatever the side; ValueError where it is not.

    *commission* is what the venue charged, negative for a rebate. Lots that close take their share of the cost with
    them, to the nearest millionth; the rest of it stays with the rest of the lots, so that no money appears or
    vanishes. Lots beyond zero open at this price.
    """
    if lots <= 0:
        raise ValueError(f"fill: quantity is {lots} lots, expected a positive number and the side apart")
    net = position.net_lots
    signed = lots if side is Side.BUY else -lots
    if net == 0 or (net > 0) == (signed > 0):
        cost = position.cost_millionths + signed * price_half_ticks * MILLIONTHS
    elif lots < abs(net):
        cost = position.cost_millionths - divided_half_even(position.cost_millionths * lots, abs(net))
    else:
        # All that was open closes; what is left of the fill opens the other way, at this price.
        cost = (net + signed) * price_half_ticks * MILLIONTHS
    return Position(
        net + signed,
        cost,
        position.cash_flow - signed * price_half_ticks - commission,
        position.fees + commission,
        position.number + 1,
    )


def moved(total: Position, before: Position, after: Position) -> Position:
    """A sum of positions, once one of its parts has gone from *before* to *after*."""
    return Position(
        total.net_lots + after.net_lots - before.net_lots,
        total.cost_millionths + after.cost_millionths - before.cost_millionths,
        total.cash_flow + after.cash_flow - before.cash_flow,
        total.fees + after.fees - before.fees,
        total.number + after.number - before.number,
    )
