"""How well a client's parent was executed: against the price on arrival, and what everybody traded at meanwhile.

Averages are of totals, so every lot counts alike; the sign is the client's, so that more than 0 is worse for whoever
buys and for whoever sells; only worse is poor. What was traded costs fees, and what was not traded costs what the price
has moved without it: implementation shortfall, as A. Perold defines it ("The implementation shortfall: paper versus
reality", Journal of Portfolio Management 14, 1988). Against a benchmark prices are compared alone.
"""

from fractions import Fraction
from math import floor
from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.messages import ParentDone, ParentMeasured, ParentOrder

MILLION: Final = 1_000_000
MILLIONTHS_PER_BP: Final = 100


class Tape(Struct, frozen=True, gc=False):
    """What was traded while a parent was at work, as far as it was recorded."""

    turnover: int = 0
    """Price × lots, in half tick × lot."""
    lots: int = 0
    bars: int = 0
    bars_missing: int = 0

    @property
    def vwap(self) -> Fraction | None:
        """The volume-weighted average price, in half ticks; None where nothing is known of it."""
        return Fraction(self.turnover, self.lots) if self.lots else None


def cost_millionths(side: Side, lots: int, notional: int, benchmark: Fraction | None) -> int | None:
    """How much worse than the benchmark these lots were traded, as a share of it; None where nothing can be said."""
    if not lots or not benchmark:
        return None
    return _nearest(side.sign * (Fraction(notional, lots) - benchmark) / benchmark * MILLION)


def shortfall_millionths(
    side: Side, ordered_lots: int, lots: int, notional: int, fees: int, arrival: Fraction | None, last: Fraction | None
) -> int | None:
    """What trading cost against all of the order at the arrival price, with fees (a cost on either side), and with what
    it has missed by not trading the rest.

    *last*: the price at its end; not needed where nothing is left.
    """
    left = ordered_lots - lots
    if not arrival or (left and last is None):
        return None
    paid = notional - arrival * lots
    missed = (last - arrival) * left if last is not None else Fraction(0)
    return _nearest((side.sign * (paid + missed) + fees) / (arrival * ordered_lots) * MILLION)


def measured(
    order: ParentOrder, done: ParentDone, arrival_twice: int | None, last_twice: int | None, tape: Tape, poor_bps: int
) -> ParentMeasured:
    """The whole report. Poor is what was worse than the interval's VWAP by more than *poor_bps*."""
    arrival, last = _half(arrival_twice), _half(last_twice)
    lots, notional = done.filled_lots, done.notional
    against_vwap = cost_millionths(order.side, lots, notional, tape.vwap)
    return ParentMeasured(
        order.cl_ord_id,
        lots,
        notional,
        arrival_twice,
        tape.turnover,
        tape.lots,
        tape.bars_missing,
        cost_millionths(order.side, lots, notional, arrival),
        against_vwap,
        shortfall_millionths(order.side, order.quantity_lots, lots, notional, done.fees, arrival, last),
        against_vwap is not None and against_vwap > poor_bps * MILLIONTHS_PER_BP,
        done.fees,
    )


def _half(twice: int | None) -> Fraction | None:
    return None if twice is None else Fraction(twice, 2)


def _nearest(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))
