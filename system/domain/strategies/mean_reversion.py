"""Mean reversion: what is far from its mean comes back. A window of middles, and a band of deviations about it."""

from msgspec import Struct

from squall.system.domain.strategies.seen import WHOLE, Lean, Seen, Signal


class MeanReversion(Struct, frozen=True, tag=True):
    """The rule's numbers. ValueError, naming the field, for what makes no sense."""

    window_ticks: int = 20
    """How many middles make the mean; it looks on until it has them."""
    enter_percent: int = 200
    """How far the price has to be from the mean before it leans: 200 is two standard deviations."""

    def __post_init__(self) -> None:
        if self.window_ticks < 2:
            raise ValueError(f"mean_reversion.window_ticks: found {self.window_ticks}, expected at least 2")
        if self.enter_percent < 1:
            raise ValueError(f"mean_reversion.enter_percent: found {self.enter_percent}, expected at least 1")


class MeanReversionState(Struct, frozen=True):
    """What it remembers: the window's middles (times two), their sum and the sum of their squares."""

    window: tuple[int, ...] = ()
    total: int = 0
    squares: int = 0
    leaning: int = 0


def on_tick(
    rule: MeanReversion, state: MeanReversionState, seen: Seen
) -> tuple[MeanReversionState, tuple[Signal, ...]]:
    """With n middles x, their sum S and the sum of squares Q, the variance is (nQ − S²)/n² and the distance from the
    mean (nx − S)/n, so that n drops out: it leans against the price where (nx − S)² > k²·(nQ − S²), in whole numbers,
    and lets go once the price has come back to the mean. The price itself is not in its own window.
    """
    if not seen.has_middle:
        return state, ()
    price, window = seen.middle, state.window
    leaning = state.leaning
    signals: tuple[Signal, ...] = ()
    if len(window) == rule.window_ticks:
        count = len(window)
        away = count * price - state.total
        spread = count * state.squares - state.total * state.total
        if away * away * 10_000 > rule.enter_percent**2 * spread:
            leaning = -1 if away > 0 else 1
        elif leaning * away >= 0:
            leaning = 0
        signals = (Lean(WHOLE * leaning),)
    left = window[0] if len(window) == rule.window_ticks else 0
    kept = (*window[1 if left else 0 :], price)
    total = state.total + price - left
    squares = state.squares + price * price - left * left
    return MeanReversionState(kept, total, squares, leaning), signals
