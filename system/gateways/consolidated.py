"""The consolidated feed in the desk's words: whose quote it is, in half ticks and lots. Pure."""

from msgspec import Struct

from squall.sim.exchange.wire.consolidated import (
    PRICE_UNITS_PER_HALF_TICK,
    SIZE_UNITS_PER_LOT,
    ConsolidatedQuote,
    code_of,
)
from squall.system.domain.desk_book import Touch
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.suspicion import Suspicion
from squall.system.wiring import VenueRoute


class Listing(Struct, frozen=True):
    """What one of the vendor's codes stands for."""

    venue: Venue
    symbol: Symbol


def directory_of(venues: tuple[VenueRoute, ...]) -> dict[str, Listing]:
    """The vendor's codes for all that the desk trades."""
    return {
        code_of(symbol, number): Listing(route.venue, symbol)
        for number, route in enumerate(venues)
        for symbol in route.symbols
    }


def touch_of(quote: ConsolidatedQuote) -> Touch | Suspicion:
    """In half ticks and lots; a suspicion where the vendor's numbers are none of ours, or less than nothing."""
    bid, bid_off = divmod(quote.bid_price, PRICE_UNITS_PER_HALF_TICK)
    offer, offer_off = divmod(quote.offer_price, PRICE_UNITS_PER_HALF_TICK)
    if bid_off or offer_off or min(quote.bid_price, quote.bid_size, quote.offer_price, quote.offer_size) < 0:
        return Suspicion.IMPOSSIBLE
    # Odd tenths of a lot cannot be traded: what is shown is never more than there is.
    bid_lots, offer_lots = quote.bid_size // SIZE_UNITS_PER_LOT, quote.offer_size // SIZE_UNITS_PER_LOT
    return (bid if bid_lots else 0, bid_lots, offer if offer_lots else 0, offer_lots)


def quote_of(code: str, touch: Touch) -> ConsolidatedQuote:
    """The other way round: how the vendor would tell this touch."""
    bid_half_ticks, bid_lots, ask_half_ticks, ask_lots = touch
    return ConsolidatedQuote(
        code,
        bid_half_ticks * PRICE_UNITS_PER_HALF_TICK,
        bid_lots * SIZE_UNITS_PER_LOT,
        ask_half_ticks * PRICE_UNITS_PER_HALF_TICK,
        ask_lots * SIZE_UNITS_PER_LOT,
    )
