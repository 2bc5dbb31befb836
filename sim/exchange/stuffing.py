"""Quote stuffing: somebody puts up a lot at the best bid and takes it away again, over and over."""

from squall.sim.exchange.book import Resting
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.wire.messages import Side


class Flicker:
    """Each call changes the touch of a symbol by one lot: up, and down again with the next."""

    def __init__(self, engine: MatchingEngine) -> None:
        self._engine = engine
        self._up: dict[str, Resting] = {}

    def __call__(self, symbol: str) -> bool:
        """Whether the lot is there now; False too where there is no bid to stand at."""
        resting = self._up.pop(symbol, None)
        if resting is not None:
            self._engine.withdraw(symbol, resting)
        else:
            bid_half_ticks, bid_lots, _, _ = self._engine.touch(symbol)
            placed = self._engine.place(symbol, Side.BUY, 1, bid_half_ticks) if bid_lots else None
            if placed is not None:
                self._up[symbol] = placed
        self._engine.publish(symbol)
        return symbol in self._up
