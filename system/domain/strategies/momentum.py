"""Momentum: what has risen goes on rising. Two moving averages of the middle, and a threshold between them."""

from msgspec import Struct

from squall.system.domain.strategies.seen import WHOLE, Lean, Seen, Signal

SCALE = 1 << 16
"""Averages are whole numbers of 2^-16: no sum depends on the machine, and nothing is lost that matters."""


class Momentum(Struct, frozen=True, tag=True):
    """The rule's numbers. ValueError, naming the field, for what makes no sense."""

    fast_ticks: int = 4
    slow_ticks: int = 16
    """Also how many ticks it looks on before it says anything."""
    enter_half_ticks: int = 4
    """How far apart the averages have to be before it leans."""

    def __post_init__(self) -> None:
        if not 1 <= self.fast_ticks < self.slow_ticks:
            raise ValueError(f"momentum.fast_ticks: found {self.fast_ticks}, expected 1 to {self.slow_ticks - 1}")
        if self.enter_half_ticks < 1:
            raise ValueError(f"momentum.enter_half_ticks: found {self.enter_half_ticks}, expected at least 1")


class MomentumState(Struct, frozen=True, gc=False):
    """What it remembers. Averages are of the middle times two, scaled."""

    ticks: int = 0
    fast: int = 0
    slow: int = 0
    leaning: int = 0
    """1 long, -1 short, 0 neither."""


def on_tick(rule: Momentum, state: MomentumState, seen: Seen) -> tuple[MomentumState, tuple[Signal, ...]]:
    """Exponential averages: each moves 2/(n+1) of the way to the price. It leans once they are far enough apart, that
    way, and lets go when they cross back. Nothing that is not believed is looked at, nor said anything about.
    """
    if not seen.has_middle:
        return state, ()
    price = seen.middle * SCALE
    if not state.ticks:
        return MomentumState(1, price, price), ()
    fast = state.fast + (price - state.fast) * 2 // (rule.fast_ticks + 1)
    slow = state.slow + (price - state.slow) * 2 // (rule.slow_ticks + 1)
    apart = fast - slow
    enter = 2 * rule.enter_half_ticks * SCALE
    leaning = state.leaning
    if abs(apart) >= enter:
        leaning = 1 if apart > 0 else -1
    elif leaning * apart <= 0:
        leaning = 0
    ticks = state.ticks + 1
    if ticks <= rule.slow_ticks:
        return MomentumState(ticks, fast, slow), ()
    return MomentumState(ticks, fast, slow, leaning), (Lean(WHOLE * leaning),)
