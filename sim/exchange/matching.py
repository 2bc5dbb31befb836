"""The simulated matching engine: one book a symbol, client orders beside those of simulated participants."""

from collections.abc import Callable, Iterable

from squall.sim.exchange.book import Book, Fill, Resting
from squall.sim.exchange.engine import EngineListener, Listing, admit
from squall.sim.exchange.stops import StopOrders, at_work, is_reached
from squall.sim.exchange.wire.messages import (
    BookImage,
    NewOrderSingle,
    OrdRejReason,
    OrdType,
    Print,
    Side,
    TimeInForce,
)


class MatchingEngine:
    """An `Engine` over simulated books. Its listener has to be set before `start`."""

    listener: EngineListener

    def __init__(self, listings: Iterable[Listing], stops: bool = False) -> None:
        """*stops*: whether it keeps stop orders; where it does not it refuses them."""
        self.listings = {listing.symbol: listing for listing in listings}
        self._books = {symbol: Book() for symbol in self.listings}
        self._clients: dict[str, Resting] = {}
        """Resting client orders by ClOrdID."""
        self._stops = StopOrders() if stops else None
        self._last: dict[str, int] = {}
        """The price of the last trade, where stop orders are kept."""
        self._at_open: list[Callable[[], None]] = []
        self._opened = False

    # --- what a venue asks ---

    def start(self) -> None:
        """Open the market. Once more, after a crash of the venue: take all client orders out of the books.

        The other participants go on: they never noticed.
        """
        if self._opened:
            waiting = self._stops.names() if self._stops is not None else []
            for cl_ord_id in [*self._clients, *waiting]:
                self.cancel(cl_ord_id)
            return
        self._opened = True
        for open_up in self._at_open:
            open_up()

    def enter(self, order: NewOrderSingle) -> None:
        """Check a client order, execute what meets it, and let the rest rest, if it may."""
        admit(self, order, self._clients)

    def refusal(self, order: NewOrderSingle) -> OrdRejReason | None:
        """Why it would not take this order; None where it would."""
        listing = self.listings.get(order.symbol)
        if listing is None:
            return OrdRejReason.UNKNOWN_SYMBOL
        if order.quantity_lots <= 0:
            return OrdRejReason.INVALID_QUANTITY
        if order.min_lots or (order.ord_type.has_stop and self._stops is None):
            return OrdRejReason.UNSUPPORTED_ORDER
        if order.ord_type.has_limit and not _is_price(order.price_half_ticks, listing.tick_half_ticks):
            return OrdRejReason.INVALID_PRICE
        if order.ord_type.has_stop and not _is_price(order.stop_price_half_ticks, listing.tick_half_ticks):
            return OrdRejReason.INVALID_PRICE
        return None

    def put_back(self, order: NewOrderSingle, leaves_lots: int) -> None:
        """Let an order arrive with so many lots: at once, or as a stop order that waits."""
        if order.ord_type.has_stop and self._stops is not None:
            last = self._last.get(order.symbol)
            if last is None or not is_reached(order, last):
                self._stops.add(order, leaves_lots)
                return
            order = at_work(order)
            self.listener.on_triggered(order)
        self._work(order, leaves_lots)
        self.publish(order.symbol)

    def _work(self, order: NewOrderSingle, leaves_lots: int) -> None:
        book = self._books[order.symbol]
        limit = order.price_half_ticks if order.ord_type is OrdType.LIMIT else None
        time_in_force = order.time_in_force
        if time_in_force is TimeInForce.FOK and book.on_offer(order.side, limit) < leaves_lots:
            self.listener.on_closed(order, leaves_lots)
            return
        fills, left_lots = book.take(order.side, leaves_lots, limit)
        if fills:
            self._tell_executions(order, leaves_lots, fills)
        if left_lots:
            if limit is not None and time_in_force.rests:
                self._clients[order.cl_ord_id] = book.rest(order.side, left_lots, limit, order)
            else:
                self.listener.on_closed(order, left_lots)

    def amend(self, order: NewOrderSingle, leaves_lots: int) -> bool:
        """Let an open order go on with fewer lots, in its place; False where that cannot be."""
        resting = self._clients.get(order.cl_ord_id)
        if resting is not None:
            if resting.price_half_ticks != order.price_half_ticks or leaves_lots > resting.lots:
                return False
            if leaves_lots < resting.lots:
                self._books[order.symbol].shrink(resting, leaves_lots)
            resting.order = order
            self.publish(order.symbol)
            return True
        waiting = self._stops.find(order.cl_ord_id) if self._stops is not None else None
        if waiting is None or leaves_lots > waiting.leaves_lots:
            return False
        before = waiting.order
        if (before.price_half_ticks, before.stop_price_half_ticks) != (
            order.price_half_ticks,
            order.stop_price_half_ticks,
        ):
            return False
        waiting.order, waiting.leaves_lots = order, leaves_lots
        return True

    def cancel(self, cl_ord_id: str) -> bool:
        """Take a client order out that rests or waits; False where there is none."""
        gone = self._remove(cl_ord_id)
        if gone is None:
            return False
        order, leaves_lots = gone
        self.listener.on_closed(order, leaves_lots)
        self.publish(order.symbol)
        return True

    def take_out(self, cl_ord_id: str) -> int:
        """The same, and only the public is told; returns the lots that were left."""
        gone = self._remove(cl_ord_id)
        if gone is None:
            return 0
        order, leaves_lots = gone
        self.publish(order.symbol)
        return leaves_lots

    def _remove(self, cl_ord_id: str) -> tuple[NewOrderSingle, int] | None:
        resting = self._clients.pop(cl_ord_id, None)
        if resting is not None and resting.order is not None:
            return resting.order, self._books[resting.order.symbol].remove(resting)
        waiting = self._stops.remove(cl_ord_id) if self._stops is not None else None
        return None if waiting is None else (waiting.order, waiting.leaves_lots)

    def image(self) -> tuple[BookImage, ...]:
        """Every book as it stands, in the order of the listings."""
        return tuple(BookImage(symbol, book.levels()) for symbol, book in self._books.items())

    def touch(self, symbol: str) -> tuple[int, int, int, int]:
        """(bid half ticks, bid lots, ask half ticks, ask lots); zeros for a side that is empty."""
        return self._books[symbol].touch()

    # --- what simulated participants do: any number of these, then one `publish` ---

    def at_open(self, open_up: Callable[[], None]) -> None:
        """Call this when the market opens, in the order of these calls."""
        self._at_open.append(open_up)

    def place(self, symbol: str, side: Side, lots: int, price_half_ticks: int | None) -> Resting | None:
        """A participant's order: limit, or market where there is no price. Returns what rests of it."""
        book = self._books[symbol]
        fills, leaves_lots = book.take(side, lots, price_half_ticks)
        if fills:
            self._tell_makers(fills)
        if not leaves_lots or price_half_ticks is None:
            return None
        return book.rest(side, leaves_lots, price_half_ticks)

    def withdraw(self, symbol: str, resting: Resting) -> None:
        """Take a participant's order out, if it is still there."""
        self._books[symbol].remove(resting)

    def publish(self, symbol: str) -> None:
        """Tell the public what has changed since the last time, if anything has; and set stop orders to work."""
        levels, prints = self._books[symbol].drain()
        if levels or prints:
            self.listener.on_book(symbol, levels, prints, 0)
        if prints and self._stops is not None:
            self._last[symbol] = prints[-1].price_half_ticks
            self._set_to_work(symbol, prints)

    def _set_to_work(self, symbol: str, prints: tuple[Print, ...]) -> None:
        """What these trades reach. It trades in its turn, and may reach more; there are fewer of them each time."""
        assert self._stops is not None
        reached = self._stops.reached(symbol, (tape.price_half_ticks for tape in prints))
        for waiting in reached:
            order = at_work(waiting.order)
            self.listener.on_triggered(order)
            self._work(order, waiting.leaves_lots)
        if reached:
            self.publish(symbol)

    # --- who is told ---

    def _tell_executions(self, order: NewOrderSingle, leaves_lots: int, fills: list[Fill]) -> None:
        """The resting side of each trade first, then the arriving order's."""
        for fill in fills:
            if fill.maker.order is not None:
                self._tell_maker(fill)
            leaves_lots -= fill.lots
            self.listener.on_executed(order, fill.lots, fill.maker.price_half_ticks, leaves_lots, takes=True)

    def _tell_makers(self, fills: list[Fill]) -> None:
        for fill in fills:
            if fill.maker.order is not None:
                self._tell_maker(fill)

    def _tell_maker(self, fill: Fill) -> None:
        maker = fill.maker
        assert maker.order is not None
        if not maker.lots:
            del self._clients[maker.order.cl_ord_id]
        self.listener.on_executed(maker.order, fill.lots, maker.price_half_ticks, maker.lots, takes=False)


def _is_price(price_half_ticks: int | None, tick_half_ticks: int) -> bool:
    return price_half_ticks is not None and price_half_ticks > 0 and not price_half_ticks % tick_half_ticks
