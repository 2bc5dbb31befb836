"""A dark pool: orders rest unseen, and meet at the middle of the lit market, or not at all.

The rules, whole:

- **Nothing is displayed.** There is no book, no touch, no tape and no feed.
- **One price.** Whatever trades, trades at the middle between the best bid and the best ask of all lit venues at that
  instant: their sum over two, which in half ticks is exact. While a side is missing, or the best bid is above the best
  ask, there is no middle and nothing trades.
- **Within the limit**, where an order has one. A better limit buys no place: the price is the same for all.
- **Minimum quantity** (MinQty): no execution of an order is smaller, unless less is left of it. It holds for each
  meeting of two orders by itself: two small ones do not make a large one.
- **Time priority.** The oldest buyer first, and it meets the oldest seller that both can trade with.
- **Clients do not meet each other** here, only the other participants: they are all one desk.
- Limit and market orders, to rest or IOC. FOK is refused: who wants all or nothing says so with MinQty.

Orders meet when one arrives, and at each look at the lit market in between.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from squall.sim.exchange.engine import Engine, EngineListener, Listing, admit
from squall.sim.exchange.participants import Scheduler
from squall.sim.exchange.wire.messages import BookImage, NewOrderSingle, OrdRejReason, Side, TimeInForce

LOOK_NS: Final = 50_000_000
"""How often the pool looks whether the middle has moved to where orders can meet."""


class Hidden(Struct, eq=False):
    """An order in the pool. *lots* are what is left of it: 0 once it was filled or taken out."""

    arrival: int
    side: Side
    lots: int
    limit_half_ticks: int | None
    min_lots: int = 0
    order: NewOrderSingle | None = None
    """The client's order; None where a simulated participant stands behind it."""

    @property
    def least_lots(self) -> int:
        """The smallest execution that it takes now."""
        return min(self.min_lots, self.lots)

    def trades_at(self, price_half_ticks: int) -> bool:
        """Whether that is within its limit."""
        limit = self.limit_half_ticks
        return limit is None or self.side.sign * (price_half_ticks - limit) <= 0


class Meeting(NamedTuple):
    """Two orders that trade so many lots with each other."""

    buyer: Hidden
    seller: Hidden
    lots: int


def midpoint(touches: Iterable[tuple[int, int, int, int]]) -> int | None:
    """The middle of the best bid and the best ask of these touches; None where there is none, or they are crossed."""
    best_bid = best_ask = 0
    for bid_half_ticks, bid_lots, ask_half_ticks, ask_lots in touches:
        if bid_lots and bid_half_ticks > best_bid:
            best_bid = bid_half_ticks
        if ask_lots and (not best_ask or ask_half_ticks < best_ask):
            best_ask = ask_half_ticks
    if not best_bid or not best_ask or best_bid > best_ask:
        return None
    return (best_bid + best_ask) // 2


def first_meeting(price_half_ticks: int, buyers: Sequence[Hidden], sellers: Sequence[Hidden]) -> Meeting | None:
    """Who trades next at this price; both sequences the oldest first."""
    for buyer in buyers:
        if not buyer.trades_at(price_half_ticks):
            continue
        for seller in sellers:
            lots = min(buyer.lots, seller.lots)
            if (
                seller.trades_at(price_half_ticks)
                and lots >= max(buyer.least_lots, seller.least_lots)
                and (buyer.order is None or seller.order is None)
            ):
                return Meeting(buyer, seller, lots)
    return None


