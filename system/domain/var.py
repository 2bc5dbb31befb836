"""Value at risk and expected shortfall by historical simulation: losses are positive, and counted in whole units.

*Conventions.* The value at risk of a level α is the α-quantile of the loss L, inf{x : P(L ≤ x) ≥ α}: of N equally
likely losses the ⌈αN⌉-th smallest (McNeil, Frey, Embrechts, *Quantitative Risk Management*, 2.3). The expected
shortfall is the mean of the worst (1 − α)N losses, where the last of them counts with the fraction that is left of
(1 − α)N: of 30 losses at 95 %, the worst one whole and half of the next, divided by one and a half (Acerbi and Tasche,
2002). Since (1 − α)N is above zero there is always a tail, and no loss in it is smaller than the value at risk. Both
may be negative: then even the bad cases earn something.

*Exactness.* α is a whole percentage, so ⌈αN⌉ and (1 − α)N are found in ints and fractions. In floats (1 − 0.9) · 10 is
0.99…, and its floor is 0.

*Scenarios.* What happened to all prices together over one horizon of the past, happening to today's positions: a
position of market value V that was worth a at the beginning and b at the end of that horizon loses V · (a − b) / a. So
the weights are market values, and a short's is negative. Nothing is scaled from one horizon to another.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from msgspec import Struct

from squall.system.domain.ids import Symbol
from squall.system.domain.positions import divided_half_even

Marks = Mapping[Symbol, int]
"""A price for each symbol that has one, in any unit that is the symbol's own; above zero."""


class TailRisk(Struct, frozen=True, gc=False):
    """What the worst of the observed horizons would cost today; in the unit of the market values."""

    observations: int
    value_at_risk: int
    expected_shortfall: Fraction

    def utilisation_percent(self, limit: int) -> int:
        """How much of the limit is used, in whole percents rounded up, so that it never looks better than it is."""
        return max(-(-100 * self.value_at_risk // limit), 0)


def value_at_risk(losses: Sequence[int], confidence_percent: int) -> int:
    """The ⌈αN⌉-th smallest loss. ValueError without losses, or for a level that is not from 1 to 99."""
    _check(losses, confidence_percent)
    return sorted(losses)[-(-confidence_percent * len(losses) // 100) - 1]


def expected_shortfall(losses: Sequence[int], confidence_percent: int) -> Fraction:
    """The mean of the worst (1 − α)N losses, the boundary one weighted. ValueError as for the value at risk."""
    _check(losses, confidence_percent)
    worst = sorted(losses, reverse=True)
    tail = Fraction((100 - confidence_percent) * len(losses), 100)
    whole = int(tail)
    total = Fraction(sum(worst[:whole]))
    if whole < tail:
        total += (tail - whole) * worst[whole]
    return total / tail


def _check(losses: Sequence[int], confidence_percent: int) -> None:
    if not losses:
        raise ValueError("value at risk: no observation, expected at least one")
    if not 0 < confidence_percent < 100:
        raise ValueError(f"value at risk: confidence is {confidence_percent} %, expected from 1 to 99")


def losses_of(values: Mapping[Symbol, int], past: Iterable[tuple[Marks, Marks]]) -> list[int]:
    """What each horizon of the past would cost positions of these market values, to the nearest unit in each symbol.

    A horizon in which one of them has no price says nothing about them together, and is left out.
    """
    held = [(symbol, value) for symbol, value in values.items() if value]
    losses = []
    for before, after in past:
        loss = 0
        for symbol, value in held:
            began, ended = before.get(symbol, 0), after.get(symbol, 0)
            if not began or not ended:
                break
            loss += divided_half_even(value * (began - ended), began)
        else:
            losses.append(loss)
    return losses


class PriceHistory:
    """The latest marks, one set for each horizon: as many of them as are asked for, the oldest makes room."""

    def __init__(self, observations: int) -> None:
        self._marks: deque[Marks] = deque(maxlen=observations + 1)

    def __len__(self) -> int:
        """How many whole horizons there are."""
        return sum(1 for _ in self.horizons())

    def observe(self, marks: Marks) -> None:
        """One horizon later, these are the prices. *marks* is kept: do not change it afterwards."""
        self._marks.append(marks)

    def interrupt(self) -> None:
        """Nobody looked for a while: from the last prices to the next ones is no horizon."""
        if self._marks and self._marks[-1]:
            self._marks.append({})

    def horizons(self) -> Iterable[tuple[Marks, Marks]]:
        """Each horizon's first and last prices, oldest first."""
        return (each for each in pairwise(self._marks) if each[0] and each[1])

    def tail_risk(self, values: Mapping[Symbol, int], confidence_percent: int, at_least: int) -> TailRisk | None:
        """Of positions of these market values; None where fewer observations than *at_least* speak of them."""
        losses = losses_of(values, self.horizons())
        if len(losses) < at_least:
            return None
        return TailRisk(
            len(losses),
            value_at_risk(losses, confidence_percent),
            expected_shortfall(losses, confidence_percent),
        )
