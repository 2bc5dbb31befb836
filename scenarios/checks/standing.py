"""What stands of the venues' executions: each trade, less what was busted, at the price that it was corrected to."""

from collections.abc import Callable

from msgspec import Struct

from squall.sim.trace import Record, Trace, VenueBusted, VenueCorrected, VenueExecuted


class Standing(Struct, frozen=True, gc=False):
    """By how much an execution, a bust or a correction changed what stands of an order. Lots have no sign."""

    venue: str
    cl_ord_id: str
    order: str
    """The ClOrdLinkID."""
    symbol: str
    buy: bool
    lots: int
    notional: int
    fee: int
    busted: bool = False

    @property
    def signed_lots(self) -> int:
        """Of the position."""
        return self.lots if self.buy else -self.lots

    @property
    def cash(self) -> int:
        """What flowed: bought is paid for, and so are fees."""
        return (-self.notional if self.buy else self.notional) - self.fee


Told = Callable[[Record, Standing], None]


def watch_standing(trace: Trace, told: Told) -> None:
    """Tell *told* of every change of what stands."""

    def on_executed(record: Record) -> None:
        it: VenueExecuted = record.event
        notional = it.lots * it.price_half_ticks
        told(record, Standing(it.venue, it.cl_ord_id, it.cl_ord_link_id, it.symbol, it.buy, it.lots, notional, it.fee))

    def on_busted(record: Record) -> None:
        it: VenueBusted = record.event
        notional = it.lots * it.price_half_ticks
        told(
            record,
            Standing(
                it.venue, it.cl_ord_id, it.cl_ord_link_id, it.symbol, it.buy, -it.lots, -notional, -it.fee, busted=True
            ),
        )

    def on_corrected(record: Record) -> None:
        it: VenueCorrected = record.event
        lots = it.lots - it.was_lots
        notional = it.lots * it.price_half_ticks - it.was_lots * it.was_price_half_ticks
        told(record, Standing(it.venue, it.cl_ord_id, it.cl_ord_link_id, it.symbol, it.buy, lots, notional, 0))

    trace.watch(on_executed, VenueExecuted)
    trace.watch(on_busted, VenueBusted)
    trace.watch(on_corrected, VenueCorrected)
