"""The simulated matching engine: one book a symbol, client orders beside those of simulated participants."""

from collections.abc import Callable, Iterable

from squall.sim.exchange.book import Book, Fill, Resting
from squall.sim.exchange.engine import EngineListener, Listing
from squall.sim.exchange.wire.messages import (
    BookImage,
    NewOrderSingle,
    OrdRejReason,
    OrdType,
    Side,
    TimeInForce,
)


class MatchingEngine:
    """An `Engine` over simulated books. Its listener has to be set before `start`."""

    listener: EngineListener

    def __init__(self, listings: Iterable[Listing]) -> None:
        self.listings = {listing.symbol: listing for listing in listings}
        self._books = {symbol: Book() for symbol in self.listings}
        self._clients: dict[str, Resting] = {}
        """Resting client orders by ClOrdID."""
        self._at_open: list[Callable[[], None]] = []
        self._opened = False

    # --- what a venue asks ---

    def start(self) -> None:
        """Open the market. Once more, after a crash of the venue: take all client orders out of the books.

        The other participants go on: they never noticed.
        """
        if self._opened:
            for cl_ord_id in list(self._clients):
                self.cancel(cl_ord_id)
            return
        self._opened = True
        for open_up in self._at_open:
            open_up()

    def enter(self, order: NewOrderSingle) -> None:
        """Check a client order, execute what meets it, and let the rest rest, if it may."""
        reason = self._refusal(order)
        if reason is not None:
            self.listener.on_refused(order, reason)
            return
        if order.cl_ord_id in self._clients:
            raise KeyError(f"client order {order.cl_ord_id!r} rests in the book already")
        self.listener.on_accepted(order)
        book = self._books[order.symbol]
        limit = order.price_half_ticks if order.ord_type is OrdType.LIMIT else None
        fills, leaves_lots = book.take(order.side, order.quantity_lots, limit)
        if fills:
            self._tell_executions(order, fills)
        if leaves_lots:
            if limit is not None and order.time_in_force is TimeInForce.DAY:
                self._clients[order.cl_ord_id] = book.rest(order.side, leaves_lots, limit, order)
            else:
                self.listener.on_closed(order, leaves_lots)
        self.publish(order.symbol)

    def _refusal(self, order: NewOrderSingle) -> OrdRejReason | None:
        listing = self.listings.get(order.symbol)
        if listing is None:
            return OrdRejReason.UNKNOWN_SYMBOL
        if order.quantity_lots <= 0:
            return OrdRejReason.INVALID_QUANTITY
        if order.ord_type is OrdType.LIMIT:
            price = order.price_half_ticks
            if price is None or price <= 0 or price % listing.tick_half_ticks:
                return OrdRejReason.INVALID_PRICE
        return None

    def cancel(self, cl_ord_id: str) -> bool:
        """Take a resting client order out; False where there is none."""
        resting = self._clients.pop(cl_ord_id, None)
        if resting is None or resting.order is None:
            return False
        order = resting.order
        leaves_lots = self._books[order.symbol].remove(resting)
        self.listener.on_closed(order, leaves_lots)
        self.publish(order.symbol)
        return True

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
        """Tell the public what has changed since the last time, if anything has."""
        levels, prints = self._books[symbol].drain()
        if levels or prints:
            self.listener.on_book(symbol, levels, prints, 0)

    # --- who is told ---

    def _tell_executions(self, order: NewOrderSingle, fills: list[Fill]) -> None:
        """The resting side of each trade first, then the arriving order's."""
        leaves_lots = order.quantity_lots
        for fill in fills:
            if fill.maker.order is not None:
                self._tell_maker(fill)
            leaves_lots -= fill.lots
            self.listener.on_executed(order, fill.lots, fill.maker.price_half_ticks, leaves_lots)

    def _tell_makers(self, fills: list[Fill]) -> None:
        for fill in fills:
            if fill.maker.order is not None:
                self._tell_maker(fill)

    def _tell_maker(self, fill: Fill) -> None:
        maker = fill.maker
        assert maker.order is not None
        if not maker.lots:
            del self._clients[maker.order.cl_ord_id]
        self.listener.on_executed(maker.order, fill.lots, maker.price_half_ticks, maker.lots)
