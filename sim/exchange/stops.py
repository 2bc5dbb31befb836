"""Stop orders that wait for the market to reach their stop price, in the order in which they came."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import NewOrderSingle, OrdType, Side


class Waiting(Struct):
    """A stop order that is not at work yet, and the lots that are left of it."""

    order: NewOrderSingle
    leaves_lots: int


def is_reached(order: NewOrderSingle, price_half_ticks: int) -> bool:
    """Whether a trade at this price sets the order to work: at or above a buy's stop price, at or below a sell's."""
    stop = order.stop_price_half_ticks
    assert stop is not None, "a stop order without a stop price is refused"
    return price_half_ticks >= stop if order.side is Side.BUY else price_half_ticks <= stop


def at_work(order: NewOrderSingle) -> NewOrderSingle:
    """What a stop order is once it was reached."""
    return replace(order, ord_type=OrdType.LIMIT if order.ord_type is OrdType.STOP_LIMIT else OrdType.MARKET)


class StopOrders:
    """All that wait, by symbol and ClOrdID. Few: they are looked through at every trade of their symbol."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, Waiting]] = {}

    def add(self, order: NewOrderSingle, leaves_lots: int) -> None:
        """Behind all others."""
        self._waiting.setdefault(order.symbol, {})[order.cl_ord_id] = Waiting(order, leaves_lots)

    def find(self, cl_ord_id: str) -> Waiting | None:
        """The one of this ClOrdID."""
        for of_symbol in self._waiting.values():
            if cl_ord_id in of_symbol:
                return of_symbol[cl_ord_id]
        return None

    def remove(self, cl_ord_id: str) -> Waiting | None:
        """Take it out, and hand it back."""
        for of_symbol in self._waiting.values():
            waiting = of_symbol.pop(cl_ord_id, None)
            if waiting is not None:
                return waiting
        return None

    def names(self) -> list[str]:
        """The ClOrdIDs of all."""
        return [cl_ord_id for of_symbol in self._waiting.values() for cl_ord_id in of_symbol]

    def reached(self, symbol: str, prices: Iterable[int]) -> list[Waiting]:
        """Take out those that trades at these prices set to work, the oldest first."""
        of_symbol = self._waiting.get(symbol)
        if not of_symbol:
            return []
        seen = tuple(prices)
        due = [each for each in of_symbol.values() if any(is_reached(each.order, price) for price in seen)]
        for waiting in due:
            del of_symbol[waiting.order.cl_ord_id]
        return due
