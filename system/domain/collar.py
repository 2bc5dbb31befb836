"""A price collar for an execution algorithm: how far each child order may reach, and when the market moves too fast."""

from collections import deque

from squall.sim.exchange.wire.messages import Side
from squall.system.config import StrategyConfig


class Collar:
    """The best prices on the side that the algorithm trades against, as far back as the window goes."""

    __slots__ = ("_seen", "_side")

    def __init__(self, side: Side) -> None:
        """*side*: what the algorithm does."""
        self._side = side
        self._seen: deque[tuple[int, int]] = deque()

    def see(self, now_ns: int, price_half_ticks: int, config: StrategyConfig) -> None:
        """The best price now. Only the best of the window counts, so what a later one outdoes is forgotten."""
        seen, sign = self._seen, self._side.sign
        while seen and seen[0][0] < now_ns - config.collar_window_ns:
            seen.popleft()
        while seen and sign * seen[-1][1] >= sign * price_half_ticks:
            seen.pop()
        seen.append((now_ns, price_half_ticks))

    def limit(self, tick_half_ticks: int, config: StrategyConfig) -> int | None:
        """The worst price for a child order now; None while the market has moved too far against us in the window."""
        if not self._seen:
            return None
        best, now = self._seen[0][1], self._seen[-1][1]
        against = self._side.sign * (now - best)
        if against * 100 > best * config.collar_window_percent:
            return None
        reach = now * config.collar_percent // 100 // tick_half_ticks * tick_half_ticks
        return max(now + self._side.sign * reach, tick_half_ticks)


def participation_lots(traded_lots: int, percent: int, meant_lots: int) -> int:
    """What is to be traded next by an algorithm that wants this share of all volume, and has meant so much of it."""
    return max(traded_lots * percent // 100 - meant_lots, 0)
