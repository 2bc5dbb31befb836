"""Slippage: what executions cost against the market at the decision, weighted by quantity and signed by side.

The price to be held against is the middle at the decision (Perold, *The Implementation Shortfall*, 1988): whoever pays
more, or sells for less, has lost something, and fees are lost too. Better prices are a gain, and never an alarm. An
unweighted mean would let a hundred lots at a bad price hide behind one at a good one. Middles are kept doubled, and
amounts with them, so that all of it is whole.
"""

from collections import deque

from squall.sim.exchange.wire.messages import Side

BASIS_POINTS = 10_000


def twice_cost(side: Side, lots: int, price_half_ticks: int, commission: int, decision_twice_half_ticks: int) -> int:
    """Twice what an execution cost beyond the middle at the decision, in half tick × lot; negative where it gained."""
    return side.sign * lots * (2 * price_half_ticks - decision_twice_half_ticks) + 2 * commission


def basis_points(cost: int, worth: int) -> int:
    """Cost over worth in whole basis points, rounded up, so that it never looks better than it is; 0 of nothing."""
    return -(-BASIS_POINTS * cost // worth) if worth else 0


class SlippageWindow:
    """Cost over worth of what was executed of the latest orders, both in one unit of money."""

    def __init__(self, size: int, alert_bp: int, target_bp: int) -> None:
        self._latest: deque[tuple[int, int]] = deque(maxlen=size)
        self._alert_bp = alert_bp
        self._target_bp = target_bp
        self.cost = 0
        self.worth = 0

    def __len__(self) -> int:
        return len(self._latest)

    def add(self, cost: int, worth: int) -> None:
        """One more order; the oldest makes room."""
        latest = self._latest
        if len(latest) == latest.maxlen:
            oldest_cost, oldest_worth = latest[0]
            self.cost -= oldest_cost
            self.worth -= oldest_worth
        latest.append((cost, worth))
        self.cost += cost
        self.worth += worth

    @property
    def alarming(self) -> bool:
        """Above the alert level. One-sided: what was better than the middle is no alarm."""
        return BASIS_POINTS * self.cost > self._alert_bp * self.worth

    @property
    def well(self) -> bool:
        """At the target or below."""
        return BASIS_POINTS * self.cost <= self._target_bp * self.worth

    @property
    def in_basis_points(self) -> int:
        """Rounded up."""
        return basis_points(self.cost, self.worth)
