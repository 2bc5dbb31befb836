"""What the desk holds and what it has earned: average cost in whole numbers, through shorts and reversals.

Prices are in half ticks, quantities in lots, money in half tick × lot. All that is kept is kept as ints, so
that two identities hold exactly, after any fills and at any mark:

    realised = cash flow + cost basis            realised + unrealised = cash flow + market value
"""

from typing import Final, NamedTuple

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import Symbol


class PositionKey(NamedTuple):
    """Whose position it is: one composite key for the position and for all that hangs on it."""

    symbol: Symbol
    strategy: str


class Position(Struct, frozen=True, gc=False):
    """The outcome of all fills so far."""

    net_lots: int = 0
    """Signed: long is positive, short is negative."""
    cost_basis: int = 0
    """What the open lots cost, signed as they are: a short's is minus what it was sold for."""
    cash_flow: int = 0
    """Sum of all flows: sells positive, buys negative."""
    realised: int = 0
    number: int = 0
    """Fills booked."""

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


def booked(position: Position, side: Side, lots: int, price_half_ticks: int) -> Position:
    """The position after one fill. *lots* is positive, whatever the side; ValueError where it is not.

    Lots that close take their share of the cost basis with them, to the nearest int, ties to even; the rest
    of the basis stays with the rest of the lots, so that no money appears or vanishes. Lots beyond zero open
    at this price.
    """
    if lots <= 0:
        raise ValueError(f"fill: quantity is {lots} lots, expected a positive number and the side apart")
    net = position.net_lots
    signed = lots if side is Side.BUY else -lots
    flow = signed * price_half_ticks
    if net == 0 or (net > 0) == (signed > 0):
        basis = position.cost_basis + flow
        realised = position.realised
    elif lots < abs(net):
        taken = divided_half_even(position.cost_basis * lots, abs(net))
        basis = position.cost_basis - taken
        realised = position.realised - flow - taken
    else:
        # All that was open closes, at this price; what is left of the fill opens the other way.
        basis = (net + signed) * price_half_ticks
        realised = position.realised + net * price_half_ticks - position.cost_basis
    return Position(net + signed, basis, position.cash_flow - flow, realised, position.number + 1)


def moved(total: Position, before: Position, after: Position) -> Position:
    """A sum of positions, once one of its parts has gone from *before* to *after*."""
    return Position(
        total.net_lots + after.net_lots - before.net_lots,
        total.cost_basis + after.cost_basis - before.cost_basis,
        total.cash_flow + after.cash_flow - before.cash_flow,
        total.realised + after.realised - before.realised,
        total.number + after.number - before.number,
    )
