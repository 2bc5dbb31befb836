"""The protocol of a consolidated feed: another vendor's words for what the venues show. It is no venue's own.

A listing has the vendor's code. Prices are in ten-thousandths of the currency, sizes in tenths of a lot, times in
microseconds; there are no levels behind the touch and no trades.
"""

from typing import ClassVar, Final

from msgspec import Struct

from squall.sim.exchange.wire.words import WireMessage

PRICE_UNITS_PER_HALF_TICK: Final = 50
"""Half a tick is half a cent: 0.0050."""
SIZE_UNITS_PER_LOT: Final = 10


def code_of(symbol: str, venue_number: int) -> str:
    """The vendor's name for a symbol on the venue of this number, from 0: ``ACME.A`` on the first."""
    return f"{symbol}.{chr(ord('A') + venue_number)}"


class ConsolidatedQuote(Struct, frozen=True, gc=False, array_like=True):
    """The best bid and offer of one listing. A side that is empty has price and size 0."""

    code: str
    bid_price: int
    bid_size: int
    offer_price: int
    offer_size: int


class ConsolidatedPacket(WireMessage, frozen=True, gc=False, tag=True):
    """All that has changed since the last packet, nothing where nothing has. Packets are counted from 1."""

    wire_bytes: ClassVar[int] = 240
    number: int
    taken_us: int
    """When the vendor looked."""
    quotes: tuple[ConsolidatedQuote, ...]

    @property
    def identity(self) -> str:
        return f"consolidated/{self.number}"
