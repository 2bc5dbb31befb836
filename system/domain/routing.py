"""Where an order goes: the best price within its limit, what trading costs included, at venues that are safe."""

from collections.abc import Container, Iterable, Mapping

from msgspec import Struct

from squall.sim.exchange.wire.fees import FREE, Tariff
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import AlgosConfig
from squall.system.domain.ids import Venue
from squall.system.domain.messages import RouteOrder, Tick, UnsentReason

Tariffs = Mapping[Venue, Tariff]
NO_TARIFFS: Tariffs = {}


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


class Offer(Struct, frozen=True, gc=False):
    """What one venue offers to an order that takes: a price, so many lots, and what taking them costs there."""

    venue: Venue
    price_half_ticks: int
    lots: int
    fee_per_100_lots: int = 0
    hidden_lots: int = 0
    """So much more than it shows it has been found to have."""

    def net(self, side: Side) -> int:
        """The price with the fee, in hundredths of half ticks, as a cost: the lower, the better, on either side."""
        return side.sign * 100 * self.price_half_ticks + self.fee_per_100_lots


class Leg(Struct, frozen=True, gc=False):
    """The part of an order that goes to one venue."""

    venue: Venue
    lots: int
    price_half_ticks: int


class DarkRule(Struct, frozen=True, gc=False):
    """Which orders go to a dark pool first, and on which terms."""

    venue: Venue
    from_lots: int
    """Smaller ones do not: what they would show the market is not worth the wait."""
    min_percent: int
    """MinQty in percent of the order: smaller counterparties would only learn that it is there."""
    patience_ns: int
    """How long it rests there."""

    @staticmethod
    def of(venue: Venue | None, config: AlgosConfig) -> "DarkRule | None":
        """As configured; None where there is no pool."""
        if venue is None:
            return None
        return DarkRule(venue, config.dark_from_lots, config.dark_min_percent, config.dark_patience_ns)

    def least_lots(self, lots: int, step_lots: int = 1) -> int:
        """MinQty of so many lots: rounded up to whole steps, one at least."""
        steps = -(-lots * self.min_percent // (100 * step_lots))
        return min(max(steps, 1) * step_lots, lots)


class Allocation(Struct, frozen=True, gc=False):
    """All of an order: what goes where, and what nobody offers within the limit (errata 14: it does not vanish)."""

    legs: tuple[Leg, ...]
    unrouted_lots: int


def offers_of(side: Side, quotes: Iterable[Tick], tariffs: Tariffs = NO_TARIFFS) -> tuple[Offer, ...]:
    """What these quotes, all of them fresh, offer to an order on this side, in their order; an empty side nothing."""
    offers = []
    for quote in quotes:
        if side is Side.BUY:
            price_half_ticks, lots = quote.ask_half_ticks, quote.ask_lots
        else:
            price_half_ticks, lots = quote.bid_half_ticks, quote.bid_lots
        if lots > 0:
            fee = tariffs.get(quote.venue, FREE).take_per_100_lots
            offers.append(Offer(quote.venue, price_half_ticks, lots, fee))
    return tuple(offers)


def ranked(side: Side, limit_half_ticks: int | None, offers: Iterable[Offer]) -> list[Offer]:
    """The offers within the limit, fees included (errata 15), the best first.

    Ties: the larger size that is shown, then the order in which they are given. A rebate makes an offer better, but
    never buys what stands beyond the limit: the venue would not trade it.
    """
    within = [
        offer
        for offer in offers
        if limit_half_ticks is None
        or max(offer.net(side), side.sign * 100 * offer.price_half_ticks) <= side.sign * 100 * limit_half_ticks
    ]
    return sorted(within, key=lambda offer: (offer.net(side), -offer.lots))


def allocate(
    side: Side,
    quantity_lots: int,
    limit_half_ticks: int | None,
    offers: Iterable[Offer],
    step_lots: int = 1,
    seek_hidden: bool = False,
) -> Allocation:
    """Split an order that takes: from the best offer on, from each what it shows, in whole steps.

    *seek_hidden*: also what a venue has been found to have beyond that, before a worse price is gone to. It is greedy,
    and for one price a venue that is the cheapest there is, and leaves the least unrouted.
    """
    legs: list[Leg] = []
    left = quantity_lots
    for offer in ranked(side, limit_half_ticks, offers):
        depth = offer.lots + (offer.hidden_lots if seek_hidden else 0)
        lots = min(left, depth) // step_lots * step_lots
        if lots:
            legs.append(Leg(offer.venue, lots, offer.price_half_ticks))
            left -= lots
    return Allocation(tuple(legs), left)


def hidden_after(before_lots: int, shown_lots: int, filled_lots: int, asked_lots: int) -> int:
    """What a venue is believed to have beyond what it shows, after one more leg: half of what was believed before, and
    half of what this one found.

    A leg that filled whole has found no more than it asked for; where that was less than was believed, it says nothing.
    """
    found = max(filled_lots - shown_lots, 0)
    if filled_lots == asked_lots and found < before_lots:
        return before_lots
    return (before_lots + found + 1) // 2 if found > before_lots else (before_lots + found) // 2


def choose_venue(
    order: RouteOrder, quotes: Iterable[Tick], tariffs: Tariffs = NO_TARIFFS, keepers: Container[Venue] = ()
) -> Choice | UnsentReason:
    """The venue for this order. *quotes* are the touches of the routable venues, in the order of the wiring.

    Never beyond the limit (errata 15), and by the price with the fee. Ties: the larger displayed size, then the order
    of *quotes*. A leg of a split order goes to the venue that it was cut for, if that is safe and still within the
    limit; else where any order would. A DAY limit that trades nowhere rests where its own side is best. Stale quotes
    and other symbols' do not count. A stop order goes to the first of the *keepers*, which keep such orders, or to the
    one that it is meant for; where there is none it comes back, for the desk to keep.
    """
    symbol = order.symbol
    fresh = [quote for quote in quotes if not quote.stale and quote.symbol == symbol]
    if order.ord_type.has_stop:
        return _keeper(order, fresh, keepers)
    if not fresh:
        return UnsentReason.NO_VENUE
    best = _best(order, fresh, tariffs)
    if best is not None:
        return best
    if order.ord_type is OrdType.MARKET or order.time_in_force is TimeInForce.IOC:
        return UnsentReason.NOT_MARKETABLE
    return _resting_place(order, fresh)


def choose_dark(order: RouteOrder, venue: Venue, is_safe: bool) -> Choice | UnsentReason:
    """The pool that this leg was cut for, or nowhere: there is no quote to choose by, and no other venue takes MinQty.

    Its price is the middle whatever it says, and its limit is the pool's to keep.
    """
    if not is_safe:
        return UnsentReason.NO_VENUE
    if order.ord_type.has_stop:
        return UnsentReason.NO_STOPS
    return Choice(venue, order.quantity_lots, order.price_half_ticks or 0, 0, False)


def _keeper(order: RouteOrder, fresh: list[Tick], keepers: Container[Venue]) -> Choice | UnsentReason:
    stop = order.stop_price_half_ticks
    assert stop is not None, "a stop order without a stop price is malformed"
    for quote in fresh:
        if quote.venue in keepers and order.venue in (None, quote.venue):
            return Choice(quote.venue, order.quantity_lots, stop, 0, False)
    return UnsentReason.NO_STOPS


def _best(order: RouteOrder, fresh: list[Tick], tariffs: Tariffs) -> Choice | None:
    """The first of `ranked` offers, or the one of the venue that the order is meant for; None where none is within.

    In one pass and without a list, since every order comes by here: prices and limit as costs, the lower, the better.
    """
    sign, buys = order.side.sign, order.side is Side.BUY
    limit = None if order.ord_type is OrdType.MARKET else sign * _limit_of(order)
    # What may rest would trade wherever it goes, so its limit is of the price alone.
    takes = limit is not None and not order.time_in_force.rests
    best, best_rank = None, (True, 0, 0)
    for quote in fresh:
        price, lots = (quote.ask_half_ticks, quote.ask_lots) if buys else (quote.bid_half_ticks, quote.bid_lots)
        cost = sign * price
        if lots <= 0 or (limit is not None and cost > limit):
            continue
        net = 100 * cost + tariffs.get(quote.venue, FREE).take_per_100_lots
        if takes and limit is not None and net > 100 * limit:
            continue
        rank = (quote.venue != order.venue, net, -lots)
        if best is None or rank < best_rank:
            best, best_rank = Choice(quote.venue, order.quantity_lots, price, lots, True), rank
    return best


def _limit_of(order: RouteOrder) -> int:
    """ValueError for a limit order that has no limit."""
    if order.price_half_ticks is None:
        raise ValueError(f"order {order.cl_ord_id}: found no price, expected one on a limit order")
    return order.price_half_ticks


def _resting_place(order: RouteOrder, fresh: list[Tick]) -> Choice:
    """The first venue among those with the best price on the order's own side: an empty side is the worst."""
    if order.side is Side.BUY:
        place = max(fresh, key=lambda quote: quote.bid_half_ticks)
    else:
        place = min(fresh, key=lambda quote: (quote.ask_lots == 0, quote.ask_half_ticks))
    assert order.price_half_ticks is not None, "a market order does not rest"
    return Choice(place.venue, order.quantity_lots, order.price_half_ticks, 0, False)
