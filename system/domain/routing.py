"""Where an order goes: the best price within its limit, at a venue that is safe."""

from collections.abc import Iterable

from msgspec import Struct

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.ids import Venue
from squall.system.domain.messages import RouteOrder, Tick, UnsentReason


class Choice(Struct, frozen=True, gc=False):
    """One venue for the whole order: allocated = ordered (errata 14).

    *displayed_lots* is what the venue shows at *price_half_ticks*. What it cannot take rests there or is
    cancelled by the venue, and is reported either way. An order that is to rest is priced at its limit.
    """

    venue: Venue
    allocated_lots: int
    price_half_ticks: int
    displayed_lots: int
    marketable: bool


def choose_venue(order: RouteOrder, quotes: Iterable[Tick]) -> Choice | UnsentReason:
    """The venue for this order. *quotes* are the touches of the routable venues, in the order of the wiring.

    Never beyond the limit (errata 15). Ties: the larger displayed size, then the order of *quotes*. A DAY
    limit that trades nowhere rests where its own side is best. Stale quotes and other symbols' do not count.
    """
    symbol, side = order.symbol, order.side
    fresh = [quote for quote in quotes if not quote.stale and quote.symbol == symbol]
    if not fresh:
        return UnsentReason.NO_VENUE
    best: Choice | None = None
    for quote in fresh:
        if side is Side.BUY:
            price_half_ticks, lots = quote.ask_half_ticks, quote.ask_lots
        else:
            price_half_ticks, lots = quote.bid_half_ticks, quote.bid_lots
        if lots <= 0 or not within_limit(order, price_half_ticks):
            continue
        if best is None or _better(side, price_half_ticks, lots, best):
            best = Choice(quote.venue, order.quantity_lots, price_half_ticks, lots, True)
    if best is not None:
        return best
    if order.ord_type is OrdType.MARKET or order.time_in_force is TimeInForce.IOC:
        return UnsentReason.NOT_MARKETABLE
    return _resting_place(order, fresh)


def within_limit(order: RouteOrder, price_half_ticks: int) -> bool:
    """Whether the order may trade at this price. ValueError for a limit order that has no limit."""
    if order.ord_type is OrdType.MARKET:
        return True
    limit = order.price_half_ticks
    if limit is None:
        raise ValueError(f"order {order.cl_ord_id}: found no price, expected one on a limit order")
    return price_half_ticks <= limit if order.side is Side.BUY else price_half_ticks >= limit


def _better(side: Side, price_half_ticks: int, lots: int, best: Choice) -> bool:
    if price_half_ticks == best.price_half_ticks:
        return lots > best.displayed_lots
    return (price_half_ticks < best.price_half_ticks) is (side is Side.BUY)


def _resting_place(order: RouteOrder, fresh: list[Tick]) -> Choice:
    """The first venue among those with the best price on the order's own side: an empty side is the worst."""
    if order.side is Side.BUY:
        place = max(fresh, key=lambda quote: quote.bid_half_ticks)
    else:
        place = min(fresh, key=lambda quote: (quote.ask_lots == 0, quote.ask_half_ticks))
    assert order.price_half_ticks is not None, "a market order does not rest"
    return Choice(place.venue, order.quantity_lots, order.price_half_ticks, 0, False)