class DarkPool:
    """An `Engine` without a displayed book. Its listener has to be set before `start`."""

    listener: EngineListener

    def __init__(self, kernel: Scheduler, listings: Iterable[Listing], lit: Sequence[Engine]) -> None:
        """*lit* are the venues whose middle it trades at. ValueError where a listing's middle would not be exact."""
        self._kernel = kernel
        self._lit = tuple(lit)
        self.listings = {listing.symbol: listing for listing in listings}
        for listing in self.listings.values():
            if listing.tick_half_ticks % 2:
                found = f"{listing.symbol} has a tick of {listing.tick_half_ticks} half ticks"
                raise ValueError(f"dark pool: found that {found}, expected an even number: its middle is not exact")
        self._resting: dict[str, dict[Side, list[Hidden]]] = {
            symbol: {side: [] for side in Side} for symbol in self.listings
        }
        """By symbol and side, the oldest first."""
        self._clients: dict[str, Hidden] = {}
        self._arrivals = 0
        self._at_open: list[Callable[[], None]] = []
        self._opened = False

    # --- what a venue asks ---

    def start(self) -> None:
        """Open. Once more, after a crash of the venue: take all client orders out; the other participants go on."""
        if self._opened:
            for cl_ord_id in tuple(self._clients):
                self.cancel(cl_ord_id)
            return
        self._opened = True
        for open_up in self._at_open:
            open_up()
        self._kernel.process(self._look())

    def enter(self, order: NewOrderSingle) -> None:
        """Check a client order, let it meet whom it can, and let the rest rest, if it may."""
        admit(self, order, self._clients)

    def refusal(self, order: NewOrderSingle) -> OrdRejReason | None:
        """Why it would not take this order; None where it would."""
        listing = self.listings.get(order.symbol)
        if listing is None:
            return OrdRejReason.UNKNOWN_SYMBOL
        if order.quantity_lots <= 0 or not 0 <= order.min_lots <= order.quantity_lots:
            return OrdRejReason.INVALID_QUANTITY
        if order.ord_type.has_stop or order.time_in_force is TimeInForce.FOK:
            return OrdRejReason.UNSUPPORTED_ORDER
        price = order.price_half_ticks
        if order.ord_type.has_limit and (price is None or price <= 0 or price % listing.tick_half_ticks):
            return OrdRejReason.INVALID_PRICE
        return None

    def put_back(self, order: NewOrderSingle, leaves_lots: int) -> None:
        """Let an order arrive with so many lots, behind all others."""
        limit = order.price_half_ticks if order.ord_type.has_limit else None
        hidden = self._rest(order.symbol, order.side, leaves_lots, limit, order.min_lots, order)
        self._clients[order.cl_ord_id] = hidden
        self.cross(order.symbol)
        if hidden.lots and not order.time_in_force.rests:
            self.cancel(order.cl_ord_id)

    def amend(self, order: NewOrderSingle, leaves_lots: int) -> bool:
        """Let an open order go on with fewer lots, in its place; False where that cannot be."""
        hidden = self._clients.get(order.cl_ord_id)
        if hidden is None or hidden.limit_half_ticks != order.price_half_ticks or leaves_lots > hidden.lots:
            return False
        hidden.order, hidden.lots = order, leaves_lots
        return True

    def cancel(self, cl_ord_id: str) -> bool:
        """Take a client order out; False where there is none."""
        gone = self._remove(cl_ord_id)
        if gone is None:
            return False
        self.listener.on_closed(*gone)
        return True

    def take_out(self, cl_ord_id: str) -> int:
        """The same, and nobody is told; returns the lots that were left."""
        gone = self._remove(cl_ord_id)
        return 0 if gone is None else gone[1]

    def image(self) -> tuple[BookImage, ...]:
        """Nothing is displayed."""
        return tuple(BookImage(symbol, ()) for symbol in self.listings)

    def touch(self, symbol: str) -> tuple[int, int, int, int]:
        """Nothing is displayed."""
        return 0, 0, 0, 0

    def _remove(self, cl_ord_id: str) -> tuple[NewOrderSingle, int] | None:
        hidden = self._clients.pop(cl_ord_id, None)
        if hidden is None or hidden.order is None:
            return None
        leaves_lots = hidden.lots
        self.withdraw(hidden.order.symbol, hidden)
        return hidden.order, leaves_lots

    # --- what simulated participants do ---

    def at_open(self, open_up: Callable[[], None]) -> None:
        """Call this when the pool opens, in the order of these calls."""
        self._at_open.append(open_up)

    def place(self, symbol: str, side: Side, lots: int, limit_half_ticks: int | None, min_lots: int = 0) -> Hidden:
        """A participant's order, to rest; what it meets, it trades with at once."""
        hidden = self._rest(symbol, side, lots, limit_half_ticks, min_lots, None)
        self.cross(symbol)
        return hidden

    def withdraw(self, symbol: str, hidden: Hidden) -> None:
        """Take an order out, if it is still there."""
        if hidden.lots:
            self._resting[symbol][hidden.side].remove(hidden)
            hidden.lots = 0

    def _rest(
        self,
        symbol: str,
        side: Side,
        lots: int,
        limit_half_ticks: int | None,
        min_lots: int,
        order: NewOrderSingle | None,
    ) -> Hidden:
        self._arrivals += 1
        hidden = Hidden(self._arrivals, side, lots, limit_half_ticks, min_lots, order)
        self._resting[symbol][side].append(hidden)
        return hidden

    # --- meeting ---

    def midpoint(self, symbol: str) -> int | None:
        """The price at which orders meet at this instant; None while there is none."""
        return midpoint(venue.touch(symbol) for venue in self._lit)

    def cross(self, symbol: str) -> None:
        """Let everybody trade who can, at the middle of this instant."""
        resting = self._resting[symbol]
        buyers, sellers = resting[Side.BUY], resting[Side.SELL]
        if not buyers or not sellers:
            return
        price = self.midpoint(symbol)
        if price is None:
            return
        while (meeting := first_meeting(price, buyers, sellers)) is not None:
            self._trade(symbol, meeting, price)

    def _trade(self, symbol: str, meeting: Meeting, price_half_ticks: int) -> None:
        buyer, seller, lots = meeting
        for hidden in (buyer, seller):
            hidden.lots -= lots
            if not hidden.lots:
                self._resting[symbol][hidden.side].remove(hidden)
                if hidden.order is not None:
                    del self._clients[hidden.order.cl_ord_id]
        for hidden, other in ((buyer, seller), (seller, buyer)):
            if hidden.order is not None:
                came_later = hidden.arrival > other.arrival
                self.listener.on_executed(hidden.order, lots, price_half_ticks, hidden.lots, takes=came_later)

    def _look(self) -> Generator[Any, Any, None]:
        while True:
            yield self._kernel.timeout(LOOK_NS)
            for symbol in self.listings:
                self.cross(symbol)
