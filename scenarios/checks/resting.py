"""The desk's orders that rest in venues' books, as the venues have them: under the name and for the lots of the last
replace."""

from msgspec import Struct

from squall.sim.trace import Record, Trace, VenueAccepted, VenueClosed, VenueExecuted, VenueReplaced


class InBook(Struct):
    """An order of the desk's in a book."""

    order: str
    """The ClOrdLinkID, which no replace changes."""
    venue: str
    symbol: str
    buy: bool
    lots: int
    price_half_ticks: int | None


class RestingOrders:
    """By venue and ClOrdID. Who watches the same records before this finds what stood before them, who does so after it
    what stands after."""

    def __init__(self, trace: Trace) -> None:
        self.orders: dict[tuple[str, str], InBook] = {}
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)
        trace.watch(self._on_replaced, VenueReplaced)
        trace.watch(self._on_closed, VenueClosed)

    def of(self, symbol: str) -> list[InBook]:
        """All in this symbol."""
        return [each for each in self.orders.values() if each.symbol == symbol]

    def _on_accepted(self, record: Record) -> None:
        it: VenueAccepted = record.event
        if not it.ioc:
            one = InBook(it.cl_ord_link_id, it.venue, it.symbol, it.buy, it.lots, it.price_half_ticks)
            self.orders[it.venue, it.cl_ord_id] = one

    def _on_executed(self, record: Record) -> None:
        it: VenueExecuted = record.event
        each = self.orders.get((it.venue, it.cl_ord_id))
        if each is not None:
            each.lots -= it.lots
            if each.lots <= 0:
                del self.orders[it.venue, it.cl_ord_id]

    def _on_replaced(self, record: Record) -> None:
        it: VenueReplaced = record.event
        each = self.orders.pop((it.venue, it.orig_cl_ord_id), None)
        if each is not None and it.leaves_lots > 0:
            each.lots, each.price_half_ticks = it.leaves_lots, it.price_half_ticks
            self.orders[it.venue, it.cl_ord_id] = each

    def _on_closed(self, record: Record) -> None:
        it: VenueClosed = record.event
        self.orders.pop((it.venue, it.cl_ord_id), None)
