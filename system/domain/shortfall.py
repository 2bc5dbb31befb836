"""Implementation shortfall: how fast to trade when waiting is a risk and hurrying costs.

Almgren and Chriss, "Optimal execution of portfolio transactions" (Journal of Risk 3, 2000), in their discrete form. Of
X lots, x_j are left after j of N intervals of length τ:

    x_j = X · sinh κ(T − t_j) / sinh κT,   2 cosh κτ = 2 + κ̃²τ²,   κ̃² = λσ² / η̃,   η̃ = η − γτ/2

σ² is the variance of the price, η what trading faster costs for the moment, γ what each lot moves for good, λ the
aversion to risk. Sines of multiples of one argument obey s_(k+1) = 2 cosh κτ · s_k − s_(k−1), and 2 cosh κτ is a
rational number: so the trajectory is computed exactly, in integers, alike on every machine. λ → 0 gives s_k = k, which
is TWAP, to the lot.
"""

from fractions import Fraction

from msgspec import Struct

from squall.system.config import SECOND
from squall.system.domain.slicing import nearest

MILLION = 1_000_000


class Impact(Struct, frozen=True, gc=False):
    """What is believed of a market, in half ticks, lots and seconds, each number in millionths."""

    variance_millionths: int
    """σ²: half ticks² in a second."""
    temporary_millionths: int
    """η: half ticks for each lot a second."""
    permanent_millionths: int
    """γ: half ticks for each lot."""


def urgency(impact: Impact, aversion_billionths: int, interval_ns: int) -> Fraction | None:
    """κ̃²τ², the one number on which the trajectory depends; the aversion λ is for each half tick × lot.

    None where the intervals are so long that the model breaks down: what each lot moves for good would outweigh all
    that trading slowly saves (η̃ ≤ 0).
    """
    tau_s = Fraction(interval_ns, SECOND)
    eta = Fraction(impact.temporary_millionths, MILLION) - Fraction(impact.permanent_millionths, MILLION) * tau_s / 2
    if eta <= 0:
        return None
    variance = Fraction(impact.variance_millionths, MILLION)
    return Fraction(aversion_billionths, 1_000 * MILLION) * variance * tau_s**2 / eta


def trajectory(lots: int, slices: int, urgency: Fraction, step_lots: int = 1) -> tuple[int, ...]:
    """What is left at each of the slices' edges, from all of it down to 0, in whole steps of *step_lots*.

    Rounded to the nearest, edge by edge, for the reasons that `slicing` gives. Higher urgency never leaves more.
    """
    if lots < 0 or lots % step_lots:
        raise ValueError(f"lots: found {lots}, expected a whole number of steps of {step_lots}")
    if slices < 1 or urgency < 0:
        raise ValueError(f"found {slices} slices and urgency {urgency}, expected at least 1, and at least 0")
    steps = lots // step_lots
    sines = _sines(slices, urgency)
    whole = sines[slices]
    # The argument of the sine is what is left of the time. What has gone is rounded, as in `slicing`, not what is left.
    gone = (nearest(steps * (whole - sines[slices - edge]), whole) for edge in range(slices + 1))
    return tuple((steps - each) * step_lots for each in gone)


def _sines(count: int, urgency: Fraction) -> list[int]:
    """sinh kκτ for k from 0 to *count*, all to one scale."""
    cosh = 2 + urgency  # of κτ, twice
    p, q = cosh.numerator, cosh.denominator
    scaled = [0, 1]  # s_k · q^(k−1): whole numbers
    while len(scaled) <= count:
        scaled.append(p * scaled[-1] - q * q * scaled[-2])
    return [sine * q ** (count - index) for index, sine in enumerate(scaled[: count + 1])]
